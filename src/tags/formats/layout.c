/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "layout.h"

#include <string.h>

#include "tagserror.h"

#define BLOCK 65536
#define MAX_PIECES (1 << 18)

/* Some bytes of a piece. */
typedef struct
{
  guint64 offset, length; /* in the file, without data */
  GBytes *data;
} PieceExtent;

static void
extent_clear (gpointer extent)
{
  g_clear_pointer (&((PieceExtent *) extent)->data, g_bytes_unref);
}

static void
piece_free (gpointer data)
{
  Piece *piece = data;

  g_free (piece->name);
  g_array_unref (piece->extents);
  g_free (piece);
}

void
layout_add_piece (Layout *layout, const char *format, ...)
{
  Piece *piece;
  va_list arguments;

  if (!layout->pieces)
    layout->pieces = g_ptr_array_new_with_free_func (piece_free);
  if (layout->pieces->len == MAX_PIECES) {
    layout->is_full = TRUE;
    layout_set_obstacle (layout, REASON_UNWRITABLE_FORMAT,
        "It has more than %d parts.", MAX_PIECES);
    return;
  }
  piece = g_new (Piece, 1);
  va_start (arguments, format);
  piece->name = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  piece->extents = g_array_new (FALSE, FALSE, sizeof (PieceExtent));
  g_array_set_clear_func (piece->extents, extent_clear);
  g_ptr_array_add (layout->pieces, piece);
}

static void
add_extent (Layout *layout, PieceExtent extent)
{
  Piece *piece = layout->pieces->pdata[layout->pieces->len - 1];

  if (extent.length > 0 && !layout->is_full)
    g_array_append_val (piece->extents, extent);
  else
    extent_clear (&extent);
}

void
layout_extend (Layout *layout, guint64 offset, guint64 length)
{
  add_extent (layout, (PieceExtent){ offset, length, NULL });
}

void
layout_extend_bytes (Layout *layout, GBytes *data)
{
  add_extent (layout, (PieceExtent){ 0, g_bytes_get_size (data), data });
}

void
layout_add_items (Layout *layout, TagKind kind, const TagItems *items)
{
  for (guint i = 0; i < items->kept->len; i++) {
    const TagItem *item = items->kept->pdata[i];

    layout_add_piece (layout, "%s %s", tag_kind_name (kind), item->name);
    layout_extend_bytes (layout, g_bytes_ref (item->raw));
  }
  if (items->has_more_genres)
    layout_set_obstacle (layout, REASON_MALFORMED_TAGS,
        "Its %s tag has more than %d genres.", tag_kind_name (kind),
        TAG_MAX_GENRES);
  tag_items_to_state (items, kind, &layout->state);
}

void
layout_set_obstacle (Layout *layout, int reason, const char *format, ...)
{
  va_list arguments;

  if (layout->obstacle)
    return;
  va_start (arguments, format);
  layout->obstacle = g_error_new_valist (TAGS_ERROR, reason, format, arguments);
  va_end (arguments);
}

void
layout_add_rivals (Layout *layout, TagKind kind, const char *what,
    const TagItems *first, guint64 first_offset, const TagItems *second,
    guint64 second_offset)
{
  g_auto (GStrv) genres = tag_items_get_genres (first);
  g_auto (GStrv) others = tag_items_get_genres (second);

  if (!*genres || !*others)
    return;
  g_free (layout->rivals[kind]);
  layout->rivals[kind] = g_strdup_printf (
      "It has two %s with a genre, at byte %" G_GUINT64_FORMAT
      " and at byte %" G_GUINT64_FORMAT
      ": some programs would see the new genre, and others the old one. A tag "
      "editor that saves the file makes one of them.",
      what, MIN (first_offset, second_offset),
      MAX (first_offset, second_offset));
  if (!tag_kind_same_genres (kind, genres, others))
    layout_set_obstacle (
        layout, REASON_MALFORMED_TAGS, "%s", layout->rivals[kind]);
}

/* The proof */

/* A place in the bytes of a piece. */
typedef struct
{
  MediaFile *file;
  GArray *extents;
  guint i;      /* the extent */
  guint64 done; /* bytes of it */
} Cursor;

/* Reads up to @length bytes; fewer only at the piece's end or if the file has
 * them not. */
static gsize
cursor_read (Cursor *cursor, guint8 *buffer, gsize length)
{
  gsize n_read = 0;

  while (n_read < length && cursor->i < cursor->extents->len) {
    const PieceExtent *extent = &g_array_index (
        cursor->extents, PieceExtent, cursor->i);
    gsize n = MIN (length - n_read, extent->length - cursor->done), got = n;

    if (extent->data)
      memcpy (buffer + n_read,
          (const guint8 *) g_bytes_get_data (extent->data, NULL) + cursor->done,
          n);
    else
      got = media_file_read (
          cursor->file, extent->offset + cursor->done, buffer + n_read, n);
    n_read += got;
    cursor->done += got;
    if (got < n)
      break;
    if (cursor->done == extent->length) {
      cursor->i++;
      cursor->done = 0;
    }
  }
  return n_read;
}

guint64
piece_get_size (const Piece *piece)
{
  guint64 size = 0;

  for (guint i = 0; i < piece->extents->len; i++)
    size += g_array_index (piece->extents, PieceExtent, i).length;
  return size;
}

static gboolean
same_bytes (
    MediaFile *a, const Piece *piece_a, MediaFile *b, const Piece *piece_b)
{
  Cursor first = { a, piece_a->extents, 0, 0 };
  Cursor second = { b, piece_b->extents, 0, 0 };
  guint64 left = piece_get_size (piece_a);
  g_autofree guint8 *buffers = NULL;

  if (piece_get_size (piece_b) != left)
    return FALSE;
  buffers = g_malloc (2 * MIN (left, BLOCK));
  while (left > 0) {
    gsize n = MIN (left, BLOCK);

    if (cursor_read (&first, buffers, n) < n ||
        cursor_read (&second, buffers + n, n) < n ||
        memcmp (buffers, buffers + n, n))
      return FALSE;
    left -= n;
  }
  return TRUE;
}

static gboolean
set_changed (const char *what, GError **error)
{
  g_set_error (error, TAGS_ERROR, REASON_TAG_WOULD_CHANGE,
      "More than the genre would change: %s.", what);
  return FALSE;
}

/* The name of the first piece that is not the same in both, or NULL. */
static const char *
find_difference (const Layout *before, const Layout *after)
{
  guint n_before = before->pieces ? before->pieces->len : 0;
  guint n_after = after->pieces ? after->pieces->len : 0;

  for (guint i = 0; i < MAX (n_before, n_after); i++) {
    const Piece *a = i < n_before ? before->pieces->pdata[i] : NULL;
    const Piece *b = i < n_after ? after->pieces->pdata[i] : NULL;

    if (!a || !b)
      return (a ? a : b)->name;
    if (strcmp (a->name, b->name) ||
        !same_bytes (before->file, a, after->file, b))
      return a->name;
  }
  return NULL;
}

gboolean
layout_compare (const Layout *before, const Layout *after, GError **error)
{
  const char *difference = find_difference (before, after);

  if (!media_file_check (before->file, error) ||
      !media_file_check (after->file, error))
    return FALSE;
  return !difference || set_changed (difference, error);
}
