/* SPDX-License-Identifier: GPL-2.0-or-later */

/* How a part stands: a file that the part writes now and then, for who asks. */

#pragma once

#include "cli/outcome.h"
#include "plan.h"

typedef struct
{
  char *host;
  char *error; /* a sentence: why it has ended before it was whole, or NULL */
  gint64 started, updated; /* s since 1970 */
  guint64 n[N_OUTCOMES];   /* files, by what became of them */
  double rate;             /* files a second, in the last minutes */
  int status; /* exit status, 0 or 1, once it is whole; see part_run() */
} PartState;

/* How many files were done. */
guint64 part_state_sum (const PartState *state);

/* Replaces the state of @part.  That it cannot be written is no failure of the part, and
 * not told. */
void part_state_save (const PartState *state, const Plan *plan, guint part);

/* FALSE if it has none, or one that cannot be read; @state is to be cleared in any
 * case. */
gboolean part_state_load (PartState *state, const Plan *plan, guint part);

void part_state_clear (PartState *state);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (PartState, part_state_clear)
