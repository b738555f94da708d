/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "cache.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "analysis/httpstamp.h"
#include "cacheprivate.h"
#include "csv.h"

/* What SQLite's header says of the file: "gnrc", and the schema's version. */
#define APPLICATION_ID 0x676e7263
#define SCHEMA_VERSION 3
/* start, duration and, unless it is silent, the probabilities of each, behind which
 * stands the one that it is music */
#define SEGMENTS_TYPE "a(ttad)"
/* The header of a file of SQLite is 25 big-endian words of 32 bits; two of them hold
 * the numbers above (https://www.sqlite.org/fileformat.html, section 1.3). */
#define HEADER_WORDS 25
#define HEADER_USER_VERSION 15
#define HEADER_APPLICATION_ID 17
#define STRING(number) G_STRINGIFY (number)

/* how long to wait for another process that writes */
#define BUSY_TIMEOUT_MS 30000

/* What version 3 has added: the embedding, little-endian floats of 32 bits. */
static const char schema_of_embeddings[] = //
    "ALTER TABLE result ADD COLUMN embedding BLOB;"
    "PRAGMA user_version = " STRING (SCHEMA_VERSION) ";";

/* What version 2 has added: the last change of each file, see writememory.h. */
static const char schema_of_changes[] = //
    "CREATE TABLE change (path BLOB NOT NULL PRIMARY KEY,"
    " size INTEGER NOT NULL, mtime INTEGER NOT NULL, key TEXT NOT NULL,"
    " json TEXT NOT NULL);";

/* Names need not be UTF-8, so they are BLOBs; they are absolute, or relative to a
 * root that the user names, or URIs of web servers.  The results of a file under several
 * keys stand side by side, as long as the file stays what it is.  "json" is
 * without the segments: as a GVariant they take a third of the room, and a tenth
 * of the time to read. */
static const char schema[] = //
    "CREATE TABLE result (path BLOB NOT NULL, size INTEGER NOT NULL,"
    " mtime INTEGER NOT NULL, key TEXT NOT NULL, json TEXT NOT NULL,"
    " segments BLOB NOT NULL, PRIMARY KEY (path, key));"
    "CREATE TRIGGER stale BEFORE INSERT ON result BEGIN"
    " DELETE FROM result WHERE path = NEW.path"
    " AND (size, mtime) <> (NEW.size, NEW.mtime); END;"
    "PRAGMA application_id = " STRING (APPLICATION_ID) ";";

static const char lookup_sql[] = //
    "SELECT json, segments, embedding FROM result"
    " WHERE path = ?1 AND size = ?2 AND mtime = ?3 AND key = ?4";
static const char store_sql[] = //
    "INSERT OR REPLACE INTO result (path, size, mtime, key, json, segments,"
    " embedding) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
static const char lookup_change_sql[] = //
    "SELECT json FROM change"
    " WHERE path = ?1 AND size = ?2 AND mtime = ?3 AND key = ?4";
static const char store_change_sql[] = //
    "INSERT OR REPLACE INTO change (path, size, mtime, key, json)"
    " VALUES (?1, ?2, ?3, ?4, ?5)";

gboolean
cache_set_error (Cache *cache, GError **error)
{
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "The cache %s: %s.",
      cache->path, sqlite3_errmsg (cache->db));
  return FALSE;
}

gboolean
cache_execute (Cache *cache, const char *sql, GError **error)
{
  return sqlite3_exec (cache->db, sql, NULL, NULL, NULL) == SQLITE_OK ||
      cache_set_error (cache, error);
}

sqlite3_stmt *
cache_prepare (Cache *cache, const char *sql, GError **error)
{
  sqlite3_stmt *statement = NULL;

  if (sqlite3_prepare_v3 (cache->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
          &statement, NULL) != SQLITE_OK)
    cache_set_error (cache, error);
  return statement;
}

/* Opening */

static gboolean
check_identity (
    const char *path, guint32 application_id, guint32 version, GError **error)
{
  if (application_id != APPLICATION_ID || version < 1) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
        "%s is a database of another program, not a cache of genreclassify.",
        path);
    return FALSE;
  }
  if (version > SCHEMA_VERSION) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
        "%s is a cache of a later version of genreclassify: format %u, where "
        "this version knows %u.",
        path, version, SCHEMA_VERSION);
    return FALSE;
  }
  return TRUE;
}

/* Reads the file's first bytes before SQLite opens it: on opening, SQLite may write
 * to a file beside which another program has left a journal. */
static gboolean
check_file (const char *path, gboolean *is_new, GError **error)
{
  int fd = g_open (path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0);
  struct stat status;
  guint32 header[HEADER_WORDS] = { 0 };
  gssize n;
  int saved;

  *is_new = FALSE;
  if (fd < 0 || fstat (fd, &status) < 0) {
    saved = errno;
    *is_new = saved == ENOENT;
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (saved),
        "The cache %s cannot be opened: %s.", path, g_strerror (saved));
    if (fd >= 0)
      close (fd);
    return FALSE;
  }
  n = S_ISREG (status.st_mode) ? read (fd, header, sizeof header) : -1;
  close (fd);
  *is_new = n == 0;
  if (n < (gssize) sizeof header ||
      memcmp (header, "SQLite format 3", 16) != 0) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
        "%s is not a cache of genreclassify.", path);
    return FALSE;
  }
  return check_identity (path, GUINT32_FROM_BE (header[HEADER_APPLICATION_ID]),
      GUINT32_FROM_BE (header[HEADER_USER_VERSION]), error);
}

static int
get_number (Cache *cache, const char *sql)
{
  sqlite3_stmt *statement = cache_prepare (cache, sql, NULL);
  int number = 0;

  if (statement && sqlite3_step (statement) == SQLITE_ROW)
    number = sqlite3_column_int (statement, 0);
  sqlite3_finalize (statement);
  return number;
}

/* Makes the tables that are not there: all of a new cache, or those that an earlier
 * version did not have.  If two processes do it, the second one finds them. */
static gboolean
make_schema (Cache *cache, GError **error)
{
  if (!cache_execute (cache, "BEGIN IMMEDIATE", error))
    return FALSE;
  if (get_number (cache, "SELECT count(*) FROM sqlite_schema") == 0 &&
      !cache_execute (cache, schema, error))
    return FALSE;
  if (get_number (cache, "PRAGMA user_version") < 2 &&
      !cache_execute (cache, schema_of_changes, error))
    return FALSE;
  if (get_number (cache, "PRAGMA user_version") < 3 &&
      !cache_execute (cache, schema_of_embeddings, error))
    return FALSE;
  return cache_execute (cache, "COMMIT", error);
}

/* @alone: no other process has it open.  Not all file systems have locks, and who is
 * alone needs none; nor the memory that is shared for looking into the journal. */
static gboolean
open_database (
    Cache *cache, int flags, gboolean alone, gboolean is_new, GError **error)
{
  if (sqlite3_open_v2 (cache->path, &cache->db, flags,
          alone ? "unix-none" : NULL) != SQLITE_OK)
    return cache_set_error (cache, error);
  if (alone && !cache_execute (cache, "PRAGMA locking_mode = EXCLUSIVE", error))
    return FALSE;
  sqlite3_extended_result_codes (cache->db, TRUE);
  sqlite3_busy_timeout (cache->db, BUSY_TIMEOUT_MS);
  if ((is_new && !make_schema (cache, error)) ||
      !cache_execute (cache, "SELECT count(*) FROM sqlite_schema", error))
    return FALSE;
  /* once more, as a journal may hold a newer header than the file */
  return check_identity (cache->path,
      get_number (cache, "PRAGMA application_id"),
      get_number (cache, "PRAGMA user_version"), error);
}

/* In WAL mode with "normal" a commit needs no fsync: it outlives the process, and a
 * power cut loses the last results but does not damage the cache.  If another
 * process changes the mode at the same time, SQLite fails at once instead of
 * waiting. */
static gboolean
set_mode (Cache *cache, GError **error)
{
  guint tries = BUSY_TIMEOUT_MS / 10;

  while (sqlite3_exec (cache->db,
             "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL", NULL,
             NULL, NULL) != SQLITE_OK) {
    if ((sqlite3_errcode (cache->db) & 0xff) != SQLITE_BUSY || tries-- == 0)
      return cache_set_error (cache, error);
    g_usleep (10000);
  }
  return TRUE;
}

static Cache *
open_to_write (const char *path, gboolean alone, GError **error)
{
  g_autoptr (Cache) cache = g_new0 (Cache, 1);
  g_autoptr (GError) fault = NULL;
  gboolean is_new;

  /* SQLite has names with a meaning, such as ":memory:"; none begins with "/" */
  cache->path = g_canonicalize_filename (path, NULL);
  if (!check_file (cache->path, &is_new, &fault) && !is_new) {
    g_propagate_error (error, g_steal_pointer (&fault));
    return NULL;
  }
  if (!open_database (cache, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, alone,
          is_new, error))
    return NULL;
  if (sqlite3_db_readonly (cache->db, "main") == 1) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_ROFS,
        "The cache %s cannot be written to.", cache->path);
    return NULL;
  }
  if (!set_mode (cache, error) ||
      (get_number (cache, "PRAGMA user_version") < SCHEMA_VERSION &&
          !make_schema (cache, error)) ||
      !(cache->lookup = cache_prepare (cache, lookup_sql, error)) ||
      !(cache->store = cache_prepare (cache, store_sql, error)) ||
      !(cache->lookup_change = cache_prepare (
            cache, lookup_change_sql, error)) ||
      !(cache->store_change = cache_prepare (cache, store_change_sql, error)))
    return NULL;
  return g_steal_pointer (&cache);
}

Cache *
cache_open (const char *path, GError **error)
{
  return open_to_write (path, FALSE, error);
}

Cache *
cache_open_alone (const char *path, GError **error)
{
  return open_to_write (path, TRUE, error);
}

Cache *
cache_open_to_export (const char *path, GError **error)
{
  g_autoptr (Cache) cache = g_new0 (Cache, 1);
  gboolean is_new;

  cache->path = g_canonicalize_filename (path, NULL);
  if (!check_file (cache->path, &is_new, error) ||
      !open_database (cache, SQLITE_OPEN_READWRITE, FALSE, FALSE, error))
    return NULL;
  return g_steal_pointer (&cache);
}

void
cache_close (Cache *cache)
{
  if (!cache)
    return;
  sqlite3_finalize (cache->lookup);
  sqlite3_finalize (cache->store);
  sqlite3_finalize (cache->lookup_change);
  sqlite3_finalize (cache->store_change);
  sqlite3_close (cache->db);
  g_free (cache->path);
  g_free (cache->root);
  g_free (cache);
}

gboolean
cache_finish (Cache *cache, GError **error)
{
  g_autofree char *path = g_strdup (cache->path);
  g_autofree char *journal = g_strconcat (path, "-wal", NULL);
  struct stat info;

  cache_close (cache);
  if (stat (journal, &info) < 0 || info.st_size == 0)
    return TRUE;
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_IO,
      "The cache %s cannot be finished: is its disk full?", path);
  return FALSE;
}

/* Names */

/* Makes absolute names below the root relative to it: those of runs that did not
 * name it. */
static gboolean
move_rows (Cache *cache, const char *sql, GError **error)
{
  sqlite3_stmt *statement = cache_prepare (cache, sql, error);
  gsize length = strlen (cache->root);
  g_autofree char *end = g_strdup (cache->root);
  gboolean ok;

  if (!statement)
    return FALSE;
  end[length - 1]++; /* what comes after all names below the root */
  sqlite3_bind_blob (statement, 1, cache->root, length, SQLITE_STATIC);
  sqlite3_bind_blob (statement, 2, end, length, SQLITE_STATIC);
  ok = sqlite3_step (statement) == SQLITE_DONE ||
      cache_set_error (cache, error);
  sqlite3_finalize (statement);
  return ok;
}

gboolean
cache_set_root (Cache *cache, const char *root, GError **error)
{
  g_autofree char *absolute = NULL;

  if (!root)
    return TRUE;
  absolute = g_canonicalize_filename (root, NULL);
  if (!g_file_test (absolute, G_FILE_TEST_IS_DIR)) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_NOTDIR,
        "The root of the cache's names, %s, is no folder that is there.", root);
    return FALSE;
  }
  g_free (cache->root);
  cache->root = g_str_has_suffix (absolute, "/")
      ? g_steal_pointer (&absolute)
      : g_strconcat (absolute, "/", NULL);
  /* an export changes nothing */
  return !cache->store ||
      (move_rows (cache,
           "UPDATE OR REPLACE result SET path = substr(path, length(?1) + 1)"
           " WHERE path >= ?1 AND path < ?2",
           error) &&
          move_rows (cache,
              "UPDATE OR REPLACE change SET path = substr(path, length(?1) + 1)"
              " WHERE path >= ?1 AND path < ?2",
              error));
}

/* The name under which the cache has a file; free with g_free(). */
static char *
make_key_path (const Cache *cache, const char *path)
{
  g_autofree char *absolute = NULL;

  if (httpstamp_is_uri (path) && !g_file_test (path, G_FILE_TEST_EXISTS))
    return g_strdup (path);
  absolute = g_canonicalize_filename (path, NULL);
  if (cache->root && g_str_has_prefix (absolute, cache->root) &&
      strlen (absolute) > strlen (cache->root))
    return g_strdup (absolute + strlen (cache->root));
  return g_steal_pointer (&absolute);
}

char *
cache_make_name (const Cache *cache, sqlite3_stmt *statement, int column)
{
  g_autofree char *path = g_strndup (sqlite3_column_blob (statement, column),
      sqlite3_column_bytes (statement, column));

  /* a relative path has no "//" */
  return cache->root && *path != '/' && !httpstamp_is_uri (path)
      ? g_strconcat (cache->root, path, NULL)
      : g_steal_pointer (&path);
}

/* One result */

static void
bind (sqlite3_stmt *statement, const char *path, guint64 size, gint64 mtime_ns,
    const char *key)
{
  sqlite3_bind_blob (statement, 1, path, strlen (path), SQLITE_STATIC);
  sqlite3_bind_int64 (statement, 2, size);
  sqlite3_bind_int64 (statement, 3, mtime_ns);
  sqlite3_bind_text (statement, 4, key, -1, SQLITE_STATIC);
}

static GVariant *
pack_segments (const Result *result)
{
  guint n_labels = result->labels ? g_strv_length (result->labels) : 0;
  g_autoptr (GArray) numbers = g_array_new (FALSE, FALSE, sizeof (double));
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE (SEGMENTS_TYPE));
  for (guint i = 0; i < result->segments->len; i++) {
    const ResultSegment *segment = &g_array_index (
        result->segments, ResultSegment, i);

    g_array_set_size (numbers, 0);
    if (!segment->silent) {
      g_array_append_vals (numbers, segment->probabilities, n_labels);
      g_array_append_val (numbers, segment->music);
    }
    g_variant_builder_add (&builder, "(tt@ad)", segment->start,
        segment->duration,
        g_variant_new_fixed_array (G_VARIANT_TYPE_DOUBLE, numbers->data,
            numbers->len, sizeof (double)));
  }
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

/* FALSE if they are not those of a result with such labels, or those of an earlier
 * version, which did not tell what is no music and gave it a genre. */
static gboolean
unpack_segments (Result *result, const void *data, gsize size)
{
  g_autoptr (GVariant) packed = g_variant_ref_sink (g_variant_new_from_data (
      G_VARIANT_TYPE (SEGMENTS_TYPE), data, size, FALSE, NULL, NULL));
  gsize n_labels = result->labels ? g_strv_length (result->labels) : 0;

  for (gsize i = 0; i < g_variant_n_children (packed); i++) {
    ResultSegment segment = { 0 };
    g_autoptr (GVariant) probabilities = NULL;
    const double *p;
    gsize n;

    g_variant_get_child (packed, i, "(tt@ad)", &segment.start,
        &segment.duration, &probabilities);
    p = g_variant_get_fixed_array (probabilities, &n, sizeof (double));
    segment.silent = n == 0;
    if (!segment.silent) {
      if (n_labels == 0 || n != n_labels + 1)
        return FALSE;
      segment.probabilities = g_memdup2 (p, n_labels * sizeof (double));
      segment.music = p[n_labels];
    }
    g_array_append_val (result->segments, segment);
  }
  return TRUE;
}

/* Free with g_free(); of as many bytes as there are values of 4. */
static guint32 *
pack_embedding (const Result *result)
{
  guint32 *words = g_memdup2 (
      result->embedding, result->n_embedding * sizeof (guint32));

  for (guint i = 0; i < result->n_embedding; i++)
    words[i] = GUINT32_TO_LE (words[i]);
  return words;
}

/* FALSE if it is none. */
static gboolean
unpack_embedding (Result *result, const void *data, gsize size)
{
  guint32 *words;

  if (size == 0)
    return TRUE;
  if (size % sizeof *words > 0 || result->embedding)
    return FALSE;
  words = g_memdup2 (data, size);
  result->n_embedding = size / sizeof *words;
  result->embedding = (float *) words;
  for (guint i = 0; i < result->n_embedding; i++) {
    words[i] = GUINT32_FROM_LE (words[i]);
    if (!(fabsf (result->embedding[i]) <= 1.001F))
      return FALSE;
  }
  return TRUE;
}

static void
reset (sqlite3_stmt *statement)
{
  sqlite3_reset (statement);
  sqlite3_clear_bindings (statement);
}

Result *
cache_lookup (Cache *cache, const char *path, guint64 size, gint64 mtime_ns,
    const char *key)
{
  g_autofree char *key_path = make_key_path (cache, path);
  g_autoptr (Result) result = NULL;

  bind (cache->lookup, key_path, size, mtime_ns, key);
  if (sqlite3_step (cache->lookup) == SQLITE_ROW)
    result = result_from_json (
        (const char *) sqlite3_column_text (cache->lookup, 0), NULL);
  if (result &&
      !unpack_segments (result, sqlite3_column_blob (cache->lookup, 1),
          sqlite3_column_bytes (cache->lookup, 1)))
    g_clear_pointer (&result, result_free);
  if (result &&
      !unpack_embedding (result, sqlite3_column_blob (cache->lookup, 2),
          sqlite3_column_bytes (cache->lookup, 2)))
    g_clear_pointer (&result, result_free);
  reset (cache->lookup);
  if (result) {
    g_free (result->name);
    result->name = g_strdup (path);
  }
  return g_steal_pointer (&result);
}

gboolean
cache_store (Cache *cache, const char *path, guint64 size, gint64 mtime_ns,
    const char *key, const Result *result, GError **error)
{
  g_autofree char *key_path = make_key_path (cache, path);
  g_autofree char *json = NULL;
  g_autofree guint32 *embedding = pack_embedding (result);
  g_autoptr (GVariant) segments = pack_segments (result);
  Result named = *result;
  gboolean ok;

  named.name = key_path;
  named.group = NULL; /* what else is in the album may change */
  json = result_to_json (&named, result->tags ? RESULT_TAGS : 0);
  bind (cache->store, key_path, size, mtime_ns, key);
  sqlite3_bind_text (cache->store, 5, json, -1, SQLITE_STATIC);
  /* a BLOB of no bytes, not NULL, if there are none */
  sqlite3_bind_blob (cache->store, 6,
      g_variant_get_size (segments) > 0 ? g_variant_get_data (segments) : "",
      g_variant_get_size (segments), SQLITE_STATIC);
  if (embedding)
    sqlite3_bind_blob (cache->store, 7, embedding,
        result->n_embedding * sizeof *embedding, SQLITE_STATIC);
  ok = sqlite3_step (cache->store) == SQLITE_DONE ||
      cache_set_error (cache, error);
  reset (cache->store);
  return ok;
}

/* One change */

char *
cache_lookup_change (Cache *cache, const char *path, guint64 size,
    gint64 mtime_ns, const char *key)
{
  g_autofree char *key_path = make_key_path (cache, path);
  char *json = NULL;

  bind (cache->lookup_change, key_path, size, mtime_ns, key);
  if (sqlite3_step (cache->lookup_change) == SQLITE_ROW)
    json = g_strdup (
        (const char *) sqlite3_column_text (cache->lookup_change, 0));
  reset (cache->lookup_change);
  return json;
}

gboolean
cache_store_change (Cache *cache, const char *path, guint64 size,
    gint64 mtime_ns, const char *key, const char *json, GError **error)
{
  g_autofree char *key_path = make_key_path (cache, path);
  gboolean ok;

  bind (cache->store_change, key_path, size, mtime_ns, key);
  sqlite3_bind_text (cache->store_change, 5, json, -1, SQLITE_STATIC);
  ok = sqlite3_step (cache->store_change) == SQLITE_DONE ||
      cache_set_error (cache, error);
  reset (cache->store_change);
  return ok;
}

/* Export */

/* With the text of errno.  Gives FALSE. */
static gboolean
set_output_error (GError **error)
{
  int number = errno;

  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (number),
      "The export cannot be written: %s.", g_strerror (number));
  return FALSE;
}

static gboolean
print (const char *text, GError **error)
{
  return fputs (text, stdout) >= 0 || set_output_error (error);
}

/* The labels of all results, whatever their models, in the order of the models; NULL
 * with @error set. */
static GPtrArray *
find_columns (Cache *cache, GError **error)
{
  g_autoptr (GPtrArray) columns = g_ptr_array_new_with_free_func (g_free);
  sqlite3_stmt *statement = cache_prepare (cache,
      "SELECT label.key"
      " FROM result, json_each(result.json, '$.probabilities') AS label"
      " WHERE label.key IS NOT NULL"
      " GROUP BY label.key ORDER BY min(result.rowid), min(label.id)",
      error);
  gboolean ok = FALSE;

  while (statement && sqlite3_step (statement) == SQLITE_ROW)
    g_ptr_array_add (
        columns, g_strdup ((const char *) sqlite3_column_text (statement, 0)));
  if (statement)
    ok = sqlite3_errcode (cache->db) == SQLITE_DONE ||
        cache_set_error (cache, error);
  sqlite3_finalize (statement);
  return ok ? g_steal_pointer (&columns) : NULL;
}

/* @statement: has a row with its path and JSON.  @columns: NULL for JSON */
static gboolean
print_result (
    Cache *cache, sqlite3_stmt *statement, GPtrArray *columns, GError **error)
{
  const char *json = (const char *) sqlite3_column_text (statement, 1);
  g_autoptr (Result) result = json ? result_from_json (json, NULL) : NULL;
  g_autofree char *line = NULL;

  if (!result) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
        "The cache %s has an entry that is not a result of genreclassify.",
        cache->path);
    return FALSE;
  }
  g_free (result->name);
  result->name = cache_make_name (cache, statement, 0);
  if (columns) {
    line = csv_make_row (result, columns);
    return print (line, error);
  }
  line = result_to_json (result, result->tags ? RESULT_TAGS : 0);
  return print (line, error) && print ("\n", error);
}

gboolean
cache_export (Cache *cache, const char *format, GError **error)
{
  g_autoptr (GPtrArray) columns = NULL;
  sqlite3_stmt *statement = NULL;
  gboolean ok;

  if (g_str_equal (format, "csv")) {
    g_autofree char *header = NULL;

    if (!(columns = find_columns (cache, error)))
      return FALSE;
    header = csv_make_header (columns);
    if (!print (header, error))
      return FALSE;
  } else if (!g_str_equal (format, "json")) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "A cache is exported as json or csv, not as \"%s\".", format);
    return FALSE;
  }
  statement = cache_prepare (
      cache, "SELECT path, json FROM result ORDER BY path, key", error);
  ok = statement != NULL;
  while (ok && sqlite3_step (statement) == SQLITE_ROW)
    ok = print_result (cache, statement, columns, error);
  ok = ok &&
      (sqlite3_errcode (cache->db) == SQLITE_DONE ||
          cache_set_error (cache, error));
  sqlite3_finalize (statement);
  return ok && (fflush (stdout) == 0 || set_output_error (error));
}
