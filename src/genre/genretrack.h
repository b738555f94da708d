/* SPDX-License-Identifier: GPL-2.0-or-later */

/* libgenre: tracks. */

#pragma once

#include "genrebase.h"

G_BEGIN_DECLS

/**
 * GenreTrack:
 *
 * The average of its segments' probabilities, by their durations.
 *
 * Since: 1.0
 */
typedef struct _GenreTrack GenreTrack;

#define GENRE_TYPE_TRACK (genre_track_get_type ())
GENRE_API GType genre_track_get_type (void) G_GNUC_CONST;

/**
 * genre_track_new:
 * @n_labels: number of probabilities that each segment has
 *
 * Begins a track.
 *
 * Returns: (transfer full): the track
 *
 * Since: 1.0
 */
GENRE_API GenreTrack *genre_track_new (guint n_labels);

/**
 * genre_track_ref:
 * @track: a track
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @track
 *
 * Since: 1.0
 */
GENRE_API GenreTrack *genre_track_ref (GenreTrack *track);

/**
 * genre_track_unref:
 * @track: (transfer full) (nullable): a track, or %NULL
 *
 * Drops a reference; the last one frees it.
 *
 * Since: 1.0
 */
GENRE_API void genre_track_unref (GenreTrack *track);

/**
 * genre_track_reset:
 * @track: a track
 *
 * Forgets all segments.
 *
 * Since: 1.0
 */
GENRE_API void genre_track_reset (GenreTrack *track);

/**
 * genre_track_add:
 * @track: a track
 * @probabilities: (array length=n_probabilities): a segment's
 * @n_probabilities: number of them, that of the track's labels
 * @duration: their weight: the segment's length, ns
 *
 * Adds a segment.
 *
 * Since: 1.0
 */
GENRE_API void genre_track_add (GenreTrack *track, const float *probabilities,
    gsize n_probabilities, guint64 duration);

/**
 * genre_track_get:
 * @track: a track
 * @n_probabilities: (out) (optional): number of them; 0 if nothing was added
 *
 * Gets the average so far.
 *
 * Returns: (transfer full) (array length=n_probabilities) (nullable): the average,
 *     sum 1, to be freed with g_free(); %NULL if nothing was added
 *
 * Since: 1.0
 */
GENRE_API float *
genre_track_get (const GenreTrack *track, gsize *n_probabilities);

#ifndef __GI_SCANNER__
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GenreTrack, genre_track_unref)
#endif

G_END_DECLS
