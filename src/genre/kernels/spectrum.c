/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the mel spectrogram computes beside the Fourier transform. */

#include "vector.h"

float
KERNEL (window) (const float *samples, const float *window, gsize n, float *out)
{
  Vector sum = { 0 };
  float total = 0;

  for (gsize i = 0; i < n; i += LANES) {
    Vector x = load_some (samples + i, n - i);

    store_some (out + i, x * load_some (window + i, n - i), n - i);
    sum += x * x;
  }
  for (gsize i = 0; i < LANES; i++)
    total += sum[i];
  return total;
}

void
KERNEL (power) (const float *spectrum, gsize n, float *power)
{
  for (gsize i = 0; i < n; i += LANES) {
    Vector a = load_some (spectrum + 2 * i, 2 * (n - i));
    Vector b = 2 * (n - i) > LANES
        ? load_some (spectrum + 2 * i + LANES, 2 * (n - i) - LANES)
        : (Vector){ 0 };

    a *= a;
    b *= b;
    store_some (power + i, pair_sums (a, b), n - i);
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
