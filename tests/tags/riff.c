/* SPDX-License-Identifier: GPL-2.0-or-later */

/* WAV and AIFF: whole ones, and those whose sizes are wrong or not known. */

#define _GNU_SOURCE /* memmem() */

#include <string.h>
#include <unistd.h>

#include <gst/gst.h>

#include "try.h"

static char *two[] = { "Jazz", "Größe", NULL };

/* A file that is being made. */
typedef struct
{
  GByteArray *data;
  gboolean is_big_endian;
} File;

#define ITEM(id, text) id, text, sizeof text
#define ISFT "ISFT\4\0\0\0me!\0"
#define INAM "INAM\2\0\0\0A\0"
#define IGNR "IGNR\4\0\0\0Pop\0"
#define TIT2 "TIT2\0\0\0\3\0\0\3AB"
#define TCON "TCON\0\0\0\5\0\0\3Rock"

static void
put_uint32 (const File *file, guint offset, guint32 value)
{
  if (file->is_big_endian)
    GST_WRITE_UINT32_BE (file->data->data + offset, value);
  else
    GST_WRITE_UINT32_LE (file->data->data + offset, value);
}

static guint32
get_uint32 (GBytes *data, guint offset)
{
  return GST_READ_UINT32_LE (
      (const guint8 *) g_bytes_get_data (data, NULL) + offset);
}

static void
add (File *file, const char *bytes, gsize length)
{
  g_byte_array_append (file->data, (const guint8 *) bytes, (guint) length);
}

#define ADD(file, bytes) add (file, bytes, sizeof bytes - 1)

/* Without the pad byte. */
static void
add_odd_chunk (File *file, const char *id, const char *content, gsize length)
{
  guint start = file->data->len;

  add (file, id, 4);
  add (file, "....", 4);
  add (file, content, length);
  put_uint32 (file, start + 4, (guint32) length);
}

static void
add_chunk (File *file, const char *id, const char *content, gsize length)
{
  add_odd_chunk (file, id, content, length);
  if (length & 1)
    add (file, "", 1);
}

#define CHUNK(file, id, content)                                               \
  add_chunk (file, id, content, sizeof content - 1)

/* "RIFF....WAVE" and a format. */
static void
begin (File *file)
{
  file->data = g_byte_array_new ();
  file->is_big_endian = FALSE;
  ADD (file, "RIFF....WAVE");
  CHUNK (file, "fmt ", "\1\0\1\0\1\0\0\0\1\0\0\0\1\0\10\0");
}

static void
begin_aiff (File *file)
{
  file->data = g_byte_array_new ();
  file->is_big_endian = TRUE;
  ADD (file, "FORM....AIFC");
  CHUNK (file, "COMM", "\0\1\0\0\0\7\0\10\100\13\372\0\0\0\0\0\0\0NONE\0\0");
}

static const char audio[] = "odd audio";

static GBytes *
end_with_size (File *file, guint32 size)
{
  put_uint32 (file, 4, size);
  return g_byte_array_free_to_bytes (file->data);
}

static GBytes *
end (File *file)
{
  return end_with_size (file, file->data->len - 8);
}

static void
add_info (File *file, const char *items, gsize length)
{
  g_autoptr (GBytes) list = try_join ("INFO", (gsize) 4, items, length, NULL);

  add_chunk (
      file, "LIST", g_bytes_get_data (list, NULL), g_bytes_get_size (list));
}

#define INFO(file, items) add_info (file, items, sizeof items - 1)

/* A tag of these frames, and padding of 5 bytes. */
static void
add_id3 (File *file, const char *id, const char *frames, gsize length)
{
  g_autoptr (GBytes) tag = try_join ("ID3\4\0\0\0\0\0.", (gsize) 10, frames,
      length, "\0\0\0\0", (gsize) 5, NULL);
  guint start = file->data->len;

  add_chunk (file, id, g_bytes_get_data (tag, NULL), g_bytes_get_size (tag));
  file->data->data[start + 8 + 9] = (guint8) (length + 5);
}

#define ID3(file, id, frames) add_id3 (file, id, frames, sizeof frames - 1)

/* Where these bytes are. */
static gsize
find (GBytes *data, const char *bytes)
{
  gsize size;
  const char *all = g_bytes_get_data (data, &size);
  const char *found = memmem (all, size, bytes, strlen (bytes));

  g_assert_nonnull (found);
  return (gsize) (found - all);
}

/* Writes two genres, and gives what was written.  INFO and ID3v2 have them then, or
 * are not there. */
static GBytes *
write_both (GBytes *data, gboolean has_info, gboolean has_id3)
{
  GBytes *made = try_write (data, two, TRUE);

  try_assert_genres (made, TAG_INFO, has_info ? "Jazz; Größe" : "none");
  try_assert_genres (made, TAG_ID3V2, has_id3 ? "Jazz;Größe" : "none");
  return made;
}

/* The genre goes into the tags that a file has. */
static void
test_kinds (void)
{
  static const struct
  {
    const char *items, *frames;
    gboolean has_info, has_id3;
  } cases[] = {
    { NULL, NULL, TRUE, TRUE },
    { INAM, NULL, TRUE, FALSE },
    /* says nothing of the music */
    { "ISFT\4\0\0\0me!", NULL, TRUE, TRUE },
    { NULL, "", FALSE, TRUE },
    { INAM, "", TRUE, TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    File file;
    g_autoptr (GBytes) data = NULL, made = NULL;

    begin (&file);
    if (cases[i].items)
      add_info (&file, cases[i].items, i == 2 ? 12 : 10);
    CHUNK (&file, "data", audio);
    CHUNK (&file, "cue ", "\0\0\0");
    if (cases[i].frames)
      ID3 (&file, "ID3 ", TIT2);
    data = end (&file);
    made = write_both (data, cases[i].has_info, cases[i].has_id3);
    g_assert_cmpuint (get_uint32 (made, 4), ==, g_bytes_get_size (made) - 8);
    /* the audio stays in its place unless a list stands in front of it */
    if (!cases[i].items)
      g_assert_cmpuint (find (made, audio), ==, find (data, audio));
  }
}

/* Of several, the one with a genre. */
static void
test_several (void)
{
  File file;
  g_autoptr (GBytes) data = NULL, made = NULL;

  begin (&file);
  INFO (&file, "");
  ID3 (&file, "id3 ", "");
  CHUNK (&file, "data", audio);
  INFO (&file, IGNR INAM);
  INFO (&file, ISFT);
  ID3 (&file, "id3 ", TIT2 TCON);
  ID3 (&file, "ID3 ", TIT2);
  data = end (&file);
  try_assert_genres (data, TAG_INFO, "Pop");
  try_assert_genres (data, TAG_ID3V2, "Rock");
  made = write_both (data, TRUE, TRUE);
  g_assert_cmpuint (find (made, "IGNR"), <, find (made, "INAM"));
}

/* Two with a genre: it cannot become another one. */
static void
test_rivals (void)
{
  File file;
  g_autoptr (GBytes) lists = NULL, tags = NULL, different = NULL;

  begin (&file);
  INFO (&file, IGNR);
  CHUNK (&file, "data", audio);
  INFO (&file, IGNR INAM);
  lists = end (&file);
  try_assert_refused (
      lists, two, "two lists INFO with a genre, at byte 36 and");

  begin (&file);
  CHUNK (&file, "data", audio);
  ID3 (&file, "id3 ", TIT2 TCON);
  ID3 (&file, "ID3 ", TCON);
  tags = end (&file);
  try_assert_refused (tags, two, "two chunks with an ID3v2 tag");

  begin (&file);
  INFO (&file, IGNR);
  CHUNK (&file, "data", audio);
  INFO (&file, "IGNR\4\0\0\0Ska\0");
  different = end (&file);
  try_assert_obstacle (different, "two lists INFO");
}

static void
test_many_items (void)
{
  File file;
  GString *items = g_string_new (NULL);
  g_autoptr (GBytes) data = NULL;

  for (guint i = 0; i < 65537; i++)
    g_string_append_len (items, INAM, 10);
  begin (&file);
  CHUNK (&file, "data", audio);
  add_info (&file, items->str, items->len);
  data = end (&file);
  try_assert_obstacle (data, "too many items");
  g_string_free (items, TRUE);
}

/* What the list says beside its items stays. */
static void
test_odd_info (void)
{
  static const struct
  {
    const char *items;
    gsize length;
  } cases[] = {
    { INAM "\0\0\0", 13 }, /* behind them */
    { INAM "\0\0\0\0\0\0\0\0\0\0", 20 },
    { INAM IGNR "INAM\3\0\0\0ABC", 33 }, /* without a pad byte */
    { INAM "IGNR\3\0\0\0Pop", 21 }, { INAM IGNR "IGNR\5\0\0\0Rock\0", 36 },
    { "IART\4\0\0\0\377\376a\200" INAM, 22 },   /* of an unknown encoding */
    { "ISFT\3\0\0\0abcINAM\4\0\0\0abcd", 23 },  /* none at all */
    { "ISFT\3\0\0\0abcxINAM\4\0\0\0abcd", 24 }, /* which are not 0 */
  };
  File file;
  g_autoptr (GBytes) cut = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GBytes) data = NULL, made = NULL;

    begin (&file);
    add_info (&file, cases[i].items, cases[i].length);
    CHUNK (&file, "data", audio);
    data = end (&file);
    made = write_both (data, TRUE, FALSE);
  }
  begin (&file);
  INFO (&file, "INAM\17\0\0\0A");
  CHUNK (&file, "data", audio);
  cut = end (&file);
  try_assert_obstacle (cut, "within its item INAM");
}

/* A program that writes into a pipe cannot know how long the audio will be. */
static void
test_unknown_size (void)
{
  static const guint32 sizes[][2] = { { 0xffffffff, 0xffffffff },
    { 0x7ffff024, 0x7ffff000 }, { 0x80000024, 0x80000000 }, { 0, 0 }, { 36, 0 },
    { 0xffffffff, 0 }, { 0, 0xffffffff } };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    File file;
    g_autoptr (GBytes) data = NULL, made = NULL;
    const guint32 size = sizes[i][0];

    begin (&file);
    CHUNK (&file, "data", audio);
    put_uint32 (&file, 40, sizes[i][1]);
    data = end_with_size (&file, size);
    made = write_both (data, TRUE, TRUE);
    g_assert_cmpuint (get_uint32 (made, 4), ==,
        size == 36 ? 36 + g_bytes_get_size (made) - g_bytes_get_size (data)
                   : size);
    /* nothing can stand behind it */
    g_assert_cmpuint (
        g_bytes_get_size (made) - find (made, audio), ==, sizeof audio);
  }
}

/* Where nothing can follow, because a pad byte is missing or something else stands
 * there, the new chunks come before the audio. */
static void
test_odd_ends (void)
{
  static const struct
  {
    int beside; /* what the header's size is beside the file's */
    const char *behind;
    gboolean is_behind; /* that the new chunks are behind the audio */
  } cases[] = {
    { 0, "", FALSE },    /* no pad byte */
    { 1, "", FALSE },    /* no pad byte, but counted */
    { -1, "\0", FALSE }, /* not counted */
    { 0, "\0", TRUE },
    { -3, "\0TAG", TRUE },                  /* other bytes behind the end */
    { 0, "\0\0\0\0\0\0\0\0\0\0\0", FALSE }, /* or before it */
    { -10, "\0LIST\2\0\0\0ab", FALSE },     /* a chunk */
    { 900, "\0", FALSE },
    { -8, "\0", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    static const gsize lengths[] = { 0, 0, 1, 1, 4, 11, 11, 1, 1 };
    File file;
    g_autoptr (GBytes) data = NULL, made = NULL;

    begin (&file);
    add_odd_chunk (&file, "data", audio, strlen (audio));
    add (&file, cases[i].behind, lengths[i]);
    data = end_with_size (
        &file, (guint32) ((int) file.data->len - 8 + cases[i].beside));
    made = write_both (data, TRUE, TRUE);
    g_assert_cmpint (
        find (made, "LIST") > find (made, audio), ==, cases[i].is_behind);
  }
}

/* Chunks of an odd size without pad bytes. */
static void
test_no_pad (void)
{
  File file;
  g_autoptr (GBytes) data = NULL, made = NULL;

  begin (&file);
  add_odd_chunk (&file, "bext", "odd", 3);
  INFO (&file, INAM);
  add_odd_chunk (&file, "data", audio, strlen (audio));
  CHUNK (&file, "cart", "c");
  data = end (&file);
  made = write_both (data, TRUE, FALSE);
}

/* An ID3v2 tag that is as long as can be, of which most is a hole. */
static void
test_full_id3 (void)
{
  const guint32 size = 256 << 20;
  File file;
  g_autoptr (GBytes) data = NULL;
  g_autoptr (TagFile) tag_file = NULL;
  TagState wanted = { .genres[TAG_ID3V2] = two, .genres[TAG_INFO] = two };
  EditOptions options = { FALSE };
  g_autoptr (GError) error = NULL;
  int fd;

  begin (&file);
  add_chunk (&file, "data", audio, strlen (audio));
  ADD (&file, "id3 ....ID3\4\0\0\177\177\177\166" TIT2);
  put_uint32 (&file, file.data->len - 10 - (sizeof TIT2 - 1) - 4, size);
  data = end_with_size (
      &file, file.data->len - 8 - 10 - (guint32) (sizeof TIT2 - 1) + size);
  fd = try_open (data);
  g_assert_cmpint (ftruncate (fd, 8 + (off_t) get_uint32 (data, 4)), ==, 0);
  tag_file = tag_file_open (fd, NULL);
  g_assert_null (tag_file_change (tag_file, &wanted, &options, &error));
  g_assert_nonnull (strstr (error->message, "longer than such a tag can be"));
  close (fd);
}

/* A pad byte that is not 0, but a letter: what begins with it would be a chunk as
 * well, one that has the next chunk in it. */
static void
test_odd_pad (void)
{
  static const char long_audio[5000];
  File file;
  g_autoptr (GBytes) data = NULL, made = NULL;

  begin (&file);
  add_odd_chunk (&file, "bext", "odd", 3);
  add (&file, "X", 1);
  INFO (&file, INAM);
  add_chunk (&file, "data", long_audio, sizeof long_audio);
  data = end (&file);
  made = write_both (data, TRUE, FALSE);
}

static GBytes *
make_rf64 (const char *magic, guint64 riff_size, guint64 data_size)
{
  File file;
  guint8 sizes[28] = { 0 };

  file.data = g_byte_array_new ();
  file.is_big_endian = FALSE;
  add (&file, magic, 4);
  ADD (&file, "....WAVE");
  GST_WRITE_UINT64_LE (sizes, riff_size);
  GST_WRITE_UINT64_LE (sizes + 8, data_size);
  add_chunk (&file, "ds64", (const char *) sizes, sizeof sizes);
  CHUNK (&file, "data", "an audio");
  put_uint32 (&file, 52, 0xffffffff);
  INFO (&file, INAM);
  return end_with_size (&file, 0xffffffff);
}

/* In front of the audio, as it is the last that some programs know the size of. */
static void
test_new_in_rf64 (void)
{
  File file;
  guint8 sizes[28] = { 48 + 8, 0, 0, 0, 0, 0, 0, 0, 8 };
  g_autoptr (GBytes) data = NULL, made = NULL;

  file.data = g_byte_array_new ();
  file.is_big_endian = FALSE;
  ADD (&file, "RF64....WAVE");
  add_chunk (&file, "ds64", (const char *) sizes, sizeof sizes);
  CHUNK (&file, "data", "an audio");
  put_uint32 (&file, 52, 0xffffffff);
  data = end_with_size (&file, 0xffffffff);
  made = write_both (data, TRUE, TRUE);
  g_assert_cmpuint (find (made, "an audio"), ==, g_bytes_get_size (made) - 8);
}

static void
test_rf64 (void)
{
  g_autoptr (GBytes) data = make_rf64 ("RF64", 78, 8);
  g_autoptr (GBytes) made = write_both (data, TRUE, FALSE);
  g_autoptr (GBytes) wave = make_rf64 ("BW64", 78, 8);
  g_autoptr (GBytes) made_wave = write_both (wave, TRUE, FALSE);
  /* from a pipe: then the list is part of the audio */
  g_autoptr (GBytes) pipe = make_rf64 ("RF64", 0, 0);
  g_autoptr (GBytes) made_pipe = write_both (pipe, TRUE, TRUE);

  g_assert_cmphex (get_uint32 (made, 4), ==, 0xffffffff);
  g_assert_cmpuint (get_uint32 (made, 20), ==, g_bytes_get_size (made) - 8);
}

static GBytes *
make_aiff (void)
{
  File file;

  begin_aiff (&file);
  CHUNK (&file, "NAME", "odd");
  ID3 (&file, "ID3 ", TIT2 TCON);
  CHUNK (&file, "SSND", audio);
  CHUNK (&file, "ANNO", "text");
  return end (&file);
}

static void
test_aiff (void)
{
  File file;
  g_autoptr (GBytes) data = make_aiff (), made = NULL, bare = NULL,
                     made_bare = NULL;

  try_assert_genres (data, TAG_ID3V2, "Rock");
  made = write_both (data, FALSE, TRUE);
  begin_aiff (&file);
  CHUNK (&file, "SSND", audio);
  bare = end (&file);
  made_bare = write_both (bare, FALSE, TRUE);
  g_assert_cmpuint (find (made_bare, "ID3 "), >, find (made_bare, audio));
}

static void
test_obstacles (void)
{
  File file;
  g_autoptr (GBytes) cut = NULL, no_tag = NULL, other = NULL, front = NULL,
                     no_data = NULL, no_ds64 = NULL, end_cut = NULL;

  begin (&file);
  CHUNK (&file, "data", audio);
  put_uint32 (&file, 40, 4000);
  cut = end_with_size (&file, 4036);
  try_assert_obstacle (cut, "chunk \"data\" (number 2) is to have 4000 bytes");

  begin (&file);
  CHUNK (&file, "data", audio);
  CHUNK (&file, "cart", audio);
  put_uint32 (&file, file.data->len - 14, 11);
  end_cut = end (&file);
  try_assert_obstacle (end_cut, "chunk \"cart\"");

  begin (&file);
  CHUNK (&file, "data", audio);
  CHUNK (&file, "id3 ", "ID3\4\0\0\0\0\1\0");
  no_tag = end (&file);
  try_assert_obstacle (no_tag, "chunk \"id3 \" has no whole ID3v2 tag");

  begin (&file);
  CHUNK (&file, "data", audio);
  CHUNK (&file, "id3 ", "TAG\4\0\0\0\0\0\0");
  other = end (&file);
  try_assert_obstacle (other, "chunk \"id3 \" has no whole ID3v2 tag");

  front = try_join ("ID3\4\0\0\0\0\0\0", (gsize) 10,
      g_bytes_get_data (cut, NULL), g_bytes_get_size (cut), NULL);
  try_assert_obstacle (front, "in front of its header");

  begin (&file);
  CHUNK (&file, "data", audio);
  memcpy (file.data->data, "RF64", 4);
  no_ds64 = end (&file);
  try_assert_obstacle (no_ds64, "first chunk is not \"ds64\"");

  begin (&file);
  no_data = end_with_size (&file, 0);
  try_assert_obstacle (no_data, "no chunk \"data\"");
}

/* Others that begin alike. */
static void
test_unknown (void)
{
  static const char *const headers[] = { "RIFF\4\0\0\0AVI ",
    "riff\56\221\317\21WAVE", "FORM\0\0\0\0048SVX", "RIFX\0\0\0\4WAVE" };

  for (guint i = 0; i < G_N_ELEMENTS (headers); i++) {
    g_autoptr (GBytes) data = g_bytes_new_static (headers[i], 12);

    try_assert_unknown (data);
  }
}

static void
test_damaged (void)
{
  File file;
  g_autoptr (GBytes) data = NULL, aiff = make_aiff (),
                     rf64 = make_rf64 ("RF64", 78, 8);

  begin (&file);
  INFO (&file, INAM IGNR ISFT);
  CHUNK (&file, "data", audio);
  CHUNK (&file, "JUNK", "12345");
  ID3 (&file, "id3 ", TIT2 TCON);
  data = end (&file);
  try_damage (data, 1500, 500);
  try_damage (aiff, 500, 500);
  try_damage (rf64, 500, 500);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/riff/kinds", test_kinds);
  g_test_add_func ("/riff/several", test_several);
  g_test_add_func ("/riff/rivals", test_rivals);
  g_test_add_func ("/riff/many-items", test_many_items);
  g_test_add_func ("/riff/odd-info", test_odd_info);
  g_test_add_func ("/riff/unknown-size", test_unknown_size);
  g_test_add_func ("/riff/odd-ends", test_odd_ends);
  g_test_add_func ("/riff/no-pad", test_no_pad);
  g_test_add_func ("/riff/odd-pad", test_odd_pad);
  g_test_add_func ("/riff/full-id3", test_full_id3);
  g_test_add_func ("/riff/rf64", test_rf64);
  g_test_add_func ("/riff/new-in-rf64", test_new_in_rf64);
  g_test_add_func ("/riff/aiff", test_aiff);
  g_test_add_func ("/riff/obstacles", test_obstacles);
  g_test_add_func ("/riff/unknown", test_unknown);
  g_test_add_func ("/riff/damaged", test_damaged);
  return g_test_run ();
}
