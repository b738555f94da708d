/* SPDX-License-Identifier: GPL-2.0-or-later */

/* libgenre: segments. */

#pragma once

#include "genrebase.h"

G_BEGIN_DECLS

/**
 * GenreSegment:
 *
 * A snapshot of one window's mel columns.  It does not change.
 *
 * Since: 1.0
 */
typedef struct _GenreSegment GenreSegment;

#define GENRE_TYPE_SEGMENT (genre_segment_get_type ())
GENRE_API GType genre_segment_get_type (void) G_GNUC_CONST;

/**
 * genre_segment_ref:
 * @segment: a segment
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @segment
 *
 * Since: 1.0
 */
GENRE_API GenreSegment *genre_segment_ref (GenreSegment *segment);

/**
 * genre_segment_unref:
 * @segment: (transfer full) (nullable): a segment, or %NULL
 *
 * Drops a reference; the last one frees it.
 *
 * Since: 1.0
 */
GENRE_API void genre_segment_unref (GenreSegment *segment);

/**
 * genre_segment_get_start:
 * @segment: a segment
 *
 * Tells when a segment begins.
 *
 * Returns: time of its first sample since the first one of the stream, ns
 *
 * Since: 1.0
 */
GENRE_API guint64 genre_segment_get_start (const GenreSegment *segment);

/**
 * genre_segment_get_duration:
 * @segment: a segment
 *
 * Tells how long a segment is.
 *
 * Returns: from its first sample to the end of its last one, ns, holes included
 *
 * Since: 1.0
 */
GENRE_API guint64 genre_segment_get_duration (const GenreSegment *segment);

/**
 * genre_segment_get_missing:
 * @segment: a segment
 *
 * Tells how much of a segment was not heard, see genre_classifier_skip().
 *
 * Returns: length of the holes in it, ns, at most half of its length
 *
 * Since: 1.0
 */
GENRE_API guint64 genre_segment_get_missing (const GenreSegment *segment);

/**
 * genre_segment_get_fresh:
 * @segment: a segment
 *
 * Tells how much of a segment is new.
 *
 * Returns: length of the audio in it that is in no segment before, ns
 *
 * Since: 1.0
 */
GENRE_API guint64 genre_segment_get_fresh (const GenreSegment *segment);

/**
 * genre_segment_is_partial:
 * @segment: a segment
 *
 * Tells whether a segment is shorter than its window.
 *
 * Returns: %TRUE if the stream ended before the window was full
 *
 * Since: 1.0
 */
GENRE_API gboolean genre_segment_is_partial (const GenreSegment *segment);

/**
 * genre_segment_get_level:
 * @segment: a segment
 *
 * Tells how loud a segment is.
 *
 * Returns: level of the mono mix, dB below a full-scale square wave (RMS 1.0 is 0);
 *     minus infinity for digital silence
 *
 * Since: 1.0
 */
GENRE_API double genre_segment_get_level (const GenreSegment *segment);

/**
 * genre_segment_get_columns:
 * @segment: a segment
 * @n_values: (out): number of values: %GENRE_MEL_BANDS for each column
 *
 * Gets what the network sees of a segment.
 *
 * Returns: (transfer none) (array length=n_values): its mel columns, dB,
 *     [columns][GENRE_MEL_BANDS]
 *
 * Since: 1.0
 */
GENRE_API const float *
genre_segment_get_columns (const GenreSegment *segment, gsize *n_values);

#ifndef __GI_SCANNER__
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GenreSegment, genre_segment_unref)
#endif

G_END_DECLS
