/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The mean of all channels, of each format of samples.  The loops are written so
 * that the compiler finds the vectors. */

#include <math.h>
#include <string.h>

#include "vector.h"

/* the sum of its squares over a window is still a finite float */
#define MAX_SAMPLE 1e9
/* What is less is heard in no band, and products of it are numbers so small that
 * processors are slow with them. */
#define MIN_SAMPLE 1e-10

/* Of two samples of 16 bits. Shifts of both in one word need less than half of
 * the instructions that two loads do, where vectors can be had. */
static inline gint32
add_s16 (const gint16 *pair)
{
  gint32 word;

  memcpy (&word, pair, sizeof word);
  return ((gint32) ((guint32) word << 16) >> 16) + (word >> 16);
}

/* clang-format takes the product for a pointer */
/* clang-format off */
/* @few_type can hold the sum of two samples. The loops for one and two
 * channels are written so that the compiler can use vectors. */
#define DEFINE_DOWNMIX(                                                        \
    name, type, sum_type, few_type, full_scale, check, add_two)                \
  static void downmix_##name (                                                 \
      const type *in, guint channels, gsize n_frames, float *out)              \
  {                                                                            \
    const double scale = 1.0 / ((full_scale) * channels);                      \
    const few_type few_scale = scale;                                          \
                                                                               \
    if (channels == 1) {                                                       \
      for (gsize i = 0; i < n_frames; i++)                                     \
        out[i] = check ((few_type) in[i]) * few_scale;                         \
    } else if (channels == 2) {                                                \
      for (gsize i = 0; i < n_frames; i++)                                     \
        out[i] = (few_type) add_two (&in[2 * i], few_type, check) * few_scale; \
    } else {                                                                   \
      for (gsize i = 0; i < n_frames; i++, in += channels) {                   \
        sum_type sum = 0;                                                      \
                                                                               \
        for (guint c = 0; c < channels; c++)                                   \
          sum += check (in[c]);                                                \
        out[i] = sum * scale;                                                  \
      }                                                                        \
    }                                                                          \
  }                                                                            \
                                                                               \
  static void add_plane_##name (                                               \
      const type *in, double scale, gsize n_frames, float *out)                \
  {                                                                            \
    scale /= (full_scale);                                                     \
    for (gsize i = 0; i < n_frames; i++)                                       \
      out[i] += check (in[i]) * scale;                                         \
  }

/* clang-format on */

#define ADD_S16(pair, few_type, check) add_s16 (pair)
#define ADD(pair, few_type, check)                                             \
  (check ((few_type) (pair)[0]) + check ((few_type) (pair)[1]))
#define AS_IT_IS(x) (x)
/* false for a NaN */
#define IF_SANE(x) (fabs (x) <= MAX_SAMPLE && fabs (x) >= MIN_SAMPLE ? (x) : 0)

DEFINE_DOWNMIX (s16, gint16, gint64, float, 32768.0, AS_IT_IS, ADD_S16)
DEFINE_DOWNMIX (s32, gint32, gint64, double, 2147483648.0, AS_IT_IS, ADD)
DEFINE_DOWNMIX (f32, float, double, float, 1.0, IF_SANE, ADD)
DEFINE_DOWNMIX (f64, double, double, double, 1.0, IF_SANE, ADD)

void
KERNEL (downmix) (GenreSampleFormat format, guint channels,
    gconstpointer samples, gsize n_frames, float *mono)
{
  switch (format) {
    case GENRE_SAMPLE_S16:
      downmix_s16 (samples, channels, n_frames, mono);
      break;
    case GENRE_SAMPLE_S32:
      downmix_s32 (samples, channels, n_frames, mono);
      break;
    case GENRE_SAMPLE_F32:
      downmix_f32 (samples, channels, n_frames, mono);
      break;
    case GENRE_SAMPLE_F64:
      downmix_f64 (samples, channels, n_frames, mono);
      break;
  }
}

void
KERNEL (downmix_planar) (GenreSampleFormat format, guint channels,
    const gconstpointer *planes, gsize first, gsize n_frames, float *mono)
{
  const double scale = 1.0 / channels;

  memset (mono, 0, n_frames * sizeof *mono);
  for (guint c = 0; c < channels; c++) {
    switch (format) {
      case GENRE_SAMPLE_S16:
        add_plane_s16 (
            (const gint16 *) planes[c] + first, scale, n_frames, mono);
        break;
      case GENRE_SAMPLE_S32:
        add_plane_s32 (
            (const gint32 *) planes[c] + first, scale, n_frames, mono);
        break;
      case GENRE_SAMPLE_F32:
        add_plane_f32 (
            (const float *) planes[c] + first, scale, n_frames, mono);
        break;
      case GENRE_SAMPLE_F64:
        add_plane_f64 (
            (const double *) planes[c] + first, scale, n_frames, mono);
        break;
    }
  }
}
