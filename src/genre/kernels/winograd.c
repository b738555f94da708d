/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Convolution of 3x3 by Winograd's minimal filtering F(4x4, 3x3) (Lavin and Gray
 * 2016, "Fast algorithms for convolutional neural networks"): a tile of 4x4
 * outputs takes 36 products for each pair of channels instead of 144.  The
 * products of one position of many tiles are a matrix product.
 *
 * Two sizes follow from the number of registers: a step of the matrix product
 * keeps STEP_TILES x BLOCK_VECTORS sums in them. */

#include "vector.h"

#define TILE GENRE_TILE
#define FIELD (TILE + 2) /* of the input that a tile of the output sees */
#define POSITIONS GENRE_WINOGRAD_POSITIONS
#define BLOCK (BLOCK_VECTORS * LANES)
/* so many that the data of one step stays in the second-level cache */
#define MAX_TILES 24

typedef struct
{
  gsize bands, frames; /* of the pooled output */
  gsize tiles;         /* in a row, of those that contribute to the output */
} Output;

static Output
output_of (const GenreConv2dKernel *conv, const GenreShape *shape)
{
  Output output = { shape->bands / conv->pool.bands,
    shape->frames / conv->pool.frames, 0 };

  output.tiles = (output.frames * conv->pool.frames + TILE - 1) / TILE;
  return output;
}

static inline Vector
activate (GenreActivation activation, Vector x)
{
  switch (activation) {
    case GENRE_ACTIVATION_ELU:
      return vector_elu (x);
    case GENRE_ACTIVATION_RELU:
      return vector_max ((Vector){ 0 }, x);
    case GENRE_ACTIVATION_NONE:
      break;
  }
  return x;
}

static inline __attribute__ ((always_inline)) void
pool_tile (const GenreConv2dKernel *conv, gsize pb, gsize pf,
    const Output *output, const Vector y[TILE][TILE], gsize band, gsize frame,
    gsize channel, float *out)
{
  const gsize n = conv->out_channels - channel;
  const Vector bias = load (conv->bias + channel);

  band /= pb;
  frame /= pf;
  for (gsize i = 0; i < TILE / pb && band + i < output->bands; i++)
    for (gsize j = 0; j < TILE / pf && frame + j < output->frames; j++) {
      Vector max = y[i * pb][j * pf];

      for (gsize b = 0; b < pb; b++)
        for (gsize f = 0; f < pf; f++)
          max = vector_max (max, y[i * pb + b][j * pf + f]);
      store_some (out +
              ((band + i) * output->frames + frame + j) * conv->out_channels +
              channel,
          activate (conv->activation, max + bias), n);
    }
}

/* Pools a tile [TILE][TILE] of one vector of channels, adds the bias,
 * applies the activation, and stores the part that lies within the output. */
static inline void
finish_tile (const GenreConv2dKernel *conv, const Output *output,
    const Vector y[TILE][TILE], gsize band, gsize frame, gsize channel,
    float *out)
{
  const gsize pb = conv->pool.bands, pf = conv->pool.frames;

  /* the usual sizes, with loops that the compiler can unroll */
  if (pb == 2 && pf == 2)
    pool_tile (conv, 2, 2, output, y, band, frame, channel, out);
  else if (pb == 4 && pf == 2)
    pool_tile (conv, 4, 2, output, y, band, frame, channel, out);
  else
    pool_tile (conv, pb, pf, output, y, band, frame, channel, out);
}

/* One input channel: the sums of a tile of one vector of channels, directly.
 * @rows: [FIELD] rows of the input, with the zeros around it */
static void
convolve_first (const GenreConv2dKernel *conv, const Output *output,
    const float *rows, gsize row_size, gsize band, float *out)
{
  for (gsize tile = 0; tile < output->tiles; tile++)
    for (gsize c = 0; c < conv->out_channels; c += LANES) {
      const float *weight = conv->weight + c / BLOCK * 9 * BLOCK + c % BLOCK;
      Vector y[TILE][TILE];

      for (gsize i = 0; i < TILE; i += 2) {
        const float *in = rows + i * row_size + tile * TILE;
        Vector sum[2][TILE] = { 0 };

        for (gsize kb = 0; kb < 3; kb++)
          for (gsize kf = 0; kf < 3; kf++) {
            const Vector w = load (weight + (kb * 3 + kf) * BLOCK);
            const float *x = in + kb * row_size + kf;

            for (gsize b = 0; b < 2; b++)
              for (gsize f = 0; f < TILE; f++)
                sum[b][f] += x[b * row_size + f] * w;
          }
        memcpy (y[i], sum, sizeof sum);
      }
      finish_tile (conv, output, y, band, tile * TILE, c, out);
    }
}

static gsize
first_row_size (const Output *output)
{
  return output->tiles * TILE + 2;
}

/* The rows that a row of tiles sees. */
static void
copy_rows (const GenreShape *shape, const float *in, gsize band, float *rows,
    gsize row_size)
{
  gsize n = MIN (shape->frames, row_size - 1);

  for (gsize i = 0; i < FIELD; i++, rows += row_size) {
    memset (rows, 0, row_size * sizeof *rows);
    if (band + i >= 1 && band + i - 1 < shape->bands)
      memcpy (rows + 1, in + (band + i - 1) * shape->frames, n * sizeof *rows);
  }
}

/* B^T d: one column of the input's transform */
static inline void
transform_input (const Vector d[FIELD], Vector t[FIELD])
{
  Vector even = d[4] - 4 * d[2], odd = d[3] - 4 * d[1];
  Vector even2 = d[4] - d[2], odd2 = 2 * (d[3] - d[1]);

  t[0] = 4 * d[0] - 5 * d[2] + d[4];
  t[1] = even + odd;
  t[2] = even - odd;
  t[3] = even2 + odd2;
  t[4] = even2 - odd2;
  t[5] = 4 * d[1] - 5 * d[3] + d[5];
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

/* A field of the input, whose rows are @row_size floats apart, into the domain of
 * the products: v [POSITIONS][MAX_TILES][channels] */
static void
transform_field (const float *field, gsize row_size, gsize channels, float *v)
{
  for (gsize c = 0; c < channels; c += LANES) {
    Vector t[FIELD][FIELD];

    for (gsize j = 0; j < FIELD; j++) {
      Vector d[FIELD], column[FIELD];

      for (gsize i = 0; i < FIELD; i++)
        d[i] = load_some (
            field + i * row_size + j * channels + c, channels - c);
      transform_input (d, column);
      for (gsize i = 0; i < FIELD; i++)
        t[i][j] = column[i];
    }
    for (gsize i = 0; i < FIELD; i++) {
      Vector row[FIELD];

      transform_input (t[i], row);
      for (gsize j = 0; j < FIELD; j++)
        store_some (v + (i * FIELD + j) * MAX_TILES * channels + c, row[j],
            channels - c);
    }
  }
}

/* The field that the tile at @band and @frame of the output sees; @copy has room
 * for one [FIELD][FIELD][channels] with the zeros around the input. */
static void
transform_tile (const GenreShape *shape, const float *in, gsize band,
    gsize frame, float *copy, float *v)
{
  const gsize channels = shape->channels, row_size = shape->frames * channels;

  if (band >= 1 && band + FIELD - 1 <= shape->bands && frame >= 1 &&
      frame + FIELD - 1 <= shape->frames) {
    transform_field (in + (band - 1) * row_size + (frame - 1) * channels,
        row_size, channels, v);
    return;
  }
  for (gsize i = 0; i < FIELD; i++)
    for (gsize j = 0; j < FIELD; j++) {
      /* the one before the first becomes a large number, and is outside, too */
      gsize b = band + i - 1, f = frame + j - 1;
      float *to = copy + (i * FIELD + j) * channels;

      if (b < shape->bands && f < shape->frames)
        memcpy (to, in + b * row_size + f * channels, channels * sizeof *to);
      else
        memset (to, 0, channels * sizeof *to);
    }
  transform_field (copy, FIELD * channels, channels, v);
}

/* m [tiles][BLOCK] = v [tiles][k] u [k][BLOCK] */
static inline __attribute__ ((always_inline)) void
multiply_tiles (gsize tiles, const float *v, const float *u, gsize k, float *m)
{
  Vector sum[STEP_TILES][BLOCK_VECTORS] = { 0 };

  for (gsize i = 0; i < k; i++, u += BLOCK) {
    Vector w[BLOCK_VECTORS];

    for (gsize b = 0; b < BLOCK_VECTORS; b++)
      w[b] = load (u + b * LANES);
    for (gsize tile = 0; tile < tiles; tile++)
      for (gsize b = 0; b < BLOCK_VECTORS; b++)
        sum[tile][b] += v[tile * k + i] * w[b];
  }
  for (gsize tile = 0; tile < tiles; tile++)
    for (gsize b = 0; b < BLOCK_VECTORS; b++)
      store (m + tile * BLOCK + b * LANES, sum[tile][b]);
}

static void
multiply (gsize tiles, const float *v, const float *u, gsize k, float *m)
{
  for (; tiles >= STEP_TILES; tiles -= STEP_TILES) {
    multiply_tiles (STEP_TILES, v, u, k, m);
    v += STEP_TILES * k;
    m += STEP_TILES * BLOCK;
  }
  for (; tiles >= STEP_TILES / 3; tiles -= STEP_TILES / 3) {
    multiply_tiles (STEP_TILES / 3, v, u, k, m);
    v += STEP_TILES / 3 * k;
    m += STEP_TILES / 3 * BLOCK;
  }
  for (; tiles > 0; tiles--) {
    multiply_tiles (1, v, u, k, m);
    v += k;
    m += BLOCK;
  }
}

/* The tile @tile of the products m [POSITIONS][MAX_TILES][BLOCK], vector by
 * vector, to the output. */
static void
finish_products (const GenreConv2dKernel *conv, const Output *output,
    const float *m, gsize band, gsize frame, gsize channel, float *out)
{
  for (gsize c = 0; c < BLOCK && channel + c < conv->out_channels; c += LANES) {
    Vector t[TILE][FIELD], y[TILE][TILE];

    for (gsize j = 0; j < FIELD; j++) {
      Vector products[FIELD], column[TILE];

      for (gsize i = 0; i < FIELD; i++)
        products[i] = load (m + (i * FIELD + j) * MAX_TILES * BLOCK + c);
      transform_output (products, column);
      for (gsize i = 0; i < TILE; i++)
        t[i][j] = column[i];
    }
    for (gsize i = 0; i < TILE; i++)
      transform_output (t[i], y[i]);
    finish_tile (conv, output, y, band, frame, channel + c, out);
  }
}

static void
convolve (const GenreConv2dKernel *conv, const GenreShape *shape,
    const Output *output, const float *in, gsize band, float *out,
    float *scratch)
{
  const gsize k = conv->in_channels;
  float *v = scratch;                       /* [POSITIONS][MAX_TILES][k] */
  float *m = v + POSITIONS * MAX_TILES * k; /* [POSITIONS][MAX_TILES][BLOCK] */
  float *copy = m + POSITIONS * MAX_TILES * BLOCK; /* [FIELD][FIELD][k] */

  for (gsize first = 0; first < output->tiles; first += MAX_TILES) {
    const gsize tiles = MIN (output->tiles - first, MAX_TILES);
    const float *u = conv->weight;

    for (gsize tile = 0; tile < tiles; tile++)
      transform_tile (
          shape, in, band, (first + tile) * TILE, copy, v + tile * k);
    for (gsize c = 0; c < conv->out_channels; c += BLOCK) {
      for (gsize position = 0; position < POSITIONS; position++, u += k * BLOCK)
        multiply (tiles, v + position * MAX_TILES * k, u, k,
            m + position * MAX_TILES * BLOCK);
      for (gsize tile = 0; tile < tiles; tile++)
        finish_products (conv, output, m + tile * BLOCK, band,
            (first + tile) * TILE, c, out);
    }
  }
}

gsize
KERNEL (conv2d_scratch) (const GenreConv2dKernel *conv, gsize frames)
{
  return conv->in_channels == 1 ? FIELD * (frames + TILE + 2)
                                : POSITIONS *
          (MAX_TILES * (conv->in_channels + BLOCK) + conv->in_channels);
}

void
KERNEL (conv2d) (const GenreConv2dKernel *conv, const GenreShape *shape,
    const float *in, gsize band, float *out, float *scratch)
{
  const Output output = output_of (conv, shape);

  if (conv->in_channels == 1) {
    gsize row_size = first_row_size (&output);

    copy_rows (shape, in, band, scratch, row_size);
    convolve_first (conv, &output, scratch, row_size, band, out);
  } else {
    convolve (conv, shape, &output, in, band, out, scratch);
  }
}
