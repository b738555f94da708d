/* SPDX-License-Identifier: GPL-2.0-or-later */

/* libgenre: the mel spectrogram. */

#pragma once

#include "genrebase.h"

G_BEGIN_DECLS

/**
 * GENRE_MEL_BANDS:
 *
 * Bands of a mel column.
 *
 * Since: 1.0
 */
#define GENRE_MEL_BANDS 128
/**
 * GENRE_MEL_COLUMNS:
 *
 * Columns of %GENRE_MEL_PERIOD, after which their spacing repeats.
 *
 * Since: 1.0
 */
#define GENRE_MEL_COLUMNS 387
/**
 * GENRE_MEL_PERIOD:
 *
 * Time after which the spacing of the columns repeats, s.
 *
 * Since: 1.0
 */
#define GENRE_MEL_PERIOD 30
/**
 * GENRE_MEL_F_MAX:
 *
 * Upper end of the highest band, Hz.
 *
 * Since: 1.0
 */
#define GENRE_MEL_F_MAX 11025
/**
 * GENRE_MEL_TOP_DB:
 *
 * What the network sees below the loudest value of a window, dB.
 *
 * Since: 1.0
 */
#define GENRE_MEL_TOP_DB 80

/**
 * GenreMelColumn:
 * @db: power of each band, 10 log10, at least -100 dB; full scale is 22050 Hz's
 *     at every rate
 * @mean_square: mean of the squares of the mono samples in its window
 *
 * A column of a mel spectrogram.
 *
 * Since: 1.0
 */
typedef struct
{
  float db[GENRE_MEL_BANDS];
  float mean_square;
} GenreMelColumn;

/**
 * GenreMelSpectrogram:
 *
 * The mel spectrogram of a stream, computed a column at a time: what the classifier
 * hears, for training and for pictures.
 *
 * The definition is librosa's at 22050 Hz: power spectrogram of a centred, periodic
 * Hann window of 2048 samples (92.9 ms) every 512, 128 Slaney bands from 0 to 11025
 * Hz, in decibels; of the 1293 frames of 30 s, 387 are kept.  At any other rate the
 * window has the same length in seconds and the filterbank is built for that rate;
 * bands above half the rate are empty.  A window of 80 kHz and more is first brought to
 * a half of that, or a quarter or an eighth, by a half-band filter; what it folds upon
 * the bands is 88 dB down.  Nothing else is resampled.
 *
 * Since: 1.0
 */
typedef struct _GenreMelSpectrogram GenreMelSpectrogram;

#define GENRE_TYPE_MEL_SPECTROGRAM (genre_mel_spectrogram_get_type ())
GENRE_API GType genre_mel_spectrogram_get_type (void) G_GNUC_CONST;

/**
 * genre_mel_spectrogram_new:
 * @rate: sample rate, Hz, %GENRE_MIN_RATE to %GENRE_MAX_RATE
 * @error: return location for an error
 *
 * Begins the spectrogram of a stream.
 *
 * Errors: %GENRE_ERROR_ARGUMENT if the rate is out of its range, or
 * `GENRECLASSIFY_KERNELS` names kernels that there are not.
 *
 * Returns: (transfer full) (nullable): the spectrogram, or %NULL with @error set
 *
 * Since: 1.0
 */
GENRE_API GenreMelSpectrogram *
genre_mel_spectrogram_new (guint rate, GError **error);

/**
 * genre_mel_spectrogram_ref:
 * @mel: a spectrogram
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @mel
 *
 * Since: 1.0
 */
GENRE_API GenreMelSpectrogram *
genre_mel_spectrogram_ref (GenreMelSpectrogram *mel);

/**
 * genre_mel_spectrogram_unref:
 * @mel: (transfer full) (nullable): a spectrogram, or %NULL
 *
 * Drops a reference; the last one frees it.
 *
 * Since: 1.0
 */
GENRE_API void genre_mel_spectrogram_unref (GenreMelSpectrogram *mel);

/**
 * genre_mel_spectrogram_set_rate:
 * @mel: a spectrogram
 * @rate: sample rate, Hz, of the samples to come
 * @error: return location for an error
 *
 * Lets the stream go on at another rate.
 *
 * Errors: %GENRE_ERROR_ARGUMENT if the rate is out of its range.
 *
 * Returns: %FALSE with @error set, and nothing changed
 *
 * Since: 1.0
 */
GENRE_API gboolean genre_mel_spectrogram_set_rate (
    GenreMelSpectrogram *mel, guint rate, GError **error);

/**
 * genre_mel_spectrogram_push: (skip)
 * @mel: a spectrogram
 * @format: format of the samples
 * @channels: number of interleaved channels, at least 1; their mean is analysed
 * @samples: (nullable): samples [n_frames][channels], aligned for their type;
 *     %NULL stands for silence
 * @n_frames: number of samples per channel
 * @column: (out caller-allocates): the column, if @ready
 * @ready: (out): whether there is one
 *
 * Takes samples up to the end of the next column's window, at most.  Call it again
 * for the rest.  Samples that are not finite, beyond +-1e9 or within +-1e-10 count as
 * 0.
 *
 * Returns: number of frames taken; less than @n_frames only if @ready
 *
 * Since: 1.0
 */
GENRE_API gsize genre_mel_spectrogram_push (GenreMelSpectrogram *mel,
    GenreSampleFormat format, guint channels, gconstpointer samples,
    gsize n_frames, GenreMelColumn *column, gboolean *ready);

/**
 * genre_mel_spectrogram_push_bytes: (rename-to genre_mel_spectrogram_push)
 * @mel: a spectrogram
 * @format: format of the samples
 * @channels: number of interleaved channels, at least 1; their mean is analysed
 * @samples: (array length=size): samples of whole frames
 * @size: bytes of them
 * @n_values: (out): number of values: %GENRE_MEL_BANDS for each column
 * @error: return location for an error
 *
 * Takes all of the samples, in a form for other languages.
 *
 * Errors: %GENRE_ERROR_ARGUMENT if there are no channels, @size is not that of whole
 * frames, or it comes after genre_mel_spectrogram_finish().
 *
 * Returns: (transfer full) (array length=n_values) (nullable): the columns that
 *     they complete, none or more, dB, [columns][GENRE_MEL_BANDS], to be freed with
 *     g_free(); or %NULL with @error set, and nothing taken
 *
 * Since: 1.0
 */
GENRE_API float *genre_mel_spectrogram_push_bytes (GenreMelSpectrogram *mel,
    GenreSampleFormat format, guint channels, const guint8 *samples, gsize size,
    gsize *n_values, GError **error);

/**
 * genre_mel_spectrogram_finish:
 * @mel: a spectrogram
 * @column: (out caller-allocates): the next column, if there is one
 *
 * Says that the stream has ended.  The windows of its last columns reach past its
 * last sample; there, silence stands for what is not there.  Call it until it gives
 * %FALSE; push no more after it.
 *
 * Returns: %TRUE if there was a column left
 *
 * Since: 1.0
 */
GENRE_API gboolean genre_mel_spectrogram_finish (
    GenreMelSpectrogram *mel, GenreMelColumn *column);

/**
 * genre_mel_spectrogram_get_n_columns:
 * @mel: a spectrogram
 *
 * Counts the columns.
 *
 * Returns: number of columns so far
 *
 * Since: 1.0
 */
GENRE_API guint64 genre_mel_spectrogram_get_n_columns (
    const GenreMelSpectrogram *mel);

/**
 * genre_mel_spectrogram_get_length:
 * @mel: a spectrogram
 *
 * Tells how much audio there was.
 *
 * Returns: length of the audio pushed so far, ns
 *
 * Since: 1.0
 */
GENRE_API guint64 genre_mel_spectrogram_get_length (
    const GenreMelSpectrogram *mel);

/**
 * genre_mel_column_at:
 * @time: a time of the stream, ns
 *
 * Finds the column of a time.
 *
 * Returns: the first column whose centre is at or after @time; and so the number of
 *     columns of audio of that length
 *
 * Since: 1.0
 */
GENRE_API guint64 genre_mel_column_at (guint64 time);

/**
 * genre_mel_band_at:
 * @hz: a frequency, Hz
 *
 * Finds the band of a frequency.
 *
 * Returns: the band whose filter has its peak at @hz, with a fraction between two
 *     bands'; below 0 under the first one's peak
 *
 * Since: 1.0
 */
GENRE_API double genre_mel_band_at (double hz);

#ifndef __GI_SCANNER__
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GenreMelSpectrogram, genre_mel_spectrogram_unref)
#endif

G_END_DECLS
