/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Time that the streaming thread spends in the element for each buffer: ten
 * minutes of 44.1 kHz stereo in buffers of 1024, twenty times as fast as they
 * would be played, so that the worker keeps up and nothing waits for it.
 *
 *   bench-streaming [FILE.wav] */

#include <gst/gst.h>

typedef struct
{
  gint64 begin;
  GArray *times; /* gint64, ns */
} Meter;

static gint64
now (void)
{
  return gst_util_get_timestamp ();
}

static GstPadProbeReturn
on_enter (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  (void) pad;
  (void) info;
  ((Meter *) user_data)->begin = now ();
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_leave (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Meter *meter = user_data;
  gint64 time = now () - meter->begin;

  (void) pad;
  (void) info;
  g_array_append_val (meter->times, time);
  return GST_PAD_PROBE_OK;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  gint64 difference = *(const gint64 *) a - *(const gint64 *) b;

  return (difference > 0) - (difference < 0);
}

int
main (int argc, char **argv)
{
  Meter meter = { 0, g_array_new (FALSE, FALSE, sizeof (gint64)) };
  g_autofree char *source = NULL;
  g_autofree char *launch = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GstMessage) message = NULL;
  g_autoptr (GstPad) sink = NULL;
  g_autoptr (GstPad) src = NULL;
  GstElement *pipeline, *classifier;
  GstBus *bus;
  double sum = 0;

  gst_init (&argc, &argv);
  source = argc > 1
      ? g_strdup_printf (
            "filesrc blocksize=4096 location=\"%s\" ! wavparse", argv[1])
      : g_strdup ("audiotestsrc wave=pink-noise samplesperbuffer=1024 "
                  "num-buffers=25840 ! audio/x-raw,format=S16LE,rate=44100,"
                  "channels=2");
  launch = g_strdup_printf ("%s ! identity sleep-time=1000 "
                            "! genreclassify name=g ! fakesink",
      source);
  pipeline = gst_parse_launch (launch, &error);
  if (error)
    g_error ("%s", error->message);
  classifier = gst_bin_get_by_name (GST_BIN (pipeline), "g");
  sink = gst_element_get_static_pad (classifier, "sink");
  src = gst_element_get_static_pad (classifier, "src");
  gst_pad_add_probe (sink, GST_PAD_PROBE_TYPE_BUFFER, on_enter, &meter, NULL);
  gst_pad_add_probe (src, GST_PAD_PROBE_TYPE_BUFFER, on_leave, &meter, NULL);

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  bus = gst_element_get_bus (pipeline);
  message = gst_bus_timed_pop_filtered (
      bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    g_error ("the pipeline failed");
  gst_element_set_state (pipeline, GST_STATE_NULL);

  g_array_sort (meter.times, compare);
  for (guint i = 0; i < meter.times->len; i++)
    sum += g_array_index (meter.times, gint64, i);
  g_print ("%u buffers: mean %.1f us, median %.1f us, 99.9th percentile %.1f "
           "us, maximum %.1f us\n",
      meter.times->len, sum / meter.times->len / 1e3,
      g_array_index (meter.times, gint64, meter.times->len / 2) / 1e3,
      g_array_index (meter.times, gint64, meter.times->len * 999 / 1000) / 1e3,
      g_array_index (meter.times, gint64, meter.times->len - 1) / 1e3);
  gst_object_unref (bus);
  gst_object_unref (classifier);
  gst_object_unref (pipeline);
  g_array_unref (meter.times);
  return 0;
}
