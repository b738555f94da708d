/* SPDX-License-Identifier: GPL-2.0-or-later */

/* ELU, ReLU and softmax; all of them work in place. */

#include <math.h>

#include "layer.h"

/* ELU with alpha 1 (Clevert et al. 2016, equation 15) */
static void
elu_forward (const GenreLayer *layer, const GenreShape *shape, const float *in,
    float *out, const GenreScratch *scratch)
{
  gsize n = shape->channels * shape->bands * shape->frames;

  (void) layer;
  (void) scratch;
  for (gsize i = 0; i < n; i++)
    out[i] = in[i] > 0 ? in[i] : expm1f (in[i]);
}

static void
relu_forward (const GenreLayer *layer, const GenreShape *shape, const float *in,
    float *out, const GenreScratch *scratch)
{
  gsize n = shape->channels * shape->bands * shape->frames;

  (void) layer;
  (void) scratch;
  for (gsize i = 0; i < n; i++)
    out[i] = in[i] > 0 ? in[i] : 0;
}

/* Over the features of each frame. */
static void
softmax_forward (const GenreLayer *layer, const GenreShape *shape,
    const float *in, float *out, const GenreScratch *scratch)
{
  gsize n = shape->channels * shape->bands;
  gsize frames = shape->frames;

  (void) layer;
  (void) scratch;
  for (gsize t = 0; t < frames; t++) {
    float max = in[t];
    double sum = 0;

    for (gsize i = 1; i < n; i++)
      max = MAX (max, in[i * frames + t]);
    for (gsize i = 0; i < n; i++) {
      out[i * frames + t] = expf (in[i * frames + t] - max);
      sum += out[i * frames + t];
    }
    for (gsize i = 0; i < n; i++)
      out[i * frames + t] /= sum;
  }
}

static void
activation_free (GenreLayer *layer)
{
  g_free (layer);
}

static const GenreLayerClass elu_class = {
  .forward = elu_forward,
  .free = activation_free,
  .in_place = TRUE,
};

static const GenreLayerClass relu_class = {
  .forward = relu_forward,
  .free = activation_free,
  .in_place = TRUE,
};

static const GenreLayerClass softmax_class = {
  .forward = softmax_forward,
  .free = activation_free,
  .in_place = TRUE,
};

static GenreLayer *
activation_new (const GenreLayerClass *klass)
{
  GenreLayer *layer = g_new0 (GenreLayer, 1);

  layer->klass = klass;
  return layer;
}

GenreLayer *
genre_elu_new (const GenreLayerSpec *spec, const GenreShape *in, GError **error)
{
  (void) spec;
  (void) in;
  (void) error;
  return activation_new (&elu_class);
}

GenreLayer *
genre_relu_new (
    const GenreLayerSpec *spec, const GenreShape *in, GError **error)
{
  (void) spec;
  (void) in;
  (void) error;
  return activation_new (&relu_class);
}

GenreLayer *
genre_softmax_new (
    const GenreLayerSpec *spec, const GenreShape *in, GError **error)
{
  (void) spec;
  (void) in;
  (void) error;
  return activation_new (&softmax_class);
}
