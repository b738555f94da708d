/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Where a track begins and ends, what its message tells of it, and what a seek
 * leaves of it. */

#include "support.h"

static void
check_track (GstHarness *h, guint64 segments, const char *end)
{
  gst_message_unref (next_track (h, segments, end));
}

static void
check_genre (GstHarness *h, const char *expected)
{
  g_autofree char *genre = get_genre (h);

  fail_unless_equals_string (genre, expected);
}

static void
on_notify (GObject *object, GParamSpec *spec, gpointer user_data)
{
  (void) object;
  (void) spec;
  g_atomic_int_inc ((gint *) user_data);
}

/* A seek within a track: it goes on, and what is known of it stays until a segment
 * after the seek changes that.  What was gathered is dropped. */
GST_START_TEST (test_flush)
{
  GstHarness *h = harness_new_steered (3, NULL);
  GstElement *element = gst_harness_find_element (h, "genreclassify");
  double confidence, after;
  gint notified = 0;
  GstMessage *message;

  push_stream (h, "one", 1, 0);
  push_tone (h, TONE_CLASSICAL, 0, 4.5);
  gst_message_unref (wait_answer (h, "genreclassify"));
  g_object_get (element, "confidence", &confidence, NULL);
  check_genre (h, "classical");
  g_signal_connect (
      element, "notify::genre", G_CALLBACK (on_notify), &notified);
  g_signal_connect (
      element, "notify::confidence", G_CALLBACK (on_notify), &notified);

  push_flush (h);
  check_genre (h, "classical");
  push_segment (h, 50 * GST_SECOND, 0);
  push_tone (h, TONE_HIPHOP, 50, 52.9);
  check_genre (h, "classical");
  g_object_get (element, "confidence", &after, NULL);
  fail_unless_equals_float (after, confidence);
  fail_unless_equals_int (g_atomic_int_get (&notified), 0);
  fail_unless (pop_answer (h, "genreclassify") == NULL);

  push_tone (h, TONE_HIPHOP, 52.9, 56);
  push_eos (h);
  for (guint i = 1; i <= 2; i++) {
    message = pop_answer (h, "genreclassify");
    fail_unless (message != NULL);
    check_answer (message);
    fail_unless_equals_uint64 (get_uint64 (message, "segment"), i);
    fail_unless_equals_uint64 (
        get_uint64 (message, "timestamp"), (47 + 3 * i) * GST_SECOND);
    fail_unless_equals_uint64 (
        get_uint64 (message, "stream-time"), (47 + 3 * i) * GST_SECOND);
    fail_unless_equals_uint64 (
        get_uint64 (message, "running-time"), (3 * i - 3) * GST_SECOND);
    gst_message_unref (message);
  }
  check_genre (h, "hiphop");
  message = next_track (h, 3, "eos");
  fail_unless_equals_uint64 (get_uint64 (message, "timestamp"), 0);
  fail_unless_equals_uint64 (get_uint64 (message, "duration"), 9 * GST_SECOND);
  gst_message_unref (message);
  gst_object_unref (element);
  harness_free (h);
}

GST_END_TEST;

/* What is heard twice counts twice. */
GST_START_TEST (test_heard_twice)
{
  GstHarness *h = harness_new_steered (3, NULL);

  push_tone (h, TONE_CLASSICAL, 0, 6.5);
  gst_message_unref (wait_answer (h, "genreclassify"));
  gst_message_unref (wait_answer (h, "genreclassify"));
  for (guint i = 0; i < 3; i++) {
    push_flush (h);
    push_segment (h, 0, 0);
    push_tone (h, TONE_HIPHOP, 0, 3.5);
    gst_message_unref (wait_answer (h, "genreclassify"));
  }
  check_genre (h, "hiphop");
  push_eos (h);
  check_track (h, 5, "eos");
  harness_free (h);
}

GST_END_TEST;

/* Flushes in the thread that posts the first message, once it may. */
typedef struct
{
  GstHarness *h;
  gint posting, may_flush, flushed;
} Flusher;

static void
wait_until (gint *flag)
{
  while (!g_atomic_int_get (flag))
    g_usleep (1000);
}

static GstBusSyncReply
flush_at_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  Flusher *flusher = user_data;

  (void) bus;
  if (gst_message_has_name (message, "genreclassify") &&
      !g_atomic_int_get (&flusher->flushed)) {
    g_atomic_int_set (&flusher->posting, 1);
    wait_until (&flusher->may_flush);
    push_flush (flusher->h);
    g_atomic_int_set (&flusher->flushed, 1);
  }
  return GST_BUS_PASS;
}

/* Of segments that wait when the flush comes nothing is seen after it. */
GST_START_TEST (test_flush_cancels)
{
  GstHarness *h = harness_new_steered (3, NULL);
  g_autoptr (GstBus) bus = gst_element_get_bus (h->element);
  Flusher flusher = { .h = h };
  GstMessage *message;

  gst_bus_set_sync_handler (bus, flush_at_message, &flusher, NULL);
  push_tone (h, TONE_HIPHOP, 0, 3.5);
  wait_until (&flusher.posting);
  push_tone (h, TONE_HIPHOP, 3.5, 9.5);
  g_atomic_int_set (&flusher.may_flush, 1);
  wait_until (&flusher.flushed);
  push_segment (h, 100 * GST_SECOND, 0);
  push_tone (h, TONE_CLASSICAL, 100, 104);
  push_eos (h);

  message = pop_answer (h, "genreclassify");
  fail_unless_equals_uint64 (get_uint64 (message, "timestamp"), 0);
  gst_message_unref (message);
  message = pop_answer (h, "genreclassify");
  fail_unless_equals_uint64 (
      get_uint64 (message, "timestamp"), 100 * GST_SECOND);
  fail_unless (get_uint64 (message, "segment") > 0);
  gst_message_unref (message);
  message = pop_answer (h, "genreclassify");
  fail_unless_equals_uint64 (
      get_uint64 (message, "timestamp"), 103 * GST_SECOND);
  gst_message_unref (message);
  check_track (h, 3, "eos");
  gst_bus_set_sync_handler (bus, NULL, NULL, NULL);
  harness_free (h);
}

GST_END_TEST;

/* A flush before another stream ends the track; before the same one it does
 * not. */
GST_START_TEST (test_flush_and_stream)
{
  for (guint other = 0; other <= 1; other++) {
    GstHarness *h = harness_new_steered (3, NULL);
    GstMessage *message;

    push_stream (h, "one", 1, 0);
    push_tone (h, TONE_CLASSICAL, 0, 3.5);
    gst_message_unref (wait_answer (h, "genreclassify"));
    push_flush (h);
    check_genre (h, "classical");
    push_stream (h, other ? "two" : "one", 1 + other, 0);
    check_genre (h, other ? NULL : "classical");
    if (other) {
      message = next_track (h, 1, "stream");
      fail_unless_equals_string (get_string (message, "stream-id"), "one");
      gst_message_unref (message);
    }
    push_tone (h, TONE_HIPHOP, 0, 3.5);
    push_eos (h);
    message = pop_answer (h, "genreclassify");
    fail_unless_equals_uint64 (get_uint64 (message, "segment"), !other);
    gst_message_unref (message);
    check_track (h, other ? 1 : 2, "eos");
    harness_free (h);
  }
}

GST_END_TEST;

/* A seek back after the end: the answer stays until the first one after it, and
 * the end is told again. */
GST_START_TEST (test_seek_after_end)
{
  GstHarness *h = harness_new_steered (3, NULL);
  GstMessage *message;

  push_stream (h, "one", 1, 0);
  push_tone (h, TONE_CLASSICAL, 0, 3.5);
  push_eos (h);
  check_track (h, 1, "eos");
  push_flush (h);
  push_segment (h, 0, 0);
  push_tone (h, TONE_HIPHOP, 0, 1);
  check_genre (h, "classical");
  push_tone (h, TONE_HIPHOP, 1, 6);
  push_eos (h);
  message = pop_answer (h, "genreclassify-track");
  fail_unless (message != NULL);
  check_answer (message);
  fail_unless_equals_string (get_string (message, "end"), "eos");
  fail_unless_equals_string (get_string (message, "genre"), "hiphop");
  fail_unless_equals_string (get_string (message, "stream-id"), "one");
  gst_message_unref (message);
  check_genre (h, "hiphop");
  harness_free (h);
}

GST_END_TEST;

/* Another group is another track; where one has none, another stream-id is.  In
 * the same track the open window goes on. */
GST_START_TEST (test_streams)
{
  static const struct
  {
    const char *ids[2];
    guint groups[2];
    gboolean other;
  } cases[] = {
    { { "a", "a" }, { 1, 1 }, FALSE },
    { { "a", "b" }, { 1, 1 }, FALSE },
    { { "a", "a" }, { 1, 2 }, TRUE },
    { { "a", "b" }, { 1, 2 }, TRUE },
    { { "a", "a" }, { 0, 0 }, FALSE },
    { { "a", "b" }, { 0, 0 }, TRUE },
    { { "a", "a" }, { 1, 0 }, FALSE },
    { { "a", "b" }, { 1, 0 }, TRUE },
    { { "a", "a" }, { 0, 1 }, FALSE },
    { { "a", "b" }, { 0, 1 }, TRUE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    const gboolean other = cases[i].other;
    GstHarness *h = harness_new_steered (3, NULL);
    GstMessage *message;

    push_stream (h, cases[i].ids[0], cases[i].groups[0], 0);
    push_tone (h, TONE_CLASSICAL, 0, 5);
    gst_message_unref (wait_answer (h, "genreclassify"));
    push_stream (h, cases[i].ids[1], cases[i].groups[1], 5 * GST_SECOND);
    check_genre (h, other ? NULL : "classical");
    if (other) {
      message = next_track (h, 2, "stream");
      fail_unless_equals_string (
          get_string (message, "stream-id"), cases[i].ids[0]);
      fail_unless_equals_uint64 (
          get_uint64 (message, "duration"), 5 * GST_SECOND);
      gst_message_unref (message);
    }
    push_tone (h, TONE_CLASSICAL, 0, 4);
    push_eos (h);
    message = pop_answer (h, "genreclassify");
    fail_unless (message != NULL);
    fail_unless_equals_uint64 (get_uint64 (message, "segment"), !other);
    fail_unless_equals_uint64 (
        get_uint64 (message, "timestamp"), other ? 0 : 3 * GST_SECOND);
    fail_unless_equals_uint64 (
        get_uint64 (message, "running-time"), (other ? 5 : 3) * GST_SECOND);
    fail_unless_equals_uint64 (
        get_uint64 (message, "duration"), 3 * GST_SECOND);
    gst_message_unref (message);
    message = next_track (h, other ? 2 : 3, "eos");
    fail_unless_equals_string (
        get_string (message, "stream-id"), cases[i].ids[1]);
    gst_message_unref (message);
    harness_free (h);
  }
}

GST_END_TEST;

/* Stopped with a track under way: its message, over what is done, once. */
GST_START_TEST (test_stopped)
{
  GstHarness *h = harness_new_steered (3, NULL);
  GstMessage *message;

  push_stream (h, "one", 1, 0);
  push_tags (h, GST_TAG_SCOPE_STREAM, GST_TAG_TITLE, "A title", NULL);
  push_tone (h, TONE_CLASSICAL, 0, 5.5);
  gst_message_unref (wait_answer (h, "genreclassify"));
  gst_element_set_state (h->element, GST_STATE_READY);
  message = next_track (h, 1, "stopped");
  fail_unless_equals_uint64 (get_uint64 (message, "duration"), 3 * GST_SECOND);
  fail_unless_equals_string (get_string (message, "genre"), "classical");
  fail_unless_equals_string (get_string (message, "title"), "A title");
  fail_unless_equals_string (get_string (message, "stream-id"), "one");
  gst_message_unref (message);
  gst_element_set_state (h->element, GST_STATE_NULL);
  fail_unless (pop_answer (h, "genreclassify-track") == NULL);

  /* started again, another track, which ends by itself */
  gst_element_set_state (h->element, GST_STATE_PLAYING);
  fail_unless (
      gst_harness_push_event (h, gst_event_new_stream_start ("again")));
  gst_harness_set_src_caps_str (h,
      "audio/x-raw, format=" GST_AUDIO_NE (
          S16) ", rate=22050, channels=1, layout=interleaved");
  push_tone (h, TONE_HIPHOP, 0, 1);
  check_genre (h, NULL);
  push_tone (h, TONE_HIPHOP, 1, 4);
  push_eos (h);
  message = pop_answer (h, "genreclassify");
  fail_unless_equals_uint64 (get_uint64 (message, "segment"), 0);
  gst_message_unref (message);
  message = next_track (h, 2, "eos");
  fail_unless (get_string (message, "title") == NULL);
  gst_message_unref (message);
  gst_element_set_state (h->element, GST_STATE_NULL);
  fail_unless (pop_answer (h, "genreclassify-track") == NULL);
  harness_free (h);

  /* nothing done, nothing to tell */
  h = harness_new_steered (3, NULL);
  push_tone (h, TONE_CLASSICAL, 0, 2);
  gst_element_set_state (h->element, GST_STATE_READY);
  fail_unless (pop_answer (h, "genreclassify-track") == NULL);
  fail_unless_equals_float (get_stat (h, "discarded"), 2);
  harness_free (h);
}

GST_END_TEST;

/* What a sync handler has seen. */
typedef struct
{
  guint n_segments, n_tracks;
  guint64 told;
  gboolean late;
} Seen;

static GstBusSyncReply
count_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  Seen *seen = user_data;

  (void) bus;
  if (gst_message_has_name (message, "genreclassify")) {
    seen->n_segments++;
    seen->late |= seen->n_tracks > 0;
  } else if (gst_message_has_name (message, "genreclassify-track")) {
    seen->n_tracks++;
    seen->told = get_uint64 (message, "segments");
    fail_unless_equals_string (get_string (message, "end"), "stopped");
  }
  return GST_BUS_PASS;
}

/* Stopped while segments come and wait: the track is told last, over those that
 * were told. */
GST_START_TEST (test_stopped_at_work)
{
  for (guint i = 0; i < 12; i++) {
    GstElement *pipeline = gst_parse_launch (
        "audiotestsrc wave=pink-noise samplesperbuffer=22050 "
        "! audio/x-raw, rate=22050, channels=1 "
        "! genreclassify window=3000000000 ! fakesink",
        NULL);
    g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
    Seen seen = { 0 };

    gst_bus_set_sync_handler (bus, count_message, &seen, NULL);
    gst_element_set_state (pipeline, GST_STATE_PLAYING);
    for (guint n = 0; n < i / 2; n++) {
      GstMessage *message = gst_bus_timed_pop_filtered (
          bus, 60 * GST_SECOND, GST_MESSAGE_ELEMENT);

      fail_unless (message != NULL, "nothing happens");
      gst_message_unref (message);
    }
    gst_element_set_state (pipeline, GST_STATE_NULL);
    fail_unless_equals_int (seen.n_tracks, seen.n_segments > 0);
    fail_unless_equals_uint64 (seen.told, seen.n_segments);
    fail_unless (!seen.late, "a segment after its track");
    gst_bus_set_sync_handler (bus, NULL, NULL, NULL);
    gst_object_unref (pipeline);
  }
}

GST_END_TEST;

static const char *uri_of_upstream;

static gboolean
answer_uri (GstPad *pad, GstObject *parent, GstQuery *query)
{
  switch (GST_QUERY_TYPE (query)) {
    case GST_QUERY_URI:
      if (uri_of_upstream)
        gst_query_set_uri (query, uri_of_upstream);
      return uri_of_upstream != NULL;
    case GST_QUERY_LATENCY:
      gst_query_set_latency (query, FALSE, 0, GST_CLOCK_TIME_NONE);
      return TRUE;
    default:
      return gst_pad_query_default (pad, parent, query);
  }
}

/* A track's message tells what upstream named during that track, though the next
 * one's may be known already; a new stream forgets it all. */
GST_START_TEST (test_told_of_streams)
{
  GstHarness *h = harness_new_steered (3, NULL);

  gst_pad_set_query_function (h->srcpad, answer_uri);
  uri_of_upstream = "file:///one";
  push_stream (h, "one", 1, 0);
  push_tags (h, GST_TAG_SCOPE_GLOBAL, GST_TAG_ORGANIZATION, "Radio", NULL);
  push_tags (h, GST_TAG_SCOPE_STREAM, GST_TAG_TITLE, "First", GST_TAG_ARTIST,
      "Someone", NULL);
  push_tone (h, TONE_CLASSICAL, 0, 4);
  push_tags (h, GST_TAG_SCOPE_STREAM, GST_TAG_BITRATE, 128000, NULL);

  uri_of_upstream = "file:///two";
  push_stream (h, "two", 2, 4 * GST_SECOND);
  check_told (next_track (h, 2, "stream"), "one", "file:///one", "First",
      "Someone", "Radio");
  push_tone (h, TONE_CLASSICAL, 0, 4);

  uri_of_upstream = NULL;
  push_stream (h, "three", 3, 8 * GST_SECOND);
  check_told (
      next_track (h, 2, "stream"), "two", "file:///two", NULL, NULL, NULL);
  push_tags (h, GST_TAG_SCOPE_GLOBAL, GST_TAG_TITLE, "Third", NULL);
  push_tone (h, TONE_CLASSICAL, 0, 2);
  push_tags (h, GST_TAG_SCOPE_GLOBAL, GST_TAG_ARTIST, "Other", NULL);
  push_tone (h, TONE_CLASSICAL, 2, 4);
  push_eos (h);
  check_told (next_track (h, 2, "eos"), "three", NULL, "Third", "Other", NULL);
  harness_free (h);
}

GST_END_TEST;

static Suite *
tracks_suite (void)
{
  Suite *suite = suite_create ("tracks");
  TCase *chain = tcase_create ("general");

  suite_add_tcase (suite, chain);
  tcase_set_timeout (chain, 120);
  tcase_add_test (chain, test_flush);
  tcase_add_test (chain, test_heard_twice);
  tcase_add_test (chain, test_flush_cancels);
  tcase_add_test (chain, test_flush_and_stream);
  tcase_add_test (chain, test_seek_after_end);
  tcase_add_test (chain, test_streams);
  tcase_add_test (chain, test_stopped);
  tcase_add_test (chain, test_stopped_at_work);
  tcase_add_test (chain, test_told_of_streams);
  return suite;
}

GST_CHECK_MAIN (tracks);
