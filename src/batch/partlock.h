/* SPDX-License-Identifier: GPL-2.0-or-later */

/* One process does a part at a time: the file of its unfinished results is locked. */

#pragma once

#include "plan.h"

#define PART_LOCK_NOT_NEEDED -2

/* Opens @path, the unfinished results of @part, locked until it is closed.  Waits, and
 * says so, while another process has it.  Gives the descriptor,
 * %PART_LOCK_NOT_NEEDED if the part is whole now, or -1 with @error set. */
int part_lock (const Plan *plan, guint part, const char *path, GError **error);

/* Whether a process has it locked now, of whatever machine. */
gboolean part_is_locked (const Plan *plan, guint part);

/* Waits until nobody else submits parts of @plan; until the descriptor, which may be -1,
 * is closed. */
int part_lock_submission (const Plan *plan);
