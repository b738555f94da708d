/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "meltables.h"

#include <math.h>

#include "genre.h"

/* of each rate that is in use */
static GMutex lock;
static GHashTable *in_use;

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

/* A longer window gives a higher spectrum, and more bins in each band.  The window's
 * scale makes up for both; it is the square root of that, as powers are squares. */
static float *
make_hann (gsize window, double bin_width)
{
  const double scale = (double) GENRE_MEL_WINDOW / window *
      sqrt (bin_width * GENRE_MEL_WINDOW / GENRE_MEL_RATE);
  float *hann = g_new (float, window);

  for (gsize i = 0; i < window; i++)
    hann[i] = scale * (0.5 - 0.5 * cos (2 * G_PI * i / window));
  return hann;
}

static fftwf_plan
make_plan (gsize fft_size)
{
  float *frame = fftwf_alloc_real (fft_size);
  fftwf_complex *spectrum = fftwf_alloc_complex (fft_size / 2 + 1);
  fftwf_plan plan = fftwf_plan_dft_r2c_1d (
      fft_size, frame, spectrum, FFTW_ESTIMATE | FFTW_DESTROY_INPUT);

  fftwf_free (frame);
  fftwf_free (spectrum);
  return plan;
}

static GenreMelTables *
make_tables (guint rate)
{
  GenreMelTables *tables = g_new0 (GenreMelTables, 1);
  double bin_width;

  init_fftw ();
  tables->rate = rate;
  tables->window = ((gsize) GENRE_MEL_WINDOW * rate + GENRE_MEL_RATE / 2) /
      GENRE_MEL_RATE;
  tables->fft_size = fast_fft_size (tables->window);
  bin_width = (double) rate / tables->fft_size;
  tables->hann = make_hann (tables->window, bin_width);
  tables->plan = make_plan (tables->fft_size);
  tables->filterbank = genre_filterbank_new (
      GENRE_MEL_BANDS, GENRE_MEL_F_MAX, bin_width, tables->fft_size / 2 + 1);
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
    g_free (tables);
  }
  if (g_hash_table_size (in_use) == 0)
    g_clear_pointer (&in_use, g_hash_table_unref);
  g_mutex_unlock (&lock);
}
