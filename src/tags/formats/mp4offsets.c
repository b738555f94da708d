/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "mp4offsets.h"

#include <string.h>

#include <gst/gst.h>

#include "tagserror.h"

#define MOOV MP4_TYPE ('m', 'o', 'o', 'v')
#define TRAK MP4_TYPE ('t', 'r', 'a', 'k')
#define MDIA MP4_TYPE ('m', 'd', 'i', 'a')
#define MINF MP4_TYPE ('m', 'i', 'n', 'f')
#define STBL MP4_TYPE ('s', 't', 'b', 'l')
#define DINF MP4_TYPE ('d', 'i', 'n', 'f')
#define DREF MP4_TYPE ('d', 'r', 'e', 'f')
#define STCO MP4_TYPE ('s', 't', 'c', 'o')
#define CO64 MP4_TYPE ('c', 'o', '6', '4')
#define CMOV MP4_TYPE ('c', 'm', 'o', 'v')
#define SAIO MP4_TYPE ('s', 'a', 'i', 'o')
#define META MP4_TYPE ('m', 'e', 't', 'a')
#define ILOC MP4_TYPE ('i', 'l', 'o', 'c')
#define MOOF MP4_TYPE ('m', 'o', 'o', 'f')
#define TRAF MP4_TYPE ('t', 'r', 'a', 'f')
#define TFHD MP4_TYPE ('t', 'f', 'h', 'd')
#define MFRA MP4_TYPE ('m', 'f', 'r', 'a')
#define TFRA MP4_TYPE ('t', 'f', 'r', 'a')
#define FREE MP4_TYPE ('f', 'r', 'e', 'e')
#define SIDX MP4_TYPE ('s', 'i', 'd', 'x')

/* Of all tables: a chunk for each frame of a day. */
#define MAX_ENTRIES (1 << 22)
#define MAX_TABLES (1 << 18)
#define MAX_DEPTH 7 /* no container that is looked into is deeper */

/* A table with an offset in each entry. */
typedef struct
{
  guint64 offset; /* where the first one is */
  GBytes *data;   /* the entries, from the first one's offset on */
  guint32 n;
  guint width;  /* bytes of an offset */
  guint stride; /* bytes from one to the next */
  guint32 type; /* of its atom */
} Table;

struct _Mp4Offsets
{
  GArray *tables;    /* Table, in the file's order */
  guint n_entries;   /* of all of them */
  guint32 immovable; /* the type of an atom whose offsets are not known, or 0 */
  gboolean has_index; /* a sidx: it counts from its end */
  gboolean has_moov;
};

static void
table_clear (gpointer table)
{
  g_bytes_unref (((Table *) table)->data);
}

Mp4Offsets *
mp4_offsets_new (void)
{
  Mp4Offsets *offsets = g_new0 (Mp4Offsets, 1);

  offsets->tables = g_array_new (FALSE, FALSE, sizeof (Table));
  g_array_set_clear_func (offsets->tables, table_clear);
  return offsets;
}

void
mp4_offsets_free (Mp4Offsets *offsets)
{
  g_array_unref (offsets->tables);
  g_free (offsets);
}

static void
set_damaged (Layout *layout, const Mp4Atom *atom)
{
  g_autofree char *name = mp4_type_to_name (atom->type);

  layout_set_obstacle (layout, REASON_MALFORMED_TAGS,
      "Its atom %s at byte %" G_GUINT64_FORMAT
      " is damaged: what is in it has a wrong size.",
      name, atom->offset);
}

/* Adds a table whose entries begin @skip bytes behind the atom's header; the first
 * offset is @first bytes behind the entry's begin. */
static void
add_table (Mp4Offsets *offsets, Layout *layout, const Mp4Atom *atom,
    guint64 skip, guint first, Table table)
{
  guint64 size = atom->size - atom->header;

  if (table.n == 0)
    return;
  if (skip > size || (guint64) table.n * table.stride > size - skip) {
    set_damaged (layout, atom);
    return;
  }
  if (table.n > MAX_ENTRIES - offsets->n_entries ||
      offsets->tables->len == MAX_TABLES) {
    layout_set_obstacle (layout, REASON_UNWRITABLE_FORMAT,
        "It has more than %d chunks of data.", MAX_ENTRIES);
    return;
  }
  table.offset = atom->offset + atom->header + skip + first;
  table.type = atom->type;
  table.data = media_file_get (
      layout->file, table.offset, (guint64) table.n * table.stride - first);
  if (!table.data)
    return;
  g_array_append_val (offsets->tables, table);
  offsets->n_entries += table.n;
}

/* Reads the first @length bytes of the atom's contents. */
static gboolean
read_contents (Layout *layout, const Mp4Atom *atom, guint8 *bytes, gsize length)
{
  if (atom->size - atom->header >= length &&
      media_file_read (
          layout->file, atom->offset + atom->header, bytes, length) == length)
    return TRUE;
  set_damaged (layout, atom);
  return FALSE;
}

static void
scan_chunks (Mp4Offsets *offsets, Layout *layout, const Mp4Atom *atom)
{
  guint width = atom->type == CO64 ? 8 : 4;
  guint8 bytes[8];

  if (read_contents (layout, atom, bytes, sizeof bytes))
    add_table (offsets, layout, atom, sizeof bytes, 0,
        (Table){ .n = GST_READ_UINT32_BE (bytes + 4),
            .width = width,
            .stride = width });
}

/* The index of fragments: of each a time, where it is, and three numbers. */
static void
scan_index (Mp4Offsets *offsets, Layout *layout, const Mp4Atom *atom)
{
  guint8 bytes[16];
  guint width, numbers;

  if (!read_contents (layout, atom, bytes, sizeof bytes))
    return;
  width = bytes[0] == 1 ? 8 : 4;
  numbers = 3u + (bytes[11] >> 4 & 3) + (bytes[11] >> 2 & 3) + (bytes[11] & 3);
  add_table (offsets, layout, atom, sizeof bytes, width,
      (Table){ .n = GST_READ_UINT32_BE (bytes + 12),
          .width = width,
          .stride = 2 * width + numbers });
}

/* Data in other files, as far as it is not said to be in this one. */
static void
scan_references (Mp4Offsets *offsets, Layout *layout, const Mp4Atom *atom)
{
  Mp4Walk walk = mp4_enter (layout->file, atom, 8);
  Mp4Atom reference;
  guint8 bytes[4];

  while (mp4_next (&walk, &reference)) {
    if (!read_contents (layout, &reference, bytes, sizeof bytes))
      return;
    if (!(bytes[3] & 1))
      offsets->immovable = atom->type;
  }
}

/* A fragment's track: its data may be told by an offset, instead of by the place of
 * the fragment. */
static void
scan_fragment (Mp4Offsets *offsets, Layout *layout, const Mp4Atom *atom)
{
  guint8 bytes[8];

  if (read_contents (layout, atom, bytes, sizeof bytes) && bytes[3] & 1)
    add_table (offsets, layout, atom, sizeof bytes, 0,
        (Table){ .n = 1, .width = 8, .stride = 8 });
}

/* Where what encrypted samples need is. */
static void
scan_auxiliary (Mp4Offsets *offsets, Layout *layout, const Mp4Atom *atom)
{
  guint8 bytes[16];
  guint skip, width;

  if (!read_contents (layout, atom, bytes, 8))
    return;
  skip = bytes[3] & 1 ? 16 : 8;
  width = bytes[0] == 0 ? 4 : 8;
  if (read_contents (layout, atom, bytes, skip))
    add_table (offsets, layout, atom, skip, 0,
        (Table){ .n = GST_READ_UINT32_BE (bytes + skip - 4),
            .width = width,
            .stride = width });
}

static gboolean
is_container (guint32 type)
{
  static const guint32 types[] = { MOOV, TRAK, MDIA, MINF, STBL, DINF, MOOF,
    TRAF, MFRA };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++) {
    if (types[i] == type)
      return TRUE;
  }
  return FALSE;
}

static void
scan_atom (
    Mp4Offsets *offsets, Layout *layout, const Mp4Atom *atom, guint32 parent)
{
  Mp4Atom iloc;

  switch (atom->type) {
    case STCO:
    case CO64:
      scan_chunks (offsets, layout, atom);
      break;
    case TFRA:
      scan_index (offsets, layout, atom);
      break;
    case DREF:
      scan_references (offsets, layout, atom);
      break;
    case TFHD:
      scan_fragment (offsets, layout, atom);
      break;
    case SAIO:
      /* of a fragment it counts from the fragment */
      if (parent == STBL)
        scan_auxiliary (offsets, layout, atom);
      break;
    case META:
      if (mp4_find (layout->file, atom, mp4_get_meta_skip (layout->file, atom),
              ILOC, &iloc))
        offsets->immovable = ILOC;
      break;
    case CMOV:
      layout_set_obstacle (layout, REASON_UNWRITABLE_FORMAT,
          "Its header is compressed (the atom cmov).");
      break;
    default:
      break;
  }
}

static void
scan_container (
    Mp4Offsets *offsets, Layout *layout, const Mp4Atom *container, guint depth)
{
  Mp4Walk walk = mp4_enter (layout->file, container, 0);
  Mp4Atom atom;

  while (mp4_next (&walk, &atom)) {
    if (is_container (atom.type) && depth < MAX_DEPTH)
      scan_container (offsets, layout, &atom, depth + 1);
    else
      scan_atom (offsets, layout, &atom, container->type);
  }
  /* QuickTime ends some lists with four zeros */
  if (walk.offset < walk.end &&
      !(walk.end - walk.offset == 4 &&
          media_file_has (layout->file, walk.offset, "\0\0\0\0", 4)))
    set_damaged (layout, container);
}

void
mp4_offsets_scan (Mp4Offsets *offsets, Layout *layout, const Mp4Atom *atom)
{
  if (is_container (atom->type))
    scan_container (offsets, layout, atom, 0);
  else
    scan_atom (offsets, layout, atom, 0);
  offsets->has_moov |= atom->type == MOOV;
  /* one in front of the tags would have to count from further on */
  if (atom->type == SIDX && !offsets->has_moov)
    offsets->immovable = SIDX;
}

static const Table *
get_table (const Mp4Offsets *offsets, guint i)
{
  return &g_array_index (offsets->tables, Table, i);
}

static guint64
get_value (const Table *table, guint32 i)
{
  const guint8 *entry = g_bytes_get_data (table->data, NULL);

  entry += (gsize) i * table->stride;
  return table->width == 8 ? GST_READ_UINT64_BE (entry)
                           : GST_READ_UINT32_BE (entry);
}

void
mp4_offsets_add_holes (const Mp4Offsets *offsets, Mp4Holes *holes)
{
  for (guint i = 0; i < offsets->tables->len; i++) {
    const Table *table = get_table (offsets, i);
    gsize size = g_bytes_get_size (table->data);

    mp4_holes_add (holes, table->offset, size);
  }
}

/* The atom that has the byte at @offset; NULL if that is none, or the moov atom,
 * in which nothing else points. */
static const Mp4Atom *
find_atom (GArray *atoms, guint64 offset)
{
  guint low = 0, high = atoms->len;

  while (high > low) {
    guint middle = (low + high) / 2;
    const Mp4Atom *atom = &g_array_index (atoms, Mp4Atom, middle);

    if (offset < atom->offset)
      high = middle;
    else if (offset >= mp4_get_end (atom))
      low = middle + 1;
    else
      return atom->type == MOOV ? NULL : atom;
  }
  return NULL;
}

/* The entries, with the offsets counted from the atoms that they point into. */
static GBytes *
make_relative (const Table *table, GArray *atoms)
{
  gsize rest = table->stride - table->width;
  gsize size = g_bytes_get_size (table->data);
  const guint8 *data = g_bytes_get_data (table->data, NULL);
  GByteArray *all = g_byte_array_sized_new ((guint) MIN (4 * size, 1 << 20));

  for (guint32 i = 0; i < table->n; i++) {
    gsize after = (gsize) i * table->stride + table->width;
    guint64 value = get_value (table, i);
    const Mp4Atom *atom = find_atom (atoms, value);
    guint64 place[] = { atom
          ? (guint64) (atom - (const Mp4Atom *) (gpointer) atoms->data)
          : G_MAXUINT64,
      value - (atom ? atom->offset : 0) };

    g_byte_array_append (all, (const guint8 *) place, sizeof place);
    /* the last one's is shorter */
    if (after < size)
      g_byte_array_append (all, data + after, (guint) MIN (rest, size - after));
  }
  return g_byte_array_free_to_bytes (all);
}

void
mp4_offsets_add_pieces (
    const Mp4Offsets *offsets, Layout *layout, GArray *atoms)
{
  for (guint i = 0; i < offsets->tables->len; i++) {
    const Table *table = get_table (offsets, i);
    g_autofree char *name = mp4_type_to_name (table->type);

    layout_add_piece (layout, "offsets in atom %s", name);
    layout_extend_bytes (layout, make_relative (table, atoms));
  }
}

/* TRUE if anything moves that offsets may point to. */
static gboolean
moves (GArray *atoms, const Splices *splices)
{
  for (guint i = 0; i < atoms->len; i++) {
    const Mp4Atom *atom = &g_array_index (atoms, Mp4Atom, i);

    if (atom->type != 0 && atom->type != FREE && atom->type != MOOV &&
        splices_get_shift (splices, atom->offset) != 0)
      return TRUE;
  }
  return FALSE;
}

/* The table with its offsets moved; NULL if none moves. */
static GBytes *
move_table (
    const Table *table, GArray *atoms, const Splices *splices, GError **error)
{
  gsize size = g_bytes_get_size (table->data);
  g_autofree guint8 *data = g_memdup2 (
      g_bytes_get_data (table->data, NULL), size);
  const Mp4Atom *last = NULL;
  gboolean is_changed = FALSE;
  gint64 shift = 0;

  for (guint32 i = 0; i < table->n; i++) {
    guint8 *entry = data + (gsize) i * table->stride;
    guint64 value = get_value (table, i);
    const Mp4Atom *atom = find_atom (atoms, value);

    if (!atom)
      continue;
    if (atom != last)
      shift = splices_get_shift (splices, atom->offset);
    last = atom;
    value += (guint64) shift;
    if (table->width == 4 && value > G_MAXUINT32) {
      tags_error_set (error, REASON_UNWRITABLE_FORMAT,
          "Its offsets have 32 bits, which are too few if the tags grow.  "
          "Programs that put the atom moov at the file's end help.");
      return NULL;
    }
    if (table->width == 4)
      GST_WRITE_UINT32_BE (entry, (guint32) value);
    else
      GST_WRITE_UINT64_BE (entry, value);
    is_changed |= shift != 0;
  }
  return is_changed ? g_bytes_new_take (g_steal_pointer (&data), size) : NULL;
}

gboolean
mp4_offsets_edit (
    const Mp4Offsets *offsets, GArray *atoms, Splices *splices, GError **error)
{
  g_autoptr (GPtrArray) moved = g_ptr_array_new ();
  GError *failure = NULL;

  if (offsets->immovable && moves (atoms, splices)) {
    g_autofree char *name = mp4_type_to_name (offsets->immovable);

    g_set_error (error, TAGS_ERROR, REASON_UNWRITABLE_FORMAT,
        "Its tags cannot grow, as its atom %s says in a way that cannot be "
        "changed where other data is.",
        name);
    return FALSE;
  }
  /* all, before one of them becomes a splice itself */
  for (guint i = 0; !failure && i < offsets->tables->len; i++)
    g_ptr_array_add (
        moved, move_table (get_table (offsets, i), atoms, splices, &failure));
  for (guint i = 0; i < moved->len; i++) {
    const Table *table = get_table (offsets, i);
    GBytes *data = moved->pdata[i];

    if (data && !failure)
      splices_replace (splices, table->offset, g_bytes_get_size (data), data);
    else if (data)
      g_bytes_unref (data);
  }
  if (failure)
    g_propagate_error (error, failure);
  return !failure;
}
