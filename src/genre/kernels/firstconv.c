/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Convolution of 3x3 with one input channel, by Winograd's F(4, 3) along the bands
 * only: 18 products for four outputs instead of 36.  Along the frames as well, the
 * transform of the output would cost more than the products that it saves: there
 * is no sum over input channels before it. */

#include "convolution.h"

#define TAPS 3   /* along the frames */
#define FRAMES 2 /* computed at a time, so that the sums stay in registers */

static gsize
row_size_of (gsize frames)
{
  return VECTORS (frames + TILE - 1 + TAPS - 1) * LANES;
}

gsize
KERNEL (first_scratch) (gsize frames)
{
  return FIELD * row_size_of (frames);
}

/* The rows that a row of tiles sees, with the zeros around them, in Winograd's
 * domain: [FIELD][row_size] */
static void
transform_rows (const GenreShape *shape, const float *in, gsize band,
    float *rows, gsize row_size)
{
  const gsize n = MIN (shape->frames, row_size - 1);

  for (gsize i = 0; i < FIELD; i++) {
    float *row = rows + i * row_size;

    memset (row, 0, row_size * sizeof *row);
    /* the one before the first becomes a large number, and is outside, too */
    if (band + i - 1 < shape->bands)
      memcpy (row + 1, in + (band + i - 1) * shape->frames, n * sizeof *row);
  }
  for (gsize f = 0; f < row_size; f += LANES) {
    Vector d[FIELD], t[FIELD];

    for (gsize i = 0; i < FIELD; i++)
      d[i] = load (rows + i * row_size + f);
    transform_input (d, t);
    for (gsize i = 0; i < FIELD; i++)
      store (rows + i * row_size + f, t[i]);
  }
}

/* Adds the products of one row of Winograd's domain to the sums of neighbouring
 * frames. */
static ALWAYS_INLINE void
add_products (const float *weight, const float *x, Vector sum[FRAMES])
{
  for (gsize tap = 0; tap < TAPS; tap++) {
    Vector w = load (weight + tap * BLOCK);

    KEEP_IN_REGISTER (w);
    for (gsize f = 0; f < FRAMES; f++)
      sum[f] += x[f + tap] * w;
  }
}

/* The sums of one vector of channels, TILE bands of FRAMES frames; @x: in
 * Winograd's domain, from the first frame on.  Not inline, so that the sums have
 * all registers. */
static __attribute__ ((noinline)) void
convolve_frames (
    const float *weight, const float *x, gsize row_size, Vector (*y)[TILE])
{
  Vector m[FIELD][FRAMES] = { 0 };

  for (gsize i = 1; i + 1 < FIELD; i++)
    add_products (weight + i * TAPS * BLOCK, x + i * row_size, m[i]);
  for (gsize f = 0; f < FRAMES; f++) {
    Vector sum = m[1][f] + m[2][f], difference = m[1][f] - m[2][f];
    Vector sum2 = m[3][f] + m[4][f], difference2 = m[3][f] - m[4][f];

    m[0][f] = sum + sum2;
    y[1][f] = difference + 2 * difference2;
    y[2][f] = sum + 4 * sum2;
    m[5][f] = difference + 8 * difference2;
  }
  /* the first and the last count in one output only, so they are added to it */
  add_products (weight, x, m[0]);
  add_products (
      weight + (FIELD - 1) * TAPS * BLOCK, x + (FIELD - 1) * row_size, m[5]);
  for (gsize f = 0; f < FRAMES; f++) {
    y[0][f] = m[0][f];
    y[3][f] = m[5][f];
  }
}

static ALWAYS_INLINE void
convolve_tiles (const GenreConv2dKernel *conv, gsize pb, gsize pf,
    const Output *output, const float *rows, gsize row_size, gsize band,
    float *out)
{
  for (gsize c = 0; c < conv->out_channels; c += LANES)
    for (gsize tile = 0; tile < output->tiles; tile++) {
      const float *weight = conv->weight + c / BLOCK * FIELD * TAPS * BLOCK +
          c % BLOCK;
      Vector y[TILE][TILE];

      for (gsize f = 0; f < TILE; f += FRAMES)
        convolve_frames (weight, rows + tile * TILE + f, row_size,
            (Vector (*)[TILE]) (y[0] + f));
      finish_tile (conv, pb, pf, output, y, band, tile * TILE, c, out);
    }
}

void
KERNEL (convolve_first) (const GenreConv2dKernel *conv, const GenreShape *shape,
    const Output *output, const float *in, gsize band, float *out,
    float *scratch)
{
  const gsize pb = conv->pool.bands, pf = conv->pool.frames;
  const gsize row_size = row_size_of (output->tiles * TILE - (TILE - 1));

  transform_rows (shape, in, band, scratch, row_size);
  /* the usual sizes, with loops that the compiler can unroll */
  if (pb == 2 && pf == 2)
    convolve_tiles (conv, 2, 2, output, scratch, row_size, band, out);
  else if (pb == 4 && pf == 2)
    convolve_tiles (conv, 4, 2, output, scratch, row_size, band, out);
  else
    convolve_tiles (conv, pb, pf, output, scratch, row_size, band, out);
}
