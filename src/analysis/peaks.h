/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A file's waveform in outline: how far it swings, over its whole time.  The
 * memory that it takes is bounded however long the file is. */

#pragma once

#include <glib.h>

#include "genre/genre.h"

typedef struct
{
  double duration; /* s of audio, more than 0 */
  double length;   /* the same in bins: the last one may be begun only */
  GArray *bins; /* float: the largest magnitude in each of so many equal spans
                      of time, 0 to 1; each frame has its own in a short file, and
                      a long one has 32768 bins at least */
} Peaks;

/**
 * peaks_new:
 * @name: a path or URI
 * @error: return location: ANALYSIS_ERROR, why it cannot be decoded
 *
 * Decodes all of it, once.
 *
 * Returns: (transfer full) (nullable): the peaks, or %NULL
 */
Peaks *peaks_new (const char *name, GError **error);
void peaks_free (Peaks *peaks);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Peaks, peaks_free)

/* The largest magnitude in each of @n equal parts of the file, of which a bin that
 * lies in two counts for both; free with g_free(). */
float *peaks_divide (const Peaks *peaks, guint n);

/* For a message between two processes of this program (wire.h): the peaks as
 * bytes, and back.  The second returns NULL if @data, [size], are not what the
 * first has made. */
GBytes *peaks_to_bytes (const Peaks *peaks);
Peaks *peaks_from_data (gconstpointer data, gsize size);
