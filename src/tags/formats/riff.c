/* SPDX-License-Identifier: GPL-2.0-or-later */

/* WAV, which is RIFF, and RF64 and BW64, which are RIFF with sizes of 64 bits; and
 * AIFF and AIFF-C, which are IFF:
 * https://www.mmsp.ece.mcgill.ca/Documents/AudioFormats/WAVE/WAVE.html
 * https://www.itu.int/rec/R-REC-BS.2088
 * https://www.mmsp.ece.mcgill.ca/Documents/AudioFormats/AIFF/AIFF.html
 *
 * WAV has two kinds of tag: the list INFO, which is all that Windows reads, and a
 * chunk "id3 ", which is all that some others do.  The genre goes into those that
 * the file has, and into both if it has none: a tag beside one that names the music
 * would hide that from programs which read only one of them.
 *
 * New chunks stand at the end; but in front of the audio where nothing can follow
 * it, such as when its size was not known to the program that wrote it. */

#include <string.h>

#include <gst/gst.h>

#include "chunks.h"
#include "formats.h"
#include "id3v2.h"
#include "riffinfo.h"
#include "tagserror.h"

#define HEADER 8 /* bytes of a chunk's header */
#define MAX_TAG (256u << 20)
#define LIST_INFO "INFO"

typedef struct
{
  Chunks *chunks;
  gint64 info_chunk, id3_chunk; /* those that are changed, or -1 */
  RiffInfo *info;               /* an empty one if there is none */
  Id3v2Tag *id3;                /* NULL if there is none */
  GBytes *id3_rest;             /* what follows it in its chunk, or NULL */
} Riff;

static void
riff_free (gpointer data)
{
  Riff *riff = data;

  if (!riff)
    return;
  chunks_free (riff->chunks);
  riff_info_free (riff->info);
  g_clear_pointer (&riff->id3, id3v2_tag_free);
  g_clear_pointer (&riff->id3_rest, g_bytes_unref);
  g_free (riff);
}

static gboolean
recognises_wav (MediaFile *file, guint64 start)
{
  return media_file_has (file, start + 8, "WAVE", 4) &&
      (media_file_has (file, start, "RIFF", 4) ||
          media_file_has (file, start, "RF64", 4) ||
          media_file_has (file, start, "BW64", 4));
}

static gboolean
recognises_aiff (MediaFile *file, guint64 start)
{
  return media_file_has (file, start, "FORM", 4) &&
      (media_file_has (file, start + 8, "AIFF", 4) ||
          media_file_has (file, start + 8, "AIFC", 4));
}

static gboolean
is_info (MediaFile *file, const Chunk *chunk)
{
  return !strcmp (chunk->id, "LIST") && chunk->size >= 4 &&
      media_file_has (file, chunk->offset + HEADER, LIST_INFO, 4);
}

/* The chunk's bytes behind the first @skip; NULL and an obstacle if they are too
 * many to be a tag. */
static GBytes *
get_content (Layout *layout, const Chunk *chunk, guint skip)
{
  if (chunk->size > MAX_TAG)
    layout_set_obstacle (layout, REASON_MALFORMED_TAGS,
        "Its chunk \"%s\" is longer than any tag.", chunk->id);
  return chunk->size > MAX_TAG
      ? NULL
      : media_file_get (
            layout->file, chunk->offset + HEADER + skip, chunk->size - skip);
}

/* Of several lists or tags, which a file should not have, the one that has a genre;
 * or else the first that says anything; or else the first. */
static int
get_rank (gboolean has_genre, gboolean is_empty)
{
  return has_genre ? 2 : !is_empty;
}

static int
rank_info (const RiffInfo *info)
{
  return get_rank (info->items->genres->len > 0, riff_info_is_empty (info));
}

static int
rank_id3 (const Id3v2Tag *tag)
{
  return get_rank (id3v2_tag_has_genre (tag), id3v2_tag_is_empty (tag));
}

static void
try_info (Layout *layout, Riff *riff, guint i)
{
  g_autoptr (GBytes)
      data = get_content (layout, chunks_get (riff->chunks, i), 4);
  g_autofree char *problem = NULL;
  RiffInfo *info = data ? riff_info_parse (data, &problem) : NULL;

  if (problem)
    layout_set_obstacle (layout, REASON_MALFORMED_TAGS, "%s", problem);
  if (info && riff->info_chunk >= 0)
    layout_add_rivals (layout, TAG_INFO, "lists INFO", riff->info->items,
        chunks_get (riff->chunks, (guint) riff->info_chunk)->offset,
        info->items, chunks_get (riff->chunks, i)->offset);
  if (info &&
      (riff->info_chunk < 0 || rank_info (info) > rank_info (riff->info))) {
    riff_info_free (riff->info);
    riff->info = info;
    riff->info_chunk = i;
  } else if (info) {
    riff_info_free (info);
  }
}

/* The bytes of the tag that the chunk begins with, or NULL. */
static GBytes *
get_tag (GBytes *data)
{
  gsize size;
  const guint8 *bytes = g_bytes_get_data (data, &size);
  guint64 tag = size < ID3V2_HEADER ? 0 : id3v2_get_size (bytes);

  return tag > 0 && tag <= size ? g_bytes_new_from_bytes (data, 0, tag) : NULL;
}

static void
try_id3 (Layout *layout, Riff *riff, guint i)
{
  const Chunk *chunk = chunks_get (riff->chunks, i);
  g_autoptr (GBytes) data = get_content (layout, chunk, 0);
  g_autoptr (GBytes) bytes = data ? get_tag (data) : NULL;
  g_autofree char *problem = NULL;
  Id3v2Tag *tag = bytes ? id3v2_tag_parse (bytes, &problem) : NULL;

  if (problem)
    layout_set_obstacle (layout, REASON_MALFORMED_TAGS, "%s", problem);
  if (!bytes)
    layout_set_obstacle (layout, REASON_MALFORMED_TAGS,
        "Its chunk \"%s\" has no whole ID3v2 tag in it; it can be written when that "
        "is taken away.",
        chunk->id);
  if (tag && riff->id3)
    layout_add_rivals (layout, TAG_ID3V2, "chunks with an ID3v2 tag",
        id3v2_tag_get_items (riff->id3),
        chunks_get (riff->chunks, (guint) riff->id3_chunk)->offset,
        id3v2_tag_get_items (tag), chunk->offset);
  if (tag && (!riff->id3 || rank_id3 (tag) > rank_id3 (riff->id3))) {
    gsize n = g_bytes_get_size (bytes);

    g_clear_pointer (&riff->id3, id3v2_tag_free);
    g_clear_pointer (&riff->id3_rest, g_bytes_unref);
    riff->id3 = tag;
    riff->id3_rest = g_bytes_new_from_bytes (
        data, n, g_bytes_get_size (data) - n);
    riff->id3_chunk = i;
  } else if (tag) {
    id3v2_tag_free (tag);
  }
}

static void
add_info (Layout *layout, const Riff *riff, const Chunk *chunk)
{
  if (!riff_info_is_empty (riff->info)) {
    layout_add_piece (layout, "list INFO");
    layout_extend (layout, chunk->offset, 4);
  }
  layout_add_items (layout, TAG_INFO, riff->info->items);
  if (g_bytes_get_size (riff->info->rest) > 0) {
    layout_add_piece (layout, "bytes behind the items of the list INFO");
    layout_extend_bytes (layout, g_bytes_ref (riff->info->rest));
  }
}

static gboolean
is_id3_empty (const Riff *riff)
{
  return id3v2_tag_is_empty (riff->id3) &&
      g_bytes_get_size (riff->id3_rest) == 0;
}

static void
add_id3 (Layout *layout, const Riff *riff, const Chunk *chunk)
{
  if (!is_id3_empty (riff)) {
    layout_add_piece (layout, "chunk \"%s\"", chunk->id);
    layout_extend (layout, chunk->offset, 4);
  }
  id3v2_tag_add_to_layout (riff->id3, layout);
  if (g_bytes_get_size (riff->id3_rest) > 0) {
    layout_add_piece (layout, "bytes behind the ID3v2 tag");
    layout_extend_bytes (layout, g_bytes_ref (riff->id3_rest));
  }
}

static void
add_chunk (Layout *layout, const Riff *riff, guint i)
{
  const Chunk *chunk = chunks_get (riff->chunks, i);

  if (i == riff->info_chunk) {
    add_info (layout, riff, chunk);
  } else if (i == riff->id3_chunk) {
    add_id3 (layout, riff, chunk);
  } else {
    layout_add_piece (layout, "chunk \"%s\"", chunk->id);
    chunks_extend (riff->chunks, chunk, layout);
  }
}

static void
scan (Layout *layout, guint64 start, gboolean is_wav)
{
  Riff *riff;

  layout->state.is_primary[is_wav ? TAG_INFO : TAG_ID3V2] = TRUE;
  if (start > 0) {
    layout_set_obstacle (layout, REASON_MALFORMED_TAGS,
        "It has an ID3v2 tag in front of its header, where a %s file has none; "
        "it can be written when that is taken away.",
        layout->format->name);
    return;
  }
  riff = g_new0 (Riff, 1);
  layout->found = riff;
  layout->found_free = riff_free;
  riff->chunks = chunks_find (layout, is_wav ? "data" : "SSND");
  riff->info_chunk = riff->id3_chunk = -1;
  riff->info = riff_info_parse (NULL, NULL);
  for (guint i = 0; i < riff->chunks->chunks->len; i++) {
    const Chunk *chunk = chunks_get (riff->chunks, i);

    if (is_wav && is_info (layout->file, chunk))
      try_info (layout, riff, i);
    else if (!g_ascii_strcasecmp (chunk->id, "id3 "))
      try_id3 (layout, riff, i);
  }
  chunks_add_header (riff->chunks, layout);
  for (guint i = 0; i < riff->chunks->chunks->len; i++)
    add_chunk (layout, riff, i);
  chunks_add_rest (riff->chunks, layout);

  layout->state.is_primary[TAG_INFO] = is_wav &&
      (riff->info_chunk >= 0 || !riff->id3);
  layout->state.is_primary[TAG_ID3V2] = !is_wav || riff->id3 ||
      riff_info_is_technical (riff->info);
}

static void
scan_wav (Layout *layout, guint64 start)
{
  scan (layout, start, TRUE);
}

static void
scan_aiff (Layout *layout, guint64 start)
{
  scan (layout, start, FALSE);
}

/* Gives chunk @i, or a new one if that is negative, this content; or removes it if
 * there is none.  Takes @data. */
static void
put_chunk (const Layout *layout, gint64 i, const char *id, GByteArray *data,
    Splices *splices)
{
  const Chunks *chunks = ((const Riff *) layout->found)->chunks;
  const Chunk *old = i >= 0 ? chunks_get (chunks, (guint) i) : NULL;
  guint64 length = old ? HEADER + old->size + old->pad : 0;
  g_autoptr (GBytes) before = NULL, after = NULL;

  if (old)
    before = media_file_get (layout->file, old->offset, length);
  if (data)
    after = chunks_make (
        chunks, old ? old->id : id, data, !old || old->pad == (old->size & 1));
  if (data)
    g_byte_array_unref (data);
  if (before && after && g_bytes_equal (before, after))
    return;
  if (before || after)
    splices_replace (splices, old ? old->offset : chunks_get_place (chunks),
        length, g_steal_pointer (&after));
}

static void
edit_info (const Layout *layout, const TagState *wanted, Splices *splices)
{
  const Riff *riff = layout->found;
  GByteArray *data = NULL;

  if (wanted->genres[TAG_INFO] || !riff_info_is_empty (riff->info)) {
    data = riff_info_render (riff->info, wanted);
    g_byte_array_prepend (data, (const guint8 *) LIST_INFO, 4);
  }
  put_chunk (layout, riff->info_chunk, "LIST", data, splices);
}

static gboolean
edit_id3 (const Layout *layout, const TagState *wanted,
    const EditOptions *options, Splices *splices, GError **error)
{
  const Riff *riff = layout->found;
  g_autoptr (Id3v2Tag) made = riff->id3 ? NULL
                                        : id3v2_tag_new (options->id3v23);
  g_autoptr (GBytes) tag = NULL;
  GByteArray *data = NULL;

  if (wanted->genres[TAG_ID3V2] || (riff->id3 && !is_id3_empty (riff))) {
    tag = id3v2_tag_render (riff->id3 ? riff->id3 : made, wanted, error);
    if (!tag)
      return FALSE;
    data = g_bytes_unref_to_array (g_steal_pointer (&tag));
    if (riff->id3_rest && g_bytes_get_size (riff->id3_rest) > 0)
      g_byte_array_append (data, g_bytes_get_data (riff->id3_rest, NULL),
          (guint) g_bytes_get_size (riff->id3_rest));
  }
  put_chunk (layout, riff->id3_chunk,
      riff->chunks->is_big_endian ? "ID3 " : "id3 ", data, splices);
  return TRUE;
}

static gboolean
edit (const Layout *layout, const TagState *wanted, const EditOptions *options,
    Splices *splices, GError **error)
{
  const Riff *riff = layout->found;

  if (!riff->chunks->is_big_endian)
    edit_info (layout, wanted, splices);
  return edit_id3 (layout, wanted, options, splices, error) &&
      chunks_follow (riff->chunks, layout->file, splices, error);
}

const TagFormat tag_format_wav = { "WAV", recognises_wav, scan_wav, edit };
const TagFormat tag_format_aiff = { "AIFF", recognises_aiff, scan_aiff, edit };
