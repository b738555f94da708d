/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Tags of files in memory: read, written and read again, and damaged. */

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <gst/gst.h>

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

/* FLAC with a comment of many fields, these @size bytes each. */
static GBytes *
make_many (const char *field, gsize size, guint n)
{
  GByteArray *data = g_byte_array_new ();
  guint8 info[] = { 'f', 'L', 'a', 'C', 0, 0, 0, 34 }, zeros[34] = { 0 };
  guint8 header[4], count[8] = { 0 };

  GST_WRITE_UINT32_BE (header, sizeof count + n * size);
  header[0] = 0x84;
  GST_WRITE_UINT32_LE (count + 4, n);
  g_byte_array_append (data, info, sizeof info);
  g_byte_array_append (data, zeros, sizeof zeros);
  g_byte_array_append (data, header, sizeof header);
  g_byte_array_append (data, count, sizeof count);
  for (guint i = 0; i < n; i++)
    g_byte_array_append (data, (const guint8 *) field, (guint) size);
  g_byte_array_append (data, (const guint8 *) "\377\370", 2);
  return g_byte_array_free_to_bytes (data);
}

/* What is far more than any real file has takes neither time nor memory. */
static void
test_many (void)
{
  static const char genre[] = "\7\0\0\0GENRE=A", field[] = "\1\0\0\0=";
  g_autoptr (GBytes) genres = make_many (genre, sizeof genre - 1, 256),
                     more_genres = make_many (genre, sizeof genre - 1, 257),
                     fields = make_many (field, sizeof field - 1, 65535),
                     more_fields = make_many (field, sizeof field - 1, 65537);

  g_bytes_unref (try_write (genres, jazz, TRUE));
  try_assert_obstacle (more_genres, "more than 256 genres");
  try_assert_refused (fields, jazz, "too many fields");
  try_assert_obstacle (more_fields, "too many fields");
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
  g_test_add_func ("/tagfile/many", test_many);
  g_test_add_func ("/tagfile/error", test_error);
  return g_test_run ();
}
