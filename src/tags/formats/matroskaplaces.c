/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "matroskaplaces.h"

enum
{
  SEEK = 0x4dbb,
  SEEK_ID = 0x53ab,
  SEEK_POSITION = 0x53ac,

  CUE_POINT = 0xbb,
  CUE_TRACK_POSITIONS = 0xb7,
  CUE_CLUSTER_POSITION = 0xf1,
  CUE_CODEC_STATE = 0xea,
  CUE_REFERENCE = 0xdb,
  CUE_REF_CLUSTER = 0x97,
  CUE_REF_CODEC_STATE = 0xeb
};

/* The levels of elements in Cues; in deeper ones no places are looked for. */
#define MAX_DEPTH 4
/* What no place in a file can be, such as a small negative number. */
#define NO_PLACE (G_MAXUINT64 >> 1)

/* Numbers that no element has. */
#define NOWHERE G_MAXUINT
#define SKIPPED (G_MAXUINT - 1)

/* What is done with an element. */
typedef struct
{
  const MatroskaSegment *segment;
  const guint64 *places; /* NULL: the element is described, not rendered */
  int skip;
  GBytes *added;
  gboolean right;
} Walk;

gboolean
matroska_has_places (guint32 id)
{
  return id == MATROSKA_SEEK_HEAD || id == MATROSKA_CUES;
}

/* Whether elements with places are in it. */
static gboolean
is_master (guint32 id)
{
  return matroska_has_places (id) || id == SEEK || id == CUE_POINT ||
      id == CUE_TRACK_POSITIONS || id == CUE_REFERENCE;
}

static gboolean
is_place (const EbmlElement *element)
{
  switch (element->header.id) {
    case SEEK_POSITION:
    case CUE_CLUSTER_POSITION:
    case CUE_CODEC_STATE:
    case CUE_REF_CLUSTER:
    case CUE_REF_CODEC_STATE:
      return element->size > 0 && element->size <= 8;
    default:
      return FALSE;
  }
}

/* The number of the element at a place, and how far within it the place is.  For one
 * behind the Segment the number of elements, and for none at all NOWHERE. */
static guint
resolve (const MatroskaSegment *segment, guint64 place, guint64 *within)
{
  guint64 size = segment->end - segment->start;
  guint i;

  *within = place;
  if (place > NO_PLACE)
    return NOWHERE;
  if (place >= size) {
    *within = place - size;
    return segment->elements->len;
  }
  i = matroska_segment_find (segment, place);
  *within -= matroska_segment_get (segment, i)->offset - segment->start;
  return i;
}

static void
describe_place (const Walk *walk, const EbmlElement *element, GByteArray *out)
{
  guint64 within;
  guint i = resolve (
      walk->segment, ebml_get_uint (element->data, element->size), &within);

  if (walk->skip >= 0 && i != NOWHERE && i >= (guint) walk->skip)
    i = i == (guint) walk->skip ? SKIPPED : i - 1;
  ebml_append_uint (out, element->header.id, 4);
  ebml_append_uint (out, i, 4);
  ebml_append_uint (out, within, 8);
}

static void
render_place (const Walk *walk, const EbmlElement *element, GByteArray *out)
{
  guint64 old = ebml_get_uint (element->data, element->size), within;
  guint i = resolve (walk->segment, old, &within);
  guint64 place = i == NOWHERE ? old : walk->places[i] + within;
  guint length = ebml_get_uint_length (place);

  /* as short as it can be only if it was */
  if (element->size != ebml_get_uint_length (old))
    length = MAX (length, (guint) element->size);
  ebml_append_uint (
      out, element->header.id, ebml_get_uint_length (element->header.id));
  ebml_append_size (out, length, element->header.size_length);
  ebml_append_uint (out, place, length);
}

/* Whether it is an entry of SeekHead, of the element that is skipped. */
static gboolean
is_skipped (const Walk *walk, const EbmlElement *element)
{
  EbmlElement child;
  gsize offset = 0;
  gboolean is_id = FALSE, is_there = FALSE;
  const MatroskaElement *skipped;

  if (walk->skip < 0 || element->header.id != SEEK)
    return FALSE;
  skipped = matroska_segment_get (walk->segment, (guint) walk->skip);
  while (ebml_next (element->data, element->size, &offset, &child)) {
    guint64 value = ebml_get_uint (child.data, MIN (child.size, 8));

    if (child.header.id == SEEK_ID)
      is_id = value == skipped->id;
    else if (child.header.id == SEEK_POSITION)
      is_there = value == skipped->offset - walk->segment->start;
  }
  return is_id && is_there;
}

static gboolean walk_element (
    Walk *walk, const EbmlElement *element, guint depth, GByteArray *out);

/* Goes through the elements in @element, but for a checksum. */
static gboolean
walk_children (
    Walk *walk, const EbmlElement *element, guint depth, GByteArray *out)
{
  EbmlElement child;
  gsize offset = 0;

  if (ebml_has_crc (element->data, element->size))
    ebml_next (element->data, element->size, &offset, &child);
  while (ebml_next (element->data, element->size, &offset, &child)) {
    if (!is_skipped (walk, &child) &&
        !walk_element (walk, &child, depth + 1, out))
      return FALSE;
  }
  return offset == element->size;
}

static gboolean
walk_master (
    Walk *walk, const EbmlElement *element, guint depth, GByteArray *out)
{
  g_autoptr (GByteArray) content = g_byte_array_new ();
  gboolean has_crc = ebml_has_crc (element->data, element->size);
  gboolean is_described = !walk->places;

  walk->right = walk->right && ebml_check_crc (element->data, element->size);
  if (has_crc)
    ebml_append_crc (content);
  if (!walk_children (walk, element, depth, content))
    return FALSE;
  if (depth == 0 && walk->added)
    g_byte_array_append (content, g_bytes_get_data (walk->added, NULL),
        (guint) g_bytes_get_size (walk->added));
  if (has_crc && !is_described)
    ebml_update_crc (content);
  /* a description does not tell the lengths of sizes */
  ebml_append (out, element->header.id, is_described ? NULL : &element->header,
      content->data, content->len);
  return TRUE;
}

static gboolean
walk_element (
    Walk *walk, const EbmlElement *element, guint depth, GByteArray *out)
{
  if (depth < MAX_DEPTH && is_master (element->header.id))
    return walk_master (walk, element, depth, out);
  if (!is_place (element))
    g_byte_array_append (out, element->raw, (guint) element->raw_length);
  else if (walk->places)
    render_place (walk, element, out);
  else
    describe_place (walk, element, out);
  return TRUE;
}

static GBytes *
run (Walk *walk, GBytes *raw)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();
  EbmlElement element;
  gsize size, offset = 0;
  const guint8 *bytes = g_bytes_get_data (raw, &size);

  if (!ebml_next (bytes, size, &offset, &element) ||
      !walk_element (walk, &element, 0, out))
    return NULL;
  return g_byte_array_free_to_bytes (g_steal_pointer (&out));
}

GBytes *
matroska_places_describe (
    const MatroskaSegment *segment, GBytes *raw, int skip, gboolean *right)
{
  Walk walk = { segment, NULL, skip, NULL, TRUE };
  GBytes *description = run (&walk, raw);

  *right = walk.right;
  return description;
}

GBytes *
matroska_places_render (const MatroskaSegment *segment, GBytes *raw,
    const guint64 *places, int skip, GBytes *added)
{
  Walk walk = { segment, places, skip, added, TRUE };

  return run (&walk, raw);
}

GBytes *
matroska_make_seek (guint32 id, guint64 place)
{
  g_autoptr (GByteArray) content = g_byte_array_new (), seek = NULL;
  guint length = ebml_get_uint_length (place);

  ebml_append_uint (content, SEEK_ID, 2);
  ebml_append_size (content, 4, 1);
  ebml_append_uint (content, id, 4);
  ebml_append_uint (content, SEEK_POSITION, 2);
  ebml_append_size (content, length, 1);
  ebml_append_uint (content, place, length);
  seek = g_byte_array_new ();
  ebml_append (seek, SEEK, NULL, content->data, content->len);
  return g_byte_array_free_to_bytes (g_steal_pointer (&seek));
}
