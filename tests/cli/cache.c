/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The cache by itself: what it gives back, which files it refuses, and that it
 * survives being killed and shared. */

#include "cli/cache.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>
#include <sqlite3.h>

#define KEY "crnn 3, 30 s"

static char *folder;

static char *
make_path (const char *name)
{
  return g_build_filename (folder, name, NULL);
}

static Cache *
open_cache (const char *path)
{
  g_autoptr (GError) error = NULL;
  Cache *cache = cache_open (path, &error);

  g_assert_no_error (error);
  return cache;
}

static Result *
make_result (double p)
{
  Result *result = result_new ("as it was found");
  ResultSegment segment = { .duration = 30000000000 };

  result->model = g_strdup ("crnn 3");
  result->labels = g_strsplit ("jazz pop", " ", 0);
  result->probabilities = g_new (double, 2);
  result->probabilities[0] = p;
  result->probabilities[1] = 1 - p;
  result->duration = segment.duration;
  result->music = 0.75;
  result->n_embedding = 2;
  result->embedding = g_new (float, 2);
  result->embedding[0] = 0.28f;
  result->embedding[1] = -0.96f;
  for (guint i = 0; i < 2; i++) {
    segment.start = i * segment.duration;
    segment.music = i == 0 ? 0.875 : 0.25;
    segment.probabilities = g_memdup2 (
        result->probabilities, 2 * sizeof (double));
    g_array_append_val (result->segments, segment);
  }
  segment.start = 2 * segment.duration;
  segment.duration = 1;
  segment.silent = TRUE;
  segment.music = 0;
  segment.probabilities = NULL;
  g_array_append_val (result->segments, segment);
  return result;
}

static void
store (Cache *cache, const char *name, guint64 size, gint64 mtime,
    const char *key, double p)
{
  g_autoptr (Result) result = make_result (p);
  g_autoptr (GError) error = NULL;

  cache_store (cache, name, size, mtime, key, result, &error);
  g_assert_no_error (error);
}

/* The probability of "jazz", or -1 if it is not there. */
static double
look_up (
    Cache *cache, const char *name, guint64 size, gint64 mtime, const char *key)
{
  g_autoptr (Result) result = cache_lookup (cache, name, size, mtime, key);
  g_autoptr (Result) stored = NULL;
  g_autofree char *before = NULL, *after = NULL;

  if (!result)
    return -1;
  g_assert_cmpstr (result->name, ==, name);
  stored = make_result (result->probabilities[0]);
  g_free (stored->name);
  stored->name = g_strdup (name);
  /* an earlier version did not store it */
  if (!result->embedding)
    g_clear_pointer (&stored->embedding, g_free);
  before = result_to_json (stored, RESULT_ALL);
  after = result_to_json (result, RESULT_ALL);
  g_assert_cmpstr (after, ==, before);
  return result->probabilities[0];
}

static void
execute (const char *path, const char *sql)
{
  sqlite3 *db;

  g_assert_cmpint (sqlite3_open (path, &db), ==, SQLITE_OK);
  sqlite3_exec (db, sql, NULL, NULL, NULL);
  g_assert_cmpstr (sqlite3_errmsg (db), ==, "not an error");
  sqlite3_close (db);
}

/* What an earlier version has stored has no embedding, and is the same otherwise. */
static void
test_no_embedding (void)
{
  static const char *const damaged[] = { "00", "0000803f00", "0000c07f0000803f",
    "0000807f", "00000040" };
  g_autofree char *path = make_path ("no embedding");
  g_autoptr (Cache) cache = open_cache (path);
  g_autoptr (Result) result = NULL;

  store (cache, "/x", 1, 1, KEY, 0.25);
  g_clear_pointer (&cache, cache_close);
  execute (path,
      "ALTER TABLE result DROP COLUMN embedding; PRAGMA user_version = 2");
  cache = open_cache (path);
  result = cache_lookup (cache, "/x", 1, 1, KEY);
  g_assert_nonnull (result);
  g_assert_null (result->embedding);
  g_assert_cmpfloat (result->probabilities[0], ==, 0.25);
  store (cache, "/x", 1, 1, KEY, 0.5);
  g_clear_pointer (&result, result_free);
  result = cache_lookup (cache, "/x", 1, 1, KEY);
  g_assert_cmpuint (result->n_embedding, ==, 2);
  g_assert_cmpfloat (result->embedding[1], ==, -0.96f);
  g_clear_pointer (&cache, cache_close);

  /* what is no list of floats, or none between -1 and 1, is no result */
  for (guint i = 0; i < G_N_ELEMENTS (damaged); i++) {
    g_autofree char *sql = g_strdup_printf (
        "UPDATE result SET embedding = x'%s'", damaged[i]);

    execute (path, sql);
    cache = open_cache (path);
    g_assert_cmpfloat (look_up (cache, "/x", 1, 1, KEY), ==, -1);
    g_clear_pointer (&cache, cache_close);
  }
}

static void
test_lookup (void)
{
  g_autofree char *path = make_path ("lookup");
  g_autofree char *cwd = g_get_current_dir ();
  g_autofree char *absolute = g_build_filename (cwd, "x.mp3", NULL);
  const gint64 mtime = 1700000000123456789;
  const guint64 size = G_GUINT64_CONSTANT (5000000000);
  const char *names[] = { "/a/song.mp3", "/a/S\xc3\xb6ng.mp3",
    "/a/\xff\xfe.mp3", "/a/new\nline.mp3", "/a/50% 'off'\".mp3" };
  g_autoptr (Cache) cache = open_cache (path);
  g_autoptr (Result)
      failed = result_new_error ("x", REASON_NOT_AUDIO, "It is no audio.");
  g_autoptr (Result) found = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    store (cache, names[i], size, mtime, KEY, i / 8.0);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_cmpfloat (
        look_up (cache, names[i], size, mtime, KEY), ==, i / 8.0);

  /* each of the four decides */
  g_assert_cmpfloat (look_up (cache, "/a/song", size, mtime, KEY), ==, -1);
  g_assert_cmpfloat (look_up (cache, names[0], size + 1, mtime, KEY), ==, -1);
  g_assert_cmpfloat (look_up (cache, names[0], size, mtime + 1, KEY), ==, -1);
  g_assert_cmpfloat (look_up (cache, names[0], size, mtime, "2"), ==, -1);

  /* another key stands beside it; another time takes the place of both */
  store (cache, names[0], size, mtime, "2", 0.5);
  g_assert_cmpfloat (look_up (cache, names[0], size, mtime, KEY), ==, 0);
  g_assert_cmpfloat (look_up (cache, names[0], size, mtime, "2"), ==, 0.5);
  store (cache, names[0], size, mtime + 1, KEY, 0.75);
  g_assert_cmpfloat (look_up (cache, names[0], size, mtime, "2"), ==, -1);
  g_assert_cmpfloat (look_up (cache, names[0], size, mtime, KEY), ==, -1);
  g_assert_cmpfloat (look_up (cache, names[0], size, mtime + 1, KEY), ==, 0.75);
  g_assert_cmpfloat (look_up (cache, names[1], size, mtime, KEY), ==, 0.125);

  /* a relative name is the same file */
  store (cache, "./x.mp3", 1, mtime, KEY, 0.25);
  g_assert_cmpfloat (look_up (cache, absolute, 1, mtime, KEY), ==, 0.25);

  g_assert_true (cache_store (cache, "/bad", 1, mtime, KEY, failed, NULL));
  found = cache_lookup (cache, "/bad", 1, mtime, KEY);
  g_assert_cmpstr (found->error, ==, "It is no audio.");
  g_assert_cmpint (found->reason, ==, REASON_NOT_AUDIO);
}

/* Refused with a sentence that says so, and left as it is. */
static void
check_refused (const char *name, const char *sentence)
{
  g_autofree char *path = make_path (name);
  g_autofree char *before = NULL, *after = NULL;
  gsize n_before, n_after;

  g_assert_true (g_file_get_contents (path, &before, &n_before, NULL));
  for (guint i = 0; i < 2; i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (Cache) cache = i == 0 ? cache_open (path, &error)
                                     : cache_open_to_export (path, &error);

    g_assert_null (cache);
    g_assert_nonnull (strstr (error->message, path));
    g_assert_nonnull (strstr (error->message, sentence));
  }
  g_assert_true (g_file_get_contents (path, &after, &n_after, NULL));
  g_assert_cmpmem (before, n_before, after, n_after);
}

static void
test_refused (void)
{
  g_autofree char *other = make_path ("other"), *later = make_path ("later");
  g_autofree char *text = make_path ("text"), *header = make_path ("header");
  g_autofree char *fifo = make_path ("fifo"), *missing = make_path ("missing");
  g_autofree char *nowhere = make_path ("no/where");
  g_autofree char *journal = g_strconcat (other, "-wal", NULL);
  g_autoptr (GError) error = NULL;

  execute (other, "CREATE TABLE t (x); PRAGMA user_version = 1");
  g_assert_true (g_file_set_contents (journal, "theirs", -1, NULL));
  check_refused ("other", "is a database of another program");
  g_assert_true (g_file_test (journal, G_FILE_TEST_EXISTS));

  cache_close (open_cache (later));
  execute (later, "PRAGMA user_version = 999");
  check_refused ("later", "is a cache of a later version");

  g_assert_true (g_file_set_contents (text, "my diary\n", -1, NULL));
  check_refused ("text", "is not a cache of genreclassify");
  g_assert_true (g_file_set_contents (header, "SQLite format 3", 16, NULL));
  check_refused ("header", "is not a cache of genreclassify");

  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  g_assert_null (cache_open (fifo, &error));
  g_assert_nonnull (strstr (error->message, "is not a cache"));
  g_clear_error (&error);
  g_assert_null (cache_open (folder, &error));
  g_assert_nonnull (strstr (error->message, "is not a cache"));
  g_clear_error (&error);
  g_assert_null (cache_open (nowhere, &error));
  g_assert_nonnull (strstr (error->message, nowhere));
  g_clear_error (&error);
  g_assert_null (cache_open_to_export (missing, &error));
  g_assert_nonnull (strstr (error->message, "No such file"));
  g_assert_false (g_file_test (missing, G_FILE_TEST_EXISTS));
}

/* An empty file, such as mktemp makes, becomes a cache. */
static void
test_empty (void)
{
  g_autofree char *path = make_path ("empty");
  g_autoptr (Cache) cache = NULL;

  g_assert_true (g_file_set_contents (path, "", 0, NULL));
  cache = open_cache (path);
  store (cache, "/a", 1, 1, KEY, 0.5);
  g_assert_cmpfloat (look_up (cache, "/a", 1, 1, KEY), ==, 0.5);
}

static void
store_numbered (Cache *cache, guint process, guint i)
{
  g_autofree char *name = g_strdup_printf ("/%u/%u", process, i);

  store (cache, name, i, process, KEY, 0.5);
}

static guint
count_numbered (Cache *cache, guint process, guint n)
{
  guint found = 0;

  for (guint i = 0; i < n; i++) {
    g_autofree char *name = g_strdup_printf ("/%u/%u", process, i);

    found += look_up (cache, name, i, process, KEY) == 0.5;
  }
  return found;
}

/* What cache_store() has taken before kill -9 is there after it. */
static void
test_killed (void)
{
  enum
  {
    N = 1500 /* more than one checkpoint's worth */
  };
  g_autofree char *path = make_path ("killed");
  g_autoptr (Cache) cache = NULL;
  int ends[2];
  guint n_stored = 0;
  char byte;
  pid_t child;

  g_assert_cmpint (pipe (ends), ==, 0);
  if ((child = fork ()) == 0) {
    Cache *own = open_cache (path);

    for (guint i = 0;; i++) {
      store_numbered (own, 0, i);
      if (write (ends[1], "", 1) != 1)
        _exit (1);
    }
  }
  while (n_stored < N && read (ends[0], &byte, 1) == 1)
    n_stored++;
  kill (child, SIGKILL);
  waitpid (child, NULL, 0);
  close (ends[0]);
  close (ends[1]);

  g_assert_cmpuint (n_stored, ==, N);
  cache = open_cache (path);
  g_assert_cmpuint (count_numbered (cache, 0, N), ==, N);
}

/* Several that begin with a new file, or one of an earlier version, at once, and
 * write all the time. */
static void
check_shared (const char *name, gboolean is_old)
{
  enum
  {
    PROCESSES = 4,
    N = 100
  };
  g_autofree char *path = make_path (name);
  g_autoptr (Cache) cache = NULL;
  pid_t children[PROCESSES];
  int start[2];
  char byte;

  if (is_old) {
    cache = open_cache (path);
    store_numbered (cache, PROCESSES, 0);
    g_clear_pointer (&cache, cache_close);
    execute (path,
        "DROP TABLE change; ALTER TABLE result DROP COLUMN embedding;"
        "PRAGMA user_version = 1");
  }
  g_assert_cmpint (pipe (start), ==, 0);
  for (guint p = 0; p < PROCESSES; p++) {
    if ((children[p] = fork ()) == 0) {
      close (start[1]);
      if (read (start[0], &byte, 1) == 0) {
        Cache *own = open_cache (path);

        for (guint i = 0; i < N; i++)
          store_numbered (own, p, i);
        cache_close (own);
      }
      _exit (0);
    }
  }
  close (start[0]);
  close (start[1]); /* now all of them begin */
  for (guint p = 0; p < PROCESSES; p++) {
    int status;

    g_assert_cmpint (waitpid (children[p], &status, 0), ==, children[p]);
    g_assert_cmpint (status, ==, 0);
  }
  cache = open_cache (path);
  for (guint p = 0; p < PROCESSES; p++)
    g_assert_cmpuint (count_numbered (cache, p, N), ==, N);
  if (is_old)
    g_assert_cmpuint (count_numbered (cache, PROCESSES, 1), ==, 1);
}

static void
test_shared (void)
{
  check_shared ("shared", FALSE);
  check_shared ("shared and old", TRUE);
}

/* What it writes to stdout, with which the test's own goes on. */
static char *
get_export (Cache *cache, const char *format)
{
  g_autofree char *path = make_path ("export");
  g_autoptr (GError) error = NULL;
  int own = dup (STDOUT_FILENO), file = g_creat (path, 0600);
  char *text;

  fflush (stdout);
  dup2 (file, STDOUT_FILENO);
  cache_export (cache, format, &error);
  dup2 (own, STDOUT_FILENO);
  close (own);
  close (file);
  g_assert_no_error (error);
  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

/* The rows of an earlier version have no "error_code"; and where there was music,
 * their segments do not tell whether it was, so that it is to be found out. */
static void
test_former_rows (void)
{
  g_autoptr (GVariant) segments = g_variant_ref_sink (
      g_variant_new_parsed ("[(@t 0, @t 30000000000, [0.25, 0.75])]"));
  g_autofree char *insert = NULL;
  GString *hex = g_string_new (NULL);

  g_autofree char *path = make_path ("former");
  g_autoptr (Cache) cache = open_cache (path);
  g_autoptr (Result) found = NULL;

  execute (path,
      "INSERT INTO result (path, size, mtime, key, json, segments)"
      " VALUES (CAST ('/cover.jpg' AS BLOB), 1, 1, '" KEY "',"
      " '{\"file\":\"/cover.jpg\",\"model\":null,\"genre\":null,"
      "\"confidence\":0,\"probabilities\":null,\"silent\":false,"
      "\"duration\":0,\"tag\":null,\"error\":\"There is no audio in it.\","
      "\"skipped\":true}', '')");
  found = cache_lookup (cache, "/cover.jpg", 1, 1, KEY);
  g_assert_nonnull (found);
  g_assert_cmpint (found->reason, ==, REASON_NOT_AUDIO);
  g_assert_true (result_is_skipped (found));

  for (gsize i = 0; i < g_variant_get_size (segments); i++)
    g_string_append_printf (
        hex, "%02x", ((const guint8 *) g_variant_get_data (segments))[i]);
  insert = g_strdup_printf (
      "INSERT INTO result (path, size, mtime, key, json, segments)"
      " VALUES (CAST ('/speech' AS BLOB), 1, 1, '" KEY "',"
      " '{\"file\":\"/speech\",\"model\":\"crnn 3\",\"genre\":\"pop\","
      "\"confidence\":0.75,\"probabilities\":{\"jazz\":0.25,\"pop\":0.75},"
      "\"silent\":false,\"duration\":30,\"tag\":null,\"error\":null,"
      "\"skipped\":false}', X'%s')",
      hex->str);
  execute (path, insert);
  g_string_free (hex, TRUE);
  g_assert_null (cache_lookup (cache, "/speech", 1, 1, KEY));
  store (cache, "/speech", 1, 1, KEY, 0.5);
  g_assert_cmpfloat (look_up (cache, "/speech", 1, 1, KEY), ==, 0.5);
}

static void
test_export (void)
{
  g_autofree char *path = make_path ("exported"), *json = NULL, *csv = NULL;
  g_autofree char *empty = NULL;
  g_autoptr (Cache) cache = open_cache (path), reader = NULL;
  g_autoptr (Result) result = result_new ("x"), silent = result_new ("x");
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) lines = NULL;

  empty = get_export (cache, "csv");
  g_assert_cmpstr (empty, ==,
      "file,genre,confidence,duration,model,tag,error,error_code,music,file_bytes\r\n");

  result->error = g_strdup ("It is \"text\",\nno audio.");
  result->reason = REASON_NOT_AUDIO;
  cache_store (cache, "/b, c\xff.mp3", 1, 1, KEY, result, NULL);
  silent->model = g_strdup ("crnn 3");
  silent->duration = 1500000000;
  silent->old_genre = g_strdup ("Acid Jazz");
  cache_store (cache, "/c", 1, 1, KEY, silent, NULL);
  store (cache, "/a", 1, 1, KEY, 0.75);
  /* while another reads, it stays open for writing */
  reader = cache_open_to_export (path, &error);
  g_assert_no_error (error);

  csv = get_export (reader, "csv");
  g_assert_cmpstr (csv, ==,
      "file,genre,confidence,jazz,pop,duration,model,tag,error,error_code,music,file_bytes\r\n"
      "/a,jazz,0.75,0.75,0.25,30,crnn 3,,,,0.75,\r\n"
      "\"/b, c\xef\xbf\xbd.mp3\",,0,,,0,,,"
      "\"It is \"\"text\"\",\nno audio.\",not-audio,,\"/b, c%FF.mp3\"\r\n"
      "/c,,0,,,1.5,crnn 3,Acid Jazz,,,,\r\n");
  json = get_export (reader, "json");
  lines = g_strsplit (json, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 4);
  g_assert_true (
      g_str_has_prefix (lines[0], "{\"file\":\"/a\",\"model\":\"crnn 3\","));
  g_assert_null (strstr (lines[0], "segments"));
  g_assert_nonnull (strstr (lines[1], "\"file_bytes\":\"/b, c%FF.mp3\""));

  g_assert_false (cache_export (reader, "xml", &error));
  g_assert_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
}

/* Damage in the middle is an error of what meets it, not a crash. */
static void
test_damaged (void)
{
  g_autofree char *path = make_path ("damaged"), *content = NULL;
  g_autoptr (Cache) cache = open_cache (path);
  g_autoptr (GError) error = NULL;
  g_autoptr (Result) result = make_result (0.5);
  gsize n;

  for (guint i = 0; i < 100; i++)
    store_numbered (cache, 0, i);
  cache_close (g_steal_pointer (&cache));
  g_assert_true (g_file_get_contents (path, &content, &n, NULL));
  memset (content + 4096, 0xa5, n - 4096);
  g_assert_true (g_file_set_contents (path, content, n, NULL));

  if ((cache = cache_open (path, &error))) {
    g_assert_cmpfloat (look_up (cache, "/0/0", 0, 0, KEY), ==, -1);
    g_assert_false (cache_store (cache, "/a", 1, 1, KEY, result, &error));
  }
  g_assert_nonnull (strstr (error->message, path));
  g_assert_nonnull (strstr (error->message, "malformed"));
}

static void
remove_folder (void)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir))) {
    g_autofree char *path = make_path (name);

    g_remove (path);
  }
  g_rmdir (folder);
  g_free (folder);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("cache-XXXXXX", NULL);
  g_test_add_func ("/cache/lookup", test_lookup);
  g_test_add_func ("/cache/no-embedding", test_no_embedding);
  g_test_add_func ("/cache/refused", test_refused);
  g_test_add_func ("/cache/empty", test_empty);
  g_test_add_func ("/cache/killed", test_killed);
  g_test_add_func ("/cache/shared", test_shared);
  g_test_add_func ("/cache/former-rows", test_former_rows);
  g_test_add_func ("/cache/export", test_export);
  g_test_add_func ("/cache/damaged", test_damaged);
  status = g_test_run ();
  remove_folder ();
  return status;
}
