/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The parts of a plan as an array of jobs of Slurm.  Nothing but sbatch, squeue, sacct
 * and scancel is called; jobs are known by a name that the plan has alone. */

#pragma once

#include "plan.h"

/* The text of the job's script, of all parts; free with g_free().
 * @arguments: (nullable): further ones of sbatch, NULL-terminated
 * @processors: that a task needs */
char *slurm_make_script (
    const Plan *plan, const char *const *arguments, guint processors);

/* Whether Slurm would take an array of so many parts with @arguments, before a plan is
 * made for it.  FALSE with @error set. */
gboolean
slurm_check (guint n_parts, const char *const *arguments, GError **error);

/* Submits @parts, such as "0-3,7", by the script at @path.  Gives the number of the
 * job, to be freed with g_free(), or NULL with @error set.
 * @at_once: how many of them may run at a time; 0: any number
 * @arguments: (nullable): further ones of sbatch, NULL-terminated */
char *slurm_submit (const Plan *plan, const char *path, const char *parts,
    guint at_once, const char *const *arguments, GError **error);

typedef enum
{
  SLURM_ABSENT, /* not in the queue */
  SLURM_WAITING,
  SLURM_RUNNING
} SlurmState;

/* How the queue has each part, [n_parts]; free with g_free().  NULL with @error set if
 * there is no Slurm here, or it cannot be asked. */
SlurmState *slurm_query (const Plan *plan, GError **error);

/* The state in which the last job of each part ended, such as "OUT_OF_MEMORY", [n_parts],
 * each NULL or to be freed with g_free().  NULL with @error set if Slurm keeps no
 * accounts. */
GPtrArray *slurm_query_ends (const Plan *plan, GError **error);

/* Takes all jobs of the plan out of the queue, also those that run. */
gboolean slurm_cancel (const Plan *plan, GError **error);
