/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The chunks of a RIFF or IFF file: where they are, whatever its header says. */

#pragma once

#include "layout.h"

G_BEGIN_DECLS

typedef struct
{
  char id[5];
  guint64 offset; /* of its header, 8 bytes */
  guint64 size;   /* of what follows that, without a pad byte */
  guint pad;      /* 1 if it has a pad byte */
} Chunk;

typedef struct
{
  gboolean is_big_endian;
  gboolean has_64_bits; /* RF64 or BW64: the sizes are in a chunk ds64 */
  guint64 size;         /* that the header says, from its byte 8 on */
  gboolean is_size_known;
  GArray *chunks;    /* Chunk */
  guint64 end;       /* of the last one; other bytes may follow */
  gint64 audio;      /* the index of the first one of the audio, or -1 */
  gboolean can_grow; /* another chunk can stand at the end */
} Chunks;

/* TRUE if these 4 bytes can name a chunk. */
gboolean chunk_id_is_valid (const guint8 *id);

/* Finds the chunks of the file, whose header begins it.  Obstacles are noted in
 * @layout.
 * @audio: the name of the chunk of the audio
 * Returns: (transfer full) */
Chunks *chunks_find (Layout *layout, const char *audio);
void chunks_free (Chunks *chunks);

const Chunk *chunks_get (const Chunks *chunks, guint i);

/* Adds the piece of the header, with what its size is beside the file's. */
void chunks_add_header (const Chunks *chunks, Layout *layout);
/* Extends a piece by a chunk. */
void chunks_extend (const Chunks *chunks, const Chunk *chunk, Layout *layout);
/* Adds what follows the chunks, if anything does, as a piece. */
void chunks_add_rest (const Chunks *chunks, Layout *layout);

/* Where new chunks are to stand. */
guint64 chunks_get_place (const Chunks *chunks);

/* A chunk of these bytes.  (transfer full) */
GBytes *chunks_make (
    const Chunks *chunks, const char *id, GByteArray *data, gboolean with_pad);

/* Lets the size in the header follow the splices that were added.  FALSE with @error
 * set, in TAGS_ERROR, if the file would be too large. */
gboolean chunks_follow (
    const Chunks *chunks, MediaFile *file, Splices *splices, GError **error);

G_END_DECLS
