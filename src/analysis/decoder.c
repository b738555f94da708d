/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "decoder.h"

#include <gst/app/gstappsink.h>
#include <gst/audio/audio.h>

#include "genre/genre.h"
#include "reason.h"
#include "source.h"
#include "watch.h"

/* how long to wait for a sample before the pipeline is looked at */
#define PERIOD (100 * GST_MSECOND)

/* The @n samples @data of any format, as floats, in memory of @scratch; or @data
 * itself if they are.  audioconvert is passed by: it does not take 64 channels.
 * Otherwise than with its default, unpacking makes silence of 0. */
static const float *
get_floats (
    const GstAudioInfo *info, const guint8 *data, gsize n, GByteArray *scratch)
{
  const GstAudioFormatInfo *format = info->finfo;
  gboolean is_int = format->unpack_format == GST_AUDIO_FORMAT_S32;
  gsize size = is_int ? sizeof (gint32) : sizeof (double);
  float *floats;
  guint8 *unpacked;

  if (GST_AUDIO_INFO_FORMAT (info) == GST_AUDIO_FORMAT_F32)
    return (const float *) data;
  g_byte_array_set_size (scratch, n * (size + sizeof (float)));
  floats = (float *) (scratch->data + n * size);
  unpacked = scratch->data;
  format->unpack_func (
      format, GST_AUDIO_PACK_FLAG_TRUNCATE_RANGE, unpacked, data, n);
  for (gsize i = 0; i < n; i++)
    floats[i] = is_int ? ((const gint32 *) unpacked)[i] / 2147483648.0
                       : ((const double *) unpacked)[i];
  return floats;
}

/* Calls @func with a sample of the sink; sets @more to what it has returned. */
static gboolean
push_sample (GstSample *sample, DecoderFunc func, gpointer user_data,
    gboolean *more, GError **error)
{
  GstBuffer *buffer = gst_sample_get_buffer (sample);
  g_autoptr (GError) fault = NULL;
  GstAudioInfo info;
  g_autoptr (GByteArray) scratch = g_byte_array_new ();
  GstMapInfo map;
  DecoderBlock block;
  gsize n_frames;

  if (!gst_audio_info_from_caps (&info, gst_sample_get_caps (sample)))
    return TRUE;
  if (!gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    g_set_error (error, ANALYSIS_ERROR, REASON_DECODER_FAILED,
        "Its audio cannot be read.");
    return FALSE;
  }
  /* what is made of it must have a size that fits into an int */
  if (map.size > G_MAXINT / (2 * sizeof (double))) {
    gst_buffer_unmap (buffer, &map);
    g_set_error (error, ANALYSIS_ERROR, REASON_DECODER_FAILED,
        "Its decoder gives too much at once.");
    return FALSE;
  }
  n_frames = map.size / GST_AUDIO_INFO_BPF (&info);
  block = (DecoderBlock){ get_floats (&info, map.data,
                              n_frames * GST_AUDIO_INFO_CHANNELS (&info),
                              scratch),
    n_frames, GST_AUDIO_INFO_CHANNELS (&info), GST_AUDIO_INFO_RATE (&info) };
  *more = func (&block, user_data, &fault);
  gst_buffer_unmap (buffer, &map);
  if (!fault)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&fault));
  return FALSE;
}

static gboolean
pull_samples (Watch *watch, GstAppSink *sink, DecoderFunc func,
    gpointer user_data, GError **error)
{
  gboolean more = TRUE, any = FALSE;
  gint64 checked = 0;

  watch_begin (watch);
  while (more) {
    g_autoptr (GstSample) sample = gst_app_sink_try_pull_sample (sink, PERIOD);

    if (sample) {
      any = TRUE;
      watch_note_progress (watch);
      watch->audio += GST_BUFFER_DURATION_IS_VALID (
                          gst_sample_get_buffer (sample))
          ? GST_BUFFER_DURATION (gst_sample_get_buffer (sample))
          : 0;
      if (!push_sample (sample, func, user_data, &more, error))
        return FALSE;
    }
    /* also when samples never cease to come */
    if (!sample ||
        g_get_monotonic_time () - checked > 100 * G_TIME_SPAN_MILLISECOND) {
      checked = g_get_monotonic_time ();
      if (!watch_check (watch, error))
        return FALSE;
    }
    if (!sample && gst_app_sink_is_eos (sink))
      break;
  }
  if (!any)
    g_set_error (error, ANALYSIS_ERROR, REASON_NO_AUDIO_STREAM,
        "There is no audio in it.");
  return any;
}

/* decoder ! audioconvert ! audioresample ! appsink.  Only what is not
 * interleaved is converted, and only rates that no classifier takes, such as 768 kHz,
 * are resampled. */
gboolean
decoder_run (
    const char *name, DecoderFunc func, gpointer user_data, GError **error)
{
  g_autoptr (GstElement)
      pipeline = gst_object_ref_sink (gst_pipeline_new (NULL));
  g_autoptr (GstCaps) caps = gst_caps_new_simple ("audio/x-raw", "layout",
      G_TYPE_STRING, "interleaved", "rate", GST_TYPE_INT_RANGE, GENRE_MIN_RATE,
      GENRE_MAX_RATE, NULL);
  GstBin *bin = GST_BIN (pipeline);
  Source source = { 0 };
  Watch watch = {
    .pipeline = pipeline, .source = &source, .effort = WATCH_EFFORT
  };
  GstElement *convert, *resample, *sink;
  gboolean ok;

  if (!(convert = source_add_element (bin, "audioconvert", error)) ||
      !(resample = source_add_element (bin, "audioresample", error)) ||
      !(sink = source_add_element (bin, "appsink", error)) ||
      !source_init (&source, bin, name, convert, error))
    return FALSE;
  g_object_set (sink, "caps", caps, "sync", FALSE, "max-buffers", 16, NULL);
  gst_element_link_many (convert, resample, sink, NULL);
  source.direct = sink;
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  ok = pull_samples (&watch, GST_APP_SINK (sink), func, user_data, error) &&
      source_check_numbers (&source, error);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  source_clear (&source);
  return ok;
}
