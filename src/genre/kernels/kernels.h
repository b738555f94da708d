/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The arithmetic that takes most of the time.  It exists in plain C, the reference,
 * and with vectors for each family of processors.  The processor decides once
 * which of them runs.
 *
 * A tensor is [bands][frames][channels]; a vector holds neighbouring channels.
 */

#pragma once

#include "tensor.h"

/* A convolution gives the output of as many bands at a time (before pooling). */
#define GENRE_TILE 4
/* Products that a tile takes in Winograd's domain, 6 x 6 */
#define GENRE_WINOGRAD_POSITIONS 36

/* A convolution of 3x3 with zero padding and what is computed with it: bias,
 * max-pool and activation; the pool's sizes divide GENRE_TILE. */
typedef struct
{
  gsize in_channels, out_channels;
  /* In blocks of block_channels outputs, and 0 for those beyond out_channels:
   *   [block][3 x 3][in][block_channels], or, if the kernels say winograd and
   *   there is more than one input channel,
   *   [block][GENRE_WINOGRAD_POSITIONS][in][block_channels] */
  const float *weight;
  const float *bias; /* as many as there are in all blocks */
  GenrePool pool;
  GenreActivation activation;
} GenreConv2dKernel;

typedef struct
{
  const char *name;

  gboolean winograd;
  gsize block_channels; /* 0: one block holds all */
  /* Floats of scratch memory for an input of @frames. */
  gsize (*conv2d_scratch) (const GenreConv2dKernel *conv, gsize frames);
  /* Computes the part of the output that comes from GENRE_TILE bands of the
   * convolution, from @band on, which is a multiple of GENRE_TILE.  @in and @out
   * are the whole tensors. */
  void (*conv2d) (const GenreConv2dKernel *conv, const GenreShape *shape,
      const float *in, gsize band, float *out, float *scratch);

  /* out [n] = samples * window; gives the sum of the samples' squares */
  float (*window) (
      const float *samples, const float *window, gsize n, float *out);
  /* power [n] = the squared magnitudes of n complex numbers (re, im) */
  void (*power) (const float *spectrum, gsize n, float *power);
  /* x [n] = 10 log10 (max (x, least)) */
  void (*decibels) (float *x, gsize n, float least);

  /* x [n] = elu (x) */
  void (*elu) (float *x, gsize n);

  /* y [n] = bias [n] + x [k] W, with W in blocks of block_units outputs,
   * [block][k][block_units], 0 beyond n; bias and y are as long as all blocks */
  gsize block_units; /* 0: one block holds all */
  void (*project) (const float *weight, const float *bias, const float *x,
      gsize k, gsize n, float *y);
  /* One step: computes the state @h, [hidden], from the state @before (NULL: all
   * 0), the input's part of all gates, @x, and the state's part, @s. */
  void (*gru_gates) (const float *x, const float *s, const float *before,
      gsize hidden, float *h);
  /* The same for an LSTM; it changes @c, the cell's state. */
  void (*lstm_gates) (
      const float *x, const float *s, gsize hidden, float *c, float *h);
} GenreKernels;

/* The fastest kernels that this processor has; or those that the environment
 * variable GENRECLASSIFY_KERNELS names.  NULL with
 * GENRE_ERROR_ARGUMENT if this processor does not have them. */
const GenreKernels *genre_kernels_get (GError **error);
