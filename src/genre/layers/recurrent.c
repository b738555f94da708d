/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "recurrent.h"

#include <string.h>

gboolean
genre_recurrent_shape (const GenreLayer *layer, GenreShape *shape)
{
  shape->channels = ((const GenreRecurrent *) layer)->hidden;
  shape->bands = 1;
  return TRUE;
}

GenreLayer *
genre_recurrent_new (const GenreLayerClass *klass, gsize gates,
    const GenreLayerSpec *spec, const GenreShape *in, GError **error)
{
  GenreRecurrent *r = g_new0 (GenreRecurrent, 1);
  g_autofree float *weight = NULL;
  gsize shape[2], features = in->channels * in->bands;

  r->layer.klass = klass;
  r->kernels = spec->kernels;
  r->gates = gates;
  if (!genre_layer_spec_get_size (spec, "hidden", &r->hidden, error))
    goto fail;
  shape[0] = gates * r->hidden;
  shape[1] = r->hidden;
  if (!genre_linear_init (
          &r->input, spec, "weight_ih_l0", "bias_ih_l0", shape[0], in, error))
    goto fail;
  weight = genre_layer_spec_dup_tensor (spec, "weight_hh_l0", shape, 2, error);
  if (!weight)
    goto fail;
  r->bias_hh = genre_layer_spec_dup_tensor (
      spec, "bias_hh_l0", shape, 1, error);
  if (!r->bias_hh)
    goto fail;
  genre_matrix_init (&r->state, r->kernels, weight, r->hidden, shape[0]);
  r->layer.n_parameters = gates * r->hidden * (features + r->hidden + 2);
  return &r->layer;

fail:
  genre_recurrent_free (&r->layer);
  return NULL;
}

void
genre_recurrent_free (GenreLayer *layer)
{
  GenreRecurrent *r = (GenreRecurrent *) layer;

  genre_linear_clear (&r->input);
  genre_matrix_clear (&r->state);
  g_free (r->bias_hh);
  g_free (r);
}

void
genre_recurrent_project_state (
    const GenreRecurrent *r, const float *state, float *projected)
{
  memcpy (projected, r->bias_hh, r->gates * r->hidden * sizeof *projected);
  if (state)
    genre_matrix_add_product (&r->state, state, 1, projected);
}
