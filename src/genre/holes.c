/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "holes.h"

void
genre_holes_init (GenreHoles *holes)
{
  holes->holes = g_array_new (FALSE, FALSE, sizeof (GenreHole));
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
  GenreHole hole = { time, duration, time - holes->missing };

  g_array_append_val (holes->holes, hole);
  holes->missing += duration;
}

guint64
genre_holes_heard_at (const GenreHoles *holes, guint64 time)
{
  guint64 missing = holes->missing;

  /* from the latest one on: most are asked for what has just come */
  for (guint i = holes->holes->len; i > 0; i--) {
    const GenreHole *hole = &g_array_index (holes->holes, GenreHole, i - 1);

    if (hole->time + hole->duration <= time)
      break;
    if (hole->time <= time)
      return hole->heard;
    missing = hole->time - hole->heard;
  }
  return time - missing;
}

void
genre_holes_forget (GenreHoles *holes, guint64 time)
{
  guint n = 0;

  while (n < holes->holes->len) {
    const GenreHole *hole = &g_array_index (holes->holes, GenreHole, n);

    if (hole->time + hole->duration > time)
      break;
    n++;
  }
  if (n > 0)
    g_array_remove_range (holes->holes, 0, n);
}
