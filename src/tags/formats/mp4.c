/* SPDX-License-Identifier: GPL-2.0-or-later */

/* MP4, QuickTime and 3GP: https://developer.apple.com/documentation/quicktime-file-format
 *
 * The genre goes into the list of iTunes, moov/udta/meta/ilst; without one, among
 * the texts that QuickTime or 3GP have in moov/udta: next to a list, some programs
 * would not see these any more.  A file without any tags gets a list.
 *
 * Tags grow and shrink by what is written; free space stays as it is.  What is
 * behind them moves, and the offsets that point there with it. */

#include <string.h>

#include <gst/gst.h>

#include "edges.h"
#include "formats.h"
#include "mp4ilst.h"
#include "mp4keys.h"
#include "mp4offsets.h"
#include "tagserror.h"

#define MOOV MP4_TYPE ('m', 'o', 'o', 'v')
#define UDTA MP4_TYPE ('u', 'd', 't', 'a')
#define META MP4_TYPE ('m', 'e', 't', 'a')
#define ILST MP4_TYPE ('i', 'l', 's', 't')
#define HDLR MP4_TYPE ('h', 'd', 'l', 'r')
#define MAX_ATOMS (1 << 18) /* of the top level */

/* What a "meta" atom that is made begins with: its version, and its handler. */
static const char meta_begin[] =
    "\0\0\0\0"
    "\0\0\0\41hdlr\0\0\0\0\0\0\0\0mdirappl\0\0\0\0\0\0\0\0\0";
#define META_BEGIN (sizeof meta_begin - 1)

typedef struct
{
  Edges *edges;
  GArray *atoms; /* Mp4Atom: of the top level */
  Mp4Offsets *offsets;
  Mp4Atom moov, udta, meta, ilst; /* without a type if it is not there */
  Mp4Atom list;                   /* ilst, or an udta that has texts */
  Mp4Style style;                 /* of the list */
  /* it has nothing but what is made here */
  gboolean meta_is_plain, udta_is_plain;
  TagItems *items;   /* of the list; empty without one */
  guint rank;        /* how good the list is, of several */
  TagItems *others;  /* what only QuickTime's keys say */
  guint64 items_end; /* where they end: zeros may follow in the list */
} Mp4;

static void
mp4_free (gpointer data)
{
  Mp4 *mp4 = data;

  edges_free (mp4->edges);
  g_array_unref (mp4->atoms);
  mp4_offsets_free (mp4->offsets);
  g_clear_pointer (&mp4->items, tag_items_free);
  tag_items_free (mp4->others);
  g_free (mp4);
}

/* Old QuickTime files begin with anything. */
static gboolean
has_moov (MediaFile *file, guint64 start)
{
  static const char *const types[] = { "moov", "mdat", "wide", "free", "skip",
    "pnot" };
  Mp4Walk walk = { file, start, media_file_get_size (file), TRUE };
  Mp4Atom atom;
  gboolean is_known = FALSE;

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    is_known |= media_file_has (file, start + 4, types[i], 4);
  for (guint i = 0; is_known && i < 64 && mp4_next (&walk, &atom); i++) {
    if (atom.type == MOOV)
      return TRUE;
  }
  return FALSE;
}

static gboolean
recognises (MediaFile *file, guint64 start)
{
  return media_file_has (file, start + 4, "ftyp", 4) || has_moov (file, start);
}

static gboolean
has_only_zeros (MediaFile *file, guint64 offset, guint64 end)
{
  g_autoptr (GBytes) bytes = media_file_get (file, offset, end - offset);
  const guint8 *data = bytes ? g_bytes_get_data (bytes, NULL) : NULL;

  for (guint64 i = 0; data && i < end - offset; i++) {
    if (data[i])
      return FALSE;
  }
  return bytes != NULL;
}

/* What is behind the last whole atom: other bytes, which stay, or an atom that is
 * cut off. */
static void
add_rest (Layout *layout, Mp4 *mp4, const Mp4Walk *walk)
{
  Mp4Atom rest = { .offset = walk->offset, .size = walk->end - walk->offset };
  guint8 bytes[MP4_HEADER];

  if (rest.size == 0)
    return;
  if (rest.size >= sizeof bytes &&
      media_file_read (layout->file, rest.offset, bytes, sizeof bytes) ==
          sizeof bytes &&
      g_ascii_islower (bytes[4]) && g_ascii_isalnum (bytes[5]) &&
      g_ascii_isalnum (bytes[6]) && g_ascii_isalnum (bytes[7]))
    layout_set_obstacle (layout, REASON_MALFORMED_TAGS,
        "It is cut off: its atom %.4s at byte %" G_GUINT64_FORMAT
        " is longer than the file.",
        (const char *) bytes + 4, rest.offset);
  g_array_append_val (mp4->atoms, rest);
}

static void
find_atoms (Layout *layout, Mp4 *mp4, guint64 start)
{
  Mp4Walk walk = { layout->file, start, edges_get_end (mp4->edges), TRUE };
  Mp4Atom atom;

  while (mp4->atoms->len < MAX_ATOMS && mp4_next (&walk, &atom)) {
    if (atom.type == MOOV && mp4->moov.type)
      layout_set_obstacle (
          layout, REASON_MALFORMED_TAGS, "It has two atoms moov.");
    if (atom.type == MOOV)
      mp4->moov = atom;
    g_array_append_val (mp4->atoms, atom);
  }
  if (mp4->atoms->len == MAX_ATOMS)
    layout_set_obstacle (layout, REASON_UNWRITABLE_FORMAT,
        "It has more than %d atoms.", MAX_ATOMS);
  add_rest (layout, mp4, &walk);
  if (!mp4->moov.type)
    layout_set_obstacle (layout, REASON_UNWRITABLE_FORMAT,
        "It has no atom moov, in which its tags would be.");
  for (guint i = 0; i < mp4->atoms->len; i++)
    mp4_offsets_scan (
        mp4->offsets, layout, &g_array_index (mp4->atoms, Mp4Atom, i));
}

/* The tags */

/* Notes an obstacle if there is anything behind the atoms in @parent but zeros, with
 * which some programs end them. */
static void
check_end (Layout *layout, const Mp4Atom *parent, guint64 skip)
{
  guint64 offset = mp4_find_end (layout->file, parent, skip);
  guint64 end = mp4_get_end (parent);
  g_autofree char *name = mp4_type_to_name (parent->type);

  if (end - offset > 64 || !has_only_zeros (layout->file, offset, end))
    layout_set_obstacle (layout, REASON_MALFORMED_TAGS,
        "Its atom %s at byte %" G_GUINT64_FORMAT
        " is damaged: at byte %" G_GUINT64_FORMAT " is no whole atom.",
        name, parent->offset, offset);
}

/* TRUE if the items of a "meta" atom have numbers, of names in another atom. */
static gboolean
has_keys (MediaFile *file, const Mp4Atom *meta)
{
  Mp4Atom handler;

  return mp4_find (
             file, meta, mp4_get_meta_skip (file, meta), HDLR, &handler) &&
      media_file_has (file, handler.offset + handler.header + 8, "mdta", 4);
}

/* Reads a list of tags at one of the places where programs look for it, and chooses
 * it if it is the first that has a genre, or else if none is chosen yet or only
 * texts without a genre.
 * @meta: (nullable): NULL for the texts in @udta, which are the list */
static void
try_list (Layout *layout, Mp4 *mp4, const Mp4Atom *udta, const Mp4Atom *meta,
    const Mp4Atom *list, Mp4Style style)
{
  g_autofree char *problem = NULL;
  g_autoptr (TagItems) items = NULL;
  guint64 end;
  guint rank;

  items = mp4_ilst_parse (layout->file, list, style, &end, &problem);
  if (!items) {
    layout_set_obstacle (layout, REASON_MALFORMED_TAGS, "%s", problem);
    return;
  }
  rank = 1 + (items->genres->len > 0 ? 2 : 0) + (meta ? 1 : 0);
  if (mp4->list.type)
    layout_add_rivals (layout, TAG_MP4, "lists of tags", mp4->items,
        mp4->list.offset, items, list->offset);
  if (rank <= mp4->rank)
    return;
  mp4->rank = rank;
  mp4->list = *list;
  mp4->style = style;
  g_clear_pointer (&mp4->items, tag_items_free);
  mp4->items = g_steal_pointer (&items);
  mp4->items_end = end;
  mp4->ilst.type = 0;
  if (meta) {
    mp4->udta = *udta;
    mp4->meta = *meta;
    mp4->ilst = *list;
  }
}

/* Reads the tags of a "meta" atom in an "udta", or in "moov" itself if that is NULL;
 * in there they are not written. */
static void
read_meta (
    Layout *layout, Mp4 *mp4, const Mp4Atom *udta, const Mp4Atom *meta)
{
  MediaFile *file = layout->file;
  Mp4Walk walk = mp4_enter (file, meta, mp4_get_meta_skip (file, meta));
  gboolean keys = has_keys (file, meta);
  Mp4Atom ilst;

  if (keys) {
    mp4_keys_read (file, meta, mp4->others);
    if (udta || mp4->others->genres->len > 0)
      layout_set_obstacle (layout, REASON_UNWRITABLE_FORMAT,
          "Its tags have keys of QuickTime (mdta, in the atom meta at byte "
          "%" G_GUINT64_FORMAT ") instead of iTunes' items.",
          meta->offset);
    return;
  }
  while (mp4_next (&walk, &ilst)) {
    if (ilst.type != ILST)
      continue;
    if (udta)
      try_list (layout, mp4, udta, meta, &ilst, MP4_ITUNES);
    else
      layout_set_obstacle (layout, REASON_UNWRITABLE_FORMAT,
          "Its tags are in an atom meta at byte %" G_GUINT64_FORMAT
          " that is not in the atom udta.",
          meta->offset);
  }
  /* where a list could be made */
  if (udta && !mp4->ilst.type && !mp4->meta.type) {
    mp4->udta = *udta;
    mp4->meta = *meta;
  }
}

/* Finds out whether an "udta" atom has texts of QuickTime or 3GP. */
static gboolean
has_texts (MediaFile *file, const Mp4Atom *udta, Mp4Style *style)
{
  static const guint32 types[] = { MP4_TYPE ('t', 'i', 't', 'l'),
    MP4_TYPE ('p', 'e', 'r', 'f'), MP4_TYPE ('a', 'u', 't', 'h'),
    MP4_TYPE ('a', 'l', 'b', 'm'), MP4_TYPE ('g', 'n', 'r', 'e') };
  Mp4Walk walk = mp4_enter (file, udta, 0);
  Mp4Atom atom;

  *style = MP4_ITUNES;
  while (mp4_next (&walk, &atom)) {
    if (atom.type >> 24 == 0xa9) {
      *style = MP4_QUICKTIME;
      return TRUE;
    }
    for (guint i = 0; i < G_N_ELEMENTS (types); i++) {
      if (atom.type == types[i])
        *style = MP4_3GP;
    }
  }
  return *style != MP4_ITUNES;
}

static void
read_udta (Layout *layout, Mp4 *mp4, const Mp4Atom *udta)
{
  Mp4Walk walk = mp4_enter (layout->file, udta, 0);
  Mp4Style style;
  Mp4Atom meta;

  if (!mp4->udta.type)
    mp4->udta = *udta;
  while (mp4_next (&walk, &meta)) {
    if (meta.type == META)
      read_meta (layout, mp4, udta, &meta);
  }
  if (has_texts (layout->file, udta, &style))
    try_list (layout, mp4, udta, NULL, udta, style);
}

static void
find_tags (Layout *layout, Mp4 *mp4)
{
  Mp4Walk walk = mp4_enter (layout->file, &mp4->moov, 0);
  Mp4Atom atom;

  while (mp4_next (&walk, &atom)) {
    if (atom.type == UDTA)
      read_udta (layout, mp4, &atom);
    else if (atom.type == META)
      read_meta (layout, mp4, NULL, &atom);
  }
}

static guint64
get_items_begin (const Mp4 *mp4)
{
  return mp4->list.offset + mp4->list.header;
}

/* Finds what is there only for the genre that was written. */
static void
find_plain (MediaFile *file, Mp4 *mp4)
{
  const Mp4Atom *udta = &mp4->udta, *meta = &mp4->meta, *ilst = &mp4->ilst;

  mp4->meta_is_plain = meta->type && meta->header == MP4_HEADER &&
      mp4->items->kept->len == 0 &&
      (!ilst->type ||
          (ilst->header == MP4_HEADER &&
              mp4->items_end == mp4_get_end (ilst))) &&
      meta->size == MP4_HEADER + META_BEGIN + ilst->size &&
      media_file_has (file, meta->offset + MP4_HEADER, meta_begin, META_BEGIN);
  mp4->udta_is_plain = udta->type && udta->header == MP4_HEADER &&
      udta->size == MP4_HEADER + meta->size &&
      (!meta->type || mp4->meta_is_plain);
}

static void
read_tags (Layout *layout, Mp4 *mp4)
{
  find_tags (layout, mp4);
  if (mp4->udta.type)
    check_end (layout, &mp4->udta, 0);
  if (mp4->meta.type)
    check_end (
        layout, &mp4->meta, mp4_get_meta_skip (layout->file, &mp4->meta));
  if (mp4->list.type)
    check_end (layout, &mp4->list, 0);
  if (!mp4->items)
    mp4->items = tag_items_new ();
  find_plain (layout->file, mp4);
}

static void
add_size_hole (Mp4Holes *holes, const Mp4Atom *atom)
{
  mp4_holes_add (holes, mp4_get_size_offset (atom), mp4_get_size_width (atom));
}

static void
add_holes (const Mp4 *mp4, Mp4Holes *holes)
{
  const Mp4Atom *udta = &mp4->udta, *meta = &mp4->meta, *ilst = &mp4->ilst;

  mp4_offsets_add_holes (mp4->offsets, holes);
  add_size_hole (holes, &mp4->moov);
  if (mp4->style != MP4_ITUNES) {
    add_size_hole (holes, &mp4->list);
    mp4_holes_add (
        holes, get_items_begin (mp4), mp4->items_end - get_items_begin (mp4));
    return;
  }
  if (mp4->udta_is_plain) {
    mp4_holes_add (holes, udta->offset, udta->size);
    return;
  }
  if (udta->type)
    add_size_hole (holes, udta);
  if (mp4->meta_is_plain) {
    mp4_holes_add (holes, meta->offset, meta->size);
    return;
  }
  if (meta->type)
    add_size_hole (holes, meta);
  if (ilst->type)
    mp4_holes_add (holes, ilst->offset, mp4->items_end - ilst->offset);
}

static void
add_pieces (Layout *layout, const Mp4 *mp4)
{
  g_autoptr (Mp4Holes) holes = mp4_holes_new ();

  add_holes (mp4, holes);
  for (guint i = 0; i < mp4->atoms->len; i++) {
    const Mp4Atom *atom = &g_array_index (mp4->atoms, Mp4Atom, i);
    g_autofree char *name = mp4_type_to_name (atom->type);

    layout_add_piece (layout, "atom %s", name);
    mp4_holes_extend (holes, layout, atom->offset, mp4_get_end (atom));
  }
  mp4_offsets_add_pieces (mp4->offsets, layout, mp4->atoms);
}

static void
scan (Layout *layout, guint64 start)
{
  Mp4 *mp4 = g_new0 (Mp4, 1);

  layout->found = mp4;
  layout->found_free = mp4_free;
  layout->state.is_primary[TAG_MP4] = TRUE;
  mp4->edges = edges_scan (layout, start);
  mp4->atoms = g_array_new (FALSE, FALSE, sizeof (Mp4Atom));
  mp4->offsets = mp4_offsets_new ();
  mp4->others = tag_items_new ();
  find_atoms (layout, mp4, start);
  edges_add_front (mp4->edges, layout);
  if (mp4->moov.type) {
    read_tags (layout, mp4);
    add_pieces (layout, mp4);
    if (mp4->list.type)
      layout_add_items (layout, TAG_MP4, mp4->items);
    /* there is an obstacle then; but the genre is known */
    if (mp4->items->genres->len == 0 && mp4->others->genres->len > 0)
      tag_items_to_state (mp4->others, TAG_MP4, &layout->state);
  }
  edges_add_back (mp4->edges, layout);
}

/* Writing */

/* Puts the contents of @data into an atom, behind @begin. */
static void
wrap (GByteArray *data, guint32 type, const char *begin, gsize length)
{
  g_autoptr (GByteArray) contents = g_byte_array_new ();

  if (length > 0)
    g_byte_array_append (contents, (const guint8 *) begin, (guint) length);
  if (data->len > 0)
    g_byte_array_append (contents, data->data, data->len);
  g_byte_array_set_size (data, 0);
  mp4_append (data, type, contents->data, contents->len);
}

/* A change of the tags: some bytes, and the atoms around them. */
typedef struct
{
  guint64 offset, length; /* what is replaced */
  GByteArray *data;       /* by this */
  const Mp4Atom *parents[4];
  guint n_parents;
} Change;

/* Makes a list where none is, of @change->data: with the atoms that are missing
 * around it. */
static void
make_list (const Layout *layout, const Mp4 *mp4, Change *change)
{
  const Mp4Atom *parent = &mp4->moov;
  guint64 skip = 0;

  wrap (change->data, ILST, NULL, 0);
  if (!mp4->meta.type)
    wrap (change->data, META, meta_begin, META_BEGIN);
  if (!mp4->udta.type)
    wrap (change->data, UDTA, NULL, 0);
  if (mp4->udta.type) {
    change->parents[change->n_parents++] = parent;
    parent = &mp4->udta;
  }
  if (mp4->meta.type) {
    change->parents[change->n_parents++] = parent;
    parent = &mp4->meta;
    skip = mp4_get_meta_skip (layout->file, parent);
  }
  change->parents[change->n_parents++] = parent;
  /* before zeros that end it */
  change->offset = mp4_find_end (layout->file, parent, skip);
}

/* Takes the list away, with the atoms around it that have nothing else. */
static void
remove_list (const Mp4 *mp4, Change *change)
{
  const Mp4Atom *removed = &mp4->ilst;

  change->parents[change->n_parents++] = &mp4->moov;
  if (mp4->udta_is_plain)
    removed = &mp4->udta;
  else
    change->parents[change->n_parents++] = &mp4->udta;
  if (mp4->meta_is_plain && !mp4->udta_is_plain)
    removed = &mp4->meta;
  else if (!mp4->meta_is_plain)
    change->parents[change->n_parents++] = &mp4->meta;
  change->offset = removed->offset;
  change->length = removed->size;
}

static void
replace_list (const Mp4 *mp4, Change *change)
{
  change->offset = get_items_begin (mp4);
  change->length = mp4->items_end - change->offset;
  change->parents[change->n_parents++] = &mp4->moov;
  if (mp4->style == MP4_ITUNES) {
    change->parents[change->n_parents++] = &mp4->udta;
    change->parents[change->n_parents++] = &mp4->meta;
  }
  change->parents[change->n_parents++] = &mp4->list;
}

static gboolean
apply (const Change *change, Splices *splices, GError **error)
{
  gint64 growth = (gint64) change->data->len - (gint64) change->length;

  for (guint i = 0; i < change->n_parents; i++) {
    if (!mp4_resize (change->parents[i], growth, splices, error))
      return FALSE;
  }
  splices_replace (splices, change->offset, change->length,
      g_bytes_new (change->data->data, change->data->len));
  return TRUE;
}

static gboolean
has_contents (const Layout *layout, const Mp4 *mp4, const GByteArray *data)
{
  return data->len == mp4->items_end - get_items_begin (mp4) &&
      (data->len == 0 ||
          media_file_has (
              layout->file, get_items_begin (mp4), data->data, data->len));
}

static gboolean
edit (const Layout *layout, const TagState *wanted, const EditOptions *options,
    Splices *splices, GError **error)
{
  const Mp4 *mp4 = layout->found;
  g_autoptr (GByteArray)
      data = mp4_ilst_render (mp4->items, mp4->style, wanted);
  Change change = { .data = data };

  if (!edges_edit (mp4->edges, wanted, options, splices, error))
    return FALSE;
  if (mp4->ilst.type && !wanted->genres[TAG_MP4] && data->len == 0)
    remove_list (mp4, &change);
  else if (!mp4->list.type && data->len > 0)
    make_list (layout, mp4, &change);
  else if (mp4->list.type && !has_contents (layout, mp4, data))
    replace_list (mp4, &change);
  return (change.n_parents == 0 || apply (&change, splices, error)) &&
      mp4_offsets_edit (mp4->offsets, mp4->atoms, splices, error);
}

const TagFormat tag_format_mp4 = { "MP4", recognises, scan, edit };
