/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "audiosum.h"

#include <string.h>

#include "genre.h"
#include "source.h"

typedef struct
{
  GChecksum *sum;
  GstCaps *caps; /* of the samples before */
  gboolean any;
} Sum;

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

    g_checksum_update (sum->sum, (guchar *) text, (gssize) strlen (text));
    gst_caps_replace (&sum->caps, caps);
  }
  gst_clear_caps (&caps);
  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return;
  g_checksum_update (sum->sum, map.data, (gssize) map.size);
  gst_buffer_unmap (buffer, &map);
  sum->any = TRUE;
}

static gboolean
play (GstElement *pipeline, Source *source, GError **error)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  for (;;) {
    g_autoptr (GstMessage)
        message = gst_bus_timed_pop_filtered (bus, GST_CLOCK_TIME_NONE,
            GST_MESSAGE_ELEMENT | GST_MESSAGE_ERROR | GST_MESSAGE_EOS);

    if (!source_check_message (source, message, error))
      return FALSE;
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS)
      return TRUE;
  }
}

/* decoder ! fakesink */
char *
audio_sum (const char *path, GError **error)
{
  g_autoptr (GstElement)
      pipeline = gst_object_ref_sink (gst_pipeline_new (NULL));
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_MD5);
  Sum sum = { checksum, NULL, FALSE };
  Source source = { NULL, NULL };
  GstElement *sink;
  gboolean ok;

  sink = source_add_element (GST_BIN (pipeline), "fakesink", error);
  if (!sink || !source_init (&source, GST_BIN (pipeline), path, sink, error))
    return NULL;
  g_object_set (sink, "sync", FALSE, "signal-handoffs", TRUE, NULL);
  g_signal_connect (sink, "handoff", G_CALLBACK (on_handoff), &sum);
  ok = play (pipeline, &source, error);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  source_clear (&source);
  gst_clear_caps (&sum.caps);
  if (ok && !sum.any)
    g_set_error (
        error, GENRE_ERROR, GENRE_ERROR_READ, "There is no audio in it.");
  return ok && sum.any ? g_strdup (g_checksum_get_string (checksum)) : NULL;
}
