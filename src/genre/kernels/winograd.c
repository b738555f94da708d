/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Convolution of 3x3 by Winograd's minimal filtering F(4x4, 3x3) (Lavin and Gray
 * 2016, "Fast algorithms for convolutional neural networks"): a tile of 4x4
 * outputs takes 36 products for each pair of channels instead of 144.  The
 * products of one position of many tiles are a matrix product.
 *
 * Two sizes follow from the number of registers: a step of the matrix product
 * keeps STEP_TILES x BLOCK_VECTORS sums in them. */

#include "convolution.h"
#if INTEGER_PRODUCTS
#include "integerproduct.h"
#else
#include "floatproduct.h"
#endif

static Output
output_of (const GenreConv2dKernel *conv, const GenreShape *shape)
{
  Output output = { shape->bands / conv->pool.bands,
    shape->frames / conv->pool.frames, 0 };

  output.tiles = (output.frames * conv->pool.frames + TILE - 1) / TILE;
  return output;
}

/* A^T m: one column of the output's transform */
static inline void
transform_output (const Vector m[FIELD], Vector y[TILE])
{
  Vector sum = m[1] + m[2], difference = m[1] - m[2];
  Vector sum2 = m[3] + m[4], difference2 = m[3] - m[4];

  y[0] = m[0] + sum + sum2;
  y[1] = difference + 2 * difference2;
  y[2] = sum + 4 * sum2;
  y[3] = difference + 8 * difference2 + m[5];
}

/* Two rows, @first and @second, of a field in the domain of the products. */
static ALWAYS_INLINE void
transform_two_rows (const float *const rows[FIELD], gsize channels, gsize c,
    gsize first, gsize second, gsize step, float *v)
{
  const gsize left = channels - c;
  Vector t[2][FIELD], row[FIELD];

  for (gsize j = 0; j < FIELD; j++) {
    Vector d[FIELD], column[FIELD];

    for (gsize i = 0; i < FIELD; i++)
      d[i] = load_some (rows[i] + j * channels + c, left);
    transform_input (d, column);
    t[0][j] = column[first];
    t[1][j] = column[second];
  }
  transform_input (t[0], row);
  for (gsize j = 0; j < FIELD; j++)
    store_some (v + (first * FIELD + j) * step + c, row[j], left);
  transform_input (t[1], row);
  for (gsize j = 0; j < FIELD; j++)
    store_some (v + (second * FIELD + j) * step + c, row[j], left);
}

/* A field of the input, of which each row is at @rows, into the domain of the
 * products: v [POSITIONS][step], of which it writes the first @channels.  Two rows
 * at a time stay in registers, and these pairs have terms in common. */
static void
transform_field (
    const float *const rows[FIELD], gsize channels, gsize step, float *v)
{
  for (gsize c = 0; c < channels; c += LANES) {
    transform_two_rows (rows, channels, c, 0, 5, step, v);
    transform_two_rows (rows, channels, c, 1, 2, step, v);
    transform_two_rows (rows, channels, c, 3, 4, step, v);
  }
}

/* The field that the tile at @band and @frame of the output sees; @copy has room
 * for [FIELD + 1][FIELD][channels]: rows with the zeros beside the input, and one
 * of zeros, for those above and below it. */
static void
transform_tile (const GenreShape *shape, const float *in, gsize band,
    gsize frame, float *copy, gsize step, float *v)
{
  const gsize n = shape->channels, size = FIELD * n;
  float *zeros = copy + FIELD * size;
  const float *rows[FIELD];

  memset (zeros, 0, size * sizeof *zeros);
  for (gsize i = 0; i < FIELD; i++) {
    /* the one before the first becomes a large number, and is outside, too */
    const gsize b = band + i - 1;
    const float *row = in + b * shape->frames * n;

    if (b >= shape->bands) {
      rows[i] = zeros;
    } else if (frame >= 1 && frame + FIELD - 1 <= shape->frames) {
      rows[i] = row + (frame - 1) * n;
    } else {
      /* the field begins @skip frames before the input */
      const gsize skip = frame < 1, begin = frame + skip - 1;
      const gsize frames = MIN (shape->frames - begin, FIELD - skip);
      float *to = copy + i * size;

      memset (to, 0, size * sizeof *to);
      memcpy (to + skip * n, row + begin * n, frames * n * sizeof *to);
      rows[i] = to;
    }
  }
  transform_field (rows, n, step, v);
}

/* A tile of one vector of channels from its products, m [POSITIONS][BLOCK].  Not
 * inline, so that it has all registers. */
static __attribute__ ((noinline)) void
transform_products (const float *m, Vector y[TILE][TILE])
{
  Vector t[TILE][FIELD];

  for (gsize j = 0; j < FIELD; j++) {
    Vector products[FIELD], column[TILE];

    for (gsize i = 0; i < FIELD; i++)
      products[i] = load (m + (i * FIELD + j) * BLOCK);
    transform_output (products, column);
    for (gsize i = 0; i < TILE; i++)
      t[i][j] = column[i];
  }
  for (gsize i = 0; i < TILE; i++)
    transform_output (t[i], y[i]);
}

/* The products of tiles, m [tiles][POSITIONS][BLOCK], to the output. */
static ALWAYS_INLINE void
finish_products (const GenreConv2dKernel *conv, gsize pb, gsize pf,
    const Output *output, gsize tiles, const float *m, gsize band, gsize frame,
    gsize channel, float *out)
{
  for (gsize tile = 0; tile < tiles; tile++, m += POSITIONS * BLOCK)
    for (gsize c = 0; c < BLOCK && channel + c < conv->out_channels;
         c += LANES) {
      Vector y[TILE][TILE];

      transform_products (m + c, y);
      finish_tile (
          conv, pb, pf, output, y, band, frame + tile * TILE, channel + c, out);
    }
}

static void
finish (const GenreConv2dKernel *conv, const Output *output, gsize tiles,
    const float *m, gsize band, gsize frame, gsize channel, float *out)
{
  const gsize pb = conv->pool.bands, pf = conv->pool.frames;

  /* the usual sizes, with loops that the compiler can unroll */
  if (pb == 2 && pf == 2)
    finish_products (conv, 2, 2, output, tiles, m, band, frame, channel, out);
  else if (pb == 4 && pf == 2)
    finish_products (conv, 4, 2, output, tiles, m, band, frame, channel, out);
  else
    finish_products (conv, pb, pf, output, tiles, m, band, frame, channel, out);
}

static void
convolve (const GenreConv2dKernel *conv, const GenreShape *shape,
    const Output *output, const float *in, gsize band, float *out,
    float *scratch)
{
  const gsize k = conv->in_channels;
  float *m = scratch; /* [MAX_TILES][POSITIONS][BLOCK] */
  float *copy = m + MAX_TILES * POSITIONS * BLOCK; /* [FIELD + 1][FIELD][k] */
  Operand v;

  operand_init (&v, k, copy + (FIELD + 1) * FIELD * k);
  for (gsize first = 0; first < output->tiles; first += MAX_TILES) {
    const gsize tiles = MIN (output->tiles - first, MAX_TILES);
    const float *u = conv->weight;

    for (gsize tile = 0; tile < tiles; tile++) {
      transform_tile (shape, in, band, (first + tile) * TILE, copy, v.step,
          operand_tile (&v, tile));
      operand_finish_tile (&v, tile);
    }
    for (gsize c = 0; c < conv->out_channels; c += BLOCK) {
      for (gsize position = 0; position < POSITIONS; position++)
        multiply (&v, tiles, position, u, m + position * BLOCK);
      finish (conv, output, tiles, m, band, first * TILE, c, out);
      u += weight_rows (k) * BLOCK;
    }
  }
}

gsize
KERNEL (conv2d_scratch) (const GenreConv2dKernel *conv, gsize frames)
{
  const gsize k = conv->in_channels;

  return k == 1 ? KERNEL (first_scratch) (frames)
                : MAX_TILES * POSITIONS * BLOCK + (FIELD + 1) * FIELD * k +
          operand_size (k);
}

/* Applies the activation to the bands of the output that come from a row of
 * tiles.  This follows the last tile, as an exponential function is a long chain of
 * operations, and here those of many vectors overlap. */
static void
activate (
    const GenreConv2dKernel *conv, const Output *output, gsize band, float *out)
{
  const gsize row_size = output->frames * conv->out_channels;
  const gsize first = band / conv->pool.bands;
  const gsize end = MIN ((band + TILE) / conv->pool.bands, output->bands);
  const gsize n = (end - first) * row_size;

  out += first * row_size;
  if (conv->activation == GENRE_ACTIVATION_ELU) {
    KERNEL (elu) (out, n);
  } else if (conv->activation == GENRE_ACTIVATION_RELU) {
    for (gsize i = 0; i < n; i++)
      out[i] = MAX (out[i], 0);
  }
}

void
KERNEL (conv2d) (const GenreConv2dKernel *conv, const GenreShape *shape,
    const float *in, gsize band, float *out, float *scratch)
{
  const Output output = output_of (conv, shape);

  if (conv->in_channels == 1)
    KERNEL (convolve_first) (conv, shape, &output, in, band, out, scratch);
  else
    convolve (conv, shape, &output, in, band, out, scratch);
  activate (conv, &output, band, out);
}

#if INTEGER_PRODUCTS
gsize
KERNEL (conv2d_rows) (gsize in_channels)
{
  return in_channels <= MAX_CHANNELS ? weight_rows (in_channels) : 0;
}

void
KERNEL (conv2d_pack) (const float *terms, gsize in_channels, float *to)
{
  for (gsize position = 0; position < POSITIONS; position++)
    to[position * BLOCK] = pack_weights (terms + position * in_channels,
        in_channels,
        to + (POSITIONS + position * n_pairs (in_channels)) * BLOCK);
}
#endif
