/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The kernels in plain C, step by step as in the formulas. The fast ones are
 * tested against them. */

#include <math.h>
#include <string.h>

#include "vector.h"

extern const GenreKernels genre_kernels_plain;

static gsize
conv2d_scratch (const GenreConv2dKernel *conv, gsize frames)
{
  (void) frames;
  return conv->out_channels;
}

/* One frame of one band before pooling: the sums of all output channels. */
static void
convolve (const GenreConv2dKernel *conv, const GenreShape *shape,
    const float *in, gsize band, gsize frame, float *sums)
{
  const gsize n = conv->out_channels, channels = conv->in_channels;

  memset (sums, 0, n * sizeof *sums);
  for (gsize tap = 0; tap < 9; tap++) {
    gsize b = band + tap / 3 - 1, f = frame + tap % 3 - 1;
    const float *x = in + (b * shape->frames + f) * channels;
    const float *weight = conv->weight + tap * channels * n;

    /* -1 has become a large number, and is outside, too */
    if (b >= shape->bands || f >= shape->frames)
      continue;
    for (gsize i = 0; i < channels; i++)
      for (gsize c = 0; c < n; c++)
        sums[c] += x[i] * weight[i * n + c];
  }
}

static float
elu (float x)
{
  return x > 0 ? x : expm1f (x);
}

static void
conv2d (const GenreConv2dKernel *conv, const GenreShape *shape, const float *in,
    gsize band, float *out, float *sums)
{
  const GenrePool *pool = &conv->pool;
  const gsize n = conv->out_channels;
  const gsize bands = shape->bands / pool->bands;
  const gsize frames = shape->frames / pool->frames;
  const gsize end = MIN ((band + GENRE_TILE) / pool->bands, bands);

  for (gsize b = band / pool->bands; b < end; b++)
    for (gsize f = 0; f < frames; f++) {
      float *max = out + (b * frames + f) * n;

      for (gsize c = 0; c < n; c++)
        max[c] = -INFINITY;
      for (gsize i = 0; i < pool->bands * pool->frames; i++) {
        convolve (conv, shape, in, b * pool->bands + i / pool->frames,
            f * pool->frames + i % pool->frames, sums);
        for (gsize c = 0; c < n; c++)
          max[c] = MAX (sums[c], max[c]);
      }
      for (gsize c = 0; c < n; c++) {
        max[c] += conv->bias[c];
        if (conv->activation == GENRE_ACTIVATION_ELU)
          max[c] = elu (max[c]);
        else if (conv->activation == GENRE_ACTIVATION_RELU)
          max[c] = MAX (max[c], 0);
      }
    }
}

static float
window (const float *samples, const float *hann, gsize n, float *out)
{
  double sum = 0;

  for (gsize i = 0; i < n; i++) {
    out[i] = samples[i] * hann[i];
    sum += samples[i] * samples[i];
  }
  return sum;
}

static float
halve (const float *samples, const float *taps, gsize n, float *scratch,
    float *out)
{
  float *odd = scratch + GENRE_HALVE_MARGIN;
  double sum = 0;

  memset (scratch, 0, (n + 2 * GENRE_HALVE_MARGIN) * sizeof *scratch);
  for (gsize i = 0; i < n; i++) {
    sum += samples[2 * i] * samples[2 * i] +
        samples[2 * i + 1] * samples[2 * i + 1];
    odd[i] = samples[2 * i + 1];
    out[i] = samples[2 * i] / 2;
  }
  for (gsize i = 0; i < n; i++)
    for (gsize tap = 0; tap < GENRE_HALVE_TAPS; tap++)
      out[i] += taps[tap] * (odd[i + tap] + *(odd + i - 1 - tap));
  return sum;
}

/* X[k] = (Z[k] + Z*[size - k]) / 2 - i e^(-i pi k / size) (Z[k] - Z*[size - k]) / 2
 */
static void
real_power (const float *spectrum, gsize size, const float *rotation, gsize n,
    float *power)
{
  for (gsize k = 0; k < n; k++) {
    const float *a = spectrum + 2 * k, *b = spectrum + 2 * (size - k);
    float sum_re = a[0] + b[0], sum_im = a[1] - b[1];
    float re = a[0] - b[0], im = a[1] + b[1];
    float c = rotation[k], s = rotation[n + k];
    float x = sum_re + c * im - s * re;
    float y = sum_im - c * re - s * im;

    power[k] = x * x + y * y;
  }
}

static void
filter (const GenreFilter *filters, gsize n, const float *power, float *bands)
{
  for (gsize band = 0; band < n; band++) {
    bands[band] = 0;
    for (gsize i = 0; i < filters[band].n_bins; i++)
      bands[band] += filters[band].weights[i] *
          power[filters[band].first_bin + i];
  }
}

static void
decibels (float *x, gsize n, float least)
{
  for (gsize i = 0; i < n; i++)
    x[i] = 10 * log10f (MAX (x[i], least));
}

static void
elu_values (float *x, gsize n)
{
  for (gsize i = 0; i < n; i++)
    x[i] = elu (x[i]);
}

static gsize
pack_size (gsize k, gsize n)
{
  return n * k * sizeof (float);
}

/* [k][n] */
static gboolean
pack (const float *weight, gsize k, gsize n, gpointer packed)
{
  float *to = packed;

  for (gsize i = 0; i < n; i++)
    for (gsize j = 0; j < k; j++)
      to[j * n + i] = weight[i * k + j];
  return TRUE;
}

static void
add_product (gconstpointer packed, const float *x, gsize rows, gsize k, gsize n,
    float *y)
{
  const float *weight = packed;

  for (gsize row = 0; row < rows; row++)
    for (gsize j = 0; j < k; j++)
      for (gsize i = 0; i < n; i++)
        y[row * n + i] += x[row * k + j] * weight[j * n + i];
}

static float
sigmoid (float x)
{
  return 1 / (1 + expf (-x));
}

static void
gru_gates (
    const float *x, const float *s, const float *before, gsize hidden, float *h)
{
  for (gsize i = 0; i < hidden; i++) {
    float r = sigmoid (x[i] + s[i]);
    float z = sigmoid (x[hidden + i] + s[hidden + i]);
    float n = tanhf (x[2 * hidden + i] + r * s[2 * hidden + i]);

    h[i] = (1 - z) * n + (before ? z * before[i] : 0);
  }
}

static void
lstm_gates (const float *x, const float *s, gsize hidden, float *c, float *h)
{
  for (gsize k = 0; k < hidden; k++) {
    float i = sigmoid (x[k] + s[k]);
    float f = sigmoid (x[hidden + k] + s[hidden + k]);
    float g = tanhf (x[2 * hidden + k] + s[2 * hidden + k]);
    float o = sigmoid (x[3 * hidden + k] + s[3 * hidden + k]);

    c[k] = f * c[k] + i * g;
    h[k] = o * tanhf (c[k]);
  }
}

const GenreKernels genre_kernels_plain = {
  .name = "plain",
  .exact = &genre_kernels_plain,
  .conv2d_scratch = conv2d_scratch,
  .conv2d = conv2d,
  .downmix = genre_downmix_plain,
  .downmix_planar = genre_downmix_planar_plain,
  .window = window,
  .halve = halve,
  .real_power = real_power,
  .filter = filter,
  .decibels = decibels,
  .elu = elu_values,
  .pack_size = pack_size,
  .pack = pack,
  .add_product = add_product,
  .gru_gates = gru_gates,
  .lstm_gates = lstm_gates,
};
