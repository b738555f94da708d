/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Mel-frequency cepstral coefficients: the first terms of the cosine transform
 * (DCT-II, orthonormal, as librosa.feature.mfcc has it) of each frame's mel
 * bands (Davis and Mermelstein 1980).  The bands are in decibels already, and
 * each coefficient becomes a channel of one band, so that a batch norm can bring
 * coefficients of very different size to one scale. */

#include <math.h>
#include <string.h>

#include "genre/weights/error.h"
#include "matrix.h"

#define PART 16 /* frames transposed at a time */

typedef struct
{
  GenreLayer layer;
  GenreMatrix transform; /* [coefficients][bands] */
} Mfcc;

static gboolean
mfcc_shape (const GenreLayer *layer, GenreShape *shape)
{
  shape->channels = ((const Mfcc *) layer)->transform.n;
  shape->bands = 1;
  return TRUE;
}

static gsize
mfcc_scratch (const GenreLayer *layer, const GenreShape *in)
{
  (void) layer;
  return in->frames * in->bands;
}

static void
mfcc_forward (const GenreLayer *layer, const GenreShape *shape, const float *in,
    float *out, const GenreScratch *scratch)
{
  const Mfcc *mfcc = (const Mfcc *) layer;
  const gsize bands = shape->bands, frames = shape->frames;
  float *x = scratch->floats; /* [frames][bands] */

  /* one channel: the input is [bands][frames] */
  for (gsize first = 0; first < frames; first += PART)
    for (gsize b = 0; b < bands; b++)
      for (gsize t = first; t < MIN (first + PART, frames); t++)
        x[t * bands + b] = in[b * frames + t];
  memset (out, 0, frames * mfcc->transform.n * sizeof *out);
  genre_matrix_add_product (&mfcc->transform, x, frames, out);
}

static void
mfcc_free (GenreLayer *layer)
{
  genre_matrix_clear (&((Mfcc *) layer)->transform);
  g_free (layer);
}

static const GenreLayerClass mfcc_class = {
  .shape = mfcc_shape,
  .scratch = mfcc_scratch,
  .forward = mfcc_forward,
  .free = mfcc_free,
};

GenreLayer *
genre_mfcc_new (
    const GenreLayerSpec *spec, const GenreShape *in, GError **error)
{
  g_autofree float *transform = NULL;
  gsize coefficients;
  Mfcc *mfcc;

  if (!genre_layer_spec_get_size (spec, "coefficients", &coefficients, error))
    return NULL;
  if (in->channels != 1) {
    genre_refuse (error, GENRE_ERROR_FORMAT,
        "it follows %" G_GSIZE_FORMAT
        " channels, expected one with the mel bands",
        in->channels);
    return NULL;
  }
  if (coefficients > in->bands) {
    genre_refuse (error, GENRE_ERROR_FORMAT,
        "it has %" G_GSIZE_FORMAT
        " coefficients, expected at most one for each of %" G_GSIZE_FORMAT
        " bands",
        coefficients, in->bands);
    return NULL;
  }
  transform = g_new (float, coefficients * in->bands);
  for (gsize n = 0; n < coefficients; n++)
    for (gsize k = 0; k < in->bands; k++)
      transform[n * in->bands + k] = sqrt ((n ? 2.0 : 1.0) / in->bands) *
          cos (G_PI / in->bands * (k + 0.5) * n);
  mfcc = g_new0 (Mfcc, 1);
  mfcc->layer.klass = &mfcc_class;
  /* a coefficient may be the small difference of large sums */
  genre_matrix_init (&mfcc->transform, spec->kernels->exact, transform,
      in->bands, coefficients);
  return &mfcc->layer;
}
