/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Makes the plan of a batch, in memory that hardly grows with the number of files: 16
 * bytes of each, and what does not depend on it. */

#pragma once

#include "plan.h"

typedef struct
{
  const char *folder; /* of the plan; made if it does not exist */
  guint n_parts;
  char **names;        /* folders and lists, see file_finder_run() */
  gboolean null;       /* the names in lists are known to end in NUL */
  gboolean by_album;   /* the tracks of an album are neighbours in one part */
  double max_duration; /* s, that is played of each file; 0: all */
  const char *const *options; /* (nullable): kept in the plan */
  const char *key;            /* (nullable): the same */
} PlannerOptions;

/**
 * planner_run:
 * @options: what is planned
 * @error: return location: what cannot be read or written, a folder that is in one which is
 *     searched, a plan that is there
 *     already or what one that was removed has left (parts/, job.sh), no files at
 *     all, or more parts than there are files or albums
 *
 * Names are kept as they are given, each once.  In a list they are in the order of
 * their bytes; with by_album in that of their albums' folders first.
 *
 * Nothing is left when it fails, and lists without plan.json when it is killed: then
 * the next attempt begins anew.  So a signal needs no care but its own default.
 * SIGXFSZ is ignored while it runs.
 *
 * Returns: (transfer full) (nullable): the plan, which is on the disk, or %NULL
 */
Plan *planner_run (const PlannerOptions *options, GError **error);
