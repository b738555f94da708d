/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "id3v2frames.h"

#include <string.h>

#include <gst/gst.h>
#include <zlib.h>

#include "id3v2text.h"

#define MAX_PAYLOAD (1 << 16)

/* flags of frames in 2.3 */
#define V3_COMPRESSED 0x80
#define V3_ENCRYPTED 0x40
#define V3_GROUPED 0x20
/* and in 2.4 */
#define V4_GROUPED 0x40
#define V4_COMPRESSED 0x08
#define V4_ENCRYPTED 0x04
#define V4_UNSYNCHRONISED 0x02
#define V4_HAS_LENGTH 0x01

guint32
id3v2_read_synchsafe (const guint8 *bytes)
{
  return (guint32) bytes[0] << 21 | (guint32) bytes[1] << 14 |
      (guint32) bytes[2] << 7 | bytes[3];
}

void
id3v2_write_synchsafe (guint8 *bytes, guint32 number)
{
  for (guint i = 0; i < 4; i++)
    bytes[i] = (number >> (21 - 7 * i)) & 0x7f;
}

gboolean
id3v2_is_synchsafe (const guint8 *bytes)
{
  return !((bytes[0] | bytes[1] | bytes[2] | bytes[3]) & 0x80);
}

/* TRUE if sizes count bytes before they were unsynchronised. */
static gboolean
counts_decoded (const Id3v2Coding *coding)
{
  return coding->version < 4 && coding->unsynchronised &&
      !coding->sizes_as_stored;
}

/* The position behind @n bytes, as sizes count them, which are copied to @out
 * (nullable); G_MAXSIZE if there are not so many. */
static gsize
advance (const guint8 *data, gsize position, gsize end, gsize n,
    const Id3v2Coding *coding, guint8 *out)
{
  if (n > end - position)
    return G_MAXSIZE;
  if (!counts_decoded (coding)) {
    if (out)
      memcpy (out, data + position, n);
    return position + n;
  }
  for (; n > 0; n--) {
    if (position >= end)
      return G_MAXSIZE;
    if (out)
      *out++ = data[position];
    position++;
    if (data[position - 1] == 0xff && position < end && !data[position])
      position++;
  }
  return position;
}

static gsize
get_id_size (const Id3v2Coding *coding)
{
  return coding->version == 2 ? 3 : 4;
}

gboolean
id3v2_frame_has_id (const guint8 *data, gsize position, gsize end,
    const Id3v2Coding *coding, char *id)
{
  gsize n = get_id_size (coding);

  if (end - position < n)
    return FALSE;
  memset (id, 0, 5);
  memcpy (id, data + position, n);
  /* a name of 2.2 in 2.3, as iTunes wrote them */
  if (coding->version == 3 && (!id[3] || id[3] == ' '))
    id[--n] = '\0';
  for (gsize i = 0; i < n; i++) {
    if (!g_ascii_isupper (id[i]) && !g_ascii_isdigit (id[i]))
      return FALSE;
  }
  return TRUE;
}

static Id3v2Sort
get_sort (const char *id)
{
  if (!strcmp (id, "TCON") || !strcmp (id, "TCO"))
    return ID3V2_GENRE;
  if (!strcmp (id, "TXXX") || !strcmp (id, "TXX"))
    return ID3V2_USER_TEXT;
  return ID3V2_OTHER;
}

static gboolean
parse_size (const guint8 *header, const Id3v2Coding *coding, gsize *size)
{
  const guint8 *bytes = header + get_id_size (coding);

  if (coding->version == 2) {
    *size = GST_READ_UINT24_BE (bytes);
    return TRUE;
  }
  *size = GST_READ_UINT32_BE (bytes);
  if (coding->version == 3 || coding->plain_sizes)
    return TRUE;
  *size = id3v2_read_synchsafe (bytes);
  return id3v2_is_synchsafe (bytes);
}

gboolean
id3v2_frame_find (const guint8 *data, gsize position, gsize end,
    const Id3v2Coding *coding, Id3v2Frame *frame)
{
  const gsize header_size = coding->version == 2 ? 6 : 10;
  guint8 header[10];
  gsize size, content;

  if (!id3v2_frame_has_id (data, position, end, coding, frame->id))
    return FALSE;
  content = advance (data, position, end, header_size, coding, header);
  if (content == G_MAXSIZE || !parse_size (header, coding, &size))
    return FALSE;
  frame->sort = get_sort (frame->id);
  frame->flags = coding->version == 2 ? 0 : header[9];
  frame->start = position;
  frame->content = content;
  frame->end = advance (data, content, end, size, coding, NULL);
  return frame->end != G_MAXSIZE;
}

/* What stands before a frame's content. */
typedef struct
{
  gsize size;
  gboolean encrypted, compressed, unsynchronised;
} Prefix;

static Prefix
get_prefix (const Id3v2Frame *frame, const Id3v2Coding *coding)
{
  guint flags = frame->flags;

  if (coding->version == 2)
    return (Prefix){ .unsynchronised = coding->unsynchronised };
  if (coding->version == 3)
    return (Prefix){ .size = (flags & V3_COMPRESSED ? 4 : 0) +
          (flags & V3_ENCRYPTED ? 1 : 0) + (flags & V3_GROUPED ? 1 : 0),
      .encrypted = (flags & V3_ENCRYPTED) != 0,
      .compressed = (flags & V3_COMPRESSED) != 0,
      .unsynchronised = coding->unsynchronised };
  return (Prefix){ .size = (flags & V4_GROUPED ? 1 : 0) +
        (flags & V4_ENCRYPTED ? 1 : 0) + (flags & V4_HAS_LENGTH ? 4 : 0),
    .encrypted = (flags & V4_ENCRYPTED) != 0,
    .compressed = (flags & V4_COMPRESSED) != 0,
    .unsynchronised = coding->unsynchronised || (flags & V4_UNSYNCHRONISED) };
}

static GByteArray *
inflate_payload (const GByteArray *data)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();
  uLongf size = MIN (MAX_PAYLOAD, 1100 * (uLongf) data->len + 64);

  g_byte_array_set_size (out, (guint) size);
  if (uncompress (out->data, &size, data->data, data->len) != Z_OK)
    return NULL;
  g_byte_array_set_size (out, (guint) size);
  return g_steal_pointer (&out);
}

GByteArray *
id3v2_frame_get_payload (
    const guint8 *data, const Id3v2Frame *frame, const Id3v2Coding *coding)
{
  Prefix prefix = get_prefix (frame, coding);
  gsize size = frame->end - frame->content;
  g_autoptr (GByteArray) payload = NULL;

  if (prefix.encrypted || size > MAX_PAYLOAD)
    return NULL;
  if (prefix.unsynchronised) {
    payload = id3v2_resynchronise (data + frame->content, size);
  } else {
    payload = g_byte_array_new ();
    if (size > 0)
      g_byte_array_append (payload, data + frame->content, (guint) size);
  }
  if (prefix.size > 0)
    g_byte_array_remove_range (
        payload, 0, MIN ((guint) prefix.size, payload->len));
  return prefix.compressed ? inflate_payload (payload)
                           : g_steal_pointer (&payload);
}

GBytes *
id3v2_frame_new (
    Id3v2Sort sort, const GByteArray *payload, const Id3v2Coding *coding)
{
  const char *name = sort == ID3V2_GENRE ? "TCON" : "TXXX";
  g_autoptr (GByteArray) content = g_byte_array_new ();
  g_autoptr (GByteArray) frame = g_byte_array_new ();
  guint8 header[10] = { 0 };
  guint32 size;

  if (coding->unsynchronised && !counts_decoded (coding))
    id3v2_unsynchronise (payload->data, payload->len, content);
  else
    g_byte_array_append (content, payload->data, payload->len);
  size = content->len;
  memcpy (header, name, 4);
  GST_WRITE_UINT32_BE (header + 4, size);
  if (coding->version == 2)
    GST_WRITE_UINT24_BE (header + 3, size);
  else if (coding->version == 4 && !coding->plain_sizes)
    id3v2_write_synchsafe (header + 4, size);
  g_byte_array_prepend (content, header, coding->version == 2 ? 6 : 10);
  if (counts_decoded (coding))
    id3v2_unsynchronise (content->data, content->len, frame);
  else
    g_byte_array_append (frame, content->data, content->len);
  return g_bytes_new (frame->data, frame->len);
}
