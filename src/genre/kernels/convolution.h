/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the convolutions of one and of many input channels have in common: the
 * input's transform into Winograd's domain, and the epilogue. */

#pragma once

#include "vector.h"

#define TILE GENRE_TILE
#define FIELD GENRE_WINOGRAD_FIELD
#define POSITIONS (FIELD * FIELD)
/* so many at a time that their data stays in the second-level cache */
#define MAX_TILES 24

/* Has the compiler compute @x here, in a register, where it would read it from
 * memory again for each use, or compute it too early. */
#if defined __FMA__
#define KEEP_IN_REGISTER(x) __asm__ volatile("" : "+x"(x))
#else
#define KEEP_IN_REGISTER(x)
#endif

typedef struct
{
  gsize bands, frames; /* of the pooled output */
  gsize tiles;         /* in a row, of those that contribute to the output */
} Output;

/* B^T d: one column of the input's transform */
static ALWAYS_INLINE void
transform_input (const Vector d[FIELD], Vector t[FIELD])
{
  Vector even = d[4] - 4 * d[2], odd = d[3] - 4 * d[1];
  Vector even2 = d[4] - d[2], odd2 = d[3] - d[1];

  t[0] = 4 * d[0] - 5 * d[2] + d[4];
  t[1] = even + odd;
  t[2] = even - odd;
  t[3] = even2 + 2 * odd2;
  t[4] = even2 - 2 * odd2;
  t[5] = 4 * d[1] - 5 * d[3] + d[5];
}

/* Pools a tile of one vector of channels with fields of @pb bands and @pf frames,
 * adds the bias, and stores the part that lies within the output. */
static ALWAYS_INLINE void
finish_tile (const GenreConv2dKernel *conv, gsize pb, gsize pf,
    const Output *output, const Vector y[TILE][TILE], gsize band, gsize frame,
    gsize channel, float *out)
{
  const gsize n = conv->out_channels - channel;
  const Vector bias = load (conv->bias + channel);

  band /= pb;
  frame /= pf;
  for (gsize i = 0; i < TILE / pb; i++)
    for (gsize j = 0; j < TILE / pf; j++) {
      Vector max = y[i * pb][j * pf];

      for (gsize b = 0; b < pb; b++)
        for (gsize f = 0; f < pf; f++)
          max = vector_max (max, y[i * pb + b][j * pf + f]);
      if (band + i < output->bands && frame + j < output->frames)
        store_some (out +
                ((band + i) * output->frames + frame + j) * conv->out_channels +
                channel,
            max + bias, n);
    }
}

/* Convolves a row of tiles of one input channel; @scratch: first_scratch() floats */
void KERNEL (convolve_first) (const GenreConv2dKernel *conv,
    const GenreShape *shape, const Output *output, const float *in, gsize band,
    float *out, float *scratch);
gsize KERNEL (first_scratch) (gsize frames);
