/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Doing one part of a plan; partfiles.h has what it makes in the plan's folder.  A part
 * that was ended in the middle goes on with its cache when it is done again, on whatever
 * machine. */

#pragma once

#include "plan.h"

/**
 * part_run:
 * @plan: the plan
 * @part: which one
 * @status: the exit status, if it was done: 0, or 1 if more files failed than the
 *     options --max-failures and --ok-if-failed allow; without them, any number may
 * @error: return location: an option, list, cache or disk; or most files are not there
 *
 * Does what is left to do.  It waits as long as another process, of this or another
 * machine, does the same part, and does nothing if that finishes it.
 *
 * Returns: the signal that ended it, 0 without, -1 with @error set
 */
int part_run (const Plan *plan, guint part, int *status, GError **error);
