/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Pipelines that end, stand still or hang: each is noticed, and only then. */

#include "analysis/watch.h"

#include "analysis/reason.h"

typedef struct Fixture Fixture;

struct Fixture
{
  GstElement *pipeline;
  Source source;
  Watch watch;
  guint n_alive;
  void (*on_handoff) (
      Fixture *fixture); /* in the thread that brings a buffer */
  int ended;             /* atomic */
  GMutex mutex;
  GCond cond;
};

static void
wait_for_end (Fixture *fixture)
{
  g_mutex_lock (&fixture->mutex);
  while (!fixture->ended)
    g_cond_wait (&fixture->cond, &fixture->mutex);
  g_mutex_unlock (&fixture->mutex);
}

static void
spin_until_end (Fixture *fixture)
{
  while (!g_atomic_int_get (&fixture->ended))
    ;
}

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
  fixture->source.is_recognized = TRUE;
  fixture->watch = (Watch){ .pipeline = fixture->pipeline,
    .source = &fixture->source,
    .timeout = timeout,
    .effort = fixture->watch.effort,
    .on_progress = on_progress,
    .user_data = fixture };
  pad = gst_element_get_static_pad (fixture->source.sink, "sink");
  gst_pad_add_probe (
      pad, GST_PAD_PROBE_TYPE_BUFFER, on_buffer, &fixture->watch, NULL);
  if (fixture->on_handoff)
    g_signal_connect_swapped (fixture->source.sink, "handoff",
        G_CALLBACK (fixture->on_handoff), fixture);
  gst_element_set_state (fixture->pipeline, GST_STATE_PLAYING);
}

static void
stop (Fixture *fixture)
{
  g_mutex_lock (&fixture->mutex);
  g_atomic_int_set (&fixture->ended, TRUE);
  g_cond_signal (&fixture->cond);
  g_mutex_unlock (&fixture->mutex);
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

/* Who looks too late was stopped, and does not know what the threads would have done. */
static void
test_late (void)
{
  Fixture fixture = { 0 };
  g_autoptr (GError) error = NULL;

  start (&fixture, "appsrc ! fakesink name=sink", 60);
  gst_element_set_state (fixture.pipeline, GST_STATE_READY);
  watch_begin (&fixture.watch);
  g_usleep (2.5 * G_USEC_PER_SEC);
  g_assert_true (watch_check (&fixture.watch, &error));
  g_assert_no_error (error);
  stop (&fixture);
}

/* A thread runs, and may wait for data that others send. */
static void
test_hang (void)
{
  Fixture fixture = { 0 };
  g_autoptr (GError) error = NULL;

  start (&fixture, "appsrc ! fakesink name=sink", 6);
  g_assert_false (watch_wait (&fixture.watch, GST_MESSAGE_EOS, &error));
  g_assert_error (error, ANALYSIS_ERROR, REASON_TIMEOUT);
  stop (&fixture);
}

/* Of a local file. */
static char *
describe_file (void)
{
  return g_strdup_printf ("filesrc location=\"%s\" ! "
                          "oggdemux name=demuxer ! "
                          "fakesink name=sink signal-handoffs=true",
      g_getenv ("TEST_CLIP"));
}

/* Its thread waits for what never comes, although it need not wait for data. */
static void
test_wait (void)
{
  Fixture fixture = { .on_handoff = wait_for_end };
  g_autofree char *description = describe_file ();
  g_autoptr (GError) error = NULL;

  start (&fixture, description, 60);
  g_assert_false (watch_wait (&fixture.watch, GST_MESSAGE_EOS, &error));
  g_assert_error (error, ANALYSIS_ERROR, REASON_DECODER_FAILED);
  stop (&fixture);
}

/* Works once, with the thread paused as a demuxer does it while it seeks, for longer than
 * a pipeline may stand still. */
static void
spin_while_paused (Fixture *fixture)
{
  g_autoptr (GstElement)
      demuxer = gst_bin_get_by_name (GST_BIN (fixture->pipeline), "demuxer");
  g_autoptr (GstPad) pad = gst_element_get_static_pad (demuxer, "sink");
  gint64 end = g_get_monotonic_time () + 3 * G_TIME_SPAN_SECOND;

  if (fixture->ended)
    return;
  fixture->ended = TRUE;
  gst_task_pause (GST_PAD_TASK (pad));
  while (g_get_monotonic_time () < end)
    ;
  gst_task_start (GST_PAD_TASK (pad));
}

/* A thread that is paused, but works on, is a thread. */
static void
test_paused (void)
{
  Fixture fixture = { .on_handoff = spin_while_paused };
  g_autofree char *description = describe_file ();
  g_autoptr (GError) error = NULL;

  start (&fixture, description, 60);
  g_assert_true (watch_wait (&fixture.watch, GST_MESSAGE_EOS, &error));
  g_assert_no_error (error);
  stop (&fixture);
}

/* Its thread is in an endless loop. */
static void
test_effort (void)
{
  Fixture fixture = { .on_handoff = spin_until_end, .watch.effort = 1 };
  g_autofree char *description = describe_file ();
  g_autoptr (GError) error = NULL;

  start (&fixture, description, 60);
  g_assert_false (watch_wait (&fixture.watch, GST_MESSAGE_EOS, &error));
  g_assert_error (error, ANALYSIS_ERROR, REASON_DECODER_FAILED);
  stop (&fixture);
}

/* Work without end is noticed even if nothing else is amiss. */
static void
test_work (void)
{
  Fixture fixture = { .on_handoff = spin_until_end };
  g_autofree char *description = describe_file ();
  g_autoptr (GError) error = NULL;

  watch_limit_work (0.2, 0.1, 3600);
  start (&fixture, description, 60);
  g_assert_false (watch_wait (&fixture.watch, GST_MESSAGE_EOS, &error));
  g_assert_error (error, ANALYSIS_ERROR, REASON_TOO_MUCH_WORK);
  stop (&fixture);
  watch_limit_work (0, 0, 0);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/watch/end", test_end);
  g_test_add_func ("/watch/still", test_still);
  g_test_add_func ("/watch/late", test_late);
  g_test_add_func ("/watch/hang", test_hang);
  g_test_add_func ("/watch/wait", test_wait);
  g_test_add_func ("/watch/paused", test_paused);
  g_test_add_func ("/watch/effort", test_effort);
  g_test_add_func ("/watch/work", test_work);
  return g_test_run ();
}
