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

#include <math.h>
#include <string.h>

#include "recurrent.h"

#define GATES 4

static gsize
lstm_scratch (const GenreLayer *layer, const GenreShape *in)
{
  gsize hidden = ((const GenreRecurrent *) layer)->hidden;

  return (in->frames + 1) * GATES * hidden + 2 * hidden;
}

static void
lstm_forward (const GenreLayer *layer, const GenreShape *shape, const float *in,
    float *out, const GenreScratch *scratch)
{
  const GenreRecurrent *lstm = (const GenreRecurrent *) layer;
  gsize hidden = lstm->hidden, frames = shape->frames;
  float *x = scratch->floats;             /* [frames][GATES x hidden] */
  float *s = x + frames * GATES * hidden; /* [GATES x hidden] */
  float *h = s + GATES * hidden;          /* [hidden] */
  float *c = h + hidden;                  /* [hidden] */

  genre_recurrent_project_input (lstm, in, frames, x);
  memset (h, 0, 2 * hidden * sizeof *h);
  for (gsize t = 0; t < frames; t++, x += GATES * hidden) {
    genre_recurrent_project_state (lstm, h, s);
    for (gsize k = 0; k < hidden; k++) {
      float i = genre_sigmoid (x[k] + s[k]);
      float f = genre_sigmoid (x[hidden + k] + s[hidden + k]);
      float g = tanhf (x[2 * hidden + k] + s[2 * hidden + k]);
      float o = genre_sigmoid (x[3 * hidden + k] + s[3 * hidden + k]);

      c[k] = f * c[k] + i * g;
      h[k] = o * tanhf (c[k]);
      out[k * frames + t] = h[k];
    }
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
