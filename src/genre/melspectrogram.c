/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "melspectrogram.h"

#include <fftw3.h>
#include <math.h>
#include <string.h>

#include "filterbank.h"

#define SECOND G_GUINT64_CONSTANT (1000000000)
#define MIN_POWER 1e-10f

struct _GenreMelSpectrogram
{
  const GenreKernels *kernels;
  guint rate;
  gsize window;            /* samples */
  float *hann;             /* [window], scaled */
  gsize fft_size;          /* >= window; the rest is zeros */
  float *frame;            /* [fft_size] */
  fftwf_complex *spectrum; /* [fft_size / 2 + 1] */
  float *power;            /* [fft_size / 2 + 1] */
  fftwf_plan plan;
  GenreFilterbank *filterbank;

  float *samples; /* [capacity], the latest ones */
  gsize capacity, n_buffered;
  gint64 first;      /* position of samples[0] */
  guint64 n_samples; /* since the origin */
  guint64 origin;    /* ns */
  guint64 n_columns;
};

/* STFT frame of column @column of a period: one in 1293 / 387, with the offset
 * that the training data has: floor ((column + 0.5) / 387 * 1293 - 0.45). */
static guint
column_frame (guint column)
{
  return ((2 * column + 1) * 12930 - 3483) / 7740;
}

static guint64
column_time (guint64 column)
{
  guint64 frame = column_frame (column % GENRE_MEL_COLUMNS);

  return column / GENRE_MEL_COLUMNS * GENRE_MEL_PERIOD * SECOND +
      frame * GENRE_MEL_HOP * SECOND / GENRE_MEL_RATE;
}

guint64
genre_mel_column_at (guint64 time)
{
  guint64 period = GENRE_MEL_PERIOD * SECOND;
  guint64 column = time / period * GENRE_MEL_COLUMNS +
      time % period * GENRE_MEL_COLUMNS / period;

  while (column > 0 && column_time (column - 1) >= time)
    column--;
  while (column_time (column) < time)
    column++;
  return column;
}

/* Position of the first sample of the next column's window, from the origin. */
static gint64
next_start (const GenreMelSpectrogram *mel)
{
  guint64 centre = column_time (mel->n_columns);
  gboolean before = centre < mel->origin;
  guint64 distance = before ? mel->origin - centre : centre - mel->origin;
  gint64 samples = distance / SECOND * mel->rate +
      (distance % SECOND * mel->rate + SECOND / 2) / SECOND;

  return (before ? -samples : samples) - (gint64) (mel->window / 2);
}

/* Smallest size from @n up that FFTW transforms fast: factors 2, 3, 5, 7. */
static gsize
fast_fft_size (gsize n)
{
  for (;; n++) {
    static const gsize factors[] = { 2, 3, 5, 7 };
    gsize rest = n;

    for (gsize i = 0; i < G_N_ELEMENTS (factors); i++)
      while (rest % factors[i] == 0)
        rest /= factors[i];
    if (rest == 1)
      return n;
  }
}

static void
init_fftw (void)
{
  static gsize once = 0;

  /* the planner is shared with whoever else uses FFTW in this process */
  if (g_once_init_enter (&once)) {
    fftwf_make_planner_thread_safe ();
    g_once_init_leave (&once, 1);
  }
}

GenreMelSpectrogram *
genre_mel_spectrogram_new (
    const GenreKernels *kernels, guint rate, guint64 origin, guint64 n_columns)
{
  GenreMelSpectrogram *mel;
  double bin_width, scale;

  g_return_val_if_fail (rate >= GENRE_MIN_RATE && rate <= GENRE_MAX_RATE, NULL);
  init_fftw ();
  mel = g_new0 (GenreMelSpectrogram, 1);
  mel->kernels = kernels;
  mel->rate = rate;
  mel->window = ((gsize) GENRE_MEL_WINDOW * rate + GENRE_MEL_RATE / 2) /
      GENRE_MEL_RATE;
  mel->fft_size = fast_fft_size (mel->window);
  bin_width = (double) rate / mel->fft_size;
  mel->frame = fftwf_alloc_real (mel->fft_size);
  mel->spectrum = fftwf_alloc_complex (mel->fft_size / 2 + 1);
  mel->power = g_new (float, mel->fft_size / 2 + 1);
  mel->plan = fftwf_plan_dft_r2c_1d (mel->fft_size, mel->frame, mel->spectrum,
      FFTW_ESTIMATE | FFTW_DESTROY_INPUT);
  mel->filterbank = genre_filterbank_new (
      GENRE_MEL_BANDS, GENRE_MEL_F_MAX, bin_width, mel->fft_size / 2 + 1);

  /* A longer window has a higher spectrum and more bins to a band; the window
   * carries the square root of what makes up for both. */
  scale = (double) GENRE_MEL_WINDOW / mel->window *
      sqrt (bin_width * GENRE_MEL_WINDOW / GENRE_MEL_RATE);
  mel->hann = g_new (float, mel->window);
  for (gsize i = 0; i < mel->window; i++)
    mel->hann[i] = scale * (0.5 - 0.5 * cos (2 * G_PI * i / mel->window));

  mel->capacity = 4 * mel->window;
  mel->samples = g_new (float, mel->capacity);
  genre_mel_spectrogram_restart (mel, origin, n_columns);
  return mel;
}

void
genre_mel_spectrogram_restart (
    GenreMelSpectrogram *mel, guint64 origin, guint64 n_columns)
{
  mel->origin = origin;
  mel->n_columns = n_columns;
  mel->n_samples = 0;
  mel->first = MIN (next_start (mel), 0);
  mel->n_buffered = -mel->first;
  memset (mel->samples, 0, mel->n_buffered * sizeof *mel->samples);
}

void
genre_mel_spectrogram_free (GenreMelSpectrogram *mel)
{
  if (!mel)
    return;
  fftwf_destroy_plan (mel->plan);
  genre_filterbank_free (mel->filterbank);
  fftwf_free (mel->frame);
  fftwf_free (mel->spectrum);
  g_free (mel->power);
  g_free (mel->hann);
  g_free (mel->samples);
  g_free (mel);
}

static void
compute_column (
    GenreMelSpectrogram *mel, const float *samples, GenreMelColumn *column)
{
  gsize end = genre_filterbank_get_end (mel->filterbank);

  column->mean_square = mel->kernels->window (
                            samples, mel->hann, mel->window, mel->frame) /
      mel->window;
  memset (mel->frame + mel->window, 0,
      (mel->fft_size - mel->window) * sizeof *mel->frame);
  fftwf_execute (mel->plan);
  mel->kernels->power ((float *) mel->spectrum, end, mel->power);
  genre_filterbank_apply (mel->filterbank, mel->power, column->db);
  mel->kernels->decibels (column->db, GENRE_MEL_BANDS, MIN_POWER);
}

gsize
genre_mel_spectrogram_push (GenreMelSpectrogram *mel, const float *samples,
    gsize n_samples, GenreMelColumn *column, gboolean *ready)
{
  gint64 start = next_start (mel);
  gint64 end = start + mel->window;
  /* after a change of rate the end may be past already, by rounding */
  gint64 missing = MAX (end - (gint64) mel->n_samples, 0);
  gsize n = MIN (n_samples, (guint64) missing);

  if (mel->n_buffered + n > mel->capacity) {
    /* What lies before the next window is not needed any more.  That window may
     * begin a sample after the last one ended, where neither has come yet. */
    gsize past = MIN ((gsize) (start - mel->first), mel->n_buffered);

    mel->n_buffered -= past;
    mel->first += past;
    memmove (mel->samples, mel->samples + past,
        mel->n_buffered * sizeof *mel->samples);
  }
  memcpy (mel->samples + mel->n_buffered, samples, n * sizeof *samples);
  mel->n_buffered += n;
  mel->n_samples += n;

  *ready = (gint64) mel->n_samples >= end;
  if (*ready) {
    compute_column (mel, mel->samples + (start - mel->first), column);
    mel->n_columns++;
  }
  return n;
}

guint64
genre_mel_spectrogram_get_n_columns (const GenreMelSpectrogram *mel)
{
  return mel->n_columns;
}
