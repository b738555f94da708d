/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Batch norm with the statistics of training; PyTorch's nn.BatchNorm2d.  One
 * that follows a convolution is folded into its weights. */

#include "batch_norm.h"

#include <math.h>

#include "genre/weights/error.h"

float *
genre_batch_norm_read (
    const GenreLayerSpec *spec, gsize channels, GError **error)
{
  static const char *const suffixes[] = { "weight", "bias", "running_mean",
    "running_var" };
  float *values[G_N_ELEMENTS (suffixes)] = { NULL };
  float *scale = NULL;
  double epsilon;

  if (!genre_layer_spec_get_number (spec, "epsilon", &epsilon, error))
    return NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (suffixes); i++) {
    values[i] = genre_layer_spec_dup_tensor (
        spec, suffixes[i], &channels, 1, error);
    if (!values[i])
      goto out;
  }
  scale = g_new (float, 2 * channels);
  for (gsize c = 0; c < channels; c++) {
    double variance = values[3][c] + epsilon;

    scale[c] = values[0][c] / sqrt (variance);
    scale[channels + c] = values[1][c] - values[2][c] * (double) scale[c];
    if (!(variance > 0) || !isfinite (scale[c])) {
      genre_refuse (error, GENRE_ERROR_FORMAT,
          "%s.running_var[%" G_GSIZE_FORMAT "] is %g, expected a variance",
          spec->name, c, values[3][c]);
      g_clear_pointer (&scale, g_free);
      break;
    }
  }

out:
  for (gsize i = 0; i < G_N_ELEMENTS (suffixes); i++)
    g_free (values[i]);
  return scale;
}

typedef struct
{
  GenreLayer layer;
  float *scale; /* [2][channels]: factors, and what is added */
} BatchNorm;

static void
batch_norm_forward (const GenreLayer *layer, const GenreShape *shape,
    const float *in, float *out, const GenreScratch *scratch)
{
  const float *scale = ((const BatchNorm *) layer)->scale;
  const gsize n = shape->channels;

  (void) scratch;
  for (gsize i = 0; i < shape->bands * shape->frames; i++)
    for (gsize c = 0; c < n; c++)
      out[i * n + c] = in[i * n + c] * scale[c] + scale[n + c];
}

static void
batch_norm_free (GenreLayer *layer)
{
  g_free (((BatchNorm *) layer)->scale);
  g_free (layer);
}

static const GenreLayerClass batch_norm_class = {
  .forward = batch_norm_forward,
  .free = batch_norm_free,
  .in_place = TRUE,
};

GenreLayer *
genre_batch_norm_new (
    const GenreLayerSpec *spec, const GenreShape *in, GError **error)
{
  float *scale = genre_batch_norm_read (spec, in->channels, error);
  BatchNorm *norm;

  if (!scale)
    return NULL;
  norm = g_new0 (BatchNorm, 1);
  norm->layer.klass = &batch_norm_class;
  norm->layer.n_parameters = 2 * in->channels;
  norm->scale = scale;
  return &norm->layer;
}
