/* SPDX-License-Identifier: GPL-2.0-or-later */

#define _GNU_SOURCE /* memfd_create() */

#include "try.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "io.h"

static const EditOptions plain = { FALSE };

int
try_open (const void *data, gsize length)
{
  int fd = memfd_create ("tags", MFD_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  g_assert_true (io_write_all (fd, data, length));
  return fd;
}

char *
try_make_flac (gsize *length)
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

/* Fills @wanted; its strings are those given. */
static void
set_wanted (const TagState *state, char **genres, const char *classifier,
    TagState *wanted)
{
  for (guint kind = 0; kind < TAG_KINDS; kind++) {
    gboolean has_genres = state->genres[kind] && *state->genres[kind];

    wanted->genres[kind] = state->is_primary[kind] || has_genres
        ? genres
        : state->genres[kind];
    wanted->classifier[kind] = state->is_primary[kind] && classifier &&
            kind != TAG_INFO && kind != TAG_ID3V1
        ? (char *) classifier
        : state->classifier[kind];
  }
}

GBytes *
try_write (GBytes *data, char **genres, const char *classifier)
{
  gsize length;
  const guint8 *bytes = g_bytes_get_data (data, &length);
  int fd = try_open (bytes, length), copy = try_open ("", 0),
      again = try_open ("", 0);
  g_autoptr (GError) error = NULL;
  g_autoptr (TagFile) file = tag_file_open (fd, &error), changed = NULL,
                      written = NULL, back = NULL;
  TagState wanted = { 0 };
  GBytes *result;
  g_autoptr (GBytes) last = NULL;

  g_assert_no_error (error);
  g_assert_no_error (tag_file_get_obstacle (file));
  set_wanted (tag_file_get_state (file), genres, classifier, &wanted);
  changed = tag_file_change (file, &wanted, &plain, &error);
  g_assert_no_error (error);
  tag_file_write (file, changed, copy, &error);
  g_assert_no_error (error);
  written = tag_file_open (copy, NULL);
  g_assert_true (tag_state_equal (tag_file_get_state (written), &wanted));
  result = read_bytes (copy);

  back = tag_file_change (written, tag_file_get_state (file), &plain, &error);
  g_assert_no_error (error);
  g_assert_true (tag_file_write (written, back, again, NULL));
  last = read_bytes (again);
  g_assert_cmpmem (
      g_bytes_get_data (last, NULL), g_bytes_get_size (last), bytes, length);
  close (fd);
  close (copy);
  close (again);
  return result;
}

void
try_refuse (GBytes *data, const char *word)
{
  gsize length;
  const guint8 *bytes = g_bytes_get_data (data, &length);
  int fd = try_open (bytes, length);
  g_autoptr (TagFile) file = tag_file_open (fd, NULL);
  const GError *obstacle;

  g_assert_nonnull (file);
  obstacle = tag_file_get_obstacle (file);
  g_assert_nonnull (obstacle);
  if (!strstr (obstacle->message, word))
    g_error ("\"%s\" has not \"%s\"", obstacle->message, word);
  close (fd);
}

void
try_any (const void *data, gsize length)
{
  static char *jazz[] = { "Jazz", NULL };
  int fd = try_open (data, length);
  g_autoptr (TagFile) file = tag_file_open (fd, NULL), changed = NULL,
                      back = NULL;
  g_autoptr (GError) error = NULL;
  TagState wanted = { 0 };

  if (file) {
    set_wanted (tag_file_get_state (file), jazz, "by me", &wanted);
    changed = tag_file_change (file, &wanted, &plain, NULL);
  }
  if (changed)
    back = tag_file_change (changed, tag_file_get_state (file), &plain, &error);
  g_assert_no_error (error);
  close (fd);
}

void
try_damaged (GBytes *data, guint n, gsize head, gsize tail)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  gsize length;
  const guint8 *bytes = g_bytes_get_data (data, &length);

  head = MIN (head, length);
  tail = MIN (tail, length);
  for (guint i = 0; i < n; i++) {
    g_autofree guint8 *damaged = g_memdup2 (bytes, length);

    for (guint j = g_rand_int_range (random, 1, 9); j-- > 0;) {
      gsize at = tail > 0 && g_rand_boolean (random)
          ? length - 1 - (gsize) g_rand_int_range (random, 0, (gint32) tail)
          : (gsize) g_rand_int_range (random, 0, (gint32) head);

      damaged[at] = (guint8) g_rand_int (random);
    }
    try_any (damaged,
        g_rand_int_range (random, 0, 4) > 0
            ? length
            : (gsize) g_rand_int_range (random, 1, (gint32) length));
  }
}
