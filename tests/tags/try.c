/* SPDX-License-Identifier: GPL-2.0-or-later */

#define _GNU_SOURCE /* memfd_create() */

#include "try.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "io.h"
#include "tags/formats/tagserror.h"

static const EditOptions options = { FALSE };

int
try_open (GBytes *data)
{
  int fd = memfd_create ("tags", MFD_CLOEXEC);
  gsize length;
  const void *bytes = g_bytes_get_data (data, &length);

  g_assert_cmpint (fd, >=, 0);
  g_assert_true (length == 0 || io_write_all (fd, bytes, length));
  return fd;
}

/* What the tags are to say with these genres. */
static void
set_wanted (const TagState *state, char **genres, TagState *wanted)
{
  for (guint kind = 0; kind < TAG_KINDS; kind++) {
    gboolean is_primary = state->is_primary[kind];
    gboolean has_genres = state->genres[kind] && *state->genres[kind];
    gboolean has_classifier = is_primary && kind != TAG_INFO &&
        kind != TAG_ID3V1;

    wanted->genres[kind] = is_primary || has_genres
        ? tag_kind_fit_genres ((TagKind) kind, is_primary, genres)
        : g_strdupv (state->genres[kind]);
    wanted->classifier[kind] = g_strdup (
        has_classifier ? "a test" : state->classifier[kind]);
  }
}

/* The bytes of what tag_file_change() gave. */
static GBytes *
get_bytes (const TagFile *before, const TagFile *changed)
{
  g_autoptr (GBytes) empty = g_bytes_new (NULL, 0);
  g_autoptr (MediaFile) file = NULL;
  g_autoptr (GError) error = NULL;
  int fd = try_open (empty);
  GBytes *bytes;

  g_assert_true (tag_file_write (before, changed, fd, &error));
  file = media_file_new (fd);
  bytes = media_file_get (file, 0, media_file_get_size (file));
  close (fd);
  return bytes;
}

GBytes *
try_write (GBytes *data, char **genres, gboolean same)
{
  int fd = try_open (data), fd_written;
  g_autoptr (GError) error = NULL;
  g_autoptr (TagFile) file = tag_file_open (fd, &error);
  g_autoptr (TagFile) changed = NULL, back = NULL, written = NULL;
  g_autoptr (GBytes) returned = NULL;
  TagState wanted = { 0 };
  GBytes *result;

  g_assert_no_error (error);
  set_wanted (tag_file_get_state (file), genres, &wanted);
  changed = tag_file_change (file, &wanted, &options, &error);
  g_assert_no_error (error);
  result = get_bytes (file, changed);
  fd_written = try_open (result);
  written = tag_file_open (fd_written, NULL);
  g_assert_true (tag_state_equal (tag_file_get_state (written), &wanted));
  back = tag_file_change (changed, tag_file_get_state (file), &options, &error);
  g_assert_no_error (error);
  returned = get_bytes (changed, back);
  if (same)
    g_assert_true (g_bytes_equal (returned, data));
  tag_state_clear (&wanted);
  close (fd);
  close (fd_written);
  return result;
}

void
try_assert_genres (GBytes *data, TagKind kind, const char *genres)
{
  int fd = try_open (data);
  g_autoptr (TagFile) file = tag_file_open (fd, NULL);
  const TagState *state = tag_file_get_state (file);
  g_auto (GStrv) names = tag_kind_get_names (kind, state->genres[kind]);
  g_autofree char *text = g_strjoinv (";", names);

  g_assert_cmpstr (state->genres[kind] ? text : "none", ==, genres);
  close (fd);
}

static void
assert_has (const GError *error, const char *words)
{
  g_assert_nonnull (error);
  if (!strstr (error->message, words))
    g_error ("\"%s\" has not \"%s\"", error->message, words);
}

void
try_assert_obstacle (GBytes *data, const char *words)
{
  int fd = try_open (data);
  g_autoptr (TagFile) file = tag_file_open (fd, NULL);

  g_assert_nonnull (file);
  assert_has (tag_file_get_obstacle (file), words);
  close (fd);
}

void
try_assert_refused (GBytes *data, char **genres, const char *words)
{
  int fd = try_open (data);
  g_autoptr (TagFile) file = tag_file_open (fd, NULL);
  g_autoptr (GError) error = NULL;
  TagState wanted = { 0 };

  set_wanted (tag_file_get_state (file), genres, &wanted);
  g_assert_null (tag_file_change (file, &wanted, &options, &error));
  assert_has (error, words);
  tag_state_clear (&wanted);
  close (fd);
}

void
try_assert_unknown (GBytes *data)
{
  int fd = try_open (data);
  g_autoptr (GError) error = NULL;

  g_assert_null (tag_file_open (fd, &error));
  g_assert_error (error, TAGS_ERROR, REASON_UNWRITABLE_FORMAT);
  close (fd);
}

/* Any bytes are read or refused, and if they can be written, also taken back. */
static void
try_damaged (GBytes *data)
{
  char *jazz[] = { "Jazz", NULL };
  TagState wanted = { 0 };
  int fd = try_open (data);
  g_autoptr (GError) error = NULL;
  g_autoptr (TagFile) file = tag_file_open (fd, NULL), changed = NULL,
                      back = NULL;

  if (file) {
    set_wanted (tag_file_get_state (file), jazz, &wanted);
    changed = tag_file_change (file, &wanted, &options, NULL);
  }
  if (changed)
    back = tag_file_change (
        changed, tag_file_get_state (file), &options, &error);
  g_assert_no_error (error);
  tag_state_clear (&wanted);
  close (fd);
}

void
try_damage (GBytes *data, guint n, gsize range)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  gsize length;
  const guint8 *bytes = g_bytes_get_data (data, &length);

  range = MIN (range, length);
  for (guint i = 0; i < n; i++) {
    gsize size = i % 4 ? length
                       : (gsize) g_rand_int_range (random, 1, (gint32) length);
    guint8 *damaged = g_memdup2 (bytes, size);
    g_autoptr (GBytes) all = NULL;

    for (guint j = 0; j < 1 + i % 8; j++) {
      gsize at = (gsize) g_rand_int_range (random, 0, (gint32) range);

      if (at < size)
        damaged[at] = (guint8) (j % 2 ? g_rand_int (random)
                                      : damaged[at] ^ 1u << i % 8);
    }
    all = g_bytes_new_take (damaged, size);
    try_damaged (all);
  }
}

GBytes *
try_join (const void *first, ...)
{
  GByteArray *all = g_byte_array_new ();
  va_list arguments;

  va_start (arguments, first);
  for (const void *part = first; part; part = va_arg (arguments, const void *))
    g_byte_array_append (all, part, (guint) va_arg (arguments, gsize));
  va_end (arguments);
  return g_byte_array_free_to_bytes (all);
}

GBytes *
try_make_flac (void)
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
  return g_byte_array_free_to_bytes (data);
}
