/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Dense layer over the features of each frame. Its units become the channels
 * of that frame. */

#include "linear.h"

typedef struct
{
  GenreLayer layer;
  GenreLinear linear;
} Dense;

static gboolean
dense_shape (const GenreLayer *layer, GenreShape *shape)
{
  shape->channels = ((const Dense *) layer)->linear.units;
  shape->bands = 1;
  return TRUE;
}

static void
dense_forward (const GenreLayer *layer, const GenreShape *shape,
    const float *in, float *out, const GenreScratch *scratch)
{
  (void) scratch;
  genre_linear_apply (&((const Dense *) layer)->linear, in, shape->frames, out);
}

static void
dense_free (GenreLayer *layer)
{
  genre_linear_clear (&((Dense *) layer)->linear);
  g_free (layer);
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
  Dense *dense;
  gsize units;

  if (!genre_layer_spec_get_size (spec, "units", &units, error))
    return NULL;
  dense = g_new0 (Dense, 1);
  dense->layer.klass = &dense_class;
  dense->layer.n_parameters = units * (in->channels * in->bands + 1);
  if (!genre_linear_init (
          &dense->linear, spec, "weight", "bias", units, in, error)) {
    dense_free (&dense->layer);
    return NULL;
  }
  return &dense->layer;
}
