/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Genres in FLAC files that are made block by block. */

#include <string.h>

#include "try.h"

static char *jazz[] = { "Jazz", NULL };
static char *two[] = { "Jazz", "Rock", NULL };

enum
{
  STREAMINFO,
  PADDING,
  COMMENT = 4,
  PICTURE = 6,
  LAST = 0x80
};

static void
add_block (GByteArray *file, guint type, const void *data, gsize size)
{
  guint8 header[4] = { (guint8) type, 0, (guint8) (size >> 8), (guint8) size };

  g_byte_array_append (file, header, sizeof header);
  g_byte_array_append (file, data, (guint) size);
}

/* @fields: each with its length as a byte in front; @behind: bytes behind them */
static void
add_comment (
    GByteArray *file, guint type, const char *fields, gsize size, guint behind)
{
  g_autoptr (GByteArray) data = g_byte_array_new ();
  guint8 n[4] = { 0 };
  static const guint8 zeros[16];

  g_byte_array_append (data, (const guint8 *) "\4\0\0\0made", 8);
  g_byte_array_append (data, n, sizeof n);
  for (gsize i = 0; i < size; i += 1 + (guint8) fields[i]) {
    guint8 length[4] = { (guint8) fields[i] };

    g_byte_array_append (data, length, sizeof length);
    g_byte_array_append (data, (const guint8 *) fields + i + 1, length[0]);
    n[0]++;
  }
  memcpy (data->data + 8, n, sizeof n);
  g_byte_array_append (data, zeros, behind);
  add_block (file, type, data->data, data->len);
}

#define ADD_COMMENT(file, type, fields, behind)                                \
  add_comment (file, type, fields, sizeof (fields) - 1, behind)

static GByteArray *
begin (const char *in_front)
{
  static const guint8 info[34];
  GByteArray *file = g_byte_array_new ();

  if (in_front)
    g_byte_array_append (file, (const guint8 *) in_front, 10 + 9);
  g_byte_array_append (file, (const guint8 *) "fLaC", 4);
  add_block (file, STREAMINFO, info, sizeof info);
  return file;
}

static GBytes *
end (GByteArray *file)
{
  static const guint8 audio[100] = { 0xff, 0xf8 };

  g_byte_array_append (file, audio, sizeof audio);
  return g_byte_array_free_to_bytes (file);
}

/* Writes two genres, and takes them back. */
static void
check (GByteArray *file)
{
  g_autoptr (GBytes) data = end (file);
  g_autoptr (GBytes) made = try_write (data, two, TRUE);

  try_assert_genres (made, TAG_XIPH, "Jazz;Rock");
}

static void
test_fields (void)
{
  GByteArray *file = begin (NULL);

  /* lower case, a line break, no value, no name, neither, a NUL, Latin-1, twice */
  ADD_COMMENT (file, LAST | COMMENT,
      "\7title=A\4a=\nb\7ARTIST=\2=x\0\5x=y\0z\4k=\xe4\xf6\4z=z1\4z=z2", 0);
  check (file);
}

static void
test_old_field (void)
{
  GByteArray *file = begin (NULL);
  g_autoptr (GBytes) data = NULL, made = NULL;

  ADD_COMMENT (file, LAST | COMMENT, "\3a=1\11Genre=Pop\3b=2\11GENRE=Ska", 0);
  data = end (file);
  made = try_write (data, jazz, TRUE);
  try_assert_genres (made, TAG_XIPH, "Jazz");
  /* in the place of the first, as it is spelled */
  g_assert_nonnull (g_strstr_len ((const char *) g_bytes_get_data (made, NULL) +
          4 + 38 + 4 + 12 + 4 + 3 + 4,
      10, "Genre=Jazz"));
}

static void
test_no_comment (void)
{
  GByteArray *file = g_byte_array_new ();
  static const guint8 info[34];

  g_byte_array_append (file, (const guint8 *) "fLaC", 4);
  add_block (file, LAST | STREAMINFO, info, sizeof info);
  check (file);
  file = begin (NULL);
  add_block (file, LAST | PADDING, info, sizeof info);
  check (file);
}

static void
test_several_comments (void)
{
  GByteArray *file = begin (NULL);
  g_autoptr (GBytes) data = NULL;

  /* an empty one stands in front */
  ADD_COMMENT (file, COMMENT, "", 0);
  ADD_COMMENT (file, LAST | COMMENT, "\3a=1", 0);
  check (file);
  /* the second has the genre */
  file = begin (NULL);
  ADD_COMMENT (file, COMMENT, "\3a=1", 0);
  add_block (file, PICTURE, "picture", 7);
  ADD_COMMENT (file, LAST | COMMENT, "\3b=1\11genre=Pop", 0);
  check (file);
  file = begin (NULL);
  ADD_COMMENT (file, COMMENT, "\11genre=Ska", 0);
  ADD_COMMENT (file, LAST | COMMENT, "\11genre=Pop", 0);
  data = end (file);
  try_assert_obstacle (data, "Vorbis comments");
}

static void
test_behind_comment (void)
{
  GByteArray *file = begin (NULL);

  ADD_COMMENT (file, LAST | COMMENT, "\3a=1", 9);
  check (file);
  file = begin (NULL);
  ADD_COMMENT (file, LAST | COMMENT, "", 3);
  check (file);
}

static void
test_id3v2_in_front (void)
{
  GByteArray *file = begin ("ID3\3\0\0\0\0\0\11frame....");

  ADD_COMMENT (file, LAST | COMMENT, "\3a=1", 0);
  check (file);
}

static void
test_damaged_blocks (void)
{
  GByteArray *file = begin (NULL);
  g_autoptr (GBytes) data = NULL, other = NULL;

  add_block (file, PICTURE, "picture", 7);
  file->data[4 + 38 + 2] = 99;
  data = end (file);
  try_assert_obstacle (data, "metadata block 1 (PICTURE)");
  file = begin (NULL);
  add_block (file, LAST | COMMENT, "\1\0\0\0", 4);
  other = end (file);
  try_assert_obstacle (other, "vendor's name");
}

static void
test_damage (void)
{
  GByteArray *file = begin (NULL);
  g_autoptr (GBytes) data = NULL;

  ADD_COMMENT (file, COMMENT, "\7title=A\4z=z1\4z=z2", 0);
  add_block (file, PICTURE, "picture", 7);
  ADD_COMMENT (file, LAST | COMMENT, "\11genre=Pop", 5);
  data = end (file);
  try_damage (data, 1000, 160);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/flac/fields", test_fields);
  g_test_add_func ("/flac/old-field", test_old_field);
  g_test_add_func ("/flac/no-comment", test_no_comment);
  g_test_add_func ("/flac/several-comments", test_several_comments);
  g_test_add_func ("/flac/behind-comment", test_behind_comment);
  g_test_add_func ("/flac/id3v2-in-front", test_id3v2_in_front);
  g_test_add_func ("/flac/damaged-blocks", test_damaged_blocks);
  g_test_add_func ("/flac/damage", test_damage);
  return g_test_run ();
}
