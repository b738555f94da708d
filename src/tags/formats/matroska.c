/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Matroska and WebM: https://www.rfc-editor.org/rfc/rfc9559
 *
 * Tags change where they are, and new ones are put before the first Cluster, where
 * also those find them who do not look behind the audio.  What comes behind
 * moves.  SeekHead, Cues and Clusters say where in the Segment elements are, and are
 * changed accordingly; nothing else knows that, as all other references are made by
 * UID. */

#include <string.h>

#include "formats.h"
#include "matroskaplaces.h"
#include "matroskatags.h"
#include "tagserror.h"

/* The longest EBML header, and the longest element that is read as a whole. */
#define MAX_HEAD 4096
#define MAX_ELEMENT (64 << 20)
/* The rounds that it may take until all places have the bytes that they need. */
#define MAX_ROUNDS 32

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

/* SeekHead or Cues. */
typedef struct
{
  guint i; /* the element */
  GBytes *raw;
  gboolean right; /* its checksums are */
} Places;

typedef struct
{
  MatroskaSegment *segment;
  GArray *places; /* Places */
  MatroskaTags *tags;
  int chosen;      /* the element of these tags, or -1 */
  GBytes *raw;     /* that element */
  guint new_index; /* new tags come before this element */
} Matroska;

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

static gboolean
recognises (MediaFile *file, guint64 start)
{
  return read_head (file, start).is_matroska;
}

static void
check_head (Layout *layout, guint64 start)
{
  Head head = read_head (layout->file, start);

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

/* Writing */

/* What changes. */
typedef struct
{
  const Matroska *matroska;
  GBytes *tags;        /* the new Tags, or NULL: there are none */
  guint64 *lengths;    /* of each element */
  guint64 *places;     /* where each will be, and their end */
  guint64 place;       /* of new Tags */
  GPtrArray *rendered; /* GBytes: for each of matroska->places */
} Edit;

static void
edit_init (Edit *edit, const Matroska *matroska, GBytes *tags)
{
  guint n = matroska->segment->elements->len;

  edit->matroska = matroska;
  edit->tags = tags;
  edit->place = 0;
  edit->lengths = g_new (guint64, n + 1);
  edit->places = g_new (guint64, n + 1);
  edit->rendered = g_ptr_array_new_with_free_func (
      (GDestroyNotify) g_bytes_unref);
  for (guint i = 0; i < n; i++)
    edit->lengths[i] = matroska_segment_get (matroska->segment, i)->length;
  if (matroska->chosen >= 0)
    edit->lengths[matroska->chosen] = tags ? g_bytes_get_size (tags) : 0;
}

static void
edit_clear (Edit *edit)
{
  g_free (edit->lengths);
  g_free (edit->places);
  g_ptr_array_unref (edit->rendered);
  g_clear_pointer (&edit->tags, g_bytes_unref);
}

static void
compute_places (Edit *edit)
{
  const Matroska *matroska = edit->matroska;
  guint n = matroska->segment->elements->len;
  guint64 place = 0;

  for (guint i = 0; i <= n; i++) {
    if (i == matroska->new_index && matroska->chosen < 0 && edit->tags) {
      edit->place = place;
      place += g_bytes_get_size (edit->tags);
    }
    edit->places[i] = place;
    place += i < n ? edit->lengths[i] : 0;
  }
}

/* Makes SeekHead and Cues for these places.  TRUE if all are as long as before. */
static gboolean
render_places (Edit *edit)
{
  const Matroska *matroska = edit->matroska;
  int skip = edit->tags ? -1 : matroska->chosen;
  gboolean same = TRUE, has_added = matroska->chosen >= 0 || !edit->tags;

  g_ptr_array_set_size (edit->rendered, 0);
  for (guint i = 0; i < matroska->places->len; i++) {
    const Places *places = &g_array_index (matroska->places, Places, i);
    g_autoptr (GBytes) added = NULL;
    GBytes *rendered;

    if (!has_added &&
        matroska_segment_get (matroska->segment, places->i)->id ==
            MATROSKA_SEEK_HEAD) {
      added = matroska_make_seek (MATROSKA_TAGS, edit->place);
      has_added = TRUE;
    }
    rendered = matroska_places_render (
        matroska->segment, places->raw, edit->places, skip, added);
    g_ptr_array_add (edit->rendered, rendered);
    same = same && edit->lengths[places->i] == g_bytes_get_size (rendered);
    edit->lengths[places->i] = g_bytes_get_size (rendered);
  }
  return same;
}

/* Places that are further away may need more bytes, and so move what is behind
 * them further. */
static gboolean
settle_places (Edit *edit, GError **error)
{
  for (guint round = 0; round < MAX_ROUNDS; round++) {
    compute_places (edit);
    if (render_places (edit))
      return TRUE;
  }
  return tags_error_set (error, REASON_UNWRITABLE_FORMAT,
      "Its Cues cannot be written: they move what they point to.");
}

static gboolean
splice_places (const Edit *edit, Splices *splices, GError **error)
{
  const Matroska *matroska = edit->matroska;

  for (guint i = 0; i < matroska->places->len; i++) {
    const Places *places = &g_array_index (matroska->places, Places, i);
    const MatroskaElement *element = matroska_segment_get (
        matroska->segment, places->i);
    GBytes *rendered = edit->rendered->pdata[i];

    if (g_bytes_equal (rendered, places->raw))
      continue;
    if (!places->right) {
      g_autofree char *name = matroska_get_name (element->id);

      g_set_error (error, TAGS_ERROR, REASON_MALFORMED_TAGS,
          "Its %s does not match its checksum (CRC-32), and would have to be "
          "changed.",
          name);
      return FALSE;
    }
    splices_replace (
        splices, element->offset, element->length, g_bytes_ref (rendered));
  }
  return TRUE;
}

static gboolean
splice_cluster (const MatroskaElement *element, guint64 place, Splices *splices,
    GError **error)
{
  guint64 bytes = GUINT64_TO_BE (place);

  if (element->has_crc)
    return tags_error_set (error, REASON_UNWRITABLE_FORMAT,
        "Its Clusters say where they are, and have checksums (CRC-32): they "
        "cannot be moved.");
  if (ebml_get_uint_length (place) > element->place_length)
    return tags_error_set (error, REASON_UNWRITABLE_FORMAT,
        "One of its Clusters says where it is, and has no room for another "
        "place.");
  splices_replace (splices, element->offset + element->place_offset,
      element->place_length,
      g_bytes_new (
          (const guint8 *) &bytes + sizeof bytes - element->place_length,
          element->place_length));
  return TRUE;
}

static gboolean
splice_clusters (const Edit *edit, Splices *splices, GError **error)
{
  const MatroskaSegment *segment = edit->matroska->segment;

  for (guint i = 0; i < segment->elements->len; i++) {
    const MatroskaElement *element = matroska_segment_get (segment, i);

    if (element->place_length > 0 &&
        edit->places[i] != element->offset - segment->start &&
        !splice_cluster (element, edit->places[i], splices, error))
      return FALSE;
  }
  return TRUE;
}

static void
splice_tags (const Edit *edit, Splices *splices)
{
  const Matroska *matroska = edit->matroska;
  const MatroskaSegment *segment = matroska->segment;
  guint64 offset = segment->end, length = 0;
  guint i = matroska->chosen >= 0 ? (guint) matroska->chosen
                                  : matroska->new_index;

  if (i < segment->elements->len)
    offset = matroska_segment_get (segment, i)->offset;
  if (matroska->chosen >= 0)
    length = matroska_segment_get (segment, i)->length;
  splices_replace (
      splices, offset, length, edit->tags ? g_bytes_ref (edit->tags) : NULL);
}

static gboolean
splice_size (const Edit *edit, Splices *splices, GError **error)
{
  const MatroskaSegment *segment = edit->matroska->segment;
  const EbmlHeader *header = &segment->header;
  guint64 size = edit->places[segment->elements->len];
  g_autoptr (GByteArray) bytes = NULL;

  if (header->size == EBML_UNKNOWN_SIZE || header->size == size)
    return TRUE;
  if (size >> 56)
    return tags_error_set (
        error, REASON_UNWRITABLE_FORMAT, "Its Segment would be too long.");
  bytes = g_byte_array_new ();
  ebml_append_size (bytes, size, ebml_get_size_length (size, header));
  splices_replace (splices, segment->offset + header->id_length,
      header->size_length,
      g_byte_array_free_to_bytes (g_steal_pointer (&bytes)));
  return TRUE;
}

static gboolean
splice_all (Edit *edit, Splices *splices, GError **error)
{
  if (!settle_places (edit, error))
    return FALSE;
  splice_tags (edit, splices);
  return splice_size (edit, splices, error) &&
      splice_places (edit, splices, error) &&
      splice_clusters (edit, splices, error);
}

static gboolean
edit (const Layout *layout, const TagState *wanted, const EditOptions *options,
    Splices *splices, GError **error)
{
  const Matroska *matroska = layout->found;
  GBytes *tags = matroska_tags_render (matroska->tags, wanted);
  Edit changes;
  gboolean ok;

  (void) options;
  if (tags == matroska->raw ||
      (tags && matroska->raw && g_bytes_equal (tags, matroska->raw))) {
    g_clear_pointer (&tags, g_bytes_unref);
    return TRUE;
  }
  edit_init (&changes, matroska, tags);
  ok = splice_all (&changes, splices, error);
  edit_clear (&changes);
  return ok;
}

const TagFormat tag_format_matroska = { "Matroska", recognises, scan, edit };
