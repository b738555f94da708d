/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "matroskasegment.h"

#include "tagserror.h"

/* More than any real file has; this keeps the memory bounded. */
#define MAX_ELEMENTS (1 << 20)
/* What is read of an element: a Cluster's first few children are in it. */
#define HEAD 64

/* The place that a Cluster says that it has. */
#define CLUSTER_POSITION 0xa7
#define CLUSTER_SIMPLE_BLOCK 0xa3
#define CLUSTER_BLOCK_GROUP 0xa0

static const struct
{
  guint32 id;
  const char *name;
} names[] = {
  { MATROSKA_SEGMENT, "Segment" },
  { MATROSKA_SEEK_HEAD, "SeekHead" },
  { MATROSKA_INFO, "Info" },
  { MATROSKA_TRACKS, "Tracks" },
  { MATROSKA_CLUSTER, "Cluster" },
  { MATROSKA_CUES, "Cues" },
  { MATROSKA_ATTACHMENTS, "Attachments" },
  { MATROSKA_CHAPTERS, "Chapters" },
  { MATROSKA_TAGS, "Tags" },
  { EBML_HEADER, "EBML header" },
  { EBML_VOID, "Void" },
};

char *
matroska_get_name (guint32 id)
{
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    if (names[i].id == id)
      return g_strdup (names[i].name);
  }
  return g_strdup_printf ("element 0x%X", id);
}

/* Whether it is of the Segment's level or above: it ends a Cluster whose size is not
 * known. */
static gboolean
ends_cluster (guint32 id)
{
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    if (names[i].id == id)
      return id != EBML_VOID;
  }
  return FALSE;
}

void
matroska_segment_free (MatroskaSegment *segment)
{
  g_array_unref (segment->elements);
  g_free (segment);
}

const MatroskaElement *
matroska_segment_get (const MatroskaSegment *segment, guint i)
{
  return &g_array_index (segment->elements, MatroskaElement, i);
}

guint
matroska_segment_find (const MatroskaSegment *segment, guint64 place)
{
  guint low = 0, high = segment->elements->len;

  while (high - low > 1) {
    guint middle = (low + high) / 2;

    if (matroska_segment_get (segment, middle)->offset - segment->start <=
        place)
      low = middle;
    else
      high = middle;
  }
  return low;
}

/* Reads up to HEAD bytes of the element at @offset, which is to end at @end.  FALSE,
 * and an obstacle, if there is none. */
static gboolean
read_head (Layout *layout, guint64 offset, guint64 end, guint8 *head,
    gsize *length, EbmlHeader *header)
{
  guint64 left = end - offset;
  g_autofree char *name = NULL;

  *length = media_file_read (layout->file, offset, head, MIN (left, HEAD));
  if (!ebml_parse_header (head, *length, header)) {
    layout_set_obstacle (layout, REASON_MALFORMED_TAGS,
        "At byte %" G_GUINT64_FORMAT " of it an element is damaged or cut off.",
        offset);
    return FALSE;
  }
  left -= header->id_length + header->size_length;
  if (header->size == EBML_UNKNOWN_SIZE || header->size <= left)
    return TRUE;
  name = matroska_get_name (header->id);
  layout_set_obstacle (layout, REASON_MALFORMED_TAGS,
      "It is cut off or damaged: its %s at byte %" G_GUINT64_FORMAT
      " is to have %" G_GUINT64_FORMAT " bytes more than there are.",
      name, offset, header->size - left);
  return FALSE;
}

/* Where a Cluster whose size is not known and whose data begin at @offset ends. */
static gboolean
find_cluster_end (
    Layout *layout, guint64 offset, guint64 end, guint64 *cluster_end)
{
  while (offset < end) {
    guint8 head[HEAD];
    gsize length;
    EbmlHeader header;

    if (!read_head (layout, offset, end, head, &length, &header))
      return FALSE;
    if (ends_cluster (header.id))
      break;
    if (header.size == EBML_UNKNOWN_SIZE) {
      layout_set_obstacle (layout, REASON_MALFORMED_TAGS,
          "The element at byte %" G_GUINT64_FORMAT
          " of it has no size, which only Clusters may lack.",
          offset);
      return FALSE;
    }
    offset += header.id_length + header.size_length + header.size;
  }
  *cluster_end = offset;
  return TRUE;
}

/* Finds where a Cluster says its place, which it does before its first block. */
static void
find_place (const MatroskaSegment *segment, MatroskaElement *element,
    const guint8 *head, gsize length, gsize offset)
{
  EbmlElement child;

  element->has_crc = ebml_has_crc (head + offset, length - offset);
  while (ebml_next (head, length, &offset, &child) &&
      child.header.id != CLUSTER_SIMPLE_BLOCK &&
      child.header.id != CLUSTER_BLOCK_GROUP) {
    if (child.header.id == CLUSTER_POSITION && child.size > 0 &&
        child.size <= 8 &&
        ebml_get_uint (child.data, child.size) ==
            element->offset - segment->start) {
      element->place_offset = (guint) (child.data - head);
      element->place_length = (guint) child.size;
    }
  }
}

/* Adds the element at @offset, and moves that behind it. */
static gboolean
add_element (Layout *layout, MatroskaSegment *segment, guint64 *offset)
{
  MatroskaElement element = { .offset = *offset };
  guint8 head[HEAD];
  gsize length, n;
  EbmlHeader header;
  guint64 end;

  if (!read_head (layout, *offset, segment->end, head, &length, &header))
    return FALSE;
  n = header.id_length + header.size_length;
  element.id = header.id;
  end = *offset + n + header.size;
  if (header.id == EBML_HEADER || header.id == MATROSKA_SEGMENT) {
    layout_set_obstacle (layout, REASON_UNWRITABLE_FORMAT,
        "It has several Segments, one behind the other: each would need its own "
        "genre.");
    return FALSE;
  }
  if (header.size == EBML_UNKNOWN_SIZE && header.id != MATROSKA_CLUSTER) {
    g_autofree char *name = matroska_get_name (header.id);

    layout_set_obstacle (layout, REASON_MALFORMED_TAGS,
        "Its %s has no size, which only Clusters may lack.", name);
    return FALSE;
  }
  if (header.size == EBML_UNKNOWN_SIZE &&
      !find_cluster_end (layout, *offset + n, segment->end, &end))
    return FALSE;
  element.length = end - *offset;
  if (header.id == MATROSKA_CLUSTER)
    find_place (
        segment, &element, head, (gsize) MIN (length, element.length), n);
  g_array_append_val (segment->elements, element);
  *offset = end;
  return TRUE;
}

/* Finds the Segment behind the EBML header. */
static gboolean
find_segment (Layout *layout, MatroskaSegment *segment)
{
  guint64 size = media_file_get_size (layout->file);
  guint8 head[HEAD];
  gsize length;
  EbmlHeader *header = &segment->header;
  guint64 offset = 0;

  do {
    segment->offset = offset;
    if (!read_head (layout, offset, size, head, &length, header))
      return FALSE;
    offset += header->id_length + header->size_length;
    if (header->id == MATROSKA_SEGMENT)
      break;
    if (header->size == EBML_UNKNOWN_SIZE ||
        (segment->offset > 0 && header->id != EBML_VOID)) {
      layout_set_obstacle (layout, REASON_MALFORMED_TAGS,
          "Its EBML header is not followed by a Segment.");
      return FALSE;
    }
    offset += header->size;
  } while (TRUE);
  segment->start = offset;
  segment->end = header->size == EBML_UNKNOWN_SIZE ? size
                                                   : offset + header->size;
  return TRUE;
}

/* What is behind the Segment must not look as if it belonged to it. */
static void
check_rest (Layout *layout, const MatroskaSegment *segment)
{
  guint8 head[HEAD];
  gsize length = media_file_read (layout->file, segment->end, head, HEAD);
  EbmlHeader header;

  if (ebml_parse_header (head, length, &header) && ends_cluster (header.id)) {
    g_autofree char *name = matroska_get_name (header.id);

    layout_set_obstacle (layout, REASON_MALFORMED_TAGS,
        "Behind its Segment's end, at byte %" G_GUINT64_FORMAT
        ", there is another %s.",
        segment->end, name);
  }
}

MatroskaSegment *
matroska_segment_scan (Layout *layout)
{
  MatroskaSegment *segment = g_new0 (MatroskaSegment, 1);
  guint64 offset;

  segment->elements = g_array_new (FALSE, FALSE, sizeof (MatroskaElement));
  if (!find_segment (layout, segment))
    return segment;
  offset = segment->start;
  while (offset < segment->end) {
    if (segment->elements->len == MAX_ELEMENTS) {
      layout_set_obstacle (layout, REASON_UNWRITABLE_FORMAT,
          "Its Segment has more than %d elements.", MAX_ELEMENTS);
      return segment;
    }
    if (!add_element (layout, segment, &offset))
      return segment;
  }
  check_rest (layout, segment);
  return segment;
}
