/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What GRU and LSTM have in common: their four tensors, named and ordered as
 * in PyTorch, the input's part of the gates, which needs no recursion, and
 * the state's part. */

#pragma once

#include "layer.h"
#include "linear.h"

typedef struct
{
  GenreLayer layer;
  const GenreKernels *kernels;
  gsize hidden;
  gsize gates;       /* 3 for GRU, 4 for LSTM */
  GenreLinear input; /* W_ih x + b_ih, [gates x hidden] */
  GenreMatrix state; /* W_hh */
  float *bias_hh;    /* [gates x hidden] */
} GenreRecurrent;

GenreLayer *genre_recurrent_new (const GenreLayerClass *klass, gsize gates,
    const GenreLayerSpec *spec, const GenreShape *in, GError **error);
void genre_recurrent_free (GenreLayer *layer);
gboolean genre_recurrent_shape (const GenreLayer *layer, GenreShape *shape);

/* W_hh h + b_hh: [gates x hidden] */
void genre_recurrent_project_state (
    const GenreRecurrent *recurrent, const float *state, float *projected);
