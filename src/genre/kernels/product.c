/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Products of rows with a matrix of weights, which is packed once.
 *
 * A step keeps its sums in registers: of many rows, so that a weight that was loaded
 * serves all of them; of one row so many that no addition waits for the one before.
 * However many there are, an output adds the same products in the same order. */

#include "vector.h"

#define STEP_BLOCKS (PROJECT_VECTORS / BLOCK_VECTORS)

gsize
KERNEL (pack_size) (gsize k, gsize n)
{
  return (n + BLOCK - 1) / BLOCK * BLOCK * k * sizeof (Weight);
}

/* [block][k][BLOCK], and 0 beyond n */
gboolean
KERNEL (pack) (const float *weight, gsize k, gsize n, gpointer packed)
{
  Weight *to = packed;

  if (!weights_fit (weight, n * k))
    return FALSE;
  for (gsize first = 0; first < n; first += BLOCK)
    for (gsize j = 0; j < k; j++)
      for (gsize i = first; i < first + BLOCK; i++)
        *to++ = make_weight (i < n ? weight[i * k + j] : 0);
  return TRUE;
}

/* The @i-th vector of @y, which has @n floats. */
static inline Vector
load_vector (const float *y, gsize i, gsize n)
{
  return i * LANES < n ? load_some (y + i * LANES, n - i * LANES)
                       : (Vector){ 0 };
}

static inline void
store_vector (float *y, gsize i, gsize n, Vector x)
{
  if (i * LANES < n)
    store_some (y + i * LANES, x, n - i * LANES);
}

/* @rows of one block, which has @left outputs */
static ALWAYS_INLINE void
add_rows (gsize rows, const Weight *weight, const float *x, gsize k, gsize n,
    gsize left, float *y)
{
  Vector sum[STEP_TILES][BLOCK_VECTORS];

  for (gsize row = 0; row < rows; row++)
    for (gsize i = 0; i < BLOCK_VECTORS; i++)
      sum[row][i] = load_vector (y + row * n, i, left);
  for (gsize j = 0; j < k; j++, weight += BLOCK) {
    Vector w[BLOCK_VECTORS];

    for (gsize i = 0; i < BLOCK_VECTORS; i++)
      w[i] = load_weights (weight + i * LANES);
    for (gsize row = 0; row < rows; row++)
      for (gsize i = 0; i < BLOCK_VECTORS; i++)
        sum[row][i] += x[row * k + j] * w[i];
  }
  for (gsize row = 0; row < rows; row++)
    for (gsize i = 0; i < BLOCK_VECTORS; i++)
      store_vector (y + row * n, i, left, sum[row][i]);
}

/* One row of @blocks, which have @left outputs */
static ALWAYS_INLINE void
add_blocks (gsize blocks, const Weight *weight, const float *x, gsize k,
    gsize left, float *y)
{
  Vector sum[STEP_BLOCKS][BLOCK_VECTORS];

  for (gsize b = 0; b < blocks; b++)
    for (gsize i = 0; i < BLOCK_VECTORS; i++)
      sum[b][i] = load_vector (y, b * BLOCK_VECTORS + i, left);
  for (gsize j = 0; j < k; j++, weight += BLOCK) {
    const Weight *block = weight;

    for (gsize b = 0; b < blocks; b++, block += k * BLOCK)
      for (gsize i = 0; i < BLOCK_VECTORS; i++)
        sum[b][i] += x[j] * load_weights (block + i * LANES);
  }
  for (gsize b = 0; b < blocks; b++)
    for (gsize i = 0; i < BLOCK_VECTORS; i++)
      store_vector (y, b * BLOCK_VECTORS + i, left, sum[b][i]);
}

static void
add_row (const Weight *weight, const float *x, gsize k, gsize n, float *y)
{
  gsize i = 0;

  for (; i + (STEP_BLOCKS - 1) * BLOCK < n; i += STEP_BLOCKS * BLOCK)
    add_blocks (STEP_BLOCKS, weight + i * k, x, k, n - i, y + i);
  for (; i < n; i += BLOCK)
    add_blocks (1, weight + i * k, x, k, n - i, y + i);
}

void
KERNEL (add_product) (gconstpointer packed, const float *x, gsize rows, gsize k,
    gsize n, float *y)
{
  const Weight *weight = packed;

  if (rows == 1) {
    add_row (weight, x, k, n, y);
    return;
  }
  for (gsize i = 0; i < n; i += BLOCK) {
    const Weight *block = weight + i * k;
    const gsize left = n - i;
    gsize row = 0;

    for (; row + STEP_TILES <= rows; row += STEP_TILES)
      add_rows (STEP_TILES, block, x + row * k, k, n, left, y + row * n + i);
    for (; row + STEP_TILES / 3 <= rows; row += STEP_TILES / 3)
      add_rows (
          STEP_TILES / 3, block, x + row * k, k, n, left, y + row * n + i);
    for (; row < rows; row++)
      add_rows (1, block, x + row * k, k, n, left, y + row * n + i);
  }
}
