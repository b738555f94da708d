/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The products of a convolution in Winograd's domain, of floats.  There, each
 * position has a matrix product of its own: of the tiles' input channels, the
 * Operand, and the weights. */

#pragma once

#include "convolution.h"

/* so that what is written of all positions together does not fall into a few sets
 * of the first-level cache */
#define PADDING 16

typedef struct
{
  gsize k;    /* input channels */
  gsize step; /* floats from one position of a tile to the next */
  float *v;   /* [POSITIONS][MAX_TILES x k + PADDING] */
} Operand;

static gsize
operand_size (gsize k)
{
  return POSITIONS * (MAX_TILES * k + PADDING);
}

/* @scratch: operand_size() floats */
static void
operand_init (Operand *operand, gsize k, float *scratch)
{
  *operand = (Operand){ k, MAX_TILES * k + PADDING, scratch };
}

/* Where to write a tile, [POSITIONS][step] */
static float *
operand_tile (const Operand *operand, gsize tile)
{
  return operand->v + tile * operand->k;
}

static void
operand_finish_tile (const Operand *operand, gsize tile)
{
  (void) operand;
  (void) tile;
}

/* Rows of BLOCK weights in a block, [POSITIONS][k] */
static gsize
weight_rows (gsize k)
{
  return POSITIONS * k;
}

/* sum [tiles] += v [tiles][i] u [i][BLOCK] */
static ALWAYS_INLINE void
add_products (gsize tiles, const float *v, const float *u, gsize k,
    Vector sum[STEP_TILES][BLOCK_VECTORS])
{
  Vector w[BLOCK_VECTORS];

  for (gsize b = 0; b < BLOCK_VECTORS; b++)
    w[b] = load (u + b * LANES);
  for (gsize tile = 0; tile < tiles; tile++)
    for (gsize b = 0; b < BLOCK_VECTORS; b++)
      sum[tile][b] += v[tile * k] * w[b];
}

/* m [tiles][POSITIONS][BLOCK], of one position, = v [tiles][k] u [k][BLOCK].  It
 * fetches the u of the next position, which follows, as all of u is rarely in the
 * second-level cache. */
static ALWAYS_INLINE void
multiply_tiles (gsize tiles, const float *v, const float *u, gsize k, float *m)
{
  Vector sum[STEP_TILES][BLOCK_VECTORS] = { 0 };

  for (gsize i = 0; i < k; i++) {
    for (gsize b = 0; b < BLOCK; b += 16)
      __builtin_prefetch (u + (k + i) * BLOCK + b);
    add_products (tiles, v + i, u + i * BLOCK, k, sum);
  }
  for (gsize tile = 0; tile < tiles; tile++)
    for (gsize b = 0; b < BLOCK_VECTORS; b++)
      store (m + tile * POSITIONS * BLOCK + b * LANES, sum[tile][b]);
}

/* m [tiles][POSITIONS][BLOCK], of one position; @u: the weights of the block */
static void
multiply (const Operand *operand, gsize tiles, gsize position, const float *u,
    float *m)
{
  const gsize k = operand->k;
  const float *v = operand->v + position * operand->step;

  u += position * k * BLOCK;
  for (; tiles >= STEP_TILES; tiles -= STEP_TILES) {
    multiply_tiles (STEP_TILES, v, u, k, m);
    v += STEP_TILES * k;
    m += STEP_TILES * POSITIONS * BLOCK;
  }
  for (; tiles >= STEP_TILES / 3; tiles -= STEP_TILES / 3) {
    multiply_tiles (STEP_TILES / 3, v, u, k, m);
    v += STEP_TILES / 3 * k;
    m += STEP_TILES / 3 * POSITIONS * BLOCK;
  }
  for (; tiles > 0; tiles--) {
    multiply_tiles (1, v, u, k, m);
    v += k;
    m += POSITIONS * BLOCK;
  }
}
