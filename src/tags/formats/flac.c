/* SPDX-License-Identifier: GPL-2.0-or-later */

/* FLAC: https://www.rfc-editor.org/rfc/rfc9639 */

#include <gst/gst.h>

#include "edges.h"
#include "formats.h"
#include "tagserror.h"
#include "xiph.h"

#define HEADER 4 /* bytes of a block's header */
#define MAX_BLOCK 0xffffff

enum
{
  STREAMINFO = 0,
  PADDING = 1,
  VORBIS_COMMENT = 4,
  INVALID = 127
};

/* A metadata block. */
typedef struct
{
  guint64 offset; /* of its header */
  guint64 length; /* without the header */
  guint type;
} Block;

typedef struct
{
  Edges *edges;
  GArray *blocks;       /* Block */
  int chosen;           /* the block of the comment that is changed, or -1 */
  XiphComment *comment; /* that comment; an empty one if there is none */
  GBytes *rest;         /* what its block has behind it */
} Flac;

static void
flac_free (gpointer data)
{
  Flac *flac = data;

  edges_free (flac->edges);
  g_array_unref (flac->blocks);
  xiph_comment_free (flac->comment);
  g_clear_pointer (&flac->rest, g_bytes_unref);
  g_free (flac);
}

static gboolean
recognises (MediaFile *file, guint64 start)
{
  return media_file_has (file, start, "fLaC", 4);
}

static const char *
get_type_name (guint type)
{
  static const char *const names[] = { "STREAMINFO", "PADDING", "APPLICATION",
    "SEEKTABLE", "VORBIS_COMMENT", "CUESHEET", "PICTURE" };

  return type < G_N_ELEMENTS (names) ? names[type] : "of an unknown type";
}

static const Block *
get_block (const Flac *flac, guint i)
{
  return &g_array_index (flac->blocks, Block, i);
}

/* Finds the blocks.  Gives where the audio begins. */
static guint64
find_blocks (Layout *layout, Flac *flac, guint64 start)
{
  guint64 offset = start + 4, end = edges_get_end (flac->edges);
  guint8 header[HEADER] = { 0 };

  while (!(header[0] & 0x80)) {
    Block block = { .offset = offset };

    if (offset + HEADER > end ||
        media_file_read (layout->file, offset, header, HEADER) < HEADER) {
      layout_set_obstacle (
          layout, REASON_MALFORMED_TAGS, "It ends among its metadata blocks.");
      return end;
    }
    block.type = header[0] & 0x7f;
    block.length = GST_READ_UINT24_BE (header + 1);
    if (block.type == INVALID || block.length > end - offset - HEADER ||
        (block.type == STREAMINFO) != (flac->blocks->len == 0)) {
      layout_set_obstacle (layout, REASON_MALFORMED_TAGS,
          "Its metadata block %u (%s) is damaged: it has a wrong type or "
          "length.",
          flac->blocks->len, get_type_name (block.type));
      return end;
    }
    g_array_append_val (flac->blocks, block);
    offset += HEADER + block.length;
  }
  return offset;
}

/* Of several comments, which a file should not have, the one that has a genre; or
 * else the first that has any fields; or else the first. */
static int
get_rank (const XiphComment *comment)
{
  return comment->items->genres->len > 0 ? 2 : comment->items->kept->len > 0;
}

static void
choose (Flac *flac, guint i, GBytes *data,
    XiphComment *comment /* (transfer full) */)
{
  xiph_comment_free (flac->comment);
  g_clear_pointer (&flac->rest, g_bytes_unref);
  flac->chosen = (int) i;
  flac->comment = comment;
  flac->rest = g_bytes_new_from_bytes (
      data, comment->size, g_bytes_get_size (data) - comment->size);
}

/* Takes block @i, a comment, for the one that is changed, if it is the best. */
static void
try_comment (Layout *layout, Flac *flac, guint i)
{
  const Block *block = get_block (flac, i);
  g_autoptr (GBytes) data = media_file_get (
      layout->file, block->offset + HEADER, block->length);
  g_autofree char *problem = NULL;
  g_autoptr (XiphComment) comment = data ? xiph_comment_parse (data, &problem)
                                         : NULL;
  int best = flac->chosen < 0 ? -1 : get_rank (flac->comment);

  if (problem)
    layout_set_obstacle (layout, REASON_MALFORMED_TAGS, "%s", problem);
  if (!comment)
    return;
  if (flac->chosen >= 0)
    layout_add_rivals (layout, TAG_XIPH, "Vorbis comments",
        flac->comment->items, get_block (flac, (guint) flac->chosen)->offset,
        comment->items, block->offset);
  if (get_rank (comment) > best)
    choose (flac, i, data, g_steal_pointer (&comment));
}

static void
choose_comment (Layout *layout, Flac *flac)
{
  flac->chosen = -1;
  flac->comment = xiph_comment_parse (NULL, NULL);
  for (guint i = 0; i < flac->blocks->len; i++) {
    if (get_block (flac, i)->type == VORBIS_COMMENT)
      try_comment (layout, flac, i);
  }
}

static void
add_comment (Layout *layout, const Flac *flac)
{
  layout_add_piece (layout, "Vorbis comment vendor");
  layout_extend_bytes (layout, g_bytes_ref (flac->comment->vendor));
  if (flac->chosen < 0)
    return;
  layout_add_items (layout, TAG_XIPH, flac->comment->items);
  /* zeros, if it is padding */
  if (g_bytes_get_size (flac->rest) > 0) {
    layout_add_piece (layout, "bytes behind the Vorbis comment");
    layout_extend_bytes (layout, g_bytes_ref (flac->rest));
  }
}

static void
add_pieces (Layout *layout, const Flac *flac)
{
  for (guint i = 0; i < flac->blocks->len; i++) {
    const Block *block = get_block (flac, i);

    if ((int) i == flac->chosen) {
      add_comment (layout, flac);
    } else if (block->type != PADDING) {
      /* without the bit that says whether it is the last one */
      layout_add_piece (
          layout, "block %u %s", block->type, get_type_name (block->type));
      layout_extend (layout, block->offset + 1, HEADER - 1 + block->length);
    }
    /* where a new one would be */
    if (i == 0 && flac->chosen < 0)
      add_comment (layout, flac);
  }
}

static void
scan (Layout *layout, guint64 start)
{
  Flac *flac = g_new0 (Flac, 1);
  guint64 audio, end;

  layout->found = flac;
  layout->found_free = flac_free;
  flac->edges = edges_scan (layout, start);
  flac->blocks = g_array_new (FALSE, FALSE, sizeof (Block));
  end = edges_get_end (flac->edges);
  audio = find_blocks (layout, flac, start);
  choose_comment (layout, flac);

  edges_add_front (flac->edges, layout);
  add_pieces (layout, flac);
  layout_add_piece (layout, "audio");
  layout_extend (layout, audio, end - audio);
  edges_add_back (flac->edges, layout);
  layout->state.is_primary[TAG_XIPH] = TRUE;
}

/* The comment's block, to stand behind others: with a header, whose bit of the
 * last block is not set.  NULL with @error set if it would be too long. */
static GBytes *
make_block (GByteArray *comment, gboolean is_last, GError **error)
{
  guint8 header[HEADER];

  if (comment->len > MAX_BLOCK) {
    tags_error_set (error, REASON_UNWRITABLE_FORMAT,
        "Its Vorbis comment would be longer than a metadata block can be.");
    return NULL;
  }
  GST_WRITE_UINT32_BE (header, comment->len);
  header[0] = (guint8) (VORBIS_COMMENT | (is_last ? 0x80 : 0));
  g_byte_array_prepend (comment, header, HEADER);
  return g_bytes_new (comment->data, comment->len);
}

/* Says in the header of a block whether it is the last one. */
static void
mark_block (const Block *block, gboolean is_last, Splices *splices)
{
  guint8 byte = (guint8) (block->type | (is_last ? 0x80 : 0));

  splices_replace (splices, block->offset, 1, g_bytes_new (&byte, 1));
}

static gboolean
edit (const Layout *layout, const TagState *wanted, const EditOptions *options,
    Splices *splices, GError **error)
{
  const Flac *flac = layout->found;
  const guint last = flac->blocks->len - 1;
  /* a new comment comes behind STREAMINFO */
  const guint i = flac->chosen < 0 ? 0 : (guint) flac->chosen;
  const Block *block = get_block (flac, i);
  g_autoptr (GByteArray) data = NULL;
  GBytes *made;

  if (!edges_edit (flac->edges, wanted, options, splices, error))
    return FALSE;
  if (!wanted->genres[TAG_XIPH] && xiph_comment_is_empty (flac->comment) &&
      (!flac->rest || g_bytes_get_size (flac->rest) == 0)) {
    if (flac->chosen >= 0) {
      splices_replace (splices, block->offset, HEADER + block->length, NULL);
      if (i == last)
        mark_block (get_block (flac, i - 1), TRUE, splices);
    }
    return TRUE;
  }
  data = xiph_comment_render (flac->comment, wanted);
  if (flac->rest)
    g_byte_array_append (data, g_bytes_get_data (flac->rest, NULL),
        (guint) g_bytes_get_size (flac->rest));
  made = make_block (data, i == last, error);
  if (!made)
    return FALSE;
  if (flac->chosen >= 0) {
    splices_replace (splices, block->offset, HEADER + block->length, made);
  } else {
    if (i == last)
      mark_block (block, FALSE, splices);
    splices_replace (splices, block->offset + HEADER + block->length, 0, made);
  }
  return TRUE;
}

const TagFormat tag_format_flac = { "FLAC", recognises, scan, edit };
