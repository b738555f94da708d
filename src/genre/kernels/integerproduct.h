/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The products of a convolution in Winograd's domain, of integers of 16 bits: twice
 * as many at a time as of floats.
 *
 * Each row of the operand, the input channels of one tile at one position, has a
 * scale of its own, and so has each column of the weights.  A sum of products stays
 * within 32 bits, as the operand has DATA_MAX at most, and the absolute weights of a
 * column have at most WEIGHTS_MAX together. */

#pragma once

#include <math.h>

#include "convolution.h"

#define DATA_MAX 8191
#define WEIGHTS_MAX (G_MAXINT32 / DATA_MAX)
#define PADDED(k) (((k) + 15) / 16 * 16)
/* More leave too few bits to each weight. */
#define MAX_CHANNELS 256
/* What is smaller counts as 0: its scale would be infinite. */
#define LEAST 1e-30f

typedef struct
{
  gsize k;       /* input channels */
  gsize step;    /* floats from one position of a tile to the next */
  float *tile;   /* [POSITIONS][step], the one that is being made; 0 beyond k */
  float *scales; /* [POSITIONS][MAX_TILES], what a number of v stands for */
  gint16 *v;     /* [POSITIONS][MAX_TILES][step] */
} Operand;

static gsize
operand_size (gsize k)
{
  return POSITIONS * (PADDED (k) + MAX_TILES + MAX_TILES * PADDED (k) / 2);
}

/* @scratch: operand_size() floats */
static void
operand_init (Operand *operand, gsize k, float *scratch)
{
  operand->k = k;
  operand->step = PADDED (k);
  operand->tile = scratch;
  operand->scales = scratch + POSITIONS * operand->step;
  operand->v = (gint16 *) (operand->scales + POSITIONS * MAX_TILES);
  memset (scratch, 0, POSITIONS * operand->step * sizeof *scratch);
}

/* Where to write a tile, [POSITIONS][step] */
static float *
operand_tile (const Operand *operand, gsize tile)
{
  (void) tile;
  return operand->tile;
}

/* The largest absolute number of @n, a multiple of LANES; their bits are compared as
 * integers, so that a NaN is the largest, and stays one. */
static inline float
max_absolute (const float *x, gsize n)
{
  const __m256i absolute = _mm256_set1_epi32 (G_MAXINT32);
  __m256i max = _mm256_setzero_si256 ();
  __m128i half;

  for (gsize i = 0; i < n; i += LANES)
    max = _mm256_max_epi32 (
        max, _mm256_and_si256 (absolute, (__m256i) load (x + i)));
  half = _mm_max_epi32 (
      _mm256_castsi256_si128 (max), _mm256_extracti128_si256 (max, 1));
  half = _mm_max_epi32 (half, _mm_unpackhi_epi64 (half, half));
  half = _mm_max_epi32 (half, _mm_shuffle_epi32 (half, 1));
  return _mm_cvtss_f32 (_mm_castsi128_ps (half));
}

/* Rounds x [n] times @scale; n is a multiple of 16. */
static inline void
round_values (const float *x, gsize n, float scale, gint16 *to)
{
  for (gsize i = 0; i < n; i += 16) {
    __m256i a = _mm256_cvtps_epi32 ((__m256) (load (x + i) * scale));
    __m256i b = _mm256_cvtps_epi32 ((__m256) (load (x + i + 8) * scale));
    __m256i both = _mm256_permute4x64_epi64 (
        _mm256_packs_epi32 (a, b), 0xd8); /* packs works in halves */

    _mm256_storeu_si256 ((__m256i *) (to + i), both);
  }
}

static void
operand_finish_tile (const Operand *operand, gsize tile)
{
  const gsize n = operand->step;

  for (gsize position = 0; position < POSITIONS; position++) {
    const float *x = operand->tile + position * n;
    const float max = max_absolute (x, n);

    operand->scales[position * MAX_TILES + tile] = max * (1.0f / DATA_MAX);
    round_values (x, n, max > LEAST ? DATA_MAX / max : 0,
        operand->v + (position * MAX_TILES + tile) * n);
  }
}

static gsize
n_pairs (gsize k)
{
  return (k + 1) / 2;
}

/* Rows of BLOCK weights in a block: [POSITIONS] of scales, then
 * [POSITIONS][n_pairs] of pairs of integers */
static gsize
weight_rows (gsize k)
{
  return POSITIONS * (1 + n_pairs (k));
}

/* sum [tiles] += v [tiles][i] u [i][BLOCK], for two i */
static ALWAYS_INLINE void
add_products (gsize tiles, const gint16 *v, const float *u, gsize step,
    __m256i sum[STEP_TILES][BLOCK_VECTORS])
{
  __m256i w[BLOCK_VECTORS];

  for (gsize b = 0; b < BLOCK_VECTORS; b++)
    w[b] = _mm256_loadu_si256 ((const __m256i *) (u + b * LANES));
  for (gsize tile = 0; tile < tiles; tile++) {
    gint32 pair;

    memcpy (&pair, v + tile * step, sizeof pair);
    for (gsize b = 0; b < BLOCK_VECTORS; b++)
      sum[tile][b] = _mm256_add_epi32 (
          sum[tile][b], _mm256_madd_epi16 (_mm256_set1_epi32 (pair), w[b]));
    /* or GCC makes all products before it adds the first, and has no registers */
    for (gsize b = 0; b < BLOCK_VECTORS; b++)
      KEEP_IN_REGISTER (sum[tile][b]);
  }
}

/* m [tiles][POSITIONS][BLOCK], of one position, = v [tiles][k] u [k][BLOCK].  It
 * fetches the u of the next position, which follows, as all of u is rarely in the
 * second-level cache. */
static ALWAYS_INLINE void
multiply_tiles (gsize tiles, const gint16 *v, gsize step, const float *u,
    gsize pairs, const float *tile_scales, const float *weight_scales, float *m)
{
  __m256i sum[STEP_TILES][BLOCK_VECTORS] = { 0 };

  for (gsize i = 0; i < pairs; i++) {
    for (gsize b = 0; b < BLOCK; b += 16)
      __builtin_prefetch (u + (pairs + i) * BLOCK + b);
    add_products (tiles, v + 2 * i, u + i * BLOCK, step, sum);
  }
  for (gsize tile = 0; tile < tiles; tile++)
    for (gsize b = 0; b < BLOCK_VECTORS; b++)
      store (m + tile * POSITIONS * BLOCK + b * LANES,
          (Vector) _mm256_cvtepi32_ps (sum[tile][b]) *
              (tile_scales[tile] * load (weight_scales + b * LANES)));
}

/* m [tiles][POSITIONS][BLOCK], of one position; @u: the weights of the block */
static void
multiply (const Operand *operand, gsize tiles, gsize position, const float *u,
    float *m)
{
  const gsize step = operand->step, pairs = n_pairs (operand->k);
  const gint16 *v = operand->v + position * MAX_TILES * step;
  const float *scales = operand->scales + position * MAX_TILES;
  const float *weight_scales = u + position * BLOCK;

  u += (POSITIONS + position * pairs) * BLOCK;
  for (; tiles >= STEP_TILES; tiles -= STEP_TILES) {
    multiply_tiles (STEP_TILES, v, step, u, pairs, scales, weight_scales, m);
    v += STEP_TILES * step;
    scales += STEP_TILES;
    m += STEP_TILES * POSITIONS * BLOCK;
  }
  for (; tiles > 0; tiles--) {
    multiply_tiles (1, v, step, u, pairs, scales, weight_scales, m);
    v += step;
    scales++;
    m += POSITIONS * BLOCK;
  }
}

/* The weights of one position of one output channel as integers, pair after pair,
 * each @to BLOCK after the last; gives the scale. */
static float
pack_weights (const float *weights, gsize k, float *to)
{
  float max = 0, sum = 0, scale;

  for (gsize i = 0; i < k; i++) {
    max = MAX (max, fabsf (weights[i]));
    sum += fabsf (weights[i]);
  }
  if (max < LEAST)
    return 0;
  /* a rounded weight may be larger by a half */
  scale = MIN (G_MAXINT16 / max, (WEIGHTS_MAX - k) / sum);
  for (gsize i = 0; i < k; i += 2) {
    gint16 pair[2] = { lrintf (weights[i] * scale),
      i + 1 < k ? lrintf (weights[i + 1] * scale) : 0 };

    memcpy (to + i / 2 * BLOCK, pair, sizeof pair);
  }
  return 1 / scale;
}
