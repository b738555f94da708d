/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The memory of answers that their clients have not taken yet.  It is bounded,
 * for all and for each client: beyond that the answer that has waited longest
 * is given up. */

#pragma once

#include <glib.h>

typedef struct _AnswerBudget AnswerBudget;

/* Called for the holder of an answer that is given up: it is to let go of its
 * memory. */
typedef void (*AnswerBudgetFunc) (gpointer holder);

/* @total bytes for all answers, @share for those of one client.  An answer that
 * is alone may be larger. */
AnswerBudget *
answer_budget_new (guint64 total, guint64 share, AnswerBudgetFunc give_up);
void answer_budget_free (AnswerBudget *budget);

/* @holder, a connection of @client, an address, has @size more bytes of an
 * answer.  Other holders may be given up for it, not this one. */
void answer_budget_hold (
    AnswerBudget *budget, gpointer holder, const char *client, guint64 size);
/* @holder has no answer any more. */
void answer_budget_release (AnswerBudget *budget, gpointer holder);
