/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Pooling: max over a field of bands and frames, mean and last over all frames.
 */

#include "layer.h"

gboolean
genre_pool_read (GenrePool *pool, const GenreLayerSpec *spec, GError **error)
{
  return genre_layer_spec_get_size (spec, "bands", &pool->bands, error) &&
      genre_layer_spec_get_size (spec, "frames", &pool->frames, error);
}

void
genre_pool_row (const GenrePool *pool, const float *in, gsize stride,
    gsize in_frames, float *out)
{
  gsize n = in_frames / pool->frames;

  for (gsize t = 0; t < n; t++) {
    const float *field = in + t * pool->frames;
    float max = field[0];

    for (gsize b = 0; b < pool->bands; b++)
      for (gsize f = 0; f < pool->frames; f++)
        max = MAX (max, field[b * stride + f]);
    out[t] = max;
  }
}

typedef struct
{
  GenreLayer layer;
  GenrePool pool;
} MaxPool;

static gboolean
max_pool_shape (const GenreLayer *layer, GenreShape *shape)
{
  const GenrePool *pool = &((const MaxPool *) layer)->pool;

  shape->bands /= pool->bands;
  shape->frames /= pool->frames;
  return shape->bands > 0 && shape->frames > 0;
}

static void
max_pool_forward (const GenreLayer *layer, const GenreShape *shape,
    const float *in, float *out, const GenreScratch *scratch)
{
  const GenrePool *pool = &((const MaxPool *) layer)->pool;
  gsize bands = shape->bands / pool->bands;
  gsize frames = shape->frames / pool->frames;

  (void) scratch;
  for (gsize c = 0; c < shape->channels; c++)
    for (gsize b = 0; b < bands; b++)
      genre_pool_row (pool,
          in + (c * shape->bands + b * pool->bands) * shape->frames,
          shape->frames, shape->frames, out + (c * bands + b) * frames);
}

static void
pool_free (GenreLayer *layer)
{
  g_free (layer);
}

static const GenreLayerClass max_pool_class = {
  .shape = max_pool_shape,
  .forward = max_pool_forward,
  .free = pool_free,
};

GenreLayer *
genre_max_pool_new (
    const GenreLayerSpec *spec, const GenreShape *in, GError **error)
{
  MaxPool *pool = g_new0 (MaxPool, 1);

  (void) in;
  pool->layer.klass = &max_pool_class;
  if (!genre_pool_read (&pool->pool, spec, error)) {
    g_free (pool);
    return NULL;
  }
  return &pool->layer;
}

static gboolean
one_frame_shape (const GenreLayer *layer, GenreShape *shape)
{
  (void) layer;
  if (!shape->frames)
    return FALSE;
  shape->frames = 1;
  return TRUE;
}

static void
mean_forward (const GenreLayer *layer, const GenreShape *shape, const float *in,
    float *out, const GenreScratch *scratch)
{
  gsize n = shape->channels * shape->bands;

  (void) layer;
  (void) scratch;
  for (gsize i = 0; i < n; i++) {
    const float *row = in + i * shape->frames;
    double sum = 0;

    for (gsize t = 0; t < shape->frames; t++)
      sum += row[t];
    out[i] = sum / shape->frames;
  }
}

static void
last_forward (const GenreLayer *layer, const GenreShape *shape, const float *in,
    float *out, const GenreScratch *scratch)
{
  gsize n = shape->channels * shape->bands;

  (void) layer;
  (void) scratch;
  for (gsize i = 0; i < n; i++)
    out[i] = in[(i + 1) * shape->frames - 1];
}

static const GenreLayerClass mean_class = {
  .shape = one_frame_shape,
  .forward = mean_forward,
  .free = pool_free,
};

static const GenreLayerClass last_class = {
  .shape = one_frame_shape,
  .forward = last_forward,
  .free = pool_free,
};

static GenreLayer *
one_frame_new (const GenreLayerClass *klass)
{
  GenreLayer *layer = g_new0 (GenreLayer, 1);

  layer->klass = klass;
  return layer;
}

GenreLayer *
genre_mean_new (
    const GenreLayerSpec *spec, const GenreShape *in, GError **error)
{
  (void) spec;
  (void) in;
  (void) error;
  return one_frame_new (&mean_class);
}

GenreLayer *
genre_last_new (
    const GenreLayerSpec *spec, const GenreShape *in, GError **error)
{
  (void) spec;
  (void) in;
  (void) error;
  return one_frame_new (&last_class);
}
