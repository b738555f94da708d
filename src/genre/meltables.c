/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "meltables.h"

#include <math.h>

#include "genre.h"

/* of each rate that is in use */
static GMutex lock;
static GHashTable *in_use;

/* Half the rate must still be so much above GENRE_MEL_F_MAX that the filter has room
 * between that and what it folds upon it. */
#define MIN_HALVED_RATE 80000
#define KAISER_BETA 9 /* 88 dB */

/* Smallest size from @n up that FFTW transforms fast without having measured.
 * Others that have factors of 3, 5 and 7 alone take up to three times as long as
 * the next one of these. */
static gsize
fast_fft_size (gsize n)
{
  gsize power = 8;

  while (power < n)
    power *= 2;
  return power / 8 * 5 >= n ? power / 8 * 5 : power;
}

/* Modified Bessel function of the first kind, order 0, by its series. */
static double
bessel_i0 (double x)
{
  double term = 1, sum = 1;

  for (guint k = 1; term > 1e-12 * sum; k++) {
    term *= x * x / 4 / k / k;
    sum += term;
  }
  return sum;
}

/* The ideal half-band filter under a Kaiser window (Kaiser 1974) */
static void
make_taps (float taps[GENRE_HALVE_TAPS])
{
  const double half_length = 2 * GENRE_HALVE_TAPS;

  for (gsize i = 0; i < GENRE_HALVE_TAPS; i++) {
    const gsize n = 2 * i + 1; /* samples from the middle */
    const double x = n / half_length;

    taps[i] = (i % 2 ? -1 : 1) / (G_PI * n) *
        bessel_i0 (KAISER_BETA * sqrt (1 - x * x)) / bessel_i0 (KAISER_BETA);
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

/* A longer window gives a higher spectrum, and more bins in each band.  The window's
 * scale makes up for both, and for the 4 that the kernels leave in the powers; it is
 * the square root of that. */
static float *
make_hann (gsize window, double bin_width)
{
  const double scale = (double) GENRE_MEL_WINDOW / window *
      sqrt (bin_width * GENRE_MEL_WINDOW / GENRE_MEL_RATE) / 2;
  float *hann = g_new (float, window);

  for (gsize i = 0; i < window; i++)
    hann[i] = scale * (0.5 - 0.5 * cos (2 * G_PI * i / window));
  return hann;
}

static fftwf_plan
make_plan (gsize size)
{
  fftwf_complex *frame = fftwf_alloc_complex (size);
  fftwf_complex *spectrum = fftwf_alloc_complex (size);
  fftwf_plan plan = fftwf_plan_dft_1d (
      size, frame, spectrum, FFTW_FORWARD, FFTW_ESTIMATE | FFTW_DESTROY_INPUT);

  fftwf_free (frame);
  fftwf_free (spectrum);
  return plan;
}

static float *
make_rotation (gsize size, gsize n)
{
  float *rotation = g_new (float, 2 * n);

  for (gsize k = 0; k < n; k++) {
    rotation[k] = cos (G_PI * k / size);
    rotation[n + k] = sin (G_PI * k / size);
  }
  return rotation;
}

static GenreMelTables *
make_tables (guint rate)
{
  GenreMelTables *tables = g_new0 (GenreMelTables, 1);
  double left = rate, bin_width;
  gsize window;

  init_fftw ();
  tables->rate = rate;
  while (left >= MIN_HALVED_RATE) {
    left /= 2;
    tables->n_halvings++;
  }
  make_taps (tables->taps);
  tables->window = ((gsize) GENRE_MEL_WINDOW * rate + GENRE_MEL_RATE / 2) /
      GENRE_MEL_RATE;
  window = tables->window >> tables->n_halvings;
  tables->size = fast_fft_size ((window + 1) / 2);
  bin_width = left / (2 * tables->size);
  tables->hann = make_hann (window, bin_width);
  tables->plan = make_plan (tables->size);
  tables->filterbank = genre_filterbank_new (
      GENRE_MEL_BANDS, GENRE_MEL_F_MAX, bin_width, tables->size + 1);
  tables->rotation = make_rotation (
      tables->size, genre_filterbank_get_end (tables->filterbank));
  return tables;
}

const GenreMelTables *
genre_mel_tables_get (guint rate)
{
  GenreMelTables *tables;

  g_mutex_lock (&lock);
  if (!in_use)
    in_use = g_hash_table_new (NULL, NULL);
  tables = g_hash_table_lookup (in_use, GUINT_TO_POINTER (rate));
  if (!tables) {
    tables = make_tables (rate);
    g_hash_table_insert (in_use, GUINT_TO_POINTER (rate), tables);
  }
  tables->n_users++;
  g_mutex_unlock (&lock);
  return tables;
}

void
genre_mel_tables_release (const GenreMelTables *released)
{
  GenreMelTables *tables;

  g_mutex_lock (&lock);
  tables = g_hash_table_lookup (in_use, GUINT_TO_POINTER (released->rate));
  if (--tables->n_users == 0) {
    g_hash_table_remove (in_use, GUINT_TO_POINTER (tables->rate));
    fftwf_destroy_plan (tables->plan);
    genre_filterbank_free (tables->filterbank);
    g_free (tables->hann);
    g_free (tables->rotation);
    g_free (tables);
  }
  if (g_hash_table_size (in_use) == 0)
    g_clear_pointer (&in_use, g_hash_table_unref);
  g_mutex_unlock (&lock);
}
