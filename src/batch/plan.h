/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The plan of a batch: which files there are, and in which part each is.  It is a
 * folder that all parts share, of
 *
 *   plan.json          what the Plan below has; written last, so that where it is,
 *                      the plan is whole
 *   lists/00007        the names of part 7, each ended by NUL
 *
 * and of what the parts make, see partfiles.h.  Parts are numbered from 0, and once a plan
 * is made neither its parts nor their numbers change. */

#pragma once

#include <glib.h>

typedef struct
{
  guint64 n_files, bytes;
  double seconds; /* of audio, as far as that is known beforehand */
} PlanPart;

typedef struct
{
  char *folder;    /* where it is, absolute */
  char *id;        /* of the plan alone, wherever it is: letters and digits */
  char *directory; /* where its relative names start, absolute */
  char **options;  /* of the command, for all parts */
  char *digest;    /* SHA-256 of all names in their order, each with its NUL */
  /* of the model and all else that results depend on, or NULL if any is right; see
   * classification_make_key() */
  char *key;
  PlanPart *parts;    /* [@n_parts] */
  PlanPart whole;     /* the sum of them */
  guint64 n_repeated; /* names that came more than once, and are taken once */
  guint n_parts;
  guint64 n_missing; /* local names that were not there when it was made */
  char *missing;     /* one of them, of a plan that was just made */
} Plan;

/* so that the numbers of any of them fit in one argument of sbatch */
#define PLAN_MAX_PARTS 20000
#define PLAN_FILE "plan.json"
/* what starts the parts, see batch.c */
#define PLAN_SCRIPT "job.sh"

/* The plan in @folder; NULL with @error (G_FILE_ERROR) set if there is none, or if
 * it is not one that this version knows. */
Plan *plan_load (const char *folder, GError **error);

/* Writes plan.json, under a temporary name first. */
gboolean plan_save (const Plan *plan, GError **error);

/* Gives it an id that no other plan has. */
void plan_make_id (Plan *plan);

/* Makes plan->whole the sum of the parts. */
void plan_sum_up (Plan *plan);

/* The sum of bytes or files, or the largest number that plan.json has: sizes of sparse
 * files may say anything. */
guint64 plan_add (guint64 a, guint64 b);

/* "FOLDER/KIND/00007ENDING"; free with g_free(). */
char *plan_make_path (
    const Plan *plan, const char *kind, guint part, const char *ending);

void plan_free (Plan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Plan, plan_free)
