/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "answerbudget.h"

#include <string.h>

typedef struct
{
  gpointer holder;
  char *client;
  guint64 size;
} Answer;

struct _AnswerBudget
{
  guint64 total, share, held;
  AnswerBudgetFunc give_up;
  GQueue answers; /* Answer, the one that has waited longest first */
};

static void
answer_free (gpointer data)
{
  Answer *answer = data;

  g_free (answer->client);
  g_free (answer);
}

AnswerBudget *
answer_budget_new (guint64 total, guint64 share, AnswerBudgetFunc give_up)
{
  AnswerBudget *budget = g_new0 (AnswerBudget, 1);

  budget->total = total;
  budget->share = share;
  budget->give_up = give_up;
  g_queue_init (&budget->answers);
  return budget;
}

void
answer_budget_free (AnswerBudget *budget)
{
  if (!budget)
    return;
  g_queue_clear_full (&budget->answers, answer_free);
  g_free (budget);
}

static Answer *
find (AnswerBudget *budget, gpointer holder)
{
  for (GList *i = budget->answers.head; i; i = i->next)
    if (((Answer *) i->data)->holder == holder)
      return i->data;
  return NULL;
}

static guint64
get_held (AnswerBudget *budget, const char *client)
{
  guint64 held = 0;

  for (GList *i = budget->answers.head; i; i = i->next) {
    const Answer *answer = i->data;

    if (!strcmp (answer->client, client))
      held += answer->size;
  }
  return held;
}

/* Gives up the oldest answer of @client besides that of @holder. */
static gboolean
give_up_oldest (AnswerBudget *budget, const char *client, gpointer holder)
{
  for (GList *i = budget->answers.head; i; i = i->next) {
    Answer *answer = i->data;
    gpointer other = answer->holder;

    if (other != holder && !strcmp (answer->client, client)) {
      answer_budget_release (budget, other);
      budget->give_up (other);
      return TRUE;
    }
  }
  return FALSE;
}

/* The client that holds most besides the answer of @holder; NULL: there is no
 * other answer. */
static const char *
find_largest (AnswerBudget *budget, gpointer holder)
{
  const char *largest = NULL;

  for (GList *i = budget->answers.head; i; i = i->next) {
    const Answer *answer = i->data;

    if (answer->holder != holder &&
        (!largest ||
            get_held (budget, answer->client) > get_held (budget, largest)))
      largest = answer->client;
  }
  return largest;
}

void
answer_budget_hold (
    AnswerBudget *budget, gpointer holder, const char *client, guint64 size)
{
  Answer *answer = find (budget, holder);

  if (!answer) {
    answer = g_new0 (Answer, 1);
    answer->holder = holder;
    answer->client = g_strdup (client);
    g_queue_push_tail (&budget->answers, answer);
  }
  answer->size += size;
  budget->held += size;
  while (get_held (budget, client) > budget->share &&
      give_up_oldest (budget, client, holder))
    ;
  while (budget->held > budget->total) {
    g_autofree char *largest = g_strdup (find_largest (budget, holder));

    if (!largest)
      break;
    give_up_oldest (budget, largest, holder);
  }
}

void
answer_budget_release (AnswerBudget *budget, gpointer holder)
{
  Answer *answer = find (budget, holder);

  if (!answer)
    return;
  budget->held -= answer->size;
  g_queue_remove (&budget->answers, answer);
  answer_free (answer);
}
