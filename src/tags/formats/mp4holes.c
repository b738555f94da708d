/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "mp4holes.h"

typedef struct
{
  guint64 offset, length;
} Hole;

struct _Mp4Holes
{
  GArray *array; /* Hole */
  guint next;    /* the first that was not passed; they are sorted by then */
  gboolean is_sorted;
};

Mp4Holes *
mp4_holes_new (void)
{
  Mp4Holes *holes = g_new0 (Mp4Holes, 1);

  holes->array = g_array_new (FALSE, FALSE, sizeof (Hole));
  return holes;
}

void
mp4_holes_free (Mp4Holes *holes)
{
  g_array_unref (holes->array);
  g_free (holes);
}

void
mp4_holes_add (Mp4Holes *holes, guint64 offset, guint64 length)
{
  Hole hole = { offset, length };

  g_array_append_val (holes->array, hole);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  guint64 first = ((const Hole *) a)->offset;
  guint64 second = ((const Hole *) b)->offset;

  return first < second ? -1 : first > second;
}

void
mp4_holes_extend (Mp4Holes *holes, Layout *layout, guint64 offset, guint64 end)
{
  if (!holes->is_sorted)
    g_array_sort (holes->array, compare);
  holes->is_sorted = TRUE;
  for (; holes->next < holes->array->len; holes->next++) {
    const Hole *hole = &g_array_index (holes->array, Hole, holes->next);

    if (hole->offset >= end)
      break;
    layout_extend (layout, offset, hole->offset - offset);
    offset = hole->offset + hole->length;
  }
  layout_extend (layout, offset, end - offset);
}
