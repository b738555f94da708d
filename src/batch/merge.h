/* SPDX-License-Identifier: GPL-2.0-or-later */

/* One result of all parts, in the plan's folder:
 *
 *   results.jsonl  the lines of all parts, one part after the other
 *   failed.jsonl   those of files that failed
 *   cache.db       all that is in the parts' caches
 *   report.txt     what there is of each genre, and what failed, by code
 *
 * Each has another name until all are whole. */

#pragma once

#include "plan.h"

/**
 * merge_run:
 * @plan: the plan
 * @with_cache: makes cache.db as well
 * @error: return location: parts that are not whole; a name of a part's list that has no
 *     result, has two, or one of another part; a disk
 *
 * Returns: (transfer full) (nullable): the text of the report, or %NULL
 */
char *merge_run (const Plan *plan, gboolean with_cache, GError **error);
