/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "levelmeter.h"

/* mean square below which a buffer is silent: -60 dBFS, as the element has it */
#define SILENCE 1e-6

void
level_meter_set_caps (LevelMeter *meter, const GstCaps *caps)
{
  if (!gst_audio_info_from_caps (&meter->info, caps))
    gst_audio_info_init (&meter->info);
  meter->remainder = 0;
}

/* The mean square of the @n samples, where full scale is 1.  The sums are of several
 * lanes, so that the compiler can compute them at once. */
#define DEFINE_MEAN_SQUARE(name, type, scale)                                  \
  static double name (const type *samples, gsize n)                            \
  {                                                                            \
    float sums[16] = { 0 };                                                    \
    double sum = 0;                                                            \
    gsize i = 0;                                                               \
                                                                               \
    for (; i + 16 <= n; i += 16)                                               \
      for (guint j = 0; j < 16; j++) {                                         \
        float value = (float) samples[i + j] * (float) (scale);                \
                                                                               \
        sums[j] += value * value;                                              \
      }                                                                        \
    for (; i < n; i++) {                                                       \
      float value = (float) samples[i] * (float) (scale);                      \
                                                                               \
      sum += value * value;                                                    \
    }                                                                          \
    for (guint j = 0; j < 16; j++)                                             \
      sum += sums[j];                                                          \
    return n > 0 ? sum / n : 0;                                                \
  }

DEFINE_MEAN_SQUARE (mean_square_s16, gint16, 1.0 / 32768)
DEFINE_MEAN_SQUARE (mean_square_s32, gint32, 1.0 / 2147483648.0)
DEFINE_MEAN_SQUARE (mean_square_f32, float, 1)
DEFINE_MEAN_SQUARE (mean_square_f64, double, 1)

/* Of any other format. */
static double
mean_square_unpacked (const GstAudioInfo *info, const guint8 *data, gsize n)
{
  const GstAudioFormatInfo *format = info->finfo;
  gboolean is_int = format->unpack_format == GST_AUDIO_FORMAT_S32;
  g_autofree double *unpacked = g_new (double, n);

  format->unpack_func (
      format, GST_AUDIO_PACK_FLAG_TRUNCATE_RANGE, unpacked, data, n);
  return is_int ? mean_square_s32 ((const gint32 *) unpacked, n)
                : mean_square_f64 (unpacked, n);
}

static double
get_mean_square (const GstAudioInfo *info, const GstMapInfo *map)
{
  gsize n = map->size / (GST_AUDIO_INFO_WIDTH (info) / 8);

  switch (GST_AUDIO_INFO_FORMAT (info)) {
    case GST_AUDIO_FORMAT_S16:
      return mean_square_s16 ((const gint16 *) map->data, n);
    case GST_AUDIO_FORMAT_S32:
      return mean_square_s32 ((const gint32 *) map->data, n);
    case GST_AUDIO_FORMAT_F32:
      return mean_square_f32 ((const float *) map->data, n);
    case GST_AUDIO_FORMAT_F64:
      return mean_square_f64 ((const double *) map->data, n);
    default:
      return mean_square_unpacked (info, map->data, n);
  }
}

void
level_meter_add (LevelMeter *meter, GstBuffer *buffer)
{
  const GstAudioInfo *info = &meter->info;
  gboolean is_silent = GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_GAP);
  guint64 scaled, duration;
  GstMapInfo map;

  if (GST_AUDIO_INFO_FORMAT (info) == GST_AUDIO_FORMAT_UNKNOWN)
    return;
  scaled = gst_buffer_get_size (buffer) / GST_AUDIO_INFO_BPF (info) *
          GST_SECOND +
      meter->remainder;
  duration = scaled / GST_AUDIO_INFO_RATE (info);
  meter->remainder = scaled % GST_AUDIO_INFO_RATE (info);
  if (!is_silent && gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    is_silent = get_mean_square (info, &map) < SILENCE;
    gst_buffer_unmap (buffer, &map);
  }
  meter->position += duration;
  meter->silent += is_silent ? duration : 0;
  meter->silent_run = is_silent ? meter->silent_run + duration : 0;
}
