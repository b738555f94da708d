/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Checks the framing of a chunked body (RFC 9112, 7.1) while it comes in, and
 * writes it anew without chunk extensions and trailers. */

#pragma once

#include <glib.h>

typedef enum
{
  CHUNK_SIZE,      /* at or in the digits */
  CHUNK_EXTENSION, /* in what follows them */
  CHUNK_SIZE_LF,
  CHUNK_DATA,
  CHUNK_DATA_CR,
  CHUNK_DATA_LF,
  CHUNK_TRAILER, /* at the beginning of a line of the trailer */
  CHUNK_TRAILER_NAME,
  CHUNK_TRAILER_VALUE,
  CHUNK_TRAILER_LF,
  CHUNK_END_LF,
  CHUNK_DONE
} ChunkState;

/* Zero at first. */
typedef struct
{
  ChunkState state;
  guint64 left; /* of the chunk, bytes */
  guint n_digits;
  guint n_extra;  /* bytes of this extension, or of the trailer */
  guint n_extras; /* bytes of all extensions */
} ChunkFilter;

/* Appends to @out what libsoup is to get for @data, [size]; they may be cut
 * anywhere.  What follows the body is ignored.  FALSE with @error (REQUEST_ERROR)
 * set if it is not as it should be; after that nothing more may be pushed. */
gboolean chunk_filter_push (ChunkFilter *filter, const char *data, gsize size,
    GByteArray *out, GError **error);
/* Whether the body is complete. */
gboolean chunk_filter_is_done (const ChunkFilter *filter);
