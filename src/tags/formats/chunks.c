/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "chunks.h"

#include <string.h>

#include <gst/gst.h>

#include "tagserror.h"

#define HEADER 8         /* bytes of a chunk's header */
#define FIRST 12         /* where the first chunk is */
#define MAX_CHUNKS 65536 /* far more than any program writes */

gboolean
chunk_id_is_valid (const guint8 *id)
{
  for (guint i = 0; i < 4; i++) {
    if (id[i] < 0x20 || id[i] > 0x7e)
      return FALSE;
  }
  return TRUE;
}

/* TRUE for sizes that programs write which do not know it yet, and cannot come back
 * to write it: ffmpeg, SoX, ALSA and others, into a pipe. */
static gboolean
is_placeholder (guint64 size)
{
  return size == 0 || (size >= 0x7f000000 && size <= 0x80000100) ||
      (size >= 0xffffff00 && size <= 0xffffffff) || size == G_MAXUINT64;
}

static guint32
read_uint32 (const Chunks *chunks, const guint8 *data)
{
  return chunks->is_big_endian ? GST_READ_UINT32_BE (data)
                               : GST_READ_UINT32_LE (data);
}

/* Reads the header of the chunk at @offset.  FALSE if there is none before
 * @limit. */
static gboolean
read_chunk (const Chunks *chunks, MediaFile *file, guint64 offset,
    guint64 limit, Chunk *chunk)
{
  guint8 header[HEADER];

  if (offset > limit || limit - offset < HEADER ||
      media_file_read (file, offset, header, HEADER) < HEADER ||
      !chunk_id_is_valid (header))
    return FALSE;
  memset (chunk, 0, sizeof *chunk);
  memcpy (chunk->id, header, 4);
  chunk->offset = offset;
  chunk->size = read_uint32 (chunks, header + 4);
  return TRUE;
}

static guint64
chunk_get_room (const Chunk *chunk, guint64 limit)
{
  return limit - chunk->offset - HEADER;
}

static guint64
chunk_get_end (const Chunk *chunk)
{
  return chunk->offset + HEADER + chunk->size + chunk->pad;
}

/* TRUE if a whole chunk is at @offset. */
static gboolean
has_chunk (const Chunks *chunks, MediaFile *file, guint64 offset, guint64 limit)
{
  Chunk chunk;

  return read_chunk (chunks, file, offset, limit, &chunk) &&
      chunk.size <= chunk_get_room (&chunk, limit);
}

/* Chunks of an odd size have a pad byte; some programs forget it. */
static guint
get_pad (
    const Chunks *chunks, MediaFile *file, const Chunk *chunk, guint64 limit)
{
  guint64 end = chunk_get_end (chunk);

  if (!(chunk->size & 1) || end >= limit)
    return 0;
  return media_file_has (file, end, "", 1) ||
      !has_chunk (chunks, file, end, limit) ||
      has_chunk (chunks, file, end + 1, limit);
}

/* TRUE if the audio goes on to the file's end, whatever its size is said to be. */
static gboolean
is_endless (
    const Chunks *chunks, MediaFile *file, const Chunk *audio, guint64 limit)
{
  guint64 size = media_file_get_size (file);

  if (!is_placeholder (audio->size))
    return FALSE;
  if (audio->size > 0)
    return audio->size > chunk_get_room (audio, size);
  return !chunks->is_size_known || limit < chunk_get_end (audio) + HEADER ||
      !has_chunk (chunks, file, chunk_get_end (audio), size);
}

static void
get_audio_size (const Chunks *chunks, MediaFile *file, Chunk *audio)
{
  guint8 size[8];

  /* in the chunk ds64, which is the first */
  if (chunks->has_64_bits && audio->size == 0xffffffff &&
      media_file_read (file, FIRST + HEADER + 8, size, 8) == 8)
    audio->size = GST_READ_UINT64_LE (size);
}

/* Finds the chunks before @limit.  Gives one that is not whole in @broken; FALSE if
 * there is one. */
static gboolean
walk (Chunks *chunks, MediaFile *file, const char *audio, guint64 limit,
    Chunk *broken)
{
  Chunk chunk;

  g_array_set_size (chunks->chunks, 0);
  chunks->end = FIRST;
  chunks->audio = -1;
  while (chunks->chunks->len < MAX_CHUNKS &&
      read_chunk (chunks, file, chunks->end, limit, &chunk)) {
    if (!strcmp (chunk.id, audio)) {
      get_audio_size (chunks, file, &chunk);
      if (chunks->audio < 0)
        chunks->audio = chunks->chunks->len;
      if (is_endless (chunks, file, &chunk, limit)) {
        limit = media_file_get_size (file);
        chunk.size = chunk_get_room (&chunk, limit);
      }
    }
    if (chunk.size > chunk_get_room (&chunk, limit)) {
      *broken = chunk;
      return FALSE;
    }
    chunk.pad = get_pad (chunks, file, &chunk, limit);
    chunks->end = chunk_get_end (&chunk);
    g_array_append_val (chunks->chunks, chunk);
  }
  return TRUE;
}

static void
set_obstacle (Layout *layout, const Chunks *chunks, const Chunk *broken)
{
  layout_set_obstacle (layout, REASON_MALFORMED_TAGS,
      "It is cut off, or damaged: its chunk \"%s\" (number %u) is to have "
      "%" G_GUINT64_FORMAT " bytes, and the file has %" G_GUINT64_FORMAT
      " there.",
      broken->id, chunks->chunks->len + 1, broken->size,
      chunk_get_room (broken, media_file_get_size (layout->file)));
}

static void
read_header (Layout *layout, Chunks *chunks)
{
  guint8 header[FIRST + HEADER + 8] = { 0 };
  guint64 length = media_file_get_size (layout->file);

  media_file_read (layout->file, 0, header, sizeof header);
  chunks->is_big_endian = header[0] == 'F';
  chunks->has_64_bits = !memcmp (header + 1, "F64", 3) ||
      !memcmp (header + 1, "W64", 3);
  chunks->size = read_uint32 (chunks, header + 4);
  if (chunks->has_64_bits) {
    chunks->size = GST_READ_UINT64_LE (header + FIRST + HEADER);
    if (memcmp (header + FIRST, "ds64", 4) ||
        GST_READ_UINT32_LE (header + FIRST + 4) < 28)
      layout_set_obstacle (layout, REASON_MALFORMED_TAGS,
          "It is of the type RF64, and its first chunk is not \"ds64\".");
  }
  chunks->is_size_known = chunks->size <= length - HEADER + 1
      ? chunks->size > 0
      : !is_placeholder (chunks->size);
}

Chunks *
chunks_find (Layout *layout, const char *audio)
{
  MediaFile *file = layout->file;
  const guint64 length = media_file_get_size (file);
  Chunks *chunks = g_new0 (Chunks, 1);
  guint64 limit = length;
  Chunk broken;
  const Chunk *last;

  chunks->chunks = g_array_new (FALSE, FALSE, sizeof (Chunk));
  read_header (layout, chunks);
  if (chunks->is_size_known && chunks->size < length - HEADER)
    limit = HEADER + chunks->size;
  /* programs read on behind the end that the header says, if there are chunks */
  if ((!walk (chunks, file, audio, limit, &broken) ||
          has_chunk (chunks, file, chunks->end + (chunks->end & 1), length)) &&
      !walk (chunks, file, audio, limit = length, &broken))
    set_obstacle (layout, chunks, &broken);

  if (chunks->chunks->len == MAX_CHUNKS)
    layout_set_obstacle (layout, REASON_MALFORMED_TAGS,
        "It has more chunks than a file of sound can have.");
  if (chunks->chunks->len > 0) {
    last = chunks_get (chunks, chunks->chunks->len - 1);
    /* programs that do not know ds64 take all behind the audio for audio */
    chunks->can_grow = chunks->is_size_known && !chunks->has_64_bits &&
        chunks->end == HEADER + chunks->size && (last->size & 1) == last->pad;
  }
  if (!chunks->can_grow && chunks->audio < 0)
    layout_set_obstacle (layout, REASON_MALFORMED_TAGS,
        "It has no chunk \"%s\", and nothing can stand at its end.", audio);
  return chunks;
}

void
chunks_free (Chunks *chunks)
{
  g_array_unref (chunks->chunks);
  g_free (chunks);
}

const Chunk *
chunks_get (const Chunks *chunks, guint i)
{
  return &g_array_index (chunks->chunks, Chunk, i);
}

void
chunks_add_header (const Chunks *chunks, Layout *layout)
{
  guint64 beside = chunks->size;

  if (chunks->is_size_known)
    beside -= media_file_get_size (layout->file);
  layout_add_piece (layout, "header");
  layout_extend (layout, 0, 4);
  if (chunks->has_64_bits)
    layout_extend (layout, 4, 4);
  layout_extend (layout, 8, 4);
  layout_extend_bytes (layout, g_bytes_new (&beside, sizeof beside));
}

void
chunks_extend (const Chunks *chunks, const Chunk *chunk, Layout *layout)
{
  guint64 length = HEADER + chunk->size + chunk->pad;

  if (chunks->has_64_bits && chunk->offset == FIRST) {
    /* ds64 without the size that is the header's */
    layout_extend (layout, chunk->offset, HEADER);
    layout_extend (layout, chunk->offset + HEADER + 8, length - HEADER - 8);
  } else {
    layout_extend (layout, chunk->offset, length);
  }
}

void
chunks_add_rest (const Chunks *chunks, Layout *layout)
{
  guint64 length = media_file_get_size (layout->file) - chunks->end;

  if (length == 0)
    return;
  layout_add_piece (layout, "bytes behind the chunks");
  layout_extend (layout, chunks->end, length);
}

guint64
chunks_get_place (const Chunks *chunks)
{
  return chunks->can_grow ? chunks->end
                          : chunks_get (chunks, (guint) chunks->audio)->offset;
}

GBytes *
chunks_make (
    const Chunks *chunks, const char *id, GByteArray *data, gboolean with_pad)
{
  GByteArray *chunk = g_byte_array_sized_new (HEADER + data->len + 1);
  guint8 size[4];

  if (chunks->is_big_endian)
    GST_WRITE_UINT32_BE (size, data->len);
  else
    GST_WRITE_UINT32_LE (size, data->len);
  g_byte_array_append (chunk, (const guint8 *) id, 4);
  g_byte_array_append (chunk, size, sizeof size);
  if (data->len > 0)
    g_byte_array_append (chunk, data->data, data->len);
  if (with_pad && (data->len & 1))
    g_byte_array_append (chunk, (const guint8 *) "", 1);
  return g_byte_array_free_to_bytes (chunk);
}

gboolean
chunks_follow (
    const Chunks *chunks, MediaFile *file, Splices *splices, GError **error)
{
  guint64 size = chunks->size +
      (guint64) splices_get_shift (splices, media_file_get_size (file));
  guint8 bytes[8];

  if (!chunks->is_size_known || size == chunks->size)
    return TRUE;
  if (chunks->has_64_bits) {
    GST_WRITE_UINT64_LE (bytes, size);
    splices_replace (splices, FIRST + HEADER, 8, g_bytes_new (bytes, 8));
    return TRUE;
  }
  if (size >= 0xffffff00)
    return tags_error_set (error, REASON_UNWRITABLE_FORMAT,
        "It would be longer than 4 GiB, which its format cannot say.");
  if (chunks->is_big_endian)
    GST_WRITE_UINT32_BE (bytes, size);
  else
    GST_WRITE_UINT32_LE (bytes, size);
  splices_replace (splices, 4, 4, g_bytes_new (bytes, 4));
  return TRUE;
}
