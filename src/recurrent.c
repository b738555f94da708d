/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "recurrent.h"

#include <cblas.h>
#include <string.h>

gboolean
genre_recurrent_shape (const GenreLayer *layer, GenreShape *shape)
{
  shape->channels = 1;
  shape->bands = ((const GenreRecurrent *) layer)->hidden;
  return TRUE;
}

GenreLayer *
genre_recurrent_new (const GenreLayerClass *klass, gsize gates,
    const GenreLayerSpec *spec, const GenreShape *in, GError **error)
{
  GenreRecurrent *r = g_new0 (GenreRecurrent, 1);
  gsize shape[2];

  r->layer.klass = klass;
  r->gates = gates;
  r->features = in->channels * in->bands;
  if (!genre_layer_spec_get_size (spec, "hidden", &r->hidden, error))
    goto fail;
  shape[0] = gates * r->hidden;
  shape[1] = r->features;
  r->weight_ih = genre_layer_spec_dup_tensor (
      spec, "weight_ih_l0", shape, 2, error);
  if (!r->weight_ih)
    goto fail;
  shape[1] = r->hidden;
  r->weight_hh = genre_layer_spec_dup_tensor (
      spec, "weight_hh_l0", shape, 2, error);
  if (!r->weight_hh)
    goto fail;
  r->bias_ih = genre_layer_spec_dup_tensor (
      spec, "bias_ih_l0", shape, 1, error);
  if (!r->bias_ih)
    goto fail;
  r->bias_hh = genre_layer_spec_dup_tensor (
      spec, "bias_hh_l0", shape, 1, error);
  if (!r->bias_hh)
    goto fail;
  r->layer.n_parameters = gates * r->hidden * (r->features + r->hidden + 2);
  return &r->layer;

fail:
  genre_recurrent_free (&r->layer);
  return NULL;
}

void
genre_recurrent_free (GenreLayer *layer)
{
  GenreRecurrent *r = (GenreRecurrent *) layer;

  g_free (r->weight_ih);
  g_free (r->weight_hh);
  g_free (r->bias_ih);
  g_free (r->bias_hh);
  g_free (r);
}

void
genre_recurrent_project_input (
    const GenreRecurrent *r, const float *in, gsize frames, float *projected)
{
  gsize n = r->gates * r->hidden;

  for (gsize t = 0; t < frames; t++)
    memcpy (projected + t * n, r->bias_ih, n * sizeof *projected);
  cblas_sgemm (CblasRowMajor, CblasTrans, CblasTrans, frames, n, r->features, 1,
      in, frames, r->weight_ih, r->features, 1, projected, n);
}

void
genre_recurrent_project_state (
    const GenreRecurrent *r, const float *state, float *projected)
{
  gsize n = r->gates * r->hidden;

  memcpy (projected, r->bias_hh, n * sizeof *projected);
  cblas_sgemv (CblasRowMajor, CblasNoTrans, n, r->hidden, 1, r->weight_hh,
      r->hidden, state, 1, 1, projected, 1);
}
