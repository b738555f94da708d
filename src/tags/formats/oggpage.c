/* SPDX-License-Identifier: GPL-2.0-or-later */

#define _GNU_SOURCE /* memmem() */

#include "oggpage.h"

#include <string.h>

#include <gst/gst.h>

#define MAGIC "OggS"
#define POLYNOMIAL 0x04c11db7u
#define CHECKSUM_AT 22
#define BLOCK 4096

/* The remainder of a polynomial times x^8. */
static guint32
shift_byte (guint32 remainder)
{
  for (guint i = 0; i < 8; i++)
    remainder = remainder << 1 ^ (remainder >> 31 ? POLYNOMIAL : 0);
  return remainder;
}

static guint32
get_checksum (const guint8 *data, gsize length)
{
  static guint32 table[256];
  static gsize ready;
  guint32 sum = 0;

  if (g_once_init_enter (&ready)) {
    for (guint32 i = 0; i < 256; i++)
      table[i] = shift_byte (i << 24);
    g_once_init_leave (&ready, 1);
  }
  for (gsize i = 0; i < length; i++)
    sum = sum << 8 ^ table[sum >> 24 ^ data[i]];
  return sum;
}

/* The product of two polynomials, modulo that of the checksum. */
static guint32
multiply (guint32 a, guint32 b)
{
  guint32 product = 0;

  for (int i = 31; i >= 0; i--) {
    product = product << 1 ^ (product >> 31 ? POLYNOMIAL : 0);
    if (a >> i & 1)
      product ^= b;
  }
  return product;
}

guint32
oggpage_get_share (guint32 sequence, guint32 size)
{
  guint8 bytes[4];
  guint32 share, power = 1 << 8; /* x^8 */

  GST_WRITE_UINT32_LE (bytes, sequence);
  share = get_checksum (bytes, sizeof bytes);
  /* times x^8 for each byte that follows */
  for (guint32 n = size - OGG_SEQUENCE_AT - 4; n > 0; n >>= 1) {
    if (n & 1)
      share = multiply (share, power);
    power = multiply (power, power);
  }
  return share;
}

guint32
oggpage_get_body_size (const OggPage *page)
{
  return page->size - OGG_HEADER - page->n_segments;
}

/* FALSE if no page is at @offset. */
static gboolean
read_page (const OggWalk *walk, guint64 offset, OggPage *page)
{
  guint8 bytes[OGG_HEADER + OGG_MAX_SEGMENTS];
  gsize n = offset < walk->end ? media_file_read (walk->file, offset, bytes,
                                     MIN (walk->end - offset, sizeof bytes))
                               : 0;

  if (n < OGG_HEADER || memcmp (bytes, MAGIC "\0", 5) ||
      n < OGG_HEADER + (gsize) bytes[26])
    return FALSE;
  *page = (OggPage){
    .offset = offset,
    .flags = bytes[5],
    .granule = GST_READ_UINT64_LE (bytes + 6),
    .serial = GST_READ_UINT32_LE (bytes + 14),
    .sequence = GST_READ_UINT32_LE (bytes + OGG_SEQUENCE_AT),
    .checksum = GST_READ_UINT32_LE (bytes + CHECKSUM_AT),
    .n_segments = bytes[26],
    .size = OGG_HEADER + bytes[26],
  };
  memcpy (page->lacing, bytes + OGG_HEADER, page->n_segments);
  for (guint i = 0; i < page->n_segments; i++)
    page->size += page->lacing[i];
  return page->size <= walk->end - offset;
}

gboolean
oggpage_check (MediaFile *file, const OggPage *page)
{
  g_autofree guint8 *data = g_malloc (page->size);

  if (media_file_read (file, page->offset, data, page->size) < page->size)
    return FALSE;
  memset (data + CHECKSUM_AT, 0, 4);
  return get_checksum (data, page->size) == page->checksum;
}

/* Looks for a page at a place that has the magic bytes. */
static gboolean
try_page (OggWalk *walk, guint64 offset, OggPage *page)
{
  if (read_page (walk, offset, page) && oggpage_check (walk->file, page))
    return TRUE;
  walk->n_mistaken++;
  return FALSE;
}

static gboolean
search_page (OggWalk *walk, OggPage *page)
{
  guint64 offset = walk->offset;
  guint8 block[BLOCK];

  while (offset < walk->end && walk->n_mistaken < OGG_MAX_MISTAKEN &&
      walk->n_skipped < OGG_MAX_SKIPPED) {
    gsize n = media_file_read (
        walk->file, offset, block, MIN (walk->end - offset, BLOCK));
    const guint8 *found = memmem (block, n, MAGIC, 4);
    gsize skipped = found ? (gsize) (found - block) : n - MIN (n, 3);

    if (n < 4)
      return FALSE;
    offset += skipped;
    walk->n_skipped += skipped;
    if (found && try_page (walk, offset, page))
      return TRUE;
    if (found)
      offset++;
  }
  return FALSE;
}

gboolean
oggpage_next (OggWalk *walk, OggPage *page)
{
  if (!read_page (walk, walk->offset, page) && !search_page (walk, page))
    return FALSE;
  walk->offset = page->offset + page->size;
  return TRUE;
}

void
oggpage_append_header (const OggPage *page, GByteArray *data)
{
  guint8 bytes[OGG_HEADER] = MAGIC;

  bytes[5] = page->flags;
  GST_WRITE_UINT64_LE (bytes + 6, page->granule);
  GST_WRITE_UINT32_LE (bytes + 14, page->serial);
  GST_WRITE_UINT32_LE (bytes + OGG_SEQUENCE_AT, page->sequence);
  bytes[26] = page->n_segments;
  g_byte_array_append (data, bytes, sizeof bytes);
  g_byte_array_append (data, page->lacing, page->n_segments);
}

void
oggpage_set_checksum (GByteArray *data, guint start)
{
  guint8 *page = data->data + start;

  memset (page + CHECKSUM_AT, 0, 4);
  GST_WRITE_UINT32_LE (
      page + CHECKSUM_AT, get_checksum (page, data->len - start));
}
