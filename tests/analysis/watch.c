/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Pipelines that end, stand still or hang: each is noticed, and only then. */

#include "analysis/watch.h"

#include "analysis/reason.h"

typedef struct
{
  GstElement *pipeline;
  Source source;
  Watch watch;
  guint n_alive;
} Fixture;

static void
on_progress (gpointer user_data)
{
  Fixture *fixture = user_data;

  fixture->n_alive++;
}

static GstPadProbeReturn
on_buffer (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  (void) pad;
  (void) info;
  watch_note_progress (user_data);
  return GST_PAD_PROBE_OK;
}

/* Its element "sink" is where the audio goes. */
static void
start (Fixture *fixture, const char *description, guint timeout)
{
  g_autoptr (GstPad) pad = NULL;

  fixture->pipeline = gst_object_ref_sink (
      gst_parse_launch (description, NULL));
  fixture->source.sink = gst_bin_get_by_name (
      GST_BIN (fixture->pipeline), "sink");
  fixture->watch = (Watch){ .pipeline = fixture->pipeline,
    .source = &fixture->source,
    .timeout = timeout,
    .on_progress = on_progress,
    .user_data = fixture };
  pad = gst_element_get_static_pad (fixture->source.sink, "sink");
  gst_pad_add_probe (
      pad, GST_PAD_PROBE_TYPE_BUFFER, on_buffer, &fixture->watch, NULL);
  gst_element_set_state (fixture->pipeline, GST_STATE_PLAYING);
}

static void
stop (Fixture *fixture)
{
  gst_element_set_state (fixture->pipeline, GST_STATE_NULL);
  gst_object_unref (fixture->source.sink);
  gst_object_unref (fixture->pipeline);
  source_clear (&fixture->source);
}

/* It takes longer than a pipeline may stand still, but shows progress. */
static void
test_end (void)
{
  Fixture fixture = { 0 };
  g_autoptr (GError) error = NULL;

  start (&fixture,
      "fakesrc num-buffers=3 ! identity sleep-time=800000 ! "
      "fakesink name=sink sync=false",
      0);
  g_assert_true (watch_wait (&fixture.watch, GST_MESSAGE_EOS, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (fixture.n_alive, >, 0);
  stop (&fixture);
}

/* Nothing comes and no thread runs. */
static void
test_still (void)
{
  Fixture fixture = { 0 };
  g_autoptr (GError) error = NULL;

  start (&fixture, "appsrc ! fakesink name=sink", 60);
  /* which stops the thread of appsrc, as if a demuxer had given up */
  gst_element_set_state (fixture.pipeline, GST_STATE_READY);
  g_assert_false (watch_wait (&fixture.watch, GST_MESSAGE_EOS, &error));
  g_assert_error (error, ANALYSIS_ERROR, REASON_DECODER_FAILED);
  stop (&fixture);
}

/* A thread runs, and brings nothing. */
static void
test_hang (void)
{
  Fixture fixture = { 0 };
  g_autoptr (GError) error = NULL;

  start (&fixture, "appsrc ! fakesink name=sink", 3);
  g_assert_false (watch_wait (&fixture.watch, GST_MESSAGE_EOS, &error));
  g_assert_error (error, ANALYSIS_ERROR, REASON_TIMEOUT);
  stop (&fixture);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/watch/end", test_end);
  g_test_add_func ("/watch/still", test_still);
  g_test_add_func ("/watch/hang", test_hang);
  return g_test_run ();
}
