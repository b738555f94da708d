/* SPDX-License-Identifier: GPL-2.0-or-later */

/* One process does a part at a time, as far as the file system has locks. */

#pragma once

#include "plan.h"

#define PART_LOCK_NOT_NEEDED -2

/* Locks @part until the descriptor that it gives is closed.  Waits, and says so, while
 * another process has it and goes on.  Gives %PART_LOCK_NOT_NEEDED if the part is whole
 * then, or -1 with @error set. */
int part_lock (const Plan *plan, guint part, GError **error);

/* Whether a process has it locked now, of whatever machine. */
gboolean part_is_locked (const Plan *plan, guint part);

/* Waits until nobody else submits or merges parts of @plan; until the descriptor, which
 * may be -1, is closed. */
int plan_lock (const Plan *plan);
