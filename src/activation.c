/* SPDX-License-Identifier: GPL-2.0-or-later */

/* ELU, ReLU, softmax and what may follow it; all of them work in place. */

#include <math.h>

#include "error.h"
#include "layer.h"

#define MIN_TEMPERATURE 0.01
#define MAX_TEMPERATURE 100.0

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

typedef struct
{
  GenreLayer layer;
  float temperature;
} Softmax;

/* Over the features of each frame.  A temperature above 1 makes a network that
 * is too sure of itself as sure as it is right (Guo et al. 2017, "On calibration
 * of modern neural networks", equation 9). */
static void
softmax_forward (const GenreLayer *layer, const GenreShape *shape,
    const float *in, float *out, const GenreScratch *scratch)
{
  float temperature = ((const Softmax *) layer)->temperature;
  gsize n = shape->channels * shape->bands;
  gsize frames = shape->frames;

  (void) scratch;
  for (gsize t = 0; t < frames; t++) {
    float max = in[t];
    double sum = 0;

    for (gsize i = 1; i < n; i++)
      max = MAX (max, in[i * frames + t]);
    for (gsize i = 0; i < n; i++) {
      out[i * frames + t] = expf ((in[i * frames + t] - max) / temperature);
      sum += out[i * frames + t];
    }
    for (gsize i = 0; i < n; i++)
      out[i * frames + t] /= sum;
  }
}

/* The last feature of each frame is the probability of "none of the others";
 * they share it, each as much: what is none of them looks like all of them
 * alike, and the sum stays 1. */
static void
share_other_forward (const GenreLayer *layer, const GenreShape *shape,
    const float *in, float *out, const GenreScratch *scratch)
{
  gsize n = shape->channels * shape->bands - 1;
  gsize frames = shape->frames;

  (void) layer;
  (void) scratch;
  for (gsize i = 0; i < n; i++)
    for (gsize t = 0; t < frames; t++)
      out[i * frames + t] = in[i * frames + t] + in[n * frames + t] / n;
}

static gboolean
share_other_shape (const GenreLayer *layer, GenreShape *shape)
{
  (void) layer;
  shape->bands = shape->channels * shape->bands - 1;
  shape->channels = 1;
  return shape->bands > 0;
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

static const GenreLayerClass share_other_class = {
  .shape = share_other_shape,
  .forward = share_other_forward,
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
  Softmax *softmax;
  double temperature = 1;

  (void) in;
  if (json_object_has_member (spec->entry, "temperature") &&
      !genre_layer_spec_get_number (spec, "temperature", &temperature, error))
    return NULL;
  if (!(temperature >= MIN_TEMPERATURE && temperature <= MAX_TEMPERATURE)) {
    genre_refuse (error, GENRE_ERROR_FORMAT,
        "%s: layer %u (softmax) has the temperature %g, expected %g to %g",
        genre_safetensors_get_name (spec->file), spec->index, temperature,
        MIN_TEMPERATURE, MAX_TEMPERATURE);
    return NULL;
  }
  softmax = g_new0 (Softmax, 1);
  softmax->layer.klass = &softmax_class;
  softmax->temperature = temperature;
  return &softmax->layer;
}

GenreLayer *
genre_share_other_new (
    const GenreLayerSpec *spec, const GenreShape *in, GError **error)
{
  (void) spec;
  (void) in;
  (void) error;
  return activation_new (&share_other_class);
}
