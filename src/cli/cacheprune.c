/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Forgetting files that are gone.
 *
 * A file whose disk is not mounted is not gone.  That it is, is believed only if
 * another file of the cache is there below the same folder, the nearest one that
 * still exists, and on the same device as that. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "analysis/filename.h"
#include "analysis/httpstamp.h"
#include "cache.h"
#include "cacheprivate.h"

typedef struct
{
  Cache *cache;
  GHashTable *alive;  /* folders that files of the cache are below, see above */
  GPtrArray *missing; /* char *: the rows' paths, as the cache has them */
  GPtrArray *names;   /* char *: of the same files */
  guint64 n_files, n_relative, n_uris;
} Search;

static void
search_clear (Search *search)
{
  g_hash_table_unref (search->alive);
  g_ptr_array_unref (search->missing);
  g_ptr_array_unref (search->names);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Search, search_clear)

/* Notes the folders of a file that is there, up to where its device is mounted. */
static void
add_alive (Search *search, const char *name, dev_t device)
{
  char *folder = g_path_get_dirname (name);
  struct stat info;

  while (!g_hash_table_contains (search->alive, folder) &&
      stat (folder, &info) == 0 && info.st_dev == device) {
    char *parent = g_path_get_dirname (folder);

    g_hash_table_add (search->alive, folder);
    folder = parent;
  }
  g_free (folder);
}

/* Whether nothing has this name, not even a link to what may be on another disk. */
static gboolean
is_missing (const char *name)
{
  struct stat info;

  return lstat (name, &info) < 0 && (errno == ENOENT || errno == ENOTDIR);
}

static gboolean
is_gone (const Search *search, const char *name)
{
  g_autofree char *folder = g_strdup (name);

  while (is_missing (folder)) {
    char *parent = g_path_get_dirname (folder);

    g_free (folder);
    folder = parent;
  }
  return !g_str_equal (folder, name) &&
      g_hash_table_contains (search->alive, folder);
}

/* Looks for every file of the cache. */
static gboolean
look_for_files (Search *search, GError **error)
{
  Cache *cache = search->cache;
  sqlite3_stmt *statement = cache_prepare (cache,
      "SELECT path FROM result UNION SELECT path FROM change ORDER BY path",
      error);
  gboolean ok;

  if (!statement)
    return FALSE;
  while (sqlite3_step (statement) == SQLITE_ROW) {
    g_autofree char *name = cache_make_name (cache, statement, 0);
    struct stat info;

    search->n_files++;
    if (httpstamp_is_uri (name)) {
      search->n_uris++;
    } else if (!g_path_is_absolute (name)) {
      search->n_relative++;
    } else if (stat (name, &info) == 0) {
      add_alive (search, name, info.st_dev);
    } else {
      g_ptr_array_add (search->missing,
          g_strndup (sqlite3_column_blob (statement, 0),
              sqlite3_column_bytes (statement, 0)));
      g_ptr_array_add (search->names, g_steal_pointer (&name));
    }
  }
  ok = sqlite3_errcode (cache->db) == SQLITE_DONE ||
      cache_set_error (cache, error);
  sqlite3_finalize (statement);
  return ok;
}

static gboolean
delete_rows (Cache *cache, const char *sql, GPtrArray *paths, GError **error)
{
  sqlite3_stmt *statement = cache_prepare (cache, sql, error);
  gboolean ok = statement != NULL;

  for (guint i = 0; ok && i < paths->len; i++) {
    const char *path = paths->pdata[i];

    sqlite3_bind_blob (statement, 1, path, strlen (path), SQLITE_STATIC);
    ok = sqlite3_step (statement) == SQLITE_DONE ||
        cache_set_error (cache, error);
    sqlite3_reset (statement);
  }
  sqlite3_finalize (statement);
  return ok;
}

/* All or, with @error set, none of them. */
static gboolean
delete_files (Cache *cache, GPtrArray *paths, GError **error)
{
  return cache_execute (cache, "BEGIN IMMEDIATE", error) &&
      delete_rows (cache, "DELETE FROM result WHERE path = ?1", paths, error) &&
      delete_rows (cache, "DELETE FROM change WHERE path = ?1", paths, error) &&
      cache_execute (cache, "COMMIT", error);
}

static const char *
say_files (guint64 n)
{
  return n == 1 ? "file is" : "files are";
}

gboolean
cache_prune (Cache *cache, gboolean dry_run, gboolean quiet, GError **error)
{
  g_auto (Search) search = { .cache = cache,
    .alive = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL),
    .missing = g_ptr_array_new_with_free_func (g_free),
    .names = g_ptr_array_new_with_free_func (g_free) };
  g_autoptr (GPtrArray) gone = g_ptr_array_new ();
  g_autofree char *kept = NULL;
  guint n_kept;

  if (!look_for_files (&search, error))
    return FALSE;
  for (guint i = 0; i < search.names->len; i++) {
    g_autofree char *name = filename_display (search.names->pdata[i]);

    if (!is_gone (&search, search.names->pdata[i])) {
      kept = kept ? kept : g_steal_pointer (&name);
      continue;
    }
    g_ptr_array_add (gone, search.missing->pdata[i]);
    if (!quiet)
      g_print ("%s: %s\n", name, dry_run ? "would be forgotten" : "forgotten");
  }
  if (!dry_run && !delete_files (cache, gone, error))
    return FALSE;
  n_kept = search.missing->len - gone->len;
  if (!quiet)
    g_printerr ("genreclassify: %u of %" G_GUINT64_FORMAT " files %s gone%s.\n",
        gone->len, search.n_files, gone->len == 1 ? "is" : "are",
        dry_run ? "" : ", and forgotten");
  if (n_kept > 0)
    g_printerr (
        "genreclassify: %u %s not there, but kept, such as %s: what they "
        "are on may not be mounted.\n",
        n_kept, say_files (n_kept), kept);
  if (search.n_relative > 0)
    g_printerr ("genreclassify: %" G_GUINT64_FORMAT
                " %s kept: without --cache-root it is not known where they "
                "are.\n",
        search.n_relative, say_files (search.n_relative));
  if (search.n_uris > 0)
    g_printerr ("genreclassify: %" G_GUINT64_FORMAT
                " %s kept: web servers are not asked for what is gone.\n",
        search.n_uris, say_files (search.n_uris));
  return TRUE;
}
