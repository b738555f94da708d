/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Tags of files in memory: read, written and read again, and damaged. */

#define _GNU_SOURCE /* memfd_create() */

#include "tags/formats/tagfile.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "io.h"
#include "tags/formats/tagserror.h"

static char *jazz[] = { "Jazz", NULL };

static int
open_bytes (const char *data, gsize length)
{
  int fd = memfd_create ("tags", MFD_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  g_assert_true (io_write_all (fd, data, length));
  return fd;
}

/* FLAC, as far as tags look into it: two blocks, a comment of two fields, and
 * something for the audio. */
static char *
make_flac (gsize *length)
{
  static const char comment[] = "\4\0\0\0made\2\0\0\0"
                                "\7\0\0\0title=A\10\0\0\0ARTIST=B";
  GByteArray *data = g_byte_array_new ();
  guint8 info[4 + 34] = { 0, 0, 0, 34 };
  guint8 header[4] = { 0x80 | 4, 0, 0, sizeof comment - 1 };
  guint8 audio[2000] = { 0xff, 0xf8 };

  g_byte_array_append (data, (const guint8 *) "fLaC", 4);
  g_byte_array_append (data, info, sizeof info);
  g_byte_array_append (data, header, sizeof header);
  g_byte_array_append (data, (const guint8 *) comment, sizeof comment - 1);
  g_byte_array_append (data, audio, sizeof audio);
  *length = data->len;
  return (char *) g_byte_array_free (data, FALSE);
}

static GBytes *
read_bytes (int fd)
{
  g_autoptr (MediaFile) file = media_file_new (fd);

  return media_file_get (file, 0, media_file_get_size (file));
}

/* Writes what is wanted, and then what was there: the same bytes again. */
static void
test_write (void)
{
  TagState wanted = { .genres[TAG_XIPH] = jazz };
  EditOptions options = { FALSE };
  gsize length;
  g_autofree char *data = make_flac (&length);
  int fd = open_bytes (data, length), copy = open_bytes ("", 0),
      again = open_bytes ("", 0);
  g_autoptr (TagFile) file = tag_file_open (fd, NULL), changed = NULL,
                      written = NULL, back = NULL;
  const TagState *state = tag_file_get_state (file);
  g_autoptr (GBytes) before = NULL, after = NULL;

  g_assert_cmpstr (tag_file_get_format (file), ==, "FLAC");
  g_assert_null (tag_file_get_obstacle (file));
  g_assert_true (state->is_primary[TAG_XIPH]);
  g_assert_nonnull (state->genres[TAG_XIPH]);
  g_assert_null (*state->genres[TAG_XIPH]);
  g_assert_false (tag_state_equal (state, &wanted));

  changed = tag_file_change (file, &wanted, &options, NULL);
  g_assert_true (tag_file_write (file, changed, copy, NULL));
  written = tag_file_open (copy, NULL);
  g_assert_true (tag_state_equal (tag_file_get_state (written), &wanted));
  g_assert_false (tag_state_has_fields (tag_file_get_state (written), state));

  back = tag_file_change (written, state, &options, NULL);
  g_assert_true (tag_file_write (written, back, again, NULL));
  before = read_bytes (fd);
  after = read_bytes (again);
  g_assert_true (g_bytes_equal (before, after));
  close (fd);
  close (copy);
  close (again);
}

/* A byte of the audio, or of another field, that is not the same is found. */
static void
test_proof (void)
{
  TagState wanted = { .genres[TAG_XIPH] = jazz };
  EditOptions options = { FALSE };
  gsize length;
  g_autofree char *data = make_flac (&length);
  int fd = open_bytes (data, length);
  g_autoptr (TagFile) file = tag_file_open (fd, NULL);
  g_autoptr (TagFile) changed = tag_file_change (file, &wanted, &options, NULL);
  g_autoptr (GError) error = NULL;
  int copy = open_bytes ("", 0);

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
    int fd = open_bytes (contents[i], strlen (contents[i]));

    g_assert_null (tag_file_open (fd, &error));
    g_assert_error (error, TAGS_ERROR, REASON_UNWRITABLE_FORMAT);
    close (fd);
  }
}

static void
test_unreadable (void)
{
  g_autoptr (GError) error = NULL;
  int fd = open_bytes ("fLaC", 4);
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
  int write_only = open (path, O_WRONLY);

  g_assert_cmpint (write_only, >=, 0);
  g_assert_null (tag_file_open (write_only, &error));
  g_assert_error (error, TAGS_ERROR, REASON_UNREADABLE);
  close (write_only);
  close (fd);
}

/* Any bytes are read or refused, and if they can be written, also taken back. */
static void
try_damaged (const char *data, gsize size)
{
  TagState wanted = { .genres[TAG_XIPH] = jazz };
  EditOptions options = { FALSE };
  int fd = open_bytes (data, size);
  g_autoptr (TagFile) file = tag_file_open (fd, NULL);
  g_autoptr (TagFile)
      changed = file ? tag_file_change (file, &wanted, &options, NULL) : NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (TagFile) back = changed
      ? tag_file_change (changed, tag_file_get_state (file), &options, &error)
      : NULL;

  g_assert_no_error (error);
  close (fd);
}

static void
test_damaged (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  gsize length;
  g_autofree char *data = make_flac (&length);

  for (guint i = 0; i < 300; i++) {
    gsize size = MIN (length, 1 + (gsize) g_rand_int_range (random, 0, 2048));
    g_autofree char *damaged = g_memdup2 (data, size);

    for (guint j = 0; j < 8; j++)
      damaged[g_rand_int_range (random, 0, MIN ((gint32) size, 96))] =
          (char) g_rand_int (random);
    try_damaged (damaged, size);
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
  g_test_add_func ("/tagfile/proof", test_proof);
  g_test_add_func ("/tagfile/no-format", test_no_format);
  g_test_add_func ("/tagfile/unreadable", test_unreadable);
  g_test_add_func ("/tagfile/damaged", test_damaged);
  g_test_add_func ("/tagfile/error", test_error);
  return g_test_run ();
}
