/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Tags of files in memory: read, written and read again, and damaged. */

#define _GNU_SOURCE /* memfd_create() */

#include "tags/tagfile.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "io.h"
#include "tags/tagserror.h"

static char *jazz[] = { "Jazz", NULL };

static int
open_bytes (const char *data, gsize length)
{
  int fd = memfd_create ("tags", MFD_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  g_assert_true (io_write_all (fd, data, length));
  return fd;
}

static char *
read_clip (gsize *length)
{
  char *data = NULL;

  g_assert_true (
      g_file_get_contents (g_getenv ("TEST_CLIP"), &data, length, NULL));
  return data;
}

static void
test_write (void)
{
  TagState state, wanted = { .genres[TAG_XIPH] = jazz }, now;
  gsize length;
  g_autofree char *data = read_clip (&length);
  int fd = open_bytes (data, length);

  g_assert_true (tag_file_read (fd, &state, NULL));
  g_assert_null (state.unwritable);
  g_assert_true (state.is_primary[TAG_XIPH]);
  g_assert_nonnull (state.genres[TAG_XIPH]);
  g_assert_null (*state.genres[TAG_XIPH]);
  g_assert_false (tag_state_equal (&state, &wanted));

  g_assert_true (tag_file_write (fd, &wanted, FALSE, NULL));
  g_assert_true (tag_file_read (fd, &now, NULL));
  g_assert_true (tag_state_equal (&now, &wanted));
  g_assert_cmpstr (now.rest_digest[TAG_XIPH], ==, state.rest_digest[TAG_XIPH]);
  tag_state_clear (&state);
  tag_state_clear (&now);
  close (fd);
}

static void
test_no_format (void)
{
  static const char *const contents[] = { "", "OggS", "RIFF", "some text" };

  for (guint i = 0; i < G_N_ELEMENTS (contents); i++) {
    g_autoptr (GError) error = NULL;
    TagState state;
    int fd = open_bytes (contents[i], strlen (contents[i]));

    g_assert_false (tag_file_read (fd, &state, &error));
    g_assert_error (error, TAGS_ERROR, REASON_UNWRITABLE_FORMAT);
    close (fd);
  }
}

static void
test_unreadable (void)
{
  g_autoptr (GError) error = NULL;
  TagState state;
  int fd = open_bytes ("fLaC", 4);
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
  int write_only = open (path, O_WRONLY);

  g_assert_cmpint (write_only, >=, 0);
  g_assert_false (tag_file_read (write_only, &state, &error));
  g_assert_error (error, TAGS_ERROR, REASON_UNREADABLE);
  close (write_only);
  close (fd);
}

/* Any bytes are either read or refused. */
static void
test_damaged (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  gsize length;
  g_autofree char *data = read_clip (&length);

  for (guint i = 0; i < 300; i++) {
    gsize size = MIN (length, 1 + (gsize) g_rand_int_range (random, 0, 8192));
    g_autofree char *damaged = g_memdup2 (data, size);
    TagState state;
    int fd;

    for (guint j = 0; j < 8; j++)
      damaged[g_rand_int_range (random, 0, MIN ((gint32) size, 512))] =
          (char) g_rand_int (random);
    fd = open_bytes (damaged, size);
    if (tag_file_read (fd, &state, NULL))
      tag_state_clear (&state);
    close (fd);
  }
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
  g_test_add_func ("/tagfile/no-format", test_no_format);
  g_test_add_func ("/tagfile/unreadable", test_unreadable);
  g_test_add_func ("/tagfile/damaged", test_damaged);
  g_test_add_func ("/tagfile/error", test_error);
  return g_test_run ();
}
