/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The copy that takes a file's place, where files can be locked and where they
 * cannot. */

#define _GNU_SOURCE /* syscall() */

#include "tags/replacement.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "tags/formats/tagserror.h"

/* What flock() fails with, or 0. */
static int lock_failure;

/* Takes the place of the system's. */
int
flock (int fd, int operation)
{
  if (!lock_failure)
    return (int) syscall (SYS_flock, fd, operation);
  errno = lock_failure;
  return -1;
}

typedef struct
{
  char *folder, *path;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer failure)
{
  fixture->folder = g_dir_make_tmp (NULL, NULL);
  fixture->path = g_build_filename (fixture->folder, "song.flac", NULL);
  g_assert_true (g_file_set_contents (fixture->path, "old", 3, NULL));
  lock_failure = GPOINTER_TO_INT (failure);
}

static void
tear_down (Fixture *fixture, gconstpointer failure)
{
  (void) failure;
  lock_failure = 0;
  /* no copy is left beside the file */
  g_assert_cmpint (g_unlink (fixture->path), ==, 0);
  g_assert_cmpint (g_rmdir (fixture->folder), ==, 0);
  g_free (fixture->folder);
  g_free (fixture->path);
}

/* Writes "new".  Gives the reason why not, or REASON_NONE. */
static Reason
write_file (const Fixture *fixture)
{
  Replacement replacement;
  g_autoptr (GError) error = NULL;
  gboolean ok;

  g_assert_true (replacement_open (&replacement, fixture->path, &error));
  ok = replacement_create (&replacement, &error) &&
      write (replacement.fd, "new", 3) == 3 &&
      replacement_sync (&replacement, FALSE, &error) &&
      replacement_commit (&replacement, &error);
  replacement_clear (&replacement);
  return ok ? REASON_NONE : tags_error_get_reason (error);
}

static void
assert_content (const Fixture *fixture, const char *expected)
{
  g_autofree char *content = NULL;

  g_assert_true (g_file_get_contents (fixture->path, &content, NULL, NULL));
  g_assert_cmpstr (content, ==, expected);
}

/* Makes the copy that a process would have left that was killed, and gives its
 * path. */
static char *
make_leftover (const Fixture *fixture)
{
  Replacement replacement;
  char *path;

  g_assert_true (replacement_open (&replacement, fixture->path, NULL));
  path = g_strdup (replacement.copy);
  replacement_clear (&replacement);
  g_assert_true (g_file_set_contents (path, "half", 4, NULL));
  return path;
}

static void
make_old (const char *path)
{
  /* 1970 */
  static const struct timespec times[2];

  g_assert_cmpint (utimensat (AT_FDCWD, path, times, 0), ==, 0);
}

static void
test_write (Fixture *fixture, gconstpointer failure)
{
  (void) failure;
  g_assert_cmpint (write_file (fixture), ==, REASON_NONE);
  assert_content (fixture, "new");
}

/* Without locks nobody knows whether a copy is still being written, until it is
 * old. */
static void
test_leftover (Fixture *fixture, gconstpointer failure)
{
  g_autofree char *leftover = make_leftover (fixture);

  if (failure) {
    g_assert_cmpint (write_file (fixture), ==, REASON_BUSY);
    assert_content (fixture, "old");
    g_assert_true (g_file_test (leftover, G_FILE_TEST_EXISTS));
    make_old (leftover);
  }
  g_assert_cmpint (write_file (fixture), ==, REASON_NONE);
  assert_content (fixture, "new");
}

/* However old a copy is, the process that has locked it is at work on it. */
static void
test_locked (Fixture *fixture, gconstpointer failure)
{
  g_autofree char *leftover = make_leftover (fixture);
  int fd = open (leftover, O_RDWR | O_CLOEXEC);

  (void) failure;
  g_assert_cmpint (flock (fd, LOCK_EX), ==, 0);
  make_old (leftover);
  g_assert_cmpint (write_file (fixture), ==, REASON_BUSY);
  assert_content (fixture, "old");
  close (fd);
  g_assert_cmpint (write_file (fixture), ==, REASON_NONE);
}

/* One process at a time has the copy. */
static void
test_two (Fixture *fixture, gconstpointer failure)
{
  Replacement first;

  (void) failure;
  g_assert_true (replacement_open (&first, fixture->path, NULL));
  g_assert_true (replacement_create (&first, NULL));
  /* so that the second does not wait for the file itself */
  close (first.source);
  first.source = -1;
  g_assert_cmpint (write_file (fixture), ==, REASON_BUSY);
  replacement_clear (&first);
  g_assert_cmpint (write_file (fixture), ==, REASON_NONE);
}

static void
add (const char *name, int failure,
    void (*test) (Fixture *fixture, gconstpointer failure))
{
  g_autofree char *path = g_strdup_printf (
      "/replacement/%s/%s", name, failure ? g_strerror (failure) : "locks");

  g_test_add (
      path, Fixture, GINT_TO_POINTER (failure), set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  /* a server without locks, a file system without */
  static const int failures[] = { 0, ENOLCK, ENOTSUP };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (failures); i++) {
    add ("write", failures[i], test_write);
    add ("leftover", failures[i], test_leftover);
    add ("two", failures[i], test_two);
  }
  add ("locked", 0, test_locked);
  return g_test_run ();
}
