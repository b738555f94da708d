/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "holes.h"

typedef struct
{
  guint64 time, duration; /* ns */
} Hole;

void
genre_holes_init (GenreHoles *holes)
{
  holes->holes = g_array_new (FALSE, FALSE, sizeof (Hole));
  genre_holes_reset (holes);
}

void
genre_holes_clear (GenreHoles *holes)
{
  g_clear_pointer (&holes->holes, g_array_unref);
}

void
genre_holes_reset (GenreHoles *holes)
{
  g_array_set_size (holes->holes, 0);
  holes->missing = 0;
}

void
genre_holes_add (GenreHoles *holes, guint64 time, guint64 duration)
{
  Hole hole = { time, duration };

  g_array_append_val (holes->holes, hole);
  holes->missing += duration;
}

guint64
genre_holes_heard_at (const GenreHoles *holes, guint64 time)
{
  guint64 missing = holes->missing;

  /* from the latest one on: most are asked for what has just come */
  for (guint i = holes->holes->len; i > 0; i--) {
    const Hole *hole = &g_array_index (holes->holes, Hole, i - 1);

    if (hole->time + hole->duration <= time)
      break;
    missing -= MIN (hole->duration, hole->time + hole->duration - time);
  }
  return time - missing;
}

gboolean
genre_holes_contain (const GenreHoles *holes, guint64 time)
{
  for (guint i = holes->holes->len; i > 0; i--) {
    const Hole *hole = &g_array_index (holes->holes, Hole, i - 1);

    if (hole->time <= time)
      return time < hole->time + hole->duration;
  }
  return FALSE;
}

void
genre_holes_forget (GenreHoles *holes, guint64 time)
{
  guint n = 0;

  while (n < holes->holes->len) {
    const Hole *hole = &g_array_index (holes->holes, Hole, n);

    if (hole->time + hole->duration > time)
      break;
    n++;
  }
  if (n > 0)
    g_array_remove_range (holes->holes, 0, n);
}
