/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Gated recurrent unit as PyTorch's nn.GRU defines it: the reset gate is applied
 * after the matrix product with the state ("linear before reset", cuDNN's
 * variant; Cho et al. 2014 apply it before):
 *
 *   r = sigmoid (W_ir x + b_ir + W_hr h + b_hr)
 *   z = sigmoid (W_iz x + b_iz + W_hz h + b_hz)
 *   n = tanh    (W_in x + b_in + r * (W_hn h + b_hn))
 *   h = (1 - z) * n + z * h
 *
 * Rows of the weights are in the order r, z, n.  The first state is 0.
 */

#include "recurrent.h"

#define GATES 3

static gsize
gru_scratch (const GenreLayer *layer, const GenreShape *in)
{
  const GenreRecurrent *gru = (const GenreRecurrent *) layer;

  return (in->frames + 1) * GATES * gru->hidden;
}

static void
gru_forward (const GenreLayer *layer, const GenreShape *shape, const float *in,
    float *out, const GenreScratch *scratch)
{
  const GenreRecurrent *gru = (const GenreRecurrent *) layer;
  const gsize hidden = gru->hidden, frames = shape->frames;
  float *s = scratch->floats;    /* [GATES x hidden] */
  float *x = s + GATES * hidden; /* [frames][GATES x hidden] */
  const float *before = NULL;    /* the state, [hidden] */

  genre_linear_apply (&gru->input, in, frames, x);
  for (gsize t = 0; t < frames; t++) {
    genre_recurrent_project_state (gru, before, s);
    gru->kernels->gru_gates (x, s, before, hidden, out);
    before = out;
    x += GATES * hidden;
    out += hidden;
  }
}

static const GenreLayerClass gru_class = {
  .shape = genre_recurrent_shape,
  .scratch = gru_scratch,
  .forward = gru_forward,
  .free = genre_recurrent_free,
};

GenreLayer *
genre_gru_new (const GenreLayerSpec *spec, const GenreShape *in, GError **error)
{
  return genre_recurrent_new (&gru_class, GATES, spec, in, error);
}
