/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The log's file: put aside, full, torn and closed, with the delay of a retry short. */

#include "monitor/outputs/logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <glib/gstdio.h>

static char *folder, *path;

/* What the log uses instead of the libraries' own */

static int rename_error; /* errno of rename(); 0: it works */
static gint64 day_offset;

int
rename (const char *from, const char *to)
{
  if (rename_error) {
    errno = rename_error;
    return -1;
  }
  return syscall (SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

GDateTime *
g_date_time_new_now_local (void)
{
  return g_date_time_new_from_unix_local (
      g_get_real_time () / G_USEC_PER_SEC + day_offset);
}

/* Support */

static void
set_up (void)
{
  folder = g_dir_make_tmp ("logfile-XXXXXX", NULL);
  path = g_build_filename (folder, "log", NULL);
}

static void
tear_down (void)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir))) {
    g_autofree char *file = g_build_filename (folder, name, NULL);

    g_remove (file);
  }
  g_rmdir (folder);
  g_clear_pointer (&folder, g_free);
  g_clear_pointer (&path, g_free);
  rename_error = 0;
  day_offset = 0;
}

static LogFile *
open_log (guint64 size, gboolean is_daily)
{
  const LogRotation rotation = { size, is_daily };
  g_autoptr (GError) error = NULL;
  LogFile *log = log_file_new (path, &rotation, &error);

  g_assert_no_error (error);
  return log;
}

static void
check_file (const char *file, const char *expected)
{
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (file, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, expected);
}

/* How many files there are. */
static guint
count_files (void)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir))
    n++;
  return n;
}

static void
limit_size (rlim_t size)
{
  struct rlimit limit;

  getrlimit (RLIMIT_FSIZE, &limit);
  limit.rlim_cur = MIN (size, limit.rlim_max);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
}

/* Rotation */

static void
test_put_aside_meanwhile (void)
{
  LogFile *log;
  g_autofree char *other = NULL;

  set_up ();
  other = g_strconcat (path, ".other", NULL);
  log = open_log (8, FALSE);
  log_file_add (log, "first");
  g_assert_cmpint (rename (path, other), ==, 0);
  for (guint i = 0; i < 2; i++)
    log_file_add (log, "second");
  log_file_free (log);
  check_file (other, "first\n");
  check_file (path, "second\n");
  /* and it has gone on to put files aside */
  g_assert_cmpuint (count_files (), ==, 3);
  tear_down ();
}

static void
test_rotation_fails (void)
{
  LogFile *log;

  set_up ();
  log = open_log (8, FALSE);
  log_file_add (log, "first");
  rename_error = EACCES;
  log_file_add (log, "second");
  log_file_add (log, "third");
  check_file (path, "first\nsecond\nthird\n");
  rename_error = 0;
  log_file_add (log, "fourth");
  check_file (path, "first\nsecond\nthird\nfourth\n");
  g_usleep (1.2 * ROTATION_DELAY * G_USEC_PER_SEC);
  log_file_add (log, "fifth");
  check_file (path, "fifth\n");
  log_file_free (log);
  tear_down ();
}

static void
test_rotation_fails_once (void)
{
  if (g_test_subprocess ()) {
    test_rotation_fails ();
    return;
  }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("*cannot be put aside*");
  g_test_trap_assert_stderr_unmatched ("*put aside*put aside*");
}

static void
test_empty_of_yesterday (void)
{
  LogFile *log;

  set_up ();
  log = open_log (0, TRUE);
  day_offset = 86400;
  log_file_add (log, "first");
  log_file_add (log, "second");
  check_file (path, "first\nsecond\n");
  day_offset *= 2;
  log_file_add (log, "third");
  check_file (path, "third\n");
  g_assert_cmpuint (count_files (), ==, 2);
  log_file_free (log);
  tear_down ();
}

/* Half a line */

static void
test_half_written (void)
{
  LogFile *log;

  set_up ();
  log = open_log (0, FALSE);
  limit_size (10);
  log_file_add (log, "first");
  log_file_add (log, "second");
  check_file (path, "first\nseco");
  /* the same file */
  log_file_reopen (log);
  limit_size (RLIM_INFINITY);
  log_file_flush (log);
  check_file (path, "first\nsecond\n");
  log_file_free (log);
  tear_down ();
}

static void
test_half_written_elsewhere (void)
{
  LogFile *log;
  g_autofree char *other = NULL;

  set_up ();
  other = g_strconcat (path, ".other", NULL);
  log = open_log (0, FALSE);
  limit_size (10);
  log_file_add (log, "first");
  log_file_add (log, "second");
  g_assert_cmpint (rename (path, other), ==, 0);
  log_file_reopen (log);
  check_file (path, "second\n");
  log_file_add (log, "third");
  g_assert_cmpint (rename (other, path), ==, 0);
  /* a third one, whose last line is torn */
  log_file_reopen (log);
  limit_size (RLIM_INFINITY);
  log_file_add (log, "fourth");
  log_file_flush (log);
  check_file (path, "first\nseco\nthird\nfourth\n");
  log_file_free (log);
  tear_down ();
}

static void
test_torn_on_full_disk (void)
{
  LogFile *log;

  set_up ();
  g_assert_true (g_file_set_contents (path, "half", -1, NULL));
  limit_size (4);
  log = open_log (0, FALSE);
  log_file_add (log, "first");
  check_file (path, "half");
  limit_size (RLIM_INFINITY);
  log_file_flush (log);
  check_file (path, "half\nfirst\n");
  log_file_free (log);
  tear_down ();
}

/* Standard output */

static void
test_closed_terminal (void)
{
  const LogRotation rotation = { 0 };
  int own = dup (STDOUT_FILENO), ends[2];
  LogFile *log;
  gboolean was_cut_off, is_cut_off;

  g_assert_cmpint (openpty (&ends[0], &ends[1], NULL, NULL, NULL), ==, 0);
  dup2 (ends[1], STDOUT_FILENO);
  close (ends[1]);
  log = log_file_new (NULL, &rotation, NULL);
  log_file_add (log, "first");
  was_cut_off = log_file_is_cut_off (log);
  close (ends[0]);
  log_file_add (log, "second");
  is_cut_off = log_file_is_cut_off (log);
  log_file_free (log);
  dup2 (own, STDOUT_FILENO);
  close (own);
  g_assert_false (was_cut_off);
  g_assert_true (is_cut_off);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  signal (SIGXFSZ, SIG_IGN);
  signal (SIGHUP, SIG_IGN);
  g_test_add_func ("/log/put-aside-meanwhile", test_put_aside_meanwhile);
  g_test_add_func ("/log/rotation-fails", test_rotation_fails_once);
  g_test_add_func ("/log/empty-of-yesterday", test_empty_of_yesterday);
  g_test_add_func ("/log/half-written", test_half_written);
  g_test_add_func ("/log/half-written-elsewhere", test_half_written_elsewhere);
  g_test_add_func ("/log/torn-on-full-disk", test_torn_on_full_disk);
  g_test_add_func ("/log/closed-terminal", test_closed_terminal);
  return g_test_run ();
}
