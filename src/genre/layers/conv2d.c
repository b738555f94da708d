/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Convolution with a 3x3 kernel and zero padding ("same"); PyTorch's
 * Conv2d(in, out, 3, padding=1).  Batch norm, max-pool and activation that follow
 * it are computed with it. */

#include <string.h>

#include "batch_norm.h"
#include "layer.h"

#define KERNEL 3
#define TAPS (KERNEL * KERNEL)
#define FIELD GENRE_WINOGRAD_FIELD
#define MAX_TERMS (FIELD * FIELD)

/* what was folded into it last; only a greater value may follow */
typedef enum
{
  FOLDED_NOTHING,
  FOLDED_BATCH_NORM,
  FOLDED_MAX_POOL,
  FOLDED_ACTIVATION,
} Folded;

typedef struct
{
  GenreLayer layer;
  const GenreKernels *kernels;
  GenreConv2dKernel conv;
  Folded folded;
  gsize n_blocks, block_channels;
  gsize rows;    /* of block_channels weights in a block */
  gsize factors; /* how many of them, the first, are factors of the output */
  float *weight; /* [n_blocks][rows][block_channels], as in GenreConv2dKernel */
  float *bias;   /* [n_blocks x block_channels] */
} Conv2d;

static gboolean
conv2d_shape (const GenreLayer *layer, GenreShape *shape)
{
  const GenreConv2dKernel *conv = &((const Conv2d *) layer)->conv;

  shape->channels = conv->out_channels;
  shape->bands /= conv->pool.bands;
  shape->frames /= conv->pool.frames;
  return shape->bands > 0 && shape->frames > 0;
}

static gsize
conv2d_scratch (const GenreLayer *layer, const GenreShape *in)
{
  const Conv2d *conv = (const Conv2d *) layer;

  return conv->kernels->conv2d_scratch (&conv->conv, in->frames);
}

static void
conv2d_forward (const GenreLayer *layer, const GenreShape *shape,
    const float *in, float *out, const GenreScratch *scratch)
{
  const Conv2d *conv = (const Conv2d *) layer;

  for (gsize band = 0; band < shape->bands; band += GENRE_TILE) {
    if (genre_scratch_is_cancelled (scratch))
      return;
    conv->kernels->conv2d (&conv->conv, shape, in, band, out, scratch->floats);
  }
}

/* G g (Lavin and Gray 2016, for F(4x4, 3x3)) of @n kernels: g [KERNEL][@n], whose rows
 * are @g_step apart, to u [FIELD][@n], @u_step apart */
static void
transform_kernels (
    const double *g, gsize g_step, gsize n, double *u, gsize u_step)
{
  for (gsize i = 0; i < n; i++, g++, u++) {
    double g0 = g[0], g1 = g[g_step] / 6, g2 = g[2 * g_step];
    double sum = (g0 + g2) / 6, sum2 = g0 / 24 + g2 / 6;

    u[0] = g0 / 4;
    u[u_step] = -sum - g1;
    u[2 * u_step] = -sum + g1;
    u[3 * u_step] = sum2 + g1 / 2;
    u[4 * u_step] = sum2 - g1 / 2;
    u[5 * u_step] = g2;
  }
}

static gsize
count_terms (const Conv2d *conv)
{
  if (!conv->kernels->winograd)
    return TAPS;
  return conv->conv.in_channels == 1 ? FIELD * KERNEL : FIELD * FIELD;
}

/* What the kernels multiply the input with instead of the kernels g [in][TAPS] of one
 * output channel: the rows of all terms, [MAX_TERMS][in], of which the first
 * count_terms() count.
 * @work: room for [TAPS + FIELD x KERNEL][in] */
static const double *
make_terms (const Conv2d *conv, const float *g, double *work, double *terms)
{
  const gsize in = conv->conv.in_channels;
  double *taps = work, *bands = taps + TAPS * in;

  for (gsize i = 0; i < in; i++)
    for (gsize tap = 0; tap < TAPS; tap++)
      taps[tap * in + i] = g[i * TAPS + tap];
  if (!conv->kernels->winograd)
    return taps;
  for (gsize f = 0; f < KERNEL; f++)
    transform_kernels (
        taps + f * in, KERNEL * in, in, bands + f * in, KERNEL * in);
  if (in == 1)
    return bands;
  for (gsize b = 0; b < FIELD; b++)
    transform_kernels (
        bands + b * KERNEL * in, in, in, terms + b * FIELD * in, in);
  return terms;
}

/* Whether the kernels have a way of their own to pack the weights */
static gboolean
is_packed (const Conv2d *conv)
{
  return conv->kernels->conv2d_rows && conv->conv.in_channels > 1;
}

/* From PyTorch's weights of one output channel, @g [in][TAPS] */
static void
pack_channel (const Conv2d *conv, const float *g, double *work, float *to)
{
  const gsize in = conv->conv.in_channels, n = count_terms (conv) * in;
  const double *terms = make_terms (
      conv, g, work + MAX_TERMS * in, work /* [MAX_TERMS][in] */);

  if (is_packed (conv)) {
    g_autofree float *rounded = g_new (float, n);

    for (gsize row = 0; row < n; row++)
      rounded[row] = terms[row];
    conv->kernels->conv2d_pack (rounded, in, to);
    return;
  }
  for (gsize row = 0; row < n; row++)
    to[row * conv->block_channels] = terms[row];
}

/* From PyTorch's @weight [out][in][KERNEL][KERNEL] and @bias [out] */
static void
conv2d_pack (Conv2d *conv, const float *weight, const float *bias)
{
  const gsize in = conv->conv.in_channels, out = conv->conv.out_channels;
  const gsize n_terms = count_terms (conv);
  const gsize block = conv->kernels->block_channels
      ? conv->kernels->block_channels
      : out;
  g_autofree double *work = g_new (
      double, (MAX_TERMS + TAPS + FIELD * KERNEL) * in);

  conv->block_channels = block;
  conv->n_blocks = (out + block - 1) / block;
  conv->rows = is_packed (conv) ? conv->kernels->conv2d_rows (in)
                                : n_terms * in;
  conv->factors = is_packed (conv) ? n_terms : conv->rows;
  conv->weight = genre_alloc_floats (conv->n_blocks * conv->rows * block);
  conv->bias = genre_alloc_floats (conv->n_blocks * block);
  memcpy (conv->bias, bias, out * sizeof *bias);
  for (gsize o = 0; o < out; o++)
    pack_channel (conv, weight + o * in * TAPS, work,
        conv->weight + o / block * conv->rows * block + o % block);
  conv->conv.weight = conv->weight;
  conv->conv.bias = conv->bias;
}

/* A batch norm is a linear function of the convolution's output. */
static gboolean
fold_batch_norm (Conv2d *conv, const GenreLayerSpec *spec, GError **error)
{
  const gsize out = conv->conv.out_channels, block = conv->block_channels;
  g_autofree float *scale = genre_batch_norm_read (spec, out, error);

  if (!scale)
    return FALSE;
  for (gsize first = 0; first < out; first += block) {
    float *weight = conv->weight + first * conv->rows;

    for (gsize row = 0; row < conv->factors; row++, weight += block)
      for (gsize o = first; o < MIN (first + block, out); o++)
        weight[o - first] *= scale[o];
  }
  for (gsize o = 0; o < out; o++)
    conv->bias[o] = conv->bias[o] * scale[o] + scale[out + o];
  return TRUE;
}

static gboolean
conv2d_fold (GenreLayer *layer, const GenreLayerSpec *spec, gboolean *folded,
    GError **error)
{
  Conv2d *conv = (Conv2d *) layer;
  Folded what = FOLDED_NOTHING;
  GenrePool pool;

  if (!strcmp (spec->type, "batch_norm"))
    what = FOLDED_BATCH_NORM;
  else if (!strcmp (spec->type, "max_pool"))
    what = FOLDED_MAX_POOL;
  else if (!strcmp (spec->type, "elu") || !strcmp (spec->type, "relu"))
    what = FOLDED_ACTIVATION;

  *folded = FALSE;
  /* two batch norms are both linear */
  if (what < conv->folded || what == FOLDED_NOTHING ||
      (what == conv->folded && what != FOLDED_BATCH_NORM))
    return TRUE;
  if (what == FOLDED_BATCH_NORM && !fold_batch_norm (conv, spec, error))
    return FALSE;
  if (what == FOLDED_MAX_POOL) {
    if (!genre_pool_read (&pool, spec, error))
      return FALSE;
    if (GENRE_TILE % pool.bands || GENRE_TILE % pool.frames)
      return TRUE;
    conv->conv.pool = pool;
  }
  if (what == FOLDED_ACTIVATION)
    conv->conv.activation = strcmp (spec->type, "elu") ? GENRE_ACTIVATION_RELU
                                                       : GENRE_ACTIVATION_ELU;
  conv->folded = what;
  *folded = TRUE;
  return TRUE;
}

static void
conv2d_free (GenreLayer *layer)
{
  Conv2d *conv = (Conv2d *) layer;

  genre_free_floats (conv->weight);
  genre_free_floats (conv->bias);
  g_free (conv);
}

static const GenreLayerClass conv2d_class = {
  .shape = conv2d_shape,
  .scratch = conv2d_scratch,
  .forward = conv2d_forward,
  .fold = conv2d_fold,
  .free = conv2d_free,
};

GenreLayer *
genre_conv2d_new (
    const GenreLayerSpec *spec, const GenreShape *in, GError **error)
{
  g_autofree float *weight = NULL, *bias = NULL;
  gsize shape[4] = { 0, in->channels, KERNEL, KERNEL };
  Conv2d *conv;

  if (!genre_layer_spec_get_size (spec, "channels", &shape[0], error))
    return NULL;
  weight = genre_layer_spec_dup_tensor (spec, "weight", shape, 4, error);
  if (!weight)
    return NULL;
  bias = genre_layer_spec_dup_tensor (spec, "bias", shape, 1, error);
  if (!bias)
    return NULL;
  conv = g_new0 (Conv2d, 1);
  conv->layer.klass = &conv2d_class;
  conv->layer.n_parameters = (shape[1] * TAPS + 1) * shape[0];
  conv->kernels = spec->kernels;
  if (spec->kernels->conv2d_rows && !spec->kernels->conv2d_rows (shape[1]))
    conv->kernels = spec->kernels->exact;
  conv->conv.in_channels = shape[1];
  conv->conv.out_channels = shape[0];
  conv->conv.pool = (GenrePool){ 1, 1 };
  conv2d_pack (conv, weight, bias);
  return &conv->layer;
}
