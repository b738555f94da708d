/* SPDX-License-Identifier: GPL-2.0-or-later */

/* How all parts of a plan stand. */

#pragma once

#include "partstate.h"
#include "plan.h"

typedef enum
{
  PART_NOT_BEGUN,
  PART_WAITING, /* in the queue */
  PART_RUNNING,
  PART_FAILED, /* begun, and ended before it was whole */
  PART_WHOLE,
  N_PART_STANDINGS
} PartStanding;

typedef struct
{
  PartStanding *standings; /* [n_parts] */
  PartState *states;       /* [n_parts], of those that were begun */
  guint n[N_PART_STANDINGS];
  guint64
      n_done; /* files; of a part that has failed, without those that have */
  guint64 n_failed;    /* files */
  double rate;         /* files a second */
  double left;         /* s until the end at that rate, or -1 */
  gboolean has_script; /* the plan is one for Slurm */
  char *no_queue;      /* why Slurm's queue is not known, or NULL */
} Survey;

/* "whole", "running", "waiting", "failed" or "not begun" */
const char *part_standing_get_name (PartStanding standing);

/* Looks at all parts, and asks Slurm if it is there. */
Survey *survey_new (const Plan *plan);
void survey_free (Survey *survey, const Plan *plan);

/* The numbers of the parts that stand so, as "0-3,7"; free with g_free(). */
char *survey_name_parts (
    const Survey *survey, const Plan *plan, guint n, const PartStanding *these);
