/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What GRU and LSTM have in common: their four tensors, as PyTorch names and
 * orders them, and the input's share of the gates, which needs no recursion. */

#pragma once

#include "layer.h"

typedef struct
{
  GenreLayer layer;
  gsize features; /* of the input */
  gsize hidden;
  gsize gates;      /* 3 for GRU, 4 for LSTM */
  float *weight_ih; /* [gates x hidden][features] */
  float *weight_hh; /* [gates x hidden][hidden] */
  float *bias_ih;   /* [gates x hidden] */
  float *bias_hh;   /* [gates x hidden] */
} GenreRecurrent;

GenreLayer *genre_recurrent_new (const GenreLayerClass *klass, gsize gates,
    const GenreLayerSpec *spec, const GenreShape *in, GError **error);
void genre_recurrent_free (GenreLayer *layer);
gboolean genre_recurrent_shape (const GenreLayer *layer, GenreShape *shape);

/* W_ih x + b_ih of all frames: [frames][gates x hidden] from the layer's input
 * [features][frames]. */
void genre_recurrent_project_input (const GenreRecurrent *recurrent,
    const float *in, gsize frames, float *projected);
/* W_hh h + b_hh: [gates x hidden] */
void genre_recurrent_project_state (
    const GenreRecurrent *recurrent, const float *state, float *projected);

static inline float
genre_sigmoid (float x)
{
  return 1 / (1 + __builtin_expf (-x));
}
