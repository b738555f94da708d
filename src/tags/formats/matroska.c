/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Matroska and WebM: https://www.rfc-editor.org/rfc/rfc9559 */

#include <string.h>

#include "formats.h"
#include "matroskaedit.h"
#include "matroskaplaces.h"
#include "tagserror.h"

/* The longest EBML header, and the longest element that is read as a whole. */
#define MAX_HEAD 4096
#define MAX_ELEMENT (64 << 20)

enum
{
  EBML_READ_VERSION = 0x42f7,
  EBML_MAX_ID_LENGTH = 0x42f2,
  EBML_MAX_SIZE_LENGTH = 0x42f3,
  DOC_TYPE = 0x4282,

  TRACK_ENTRY = 0xae,
  TRACK_UID = 0x73c5,
  TRACK_TYPE = 0x83,
  TRACK_TYPE_AUDIO = 2
};

static void
places_clear (gpointer places)
{
  g_clear_pointer (&((Places *) places)->raw, g_bytes_unref);
}

static void
matroska_free (gpointer data)
{
  Matroska *matroska = data;

  g_clear_pointer (&matroska->segment, matroska_segment_free);
  g_clear_pointer (&matroska->tags, matroska_tags_free);
  g_clear_pointer (&matroska->raw, g_bytes_unref);
  g_array_unref (matroska->places);
  g_free (matroska);
}

/* What the EBML header says. */
typedef struct
{
  gboolean is_matroska;
  guint64 read_version, max_id_length, max_size_length;
} Head;

static Head
read_head (MediaFile *file, guint64 start)
{
  Head head = { FALSE, 1, 4, 8 };
  guint8 bytes[MAX_HEAD];
  gsize length = media_file_read (file, start, bytes, sizeof bytes);
  gsize offset = 0;
  EbmlElement element, child;

  if (!ebml_next (bytes, length, &offset, &element) ||
      element.header.id != EBML_HEADER)
    return head;
  offset = 0;
  while (ebml_next (element.data, element.size, &offset, &child)) {
    guint64 value = ebml_get_uint (child.data, MIN (child.size, 8));

    if (child.header.id == EBML_READ_VERSION) {
      head.read_version = value;
    } else if (child.header.id == EBML_MAX_ID_LENGTH) {
      head.max_id_length = value;
    } else if (child.header.id == EBML_MAX_SIZE_LENGTH) {
      head.max_size_length = value;
    } else if (child.header.id == DOC_TYPE) {
      g_autofree char *type = g_strndup ((const char *) child.data, child.size);

      head.is_matroska = !strcmp (type, "matroska") || !strcmp (type, "webm");
    }
  }
  return head;
}

/* Other EBML files are recognised too, so that they are not taken for what may be in
 * them. */
static gboolean
recognises (MediaFile *file, guint64 start)
{
  static const guint8 magic[] = { 0x1a, 0x45, 0xdf, 0xa3 };

  return media_file_has (file, start, magic, sizeof magic);
}

static void
check_head (Layout *layout, guint64 start)
{
  Head head = read_head (layout->file, start);

  if (!head.is_matroska)
    layout_set_obstacle (layout, REASON_UNWRITABLE_FORMAT,
        "Its EBML header does not say that it is Matroska or WebM.");
  if (start > 0)
    layout_set_obstacle (layout, REASON_UNWRITABLE_FORMAT,
        "It has an ID3v2 tag in front, which Matroska files do not have.");
  if (head.read_version != 1 || head.max_id_length != 4 ||
      head.max_size_length > 8)
    layout_set_obstacle (layout, REASON_UNWRITABLE_FORMAT,
        "Its EBML header says that it is of a version that is not known.");
}

/* The bytes of an element.  NULL, and an obstacle, if these are too many. */
static GBytes *
read_element (Layout *layout, const MatroskaElement *element)
{
  g_autofree char *name = NULL;

  if (element->length <= MAX_ELEMENT)
    return media_file_get (layout->file, element->offset, element->length);
  name = matroska_get_name (element->id);
  layout_set_obstacle (layout, REASON_UNWRITABLE_FORMAT,
      "Its %s has more than %d MiB.", name, MAX_ELEMENT >> 20);
  return NULL;
}

static guint64
find_audio_uid (GBytes *tracks)
{
  EbmlElement element, track, child;
  gsize size, offset = 0, track_offset = 0;
  const guint8 *bytes = g_bytes_get_data (tracks, &size);

  if (!ebml_next (bytes, size, &offset, &element))
    return 0;
  while (ebml_next (element.data, element.size, &track_offset, &track)) {
    guint64 uid = 0, type = 0;

    offset = 0;
    while (track.header.id == TRACK_ENTRY &&
        ebml_next (track.data, track.size, &offset, &child)) {
      guint64 value = ebml_get_uint (child.data, MIN (child.size, 8));

      if (child.header.id == TRACK_UID)
        uid = value;
      else if (child.header.id == TRACK_TYPE)
        type = value;
    }
    if (type == TRACK_TYPE_AUDIO)
      return uid;
  }
  return 0;
}

static guint64
get_audio_uid (Layout *layout, const MatroskaSegment *segment)
{
  for (guint i = 0; i < segment->elements->len; i++) {
    const MatroskaElement *element = matroska_segment_get (segment, i);

    if (element->id == MATROSKA_TRACKS) {
      g_autoptr (GBytes) raw = read_element (layout, element);

      return raw ? find_audio_uid (raw) : 0;
    }
  }
  return 0;
}

/* Chooses the Tags that have the genre, or where it is best put, of several. */
static void
choose_tags (Layout *layout, Matroska *matroska)
{
  const MatroskaSegment *segment = matroska->segment;
  guint64 audio_uid = get_audio_uid (layout, segment);
  char *problem = NULL;

  matroska->chosen = -1;
  matroska->tags = matroska_tags_parse (NULL, 0, &problem);
  for (guint i = 0; i < segment->elements->len; i++) {
    const MatroskaElement *element = matroska_segment_get (segment, i);
    g_autoptr (GBytes) raw = NULL;
    g_autoptr (MatroskaTags) tags = NULL;

    if (element->id == MATROSKA_TAGS)
      raw = read_element (layout, element);
    if (!raw)
      continue;
    tags = matroska_tags_parse (raw, audio_uid, &problem);
    if (problem)
      layout_set_obstacle (layout, REASON_MALFORMED_TAGS, "%s", problem);
    g_clear_pointer (&problem, g_free);
    if (matroska->chosen >= 0)
      layout_add_rivals (layout, TAG_MATROSKA, "elements Tags",
          matroska_tags_get_items (matroska->tags),
          matroska_segment_get (segment, (guint) matroska->chosen)->offset,
          matroska_tags_get_items (tags), element->offset);
    if (matroska->chosen < 0 ||
        matroska_tags_get_rank (tags) >
            matroska_tags_get_rank (matroska->tags)) {
      matroska_tags_free (matroska->tags);
      g_clear_pointer (&matroska->raw, g_bytes_unref);
      matroska->tags = g_steal_pointer (&tags);
      matroska->raw = g_steal_pointer (&raw);
      matroska->chosen = (int) i;
    }
  }
}

/* The element that may not have been there before, or -1. */
static int
get_optional (const Matroska *matroska)
{
  return matroska_tags_is_optional (matroska->tags) ? matroska->chosen : -1;
}

static void
add_places (Layout *layout, Matroska *matroska, guint i, const char *name)
{
  Places places = { i,
    read_element (layout, matroska_segment_get (matroska->segment, i)), TRUE };
  GBytes *description;

  if (!places.raw)
    return;
  description = matroska_places_describe (
      matroska->segment, places.raw, get_optional (matroska), &places.right);
  g_array_append_val (matroska->places, places);
  if (description)
    layout_extend_bytes (layout, description);
  else
    layout_set_obstacle (
        layout, REASON_MALFORMED_TAGS, "Its %s is damaged.", name);
}

/* Adds a Cluster but for its place and its checksum, which follow from the rest.
 * Those behind each other are one piece, of few parts. */
static void
add_cluster (Layout *layout, const MatroskaElement *element, guint64 *clusters)
{
  guint64 place = element->offset + element->place_offset;
  static const char placed[] = "its place";

  if (element->place_length == 0) {
    *clusters += element->length;
    return;
  }
  layout_extend (
      layout, element->offset - *clusters, *clusters + element->place_offset);
  layout_extend_bytes (layout, g_bytes_new_static (placed, sizeof placed));
  layout_extend (layout, place + element->place_length,
      element->length - element->place_offset - element->place_length);
  *clusters = 0;
}

static void
add_elements (Layout *layout, Matroska *matroska)
{
  const MatroskaSegment *segment = matroska->segment;
  guint64 clusters = 0; /* the bytes of Clusters that are not added yet */
  guint32 last = 0;

  for (guint i = 0; i < segment->elements->len; i++) {
    const MatroskaElement *element = matroska_segment_get (segment, i);
    g_autofree char *name = matroska_get_name (element->id);

    if (element->id != MATROSKA_CLUSTER) {
      layout_extend (layout, element->offset - clusters, clusters);
      clusters = 0;
    }
    if ((int) i == matroska->chosen) {
      matroska_tags_add_pieces (matroska->tags, layout);
    } else if (element->id == MATROSKA_CLUSTER) {
      if (last != MATROSKA_CLUSTER)
        layout_add_piece (layout, "Clusters");
      add_cluster (layout, element, &clusters);
    } else {
      layout_add_piece (layout, "%s", name);
      if (matroska_has_places (element->id))
        add_places (layout, matroska, i, name);
      else
        layout_extend (layout, element->offset, element->length);
    }
    last = element->id;
  }
  layout_extend (layout, segment->end - clusters, clusters);
  if (matroska->chosen < 0)
    matroska_tags_add_pieces (matroska->tags, layout);
}

static void
check_crc (Layout *layout, const MatroskaSegment *segment)
{
  if (segment->elements->len > 0 &&
      matroska_segment_get (segment, 0)->id == EBML_CRC32)
    layout_set_obstacle (layout, REASON_UNWRITABLE_FORMAT,
        "Its Segment has a checksum (CRC-32) of all that is in it.");
}

static guint
find_first_cluster (const MatroskaSegment *segment)
{
  guint i = 0;

  while (i < segment->elements->len &&
      matroska_segment_get (segment, i)->id != MATROSKA_CLUSTER)
    i++;
  return i;
}

static void
scan (Layout *layout, guint64 start)
{
  Matroska *matroska = g_new0 (Matroska, 1);
  MatroskaSegment *segment;
  guint64 size = media_file_get_size (layout->file);

  layout->found = matroska;
  layout->found_free = matroska_free;
  matroska->places = g_array_new (FALSE, FALSE, sizeof (Places));
  g_array_set_clear_func (matroska->places, places_clear);
  check_head (layout, start);
  matroska->segment = segment = matroska_segment_scan (layout);
  check_crc (layout, segment);
  matroska->new_index = find_first_cluster (segment);
  choose_tags (layout, matroska);
  layout->state.is_primary[TAG_MATROSKA] = TRUE;
  if (layout->obstacle) {
    /* what could be read, without the pieces, for which there is no use */
    matroska_tags_add_pieces (matroska->tags, layout);
    return;
  }
  layout_add_piece (layout, "EBML header");
  layout_extend (layout, 0, segment->offset + segment->header.id_length);
  if (segment->header.size == EBML_UNKNOWN_SIZE)
    layout_extend (layout, segment->offset, segment->start - segment->offset);
  add_elements (layout, matroska);
  layout_add_piece (layout, "what is behind the Segment");
  layout_extend (layout, segment->end, size - segment->end);
}

const TagFormat tag_format_matroska = { "Matroska", recognises, scan,
  matroska_edit };
