/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "ebml.h"

#include <string.h>

#include <zlib.h>

#define MAX_ID_LENGTH 4
#define MAX_SIZE_LENGTH 8

/* The checksum's header, and all of it. */
static const guint8 crc_header[] = { EBML_CRC32, 0x84 };
#define CRC_LENGTH (sizeof crc_header + 4)

/* The length of the number that begins with this byte: it has as many zero bits in
 * front as further bytes follow. */
static guint
get_length (guint8 first)
{
  guint length = 1;

  while (length <= 8 && !(first & (0x80 >> (length - 1))))
    length++;
  return length;
}

gboolean
ebml_parse_header (const guint8 *bytes, gsize length, EbmlHeader *header)
{
  guint8 mask;

  header->id_length = length > 0 ? get_length (bytes[0]) : G_MAXUINT;
  if (header->id_length > MAX_ID_LENGTH || header->id_length >= length)
    return FALSE;
  header->id = (guint32) ebml_get_uint (bytes, header->id_length);
  bytes += header->id_length;
  length -= header->id_length;
  header->size_length = get_length (bytes[0]);
  if (header->size_length > MAX_SIZE_LENGTH || header->size_length > length)
    return FALSE;
  mask = (guint8) (0xff >> header->size_length);
  header->size = ebml_get_uint (bytes, header->size_length) &
      (G_MAXUINT64 >> (64 - 7 * header->size_length));
  /* all bits set */
  if ((bytes[0] & mask) == mask &&
      header->size == (G_GUINT64_CONSTANT (1) << (7 * header->size_length)) - 1)
    header->size = EBML_UNKNOWN_SIZE;
  return TRUE;
}

gboolean
ebml_next (
    const guint8 *bytes, gsize length, gsize *offset, EbmlElement *element)
{
  const EbmlHeader *header = &element->header;
  gsize left = length - *offset, n;

  element->raw = bytes + *offset;
  if (!ebml_parse_header (element->raw, left, &element->header))
    return FALSE;
  n = header->id_length + header->size_length;
  if (header->size > left - n)
    return FALSE;
  element->data = element->raw + n;
  element->size = header->size;
  element->raw_length = n + element->size;
  *offset += element->raw_length;
  return TRUE;
}

guint64
ebml_get_uint (const guint8 *data, gsize size)
{
  guint64 value = 0;

  for (gsize i = 0; i < size; i++)
    value = value << 8 | data[i];
  return value;
}

guint
ebml_get_uint_length (guint64 value)
{
  guint length = 1;

  while (length < 8 && value >> (8 * length))
    length++;
  return length;
}

void
ebml_append_uint (GByteArray *array, guint64 value, guint length)
{
  guint64 bytes = GUINT64_TO_BE (value);

  g_byte_array_append (
      array, (const guint8 *) &bytes + sizeof bytes - length, length);
}

/* The fewest bytes for a size.  All bits set would say that it is not known. */
static guint
get_fewest (guint64 size)
{
  guint length = 1;

  while (length < MAX_SIZE_LENGTH &&
      size >= (G_GUINT64_CONSTANT (1) << (7 * length)) - 1)
    length++;
  return length;
}

guint
ebml_get_size_length (guint64 size, const EbmlHeader *old)
{
  guint fewest = get_fewest (size);

  return !old || old->size_length == get_fewest (old->size)
      ? fewest
      : MAX (fewest, old->size_length);
}

void
ebml_append_size (GByteArray *array, guint64 size, guint length)
{
  ebml_append_uint (
      array, size | G_GUINT64_CONSTANT (1) << (7 * length), length);
}

void
ebml_append (GByteArray *array, guint32 id, const EbmlHeader *old,
    const guint8 *data, gsize size)
{
  ebml_append_uint (array, id, ebml_get_uint_length (id));
  ebml_append_size (array, size, ebml_get_size_length (size, old));
  if (size > 0)
    g_byte_array_append (array, data, (guint) size);
}

gboolean
ebml_has_crc (const guint8 *data, gsize size)
{
  return size >= CRC_LENGTH && !memcmp (data, crc_header, sizeof crc_header);
}

/* The checksum of what is behind it, in the order of the bytes in the file. */
static guint32
compute_crc (const guint8 *data, gsize size)
{
  return GUINT32_TO_LE (
      (guint32) crc32_z (0, data + CRC_LENGTH, size - CRC_LENGTH));
}

gboolean
ebml_check_crc (const guint8 *data, gsize size)
{
  guint32 crc;

  if (!ebml_has_crc (data, size))
    return TRUE;
  crc = compute_crc (data, size);
  return !memcmp (data + sizeof crc_header, &crc, sizeof crc);
}

void
ebml_append_crc (GByteArray *data)
{
  static const guint8 none[4];

  g_byte_array_append (data, crc_header, sizeof crc_header);
  g_byte_array_append (data, none, sizeof none);
}

void
ebml_update_crc (GByteArray *data)
{
  guint32 crc;

  if (!ebml_has_crc (data->data, data->len))
    return;
  crc = compute_crc (data->data, data->len);
  memcpy (data->data + sizeof crc_header, &crc, sizeof crc);
}
