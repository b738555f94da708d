/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The arithmetic that takes most of the time.  It exists in plain C, the reference,
 * and with vectors for each family of processors.  The processor decides once
 * which of them runs.
 *
 * A tensor is [bands][frames][channels]; a vector holds neighbouring channels.
 */

#pragma once

#include "genre/genrebase.h"
#include "tensor.h"

/* A convolution gives the output of as many bands at a time (before pooling). */
#define GENRE_TILE 4
/* Of the input, what a tile of 4x4 outputs sees is 6x6, and so is the tile in
 * Winograd's domain. */
#define GENRE_WINOGRAD_FIELD 6

/* A convolution of 3x3 with zero padding and what is computed with it: bias,
 * max-pool and activation; the pool's sizes divide GENRE_TILE. */
typedef struct
{
  gsize in_channels, out_channels;
  /* In blocks of block_channels outputs, and 0 for those beyond out_channels:
   *   [block][3 x 3][in][block_channels], or, if the kernels say winograd,
   *   [block][FIELD x FIELD][in][block_channels], or, of one input channel, in
   *   Winograd's domain along the bands only,
   *   [block][FIELD x 3][block_channels]; FIELD is GENRE_WINOGRAD_FIELD.
   * Those of several input channels may be packed otherwise, see conv2d_pack. */
  const float *weight;
  const float *bias; /* as many as there are in all blocks */
  GenrePool pool;
  GenreActivation activation;
} GenreConv2dKernel;

#define GENRE_HALVE_TAPS 7
#define GENRE_HALVE_MARGIN 32 /* a vector and the taps */

/* A filter of a filterbank.  So many neighbours have the same number of bins, a multiple
 * of that number, so that vectors can do them together; their weights end with zeros. */
#define GENRE_FILTER_GROUP 16
typedef struct
{
  gsize first_bin, n_bins;
  const float *weights; /* [n_bins] */
} GenreFilter;

typedef struct _GenreKernels GenreKernels;

struct _GenreKernels
{
  const char *name;
  /* those of the same processors that keep all weights as floats; or themselves */
  const GenreKernels *exact;

  gboolean winograd;
  gsize block_channels; /* 0: one block holds all */
  /* NULL: weights of convolutions are as in GenreConv2dKernel.  Else, for several
   * input channels, the number of rows of block_channels floats in a block, or 0 if
   * there are too many channels and the exact kernels have to do it. */
  gsize (*conv2d_rows) (gsize in_channels);
  /* Packs the terms of one output channel, [FIELD x FIELD][in_channels], into a
   * column of a block, which begins at @to and is 0.  Its first FIELD x FIELD rows
   * are factors of the output. */
  void (*conv2d_pack) (const float *terms, gsize in_channels, float *to);
  /* Floats of scratch memory for an input of @frames. */
  gsize (*conv2d_scratch) (const GenreConv2dKernel *conv, gsize frames);
  /* Computes the part of the output that comes from GENRE_TILE bands of the
   * convolution, from @band on, which is a multiple of GENRE_TILE.  @in and @out
   * are the whole tensors. */
  void (*conv2d) (const GenreConv2dKernel *conv, const GenreShape *shape,
      const float *in, gsize band, float *out, float *scratch);

  /* mono [n_frames]: the mean of the channels of samples [n_frames][channels],
   * full scale 1.0; samples that are not finite, beyond +-1e9 or within +-1e-10 count
   * as 0. */
  void (*downmix) (GenreSampleFormat format, guint channels,
      gconstpointer samples, gsize n_frames, float *mono);
  /* The same of planes [channels], each samples [n_frames], from @first on. */
  void (*downmix_planar) (GenreSampleFormat format, guint channels,
      const gconstpointer *planes, gsize first, gsize n_frames, float *mono);
  /* out [n] = samples * window; gives the sum of the samples' squares */
  float (*window) (
      const float *samples, const float *window, gsize n, float *out);
  /* out [n], at half the rate of samples [2 n], through a half-band filter of
   * 4 GENRE_HALVE_TAPS - 1 coefficients, of which @taps are those of one side that
   * are not 0; before and after the samples there is silence.  Gives the sum of the
   * samples' squares.  @out may be @samples; scratch [n + 2 GENRE_HALVE_MARGIN] */
  float (*halve) (const float *samples, const float *taps, gsize n,
      float *scratch, float *out);
  /* power [n] = 4 times the squared magnitudes of the first n numbers, at most
   * size + 1, of the transform of 2 size real numbers.  spectrum [size + 1] (re, im)
   * is that of the same numbers taken as size complex ones, and its first again;
   * rotation [2][n] are the cosines and the sines of pi k / size. */
  void (*real_power) (const float *spectrum, gsize size, const float *rotation,
      gsize n, float *power);
  /* bands [n] = what each filter lets pass; n is a multiple of GENRE_FILTER_GROUP */
  void (*filter) (
      const GenreFilter *filters, gsize n, const float *power, float *bands);
  /* x [n] = 10 log10 (max (x, least)) */
  void (*decibels) (float *x, gsize n, float least);

  /* x [n] = elu (x) */
  void (*elu) (float *x, gsize n);

  /* Bytes of the weights W [n][k] as add_product wants them. */
  gsize (*pack_size) (gsize k, gsize n);
  /* Makes them.  FALSE if these kernels keep weights with less precision than a
   * float, and W is beyond its range: then the exact ones have to do it. */
  gboolean (*pack) (const float *weight, gsize k, gsize n, gpointer packed);
  /* y [rows][n] += x [rows][k] W^T; each row is the same as it is alone */
  void (*add_product) (gconstpointer packed, const float *x, gsize rows,
      gsize k, gsize n, float *y);
  /* One step: computes the state @h, [hidden], from the state @before (NULL: all
   * 0), the input's part of all gates, @x, and the state's part, @s. */
  void (*gru_gates) (const float *x, const float *s, const float *before,
      gsize hidden, float *h);
  /* The same for an LSTM; it changes @c, the cell's state. */
  void (*lstm_gates) (
      const float *x, const float *s, gsize hidden, float *c, float *h);
};

/* The fastest kernels that this processor has; or those that the environment
 * variable GENRECLASSIFY_KERNELS names; with "exact" the fastest of those that keep all
 * weights as floats.  NULL with GENRE_ERROR_ARGUMENT if this processor does not have
 * them. */
const GenreKernels *genre_kernels_get (GError **error);
