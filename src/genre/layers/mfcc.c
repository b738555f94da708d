/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Mel-frequency cepstral coefficients: the first terms of the cosine transform
 * (DCT-II, orthonormal, as librosa.feature.mfcc has it) of each frame's mel
 * bands (Davis and Mermelstein 1980).  The bands are in decibels already, and
 * each coefficient becomes a channel of one band, so that a batch norm can bring
 * coefficients of very different size to one scale. */

#include <cblas.h>
#include <math.h>

#include "genre/weights/error.h"
#include "layer.h"

typedef struct
{
  GenreLayer layer;
  gsize bands, coefficients;
  float *transform; /* [coefficients][bands] */
} Mfcc;

/* OpenBLAS has one number of threads for the whole process.  Each stream
 * has a thread of its own for the network, so one is right, unless the user
 * has set another number. */
static void
init_blas (void)
{
  static gsize once = 0;

  if (g_once_init_enter (&once)) {
    if (!g_getenv ("OPENBLAS_NUM_THREADS") && !g_getenv ("OMP_NUM_THREADS"))
      openblas_set_num_threads (1);
    g_once_init_leave (&once, 1);
  }
}

static gboolean
mfcc_shape (const GenreLayer *layer, GenreShape *shape)
{
  shape->channels = ((const Mfcc *) layer)->coefficients;
  shape->bands = 1;
  return TRUE;
}

static void
mfcc_forward (const GenreLayer *layer, const GenreShape *shape, const float *in,
    float *out, const GenreScratch *scratch)
{
  const Mfcc *mfcc = (const Mfcc *) layer;

  (void) scratch;
  /* one channel: the input is [bands][frames] */
  cblas_sgemm (CblasRowMajor, CblasTrans, CblasTrans, shape->frames,
      mfcc->coefficients, mfcc->bands, 1, in, shape->frames, mfcc->transform,
      mfcc->bands, 0, out, mfcc->coefficients);
}

static void
mfcc_free (GenreLayer *layer)
{
  g_free (((Mfcc *) layer)->transform);
  g_free (layer);
}

static const GenreLayerClass mfcc_class = {
  .shape = mfcc_shape,
  .forward = mfcc_forward,
  .free = mfcc_free,
};

GenreLayer *
genre_mfcc_new (
    const GenreLayerSpec *spec, const GenreShape *in, GError **error)
{
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
  init_blas ();
  mfcc = g_new0 (Mfcc, 1);
  mfcc->layer.klass = &mfcc_class;
  mfcc->bands = in->bands;
  mfcc->coefficients = coefficients;
  mfcc->transform = g_new (float, coefficients * in->bands);
  for (gsize n = 0; n < coefficients; n++)
    for (gsize k = 0; k < in->bands; k++)
      mfcc->transform[n * in->bands + k] = sqrt ((n ? 2.0 : 1.0) / in->bands) *
          cos (G_PI / in->bands * (k + 0.5) * n);
  return &mfcc->layer;
}
