/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "cache.h"
#include "cacheprivate.h"

static const char merge_sql[] = //
    "BEGIN IMMEDIATE;"
    "INSERT OR REPLACE INTO main.result (path, size, mtime, key, json, segments,"
    " embedding) SELECT path, size, mtime, key, json, segments, embedding"
    " FROM other.result;"
    "INSERT OR REPLACE INTO main.change (path, size, mtime, key, json)"
    " SELECT path, size, mtime, key, json FROM other.change;"
    "COMMIT;";

static gboolean
attach (Cache *cache, const char *path, GError **error)
{
  sqlite3_stmt *statement = cache_prepare (
      cache, "ATTACH DATABASE ?1 AS other", error);
  gboolean ok;

  if (!statement)
    return FALSE;
  sqlite3_bind_text (statement, 1, path, -1, SQLITE_STATIC);
  ok = sqlite3_step (statement) == SQLITE_DONE ||
      cache_set_error (cache, error);
  sqlite3_finalize (statement);
  return ok;
}

gboolean
cache_merge (Cache *cache, const char *path, GError **error)
{
  /* refuses what is not a cache, and brings one of an earlier version up to date */
  g_autoptr (Cache) other = cache_open_alone (path, error);
  g_autofree char *absolute = other ? g_strdup (other->path) : NULL;
  gboolean ok;

  if (!other)
    return FALSE;
  g_clear_pointer (&other, cache_close);
  if (!attach (cache, absolute, error))
    return FALSE;
  ok = cache_execute (cache, merge_sql, error);
  if (!ok)
    (void) cache_execute (cache, "ROLLBACK", NULL);
  return cache_execute (cache, "DETACH DATABASE other", ok ? error : NULL) &&
      ok;
}
