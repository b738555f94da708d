/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Convolution with a 3x3 kernel and zero padding ("same"), as a matrix product
 * per row of the output; PyTorch's Conv2d(in, out, 3, padding=1). */

#include <cblas.h>
#include <string.h>

#include "batch_norm.h"

#define KERNEL 3

typedef struct
{
  GenreLayer layer;
  gsize in_channels, out_channels;
  float *weight;  /* [out][in][KERNEL][KERNEL] */
  float *bias;    /* [out] */
  GenrePool pool; /* {1, 1}: none */
} Conv2d;

static gboolean
conv2d_shape (const GenreLayer *layer, GenreShape *shape)
{
  const Conv2d *conv = (const Conv2d *) layer;

  shape->channels = conv->out_channels;
  shape->bands /= conv->pool.bands;
  shape->frames /= conv->pool.frames;
  return shape->bands > 0 && shape->frames > 0;
}

static gsize
conv2d_scratch (const GenreLayer *layer, const GenreShape *in)
{
  const Conv2d *conv = (const Conv2d *) layer;

  return in->frames *
      (conv->in_channels * KERNEL * KERNEL +
          conv->out_channels * conv->pool.bands);
}

/* The patches of one row of the output: [in][KERNEL][KERNEL][frames]. */
static void
gather_patches (const Conv2d *conv, const GenreShape *shape, const float *in,
    gsize band, float *patches)
{
  gsize frames = shape->frames;

  for (gsize c = 0; c < conv->in_channels; c++) {
    for (int kb = -1; kb <= 1; kb++) {
      gboolean inside = kb < 0 ? band > 0
          : kb > 0             ? band + 1 < shape->bands
                               : TRUE;
      const float *row = in + (c * shape->bands + band) * frames;

      if (!inside) {
        memset (patches, 0, KERNEL * frames * sizeof *patches);
        patches += KERNEL * frames;
        continue;
      }
      row += kb * (gssize) frames;
      /* the frame before, the frame itself, the frame after */
      patches[0] = 0;
      memcpy (patches + 1, row, (frames - 1) * sizeof *row);
      patches += frames;
      memcpy (patches, row, frames * sizeof *row);
      patches += frames;
      memcpy (patches, row + 1, (frames - 1) * sizeof *row);
      patches[frames - 1] = 0;
      patches += frames;
    }
  }
}

static void
conv2d_forward (const GenreLayer *layer, const GenreShape *shape,
    const float *in, float *out, const GenreScratch *scratch)
{
  const Conv2d *conv = (const Conv2d *) layer;
  gsize frames = shape->frames;
  gsize depth = conv->in_channels * KERNEL * KERNEL;
  GenreShape pooled = *shape;
  float *patches = scratch->floats;       /* [depth][frames] */
  float *rows = patches + depth * frames; /* [out][pool.bands][frames] */
  gsize stride = conv->pool.bands * frames;

  conv2d_shape (layer, &pooled);
  for (gsize band = 0; band < pooled.bands; band++) {
    if (genre_scratch_is_cancelled (scratch))
      return;
    for (gsize i = 0; i < conv->pool.bands; i++) {
      gather_patches (conv, shape, in, band * conv->pool.bands + i, patches);
      cblas_sgemm (CblasRowMajor, CblasNoTrans, CblasNoTrans,
          conv->out_channels, frames, depth, 1, conv->weight, depth, patches,
          frames, 0, rows + i * frames, stride);
    }
    for (gsize c = 0; c < conv->out_channels; c++) {
      float *row = out + (c * pooled.bands + band) * pooled.frames;

      genre_pool_row (&conv->pool, rows + c * stride, frames, frames, row);
      for (gsize t = 0; t < pooled.frames; t++)
        row[t] += conv->bias[c];
    }
  }
}

static void
conv2d_free (GenreLayer *layer)
{
  Conv2d *conv = (Conv2d *) layer;

  g_free (conv->weight);
  g_free (conv->bias);
  g_free (conv);
}

static const GenreLayerClass conv2d_class = {
  .shape = conv2d_shape,
  .scratch = conv2d_scratch,
  .forward = conv2d_forward,
  .free = conv2d_free,
};

GenreLayer *
genre_conv2d_new (
    const GenreLayerSpec *spec, const GenreShape *in, GError **error)
{
  Conv2d *conv = g_new0 (Conv2d, 1);
  gsize shape[4];

  conv->layer.klass = &conv2d_class;
  conv->pool = (GenrePool){ 1, 1 };
  conv->in_channels = in->channels;
  if (!genre_layer_spec_get_size (spec, "channels", &conv->out_channels, error))
    goto fail;
  shape[0] = conv->out_channels;
  shape[1] = conv->in_channels;
  shape[2] = shape[3] = KERNEL;
  conv->weight = genre_layer_spec_dup_tensor (spec, "weight", shape, 4, error);
  if (!conv->weight)
    goto fail;
  conv->bias = genre_layer_spec_dup_tensor (spec, "bias", shape, 1, error);
  if (!conv->bias)
    goto fail;
  conv->layer.n_parameters = (conv->in_channels * KERNEL * KERNEL + 1) *
      conv->out_channels;
  return &conv->layer;

fail:
  conv2d_free (&conv->layer);
  return NULL;
}

/* A batch norm is linear in what the convolution gives. */
gboolean
genre_conv2d_fold_batch_norm (
    GenreLayer *layer, const GenreLayerSpec *spec, GError **error)
{
  Conv2d *conv = (Conv2d *) layer;
  gsize depth = conv->in_channels * KERNEL * KERNEL;
  g_autofree float *scale = NULL;

  g_return_val_if_fail (layer->klass == &conv2d_class, FALSE);
  scale = genre_batch_norm_read (spec, conv->out_channels, error);
  if (!scale)
    return FALSE;
  for (gsize c = 0; c < conv->out_channels; c++) {
    for (gsize i = 0; i < depth; i++)
      conv->weight[c * depth + i] *= scale[c];
    conv->bias[c] = conv->bias[c] * scale[c] + scale[conv->out_channels + c];
  }
  return TRUE;
}

gboolean
genre_conv2d_fold_max_pool (
    GenreLayer *layer, const GenreLayerSpec *spec, GError **error)
{
  Conv2d *conv = (Conv2d *) layer;

  g_return_val_if_fail (layer->klass == &conv2d_class, FALSE);
  return genre_pool_read (&conv->pool, spec, error);
}
