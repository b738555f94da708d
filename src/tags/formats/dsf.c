/* SPDX-License-Identifier: GPL-2.0-or-later */

/* DSF: DSD Stream File Format Specification 1.01,
 * https://dsd-guide.com/sites/default/files/white-papers/DSFFileFormatSpec_E.pdf
 * An ID3v2 tag is at the end, and the header points at it. */

#include <gst/gst.h>

#include "formats.h"
#include "id3v2.h"
#include "tagserror.h"

#define HEADER 28
#define TOTAL 12   /* where the header has the file's size */
#define POINTER 20 /* and where the tag is */

typedef struct
{
  guint64 pointer, length; /* of the tag; the file's end and 0 without one */
  Id3v2Tag *tag;           /* or NULL */
} Dsf;

static void
dsf_free (gpointer data)
{
  Dsf *dsf = data;

  g_clear_pointer (&dsf->tag, id3v2_tag_free);
  g_free (dsf);
}

static gboolean
recognises (MediaFile *file, guint64 start)
{
  return media_file_has (file, start, "DSD \x1c\0\0\0\0\0\0\0", 12);
}

/* FALSE if it is not where the header says. */
static gboolean
read_tag (Layout *layout, Dsf *dsf)
{
  guint64 size = media_file_get_size (layout->file);
  guint8 header[ID3V2_HEADER];
  g_autoptr (GBytes) data = NULL;
  g_autofree char *problem = NULL;

  if (dsf->pointer < HEADER || dsf->pointer > size ||
      media_file_read (layout->file, dsf->pointer, header, ID3V2_HEADER) <
          ID3V2_HEADER)
    return FALSE;
  dsf->length = id3v2_get_size (header);
  data = media_file_get (layout->file, dsf->pointer, dsf->length);
  if (!data || dsf->length == 0)
    return FALSE;
  dsf->tag = id3v2_tag_parse (data, &problem);
  if (problem)
    layout_set_obstacle (layout, REASON_MALFORMED_TAGS, "%s", problem);
  return TRUE;
}

static void
add_pieces (Layout *layout, const Dsf *dsf)
{
  guint64 size = media_file_get_size (layout->file);
  guint64 end = dsf->pointer + dsf->length;

  layout_add_piece (layout, "audio");
  layout_extend (layout, 0, TOTAL);
  layout_extend (layout, HEADER, dsf->pointer - HEADER);
  if (dsf->tag)
    id3v2_tag_add_to_layout (dsf->tag, layout);
  if (end < size) {
    layout_add_piece (layout, "bytes behind the ID3v2 tag");
    layout_extend (layout, end, size - end);
  }
}

static void
scan (Layout *layout, guint64 start)
{
  Dsf *dsf = g_new0 (Dsf, 1);
  guint64 size = media_file_get_size (layout->file);
  guint8 header[HEADER];

  layout->state.is_primary[TAG_ID3V2] = TRUE;
  layout->found = dsf;
  layout->found_free = dsf_free;
  if (media_file_read (layout->file, start, header, HEADER) < HEADER ||
      start > 0 || GST_READ_UINT64_LE (header + TOTAL) != size) {
    layout_set_obstacle (layout, REASON_MALFORMED_TAGS,
        "Its header says another size than the file has: it is cut off, or there "
        "is something before or behind it.");
    return;
  }
  dsf->pointer = GST_READ_UINT64_LE (header + POINTER);
  if (dsf->pointer == 0 || dsf->pointer == size)
    dsf->pointer = size;
  else if (!read_tag (layout, dsf)) {
    layout_set_obstacle (layout, REASON_MALFORMED_TAGS,
        "Its ID3v2 tag is not where its header says.");
    return;
  }
  add_pieces (layout, dsf);
}

static void
write_number (guint64 offset, guint64 number, Splices *splices)
{
  guint8 bytes[8];

  GST_WRITE_UINT64_LE (bytes, number);
  splices_replace (splices, offset, sizeof bytes, g_bytes_new (bytes, 8));
}

static gboolean
edit (const Layout *layout, const TagState *wanted, const EditOptions *options,
    Splices *splices, GError **error)
{
  const Dsf *dsf = layout->found;
  guint64 size = media_file_get_size (layout->file);
  g_autoptr (Id3v2Tag) made = id3v2_tag_new (options->id3v23);
  const Id3v2Tag *tag = dsf->tag ? dsf->tag : made;
  gboolean has_tag = wanted->genres[TAG_ID3V2] || !id3v2_tag_is_empty (tag);
  GBytes *data = has_tag ? id3v2_tag_render (tag, wanted, error)
                         : g_bytes_new (NULL, 0);

  if (!data)
    return FALSE;
  write_number (TOTAL, size - dsf->length + g_bytes_get_size (data), splices);
  write_number (POINTER, has_tag ? dsf->pointer : 0, splices);
  splices_replace (splices, dsf->pointer, dsf->length, data);
  return TRUE;
}

const TagFormat tag_format_dsf = { "DSF", recognises, scan, edit };
