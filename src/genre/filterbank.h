/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Triangular filters, evenly spaced on the mel scale of Slaney's Auditory
 * Toolbox (1998): linear below 1 kHz, logarithmic above; each normalised to the
 * same area.  librosa.filters.mel (htk=False, norm="slaney") defines the same.
 */

#pragma once

#include "genre/kernels/kernels.h"

/* Where a frequency lies on that scale. */
double genre_hz_to_mel (double hz);

typedef struct _GenreFilterbank GenreFilterbank;

/* @n_bands filters, a multiple of GENRE_FILTER_GROUP, from 0 Hz to @f_max over the bins
 * k * @bin_width Hz of a power spectrum of @n_bins.  Bands past the last bin give 0. */
GenreFilterbank *genre_filterbank_new (
    guint n_bands, double f_max, double bin_width, gsize n_bins);
void genre_filterbank_free (GenreFilterbank *filterbank);

/* First bin that no filter touches. */
gsize genre_filterbank_get_end (const GenreFilterbank *filterbank);
/* Bins that the filters read; those from the end on count nothing, but must be
 * finite. */
gsize genre_filterbank_get_size (const GenreFilterbank *filterbank);
/* The filters, [n_bands] */
const GenreFilter *
genre_filterbank_get_filters (const GenreFilterbank *filterbank);
