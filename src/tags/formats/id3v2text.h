/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The encodings of text in ID3v2 frames, and its unsynchronisation. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The first byte of a text frame. */
typedef enum
{
  ID3V2_LATIN1 = 0,
  ID3V2_UTF16 = 1, /* with a byte order mark */
  ID3V2_UTF16BE = 2,
  ID3V2_UTF8 = 3
} Id3v2Encoding;

/* How many bytes of @data the first string of an encoding has, without the 0 that
 * ends it: all without one. */
gsize id3v2_text_find_end (guint encoding, const guint8 *data, gsize size);
/* The bytes of the 0 that ends a string. */
gsize id3v2_text_get_unit (guint encoding);

/* The UTF-8 text of an encoding, in which 0 may be; @length: its bytes.  @strict:
 * NULL if it is not as the encoding says; otherwise UTF-16 may lack the mark, and
 * what is not UTF-8 is taken for Latin-1, as is what is said to be of no encoding
 * that there is.  To be freed with g_free(). */
char *id3v2_text_decode (guint encoding, const guint8 *data, gsize size,
    gboolean strict, gsize *length);

/* Appends a text of @length bytes of UTF-8 in an encoding, with a byte order mark
 * where that belongs to it.  FALSE if it has not these characters. */
gboolean id3v2_text_encode (
    guint encoding, const char *text, gsize length, GByteArray *out);

/* Appends @data unsynchronised: 0 comes behind 0xff where both would look like the
 * start of an MPEG frame. */
void id3v2_unsynchronise (const guint8 *data, gsize size, GByteArray *out);
/* The inverse. */
GByteArray *id3v2_resynchronise (const guint8 *data, gsize size);

G_END_DECLS
