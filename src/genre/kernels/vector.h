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
/* outputs whose weights lie together */
#define BLOCK (BLOCK_VECTORS * LANES)

/* for functions whose arguments are constants in the calls that matter */
#define ALWAYS_INLINE inline __attribute__ ((always_inline))

static inline Vector
load (const float *from)
{
  Vector x;

  memcpy (&x, from, sizeof x);
  return x;
}

/* How weights that are packed are kept: HALF_WEIGHTS says whether as half floats,
 * which take half the memory's time. */
#if HALF_WEIGHTS
typedef guint16 Weight;

static inline Vector
load_weights (const Weight *from)
{
#if LANES == 16
  return (Vector) _mm512_cvtph_ps (_mm256_loadu_si256 ((const void *) from));
#else
  return (Vector) _mm256_cvtph_ps (_mm_loadu_si128 ((const void *) from));
#endif
}

static inline Weight
make_weight (float x)
{
  return _cvtss_sh (x, _MM_FROUND_TO_NEAREST_INT);
}

/* Whether the largest is a half of full precision, so that none of them changes by
 * more than 2^-11 of it: those below 2^-14 have fewer bits. */
static inline gboolean
weights_fit (const float *weights, gsize n)
{
  float max = 0;

  for (gsize i = 0; i < n; i++)
    max = MAX (max, __builtin_fabsf (weights[i]));
  return max == 0 || (max >= 0x1p-14f && max <= 65504);
}
#else
typedef float Weight;

static inline Vector
load_weights (const Weight *from)
{
  return load (from);
}

static inline Weight
make_weight (float x)
{
  return x;
}

static inline gboolean
weights_fit (const float *weights, gsize n)
{
  (void) weights;
  (void) n;
  return TRUE;
}
#endif

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

/* Lanes of @a, and then @b, by their numbers; GCC and Clang call it by different
 * names. */
#ifdef __clang__
#define SHUFFLE(a, b, ...) __builtin_shufflevector (a, b, __VA_ARGS__)
#else
#define SHUFFLE(a, b, ...) __builtin_shuffle (a, b, (IntVector){ __VA_ARGS__ })
#endif

/* The lanes of @a with even numbers, then those of @b. */
static inline Vector
even_lanes (Vector a, Vector b)
{
#if LANES == 16
  return SHUFFLE (
      a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
#elif LANES == 8
  /* two steps that the processor has, where compilers take five */
  const Vector halves = SHUFFLE (a, b, 0, 2, 8, 10, 4, 6, 12, 14);

  return (Vector) _mm256_permute4x64_pd ((__m256d) halves, 0xd8);
#else
  return SHUFFLE (a, b, 0, 2, 4, 6);
#endif
}

/* The same of those with odd numbers. */
static inline Vector
odd_lanes (Vector a, Vector b)
{
#if LANES == 16
  return SHUFFLE (
      a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
#elif LANES == 8
  const Vector halves = SHUFFLE (a, b, 1, 3, 9, 11, 5, 7, 13, 15);

  return (Vector) _mm256_permute4x64_pd ((__m256d) halves, 0xd8);
#else
  return SHUFFLE (a, b, 1, 3, 5, 7);
#endif
}

/* The lanes in the other direction. */
static inline Vector
reverse_lanes (Vector a)
{
#if LANES == 16
  return SHUFFLE (a, a, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
#elif LANES == 8
  return SHUFFLE (a, a, 7, 6, 5, 4, 3, 2, 1, 0);
#else
  return SHUFFLE (a, a, 3, 2, 1, 0);
#endif
}

/* The sums of the lanes 0 and 1, 2 and 3, ... of @a, then of those of @b. */
static inline Vector
pair_sums (Vector a, Vector b)
{
  return even_lanes (a, b) + odd_lanes (a, b);
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
#define EXACT_KERNEL(name) KERNEL_EXPAND (name, GENRE_EXACT_FAMILY)

/* Whether convolutions multiply integers of 16 bits; with AVX-512 these would need a
 * further extension of it. */
#define INTEGER_PRODUCTS (HALF_WEIGHTS && LANES == 8)

gsize KERNEL (conv2d_rows) (gsize in_channels);
void KERNEL (conv2d_pack) (const float *terms, gsize in_channels, float *to);
gsize KERNEL (conv2d_scratch) (const GenreConv2dKernel *conv, gsize frames);
void KERNEL (conv2d) (const GenreConv2dKernel *conv, const GenreShape *shape,
    const float *in, gsize band, float *out, float *scratch);
void KERNEL (downmix) (GenreSampleFormat format, guint channels,
    gconstpointer samples, gsize n_frames, float *mono);
void KERNEL (downmix_planar) (GenreSampleFormat format, guint channels,
    const gconstpointer *planes, gsize first, gsize n_frames, float *mono);
float KERNEL (window) (
    const float *samples, const float *window, gsize n, float *out);
float KERNEL (halve) (const float *samples, const float *taps, gsize n,
    float *scratch, float *out);
void KERNEL (real_power) (const float *spectrum, gsize size,
    const float *rotation, gsize n, float *power);
void KERNEL (filter) (
    const GenreFilter *filters, gsize n, const float *power, float *bands);
void KERNEL (decibels) (float *x, gsize n, float least);
void KERNEL (elu) (float *x, gsize n);
gsize KERNEL (pack_size) (gsize k, gsize n);
gboolean KERNEL (pack) (const float *weight, gsize k, gsize n, gpointer packed);
void KERNEL (add_product) (gconstpointer packed, const float *x, gsize rows,
    gsize k, gsize n, float *y);
void KERNEL (gru_gates) (const float *x, const float *s, const float *before,
    gsize hidden, float *h);
void KERNEL (lstm_gates) (
    const float *x, const float *s, gsize hidden, float *c, float *h);
