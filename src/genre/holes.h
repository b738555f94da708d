/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The holes of a stream: stretches of its time that no sample covers.
 *
 * There are two times, both in ns from the stream's start: its own, which goes on
 * in a hole, and the heard one, which counts samples and stands still there. */

#pragma once

#include <glib.h>

typedef struct
{
  guint64 time, duration;
  guint64 heard; /* the heard time at it */
} GenreHole;

typedef struct
{
  GArray *holes;   /* GenreHole, in their order */
  guint64 missing; /* length of all, also of those that were forgotten */
} GenreHoles;

void genre_holes_init (GenreHoles *holes);
void genre_holes_clear (GenreHoles *holes);

/* There are none any more. */
void genre_holes_reset (GenreHoles *holes);
/* A hole from @time on, which is past all others. */
void genre_holes_add (GenreHoles *holes, guint64 time, guint64 duration);
/* The heard time at @time of the stream, which is not before the last one that
 * was forgotten. */
guint64 genre_holes_heard_at (const GenreHoles *holes, guint64 time);
/* Nobody will ask for a time before @time any more. */
void genre_holes_forget (GenreHoles *holes, guint64 time);
