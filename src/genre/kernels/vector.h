/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Vectors of floats, as wide as those of the processors that this is
 * compiled for. They use the vector extensions of GCC and Clang, and
 * intrinsics only where those have no expression for something. */

#pragma once

#include <string.h>

#include "kernels.h"

#if defined __AVX512F__
#define LANES 16
#elif defined __AVX2__ && defined __FMA__
#define LANES 8
#else
#define LANES 4
#endif

#if defined __AVX2__
#include <immintrin.h>
#endif

typedef float Vector __attribute__ ((vector_size (4 * LANES)));
typedef gint32 IntVector __attribute__ ((vector_size (4 * LANES)));

#define VECTORS(n) (((n) + LANES - 1) / LANES)

static inline Vector
load (const float *from)
{
  Vector x;

  memcpy (&x, from, sizeof x);
  return x;
}

static inline void
store (float *to, Vector x)
{
  memcpy (to, &x, sizeof x);
}

/* The first @n lanes, if there are not more; the others are 0. */
static inline Vector
load_some (const float *from, gsize n)
{
  Vector x = { 0 };

  if (n >= LANES)
    return load (from);
  memcpy (&x, from, n * sizeof *from);
  return x;
}

static inline void
store_some (float *to, Vector x, gsize n)
{
  if (n >= LANES)
    store (to, x);
  else
    memcpy (to, &x, n * sizeof *to);
}

static inline Vector
broadcast (float x)
{
  return (Vector){ 0 } + x;
}

/* @a where @mask is set, else @b */
static inline Vector
choose (IntVector mask, Vector a, Vector b)
{
  return (Vector) (((IntVector) a & mask) | ((IntVector) b & ~mask));
}

/* Of a NaN and a number, in vector_max() and vector_min(), the second counts. */
static inline Vector
vector_max (Vector a, Vector b)
{
#if LANES == 16
  return (Vector) _mm512_max_ps ((__m512) a, (__m512) b);
#elif LANES == 8
  return (Vector) _mm256_max_ps ((__m256) a, (__m256) b);
#else
  return choose (a > b, a, b);
#endif
}

static inline Vector
vector_min (Vector a, Vector b)
{
#if LANES == 16
  return (Vector) _mm512_min_ps ((__m512) a, (__m512) b);
#elif LANES == 8
  return (Vector) _mm256_min_ps ((__m256) a, (__m256) b);
#else
  return choose (a < b, a, b);
#endif
}

/* The sums of the lanes 0 and 1, 2 and 3, ... of @a, then of those of @b. */
static inline Vector
pair_sums (Vector a, Vector b)
{
#ifdef __clang__ /* which has no __builtin_shuffle, and needs none for this */
  Vector sums;

  for (int i = 0; i < LANES / 2; i++) {
    sums[i] = a[2 * i] + a[2 * i + 1];
    sums[LANES / 2 + i] = b[2 * i] + b[2 * i + 1];
  }
  return sums;
#else
  IntVector even;

  for (int i = 0; i < LANES; i++)
    even[i] = 2 * i;
  return __builtin_shuffle (a, b, even) + __builtin_shuffle (a, b, even + 1);
#endif
}

/* e to the x for x between -87 and 88: 2^n e^r with r within half of ln 2, by the
 * Taylor polynomial of degree 6; within 1e-6 of it, and for x <= 0 within 1e-7
 * of 1. */
static inline Vector
exp_in_range (Vector x)
{
  /* adding it leaves a whole number in the low bits of the sum */
  const Vector round = broadcast (12582912);
  Vector n = x * 1.44269504f + round;
  IntVector power = ((IntVector) n + (127 - 0x4b400000)) << 23;
  Vector r = x - (n - round) * 0.693147181f;
  Vector p = broadcast (1.0f / 720);

  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1;
  p = p * r + 1;
  return p * (Vector) power;
}

/* The same for any x. A result that a float cannot hold becomes the nearest
 * one that it can; a NaN stays a NaN. */
static inline Vector
vector_exp (Vector x)
{
  return exp_in_range (
      vector_min (broadcast (88), vector_max (broadcast (-87), x)));
}

static inline Vector
vector_elu (Vector x)
{
  Vector zero = { 0 };

  return vector_max (zero, x) +
      exp_in_range (vector_min (zero, vector_max (broadcast (-87), x))) - 1;
}

static inline Vector
vector_sigmoid (Vector x)
{
  return 1 / (1 + vector_exp (-x));
}

static inline Vector
vector_tanh (Vector x)
{
  return 1 - 2 / (1 + vector_exp (x + x));
}

/* of the files in this folder, one set for each family */
#define KERNEL_PASTE(name, family) genre_##name##_##family
#define KERNEL_EXPAND(name, family) KERNEL_PASTE (name, family)
#define KERNEL(name) KERNEL_EXPAND (name, GENRE_KERNEL_FAMILY)

gsize KERNEL (conv2d_scratch) (const GenreConv2dKernel *conv, gsize frames);
void KERNEL (conv2d) (const GenreConv2dKernel *conv, const GenreShape *shape,
    const float *in, gsize band, float *out, float *scratch);
float KERNEL (window) (
    const float *samples, const float *window, gsize n, float *out);
void KERNEL (power) (const float *spectrum, gsize n, float *power);
void KERNEL (decibels) (float *x, gsize n, float least);
void KERNEL (elu) (float *x, gsize n);
void KERNEL (project) (const float *weight, const float *bias, const float *x,
    gsize k, gsize n, float *y);
void KERNEL (gru_gates) (const float *x, const float *s, const float *before,
    gsize hidden, float *h);
void KERNEL (lstm_gates) (
    const float *x, const float *s, gsize hidden, float *c, float *h);
