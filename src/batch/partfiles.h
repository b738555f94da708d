/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a part makes in the folder of its plan:
 *
 *   parts/00007.jsonl      its results, a line for each name in its list and in its
 *                          order; where it is, the part is whole
 *   parts/00007.cache      its cache, with all that the command keeps
 *   parts/00007.json       how it stands, see partstate.h
 *   parts/00007.lock       locked by the process that does it, see partlock.h
 *   logs/00007.undo.jsonl  with --write, what was written
 *
 * Until they are whole the first two have a name of the process that makes them, such as
 * parts/00007.jsonl.node3-4711.tmp: where there are no locks, or they mean nothing to
 * another machine, two that do a part at the same time cost work, and nothing else. */

#pragma once

#include "plan.h"

#define PART_RESULTS ".jsonl"
#define PART_CACHE ".cache"
#define PART_STATE ".json"
#define PART_LOCK ".lock"
#define PART_UNDO_LOG ".undo.jsonl"

/* Whether all of it was done. */
gboolean part_is_whole (const Plan *plan, guint part);

/* The name until it is whole of what will end in @ending, for this process; free with
 * g_free(). */
char *part_make_unfinished (const Plan *plan, guint part, const char *ending);

/* Gives the cache at @path, this process's own, what an earlier attempt at the part has
 * left, and removes what such have left. */
void part_take_over (const Plan *plan, guint part, const char *path);

/* Sets an error of the domain G_FILE_ERROR: @path cannot be @what, such as "written", for
 * @fault, an errno.  Returns FALSE. */
gboolean
part_set_error (GError **error, const char *path, const char *what, int fault);
