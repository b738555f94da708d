/* SPDX-License-Identifier: GPL-2.0-or-later */

#define _GNU_SOURCE /* memmem() */

#include "edges.h"

#include <string.h>

#include "ape.h"
#include "id3v1.h"
#include "id3v2.h"
#include "tagserror.h"

#define MAX_BLOCKS 1000
#define EXTENDED_SIZE 227 /* of what some programs put before ID3v1: "TAG+" */
#define LYRICS3_MAX 5120  /* of version 1, which does not say its size */
#define LYRICS3_BEGIN "LYRICSBEGIN"

typedef enum
{
  EDGE_ID3V2,
  EDGE_APE,
  EDGE_ID3V1,
  EDGE_ID3V1_EXTENDED,
  EDGE_LYRICS3
} EdgeType;

typedef struct
{
  EdgeType type;
  guint64 offset, length;
} Block;

struct _Edges
{
  guint64 start, end; /* of what is between the tags */
  GArray *front, *back; /* Block, in the file's order */
  /* the chosen tags, and their contents; or NULL */
  const Block *id3v2_block, *ape_block, *id3v1_block;
  Id3v2Tag *id3v2;
  TagItems *ape; /* of no tag if there is none */
  GBytes *ape_data, *id3v1_data;
  /* what is wrong with the first one that cannot be read; or NULL */
  char *id3v2_problem, *ape_problem;
};

static guint64
get_id3v2_size (MediaFile *file, guint64 offset)
{
  guint8 header[ID3V2_HEADER];

  if (media_file_read (file, offset, header, ID3V2_HEADER) < ID3V2_HEADER)
    return 0;
  return id3v2_get_size (header);
}

/* The size of the tag in front at @offset, or 0. */
static guint64
find_id3v2_in_front (MediaFile *file, guint64 offset)
{
  guint64 size = media_file_has (file, offset, "ID3", 3)
      ? get_id3v2_size (file, offset)
      : 0;

  return size <= media_file_get_size (file) - offset ? size : 0;
}

guint64
edges_skip_id3v2 (MediaFile *file)
{
  guint64 offset = 0, size;

  for (guint i = 0; i < MAX_BLOCKS; i++) {
    size = find_id3v2_in_front (file, offset);
    if (size == 0)
      break;
    offset += size;
  }
  return offset;
}

static void
add_front (Edges *edges, MediaFile *file, guint64 start)
{
  Block block = { .type = EDGE_ID3V2 };

  while (block.offset < start) {
    block.length = find_id3v2_in_front (file, block.offset);
    g_array_append_val (edges->front, block);
    block.offset += block.length;
  }
}

/* What ends at @end and does not begin before @start is found by these; FALSE if
 * there is no such thing. */

static gboolean
find_id3v2_at_end (MediaFile *file, guint64 start, guint64 end, Block *block)
{
  guint64 size;

  if (end - start < 2 * ID3V2_HEADER ||
      !media_file_has (file, end - ID3V2_HEADER, "3DI", 3))
    return FALSE;
  size = get_id3v2_size (file, end - ID3V2_HEADER);
  if (size < 2 * ID3V2_HEADER || size > end - start ||
      find_id3v2_in_front (file, end - size) != size)
    return FALSE;
  *block = (Block){ EDGE_ID3V2, end - size, size };
  return TRUE;
}

static gboolean
find_ape (MediaFile *file, guint64 start, guint64 end, Block *block)
{
  block->type = EDGE_APE;
  return ape_tag_find (file, end, &block->offset, &block->length) &&
      block->offset >= start;
}

static gboolean
find_id3v1 (MediaFile *file, guint64 start, guint64 end, Block *block)
{
  /* "APETAGEX" has these letters too */
  if (end - start < ID3V1_SIZE ||
      !media_file_has (file, end - ID3V1_SIZE, "TAG", 3) ||
      (end - start >= ID3V1_SIZE + 3 &&
          media_file_has (file, end - ID3V1_SIZE - 3, "APETAGEX", 8)))
    return FALSE;
  *block = (Block){ EDGE_ID3V1, end - ID3V1_SIZE, ID3V1_SIZE };
  return TRUE;
}

static gboolean
find_extended (MediaFile *file, guint64 start, guint64 end, Block *block)
{
  if (end - start < EXTENDED_SIZE ||
      !media_file_has (file, end - EXTENDED_SIZE, "TAG+", 4))
    return FALSE;
  *block = (Block){ EDGE_ID3V1_EXTENDED, end - EXTENDED_SIZE, EXTENDED_SIZE };
  return TRUE;
}

/* Version 2 says its size, in six digits. */
static gboolean
find_lyrics_v2 (MediaFile *file, guint64 start, guint64 end, Block *block)
{
  char digits[7] = "";
  guint64 size;

  if (end - start < 15 || !media_file_has (file, end - 9, "LYRICS200", 9) ||
      media_file_read (file, end - 15, digits, 6) < 6 ||
      !g_ascii_string_to_unsigned (
          digits, 10, 0, end - start - 15, &size, NULL))
    return FALSE;
  size += 15;
  *block = (Block){ EDGE_LYRICS3, end - size, size };
  return media_file_has (
      file, block->offset, LYRICS3_BEGIN, strlen (LYRICS3_BEGIN));
}

static gboolean
find_lyrics_v1 (MediaFile *file, guint64 start, guint64 end, Block *block)
{
  guint64 n = MIN (end - start, LYRICS3_MAX);
  g_autoptr (GBytes) data = NULL;
  const char *text, *begin;

  if (end - start < 9 || !media_file_has (file, end - 9, "LYRICSEND", 9))
    return FALSE;
  data = media_file_get (file, end - n, n);
  text = data ? g_bytes_get_data (data, NULL) : NULL;
  begin = text ? memmem (text, n, LYRICS3_BEGIN, strlen (LYRICS3_BEGIN)) : NULL;
  if (!begin)
    return FALSE;
  n -= (guint64) (begin - text);
  *block = (Block){ EDGE_LYRICS3, end - n, n };
  return TRUE;
}

static void
add_back (Edges *edges, MediaFile *file, guint64 start)
{
  gboolean before_id3v1 = FALSE;
  Block block;

  while (edges->back->len < MAX_BLOCKS &&
      (find_id3v1 (file, start, edges->end, &block) ||
          (before_id3v1 && find_extended (file, start, edges->end, &block)) ||
          find_ape (file, start, edges->end, &block) ||
          find_id3v2_at_end (file, start, edges->end, &block) ||
          find_lyrics_v2 (file, start, edges->end, &block) ||
          find_lyrics_v1 (file, start, edges->end, &block))) {
    before_id3v1 = block.type == EDGE_ID3V1;
    edges->end = block.offset;
    g_array_prepend_val (edges->back, block);
  }
}

/* Choosing */

static GBytes *
get_data (MediaFile *file, const Block *block)
{
  GBytes *data = media_file_get (file, block->offset, block->length);

  /* a file that cannot be read fails as a whole */
  return data ? data : g_bytes_new (NULL, 0);
}

static void
choose_id3v2 (Edges *edges, Layout *layout, GArray *blocks)
{
  for (guint i = 0; i < blocks->len; i++) {
    const Block *block = &g_array_index (blocks, Block, i);
    g_autoptr (GBytes) data = NULL;
    g_autoptr (Id3v2Tag) tag = NULL;
    g_autofree char *sentence = NULL;

    if (block->type != EDGE_ID3V2)
      continue;
    data = get_data (layout->file, block);
    tag = id3v2_tag_parse (data, &sentence);
    if (!tag && !edges->id3v2_problem)
      edges->id3v2_problem = g_steal_pointer (&sentence);
    if (tag && edges->id3v2)
      layout_add_rivals (layout, TAG_ID3V2, "ID3v2 tags",
          id3v2_tag_get_items (edges->id3v2), edges->id3v2_block->offset,
          id3v2_tag_get_items (tag), block->offset);
    if (!tag ||
        (edges->id3v2 &&
            (id3v2_tag_has_genre (edges->id3v2) || !id3v2_tag_has_genre (tag))))
      continue;
    g_clear_pointer (&edges->id3v2, id3v2_tag_free);
    edges->id3v2 = g_steal_pointer (&tag);
    edges->id3v2_block = block;
  }
}

/* Readers look for it from the end. */
static void
choose_ape (Edges *edges, Layout *layout)
{
  for (guint i = edges->back->len; i-- > 0;) {
    const Block *block = &g_array_index (edges->back, Block, i);
    g_autoptr (GBytes) data = NULL;
    g_autoptr (TagItems) items = NULL;
    g_autofree char *sentence = NULL;

    if (block->type != EDGE_APE)
      continue;
    data = get_data (layout->file, block);
    items = ape_tag_parse (data, &sentence);
    if (!items && !edges->ape_problem)
      edges->ape_problem = g_steal_pointer (&sentence);
    if (items && edges->ape)
      layout_add_rivals (layout, TAG_APE, "APE tags", edges->ape,
          edges->ape_block->offset, items, block->offset);
    if (!items ||
        (edges->ape &&
            (edges->ape->genres->len > 0 || items->genres->len == 0)))
      continue;
    g_clear_pointer (&edges->ape, tag_items_free);
    g_clear_pointer (&edges->ape_data, g_bytes_unref);
    edges->ape = g_steal_pointer (&items);
    edges->ape_data = g_steal_pointer (&data);
    edges->ape_block = block;
  }
}

static void
choose_id3v1 (Edges *edges, MediaFile *file)
{
  const Block *last = edges->back->len > 0
      ? &g_array_index (edges->back, Block, edges->back->len - 1)
      : NULL;

  if (!last || last->type != EDGE_ID3V1)
    return;
  edges->id3v1_data = media_file_get (file, last->offset, last->length);
  edges->id3v1_block = edges->id3v1_data ? last : NULL;
}

static void
choose (Edges *edges, Layout *layout)
{
  choose_id3v2 (edges, layout, edges->front);
  choose_id3v2 (edges, layout, edges->back);
  choose_ape (edges, layout);
  choose_id3v1 (edges, layout->file);
  if (!edges->ape)
    edges->ape = tag_items_new ();
}

Edges *
edges_scan (Layout *layout, guint64 start)
{
  Edges *edges = g_new0 (Edges, 1);

  edges->start = start;
  edges->end = media_file_get_size (layout->file);
  edges->front = g_array_new (FALSE, FALSE, sizeof (Block));
  edges->back = g_array_new (FALSE, FALSE, sizeof (Block));
  add_front (edges, layout->file, start);
  add_back (edges, layout->file, start);
  choose (edges, layout);
  return edges;
}

void
edges_free (Edges *edges)
{
  g_array_unref (edges->front);
  g_array_unref (edges->back);
  g_clear_pointer (&edges->id3v2, id3v2_tag_free);
  tag_items_free (edges->ape);
  g_clear_pointer (&edges->ape_data, g_bytes_unref);
  g_clear_pointer (&edges->id3v1_data, g_bytes_unref);
  g_free (edges->id3v2_problem);
  g_free (edges->ape_problem);
  g_free (edges);
}

guint64
edges_get_end (const Edges *edges)
{
  return edges->end;
}

gboolean
edges_has_tag (const Edges *edges)
{
  return edges->id3v2_block || edges->ape_block || edges->id3v1_block;
}

/* Pieces */

static void
add_ape (const Edges *edges, Layout *layout)
{
  if (edges->ape->kept->len > 0) {
    layout_add_piece (layout, "APE flags");
    layout_extend_bytes (layout, ape_tag_get_flags (edges->ape_data));
  }
  layout_add_items (layout, TAG_APE, edges->ape);
}

static void
add_blocks (const Edges *edges, GArray *blocks, Layout *layout)
{
  static const char *const names[] = { "another ID3v2 tag", "another APE tag",
    "another ID3v1 tag", "extended ID3v1 tag", "Lyrics3 tag" };

  for (guint i = 0; i < blocks->len; i++) {
    const Block *block = &g_array_index (blocks, Block, i);

    if (block == edges->id3v2_block) {
      id3v2_tag_add_to_layout (edges->id3v2, layout);
    } else if (block == edges->ape_block) {
      add_ape (edges, layout);
    } else if (block == edges->id3v1_block) {
      id3v1_add_to_layout (edges->id3v1_data, layout);
    } else {
      layout_add_piece (layout, "%s", names[block->type]);
      layout_extend (layout, block->offset, block->length);
    }
  }
}

void
edges_add_front (const Edges *edges, Layout *layout)
{
  add_blocks (edges, edges->front, layout);
}

void
edges_add_back (const Edges *edges, Layout *layout)
{
  add_blocks (edges, edges->back, layout);
}

/* Readers would disagree where the genre is. */
static void
check (const Edges *edges, Layout *layout)
{
  if (media_file_has (layout->file, edges->start, "ID3", 3))
    layout_set_obstacle (layout, REASON_MALFORMED_TAGS,
        "Its ID3v2 tag in front is damaged: its size cannot be right.");
  if (media_file_has (layout->file, edges->start, "APETAGEX", 8))
    layout_set_obstacle (layout, REASON_MALFORMED_TAGS,
        "It has an APE tag in front, where few programs look for one. A tag editor "
        "can write it to the end.");
  if (!edges->id3v2 && edges->id3v2_problem)
    layout_set_obstacle (
        layout, REASON_MALFORMED_TAGS, "%s", edges->id3v2_problem);
  if (!edges->ape_block && edges->ape_problem)
    layout_set_obstacle (
        layout, REASON_MALFORMED_TAGS, "%s", edges->ape_problem);
}

void
edges_choose_primary (const Edges *edges, Layout *layout, TagKind otherwise)
{
  TagKind kind = edges->id3v2_block ? TAG_ID3V2
      : edges->ape_block            ? TAG_APE
      : edges->id3v1_block          ? TAG_ID3V1
                                    : otherwise;

  check (edges, layout);
  layout->state.is_primary[kind] = TRUE;
}

/* Writing */

static gboolean
is_wanted (const TagState *wanted, TagKind kind)
{
  return (wanted->genres[kind] && *wanted->genres[kind]) ||
      wanted->classifier[kind];
}

/* Puts @data (transfer full) in the place of a tag, or where one comes if @block is
 * NULL. */
static gboolean
replace (const Block *block, guint64 offset, GBytes *old, GBytes *data,
    Splices *splices)
{
  if (old && g_bytes_equal (old, data))
    g_bytes_unref (data);
  else
    splices_replace (splices, block ? block->offset : offset,
        block ? block->length : 0, data);
  return TRUE;
}

static gboolean
edit_id3v2 (const Edges *edges, const TagState *wanted,
    const EditOptions *options, Splices *splices, GError **error)
{
  g_autoptr (Id3v2Tag) made = NULL;
  GBytes *data;

  if (!edges->id3v2 && !is_wanted (wanted, TAG_ID3V2))
    return TRUE;
  if (!edges->id3v2)
    made = id3v2_tag_new (options->id3v23);
  data = !wanted->genres[TAG_ID3V2] && !made &&
          id3v2_tag_is_empty (edges->id3v2)
      ? g_bytes_new (NULL, 0)
      : id3v2_tag_render (made ? made : edges->id3v2, wanted, error);
  return data &&
      replace (edges->id3v2_block, 0,
          made ? NULL : id3v2_tag_get_data (edges->id3v2), data, splices);
}

static gboolean
edit_ape (const Edges *edges, const TagState *wanted, Splices *splices,
    GError **error)
{
  GBytes *data;

  if (!edges->ape_block && !is_wanted (wanted, TAG_APE))
    return TRUE;
  data = ape_tag_render (edges->ape, edges->ape_data, wanted, error);
  return data &&
      replace (edges->ape_block, edges->end, edges->ape_data, data, splices);
}

static gboolean
edit_id3v1 (const Edges *edges, const TagState *wanted, Splices *splices,
    GError **error)
{
  GBytes *data;

  if (!edges->id3v1_block)
    return TRUE;
  data = id3v1_render (edges->id3v1_data, wanted, error);
  return data &&
      replace (edges->id3v1_block, 0, edges->id3v1_data, data, splices);
}

gboolean
edges_edit (const Edges *edges, const TagState *wanted,
    const EditOptions *options, Splices *splices, GError **error)
{
  return edit_id3v2 (edges, wanted, options, splices, error) &&
      edit_ape (edges, wanted, splices, error) &&
      edit_id3v1 (edges, wanted, splices, error);
}
