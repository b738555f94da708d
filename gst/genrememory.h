/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The average over the latest audio of a track: what plays now, on a station that
 * names no titles.  It belongs to one thread at a time. */

#pragma once

#include <glib.h>

typedef struct _GenreMemory GenreMemory;

/* @n_labels: number of probabilities of each segment */
GenreMemory *genre_memory_new (guint n_labels);
/* @memory may be NULL. */
void genre_memory_free (GenreMemory *memory);
/* Forgets all. */
void genre_memory_reset (GenreMemory *memory);

/* Adds a segment of @duration ns, of which @fresh are in none before, and forgets
 * what is over @length ns old.
 * @probabilities: [n_labels], or NULL if it has no genre, and only takes its time */
void genre_memory_add (GenreMemory *memory, const float *probabilities,
    guint64 duration, guint64 fresh, guint64 length);
/* The average of the segments, as far as they are in the latest @length ns; [n_labels],
 * to be freed with g_free(); NULL if none of them has a genre. */
float *genre_memory_get (const GenreMemory *memory, guint64 length);
