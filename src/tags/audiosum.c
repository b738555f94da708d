/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "audiosum.h"

#include <string.h>

#include "analysis/source.h"
#include "tagserror.h"

#define TICK (200 * GST_MSECOND)

typedef struct
{
  GstElement *pipeline;
  Source source;
  GChecksum *checksum;
  GstCaps *caps;   /* of the samples before */
  guint n_buffers; /* atomic */
} Sum;

static void
sum_free (Sum *sum)
{
  gst_element_set_state (sum->pipeline, GST_STATE_NULL);
  gst_object_unref (sum->pipeline);
  source_clear (&sum->source);
  g_checksum_free (sum->checksum);
  gst_clear_caps (&sum->caps);
  g_free (sum);
}

static void
on_handoff (
    GstElement *sink, GstBuffer *buffer, GstPad *pad, gpointer user_data)
{
  Sum *sum = user_data;
  GstCaps *caps = gst_pad_get_current_caps (pad);
  GstMapInfo map;

  (void) sink;
  if (caps && (!sum->caps || !gst_caps_is_equal (caps, sum->caps))) {
    g_autofree char *text = gst_caps_to_string (caps);

    g_checksum_update (sum->checksum, (guchar *) text, (gssize) strlen (text));
    gst_caps_replace (&sum->caps, caps);
  }
  gst_clear_caps (&caps);
  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return;
  g_checksum_update (sum->checksum, map.data, (gssize) map.size);
  gst_buffer_unmap (buffer, &map);
  g_atomic_int_inc (&sum->n_buffers);
}

/* decoder ! fakesink */
static gboolean
build (Sum *sum, const char *path, GError **error)
{
  GstBin *bin = GST_BIN (sum->pipeline);
  GstElement *sink = source_add_element (bin, "fakesink", error);

  if (!sink || !source_init (&sum->source, bin, path, sink, error))
    return FALSE;
  g_object_set (sink, "sync", FALSE, "signal-handoffs", TRUE, NULL);
  g_signal_connect (sink, "handoff", G_CALLBACK (on_handoff), sum);
  return TRUE;
}

/* FALSE with @error set if there was a fault, or with @stuck if nothing comes. */
static gboolean
play (Sum *sum, const AudioSumWatch *watch, gboolean *stuck, GError **error)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (sum->pipeline);
  gint64 alive = g_get_monotonic_time ();
  guint n_seen = 0;

  gst_element_set_state (sum->pipeline, GST_STATE_PLAYING);
  for (;;) {
    g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (
        bus, TICK, GST_MESSAGE_ELEMENT | GST_MESSAGE_ERROR | GST_MESSAGE_EOS);
    guint n = (guint) g_atomic_int_get (&sum->n_buffers);
    gint64 now = g_get_monotonic_time ();

    if (message && !source_check_message (&sum->source, message, error))
      return FALSE;
    if (message && GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS)
      return TRUE;
    if (n != n_seen) {
      n_seen = n;
      alive = now;
      if (watch->progress)
        watch->progress (watch->user_data);
    } else if (watch->timeout &&
        now - alive > watch->timeout * G_TIME_SPAN_SECOND) {
      *stuck = TRUE;
      g_set_error (error, TAGS_ERROR, REASON_TIMEOUT,
          "Its decoder was given up after %u s without progress.",
          watch->timeout);
      return FALSE;
    }
  }
}

char *
audio_sum (const char *path, const AudioSumWatch *watch, GError **error)
{
  Sum *sum = g_new0 (Sum, 1);
  gboolean stuck = FALSE;
  char *digest = NULL;

  sum->pipeline = gst_object_ref_sink (gst_pipeline_new (NULL));
  sum->checksum = g_checksum_new (G_CHECKSUM_MD5);
  if (build (sum, path, error) && play (sum, watch, &stuck, error)) {
    if (sum->n_buffers > 0)
      digest = g_strdup (g_checksum_get_string (sum->checksum));
    else
      tags_error_set (
          error, REASON_NO_AUDIO_STREAM, "There is no audio in it.");
  }
  /* to stop a decoder that hangs would hang too: it is left to itself */
  if (!stuck)
    sum_free (sum);
  return digest;
}
