/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Pooling: max over a field of bands and frames, mean and last over all frames.
 */

#include <string.h>

#include "layer.h"

gboolean
genre_pool_read (GenrePool *pool, const GenreLayerSpec *spec, GError **error)
{
  return genre_layer_spec_get_size (spec, "bands", &pool->bands, error) &&
      genre_layer_spec_get_size (spec, "frames", &pool->frames, error);
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
  const gsize n = shape->channels;
  const gsize bands = shape->bands / pool->bands;
  const gsize frames = shape->frames / pool->frames;

  (void) scratch;
  for (gsize b = 0; b < bands; b++)
    for (gsize f = 0; f < frames; f++, out += n) {
      const float *field = in +
          (b * pool->bands * shape->frames + f * pool->frames) * n;

      memcpy (out, field, n * sizeof *out);
      for (gsize i = 1; i < pool->bands * pool->frames; i++) {
        const float *x = field +
            (i / pool->frames * shape->frames + i % pool->frames) * n;

        for (gsize c = 0; c < n; c++)
          out[c] = MAX (x[c], out[c]);
      }
    }
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
  const gsize n = shape->channels, frames = shape->frames;

  (void) layer;
  (void) scratch;
  memset (out, 0, shape->bands * n * sizeof *out);
  for (gsize b = 0; b < shape->bands; b++, out += n) {
    for (gsize t = 0; t < frames; t++, in += n)
      for (gsize c = 0; c < n; c++)
        out[c] += in[c];
    for (gsize c = 0; c < n; c++)
      out[c] /= frames;
  }
}

static void
last_forward (const GenreLayer *layer, const GenreShape *shape, const float *in,
    float *out, const GenreScratch *scratch)
{
  const gsize n = shape->channels;

  (void) layer;
  (void) scratch;
  for (gsize b = 0; b < shape->bands; b++)
    memcpy (
        out + b * n, in + ((b + 1) * shape->frames - 1) * n, n * sizeof *out);
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
