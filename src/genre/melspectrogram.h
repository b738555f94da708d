/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Mel spectrogram of a stream, a column at a time.
 *
 * The definition is librosa's at 22050 Hz: power spectrogram of a centred,
 * periodic Hann window of 2048 samples (92.9 ms) every 512, 128 Slaney bands from
 * 0 to 11025 Hz, in decibels; of the 1293 frames of 30 s, 387 are kept.  At any
 * other rate the window has the same length in seconds and the filterbank is
 * built for that rate, so that nothing is resampled; bands past half the rate are
 * empty.  The scale is that of 22050 Hz at every rate.
 */

#pragma once

#include "genre.h"
#include "genre/kernels/kernels.h"

#define GENRE_MEL_RATE 22050
#define GENRE_MEL_WINDOW 2048
#define GENRE_MEL_HOP 512
#define GENRE_MEL_F_MAX 11025
#define GENRE_MEL_TOP_DB 80
/* columns in, and length of, the period after which their spacing repeats */
#define GENRE_MEL_COLUMNS 387
#define GENRE_MEL_PERIOD 30 /* s */

typedef struct
{
  float db[GENRE_MEL_BANDS]; /* 10 log10 (power), at least -100 */
  float mean_square;         /* of the window's samples */
} GenreMelColumn;

typedef struct _GenreMelSpectrogram GenreMelSpectrogram;

/* @kernels: what computes it
 * @rate: GENRE_MIN_RATE to GENRE_MAX_RATE
 * @origin: time of the first sample, ns; before it there is silence
 * @n_columns: columns of the stream that exist already; the next one's centre
 *     is no more than half a window before the origin
 * For a new stream both are 0; a stream that goes on at another rate gives where
 * it stands. */
GenreMelSpectrogram *genre_mel_spectrogram_new (
    const GenreKernels *kernels, guint rate, guint64 origin, guint64 n_columns);
void genre_mel_spectrogram_free (GenreMelSpectrogram *mel);
/* Begins anew as if just made; plan, window and filterbank stay. */
void genre_mel_spectrogram_restart (
    GenreMelSpectrogram *mel, guint64 origin, guint64 n_columns);

/* Takes samples up to the end of the next column, which it then writes to
 * @column and sets @ready.  Gives the number of samples taken; call it again for
 * the rest. */
gsize
genre_mel_spectrogram_push (GenreMelSpectrogram *mel, const float *samples,
    gsize n_samples, GenreMelColumn *column, gboolean *ready);
/* Columns of the stream so far. */
guint64 genre_mel_spectrogram_get_n_columns (const GenreMelSpectrogram *mel);

/* First column whose centre is at or after @time, ns. */
guint64 genre_mel_column_at (guint64 time);
