/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Long short-term memory as PyTorch's nn.LSTM defines it (no peepholes):
 *
 *   i = sigmoid (W_ii x + b_ii + W_hi h + b_hi)
 *   f = sigmoid (W_if x + b_if + W_hf h + b_hf)
 *   g = tanh    (W_ig x + b_ig + W_hg h + b_hg)
 *   o = sigmoid (W_io x + b_io + W_ho h + b_ho)
 *   c = f * c + i * g
 *   h = o * tanh (c)
 *
 * Rows of the weights are in the order i, f, g, o.  The first states are 0.
 */

#include <string.h>

#include "recurrent.h"

#define GATES 4

static gsize
lstm_scratch (const GenreLayer *layer, const GenreShape *in)
{
  const GenreRecurrent *lstm = (const GenreRecurrent *) layer;

  return ((in->frames + 1) * GATES + 1) * lstm->hidden;
}

static void
lstm_forward (const GenreLayer *layer, const GenreShape *shape, const float *in,
    float *out, const GenreScratch *scratch)
{
  const GenreRecurrent *lstm = (const GenreRecurrent *) layer;
  const gsize hidden = lstm->hidden, frames = shape->frames;
  float *s = scratch->floats;    /* [GATES x hidden] */
  float *c = s + GATES * hidden; /* the cell's state, [hidden] */
  float *x = c + hidden;         /* [frames][GATES x hidden] */
  const float *before = NULL;    /* the state, [hidden] */

  genre_linear_apply (&lstm->input, in, frames, x);
  memset (c, 0, hidden * sizeof *c);
  for (gsize t = 0; t < frames; t++) {
    genre_recurrent_project_state (lstm, before, s);
    lstm->kernels->lstm_gates (x, s, hidden, c, out);
    before = out;
    x += GATES * hidden;
    out += hidden;
  }
}

static const GenreLayerClass lstm_class = {
  .shape = genre_recurrent_shape,
  .scratch = lstm_scratch,
  .forward = lstm_forward,
  .free = genre_recurrent_free,
};

GenreLayer *
genre_lstm_new (
    const GenreLayerSpec *spec, const GenreShape *in, GError **error)
{
  return genre_recurrent_new (&lstm_class, GATES, spec, in, error);
}
