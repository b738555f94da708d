/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Ogg: pages that are written anew, and all others, which are not. */

#include "tags/formats/oggpage.h"

#include <string.h>
#include <unistd.h>

#include <gst/gst.h>

#include "try.h"

#define NO_GRANULE G_MAXUINT64

static char *two[] = { "Jazz", "Rock", NULL };

/* Comments without and with a genre. */
static const char plain[] = "\4\0\0\0made\2\0\0\0\7\0\0\0title=A\3\0\0\0B==";
static const char pop[] = "\0\0\0\0\2\0\0\0\11\0\0\0Genre=Pop\7\0\0\0title=A";

/* The checksum, bit by bit. */
static guint32
get_checksum (const guint8 *data, gsize length)
{
  guint32 sum = 0;

  for (gsize i = 0; i < length; i++) {
    sum ^= (guint32) data[i] << 24;
    for (guint j = 0; j < 8; j++)
      sum = sum << 1 ^ (sum >> 31 ? 0x04c11db7u : 0);
  }
  return sum;
}

/* A stream that is being written. */
typedef struct
{
  GByteArray *data;
  guint32 serial, sequence;
} Stream;

/* Adds a page with segments of these lengths; the body is of @body. */
static void
add_page (Stream *stream, guint8 flags, guint64 granule, const guint8 *lacing,
    guint n_segments, const void *body)
{
  guint start = stream->data->len, size = 0;
  guint8 header[OGG_HEADER] = "OggS";

  header[5] = flags;
  GST_WRITE_UINT64_LE (header + 6, granule);
  GST_WRITE_UINT32_LE (header + 14, stream->serial);
  GST_WRITE_UINT32_LE (header + 18, stream->sequence);
  stream->sequence++;
  header[26] = (guint8) n_segments;
  g_byte_array_append (stream->data, header, sizeof header);
  g_byte_array_append (stream->data, lacing, n_segments);
  for (guint i = 0; i < n_segments; i++)
    size += lacing[i];
  g_byte_array_append (stream->data, body, size);
  GST_WRITE_UINT32_LE (stream->data->data + start + 22,
      get_checksum (stream->data->data + start, stream->data->len - start));
}

/* Adds a packet on pages of its own, with up to @per_page segments on each. */
static void
add_packet (Stream *stream, guint8 flags, guint64 granule, const void *packet,
    gsize size, guint per_page)
{
  guint n = (guint) (size / 255 + 1);
  const guint8 *body = packet;
  guint8 lacing[OGG_MAX_SEGMENTS];

  for (guint done = 0; done < n;) {
    guint here = MIN (n - done, per_page);
    gboolean is_last = done + here == n;

    memset (lacing, 255, here);
    if (is_last)
      lacing[here - 1] = (guint8) (size % 255);
    add_page (stream, flags | (done > 0 ? OGG_CONTINUED : 0),
        is_last ? granule : NO_GRANULE, lacing, here, body);
    body += here * 255;
    done += here;
  }
}

static void
add_audio (Stream *stream, guint n_pages)
{
  guint8 body[300];
  static const guint8 lacing[] = { 100, 0, 200 };

  for (guint i = 1; i <= n_pages; i++) {
    memset (body, (int) i, sizeof body);
    /* of some streams, the page with the end is not marked, or is missing */
    add_page (stream, i == n_pages ? OGG_EOS : 0, i * 100, lacing, 3, body);
  }
}

static GBytes *
finish (Stream *stream)
{
  return g_byte_array_free_to_bytes (stream->data);
}

/* A comment packet: what stands before, the comment, a long field if @n_more > 0,
 * and what stands behind. */
static GBytes *
make_comment (const char *prefix, gsize prefix_size, const void *comment,
    gsize size, guint n_more, const char *suffix, gsize suffix_size)
{
  GByteArray *packet = g_byte_array_new ();
  g_autofree char *more = g_strnfill (n_more, 'x');
  guint8 length[4];

  g_byte_array_append (packet, (const guint8 *) prefix, (guint) prefix_size);
  g_byte_array_append (packet, comment, (guint) size);
  if (n_more > 0) {
    guint32 vendor = GST_READ_UINT32_LE (packet->data + prefix_size);
    guint8 *count = packet->data + prefix_size + 4 + vendor;

    GST_WRITE_UINT32_LE (count, GST_READ_UINT32_LE (count) + 1);
    GST_WRITE_UINT32_LE (length, n_more);
    g_byte_array_append (packet, length, 4);
    g_byte_array_append (packet, (guint8 *) more, n_more);
  }
  g_byte_array_append (packet, (const guint8 *) suffix, (guint) suffix_size);
  return g_byte_array_free_to_bytes (packet);
}

/* How the packets of the comment and the setup are put on pages. */
typedef enum
{
  TOGETHER, /* as full as they can be */
  APART,    /* each on pages of its own */
  SMALL     /* as APART, with few segments on each */
} Style;

static void
add_vorbis_headers (
    Stream *stream, const void *comment, gsize size, guint n_more, Style style)
{
  static const guint8 setup[700] = "\5vorbis";
  g_autoptr (GBytes)
      packet = make_comment ("\3vorbis", 7, comment, size, n_more, "\1", 1);
  gsize n = g_bytes_get_size (packet);
  const guint8 *data = g_bytes_get_data (packet, NULL);

  add_packet (stream, OGG_BOS, 0, "\1vorbis12345678901234567890123", 30, 255);
  if (style != TOGETHER) {
    add_packet (stream, 0, 0, data, n, style == APART ? 255 : 16);
    add_packet (stream, 0, 0, setup, sizeof setup, style == APART ? 255 : 2);
  } else {
    g_autoptr (GByteArray) body = g_byte_array_new ();
    g_autoptr (GByteArray) lacing = g_byte_array_new ();
    guint8 last = (guint8) (n % 255);
    guint done = 0;

    for (gsize i = 0; i < n / 255; i++)
      g_byte_array_append (lacing, (const guint8 *) "\377", 1);
    g_byte_array_append (lacing, &last, 1);
    g_byte_array_append (lacing, (const guint8 *) "\377\377\276", 3);
    g_byte_array_append (body, data, (guint) n);
    g_byte_array_append (body, setup, sizeof setup);
    for (guint i = 0; i < lacing->len; i += 255) {
      guint here = MIN (255, lacing->len - i), bytes = 0, n_ends = 0;

      for (guint j = i; j < i + here; j++) {
        bytes += lacing->data[j];
        n_ends += lacing->data[j] < 255;
      }
      add_page (stream, i > 0 && lacing->data[i - 1] == 255 ? OGG_CONTINUED : 0,
          n_ends > 0 ? 0 : NO_GRANULE, lacing->data + i, here,
          body->data + done);
      done += bytes;
    }
  }
}

static GBytes *
make_vorbis (const void *comment, gsize size, guint n_more, Style style)
{
  Stream stream = { g_byte_array_new (), 77, 0 };

  add_vorbis_headers (&stream, comment, size, n_more, style);
  add_audio (&stream, 5);
  return finish (&stream);
}

/* All checksums are right, and the numbers of the pages of each stream follow each
 * other.  Gives the number of pages. */
static guint
check_pages (GBytes *data)
{
  int fd = try_open (data);
  g_autoptr (MediaFile) file = media_file_new (fd);
  OggWalk walk = { .file = file, .end = media_file_get_size (file) };
  OggPage page;
  guint32 next[128] = { 0 };
  guint n = 0;

  for (; oggpage_next (&walk, &page); n++) {
    g_autoptr (GBytes) bytes = media_file_get (file, page.offset, page.size);
    g_autofree guint8 *copy = g_memdup2 (
        g_bytes_get_data (bytes, NULL), page.size);

    memset (copy + 22, 0, 4);
    g_assert_cmphex (get_checksum (copy, page.size), ==, page.checksum);
    if (page.flags & OGG_BOS)
      next[page.serial] = page.sequence;
    g_assert_cmpuint (page.sequence, ==, next[page.serial]);
    next[page.serial]++;
  }
  close (fd);
  return n;
}

/* Writes two genres.  Gives by how many pages there are then more. */
static int
check_write (GBytes *data, const char *before, gboolean same)
{
  g_autoptr (GBytes) written = try_write (data, two, same);

  try_assert_genres (data, TAG_XIPH, before);
  try_assert_genres (written, TAG_XIPH, "Jazz;Rock");
  return (int) check_pages (written) - (int) check_pages (data);
}

static int
check (GBytes *data, const char *before)
{
  return check_write (data, before, TRUE);
}

/* TRUE if the comment, when it is written, ends just where a page is full: nobody
 * can tell then whether the setup came to the next page on purpose. */
static gboolean
fills_page (guint n)
{
  static const char fields[] = "....GENRE=Jazz....GENRE=Rock"
                               "....GENRECLASSIFY=a test";
  gsize size = 7 + sizeof plain - 1 + 4 + n + sizeof fields - 1 + 1;

  return size / 255 + 1 == OGG_MAX_SEGMENTS;
}

/* Genres of which the first stays are written, too. */
static void
test_same_first (void)
{
  static const char jazz[] = "\0\0\0\0\2\0\0\0\12\0\0\0Genre=Jazz"
                             "\11\0\0\0Genre=Pop";
  g_autoptr (GBytes) data = make_vorbis (jazz, sizeof jazz - 1, 0, APART);

  g_assert_cmpint (check (data, "Jazz;Pop"), ==, 0);
}

/* Comments of all lengths around those that fill one page, and two. */
static void
test_paging (void)
{
  for (Style style = TOGETHER; style <= SMALL; style++) {
    g_autoptr (GBytes) small = make_vorbis (plain, sizeof plain - 1, 0, style);
    g_autoptr (GBytes) with = make_vorbis (pop, sizeof pop - 1, 0, style);
    int n_more = 0;

    g_assert_cmpint (check (small, ""), ==, 0);
    g_assert_cmpint (check (with, "Pop"), ==, 0);
    for (guint n = 64000; n < 65400; n += style == SMALL ? 100 : 20) {
      g_autoptr (GBytes)
          large = make_vorbis (plain, sizeof plain - 1, n, style);

      n_more += check_write (large, "", style != APART || !fills_page (n));
    }
    g_assert_true (style != TOGETHER || n_more > 0);
  }
}

/* The setup stays on its own page when the comment needs one more. */
static void
test_another_page (void)
{
  g_autofree char *name = g_strnfill (600, 'x');
  char *genres[] = { name, NULL };
  g_autoptr (GBytes) data = make_vorbis (plain, sizeof plain - 1, 64600, APART);
  g_autoptr (GBytes) written = try_write (data, genres, TRUE);

  g_assert_cmpuint (check_pages (written), ==, check_pages (data) + 1);
}

static void
test_codecs (void)
{
  static const struct
  {
    const char *first, *prefix, *suffix;
    gsize first_size, prefix_size, suffix_size;
  } codecs[] = {
    { "OpusHead\1\1\0\0\0\0\0\0\0\0\0", "OpusTags", "", 19, 8, 0 },
    /* data that has to stay, and padding */
    { "OpusHead\1\1\0\0\0\0\0\0\0\0\0", "OpusTags", "\1data", 19, 8, 5 },
    { "OpusHead\1\1\0\0\0\0\0\0\0\0\0", "OpusTags", "\0\0\0\0", 19, 8, 4 },
    { "Speex   1.2", "", "", 11, 0, 0 },
    /* without the bit at the end, and with more than that */
    { "\1vorbis", "\3vorbis", "", 7, 7, 0 },
    { "\1vorbis", "\3vorbis", "\1\0\0\0", 7, 7, 4 },
    { "\177FLAC\1\0\0\1fLaC", "\204\0\0\40", "", 13, 4, 0 },
    { "\177FLAC\1\0\0\1fLaC", "\4\0\0\42", "\1\2", 13, 4, 2 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (codecs); i++) {
    Stream stream = { g_byte_array_new (), 1, 0 };
    g_autoptr (GBytes)
        packet = make_comment (codecs[i].prefix, codecs[i].prefix_size, pop,
            sizeof pop - 1, 0, codecs[i].suffix, codecs[i].suffix_size);
    g_autoptr (GBytes) data = NULL;
    gsize n;
    const void *bytes = g_bytes_get_data (packet, &n);

    add_packet (
        &stream, OGG_BOS, 0, codecs[i].first, codecs[i].first_size, 255);
    add_packet (&stream, 0, 0, bytes, n, 255);
    add_packet (&stream, 0, 0, "another header", 14, 255);
    add_audio (&stream, 3);
    data = finish (&stream);
    g_assert_cmpint (check (data, "Pop"), ==, 0);
  }
}

/* Other streams between the pages, another link behind, even with the same number,
 * and bytes that are no page: all stay. */
static void
test_streams (void)
{
  GByteArray *all = g_byte_array_new ();
  Stream other = { all, 2, 0 }, audio = { all, 1, 0 }, again = { all, 1, 0 };
  g_autoptr (GBytes)
      comment = make_comment ("OpusTags", 8, pop, sizeof pop - 1, 65100, "", 0);
  g_autoptr (GBytes) data = NULL;
  gsize size;
  const guint8 *bytes = g_bytes_get_data (comment, &size);
  guint8 lacing[255];

  add_packet (&other, OGG_BOS, 0, "\200theora", 7, 255);
  add_packet (&audio, OGG_BOS, 0, "OpusHead\1\1\0\0\0\0\0\0\0\0\0", 19, 255);
  add_packet (&other, 0, 0, "\201theora", 7, 255);
  /* its comment on two pages, with another's page between */
  memset (lacing, 255, sizeof lacing);
  add_page (&audio, 0, NO_GRANULE, lacing, 255, bytes);
  add_packet (&other, 0, 0, "\202theora", 7, 255);
  lacing[0] = (guint8) (size - 255 * 255);
  add_page (&audio, OGG_CONTINUED, 0, lacing, 1, bytes + 255 * 255);
  add_audio (&audio, 2);
  g_byte_array_append (all, (const guint8 *) "no page OggS", 12);
  add_audio (&other, 2);
  add_audio (&audio, 2);
  add_vorbis_headers (&again, pop, sizeof pop - 1, 0, TOGETHER);
  add_audio (&again, 2);
  g_byte_array_append (all, (const guint8 *) "OggS", 5);
  data = g_byte_array_free_to_bytes (all);
  check (data, "Pop");
}

static void
test_in_front (void)
{
  static const guint8 zeros[5000];
  g_autoptr (GBytes) plain_file = make_vorbis (pop, sizeof pop - 1, 0, APART);
  gsize size;
  const void *bytes = g_bytes_get_data (plain_file, &size);
  g_autoptr (GBytes) data = try_join (zeros, sizeof zeros, bytes, size, NULL);

  check (data, "Pop");
}

/* Replaces the byte at @offset, and makes the checksum of the page at @page right
 * if that is not -1. */
static GBytes *
change_byte (GBytes *data, guint offset, guint8 byte, int page)
{
  gsize size;
  const guint8 *bytes = g_bytes_get_data (data, &size);
  guint8 *copy = g_memdup2 (bytes, size), *start = copy + page;

  copy[offset] = byte;
  if (page >= 0) {
    guint length = 27u + start[26];

    for (guint i = 0; i < start[26]; i++)
      length += start[27 + i];
    memset (start + 22, 0, 4);
    GST_WRITE_UINT32_LE (start + 22, get_checksum (start, length));
  }
  return g_bytes_new_take (copy, size);
}

/* Opus beside a Skeleton of this version with one more packet; its first one says
 * where the content begins if @counts. */
static GBytes *
make_with_skeleton (guint8 version, gboolean counts, const char *packet)
{
  char fishead[80] = "fishead";
  GByteArray *all = g_byte_array_new ();
  Stream skeleton = { all, 9, 0 }, opus = { all, 5, 0 };
  g_autoptr (GBytes)
      comment = make_comment ("OpusTags", 8, plain, sizeof plain - 1, 0, "", 0);

  fishead[8] = (char) version;
  fishead[72] = counts;
  add_packet (&skeleton, OGG_BOS, 0, fishead, sizeof fishead, 255);
  add_packet (&opus, OGG_BOS, 0, "OpusHead\1\1\0\0\0\0\0\0\0\0\0", 19, 255);
  add_packet (&skeleton, 0, 0, packet, 40, 255);
  add_packet (&opus, 0, 0, g_bytes_get_data (comment, NULL),
      g_bytes_get_size (comment), 255);
  add_packet (&skeleton, OGG_EOS, 0, "", 0, 255);
  add_audio (&opus, 3);
  return g_byte_array_free_to_bytes (all);
}

/* A Skeleton that counts bytes of the file keeps the tags from growing. */
static void
test_skeleton (void)
{
  static const char bone[40] = "fisbone", index[40] = "index";
  g_autoptr (GBytes) old = make_with_skeleton (3, TRUE, bone),
                     new = make_with_skeleton (4, FALSE, bone),
                     counting = make_with_skeleton (4, TRUE, bone),
                     indexed = make_with_skeleton (4, FALSE, index);

  g_bytes_unref (try_write (old, two, TRUE));
  g_bytes_unref (try_write (new, two, TRUE));
  try_assert_refused (counting, two, "Skeleton stream has an index");
  try_assert_refused (indexed, two, "Skeleton stream has an index");
}

static void
test_obstacles (void)
{
  g_autoptr (GBytes) data = make_vorbis (pop, sizeof pop - 1, 0, APART);
  g_autoptr (GBytes) together = NULL, timed = NULL;
  const guint second = 28 + 30; /* where the page of the comment is */
  const guint third = second + 28 + 7 + sizeof pop - 1 + 1;
  const struct
  {
    guint offset;
    guint8 byte;
    int page;
    const char *words;
  } cases[] = {
    { 28 + 1, 'V', 0, "no stream of Vorbis" },
    { second + 40, 'x', -1,
        "Page 1 of its tags, at byte 58, is damaged: its "
        "checksum" },
    { second + 28, 5, (int) second, "not the comment" },
    { second + 5, OGG_CONTINUED, (int) second, "does not begin where" },
    { second + 28 + 7 + 4, 9, (int) second, "it is to have" },
    { third + 14, 78, (int) third, "its number is not the next" },
  };

  check (data, "Pop");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GBytes) damaged = change_byte (
        data, cases[i].offset, cases[i].byte, cases[i].page);

    try_assert_obstacle (damaged, cases[i].words);
  }
  together = make_vorbis (pop, sizeof pop - 1, 0, TOGETHER);
  timed = change_byte (together, second + 6, 5, (int) second);
  try_assert_obstacle (timed, "has audio, too");
}

/* Headers on several pages that do not follow each other; a file that is cut. */
static void
test_cut (void)
{
  g_autoptr (GBytes) data = make_vorbis (plain, sizeof plain - 1, 9000, SMALL);
  g_autoptr (GBytes) head = g_bytes_new_from_bytes (data, 0, 58);
  g_autoptr (GBytes) within = g_bytes_new_from_bytes (data, 0, 5000);
  const guint third = 58 + 27 + 16 + 16 * 255;
  g_autoptr (GBytes) jump = change_byte (data, third + 18, 9, (int) third);

  try_assert_obstacle (head, "ends before or within");
  try_assert_obstacle (within, "ends before or within");
  try_assert_obstacle (jump,
      "Page 2 of its tags, at byte 4181, is damaged: its "
      "number");
}

/* Tags on more pages than anything writes, of which most are empty. */
static void
test_many_pages (void)
{
  Stream stream = { g_byte_array_new (), 77, 0 };
  guint8 lacing[] = { 255 }, body[255] = "\3vorbis";
  g_autoptr (GBytes) data = NULL;

  add_packet (&stream, OGG_BOS, 0, "\1vorbis12345678901234567890123", 30, 255);
  add_page (&stream, 0, NO_GRANULE, lacing, 1, body);
  for (guint i = 0; i < 1 << 16; i++)
    add_page (&stream, OGG_CONTINUED, NO_GRANULE, NULL, 0, NULL);
  data = finish (&stream);
  try_assert_obstacle (data, "there is more of the tags than can be read");
}

/* A file that is mostly empty is not read to its end. */
static void
test_empty (void)
{
  g_autoptr (GBytes) data = make_vorbis (pop, sizeof pop - 1, 0, APART);
  int fd = try_open (data);
  g_autoptr (TagFile) file = NULL;

  g_assert_cmpint (ftruncate (fd, G_GINT64_CONSTANT (1) << 40), ==, 0);
  file = tag_file_open (fd, NULL);
  g_assert_nonnull (strstr (
      tag_file_get_obstacle (file)->message, "than 64 MiB of it are no pages"));
  close (fd);
}

/* Pages with wrong checksums, and holes, stay so. */
static void
test_wrong (void)
{
  g_autoptr (GBytes)
      data = make_vorbis (plain, sizeof plain - 1, 64200, TOGETHER);
  gsize size;
  const guint8 *bytes = g_bytes_get_data (data, &size);
  g_autoptr (GBytes) wrong = change_byte (data, (guint) size - 2, 'x', -1);
  /* the last page but one is missing */
  g_autoptr (GBytes) hole = try_join (
      bytes, size - 660, bytes + size - 330, (gsize) 330, NULL);
  g_autoptr (GBytes) first = try_write (wrong, two, TRUE);
  g_autoptr (GBytes) second = try_write (hole, two, TRUE);
  gsize last = g_bytes_get_size (second) - 330;
  const guint8 *page = (const guint8 *) g_bytes_get_data (second, NULL) + last;

  g_assert_cmpint (memcmp (page, "OggS", 4), ==, 0);
  g_assert_cmpuint (GST_READ_UINT32_LE (page + 18), ==,
      GST_READ_UINT32_LE (bytes + size - 330 + 18) + 1);
}

static void
test_damaged (void)
{
  g_autoptr (GBytes) small = make_vorbis (pop, sizeof pop - 1, 0, APART);
  g_autoptr (GBytes)
      large = make_vorbis (plain, sizeof plain - 1, 64200, TOGETHER);

  try_damage (small, 1000, 1200);
  try_damage (large, 50, 1200);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ogg/paging", test_paging);
  g_test_add_func ("/ogg/same-first", test_same_first);
  g_test_add_func ("/ogg/another-page", test_another_page);
  g_test_add_func ("/ogg/codecs", test_codecs);
  g_test_add_func ("/ogg/streams", test_streams);
  g_test_add_func ("/ogg/in-front", test_in_front);
  g_test_add_func ("/ogg/skeleton", test_skeleton);
  g_test_add_func ("/ogg/obstacles", test_obstacles);
  g_test_add_func ("/ogg/cut", test_cut);
  g_test_add_func ("/ogg/many-pages", test_many_pages);
  g_test_add_func ("/ogg/empty", test_empty);
  g_test_add_func ("/ogg/wrong", test_wrong);
  g_test_add_func ("/ogg/damaged", test_damaged);
  return g_test_run ();
}
