/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "linear.h"

#include <string.h>

gboolean
genre_linear_init (GenreLinear *linear, const GenreLayerSpec *spec,
    const char *weight, const char *bias, gsize units, const GenreShape *in,
    GError **error)
{
  const gsize features = in->channels * in->bands;
  const gsize shape[] = { units, features };
  g_autofree float *values = genre_layer_spec_dup_tensor (
      spec, weight, shape, 2, error);
  g_autofree float *of_band = NULL;

  *linear = (GenreLinear){ units, in->channels, in->bands, NULL, NULL };
  if (!values)
    return FALSE;
  linear->bias = genre_layer_spec_dup_tensor (spec, bias, shape, 1, error);
  if (!linear->bias)
    return FALSE;
  linear->weight = g_new0 (GenreMatrix, in->bands);
  of_band = g_new (float, units * in->channels);
  for (gsize b = 0; b < in->bands; b++) {
    for (gsize i = 0; i < units; i++)
      for (gsize c = 0; c < in->channels; c++)
        of_band[i * in->channels + c] =
            values[i * features + c * in->bands + b];
    genre_matrix_init (
        &linear->weight[b], spec->kernels, of_band, in->channels, units);
  }
  return TRUE;
}

void
genre_linear_clear (GenreLinear *linear)
{
  for (gsize b = 0; linear->weight && b < linear->bands; b++)
    genre_matrix_clear (&linear->weight[b]);
  g_clear_pointer (&linear->weight, g_free);
  g_clear_pointer (&linear->bias, g_free);
}

void
genre_linear_apply (
    const GenreLinear *linear, const float *in, gsize frames, float *out)
{
  const gsize units = linear->units;

  for (gsize t = 0; t < frames; t++)
    memcpy (out + t * units, linear->bias, units * sizeof *out);
  for (gsize b = 0; b < linear->bands; b++)
    genre_matrix_add_product (
        &linear->weight[b], in + b * frames * linear->channels, frames, out);
}
