/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What GRU and LSTM compute in every step, and the ELU. */

#include "vector.h"

void
KERNEL (elu) (float *x, gsize n)
{
  for (gsize i = 0; i < n; i += LANES)
    store_some (x + i, vector_elu (load_some (x + i, n - i)), n - i);
}

void
KERNEL (gru_gates) (
    const float *x, const float *s, const float *before, gsize hidden, float *h)
{
  for (gsize i = 0; i < hidden; i += LANES) {
    gsize left = hidden - i;
    Vector r = vector_sigmoid (
        load_some (x + i, left) + load_some (s + i, left));
    Vector z = vector_sigmoid (
        load_some (x + hidden + i, left) + load_some (s + hidden + i, left));
    Vector n = vector_tanh (load_some (x + 2 * hidden + i, left) +
        r * load_some (s + 2 * hidden + i, left));
    Vector old = before ? load_some (before + i, left) : (Vector){ 0 };

    store_some (h + i, n + z * (old - n), left);
  }
}

void
KERNEL (lstm_gates) (
    const float *x, const float *s, gsize hidden, float *c, float *h)
{
  for (gsize k = 0; k < hidden; k += LANES) {
    gsize left = hidden - k;
    Vector sum[4], cell;

    for (gsize gate = 0; gate < 4; gate++)
      sum[gate] = load_some (x + gate * hidden + k, left) +
          load_some (s + gate * hidden + k, left);
    cell = vector_sigmoid (sum[1]) * load_some (c + k, left) +
        vector_sigmoid (sum[0]) * vector_tanh (sum[2]);
    store_some (c + k, cell, left);
    store_some (h + k, vector_sigmoid (sum[3]) * vector_tanh (cell), left);
  }
}
