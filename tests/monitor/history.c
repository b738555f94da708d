/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The history while it is written: what is in the file, which files are refused, and
 * that each record is there once, whatever happens to the disk, to the lock and to the
 * process. */

#include "monitor/history/history.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <sqlite3.h>

#include "failingvfs.h"

/* 2026-11-30 06:17:16.123 UTC */
#define START (G_GINT64_CONSTANT (1796019436123) * 1000)

static char *folder;

static char *
make_path (void)
{
  static guint n;

  return g_strdup_printf ("%s/%u.db", folder, n++);
}

static History *
open_history (const char *path)
{
  g_autoptr (GError) error = NULL;
  History *history = history_open (path, &error);

  g_assert_no_error (error);
  return history;
}

/* A title of the station, the @n-th. */
static gboolean
add (History *history, const char *station, guint n)
{
  static const char *const labels[] = { "rock", "\"drum\" & bass" };
  static const float values[] = { 0.87654321f, 0.00001f };
  g_autofree char *title = g_strdup_printf ("title %u", n);
  Record record = { .kind = RECORD_TITLE,
    .station = station,
    .name = "Radio Ö",
    .start = START + n * G_TIME_SPAN_MINUTE,
    .end = START + (n + 1) * G_TIME_SPAN_MINUTE,
    .title = title,
    .artist = "An artist",
    .stream_title = "An artist - title",
    .ended = "title",
    .seconds = 59.9876,
    .music = 0.9,
    .speech = 0.1,
    .genre = "rock",
    .confidence = values[0],
    .probabilities = { 2, labels, values },
    .model = "crnn 5" };

  return history_add (history, &record, NULL);
}

static gboolean
add_state (History *history, StationState state, const char *reason)
{
  Record record = { .kind = RECORD_STATE,
    .station = "a",
    .name = "Radio Ö",
    .start = START,
    .end = START,
    .state = state,
    .reason = reason };

  return history_add (history, &record, NULL);
}

static void
flush (History *history)
{
  g_autoptr (GError) error = NULL;

  history_flush (history, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (history_get_n_waiting (history), ==, 0);
}

/* What the command of SQLite says to @sql; free with g_free(). */
static char *
ask (const char *path, const char *sql)
{
  const char *const arguments[] = { "sqlite3", path, sql, NULL };
  g_autofree char *faults = NULL;
  g_autoptr (GError) error = NULL;
  char *answer = NULL;

  g_spawn_sync (NULL, (char **) arguments, NULL, G_SPAWN_SEARCH_PATH, NULL,
      NULL, &answer, &faults, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (faults, ==, "");
  return g_strchomp (answer);
}

static void
assert_answer (const char *path, const char *sql, const char *expected)
{
  g_autofree char *answer = ask (path, sql);

  g_assert_cmpstr (answer, ==, expected);
}

/* There are the titles 0 to @n - 1 of the station "a", each once. */
static void
assert_titles (const char *path, guint n)
{
  g_autofree char *expected = g_strdup_printf ("%u|%u|%u", n, n, n);

  assert_answer (path,
      "SELECT count(*), count(DISTINCT title), count(DISTINCT start)"
      " FROM titles WHERE station = 'a'",
      expected);
  assert_answer (path, "PRAGMA integrity_check", "ok");
}

/* What is written */

static void
test_contents (void)
{
  g_autofree char *path = make_path ();
  History *history = open_history (path);

  g_assert_true (add (history, "a", 0));
  g_assert_true (add_state (history, STATE_CONNECTED, NULL));
  g_assert_true (add_state (history, STATE_LOST, "It ended."));
  flush (history);
  assert_answer (path,
      "SELECT start, end, ended, seconds, title, artist, stream_title, genre,"
      " confidence, probabilities, tags IS NULL, music, speech, silence, model,"
      " json_valid(probabilities), typeof(start) FROM titles",
      "1796019436123|1796019496123|title|59.988|title 0|An artist|"
      "An artist - title|rock|0.8765|{\"rock\":0.8765,\"\\\"drum\\\" & bass\":0}"
      "|1|0.9|0.1|0.0|crnn 5|1|integer");
  assert_answer (path,
      "SELECT time, state, reason FROM states ORDER BY time, id",
      "1796019436123|connected|\n1796019436123|lost|It ended.");
  assert_answer (path, "SELECT * FROM stations", "a|Radio Ö");
  assert_answer (path,
      "SELECT count(*), count(runs.id), min(runs.end >= runs.start)"
      " FROM titles LEFT JOIN runs ON runs.id = run",
      "1|1|1");
  assert_answer (path, "PRAGMA journal_mode", "wal");
  history_close (history);
}

static void
test_silence (void)
{
  g_autofree char *path = make_path ();
  History *history = open_history (path);
  Record record = { .kind = RECORD_TITLE,
    .station = "a",
    .name = "A",
    .start = START,
    .end = START,
    .ended = "stopped",
    .seconds = G_MAXDOUBLE,
    .music = 0.0 / 0.0,
    .silence = 1 };

  g_assert_true (history_add (history, &record, NULL));
  flush (history);
  assert_answer (path,
      "SELECT title IS NULL, genre IS NULL, confidence IS NULL,"
      " probabilities IS NULL, model IS NULL, music, silence FROM titles",
      "1|1|1|1|1|0.0|1.0");
  history_close (history);
}

/* Nobody flushes: it is there a second later. */
static void
test_soon (void)
{
  g_autofree char *path = make_path ();
  History *history = open_history (path);

  for (guint i = 0; i < 3; i++)
    g_assert_true (add (history, "a", i));
  g_usleep (1800000);
  g_assert_cmpuint (history_get_n_waiting (history), ==, 0);
  assert_titles (path, 3);
  g_assert_true (add (history, "a", 3));
  history_close (history);
  assert_titles (path, 4);
  history_close (NULL);
}

/* A thousand stations at once are one transaction. */
static void
test_many (void)
{
  g_autofree char *path = make_path ();
  History *history = open_history (path);
  gint64 begin = g_get_monotonic_time ();

  for (guint i = 0; i < 5000; i++)
    g_assert_true (add (history, "a", i));
  flush (history);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 60 * G_TIME_SPAN_SECOND);
  assert_titles (path, 5000);
  history_close (history);
}

static void
test_renamed_station (void)
{
  g_autofree char *path = make_path ();
  History *history = open_history (path);

  g_assert_true (add (history, "a", 0));
  flush (history);
  g_free (ask (path, "UPDATE stations SET name = 'as it was'"));
  g_assert_true (add (history, "a", 1));
  history_close (history);
  assert_answer (path, "SELECT * FROM stations", "a|Radio Ö");
}

/* Which files */

static void
assert_refused (const char *path, int code, const char *part)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *before = NULL, *after = NULL;
  gsize n_before = 0, n_after = 0;

  g_file_get_contents (path, &before, &n_before, NULL);
  g_assert_null (history_open (path, &error));
  g_assert_error (error, G_IO_ERROR, code);
  g_assert_nonnull (strstr (error->message, path));
  g_assert_nonnull (strstr (error->message, part));
  g_file_get_contents (path, &after, &n_after, NULL);
  g_assert_cmpmem (before, n_before, after, n_after);
}

static void
test_refused (void)
{
  g_autofree char *other = make_path (), *later = make_path (),
                  *text = make_path (), *lost = NULL;

  g_free (ask (other, "CREATE TABLE titles (a); PRAGMA user_version = 1"));
  assert_refused (other, G_IO_ERROR_INVALID_DATA, "another program");
  history_close (open_history (later));
  g_free (ask (later, "PRAGMA user_version = 2"));
  assert_refused (later, G_IO_ERROR_NOT_SUPPORTED, "later version");
  g_file_set_contents (text, "It is no database.", -1, NULL);
  assert_refused (text, G_IO_ERROR_INVALID_DATA, "not a history");
  lost = g_build_filename (folder, "none", "a.db", NULL);
  assert_refused (lost, G_IO_ERROR_FAILED, "opened");
  assert_refused (folder, G_IO_ERROR_INVALID_DATA, "not a history");
}

/* An empty file, as mktemp makes one, is a new history; a name with a meaning for
 * SQLite is one of a file. */
static void
test_names (void)
{
  g_autofree char *empty = make_path (), *memory = NULL;
  History *history;

  g_file_set_contents (empty, "", 0, NULL);
  history = open_history (empty);
  g_assert_true (add (history, "a", 0));
  history_close (history);
  assert_titles (empty, 1);
  g_assert_cmpint (g_chdir (folder), ==, 0);
  history_close (open_history (":memory:"));
  memory = g_build_filename (folder, ":memory:", NULL);
  g_assert_true (g_file_test (memory, G_FILE_TEST_EXISTS));
}

/* Nothing tells in WAL mode that the file was deleted: what is written is lost with
 * it. */
static void
test_moved (void)
{
  g_autofree char *path = make_path (), *old = g_strconcat (path, ".old", NULL);
  History *history = open_history (path);

  g_assert_true (add (history, "a", 0));
  flush (history);
  g_assert_cmpint (g_rename (path, old), ==, 0);
  g_assert_true (add (history, "a", 1));
  flush (history);
  assert_answer (old, "SELECT title FROM titles", "title 0");
  assert_answer (path, "SELECT title FROM titles", "title 1");
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_true (add (history, "a", 2));
  flush (history);
  assert_answer (path, "SELECT title FROM titles", "title 2");
  assert_answer (path, "SELECT count(*) FROM runs", "1");
  history_close (history);
}

/* What fails */

/* Each operation on the files fails, before or after it was done.  Their number is not
 * always the same, so all are tried a few times. */
static void
fail_each (int code, gboolean after)
{
  g_autofree char *path = make_path ();
  History *history = open_history (path);
  guint n = 0, n_failed = 0;

  for (guint i = 0; i < 200; i++) {
    failing_vfs_arm (i % 40, code, after);
    for (guint k = 0; k < 3; k++)
      add (history, "a", n++);
    history_flush (history, NULL);
    n_failed += failing_vfs_disarm ();
    flush (history);
  }
  /* of each round some, and not all */
  g_assert_cmpuint (n_failed, >, 5);
  g_assert_cmpuint (n_failed, <, 195);
  history_close (history);
  assert_titles (path, n);
}

static void
test_failures (void)
{
  fail_each (SQLITE_FULL, FALSE);
  fail_each (SQLITE_IOERR, FALSE);
  fail_each (SQLITE_IOERR, TRUE);
}

/* Where there is no WAL mode, SQLite may report that a transaction has failed which is
 * in the file. */
static void
test_failures_without_wal (void)
{
  failing_vfs_allow_wal (FALSE);
  fail_each (SQLITE_FULL, FALSE);
  fail_each (SQLITE_IOERR, FALSE);
  fail_each (SQLITE_IOERR, TRUE);
  failing_vfs_allow_wal (TRUE);
}

/* The transaction is open after some failures. */
static void
test_trigger (void)
{
  g_autofree char *path = make_path ();
  History *history = open_history (path);

  g_free (ask (path,
      "CREATE TRIGGER no BEFORE INSERT ON titles WHEN"
      " NEW.title = 'title 1' BEGIN SELECT RAISE (ABORT, 'no');"
      " END"));
  add (history, "a", 0);
  add (history, "a", 1);
  g_assert_false (history_flush (history, NULL));
  g_free (ask (path, "DROP TRIGGER no"));
  flush (history);
  history_close (history);
  assert_titles (path, 2);
}

/* Another process has a transaction open, as a backup has; @hold is closed to end
 * it. */
static pid_t
lock (const char *path, int *hold)
{
  int wake[2], ready[2];
  char byte;
  pid_t pid;

  g_assert_cmpint (pipe (wake) | pipe (ready), ==, 0);
  pid = fork ();
  if (pid == 0) {
    sqlite3 *db;

    close (wake[1]);
    if (sqlite3_open (path, &db) != SQLITE_OK ||
        sqlite3_exec (db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
      _exit (1);
    if (write (ready[1], "", 1) == 1 && read (wake[0], &byte, 1) == 0)
      sqlite3_exec (db, "ROLLBACK", NULL, NULL, NULL);
    _exit (0);
  }
  close (wake[0]);
  close (ready[1]);
  g_assert_cmpint (read (ready[0], &byte, 1), ==, 1);
  close (ready[0]);
  *hold = wake[1];
  return pid;
}

static void
test_locked (void)
{
  g_autofree char *path = make_path ();
  History *history = open_history (path);
  g_autoptr (GError) error = NULL;
  int hold;
  pid_t pid = lock (path, &hold);
  gint64 begin = g_get_monotonic_time ();

  add (history, "a", 0);
  g_assert_false (history_flush (history, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_nonnull (strstr (error->message, path));
  g_assert_false (add (history, "a", 1));
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 20 * G_TIME_SPAN_SECOND);
  g_assert_cmpuint (history_get_n_waiting (history), ==, 2);
  close (hold);
  waitpid (pid, NULL, 0);
  flush (history);
  g_assert_true (add (history, "a", 2));
  history_close (history);
  assert_titles (path, 3);
}

/* Of too many old ones are given up, and counted; the others are written. */
static void
test_limit (void)
{
  g_autofree char *path = make_path ();
  History *history = open_history (path);
  int hold;
  pid_t pid = lock (path, &hold);

  for (guint i = 0; i < 100003; i++)
    add (history, "a", i);
  g_assert_false (history_flush (history, NULL));
  g_assert_cmpuint (history_get_n_waiting (history), ==, 100000);
  g_assert_cmpuint (history_get_n_lost (history), ==, 3);
  close (hold);
  waitpid (pid, NULL, 0);
  flush (history);
  history_close (history);
  assert_answer (path,
      "SELECT count(*), count(DISTINCT title),"
      " (max(start) - 1796019436123) / 60000 FROM titles",
      "100000|100000|100002");
}

/* A disk that is full: as little of it as there is, and then more. */
static void
fill_disk (const char *path, void (*make_room) (void))
{
  History *history = open_history (path);
  guint n = 0;

  while (n < 20000) {
    add (history, "a", n++);
    if (n % 50 == 0 && !history_flush (history, NULL))
      break;
  }
  g_assert_cmpuint (n, <, 20000);
  g_assert_false (history_flush (history, NULL));
  g_assert_cmpuint (history_get_n_waiting (history), >, 0);
  make_room ();
  flush (history);
  history_close (history);
  assert_titles (path, n);
}

static void
raise_limit (void)
{
  struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  limit.rlim_cur = limit.rlim_max;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
}

static void
test_file_limit (void)
{
  g_autofree char *path = make_path ();
  struct rlimit limit;

  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  limit.rlim_cur = 300000;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  fill_disk (path, raise_limit);
}

static void
enlarge_disk (void)
{
  g_autofree char *disk = g_build_filename (folder, "disk", NULL);

  g_assert_cmpint (
      mount ("none", disk, "tmpfs", MS_REMOUNT, "size=64m"), ==, 0);
}

/* A file system of a few hundred KB, in a child that may mount one. */
static void
test_full_disk (void)
{
  g_autofree char *disk = g_build_filename (folder, "disk", NULL);
  g_autofree char *path = g_build_filename (disk, "a.db", NULL);
  int status;
  pid_t pid;

  g_mkdir (disk, 0700);
  pid = fork ();
  if (pid == 0) {
    if (unshare (CLONE_NEWNS) != 0 ||
        mount ("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount ("none", disk, "tmpfs", 0, "size=400k") != 0)
      _exit (77);
    fill_disk (path, enlarge_disk);
    _exit (0);
  }
  waitpid (pid, &status, 0);
  if (WIFEXITED (status) && WEXITSTATUS (status) == 77)
    g_test_skip ("file systems cannot be mounted here");
  else
    g_assert_cmpint (status, ==, 0);
}

/* Processes */

/* Adds records for ever; tells by @pipe how many are written for sure. */
static void
run_until_killed (const char *path, guint first, int pipe)
{
  History *history = open_history (path);

  for (guint n = first;; n++) {
    add (history, "a", n);
    if (n % 37 == 0) {
      flush (history);
      n++;
      if (write (pipe, &n, sizeof n) != sizeof n)
        _exit (1);
      n--;
    }
  }
}

static void
test_killed (void)
{
  g_autofree char *path = make_path ();
  guint first = 0;

  for (guint round = 0; round < 8; round++) {
    g_autofree char *answer = NULL;
    guint flushed = first, next;
    int ends[2];
    pid_t pid;

    g_assert_cmpint (pipe (ends), ==, 0);
    pid = fork ();
    if (pid == 0)
      run_until_killed (path, first, ends[1]);
    close (ends[1]);
    /* however slow the machine is, there is a file by then */
    g_assert_cmpint (read (ends[0], &next, sizeof next), ==, sizeof next);
    flushed = next;
    g_usleep (13000 * round);
    kill (pid, SIGKILL);
    waitpid (pid, NULL, 0);
    while (read (ends[0], &next, sizeof next) == sizeof next)
      flushed = next;
    close (ends[0]);
    answer = ask (path, "SELECT count(*) FROM titles");
    first = (guint) atoi (answer);
    g_assert_cmpuint (first, >=, flushed);
    assert_titles (path, first);
  }
  g_assert_cmpuint (first, >, 100);
}

static void
test_two_writers (void)
{
  g_autofree char *path = make_path ();
  pid_t children[2];

  for (guint child = 0; child < 2; child++) {
    children[child] = fork ();
    if (children[child] == 0) {
      History *history = open_history (path);

      for (guint i = 0; i < 300; i++) {
        add (history, child ? "b" : "a", i);
        if (i % 10 == 0)
          history_flush (history, NULL);
      }
      while (!history_flush (history, NULL))
        ;
      history_close (history);
      _exit (0);
    }
  }
  for (guint child = 0; child < 2; child++) {
    int status;

    waitpid (children[child], &status, 0);
    g_assert_cmpint (status, ==, 0);
  }
  assert_titles (path, 300);
  assert_answer (
      path, "SELECT count(*), count(DISTINCT run) FROM titles", "600|2");
}

/* A reader that never ends keeps the log from being copied, but not from being
 * written. */
static void
test_long_reader (void)
{
  g_autofree char *path = make_path ();
  History *history = open_history (path);
  sqlite3 *reader;

  add (history, "a", 0);
  flush (history);
  g_assert_cmpint (sqlite3_open (path, &reader), ==, SQLITE_OK);
  g_assert_cmpint (
      sqlite3_exec (reader, "BEGIN; SELECT * FROM titles", NULL, NULL, NULL),
      ==, SQLITE_OK);
  for (guint i = 1; i < 3000; i++) {
    add (history, "a", i);
    if (i % 10 == 0)
      flush (history);
  }
  history_close (history);
  sqlite3_close (reader);
  assert_titles (path, 3000);
}

/* What is older than is to be kept goes with the next record. */
static void
test_keep (void)
{
  g_autofree char *path = make_path ();
  History *history = open_history (path);
  const gint64 now = g_get_real_time ();
  const gint64 ages[] = { 72, 26, 22, 0 };

  history_set_keep (history, 1);
  for (guint i = 0; i < G_N_ELEMENTS (ages); i++) {
    Record record = { .kind = RECORD_TITLE,
      .station = "a",
      .name = "A",
      .title = "title",
      .ended = "title",
      .start = now - ages[i] * G_TIME_SPAN_HOUR,
      .end = now };

    g_assert_true (history_add (history, &record, NULL));
    record.kind = RECORD_STATE;
    record.state = STATE_MUSIC;
    g_assert_true (history_add (history, &record, NULL));
  }
  history_close (history);
  assert_answer (path, "SELECT count(*) FROM titles", "2");
  assert_answer (path, "SELECT count(*) FROM states", "2");
}

int
main (int argc, char **argv)
{
  g_autofree char *remove = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  failing_vfs_register ();
  folder = g_dir_make_tmp ("history-XXXXXX", NULL);
  g_test_add_func ("/history/contents", test_contents);
  g_test_add_func ("/history/silence", test_silence);
  g_test_add_func ("/history/soon", test_soon);
  g_test_add_func ("/history/many", test_many);
  g_test_add_func ("/history/renamed-station", test_renamed_station);
  g_test_add_func ("/history/refused", test_refused);
  g_test_add_func ("/history/names", test_names);
  g_test_add_func ("/history/moved", test_moved);
  g_test_add_func ("/history/failures", test_failures);
  g_test_add_func ("/history/failures-without-wal", test_failures_without_wal);
  g_test_add_func ("/history/trigger", test_trigger);
  g_test_add_func ("/history/locked", test_locked);
  g_test_add_func ("/history/limit", test_limit);
  g_test_add_func ("/history/file-limit", test_file_limit);
  g_test_add_func ("/history/full-disk", test_full_disk);
  g_test_add_func ("/history/killed", test_killed);
  g_test_add_func ("/history/two-writers", test_two_writers);
  g_test_add_func ("/history/long-reader", test_long_reader);
  g_test_add_func ("/history/keep", test_keep);
  status = g_test_run ();
  remove = g_strdup_printf ("rm -r '%s'", folder);
  if (system (remove) != 0)
    status = 1;
  g_free (folder);
  return status;
}
