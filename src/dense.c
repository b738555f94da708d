/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Dense layer over the features of each frame; PyTorch's nn.Linear. */

#include <cblas.h>

#include "layer.h"

typedef struct
{
  GenreLayer layer;
  gsize features, units;
  float *weight; /* [units][features] */
  float *bias;   /* [units] */
} Dense;

static gboolean
dense_shape (const GenreLayer *layer, GenreShape *shape)
{
  shape->channels = 1;
  shape->bands = ((const Dense *) layer)->units;
  return TRUE;
}

static void
dense_forward (const GenreLayer *layer, const GenreShape *shape,
    const float *in, float *out, const GenreScratch *scratch)
{
  const Dense *dense = (const Dense *) layer;
  gsize frames = shape->frames;

  (void) scratch;
  for (gsize i = 0; i < dense->units; i++)
    for (gsize t = 0; t < frames; t++)
      out[i * frames + t] = dense->bias[i];
  cblas_sgemm (CblasRowMajor, CblasNoTrans, CblasNoTrans, dense->units, frames,
      dense->features, 1, dense->weight, dense->features, in, frames, 1, out,
      frames);
}

static void
dense_free (GenreLayer *layer)
{
  Dense *dense = (Dense *) layer;

  g_free (dense->weight);
  g_free (dense->bias);
  g_free (dense);
}

static const GenreLayerClass dense_class = {
  .shape = dense_shape,
  .forward = dense_forward,
  .free = dense_free,
};

GenreLayer *
genre_dense_new (
    const GenreLayerSpec *spec, const GenreShape *in, GError **error)
{
  Dense *dense = g_new0 (Dense, 1);
  gsize shape[2];

  dense->layer.klass = &dense_class;
  dense->features = in->channels * in->bands;
  if (!genre_layer_spec_get_size (spec, "units", &dense->units, error))
    goto fail;
  shape[0] = dense->units;
  shape[1] = dense->features;
  dense->weight = genre_layer_spec_dup_tensor (spec, "weight", shape, 2, error);
  if (!dense->weight)
    goto fail;
  dense->bias = genre_layer_spec_dup_tensor (spec, "bias", shape, 1, error);
  if (!dense->bias)
    goto fail;
  dense->layer.n_parameters = dense->units * (dense->features + 1);
  return &dense->layer;

fail:
  dense_free (&dense->layer);
  return NULL;
}
