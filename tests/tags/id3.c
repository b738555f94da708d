/* SPDX-License-Identifier: GPL-2.0-or-later */

/* ID3v2, ID3v1, APE and Lyrics3 around MPEG audio: what is odd stays as it is. */

#include <string.h>
#include <unistd.h>

#include <gst/gst.h>
#include <zlib.h>

#include "mpegbytes.h"
#include "tags/formats/id3genres.h"
#include "try.h"

#define N_FRAMES 4

/* bytes with their length */
#define BYTES(text) text, sizeof (text) - 1

static char *one[] = { "Jazz", NULL };
static char *two[] = { "Jazz", "Hip-Hop/Rap", NULL };
static char *cyrillic[] = { "\320\240\320\276\320\272", NULL };

static void
write_synchsafe (guint8 *bytes, gsize number)
{
  for (guint i = 0; i < 4; i++)
    bytes[i] = (number >> (21 - 7 * i)) & 0x7f;
}

/* How frames are written. */
typedef enum
{
  V22,
  V23,
  V24,
  V24_PLAIN /* with the sizes of 2.3 */
} Version;

static void
add_frame (GByteArray *frames, Version version, const char *id, guint8 flags,
    const void *content, gsize length)
{
  guint8 header[10] = { 0 };

  memcpy (header, id, strlen (id));
  header[9] = flags;
  if (version == V22)
    GST_WRITE_UINT24_BE (header + 3, length);
  else if (version == V24)
    write_synchsafe (header + 4, length);
  else
    GST_WRITE_UINT32_BE (header + 4, length);
  g_byte_array_append (frames, header, version == V22 ? 6 : 10);
  g_byte_array_append (frames, content, (guint) length);
}

static void
unsynchronise (GByteArray *data)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();

  for (guint i = 0; i < data->len; i++) {
    g_byte_array_append (out, data->data + i, 1);
    if (data->data[i] == 0xff &&
        (i + 1 == data->len || !data->data[i + 1] || data->data[i + 1] > 0xdf))
      g_byte_array_append (out, (const guint8 *) "", 1);
  }
  g_byte_array_set_size (data, 0);
  g_byte_array_append (data, out->data, out->len);
}

static GByteArray *
make_tag (guint8 version, guint8 flags, const GByteArray *frames,
    const char *padding, gsize n)
{
  GByteArray *tag = g_byte_array_new ();
  guint8 header[10] = { 'I', 'D', '3', version, 0, flags };

  write_synchsafe (header + 6, frames->len + n);
  g_byte_array_append (tag, header, sizeof header);
  g_byte_array_append (tag, frames->data, frames->len);
  g_byte_array_append (tag, (const guint8 *) padding, (guint) n);
  if (version == 4 && (flags & 0x10)) {
    memcpy (header, "3DI", 3);
    g_byte_array_append (tag, header, sizeof header);
  }
  return tag;
}

/* A file: a tag, audio, and something behind it. */
static GBytes *
make_file (const GByteArray *tag, const char *behind, gsize n)
{
  GByteArray *data = g_byte_array_new ();

  if (tag)
    g_byte_array_append (data, tag->data, tag->len);
  append_frames (data, N_FRAMES);
  g_byte_array_append (data, (const guint8 *) behind, (guint) n);
  return g_byte_array_free_to_bytes (data);
}

/* Writes several genres, and takes them back. */
static void
try_all (GBytes *data)
{
  char **const all[] = { one, two, cyrillic };

  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    g_bytes_unref (try_write (data, all[i], TRUE));
}

static gboolean
has_bytes (GBytes *data, const char *bytes, gsize n)
{
  gsize size;
  const void *all = g_bytes_get_data (data, &size);

  for (gsize i = 0; i + n <= size; i++) {
    if (!memcmp ((const guint8 *) all + i, bytes, n))
      return TRUE;
  }
  return FALSE;
}

static const struct
{
  const char *text;
  gsize length;
  const char *names;
} texts[] = {
  { BYTES ("Rock"), "Rock" },
  { BYTES (" Rock \0"), "Rock" },
  { BYTES ("Rock\0Jazz"), "Rock;Jazz" },
  { BYTES ("Rock/Pop"), "Rock/Pop" },
  { BYTES ("17"), "Rock" },
  { BYTES ("(17)"), "Rock" },
  { BYTES ("(17)Rock"), "Rock" },
  { BYTES ("(17)(4)Eurodisco"), "Rock;Disco;Eurodisco" },
  { BYTES ("((Refinement)"), "(Refinement)" },
  { BYTES ("(17)((x"), "Rock;(x" },
  { BYTES ("(RX)"), "Remix" },
  { BYTES ("CR"), "Cover" },
  { BYTES ("(183)"), "Audiobook" },
  { BYTES ("191"), "Psybient" },
  { BYTES ("(192)"), "(192)" },
  { BYTES ("(Not a number)"), "(Not a number)" },
  { BYTES ("(17"), "(17" },
  { BYTES ("("), "(" },
  { BYTES ("\0\0"), "" },
};

static void
test_genres (void)
{
  static const char *const names[] = { "Rock", "(17) Rock", "((", "(Soul)" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (GPtrArray) parsed = g_ptr_array_new_with_free_func (g_free);
    g_autofree char *joined = NULL;

    id3_genre_parse (texts[i].text, texts[i].length, parsed);
    g_ptr_array_add (parsed, NULL);
    joined = g_strjoinv (";", (char **) parsed->pdata);
    g_assert_cmpstr (joined, ==, texts[i].names);
  }
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (GPtrArray) parsed = g_ptr_array_new_with_free_func (g_free);
    g_autofree char *text = id3_genre_format (names[i]);

    id3_genre_parse (text, strlen (text), parsed);
    g_assert_cmpuint (parsed->len, ==, 1);
    g_assert_cmpstr (parsed->pdata[0], ==, names[i]);
  }
  g_assert_cmpint (id3_genre_find ("hip-hop"), ==, 7);
  g_assert_cmpint (id3_genre_find ("Odd"), ==, -1);
}

/* Frames that other programs would not understand, or print anew in another way. */
static void
add_odd_frames (GByteArray *frames, Version version, const char *genre_id,
    const char *genre, gsize n)
{
  gboolean is_v22 = version == V22;

  add_frame (frames, version, is_v22 ? "TXX" : "TXXX", 0,
      BYTES ("\1m\0o\0o\0d\0\0\0h\0"));
  add_frame (frames, version, is_v22 ? "TSS" : "TSST", 0,
      BYTES ("\3\351 is no UTF-8"));
  add_frame (frames, version, genre_id, 0, genre, n);
  add_frame (frames, version, is_v22 ? "XYZ" : "XYZW", 0,
      BYTES ("\xff\xfe\0\xff\xff\0\0"));
  add_frame (frames, version, is_v22 ? "COM" : "COMM", 0,
      BYTES (
          "\0eng\0a comment that is long enough for its size to be another "
          "one in synchsafe numbers: 0123456789012345678901234567890123456789"
          "0123456789"));
  if (version == V23 || version == V24)
    add_frame (frames, version, "TPE1", version == V23 ? 0xc0 : 0x0f,
        BYTES ("\0\0\0\5\200secret"));
}

static void
test_versions (void)
{
  static const struct
  {
    guint8 major, flags;
    Version version;
    const char *id;
  } tags[] = { { 2, 0, V22, "TCO" }, { 3, 0, V23, "TCON" },
    { 4, 0, V24, "TCON" }, { 4, 0, V24_PLAIN, "TCON" }, { 3, 0, V23, "TCO" },
    { 2, 0x80, V22, "TCO" }, { 3, 0x80, V23, "TCON" },
    { 4, 0x80, V24, "TCON" } };
  static const char genre[] = "\1\xff\xfe(\0001\0007\0)\0P\0o\0p";

  for (guint i = 0; i < G_N_ELEMENTS (tags); i++) {
    g_autoptr (GByteArray) frames = g_byte_array_new (), tag = NULL;
    g_autoptr (GBytes) data = NULL, written = NULL;

    add_odd_frames (frames, tags[i].version, tags[i].id, genre, sizeof genre);
    if (tags[i].flags && tags[i].major < 4)
      unsynchronise (frames);
    tag = make_tag (tags[i].major, tags[i].flags, frames,
        BYTES ("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0 garbage \xff\xfb"));
    data = make_file (tag, BYTES (""));
    if (!(tags[i].major == 4 && tags[i].flags))
      try_assert_genres (data, TAG_ID3V2, "Rock;Pop");
    try_all (data);
    written = try_write (data, one, TRUE);
    try_assert_genres (written, TAG_ID3V2, "Jazz");
    try_damage (data, 200, 200);
  }
}

/* Unsynchronised by programs that count the bytes that this puts in, or that put in
 * more than they must. */
static void
test_odd_unsynchronisation (void)
{
  g_autoptr (GByteArray) content = g_byte_array_new (), tag = NULL,
                         frames = g_byte_array_new ();
  g_autoptr (GBytes) counted = NULL, more = NULL;

  g_byte_array_append (
      content, (const guint8 *) "\1\xff\xfeR\0o\0\0\xff\xff", 10);
  unsynchronise (content);
  add_frame (frames, V23, "TALB", 0, content->data, content->len);
  add_frame (frames, V23, "TCON", 0, BYTES ("\0Pop"));
  tag = make_tag (3, 0x80, frames, BYTES (""));
  counted = make_file (tag, BYTES (""));
  try_assert_genres (counted, TAG_ID3V2, "Pop");
  try_all (counted);

  g_byte_array_set_size (frames, 0);
  g_byte_array_append (
      frames, (const guint8 *) BYTES ("TALB\0\0\0\4\0\0\0A\xff\0B"));
  add_frame (frames, V23, "TCON", 0, BYTES ("\0Pop\377"));
  g_byte_array_append (frames, (const guint8 *) "", 1);
  g_byte_array_unref (tag);
  tag = make_tag (3, 0x80, frames, BYTES ("\0\0\0"));
  more = make_file (tag, BYTES (""));
  try_assert_genres (more, TAG_ID3V2, "Pop\303\277");
  try_all (more);
}

/* How the genre may be stored. */
static void
test_stored_genre (void)
{
  static const guint8 unknown[] = "\200secret";
  guint8 packed[64] = { 0, 0, 0, 5 };
  uLongf n = sizeof packed - 4;
  const struct
  {
    Version version;
    guint8 flags;
    const void *content;
    gsize length;
    const char *genres; /* or what the obstacle says */
  } all[] = {
    { V23, 0x80, packed, 4 + n, "Rock" },
    { V24, 0x40, BYTES ("g\3Rock"), "Rock" },
    { V24, 0x03, BYTES ("\0\0\0\7\1\xff\0\xfeR\0o\0"), "Ro" },
    { V23, 0, BYTES (""), "" },
    { V23, 0, BYTES ("Rock"), "Rock" },
    { V23, 0, BYTES ("\1R\0o\0"), "Ro" },
    { V24, 0, BYTES ("\2\0R\0o\0\0\0P"), "Ro;P" },
    { V24, 0, BYTES ("\3\311t\351"), "\303\211t\303\251" },
    { V23, 0x40, unknown, sizeof unknown, "encrypted" },
    { V23, 0x80, unknown, sizeof unknown, "compression" },
  };

  g_assert_cmpint (
      compress (packed + 4, &n, (const guint8 *) "\0Rock", 5), ==, Z_OK);
  for (guint i = 0; i < G_N_ELEMENTS (all); i++) {
    g_autoptr (GByteArray) frames = g_byte_array_new (), tag = NULL;
    g_autoptr (GBytes) data = NULL;

    add_frame (frames, all[i].version, "TIT2", 0, BYTES ("\0A"));
    add_frame (frames, all[i].version, "TCON", all[i].flags, all[i].content,
        i == 0 ? 4 + n : all[i].length);
    tag = make_tag (all[i].version == V23 ? 3 : 4, 0, frames, BYTES (""));
    data = make_file (tag, BYTES (""));
    if (all[i].flags && *(const guint8 *) all[i].content == 0x80) {
      try_assert_obstacle (data, all[i].genres);
      continue;
    }
    try_assert_genres (data, TAG_ID3V2, all[i].genres);
    try_all (data);
  }
}

/* The encoding of the old frame is kept, if it can hold the text. */
static void
test_encodings (void)
{
  g_autoptr (GByteArray) frames = g_byte_array_new (), tag = NULL;
  g_autoptr (GBytes) data = NULL, latin = NULL, utf16 = NULL;

  add_frame (frames, V23, "TIT2", 0, BYTES ("\0A"));
  add_frame (frames, V23, "TCON", 0, BYTES ("\0Pop"));
  add_frame (frames, V23, "TXXX", 0, BYTES ("\0GenreClassify\0Pop"));
  add_frame (frames, V23, "TCON", 0, BYTES ("\0Rock"));
  tag = make_tag (3, 0, frames, BYTES (""));
  data = make_file (tag, BYTES (""));
  try_assert_genres (data, TAG_ID3V2, "Pop;Rock");
  latin = try_write (data, two, TRUE);
  g_assert_true (has_bytes (latin,
      BYTES ("ATCON\0\0\0\21\0\0\0Jazz\0Hip-Hop/Rap"
             "TXXX\0\0\0\25\0\0\0GenreClassify\0a test")));
  utf16 = try_write (data, cyrillic, TRUE);
  g_assert_true (has_bytes (
      utf16, BYTES ("TCON\0\0\0\11\0\0\1\xff\xfe\x20\4\x3e\4\x3a\4")));
}

/* Extended headers, whose checksums follow; a footer. */
static void
test_extended (void)
{
  g_autoptr (GByteArray) frames = g_byte_array_new (), v23 = NULL, v24 = NULL,
                         footer = NULL;
  g_autoptr (GBytes) first = NULL, second = NULL, third = NULL, fourth = NULL,
                     written = NULL;
  guint8 old[14] = { 0, 0, 0, 10, 0x80, 0, 0, 0, 0, 3 };
  guint8 new[14] = { 0, 0, 0, 14, 1, 0x30, 5, 0, 0, 0, 0, 0, 1, 0x55 };
  guint32 crc;

  add_frame (frames, V23, "TIT2", 0, BYTES ("\0A"));
  footer = make_tag (4, 0x10, frames, BYTES (""));
  third = make_file (footer, BYTES (""));
  try_all (third);
  /* what a flag says to be one, but is the audio */
  footer->data[footer->len - 10] = 'x';
  fourth = make_file (footer, BYTES (""));
  try_assert_obstacle (fourth, "footer");

  crc = (guint32) crc32 (0, frames->data, frames->len);
  GST_WRITE_UINT32_BE (old + 10, crc);
  g_byte_array_prepend (frames, old, sizeof old);
  v23 = make_tag (3, 0x40, frames, BYTES ("\0\0\0"));
  first = make_file (v23, BYTES (""));
  try_all (first);
  try_damage (first, 200, 40);
  written = try_write (first, one, TRUE);
  g_assert_false (has_bytes (written, (const char *) old, sizeof old));
  v23->data[20] ^= 1;
  g_bytes_unref (first);
  g_bytes_unref (written);
  first = make_file (v23, BYTES (""));
  written = try_write (first, one, TRUE);
  g_assert_true (has_bytes (written, (const char *) v23->data + 10, 14));

  g_byte_array_remove_range (frames, 0, sizeof old);
  g_byte_array_append (frames, (const guint8 *) "\0\0", 2);
  crc = (guint32) crc32 (0, frames->data, frames->len);
  new[7] = (guint8) (crc >> 28);
  write_synchsafe (new + 8, crc & 0xfffffff);
  memmove (new + 13, new + 12, 1);
  g_byte_array_prepend (frames, new, sizeof new);
  v24 = make_tag (4, 0x40, frames, BYTES (""));
  second = make_file (v24, BYTES (""));
  try_all (second);
  try_damage (second, 200, 40);
}

static void
test_obstacles (void)
{
  static const struct
  {
    const char *tag;
    gsize length;
    const char *words;
  } all[] = {
    { BYTES ("ID3\3\0\0\0\0\0\14TIT2\0\0\1\0\0\0\0A"), "TIT2" },
    { BYTES ("ID3\3\0\100\0\0\0\14\0\0\0\50\0\0\0\0\0\0\0A"), "extended" },
    { BYTES ("ID3\5\0\0\0\0\0\14TIT2\0\0\0\2\0\0\0A"), "version 2.5" },
    { BYTES ("ID3\2\0\100\0\0\0\10TT2\0\0\2\0A"), "compressed" },
    { BYTES ("ID3\3\0\0\377\0\0\14TIT2\0\0\0\2\0\0\0A"), "size" },
    { BYTES ("APETAGEX\320\7\0\0"), "APE" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (all); i++) {
    g_autoptr (GByteArray) data = g_byte_array_new ();
    g_autoptr (GBytes) bytes = NULL;

    g_byte_array_append (
        data, (const guint8 *) all[i].tag, (guint) all[i].length);
    append_frames (data, 70);
    bytes = g_bytes_new (data->data, data->len);
    try_assert_obstacle (bytes, all[i].words);
  }
}

/* Read as 2.4 has them, or as 2.3, the sizes lead to other places, and neither way to
 * the end of the tag: what is in the frame, and what behind it? */
static void
test_ambiguous_sizes (void)
{
  guint8 tag[10 + 10 + 300] = "ID3\4\0\0\0\0\2\66TIT2\0\0\1\2";
  g_autoptr (GByteArray) data = g_byte_array_new ();
  g_autoptr (GBytes) bytes = NULL;

  memset (tag + 20, 'x', 300);
  g_byte_array_append (data, tag, sizeof tag);
  append_frames (data, 70);
  bytes = g_bytes_new (data->data, data->len);
  try_assert_obstacle (bytes, "in two ways");
}

/* The new genre is where readers that stop at an empty frame see it. */
static void
test_empty_frame (void)
{
  g_autoptr (GByteArray) frames = g_byte_array_new (), tag = NULL;
  g_autoptr (GBytes) data = NULL, written = NULL;

  add_frame (frames, V23, "TIT2", 0, BYTES ("\0A"));
  add_frame (frames, V23, "TPE1", 0, BYTES (""));
  add_frame (frames, V23, "TALB", 0, BYTES ("\0B"));
  tag = make_tag (3, 0, frames, BYTES ("\0"));
  data = make_file (tag, BYTES (""));
  written = try_write (data, one, TRUE);
  g_assert_true (has_bytes (written, BYTES ("\0ATCON")));
  try_all (data);
}

#define APE_TAG                                                                \
  "APETAGEX\320\7\0\0\57\0\0\0\1\0\0\0\0\0\0\240"                              \
  "\0\0\0\0\0\0\0\0"                                                           \
  "\1\0\0\0\0\0\0\0Title\0A"                                                   \
  "APETAGEX\320\7\0\0\57\0\0\0\1\0\0\0\0\0\0\200"                              \
  "\0\0\0\0\0\0\0\0"
static const char ape_tag[] = APE_TAG;

/* Appends an ID3v1 tag. */
static void
append_id3v1 (GByteArray *data, guint8 genre)
{
  guint8 tag[128] = "TAGTitle";

  tag[127] = genre;
  g_byte_array_append (data, tag, sizeof tag);
}

static GBytes *
make_with_back (const char *bytes, gsize n, int genre)
{
  g_autoptr (GByteArray) back = g_byte_array_new ();

  g_byte_array_append (back, (const guint8 *) bytes, (guint) n);
  if (genre >= 0)
    append_id3v1 (back, (guint8) genre);
  return make_file (NULL, (const char *) back->data, back->len);
}

/* The genre goes into the tag that there is. */
static void
test_kinds (void)
{
  g_autoptr (GByteArray) frames = g_byte_array_new (), tag = NULL, back = NULL;
  g_autoptr (GBytes) none = make_file (NULL, BYTES ("")), ape = NULL, v1 = NULL,
                     both = NULL, all = NULL, written = NULL;
  static char *odd[] = { "Odd", NULL };

  try_all (none);
  written = try_write (none, two, TRUE);
  try_assert_genres (written, TAG_ID3V2, "Jazz;Hip-Hop/Rap");
  g_assert_true (g_bytes_get_size (written) < g_bytes_get_size (none) + 100);
  g_bytes_unref (written);

  ape = make_with_back (ape_tag, sizeof ape_tag - 1, -1);
  written = try_write (ape, two, TRUE);
  try_assert_genres (written, TAG_APE, "Jazz;Hip-Hop/Rap");
  try_assert_genres (written, TAG_ID3V2, "none");
  g_bytes_unref (written);

  v1 = make_with_back (BYTES (""), 17);
  try_assert_genres (v1, TAG_ID3V1, "Rock");
  written = try_write (v1, one, TRUE);
  try_assert_genres (written, TAG_ID3V1, "Jazz");
  try_assert_genres (written, TAG_ID3V2, "none");
  g_bytes_unref (written);

  /* an ID3v1 tag beside another one has no genre if the list lacks it */
  both = make_with_back (ape_tag, sizeof ape_tag - 1, 17);
  written = try_write (both, odd, TRUE);
  try_assert_genres (written, TAG_APE, "Odd");
  try_assert_genres (written, TAG_ID3V1, "");
  g_bytes_unref (written);

  add_frame (frames, V23, "TCON", 0, BYTES ("\0Pop"));
  tag = make_tag (3, 0, frames, BYTES (""));
  back = g_byte_array_new ();
  g_byte_array_append (back, (const guint8 *) ape_tag, sizeof ape_tag - 1);
  append_id3v1 (back, 17);
  all = make_file (tag, (const char *) back->data, back->len);
  written = try_write (all, one, TRUE);
  try_assert_genres (written, TAG_ID3V2, "Jazz");
  try_assert_genres (written, TAG_APE, "");
  try_assert_genres (written, TAG_ID3V1, "Jazz");
  try_damage (all, 300, g_bytes_get_size (all));
}

static void
test_unlisted (void)
{
  g_autoptr (GBytes) data = make_with_back (BYTES (""), 255);
  int fd = try_open (data);
  g_autoptr (TagFile) file = tag_file_open (fd, NULL);
  char *odd[] = { "Odd", NULL };
  TagState wanted = { .genres[TAG_ID3V1] = odd };
  EditOptions options = { FALSE };
  g_autoptr (GError) error = NULL;

  g_assert_null (tag_file_change (file, &wanted, &options, &error));
  g_assert_nonnull (strstr (error->message, "\"Odd\" is not in that list"));
  close (fd);
}

/* What else is there stays where it is. */
static void
test_neighbours (void)
{
  g_autoptr (GByteArray) frames = g_byte_array_new (), tag = NULL;
  g_autoptr (GBytes) lyrics1 = NULL, lyrics2 = NULL, other = NULL,
                     extended = NULL, appended = NULL, front = NULL;
  char plus[227] = "TAG+";

  lyrics1 = make_with_back (BYTES ("LYRICSBEGINlalaLYRICSEND"), 17);
  g_bytes_unref (try_write (lyrics1, one, TRUE));
  lyrics2 = make_with_back (
      BYTES (APE_TAG "LYRICSBEGININD0000200000021LYRICS200"), 17);
  try_assert_genres (lyrics2, TAG_APE, "");
  g_bytes_unref (try_write (lyrics2, one, TRUE));
  /* a beginning and a size are no lyrics without their end */
  other = make_with_back (
      BYTES (APE_TAG "LYRICSBEGININD0000200000021MELODY200"), 17);
  try_assert_genres (other, TAG_APE, "none");
  extended = make_with_back (plus, sizeof plus, 17);
  g_bytes_unref (try_write (extended, one, TRUE));

  add_frame (frames, V23, "TCON", 0, BYTES ("\0Pop"));
  tag = make_tag (4, 0x10, frames, BYTES (""));
  appended = make_with_back ((const char *) tag->data, tag->len, 17);
  try_assert_genres (appended, TAG_ID3V2, "Pop");
  try_all (appended);

  /* of several, one that has a genre */
  g_byte_array_prepend (tag, (const guint8 *) BYTES ("ID3\5\0\0\0\0\0\2??"));
  g_byte_array_prepend (
      tag, (const guint8 *) BYTES ("ID3\3\0\0\0\0\0\14TIT2\0\0\0\2\0\0\0A"));
  front = make_file (tag, BYTES (""));
  try_assert_genres (front, TAG_ID3V2, "Pop");
  try_all (front);
  try_damage (front, 200, tag->len);
}

/* What says a version that cannot be is no tag, but nothing else either. */
static void
test_impossible_versions (void)
{
  static const char *const headers[] = { "ID3\377\1", "ID3\4\377" };
  const guint8 rest[] = { 0, 0, 0, 0, 2, 'A', 'B' };

  for (guint i = 0; i < G_N_ELEMENTS (headers); i++) {
    GByteArray *bytes = g_byte_array_new ();
    g_autoptr (GBytes) data = NULL;

    g_byte_array_append (bytes, (const guint8 *) headers[i], 5);
    g_byte_array_append (bytes, rest, sizeof rest);
    append_frames (bytes, 40);
    data = g_byte_array_free_to_bytes (bytes);
    try_assert_obstacle (data, "its size cannot be right");
  }
}

/* Two tags of a kind with a genre: it cannot become another one. */
static void
test_rivals (void)
{
  static const char ape[] = "\3\0\0\0\0\0\0\0Genre\0Pop"
                            "APETAGEX\320\7\0\0\61\0\0\0\1\0\0\0"
                            "\0\0\0\0\0\0\0\0\0\0\0";
  g_autoptr (GByteArray) frames = g_byte_array_new (), front = NULL,
                         other = g_byte_array_new (), back = NULL;
  g_autoptr (GBytes) same = NULL, different = NULL, apes = NULL;

  add_frame (frames, V23, "TCON", 0, BYTES ("\0(13)"));
  front = make_tag (3, 0, frames, BYTES ("\0\0"));
  add_frame (other, V24, "TCON", 0, BYTES ("\3Pop"));
  back = make_tag (4, 0x10, other, BYTES (""));
  same = make_file (front, (const char *) back->data, back->len);
  try_assert_genres (same, TAG_ID3V2, "Pop");
  try_assert_refused (same, one, "two ID3v2 tags with a genre, at byte 0 and");

  g_byte_array_set_size (other, 0);
  add_frame (other, V23, "TCON", 0, BYTES ("\3Ska"));
  g_byte_array_unref (back);
  back = make_tag (3, 0, other, BYTES (""));
  g_byte_array_append (back, front->data, front->len);
  different = make_file (back, BYTES (""));
  try_assert_obstacle (different, "two ID3v2 tags with a genre, at byte 0 and");

  apes = try_join (g_bytes_get_data (same, NULL),
      g_bytes_get_size (same) - g_bytes_get_size (same) / 2, ape, sizeof ape,
      ape, sizeof ape, NULL);
  try_assert_refused (apes, one, "two APE tags with a genre");
}

/* Far more genres than anybody needs take no time. */
static void
test_many_genres (void)
{
  g_autoptr (GByteArray) frames = g_byte_array_new (), tag = NULL;
  g_autoptr (GString) text = g_string_new_len ("", 1);
  g_autoptr (GBytes) data = NULL;

  while (text->len < 60000)
    g_string_append (text, "(17) ");
  for (guint i = 0; i < 100; i++)
    add_frame (frames, V23, "TCON", 0, text->str, text->len);
  tag = make_tag (3, 0, frames, BYTES (""));
  data = make_file (tag, BYTES (""));
  try_assert_obstacle (data, "too long");
}

/* Such tags beside a format's own follow; one that cannot be read stays. */
static void
test_beside_others (void)
{
  static const char damaged[] = "ID3\3\0\0\0\0\0\14TIT2\0\0\1\0\0\0\0A";
  guint8 flac[4 + 4 + 34 + 500] = { 'f', 'L', 'a', 'C', 0x80, 0, 0, 34 };
  g_autoptr (GByteArray) frames = g_byte_array_new (), data = NULL;
  g_autoptr (GBytes) all = NULL, written = NULL;

  add_frame (frames, V23, "TCON", 0, BYTES ("\0Pop"));
  data = make_tag (3, 0, frames, BYTES (""));
  g_byte_array_prepend (
      data, (const guint8 *) damaged, (guint) sizeof damaged - 1);
  g_byte_array_append (data, flac, sizeof flac);
  append_id3v1 (data, 17);
  all = g_bytes_new (data->data, data->len);
  written = try_write (all, one, TRUE);
  try_assert_genres (written, TAG_XIPH, "Jazz");
  try_assert_genres (written, TAG_ID3V2, "Jazz");
  try_assert_genres (written, TAG_ID3V1, "Jazz");
  g_assert_true (has_bytes (written, damaged, sizeof damaged - 1));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/id3/genres", test_genres);
  g_test_add_func ("/id3/versions", test_versions);
  g_test_add_func ("/id3/odd-unsynchronisation", test_odd_unsynchronisation);
  g_test_add_func ("/id3/stored-genre", test_stored_genre);
  g_test_add_func ("/id3/encodings", test_encodings);
  g_test_add_func ("/id3/extended", test_extended);
  g_test_add_func ("/id3/obstacles", test_obstacles);
  g_test_add_func ("/id3/ambiguous-sizes", test_ambiguous_sizes);
  g_test_add_func ("/id3/empty-frame", test_empty_frame);
  g_test_add_func ("/id3/kinds", test_kinds);
  g_test_add_func ("/id3/unlisted", test_unlisted);
  g_test_add_func ("/id3/neighbours", test_neighbours);
  g_test_add_func ("/id3/impossible-versions", test_impossible_versions);
  g_test_add_func ("/id3/rivals", test_rivals);
  g_test_add_func ("/id3/many-genres", test_many_genres);
  g_test_add_func ("/id3/beside-others", test_beside_others);
  return g_test_run ();
}
