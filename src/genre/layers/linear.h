/* SPDX-License-Identifier: GPL-2.0-or-later */

/* y = W x + b of the features of each frame; PyTorch's nn.Linear. */

#pragma once

#include "matrix.h"

typedef struct
{
  gsize units;
  gsize channels, bands; /* whose product are the features */
  GenreMatrix *weight;   /* [bands], each [units][channels] */
  float *bias;           /* [units] */
} GenreLinear;

/* Reads the tensors "<name>.<weight>" [units][features], the features in
 * PyTorch's order, channels x bands, and "<name>.<bias>" [units]. */
gboolean genre_linear_init (GenreLinear *linear, const GenreLayerSpec *spec,
    const char *weight, const char *bias, gsize units, const GenreShape *in,
    GError **error);
void genre_linear_clear (GenreLinear *linear);
/* @in [bands][frames][channels], @out [frames][units] */
void genre_linear_apply (
    const GenreLinear *linear, const float *in, gsize frames, float *out);
