/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "mp4atoms.h"

#include <gst/gst.h>

#include "tagserror.h"

gboolean
mp4_next (Mp4Walk *walk, Mp4Atom *atom)
{
  guint8 bytes[16];
  guint64 left = walk->offset < walk->end ? walk->end - walk->offset : 0;
  gsize n = media_file_read (
      walk->file, walk->offset, bytes, MIN (left, sizeof bytes));

  if (n < MP4_HEADER)
    return FALSE;
  *atom = (Mp4Atom){
    .offset = walk->offset,
    .size = GST_READ_UINT32_BE (bytes),
    .type = GST_READ_UINT32_BE (bytes + 4),
    .header = MP4_HEADER,
  };
  if (atom->size == 1 && n == sizeof bytes) {
    atom->size = GST_READ_UINT64_BE (bytes + 8);
    atom->header = sizeof bytes;
  } else if (atom->size == 0 && walk->is_top && atom->type != 0) {
    atom->size = left;
    atom->to_end = TRUE;
  }
  if (atom->size < atom->header || atom->size > left)
    return FALSE;
  walk->offset += atom->size;
  return TRUE;
}

Mp4Walk
mp4_enter (MediaFile *file, const Mp4Atom *atom, guint64 skip)
{
  guint64 end = mp4_get_end (atom);

  return (Mp4Walk){
    .file = file,
    .offset = MIN (atom->offset + atom->header + skip, end),
    .end = end,
  };
}

gboolean
mp4_find (MediaFile *file, const Mp4Atom *parent, guint64 skip, guint32 type,
    Mp4Atom *atom)
{
  Mp4Walk walk = mp4_enter (file, parent, skip);

  while (mp4_next (&walk, atom)) {
    if (atom->type == type)
      return TRUE;
  }
  return FALSE;
}

guint64
mp4_find_end (MediaFile *file, const Mp4Atom *parent, guint64 skip)
{
  Mp4Walk walk = mp4_enter (file, parent, skip);
  Mp4Atom atom;

  while (mp4_next (&walk, &atom))
    ;
  return walk.offset;
}

guint64
mp4_get_meta_skip (MediaFile *file, const Mp4Atom *meta)
{
  return meta->size >= meta->header + 8u &&
          media_file_has (file, meta->offset + meta->header + 4, "hdlr", 4)
      ? 0
      : 4;
}

guint64
mp4_get_end (const Mp4Atom *atom)
{
  return atom->offset + atom->size;
}

char *
mp4_type_to_name (guint32 type)
{
  guint8 bytes[4];

  GST_WRITE_UINT32_BE (bytes, type);
  for (guint i = 0; i < sizeof bytes; i++) {
    if (bytes[i] < ' ' || (bytes[i] >= 0x7f && bytes[i] < 0xa1))
      return g_strdup_printf ("0x%08x", type);
  }
  return g_convert ((const char *) bytes, sizeof bytes, "UTF-8", "ISO-8859-1",
      NULL, NULL, NULL);
}

guint64
mp4_get_size_offset (const Mp4Atom *atom)
{
  return atom->header == MP4_HEADER ? atom->offset : atom->offset + MP4_HEADER;
}

guint
mp4_get_size_width (const Mp4Atom *atom)
{
  return atom->header == MP4_HEADER ? 4 : 8;
}

gboolean
mp4_resize (
    const Mp4Atom *atom, gint64 change, Splices *splices, GError **error)
{
  guint64 size = atom->size + (guint64) change;
  guint width = mp4_get_size_width (atom);
  guint8 bytes[8];

  if (change == 0 || atom->to_end)
    return TRUE;
  if (width == 4 && size > G_MAXUINT32) {
    g_autofree char *name = mp4_type_to_name (atom->type);

    g_set_error (error, TAGS_ERROR, REASON_UNWRITABLE_FORMAT,
        "Its atom %s would be longer than it can be.", name);
    return FALSE;
  }
  if (width == 4)
    GST_WRITE_UINT32_BE (bytes, (guint32) size);
  else
    GST_WRITE_UINT64_BE (bytes, size);
  splices_replace (
      splices, mp4_get_size_offset (atom), width, g_bytes_new (bytes, width));
  return TRUE;
}

void
mp4_append (GByteArray *data, guint32 type, const void *contents, gsize length)
{
  guint8 header[MP4_HEADER];

  GST_WRITE_UINT32_BE (header, (guint32) (MP4_HEADER + length));
  GST_WRITE_UINT32_BE (header + 4, type);
  g_byte_array_append (data, header, sizeof header);
  if (length > 0)
    g_byte_array_append (data, contents, (guint) length);
}
