/* SPDX-License-Identifier: GPL-2.0-or-later */

/* EBML, of which Matroska and WebM are made:
 * https://www.rfc-editor.org/rfc/rfc8794 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define EBML_UNKNOWN_SIZE G_MAXUINT64
#define EBML_MAX_HEADER 12 /* bytes of an element's ID and size */

enum
{
  EBML_HEADER = 0x1a45dfa3,
  EBML_VOID = 0xec,
  EBML_CRC32 = 0xbf
};

/* The ID and the size that an element begins with. */
typedef struct
{
  guint32 id; /* as it is written, with the bit that says its length */
  guint id_length, size_length; /* in bytes */
  guint64 size;                 /* of the data, or EBML_UNKNOWN_SIZE */
} EbmlHeader;

/* An element in memory. */
typedef struct
{
  EbmlHeader header;
  const guint8 *raw; /* with the header */
  gsize raw_length;
  const guint8 *data;
  gsize size;
} EbmlElement;

/* FALSE if the bytes do not begin with the whole header of an element. */
gboolean
ebml_parse_header (const guint8 *bytes, gsize length, EbmlHeader *header);

/* Gives the element at *@offset, and moves that behind it.  FALSE at the end, or if
 * the element there is damaged or not whole: *@offset is then less than @length. */
gboolean ebml_next (
    const guint8 *bytes, gsize length, gsize *offset, EbmlElement *element);

/* The value of an unsigned integer of up to 8 bytes. */
guint64 ebml_get_uint (const guint8 *data, gsize size);
/* How many bytes it needs, at least 1. */
guint ebml_get_uint_length (guint64 value);
/* Appends it, the high byte first, without a header. */
void ebml_append_uint (GByteArray *array, guint64 value, guint length);

/* How many bytes the size of an element's data is to take that took the place of
 * @old (nullable): the fewest if that had the fewest, else at least as many. */
guint ebml_get_size_length (guint64 size, const EbmlHeader *old);
void ebml_append_size (GByteArray *array, guint64 size, guint length);
/* Appends a whole element.  @old: (nullable): what it stands for */
void ebml_append (GByteArray *array, guint32 id, const EbmlHeader *old,
    const guint8 *data, gsize size);

/* TRUE if the data of a master element begin with a checksum of the rest. */
gboolean ebml_has_crc (const guint8 *data, gsize size);
/* FALSE if they do, and it is wrong. */
gboolean ebml_check_crc (const guint8 *data, gsize size);
/* Makes it right. */
void ebml_update_crc (GByteArray *data);
/* Appends one that is to be made right when all is there. */
void ebml_append_crc (GByteArray *data);

G_END_DECLS
