/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "poolprivate.h"

#include <string.h>

#include "analysis/httpstamp.h"
#include "writememory.h"

void
pool_cache_find_stamp (const PoolOptions *options, FileTask *task)
{
  const ListingItem *item = task->item;

  task->has_stamp = !item->error && file_stamp_get (item->name, &task->stamp);
  task->looks = !item->error && !task->has_stamp && options->cache &&
      httpstamp_is_uri (item->name);
}

gboolean
pool_cache_take_stamp (FileTask *task, const WireMessage *message)
{
  /* without a question it can only be said that the answer holds no more */
  if (message->size > 0 &&
      (!task->looks || message->size != sizeof task->stamp))
    return FALSE;
  task->looks = FALSE;
  task->has_stamp = message->size > 0;
  if (task->has_stamp)
    memcpy (&task->stamp, message->data, sizeof task->stamp);
  return TRUE;
}

gboolean
pool_cache_look_up (const PoolOptions *options, FileTask *task)
{
  Result *found;

  if (!options->cache || !task->has_stamp)
    return FALSE;
  found = cache_lookup (options->cache, task->item->name, task->stamp.size,
      task->stamp.mtime_ns, options->cache_key);
  /* without the tags it cannot be told what is its album */
  if (found && options->worker.group && !found->error && !found->has_tags)
    g_clear_pointer (&found, result_free);
  if (found && found->probabilities &&
      ((options->needs_embedding && !found->embedding) ||
          (options->needs_tags && !found->tags)))
    g_clear_pointer (&found, result_free);
  task->outcome.result = found;
  return found != NULL;
}

gboolean
pool_cache_store (const PoolOptions *options, FileTask *task, GError **error)
{
  Result *result = task->outcome.result;
  gboolean may_skip = result->may_skip;
  gboolean ok;

  if (!options->cache || !task->has_stamp ||
      (result->error && !reason_may_skip (result->reason, FALSE)))
    return TRUE;
  result->may_skip = TRUE;
  ok = cache_store (options->cache, task->item->name, task->stamp.size,
      task->stamp.mtime_ns, options->cache_key, result, error);
  result->may_skip = may_skip;
  return ok;
}

static gboolean
store_changed (const PoolOptions *options, FileTask *task, GError **error)
{
  const TagChange *change = &task->outcome.change;
  Result *result = task->outcome.result;
  char *before;
  gboolean ok;

  if (options->worker.tags.dry_run || !task->has_stamp ||
      !file_stamp_get (task->item->name, &task->stamp))
    return TRUE;
  /* this run reports the genre that was there before */
  before = result->old_genre;
  result->old_genre = change->new_genre;
  ok = pool_cache_store (options, task, error);
  result->old_genre = before;
  return ok;
}

gboolean
pool_cache_store_change (
    const PoolOptions *options, FileTask *task, GError **error)
{
  if (task->outcome.change.written && !store_changed (options, task, error))
    return FALSE;
  return !options->cache || !task->has_stamp ||
      write_memory_store (options->cache, options->cache_key, &options->worker,
          task->stamp.size, task->stamp.mtime_ns, &task->outcome, error);
}

gboolean
pool_cache_recall_change (const PoolOptions *options, FileTask *task)
{
  return options->cache && task->has_stamp &&
      write_memory_recall (options->cache, options->cache_key, &options->worker,
          task->stamp.size, task->stamp.mtime_ns, &task->outcome);
}
