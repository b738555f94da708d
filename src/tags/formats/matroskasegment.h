/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The elements that a Matroska file is made of. */

#pragma once

#include "ebml.h"
#include "layout.h"

G_BEGIN_DECLS

enum
{
  MATROSKA_SEGMENT = 0x18538067,
  MATROSKA_SEEK_HEAD = 0x114d9b74,
  MATROSKA_INFO = 0x1549a966,
  MATROSKA_TRACKS = 0x1654ae6b,
  MATROSKA_CLUSTER = 0x1f43b675,
  MATROSKA_CUES = 0x1c53bb6b,
  MATROSKA_ATTACHMENTS = 0x1941a469,
  MATROSKA_CHAPTERS = 0x1043a770,
  MATROSKA_TAGS = 0x1254c367
};

/* An element of the Segment. */
typedef struct
{
  guint64 offset, length; /* with its header */
  guint32 id;
  /* Of a Cluster that says, rightly, where in the Segment it is: where it does,
   * from @offset, and in how many bytes.  0 for others. */
  guint place_offset, place_length;
  gboolean has_crc;
} MatroskaElement;

typedef struct
{
  guint64 offset; /* of its header */
  EbmlHeader header;
  guint64 start, end; /* of its data */
  GArray *elements;   /* MatroskaElement, without gaps */
} MatroskaSegment;

/* Finds the Segment and its elements.  Of a file that is damaged or cut off, which is
 * noted as an obstacle, only those before that place. */
MatroskaSegment *matroska_segment_scan (Layout *layout);
void matroska_segment_free (MatroskaSegment *segment);

const MatroskaElement *
matroska_segment_get (const MatroskaSegment *segment, guint i);
/* The element that has the byte at @place, counted from the start of the Segment's
 * data, which it must have. */
guint matroska_segment_find (const MatroskaSegment *segment, guint64 place);
/* "Cues", or "element 0x42"; free with g_free(). */
char *matroska_get_name (guint32 id);

G_END_DECLS
