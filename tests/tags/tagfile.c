/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Tags of files in memory: read, written and read again, and damaged. */

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tags/formats/tagserror.h"
#include "try.h"

static char *jazz[] = { "Jazz", NULL };

/* Writes what is wanted, and then what was there: the same bytes again. */
static void
test_write (void)
{
  g_autoptr (GBytes) data = try_make_flac ();
  g_autoptr (GBytes) written = try_write (data, jazz, TRUE);

  g_assert_cmpuint (g_bytes_get_size (written), >, g_bytes_get_size (data));
}

/* A byte of the audio, or of another field, that is not the same is found. */
static void
test_proof (void)
{
  TagState wanted = { .genres[TAG_XIPH] = jazz };
  EditOptions options = { FALSE };
  g_autoptr (GBytes) data = try_make_flac ();
  gsize length = g_bytes_get_size (data);
  int fd = try_open (data);
  g_autoptr (TagFile) file = tag_file_open (fd, NULL);
  g_autoptr (TagFile) changed = tag_file_change (file, &wanted, &options, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) empty = g_bytes_new (NULL, 0);
  int copy = try_open (empty);

  /* while it is written, somebody changes the file below it */
  g_assert_cmpint (pwrite (fd, "x", 1, (off_t) length - 1), ==, 1);
  g_assert_true (tag_file_write (file, changed, copy, NULL));
  g_assert_cmpint (ftruncate (copy, 0), ==, 0);
  g_assert_cmpint (lseek (copy, 0, SEEK_SET), ==, 0);
  g_assert_cmpint (ftruncate (fd, (off_t) length - 1), ==, 0);
  g_assert_false (tag_file_write (file, changed, copy, &error));
  g_assert_error (error, TAGS_ERROR, REASON_CHANGED_MEANWHILE);
  close (fd);
  close (copy);
}

static void
test_no_format (void)
{
  static const char *const contents[] = { "", "OggS", "RIFF", "some text" };

  for (guint i = 0; i < G_N_ELEMENTS (contents); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GBytes)
        data = g_bytes_new_static (contents[i], strlen (contents[i]));
    int fd = try_open (data);

    g_assert_null (tag_file_open (fd, &error));
    g_assert_error (error, TAGS_ERROR, REASON_UNWRITABLE_FORMAT);
    close (fd);
  }
}

static void
test_unreadable (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) data = g_bytes_new_static ("fLaC", 4);
  int fd = try_open (data);
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
  int write_only = open (path, O_WRONLY);

  g_assert_cmpint (write_only, >=, 0);
  g_assert_null (tag_file_open (write_only, &error));
  g_assert_error (error, TAGS_ERROR, REASON_UNREADABLE);
  close (write_only);
  close (fd);
}

static void
test_damaged (void)
{
  g_autoptr (GBytes) data = try_make_flac ();

  try_damage (data, 300, 96);
}

static void
test_error (void)
{
  g_assert_cmpstr (g_quark_to_string (TAGS_ERROR), ==, "tags-error-quark");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tagfile/write", test_write);
  g_test_add_func ("/tagfile/proof", test_proof);
  g_test_add_func ("/tagfile/no-format", test_no_format);
  g_test_add_func ("/tagfile/unreadable", test_unreadable);
  g_test_add_func ("/tagfile/damaged", test_damaged);
  g_test_add_func ("/tagfile/error", test_error);
  return g_test_run ();
}
