/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "matroskaedit.h"

#include "matroskaplaces.h"
#include "tagserror.h"

/* The rounds that it may take until all places have the bytes that they need. */
#define MAX_ROUNDS 32

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

gboolean
matroska_edit (const Layout *layout, const TagState *wanted,
    const EditOptions *options, Splices *splices, GError **error)
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
