/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "result.h"

#include <string.h>

/* the element gives no genre below it */
#define MIN_MUSIC 0.5

static void
clear_segment (gpointer data)
{
  g_free (((ResultSegment *) data)->probabilities);
}

Result *
result_new (const char *name)
{
  Result *result = g_new0 (Result, 1);

  result->name = g_strdup (name);
  result->music = 1;
  result->segments = g_array_new (FALSE, TRUE, sizeof (ResultSegment));
  g_array_set_clear_func (result->segments, clear_segment);
  return result;
}

Result *
result_new_error (const char *name, Reason reason, const char *sentence)
{
  Result *result = result_new (name);

  result->reason = reason;
  result->error = g_strdup (sentence);
  return result;
}

gboolean
result_is_skipped (const Result *result)
{
  return result->error && result->may_skip;
}

static void
group_free (ResultGroup *group)
{
  g_free (group->id);
  g_free (group->name);
  g_free (group->artist);
  g_free (group->probabilities);
  g_free (group);
}

void
result_free (Result *result)
{
  if (!result)
    return;
  g_free (result->name);
  g_free (result->model);
  g_strfreev (result->labels);
  g_free (result->probabilities);
  g_array_unref (result->segments);
  g_free (result->embedding);
  g_strfreev (result->tag_labels);
  g_free (result->tags);
  g_free (result->old_genre);
  g_free (result->artist);
  g_free (result->album);
  g_free (result->album_artist);
  g_clear_pointer (&result->group, group_free);
  g_free (result->error);
  g_free (result);
}

static guint
n_labels (const Result *result)
{
  return result->labels ? g_strv_length (result->labels) : 0;
}

gboolean
result_tag_is_genre (const char *tag)
{
  static const char *const others[] = { "speech", "noise", NULL };

  return !g_strv_contains (others, tag);
}

void
result_rank (const double *probabilities, guint n_all, guint *order, guint n)
{
  guint n_ranked = 0;

  /* insertion into the n best so far; the first of equals stays first */
  for (guint i = 0; i < n_all; i++) {
    guint at = n_ranked;

    while (at > 0 && probabilities[i] > probabilities[order[at - 1]])
      at--;
    if (at == n)
      continue;
    n_ranked = MIN (n_ranked + 1, n);
    memmove (order + at + 1, order + at, (n_ranked - at - 1) * sizeof (guint));
    order[at] = i;
  }
}

static int
get_best (const double *probabilities, guint n)
{
  guint best;

  if (!probabilities || n == 0)
    return -1;
  result_rank (probabilities, n, &best, 1);
  return best;
}

const double *
result_filter_music (const double *probabilities, double music)
{
  return music < MIN_MUSIC ? NULL : probabilities;
}

const char *
result_name_nothing (const double *probabilities)
{
  return probabilities ? "not music" : "silent";
}

int
result_get_best (const Result *result)
{
  return get_best (result_filter_music (result->probabilities, result->music),
      n_labels (result));
}

double
result_get_confidence (const Result *result)
{
  int best = result_get_best (result);

  return best < 0 ? 0 : result->probabilities[best];
}

const double *
result_get_answer (const Result *result)
{
  return result->group && result->group->probabilities
      ? result->group->probabilities
      : result_filter_music (result->probabilities, result->music);
}

double
result_get_answer_confidence (const Result *result)
{
  const double *answer = result_get_answer (result);
  int best = get_best (answer, n_labels (result));

  return best < 0 ? 0 : answer[best];
}
