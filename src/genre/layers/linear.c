/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "linear.h"

#include <cblas.h>
#include <string.h>

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

gboolean
genre_linear_init (GenreLinear *linear, const GenreLayerSpec *spec,
    const char *weight, const char *bias, gsize units, const GenreShape *in,
    GError **error)
{
  const gsize features = in->channels * in->bands;
  const gsize shape[] = { units, features };
  g_autofree float *values = genre_layer_spec_dup_tensor (
      spec, weight, shape, 2, error);

  init_blas ();
  *linear = (GenreLinear){ units, in->channels, in->bands, NULL, NULL };
  if (!values)
    return FALSE;
  linear->bias = genre_layer_spec_dup_tensor (spec, bias, shape, 1, error);
  if (!linear->bias)
    return FALSE;
  linear->weight = g_new (float, shape[0] * shape[1]);
  for (gsize i = 0; i < units; i++)
    for (gsize c = 0; c < in->channels; c++)
      for (gsize b = 0; b < in->bands; b++)
        linear->weight[i * features + b * in->channels + c] =
            values[i * features + c * in->bands + b];
  return TRUE;
}

void
genre_linear_clear (GenreLinear *linear)
{
  g_clear_pointer (&linear->weight, g_free);
  g_clear_pointer (&linear->bias, g_free);
}

void
genre_linear_apply (
    const GenreLinear *linear, const float *in, gsize frames, float *out)
{
  const gsize units = linear->units, channels = linear->channels;

  for (gsize t = 0; t < frames; t++)
    memcpy (out + t * units, linear->bias, units * sizeof *out);
  for (gsize b = 0; b < linear->bands; b++)
    cblas_sgemm (CblasRowMajor, CblasNoTrans, CblasTrans, frames, units,
        channels, 1, in + b * frames * channels, channels,
        linear->weight + b * channels, linear->bands * channels, 1, out, units);
}
