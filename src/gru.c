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

#include <math.h>
#include <string.h>

#include "recurrent.h"

#define GATES 3

static gsize
gru_scratch (const GenreLayer *layer, const GenreShape *in)
{
  gsize hidden = ((const GenreRecurrent *) layer)->hidden;

  return (in->frames + 1) * GATES * hidden + hidden;
}

static void
gru_forward (const GenreLayer *layer, const GenreShape *shape, const float *in,
    float *out, const GenreScratch *scratch)
{
  const GenreRecurrent *gru = (const GenreRecurrent *) layer;
  gsize hidden = gru->hidden, frames = shape->frames;
  float *x = scratch->floats;             /* [frames][GATES x hidden] */
  float *s = x + frames * GATES * hidden; /* [GATES x hidden] */
  float *h = s + GATES * hidden;          /* [hidden] */

  genre_recurrent_project_input (gru, in, frames, x);
  memset (h, 0, hidden * sizeof *h);
  for (gsize t = 0; t < frames; t++, x += GATES * hidden) {
    genre_recurrent_project_state (gru, h, s);
    for (gsize i = 0; i < hidden; i++) {
      float r = genre_sigmoid (x[i] + s[i]);
      float z = genre_sigmoid (x[hidden + i] + s[hidden + i]);
      float n = tanhf (x[2 * hidden + i] + r * s[2 * hidden + i]);

      h[i] = (1 - z) * n + z * h[i];
      out[i * frames + t] = h[i];
    }
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
