/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "writememory.h"

/* The answers, the track's and its album's, with @parts; free with g_free(). */
static char *
describe_answer (const Result *result, ResultParts parts)
{
  Result answer = *result;

  answer.name = (char *) "";
  answer.old_genre = NULL; /* changes with the file */
  return result_to_json (&answer, parts);
}

/* All that decides what is written, as a digest.  An option that is not excepted
 * here counts: a new one can make a file be opened needlessly, not be passed over. */
static char *
make_key (
    const char *cache_key, const WorkerOptions *options, const Result *result)
{
  WorkerOptions deciding = *options;
  g_autofree char *text = NULL, *all = NULL;
  g_autofree char *answer = describe_answer (
      result, options->write_tags ? RESULT_TAGS : 0);

  deciding.analysis.model = NULL; /* @cache_key has its digest */
  deciding.parts = 0;
  deciding.plot = NULL;
  deciding.tags.undo_log = NULL;
  deciding.tags.preserve_times = FALSE;
  deciding.tags.dry_run = FALSE;
  text = worker_options_to_text (&deciding);
  /* another version may write what this one cannot */
  all = g_strjoin ("\n", VERSION, cache_key, text, answer, NULL);
  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, all, -1);
}

gboolean
write_memory_recall (Cache *cache, const char *cache_key,
    const WorkerOptions *options, guint64 size, gint64 mtime_ns,
    Outcome *outcome)
{
  g_autofree char *key = make_key (cache_key, options, outcome->result);
  g_autofree char *json = cache_lookup_change (
      cache, outcome->result->name, size, mtime_ns, key);

  return json && outcome_take_change (outcome, json);
}

gboolean
write_memory_store (Cache *cache, const char *cache_key,
    const WorkerOptions *options, guint64 size, gint64 mtime_ns,
    const Outcome *outcome, GError **error)
{
  const TagChange *change = &outcome->change;
  g_autofree char *key = NULL, *json = NULL;
  Outcome kept = *outcome;

  if (change->written && options->tags.dry_run)
    return TRUE;
  if (outcome->write_error && !reason_may_skip (outcome->write_reason, FALSE))
    return TRUE;
  if (change->written)
    /* as it is for the next run */
    kept.change = (TagChange){ .old_genre = change->new_genre,
      .new_genre = change->new_genre,
      .note = (char *) "An earlier run has written it." };
  key = make_key (cache_key, options, outcome->result);
  json = outcome_change_to_json (&kept);
  return cache_store_change (
      cache, outcome->result->name, size, mtime_ns, key, json, error);
}
