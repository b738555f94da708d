/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Which files are MPEG audio or AAC and which are not; DSF, and formats whose tags
 * are those at the edges. */

#include <string.h>
#include <unistd.h>

#include <gst/gst.h>

#include "mpegbytes.h"
#include "try.h"

static char *jazz[] = { "Jazz", NULL };

static GBytes *
make_mpeg (const void *front, gsize n, guint n_frames)
{
  GByteArray *data = g_byte_array_new ();

  g_byte_array_append (data, front, (guint) n);
  append_frames (data, n_frames);
  return g_byte_array_free_to_bytes (data);
}

static void
assert_format (GBytes *data, const char *format)
{
  int fd = try_open (data);
  g_autoptr (TagFile) file = tag_file_open (fd, NULL);

  g_assert_nonnull (file);
  g_assert_cmpstr (tag_file_get_format (file), ==, format);
  close (fd);
}

static void
assert_no_mpeg (GBytes *data)
{
  int fd = try_open (data);
  g_autoptr (TagFile) file = tag_file_open (fd, NULL);

  if (file) {
    g_assert_cmpstr (tag_file_get_format (file), !=, "MPEG audio");
    g_assert_cmpstr (tag_file_get_format (file), !=, "AAC");
  }
  close (fd);
}

static void
test_mpeg (void)
{
  static const guint8 zeros[5000];
  g_autoptr (GBytes) plain = make_mpeg ("", 0, 5), one = make_mpeg ("", 0, 1),
                     behind_zeros = make_mpeg (zeros, sizeof zeros, 100),
                     behind_text = make_mpeg ("HTTP/1.1 200 OK\r\n", 17, 100);
  GBytes *const all[] = { plain, one, behind_zeros, behind_text };

  for (guint i = 0; i < G_N_ELEMENTS (all); i++) {
    assert_format (all[i], "MPEG audio");
    g_bytes_unref (try_write (all[i], jazz, TRUE));
  }
  try_damage (plain, 200, 1000);
}

/* A packet of frames is not a file of frames. */
static void
test_containers (void)
{
  static const char starts[][16 + 1] = { "RIFF....WAVEfmt ", "\0\0\1\272",
    "....ftypisom", "some text", "\x1a\x45\xdf\xa3", "FORM" };
  static const char id3[] = "ID3\3\0\0\0\0\0\0";

  for (guint i = 0; i < G_N_ELEMENTS (starts); i++) {
    g_autoptr (GByteArray) data = g_byte_array_new ();
    g_autoptr (GBytes) bytes = NULL, tagged = NULL;

    g_byte_array_append (data, (const guint8 *) starts[i], 16);
    append_frames (data, strcmp (starts[i], "some text") ? 100 : 10);
    g_byte_array_append (data, (const guint8 *) starts[i], 16);
    bytes = g_bytes_new (data->data, data->len);
    assert_no_mpeg (bytes);
    g_byte_array_prepend (data, (const guint8 *) id3, sizeof id3 - 1);
    tagged = g_bytes_new (data->data, data->len);
    assert_no_mpeg (tagged);
  }
}

/* Packets of 188 bytes, as in an MPEG transport stream, through which frames run. */
static void
test_packets (void)
{
  g_autoptr (GByteArray) frames = g_byte_array_new (),
                         data = g_byte_array_new ();
  g_autoptr (GBytes) bytes = NULL;

  append_frames (frames, 100);
  for (guint i = 0; i + 184 <= frames->len; i += 184) {
    g_byte_array_append (data, (const guint8 *) "G\1\0\20", 4);
    g_byte_array_append (data, frames->data + i, 184);
  }
  bytes = g_bytes_new (data->data, data->len);
  assert_no_mpeg (bytes);
}

static void
test_free_format (void)
{
  guint8 frame[1000] = { 0xff, 0xfb, 0x00 };
  g_autoptr (GByteArray) data = g_byte_array_new ();
  g_autoptr (GBytes) bytes = NULL;

  for (guint i = 0; i < 9; i++)
    g_byte_array_append (data, frame, sizeof frame);
  bytes = g_bytes_new (data->data, data->len);
  assert_format (bytes, "MPEG audio");
}

/* AAC has the tags that somebody gave it. */
static void
test_adts (void)
{
  static const char id3[] = "ID3\3\0\0\0\0\0\14TIT2\0\0\0\2\0\0\0A";
  guint8 frame[100] = { 0xff, 0xf1, 0x50, 0x80, 100 >> 3, (100 & 7) << 5 | 31,
    0xfc };
  g_autoptr (GByteArray) data = g_byte_array_new ();
  g_autoptr (GBytes) bare = NULL, tagged = NULL;

  for (guint i = 0; i < 5; i++)
    g_byte_array_append (data, frame, sizeof frame);
  bare = g_bytes_new (data->data, data->len);
  assert_format (bare, "AAC");
  try_assert_obstacle (bare, "no tags of its own");
  g_byte_array_prepend (data, (const guint8 *) id3, sizeof id3 - 1);
  tagged = g_bytes_new (data->data, data->len);
  assert_format (tagged, "AAC");
  g_bytes_unref (try_write (tagged, jazz, TRUE));
}

static GBytes *
make_dsf (guint64 pointer, gint64 error, const char *behind, gsize n)
{
  guint8 data[256] = "DSD \x1c";
  const guint size = 100;

  GST_WRITE_UINT64_LE (data + 12, (guint64) ((gint64) (size + n) + error));
  GST_WRITE_UINT64_LE (data + 20, pointer);
  memcpy (data + size, behind, n);
  return g_bytes_new (data, size + n);
}

static void
test_dsf (void)
{
  static const char id3[] = "ID3\3\0\0\0\0\0\14TIT2\0\0\0\2\0\0\0A....";
  g_autoptr (GBytes) without = make_dsf (0, 0, "", 0),
                     tagged = make_dsf (100, 0, id3, 22),
                     behind = make_dsf (100, 0, id3, 26),
                     cut = make_dsf (0, 50, "", 0),
                     misplaced = make_dsf (101, 0, id3, 22), written = NULL;

  g_bytes_unref (try_write (without, jazz, TRUE));
  g_bytes_unref (try_write (behind, jazz, TRUE));
  written = try_write (tagged, jazz, TRUE);
  try_assert_genres (written, TAG_ID3V2, "Jazz");
  try_assert_obstacle (cut, "another size");
  try_assert_obstacle (misplaced, "not where");
  try_damage (tagged, 300, 130);
}

static void
test_plain (void)
{
  static const struct
  {
    const char *magic;
    TagKind kind;
  } all[] = { { "TTA1", TAG_ID3V2 }, { "MAC ", TAG_APE }, { "wvpk", TAG_APE },
    { "MPCK", TAG_APE }, { "MP+\7", TAG_APE }, { "tBaK", TAG_APE },
    { "OFR ", TAG_APE } };

  for (guint i = 0; i < G_N_ELEMENTS (all); i++) {
    char bytes[500] = "";
    g_autoptr (GBytes) data = NULL, written = NULL;

    memcpy (bytes, all[i].magic, 4);
    data = g_bytes_new (bytes, sizeof bytes);
    written = try_write (data, jazz, TRUE);
    try_assert_genres (written, all[i].kind, "Jazz");
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mpeg/mpeg", test_mpeg);
  g_test_add_func ("/mpeg/containers", test_containers);
  g_test_add_func ("/mpeg/packets", test_packets);
  g_test_add_func ("/mpeg/free-format", test_free_format);
  g_test_add_func ("/mpeg/adts", test_adts);
  g_test_add_func ("/mpeg/dsf", test_dsf);
  g_test_add_func ("/mpeg/plain", test_plain);
  return g_test_run ();
}
