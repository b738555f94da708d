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

/* From PyTorch's @weight [n][hidden] and @bias [n] */
static void
pack_state (GenreRecurrent *r, const float *weight, const float *bias)
{
  const gsize n = r->gates * r->hidden, hidden = r->hidden;
  const gsize block = r->kernels->block_units ? r->kernels->block_units : n;

  r->state_size = (n + block - 1) / block * block;
  r->weight_hh = genre_alloc_floats (r->state_size * hidden);
  r->bias_hh = genre_alloc_floats (r->state_size);
  memcpy (r->bias_hh, bias, n * sizeof *bias);
  for (gsize i = 0; i < n; i++)
    for (gsize k = 0; k < hidden; k++)
      r->weight_hh[(i / block * hidden + k) * block + i % block] =
          weight[i * hidden + k];
}

GenreLayer *
genre_recurrent_new (const GenreLayerClass *klass, gsize gates,
    const GenreLayerSpec *spec, const GenreShape *in, GError **error)
{
  GenreRecurrent *r = g_new0 (GenreRecurrent, 1);
  g_autofree float *weight = NULL, *bias = NULL;
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
  bias = genre_layer_spec_dup_tensor (spec, "bias_hh_l0", shape, 1, error);
  if (!bias)
    goto fail;
  pack_state (r, weight, bias);
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
  genre_free_floats (r->weight_hh);
  genre_free_floats (r->bias_hh);
  g_free (r);
}

void
genre_recurrent_project_state (
    const GenreRecurrent *r, const float *state, float *projected)
{
  if (state)
    r->kernels->project (r->weight_hh, r->bias_hh, state, r->hidden,
        r->gates * r->hidden, projected);
  else
    memcpy (projected, r->bias_hh, r->state_size * sizeof *projected);
}
