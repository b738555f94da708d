/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a part makes in the folder of its plan:
 *
 *   parts/00007.jsonl      its results, a line for each name in its list and in its
 *                          order; where it is, the part is whole
 *   parts/00007.cache      its cache, with all that the command keeps
 *   parts/00007.json       how it stands, see partstate.h
 *   logs/00007.undo.jsonl  with --write, what was written
 *
 * The first two have another name until they are whole. */

#pragma once

#include "plan.h"

#define PART_RESULTS ".jsonl"
#define PART_CACHE ".cache"
#define PART_STATE ".json"
/* what the first two have behind their names while the part is being done */
#define PART_UNFINISHED ".tmp"

/* Whether all of it was done. */
gboolean part_is_whole (const Plan *plan, guint part);
