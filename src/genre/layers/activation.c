/* SPDX-License-Identifier: GPL-2.0-or-later */

/* ELU, ReLU, sigmoid, softmax and share_other, which may follow it.  All of them work
 * in place. */

#include <math.h>

#include "layer.h"
#include "genre/weights/error.h"

#define MIN_TEMPERATURE 0.01
#define MAX_TEMPERATURE 100.0

typedef struct
{
  GenreLayer layer;
  const GenreKernels *kernels;
} Elu;

/* ELU with alpha 1 (Clevert et al. 2016, equation 15) */
static void
elu_forward (const GenreLayer *layer, const GenreShape *shape, const float *in,
    float *out, const GenreScratch *scratch)
{
  (void) in;
  (void) scratch;
  ((const Elu *) layer)
      ->kernels->elu (out, shape->channels * shape->bands * shape->frames);
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

/* Over the features of each frame.  A temperature above 1 corrects a
 * network whose confidences are higher than the share of its answers that
 * are right (Guo et al. 2017, "On calibration of modern neural networks",
 * equation 9). */
static void
softmax_forward (const GenreLayer *layer, const GenreShape *shape,
    const float *in, float *out, const GenreScratch *scratch)
{
  float temperature = ((const Softmax *) layer)->temperature;
  const gsize n = shape->channels;

  (void) scratch;
  for (gsize t = 0; t < shape->frames; t++, in += n, out += n) {
    float max = in[0];
    double sum = 0;

    for (gsize c = 1; c < n; c++)
      max = MAX (max, in[c]);
    for (gsize c = 0; c < n; c++) {
      out[c] = expf ((in[c] - max) / temperature);
      sum += out[c];
    }
    for (gsize c = 0; c < n; c++)
      out[c] /= sum;
  }
}

static void
sigmoid_forward (const GenreLayer *layer, const GenreShape *shape,
    const float *in, float *out, const GenreScratch *scratch)
{
  const gsize n = shape->channels * shape->bands * shape->frames;

  (void) layer;
  (void) scratch;
  for (gsize i = 0; i < n; i++)
    out[i] = 1 / (1 + expf (-in[i]));
}

/* The last feature of each frame is the probability of "none of the others";
 * it is divided equally among them. So audio that is none of them looks
 * equally like all of them, and the sum stays 1.  That of the last frame stays
 * where it was, behind the output, where the network finds it. */
static void
share_other_forward (const GenreLayer *layer, const GenreShape *shape,
    const float *in, float *out, const GenreScratch *scratch)
{
  const gsize n = shape->channels - 1;

  (void) layer;
  (void) scratch;
  for (gsize t = 0; t < shape->frames; t++, in += n + 1, out += n) {
    const float other = in[n] / n;

    for (gsize c = 0; c < n; c++)
      out[c] = in[c] + other;
  }
}

static gboolean
share_other_shape (const GenreLayer *layer, GenreShape *shape)
{
  (void) layer;
  shape->channels--;
  return shape->channels > 0;
}

/* Whether all features of a frame are channels of one band. */
static gboolean
check_features (const GenreShape *in, GError **error)
{
  return in->bands == 1 ||
      genre_refuse (error, GENRE_ERROR_FORMAT,
          "it follows %" G_GSIZE_FORMAT
          " bands, expected one, as a dense layer gives",
          in->bands);
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

static const GenreLayerClass sigmoid_class = {
  .forward = sigmoid_forward,
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
  Elu *elu = g_new0 (Elu, 1);

  (void) in;
  (void) error;
  elu->layer.klass = &elu_class;
  elu->kernels = spec->kernels;
  return &elu->layer;
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

  if (!check_features (in, error))
    return NULL;
  if (json_object_has_member (spec->entry, "temperature") &&
      !genre_layer_spec_get_number (spec, "temperature", &temperature, error))
    return NULL;
  if (!(temperature >= MIN_TEMPERATURE && temperature <= MAX_TEMPERATURE)) {
    genre_refuse (error, GENRE_ERROR_FORMAT,
        "its temperature is %g, expected %g to %g", temperature,
        MIN_TEMPERATURE, MAX_TEMPERATURE);
    return NULL;
  }
  softmax = g_new0 (Softmax, 1);
  softmax->layer.klass = &softmax_class;
  softmax->temperature = temperature;
  return &softmax->layer;
}

GenreLayer *
genre_sigmoid_new (
    const GenreLayerSpec *spec, const GenreShape *in, GError **error)
{
  (void) spec;
  (void) in;
  (void) error;
  return activation_new (&sigmoid_class);
}

GenreLayer *
genre_share_other_new (
    const GenreLayerSpec *spec, const GenreShape *in, GError **error)
{
  (void) spec;
  return check_features (in, error) ? activation_new (&share_other_class)
                                    : NULL;
}
