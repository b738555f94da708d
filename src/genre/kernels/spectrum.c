/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the mel spectrogram computes beside the Fourier transform. */

#include "vector.h"

/* so many sums of their own that none waits for the one before it */
#define SUMS 4

static float
add_up (const Vector sums[SUMS])
{
  const Vector sum = sums[0] + sums[1] + (sums[2] + sums[3]);
  float total = 0;

  for (gsize i = 0; i < LANES; i++)
    total += sum[i];
  return total;
}

float
KERNEL (window) (const float *samples, const float *window, gsize n, float *out)
{
  Vector sums[SUMS] = { 0 };
  gsize i = 0;

  for (; i + SUMS * LANES <= n; i += SUMS * LANES)
    for (gsize j = 0; j < SUMS; j++) {
      Vector x = load (samples + i + j * LANES);

      store (out + i + j * LANES, x * load (window + i + j * LANES));
      sums[j] += x * x;
    }
  for (; i < n; i += LANES) {
    Vector x = load_some (samples + i, n - i);

    store_some (out + i, x * load_some (window + i, n - i), n - i);
    sums[0] += x * x;
  }
  return add_up (sums);
}

/* First the samples with odd numbers into the scratch memory, those with even ones,
 * which meet the filter's middle alone, into the output; then what the former add. */
float
KERNEL (halve) (const float *samples, const float *taps, gsize n,
    float *scratch, float *out)
{
  float *odd = scratch + GENRE_HALVE_MARGIN;
  Vector sums[SUMS] = { 0 }, tap[GENRE_HALVE_TAPS];

  memset (scratch, 0, GENRE_HALVE_MARGIN * sizeof *scratch);
  for (gsize i = 0; i < n; i += LANES) {
    const gsize left = n - i;
    Vector a = load_some (samples + 2 * i, 2 * left);
    Vector b = 2 * left > LANES
        ? load_some (samples + 2 * i + LANES, 2 * left - LANES)
        : (Vector){ 0 };

    sums[0] += a * a;
    sums[1] += b * b;
    store (odd + i, odd_lanes (a, b));
    store_some (out + i, 0.5f * even_lanes (a, b), left);
  }
  memset (odd + n, 0, GENRE_HALVE_MARGIN * sizeof *odd);
  for (gsize j = 0; j < GENRE_HALVE_TAPS; j++)
    tap[j] = broadcast (taps[j]);
  for (gsize i = 0; i < n; i += LANES) {
    const float *after = odd + i, *before = odd + i - 1;
    Vector y = load_some (out + i, n - i);

    for (gsize j = 0; j < GENRE_HALVE_TAPS; j++)
      y += tap[j] * (load (after + j) + load (before - j));
    store_some (out + i, y, n - i);
  }
  return add_up (sums);
}

/* The transform of the numbers with even places, and of those with odd ones, are
 * the parts of the spectrum that are symmetric and antisymmetric; the latter is
 * turned by its half sample. */
void
KERNEL (real_power) (const float *spectrum, gsize size, const float *rotation,
    gsize n, float *power)
{
  const float *cosines = rotation, *sines = rotation + n;
  gsize k = 0;

  for (; k + LANES <= n; k += LANES) {
    const float *up = spectrum + 2 * k;
    const float *down = spectrum + 2 * (size - k - (LANES - 1));
    const Vector a = load (up), b = load (up + LANES);
    const Vector c = load (down), d = load (down + LANES);
    const Vector re = even_lanes (a, b), im = odd_lanes (a, b);
    const Vector other_re = reverse_lanes (even_lanes (c, d));
    const Vector other_im = reverse_lanes (odd_lanes (c, d));
    const Vector odd_re = im + other_im, odd_im = other_re - re;
    const Vector cosine = load (cosines + k), sine = load (sines + k);
    const Vector x = re + other_re + cosine * odd_re + sine * odd_im;
    const Vector y = im - other_im + cosine * odd_im - sine * odd_re;

    store (power + k, x * x + y * y);
  }
  for (; k < n; k++) {
    const float *up = spectrum + 2 * k, *down = spectrum + 2 * (size - k);
    const float odd_re = up[1] + down[1], odd_im = down[0] - up[0];
    const float x = up[0] + down[0] + cosines[k] * odd_re + sines[k] * odd_im;
    const float y = up[1] - down[1] + cosines[k] * odd_im - sines[k] * odd_re;

    power[k] = x * x + y * y;
  }
}

/* As many filters as there are lanes at a time. */
void
KERNEL (filter) (
    const GenreFilter *filters, gsize n, const float *power, float *bands)
{
  for (gsize band = 0; band < n; band += LANES, filters += LANES) {
    const gsize n_bins = filters->n_bins;
    Vector sums[LANES];

    for (gsize i = 0; i < LANES; i++) {
      const float *weights = filters[i].weights;
      const float *bins = power + filters[i].first_bin;
      Vector sum = { 0 };

      for (gsize bin = 0; bin < n_bins; bin += LANES)
        sum += load (weights + bin) * load (bins + bin);
      sums[i] = sum;
    }
    for (gsize half = LANES / 2; half > 0; half /= 2)
      for (gsize i = 0; i < half; i++)
        sums[i] = pair_sums (sums[2 * i], sums[2 * i + 1]);
    store (bands + band, sums[0]);
  }
}

/* 10 log10 (x) of x = 2^e m, m from sqrt (1/2) to sqrt (2), by the series of the
 * area hyperbolic tangent, ln m = 2 artanh ((m - 1) / (m + 1)), to the ninth
 * power; within 1e-5 dB */
void
KERNEL (decibels) (float *x, gsize n, float least)
{
  const Vector smallest = broadcast (least);

  for (gsize i = 0; i < n; i += LANES) {
    Vector value = vector_max (smallest, load_some (x + i, n - i));
    /* so that the exponent's bits change at sqrt (1/2) */
    IntVector bits = (IntVector) value - 0x3f3504f3;
    IntVector e = bits >> 23;
    Vector m = (Vector) ((bits & 0x7fffff) + 0x3f3504f3);
    Vector s = (m - 1) / (m + 1), s2 = s * s;
    Vector artanh = s *
        (1 + s2 * (1.0f / 3 + s2 * (0.2f + s2 * (1.0f / 7 + s2 * (1.0f / 9)))));

    store_some (x + i,
        __builtin_convertvector(e, Vector) * 3.01029996f + artanh * 8.68588964f,
        n - i);
  }
}
