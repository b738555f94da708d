/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Ogg with Vorbis, Opus, FLAC or Speex:
 * https://www.rfc-editor.org/rfc/rfc3533
 * https://xiph.org/vorbis/doc/Vorbis_I_spec.html
 * https://www.rfc-editor.org/rfc/rfc7845
 * https://xiph.org/flac/ogg_mapping.html
 *
 * The comment is a packet of the first audio stream of the first link.  It is
 * changed with the pages that it is on, and with the other packets on them.  All
 * other pages stay; if there are more pages than before, those that follow in the
 * stream get other numbers. */

#define _GNU_SOURCE /* memmem() */

#include <string.h>

#include <gst/gst.h>

#include "edges.h"
#include "formats.h"
#include "oggheaders.h"
#include "tagserror.h"
#include "xiph.h"

#define FLAC_HEADER 4 /* bytes of a metadata block's header */
#define FLAC_COMMENT 4
#define MAX_PAGES (1 << 22) /* of a stream */
#define MAX_ZEROS (1 << 20)
#define MAX_SKELETON_PAGES 65536
#define SKELETON "fishead"

typedef struct
{
  const char *name;
  const char *magic; /* what the stream's first packet begins with */
  /* what stands before the comment; NULL: the header of a metadata block */
  const char *prefix;
  /* how many packets may share pages, whether they do now or not: of Vorbis the
   * comment and the setup, of others the comment alone */
  guint n_packets;
} Codec;

static const Codec codecs[] = {
  { "Vorbis", "\001vorbis", "\003vorbis", 2 },
  { "Opus", "OpusHead", "OpusTags", 1 },
  { "FLAC", "\177FLAC\001", NULL, 1 },
  { "Speex", "Speex   ", "", 1 },
};

/* A page of the stream behind the headers, as far as it changes. */
typedef struct
{
  guint64 offset;
  guint32 size;
  guint32 sequence;
  guint32 checksum;
} LaterPage;

typedef struct
{
  Edges *edges;
  guint64 start; /* of the first page */
  const Codec *codec;
  OggHeaders *headers;  /* NULL if there is an obstacle */
  GArray *later;        /* LaterPage */
  gboolean has_index;   /* of a stream Skeleton: it counts bytes of the file */
  gsize prefix;         /* bytes of the packet before the comment */
  XiphComment *comment; /* or NULL */
} Ogg;

static void
ogg_free (gpointer data)
{
  Ogg *ogg = data;

  edges_free (ogg->edges);
  g_clear_pointer (&ogg->headers, ogg_headers_free);
  g_array_unref (ogg->later);
  g_clear_pointer (&ogg->comment, xiph_comment_free);
  g_free (ogg);
}

/* Where the file begins behind zeros, which recording programs leave there. */
static guint64
skip_zeros (MediaFile *file, guint64 start)
{
  guint8 block[4096];
  guint64 offset = start;
  gsize n;

  while (offset - start < MAX_ZEROS &&
      (n = media_file_read (file, offset, block, sizeof block)) > 0) {
    for (gsize i = 0; i < n; i++) {
      if (block[i])
        return offset + i;
    }
    offset += n;
  }
  return start;
}

static gboolean
recognises (MediaFile *file, guint64 start)
{
  return media_file_has (file, skip_zeros (file, start), "OggS", 5);
}

static const Codec *
find_codec (MediaFile *file, const OggPage *page)
{
  for (guint i = 0; i < G_N_ELEMENTS (codecs); i++) {
    gsize length = strlen (codecs[i].magic);

    if (oggpage_get_body_size (page) >= length &&
        media_file_has (file, page->offset + OGG_HEADER + page->n_segments,
            codecs[i].magic, length))
      return &codecs[i];
  }
  return NULL;
}

/* TRUE if the first page of a stream Skeleton is of version 4 and says how long the
 * file is or where its content begins: https://wiki.xiph.org/SkeletonOgg */
static gboolean
counts_bytes (MediaFile *file, const OggPage *page, gboolean *is_version_4)
{
  guint8 head[80];
  guint32 size = MIN (oggpage_get_body_size (page), sizeof head);

  *is_version_4 = FALSE;
  if (size < 12 ||
      media_file_read (file, page->offset + OGG_HEADER + page->n_segments, head,
          size) < size ||
      memcmp (head, SKELETON, sizeof SKELETON))
    return FALSE;
  *is_version_4 = GST_READ_UINT16_LE (head + 8) >= 4;
  return *is_version_4 && size == sizeof head &&
      (GST_READ_UINT64_LE (head + 64) != 0 ||
          GST_READ_UINT64_LE (head + 72) != 0);
}

/* TRUE if a packet that says where the pages of a stream are is among those of the
 * Skeleton that are behind the first pages of all streams. */
static gboolean
has_index (OggWalk walk, guint32 serial)
{
  OggPage page;

  for (guint i = 0; i < MAX_SKELETON_PAGES && oggpage_next (&walk, &page);
       i++) {
    g_autoptr (GBytes) body = NULL;
    gsize size;
    const void *bytes;

    if (page.serial != serial)
      continue;
    body = media_file_get (walk.file,
        page.offset + OGG_HEADER + page.n_segments,
        oggpage_get_body_size (&page));
    bytes = body ? g_bytes_get_data (body, &size) : NULL;
    if (bytes && memmem (bytes, size, "index", sizeof "index"))
      return TRUE;
    if (page.flags & OGG_EOS)
      break;
  }
  return FALSE;
}

/* Finds the first audio stream among those that begin the first link.  Leaves the
 * walk behind the first pages of all. */
static gboolean
find_stream (OggWalk *walk, Ogg *ogg, OggPage *first)
{
  OggPage page;
  guint64 next = walk->offset;
  guint32 skeleton = 0;
  gboolean has_skeleton = FALSE, is_version_4;

  while (oggpage_next (walk, &page) && page.flags & OGG_BOS) {
    ogg->has_index |= counts_bytes (walk->file, &page, &is_version_4);
    if (is_version_4)
      skeleton = page.serial;
    has_skeleton |= is_version_4;
    if (!ogg->codec && (ogg->codec = find_codec (walk->file, &page)))
      *first = page;
    next = walk->offset;
  }
  walk->offset = next;
  if (has_skeleton)
    ogg->has_index |= has_index (*walk, skeleton);
  return ogg->codec != NULL;
}

/* Finds the pages of the stream that follow its headers, up to the link's end. */
static void
find_later (Layout *layout, OggWalk *walk, Ogg *ogg, guint32 serial)
{
  OggPage page;

  while (oggpage_next (walk, &page)) {
    LaterPage later = { page.offset, page.size, page.sequence, page.checksum };

    if (page.serial != serial)
      continue;
    if (page.flags & OGG_BOS)
      return;
    g_array_append_val (ogg->later, later);
    if (ogg->later->len == MAX_PAGES) {
      layout_set_obstacle (layout, REASON_UNWRITABLE_FORMAT,
          "Its audio stream has more than %d pages.", MAX_PAGES);
      return;
    }
  }
  if (walk->n_mistaken == OGG_MAX_MISTAKEN)
    layout_set_obstacle (layout, REASON_MALFORMED_TAGS,
        "It is damaged: most of what looks like pages are none.");
  if (walk->n_skipped >= OGG_MAX_SKIPPED)
    layout_set_obstacle (layout, REASON_MALFORMED_TAGS,
        "It is damaged: more than %d MiB of it are no pages.",
        OGG_MAX_SKIPPED >> 20);
}

/* The packet's bytes before the comment; -1, and an obstacle, if it is none. */
static gssize
find_comment (Layout *layout, const Ogg *ogg, GBytes *packet)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (packet, &size);
  const char *prefix = ogg->codec->prefix;

  if (prefix && size >= strlen (prefix) &&
      !memcmp (data, prefix, strlen (prefix)))
    return (gssize) strlen (prefix);
  if (!prefix && size >= FLAC_HEADER && (data[0] & 0x7f) == FLAC_COMMENT &&
      GST_READ_UINT24_BE (data + 1) == size - FLAC_HEADER)
    return FLAC_HEADER;
  layout_set_obstacle (layout, REASON_MALFORMED_TAGS,
      "The second packet of its %s stream is not the comment that has to be "
      "there.",
      ogg->codec->name);
  return -1;
}

static void
parse_comment (Layout *layout, Ogg *ogg)
{
  GBytes *packet = ogg_headers_get_packet (ogg->headers, 0);
  gssize prefix = find_comment (layout, ogg, packet);
  g_autoptr (GBytes) data = NULL;
  g_autofree char *problem = NULL;

  if (prefix < 0)
    return;
  ogg->prefix = (gsize) prefix;
  data = g_bytes_new_from_bytes (
      packet, ogg->prefix, g_bytes_get_size (packet) - ogg->prefix);
  ogg->comment = xiph_comment_parse (data, &problem);
  if (!ogg->comment)
    layout_set_obstacle (layout, REASON_MALFORMED_TAGS, "%s", problem);
}

/* The rest of the file, but for the bytes that change with the pages' numbers. */
static void
add_other_bytes (Layout *layout, const Ogg *ogg, guint64 end)
{
  const guint32 last = ogg_headers_get_last (ogg->headers);
  guint n = ogg->later->len;
  guint32 *numbers = g_new (guint32, n), *sums = g_new (guint32, n);
  guint64 done = ogg_headers_add_between (ogg->headers, layout);

  for (guint i = 0; i < n; i++) {
    const LaterPage *page = &g_array_index (ogg->later, LaterPage, i);
    guint64 number = page->offset + OGG_SEQUENCE_AT;

    layout_extend (layout, done, number - done);
    done = number + 8;
    numbers[i] = page->sequence - last;
    sums[i] = page->checksum ^ oggpage_get_share (page->sequence, page->size);
  }
  layout_extend (layout, done, end - done);
  layout_add_piece (layout, "numbers of the pages");
  layout_extend_bytes (layout, g_bytes_new_take (numbers, n * sizeof *numbers));
  layout_add_piece (layout, "checksums of the pages");
  layout_extend_bytes (layout, g_bytes_new_take (sums, n * sizeof *sums));
}

static void
add_packets (Layout *layout, const Ogg *ogg)
{
  GBytes *packet = ogg_headers_get_packet (ogg->headers, 0);
  const gsize end = ogg->prefix + ogg->comment->size;

  layout_add_piece (layout, "%s comment packet", ogg->codec->name);
  /* of FLAC without the block's length */
  layout_extend_bytes (layout,
      g_bytes_new_from_bytes (packet, 0, ogg->codec->prefix ? ogg->prefix : 1));
  layout_add_piece (layout, "Vorbis comment vendor");
  layout_extend_bytes (layout, g_bytes_ref (ogg->comment->vendor));
  layout_add_items (layout, TAG_XIPH, ogg->comment->items);
  layout_add_piece (layout, "bytes behind the comment");
  layout_extend_bytes (layout,
      g_bytes_new_from_bytes (packet, end, g_bytes_get_size (packet) - end));
  for (guint i = 1; i < ogg_headers_get_n_packets (ogg->headers); i++) {
    layout_add_piece (layout, "%s packet %u", ogg->codec->name, i + 2);
    layout_extend_bytes (
        layout, g_bytes_ref (ogg_headers_get_packet (ogg->headers, i)));
  }
}

static void
scan (Layout *layout, guint64 start)
{
  Ogg *ogg = g_new0 (Ogg, 1);
  OggWalk walk = { .file = layout->file };
  OggPage first;

  layout->found = ogg;
  layout->found_free = ogg_free;
  layout->state.is_primary[TAG_XIPH] = TRUE;
  ogg->edges = edges_scan (layout, start);
  ogg->later = g_array_new (FALSE, FALSE, sizeof (LaterPage));
  walk.offset = skip_zeros (layout->file, start);
  walk.end = edges_get_end (ogg->edges);
  edges_add_front (ogg->edges, layout);
  if (find_stream (&walk, ogg, &first)) {
    ogg->headers = ogg_headers_read (
        layout, &walk, &first, ogg->codec->n_packets);
  } else {
    layout_set_obstacle (layout, REASON_UNWRITABLE_FORMAT,
        "It has no stream of Vorbis, Opus, FLAC or Speex.");
  }
  if (ogg->headers)
    parse_comment (layout, ogg);
  if (ogg->comment) {
    ogg_headers_add_front (ogg->headers, layout, start);
    add_packets (layout, ogg);
    find_later (layout, &walk, ogg, first.serial);
    add_other_bytes (layout, ogg, walk.end);
  }
  edges_add_back (ogg->edges, layout);
}

/* NULL with @error set if it would be too long. */
static GBytes *
make_packet (const Ogg *ogg, const TagState *wanted, GError **error)
{
  gsize size, end = ogg->prefix + ogg->comment->size;
  const guint8 *old = g_bytes_get_data (
      ogg_headers_get_packet (ogg->headers, 0), &size);
  g_autoptr (GByteArray) data = xiph_comment_render (ogg->comment, wanted);

  if (end < size)
    g_byte_array_append (data, old + end, (guint) (size - end));
  if (!ogg->codec->prefix && data->len > 0xffffff) {
    tags_error_set (error, REASON_UNWRITABLE_FORMAT,
        "Its Vorbis comment would be longer than a metadata block can be.");
    return NULL;
  }
  if (ogg->prefix > 0)
    g_byte_array_prepend (data, old, (guint) ogg->prefix);
  if (!ogg->codec->prefix)
    GST_WRITE_UINT24_BE (data->data + 1, data->len - FLAC_HEADER);
  return g_bytes_new (data->data, data->len);
}

/* FALSE with @error set if anything moves that an index counts from the file's
 * beginning. */
static gboolean
check_index (const Ogg *ogg, const Splices *splices, GError **error)
{
  const LaterPage *first = ogg->later->len > 0
      ? &g_array_index (ogg->later, LaterPage, 0)
      : NULL;

  return !ogg->has_index || !first ||
      splices_get_shift (splices, first->offset) == 0 ||
      tags_error_set (error, REASON_UNWRITABLE_FORMAT,
          "Its tags cannot grow, as its Skeleton stream has an index, which says at "
          "which bytes the audio is. A program that makes the Skeleton anew, or a "
          "copy without it, helps.");
}

/* Adds @n to the numbers of the pages behind the headers. */
static void
renumber (const Ogg *ogg, guint32 n, Splices *splices)
{
  for (guint i = 0; n != 0 && i < ogg->later->len; i++) {
    const LaterPage *page = &g_array_index (ogg->later, LaterPage, i);
    guint32 sequence = page->sequence + n;
    guint8 bytes[8];

    GST_WRITE_UINT32_LE (bytes, sequence);
    GST_WRITE_UINT32_LE (bytes + 4,
        page->checksum ^ oggpage_get_share (page->sequence, page->size) ^
            oggpage_get_share (sequence, page->size));
    splices_replace (splices, page->offset + OGG_SEQUENCE_AT, sizeof bytes,
        g_bytes_new (bytes, sizeof bytes));
  }
}

static gboolean
edit (const Layout *layout, const TagState *wanted, const EditOptions *options,
    Splices *splices, GError **error)
{
  const Ogg *ogg = layout->found;
  g_autoptr (GBytes) packet = NULL;
  guint32 n_more;

  if (!edges_edit (ogg->edges, wanted, options, splices, error))
    return FALSE;
  packet = make_packet (ogg, wanted, error);
  if (!packet ||
      !ogg_headers_replace (ogg->headers, packet, splices, &n_more, error) ||
      !check_index (ogg, splices, error))
    return FALSE;
  renumber (ogg, n_more, splices);
  return TRUE;
}

const TagFormat tag_format_ogg = { "Ogg", recognises, scan, edit };
