/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the mel spectrogram computes beside the Fourier transform, with the kernels that
 * the environment variable GENRECLASSIFY_KERNELS names, against its definition in
 * doubles. */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "genre/genre.h"
#include "genre/kernels/kernels.h"

static const GenreKernels *kernels;

/* less and more than vectors hold, and no multiple of that */
static const gsize sizes[] = { 1, 2, 7, 16, 33, 64, 131, 1000 };

/* [@n], from -1 to 1; g_free() it */
static float *
make_numbers (gsize n, guint32 seed)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);
  float *numbers = g_new (float, n);

  for (gsize i = 0; i < n; i++)
    numbers[i] = (float) g_rand_double_range (random, -1, 1);
  return numbers;
}

static double
sum_squares (const float *x, gsize n)
{
  double sum = 0;

  for (gsize i = 0; i < n; i++)
    sum += (double) x[i] * x[i];
  return sum;
}

static void
test_window (void)
{
  for (gsize s = 0; s < G_N_ELEMENTS (sizes); s++) {
    const gsize n = sizes[s];
    g_autofree float *samples = make_numbers (n, 1);
    g_autofree float *window = make_numbers (n, 2);
    g_autofree float *out = g_new (float, n);
    float sum = kernels->window (samples, window, n, out);

    g_assert_cmpfloat_with_epsilon (sum, sum_squares (samples, n), 1e-5 * n);
    for (gsize i = 0; i < n; i++)
      g_assert_cmpfloat (out[i], ==, samples[i] * window[i]);
  }
}

/* The half-band filter's coefficients are 1/2 in the middle, and taps at odd distances. */
static void
test_halve (void)
{
  for (gsize s = 0; s < G_N_ELEMENTS (sizes); s++) {
    const gsize n = sizes[s];
    g_autofree float *samples = make_numbers (2 * n, 3);
    g_autofree float *taps = make_numbers (GENRE_HALVE_TAPS, 4);
    g_autofree float *scratch = make_numbers (n + 2 * GENRE_HALVE_MARGIN, 5);
    g_autofree float *in_place = make_numbers (2 * n, 3);
    g_autofree float *out = g_new (float, n);
    float sum = kernels->halve (samples, taps, n, scratch, out);

    g_assert_cmpfloat_with_epsilon (
        sum, sum_squares (samples, 2 * n), 1e-5 * n);
    for (gsize i = 0; i < n; i++) {
      double expected = samples[2 * i] / 2;

      for (gsize tap = 0; tap < GENRE_HALVE_TAPS; tap++) {
        const gsize distance = 2 * tap + 1;

        if (2 * i >= distance)
          expected += (double) taps[tap] * samples[2 * i - distance];
        if (2 * i + distance < 2 * n)
          expected += (double) taps[tap] * samples[2 * i + distance];
      }
      g_assert_cmpfloat_with_epsilon (out[i], expected, 1e-5);
    }
    kernels->halve (in_place, taps, n, scratch, in_place);
    g_assert_cmpmem (in_place, n * sizeof *out, out, n * sizeof *out);
  }
}

/* The transform's value at @k of @n numbers, squared */
static double
transform_power (const float *x, gsize n, gsize k)
{
  double re = 0, im = 0;

  for (gsize i = 0; i < n; i++) {
    const double angle = 2 * G_PI * (double) (i * k % n) / n;

    re += x[i] * cos (angle);
    im -= x[i] * sin (angle);
  }
  return re * re + im * im;
}

static void
test_real_power (void)
{
  /* without the longest: this takes the square of the time */
  for (gsize s = 0; s < G_N_ELEMENTS (sizes) - 1; s++) {
    const gsize size = sizes[s], step = size / 3 + 1;

    for (gsize n = step; n <= size + 1; n += step) {
      g_autofree float *x = make_numbers (2 * size, 6);
      g_autofree float *spectrum = g_new (float, 2 * (size + 1));
      g_autofree float *rotation = g_new (float, 2 * n);
      g_autofree float *power = g_new (float, n);

      for (gsize k = 0; k <= size; k++) {
        double re = 0, im = 0;

        for (gsize i = 0; i < size; i++) {
          const double angle = 2 * G_PI * (double) (i * k % size) / size;

          re += x[2 * i] * cos (angle) + x[2 * i + 1] * sin (angle);
          im += x[2 * i + 1] * cos (angle) - x[2 * i] * sin (angle);
        }
        spectrum[2 * k] = (float) re;
        spectrum[2 * k + 1] = (float) im;
      }
      for (gsize k = 0; k < n; k++) {
        rotation[k] = (float) cos (G_PI * k / size);
        rotation[n + k] = (float) sin (G_PI * k / size);
      }
      kernels->real_power (spectrum, size, rotation, n, power);
      for (gsize k = 0; k < n; k++)
        g_assert_cmpfloat_with_epsilon (
            power[k], 4 * transform_power (x, 2 * size, k), 1e-4 * size);
    }
  }
}

static void
test_filter (void)
{
  enum
  {
    GROUPS = 3,
    N_BINS = 2 * GENRE_FILTER_GROUP,
    N_POWERS = 100
  };
  const gsize n = GROUPS * GENRE_FILTER_GROUP;
  g_autofree float *power = make_numbers (N_POWERS, 7);
  g_autofree float *weights = make_numbers (n * N_BINS, 8);
  g_autofree GenreFilter *filters = g_new (GenreFilter, n);
  g_autofree float *bands = g_new (float, n);

  for (gsize i = 0; i < n; i++) {
    filters[i].first_bin = i;
    filters[i].n_bins = i / GENRE_FILTER_GROUP < GROUPS - 1 ? GENRE_FILTER_GROUP
                                                            : N_BINS;
    filters[i].weights = weights + i * N_BINS;
  }
  kernels->filter (filters, n, power, bands);
  for (gsize i = 0; i < n; i++) {
    double expected = 0;

    for (gsize bin = 0; bin < filters[i].n_bins; bin++)
      expected += (double) filters[i].weights[bin] *
          power[filters[i].first_bin + bin];
    g_assert_cmpfloat_with_epsilon (bands[i], expected, 1e-5);
  }
}

static void
test_decibels (void)
{
  for (gsize s = 0; s < G_N_ELEMENTS (sizes); s++) {
    const gsize n = sizes[s];
    g_autofree float *x = make_numbers (n, 9);
    g_autofree float *db = g_new (float, n);

    /* 300 dB, some of it below the least; and 0 */
    for (gsize i = 0; i < n; i++)
      db[i] = x[i] = i % 5 ? powf (10, 15 * x[i]) : 0;
    kernels->decibels (db, n, 1e-10f);
    for (gsize i = 0; i < n; i++)
      g_assert_cmpfloat_with_epsilon (
          db[i], 10 * log10 (MAX (x[i], 1e-10f)), 1e-3);
  }
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;

  g_test_init (&argc, &argv, NULL);
  kernels = genre_kernels_get (&error);
  if (!kernels) {
    g_print ("1..0 # SKIP %s\n", error->message);
    return EXIT_SUCCESS;
  }
  g_test_add_func ("/spectrum/window", test_window);
  g_test_add_func ("/spectrum/halve", test_halve);
  g_test_add_func ("/spectrum/real-power", test_real_power);
  g_test_add_func ("/spectrum/filter", test_filter);
  g_test_add_func ("/spectrum/decibels", test_decibels);
  return g_test_run ();
}
