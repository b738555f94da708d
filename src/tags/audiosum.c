/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "audiosum.h"

#include <string.h>

#include "analysis/source.h"
#include "analysis/watch.h"
#include "tagserror.h"

typedef struct
{
  GstElement *pipeline;
  Source source;
  GChecksum *checksum; /* of the buffers, and of their caps when these change */
  GstCaps *caps;       /* of the buffer before; NULL at first */
  guint n_buffers;     /* how many have come */
  Watch watch;
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
  sum->n_buffers++;
  watch_note_progress (&sum->watch);
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

/* Waits for the end of the stream.  FALSE with @error set, in ANALYSIS_ERROR,
 * if it does not come or nothing was decoded. */
static gboolean
decode (Sum *sum, const AudioSumWatch *watch, GError **error)
{
  sum->watch = (Watch){
    .pipeline = sum->pipeline,
    .source = &sum->source,
    .timeout = watch->timeout,
    .on_progress = watch->progress,
    .user_data = watch->user_data,
  };
  gst_element_set_state (sum->pipeline, GST_STATE_PLAYING);
  if (!watch_wait (&sum->watch, GST_MESSAGE_EOS, error))
    return FALSE;
  if (sum->n_buffers > 0)
    return TRUE;
  g_set_error (error, ANALYSIS_ERROR, REASON_NO_AUDIO_STREAM,
      "There is no audio in it.");
  return FALSE;
}

char *
audio_sum (const char *path, const AudioSumWatch *watch, GError **error)
{
  Sum *sum = g_new0 (Sum, 1);
  g_autoptr (GError) failure = NULL;
  Reason reason = REASON_NONE;
  char *digest = NULL;

  sum->pipeline = gst_object_ref_sink (gst_pipeline_new (NULL));
  sum->checksum = g_checksum_new (G_CHECKSUM_MD5);
  if (build (sum, path, &failure) && decode (sum, watch, &failure)) {
    digest = g_strdup (g_checksum_get_string (sum->checksum));
  } else {
    reason = reason_from_error (failure, REASON_DECODER_FAILED);
    tags_error_set (error, reason, failure->message);
  }
  /* Stopping a decoder that hangs would hang as well, so it is left alone. */
  if (reason != REASON_TIMEOUT)
    sum_free (sum);
  return digest;
}
