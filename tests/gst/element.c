/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The element in a harness: pass-through, segments and their times, silence, caps. */

#include "support.h"

#include <math.h>
#include <string.h>

static const char *const formats[] = { "S8", "U8", "S16LE", "S16BE", "U16LE",
  "U16BE", "S24_32LE", "S24_32BE", "U24_32LE", "U24_32BE", "S32LE", "S32BE",
  "U32LE", "U32BE", "S24LE", "S24BE", "U24LE", "U24BE", "S20LE", "S20BE",
  "U20LE", "U20BE", "S18LE", "S18BE", "U18LE", "U18BE", "F32LE", "F32BE",
  "F64LE", "F64BE" };

static const int rates[] = { 4000, 8000, 11025, 16000, 22050, 32000, 44100,
  48000, 88200, 96000, 192000, 384000 };

/* One buffer of random bytes goes through as it is. */
static void
check_pass_through (
    const char *format, const char *layout, int rate, int channels)
{
  GstHarness *h = harness_new_without_caps (3, NULL);
  g_autoptr (GstCaps) caps = gst_caps_new_simple ("audio/x-raw", "format",
      G_TYPE_STRING, format, "layout", G_TYPE_STRING, layout, "rate",
      G_TYPE_INT, rate, "channels", G_TYPE_INT, channels, "channel-mask",
      GST_TYPE_BITMASK, G_GUINT64_CONSTANT (0), NULL);
  GstAudioInfo info;
  GstBuffer *buffer, *out;
  GstMapInfo map;
  g_autofree guint8 *before = NULL;
  gsize size;

  fail_unless (gst_audio_info_from_caps (&info, caps));
  gst_harness_set_src_caps (h, gst_caps_ref (caps));
  size = 4000 * GST_AUDIO_INFO_BPF (&info);
  buffer = gst_buffer_new_and_alloc (size);
  fail_unless (gst_buffer_map (buffer, &map, GST_MAP_WRITE));
  for (gsize i = 0; i < size; i++)
    map.data[i] = (i * 2654435761u) >> 13;
  gst_buffer_unmap (buffer, &map);
  if (!strcmp (layout, "non-interleaved"))
    gst_buffer_add_audio_meta (buffer, &info, 4000, NULL);
  GST_BUFFER_PTS (buffer) = 0;
  fail_unless (gst_buffer_map (buffer, &map, GST_MAP_READ));
  before = g_memdup2 (map.data, size);
  gst_buffer_unmap (buffer, &map);

  fail_unless_equals_int (gst_harness_push (h, buffer), GST_FLOW_OK);
  out = gst_harness_pull (h);
  fail_unless (out == buffer, "%s %s: another buffer", format, layout);
  fail_unless (gst_buffer_memcmp (out, 0, before, size) == 0,
      "%s %s: other bytes", format, layout);
  gst_buffer_unref (out);
  harness_free (h);
}

/* What has no caps is no audio. */
GST_START_TEST (test_no_caps)
{
  GstHarness *h = harness_new_without_caps (3, NULL);

  push_stream (h, "one", 1, 0);
  fail_unless_equals_int (
      gst_harness_push (h, make_buffer (0, 1000)), GST_FLOW_NOT_NEGOTIATED);
  harness_free (h);
}

GST_END_TEST;

GST_START_TEST (test_pass_through)
{
  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++)
    check_pass_through (formats[i], "interleaved", 44100, 2);
  for (gsize i = 0; i < G_N_ELEMENTS (rates); i++)
    check_pass_through (GST_AUDIO_NE (S16), "interleaved", rates[i], 2);
  check_pass_through (GST_AUDIO_NE (F32), "interleaved", 48000, 1);
  check_pass_through (GST_AUDIO_NE (F32), "interleaved", 48000, 6);
  check_pass_through (GST_AUDIO_NE (S16), "interleaved", 48000, 64);
  check_pass_through (GST_AUDIO_NE (F32), "non-interleaved", 44100, 2);
  check_pass_through ("S24LE", "non-interleaved", 44100, 6);
}

GST_END_TEST;

/* 10.5 s in windows of 3 s: three full ones, a partial one, then the track. */
GST_START_TEST (test_segments)
{
  GstHarness *h = harness_new (3, "min-window=1000000000");
  GstClockTime next = 0;
  GstMessage *message;

  push_until (h, 0, 10 * RATE + RATE / 2 + 1);
  fail_unless (gst_harness_push_event (h, gst_event_new_eos ()));
  for (guint i = 0; i < 4; i++) {
    message = pop_answer (h, "genreclassify");
    fail_unless (message != NULL, "no message for segment %u", i);
    check_answer (message);
    fail_unless_equals_uint64 (get_uint64 (message, "segment"), i);
    fail_unless_equals_uint64 (get_uint64 (message, "timestamp"), next);
    fail_unless_equals_uint64 (get_uint64 (message, "stream-time"), next);
    fail_unless_equals_uint64 (get_uint64 (message, "running-time"), next);
    fail_unless_equals_uint64 (get_uint64 (message, "duration"),
        i < 3 ? 3 * GST_SECOND : 1500 * GST_MSECOND + GST_SECOND / RATE);
    fail_unless_equals_int (get_boolean (message, "partial"), i == 3);
    fail_unless (!get_boolean (message, "silent"));
    next += get_uint64 (message, "duration");
    gst_message_unref (message);
  }
  message = pop_answer (h, "genreclassify-track");
  fail_unless (message != NULL);
  check_answer (message);
  fail_unless_equals_uint64 (get_uint64 (message, "segments"), 4);
  fail_unless_equals_uint64 (get_uint64 (message, "timestamp"), 0);
  fail_unless_equals_uint64 (get_uint64 (message, "duration"), next);
  gst_message_unref (message);
  fail_unless (pop_answer (h, "genreclassify") == NULL);
  harness_free (h);
}

GST_END_TEST;

/* Ends of a stream: nothing at all, too short, just on a boundary. */
GST_START_TEST (test_ends)
{
  static const struct
  {
    guint64 samples;
    guint segments;
    gboolean partial;
  } cases[] = {
    { 0, 0, FALSE },
    { 1, 0, FALSE },
    { 2 * RATE - 1, 0, FALSE },
    { 2 * RATE, 1, TRUE },
    { 3 * RATE - 1, 1, TRUE },
    { 3 * RATE, 1, FALSE },
    { 3 * RATE + 1, 1, FALSE },
    { 5 * RATE, 2, TRUE },
    { 6 * RATE, 2, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstHarness *h = harness_new (3, "min-window=2000000000");
    gboolean partial = FALSE;
    GstMessage *message;
    guint n = 0;

    push_until (h, 0, cases[i].samples);
    fail_unless (gst_harness_push_event (h, gst_event_new_eos ()));
    while ((message = pop_answer (h, "genreclassify"))) {
      partial = get_boolean (message, "partial");
      gst_message_unref (message);
      n++;
      if (n == cases[i].segments)
        break;
    }
    fail_unless_equals_int (n, cases[i].segments);
    fail_unless_equals_int (partial, cases[i].partial);
    message = pop_answer (h, "genreclassify-track");
    fail_unless_equals_int (message != NULL, n > 0);
    gst_clear_message (&message);
    harness_free (h);
  }
}

GST_END_TEST;

GST_START_TEST (test_no_messages)
{
  GstHarness *h = harness_new (3, "post-messages=false");
  g_autofree char *genre = NULL;
  double confidence;

  push_until (h, 0, 4 * RATE);
  fail_unless (gst_harness_push_event (h, gst_event_new_eos ()));
  fail_unless (pop_answer (h, "genreclassify") == NULL);
  gst_harness_get (
      h, "genreclassify", "genre", &genre, "confidence", &confidence, NULL);
  fail_unless (genre != NULL && confidence > 0.1);
  harness_free (h);
}

GST_END_TEST;

/* The same samples in buffers of any size give the same bytes of messages. */
GST_START_TEST (test_deterministic)
{
  static const guint sizes[] = { 1000, 777, 1, 30000 };
  g_autofree char *expected = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++) {
    GstHarness *h = harness_new (3, NULL);
    g_autofree char *text = NULL;
    GstMessage *message;

    for (guint64 n = 0; n < 4 * RATE; n += sizes[i]) {
      gst_harness_push (h, make_buffer (n, MIN (sizes[i], 4 * RATE - n)));
      gst_buffer_unref (gst_harness_pull (h));
    }
    gst_harness_push_event (h, gst_event_new_eos ());
    message = pop_answer (h, "genreclassify");
    fail_unless (message != NULL);
    text = gst_structure_to_string (gst_message_get_structure (message));
    gst_message_unref (message);
    if (!expected)
      expected = g_steal_pointer (&text);
    else
      fail_unless_equals_string (text, expected);
    harness_free (h);
  }
}

GST_END_TEST;

/* Samples that are no sound do not break the network. */
GST_START_TEST (test_hostile_samples)
{
  enum
  {
    ALL_NAN,
    INFINITE,
    DC,
    HUGE_NOISE,
    ALTERNATING,
    N_KINDS
  };

  for (int kind = 0; kind < N_KINDS; kind++) {
    GstHarness *h = harness_new_without_caps (3, NULL);
    GstMessage *message;

    gst_harness_set_src_caps_str (h,
        "audio/x-raw, format=" GST_AUDIO_NE (
            F32) ", rate=8000, channels=1, layout=interleaved");
    for (guint i = 0; i < 4; i++) {
      GstBuffer *buffer = gst_buffer_new_and_alloc (8000 * sizeof (float));
      GstMapInfo map;
      float *x;

      fail_unless (gst_buffer_map (buffer, &map, GST_MAP_WRITE));
      x = (float *) map.data;
      for (guint n = 0; n < 8000; n++)
        x[n] = kind == ALL_NAN   ? NAN
            : kind == INFINITE   ? INFINITY
            : kind == DC         ? 1.0
            : kind == HUGE_NOISE ? (n * 7919 % 1000) * 1e35
            : n % 2              ? 1
                                 : -1;
      gst_buffer_unmap (buffer, &map);
      GST_BUFFER_PTS (buffer) = i * GST_SECOND;
      fail_unless_equals_int (gst_harness_push (h, buffer), GST_FLOW_OK);
      gst_buffer_unref (gst_harness_pull (h));
    }
    gst_harness_push_event (h, gst_event_new_eos ());
    message = pop_answer (h, "genreclassify");
    fail_unless (message != NULL, "no message for kind %d", kind);
    check_answer (message);
    gst_message_unref (message);
    harness_free (h);
  }
}

GST_END_TEST;

/* Digital silence, a gap buffer and a gap event: silence of that length. */
GST_START_TEST (test_silence)
{
  GstHarness *h = harness_new (3, NULL);
  GstBuffer *buffer = make_buffer (0, 3 * RATE);
  g_autoptr (GstStructure) stats = NULL;
  GstMessage *message;
  guint64 silent = 0;

  gst_buffer_memset (buffer, 0, 0, -1);
  gst_harness_push (h, buffer);
  buffer = make_buffer (3 * RATE, 3 * RATE);
  GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_GAP);
  gst_harness_push (h, buffer);
  gst_harness_push_event (
      h, gst_event_new_gap (6 * GST_SECOND, 3 * GST_SECOND));
  push_until (h, 9 * RATE, 12 * RATE);
  gst_harness_push_event (h, gst_event_new_eos ());
  for (guint i = 0; i < 4; i++) {
    message = pop_answer (h, "genreclassify");
    fail_unless (message != NULL, "no message for segment %u", i);
    check_answer (message);
    fail_unless_equals_uint64 (
        get_uint64 (message, "timestamp"), i * 3 * GST_SECOND);
    fail_unless_equals_int (get_boolean (message, "silent"), i < 3);
    gst_message_unref (message);
  }
  message = pop_answer (h, "genreclassify-track");
  fail_unless (!get_boolean (message, "silent"));
  gst_message_unref (message);
  gst_harness_get (h, "genreclassify", "stats", &stats, NULL);
  fail_unless (gst_structure_get_uint64 (stats, "silent", &silent));
  fail_unless_equals_uint64 (silent, 3);
  harness_free (h);
}

GST_END_TEST;

/* Another rate and format in mid-segment: the segment goes on. */
GST_START_TEST (test_caps_change)
{
  GstHarness *h = harness_new (3, NULL);
  GstMessage *message;
  GstBuffer *buffer;

  push_until (h, 0, 2 * RATE);
  gst_harness_set_src_caps_str (h,
      "audio/x-raw, format=" GST_AUDIO_NE (
          F32) ", rate=48000, channels=2, layout=interleaved, channel-mask=(bitmask)3");
  buffer = gst_buffer_new_and_alloc (2 * 48000 * 2 * sizeof (float));
  gst_buffer_memset (buffer, 0, 0x3d, -1);
  GST_BUFFER_PTS (buffer) = 2 * GST_SECOND;
  fail_unless_equals_int (gst_harness_push (h, buffer), GST_FLOW_OK);
  gst_harness_push_event (h, gst_event_new_eos ());
  message = pop_answer (h, "genreclassify");
  fail_unless (message != NULL);
  check_answer (message);
  fail_unless_equals_uint64 (get_uint64 (message, "timestamp"), 0);
  fail_unless_equals_uint64 (get_uint64 (message, "duration"), 3 * GST_SECOND);
  gst_message_unref (message);
  harness_free (h);
}

GST_END_TEST;

/* Segments that cannot be analysed pass. */
GST_START_TEST (test_other_segments)
{
  GstHarness *h = harness_new (3, NULL);
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.rate = -1;
  segment.stop = 100 * GST_SECOND;
  gst_harness_push_event (h, gst_event_new_segment (&segment));
  push_until (h, 0, 4 * RATE);
  gst_segment_init (&segment, GST_FORMAT_BYTES);
  gst_harness_push_event (h, gst_event_new_segment (&segment));
  push_until (h, 0, 4 * RATE);
  gst_harness_push_event (h, gst_event_new_eos ());
  fail_unless (pop_answer (h, "genreclassify") == NULL);
  harness_free (h);
}

GST_END_TEST;

GST_START_TEST (test_overlap)
{
  GstHarness *h = harness_new (4, "hop=1000000000");
  GstMessage *message;

  push_until (h, 0, 8 * RATE);
  gst_harness_push_event (h, gst_event_new_eos ());
  for (guint i = 0; i < 5; i++) {
    message = pop_answer (h, "genreclassify");
    fail_unless_equals_uint64 (
        get_uint64 (message, "timestamp"), i * GST_SECOND);
    fail_unless_equals_uint64 (
        get_uint64 (message, "duration"), 4 * GST_SECOND);
    gst_message_unref (message);
  }
  message = pop_answer (h, "genreclassify-track");
  fail_unless_equals_uint64 (get_uint64 (message, "segments"), 5);
  fail_unless_equals_uint64 (get_uint64 (message, "duration"), 8 * GST_SECOND);
  gst_message_unref (message);
  harness_free (h);
}

GST_END_TEST;

/* A day of silence and then music: the times are those of counted samples. */
GST_START_TEST (test_a_day)
{
  GstHarness *h = harness_new_without_caps (300, NULL);
  const guint64 rate = 4001, day = 24 * 3600;
  GstClockTime next = 0;
  GstMessage *message;
  GstBuffer *buffer;
  guint64 n = 0;

  gst_harness_set_src_caps_str (h,
      "audio/x-raw, format=" GST_AUDIO_NE (S16) ", rate=4001, channels=1, "
                                                "layout=interleaved");
  /* buffers of a prime number of samples, whose timestamps are all rounded */
  while (n < day * rate) {
    const guint length = 300007;

    buffer = gst_buffer_new_and_alloc (length * 2);
    gst_buffer_memset (buffer, 0, 0, -1);
    GST_BUFFER_PTS (buffer) = gst_util_uint64_scale (n, GST_SECOND, rate);
    fail_unless_equals_int (gst_harness_push (h, buffer), GST_FLOW_OK);
    gst_buffer_unref (gst_harness_pull (h));
    n += length;
  }
  gst_harness_push_event (h, gst_event_new_eos ());
  for (guint64 i = 0; i < day / 300; i++) {
    message = pop_answer (h, "genreclassify");
    fail_unless (message != NULL);
    fail_unless_equals_uint64 (get_uint64 (message, "segment"), i);
    fail_unless_equals_uint64 (get_uint64 (message, "timestamp"), next);
    fail_unless_equals_uint64 (get_uint64 (message, "running-time"), next);
    fail_unless_equals_uint64 (
        get_uint64 (message, "duration"), 300 * GST_SECOND);
    next += 300 * GST_SECOND;
    gst_message_unref (message);
  }
  harness_free (h);
}

GST_END_TEST;

static gboolean
answer_live (GstPad *pad, GstObject *parent, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) != GST_QUERY_LATENCY)
    return gst_pad_query_default (pad, parent, query);
  gst_query_set_latency (query, TRUE, 0, GST_CLOCK_TIME_NONE);
  return TRUE;
}

/* Holds the thread that posts in its first message until the gate is opened. */
typedef struct
{
  GMutex gate;
  gint entered;
} Gate;

static GstBusSyncReply
wait_at_gate (GstBus *bus, GstMessage *message, gpointer user_data)
{
  Gate *gate = user_data;

  (void) bus;
  if (gst_message_has_name (message, "genreclassify")) {
    g_atomic_int_set (&gate->entered, 1);
    g_mutex_lock (&gate->gate);
    g_mutex_unlock (&gate->gate);
  }
  return GST_BUS_PASS;
}

/* A live stream that comes too fast loses its oldest waiting segments, says so
 * once, and is never held up. */
GST_START_TEST (test_live)
{
  GstHarness *h = harness_new (3, NULL);
  g_autoptr (GstBus) bus = gst_element_get_bus (h->element);
  g_autoptr (GstStructure) stats = NULL;
  const guint64 segments[] = { 0, 18, 19 };
  guint n_warnings = 0, n_segments = 0;
  guint64 dropped = 0;
  GstMessage *message;
  Gate gate = { .entered = 0 };

  g_mutex_init (&gate.gate);
  gst_bus_set_sync_handler (bus, wait_at_gate, &gate, NULL);
  gst_pad_set_query_function (h->srcpad, answer_live);
  g_mutex_lock (&gate.gate);
  for (guint64 n = 0; n < 20; n++) {
    push_until (h, n * 3 * RATE, (n + 1) * 3 * RATE);
    /* the last column's window reaches into the next segment */
    while (n == 1 && !g_atomic_int_get (&gate.entered))
      g_usleep (1000);
  }
  push_until (h, 60 * RATE, 60 * RATE + RATE / 2);
  g_mutex_unlock (&gate.gate);
  gst_harness_push_event (h, gst_event_new_eos ());
  while ((message = gst_bus_pop (bus))) {
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_WARNING)
      n_warnings++;
    if (gst_message_has_name (message, "genreclassify")) {
      fail_unless (n_segments < G_N_ELEMENTS (segments));
      fail_unless_equals_uint64 (
          get_uint64 (message, "segment"), segments[n_segments]);
      n_segments++;
    }
    gst_message_unref (message);
  }
  gst_harness_get (h, "genreclassify", "stats", &stats, NULL);
  fail_unless (gst_structure_get_uint64 (stats, "dropped", &dropped));
  fail_unless_equals_int (n_segments, 3);
  fail_unless_equals_uint64 (dropped, 17);
  fail_unless_equals_int (n_warnings, 1);
  gst_bus_set_sync_handler (bus, NULL, NULL, NULL);
  g_mutex_clear (&gate.gate);
  harness_free (h);
}

GST_END_TEST;

/* A flush frees the streaming thread that waits for the queue. */
static gpointer
push_eos_in_thread (gpointer data)
{
  gst_harness_push_event (data, gst_event_new_eos ());
  return NULL;
}

GST_START_TEST (test_flush_while_draining)
{
  GstHarness *h = harness_new_without_caps (300, "min-window=1000000000");
  GstMessage *message;
  GstEvent *event;
  GThread *thread;
  gboolean flushed = FALSE;

  gst_harness_set_src_caps_str (h,
      "audio/x-raw, format=" GST_AUDIO_NE (S16) ", rate=22050, channels=1, "
                                                "layout=interleaved");
  gst_harness_push (h, make_buffer (0, 290 * RATE));
  thread = g_thread_new ("eos", push_eos_in_thread, h);
  g_usleep (20000);
  gst_harness_push_event (h, gst_event_new_flush_start ());
  g_thread_join (thread);
  gst_harness_push_event (h, gst_event_new_flush_stop (TRUE));
  while ((message = pop_answer (h, "genreclassify")))
    gst_message_unref (message);
  /* the EOS that the flush has overtaken may have been in time, but not late */
  while ((event = gst_harness_try_pull_event (h))) {
    fail_if (flushed && GST_EVENT_TYPE (event) == GST_EVENT_EOS,
        "a cancelled EOS after the flush");
    flushed |= GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_START;
    gst_event_unref (event);
  }
  harness_free (h);
}

GST_END_TEST;

/* A segment event that changes no running time loses no samples. */
GST_START_TEST (test_segment_update)
{
  GstHarness *h = harness_new (3, NULL);
  GstMessage *message;
  GstSegment segment;

  push_until (h, 0, 2 * RATE);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.stop = segment.duration = 100 * GST_SECOND;
  gst_harness_push_event (h, gst_event_new_segment (&segment));
  push_until (h, 2 * RATE, 4 * RATE);
  gst_harness_push_event (h, gst_event_new_eos ());
  message = pop_answer (h, "genreclassify");
  fail_unless (message != NULL, "the segment update wiped the samples");
  fail_unless_equals_uint64 (get_uint64 (message, "timestamp"), 0);
  fail_unless_equals_uint64 (get_uint64 (message, "duration"), 3 * GST_SECOND);
  gst_message_unref (message);
  harness_free (h);
}

GST_END_TEST;

/* The track's duration is that of its audio, whatever the rate of playback. */
GST_START_TEST (test_rate)
{
  GstHarness *h = harness_new (4, "hop=1000000000");
  GstSegment segment;
  GstMessage *message;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.rate = 2;
  gst_harness_push_event (h, gst_event_new_segment (&segment));
  push_until (h, 0, 8 * RATE);
  gst_harness_push_event (h, gst_event_new_eos ());
  message = pop_answer (h, "genreclassify-track");
  fail_unless_equals_uint64 (get_uint64 (message, "duration"), 8 * GST_SECOND);
  gst_message_unref (message);
  harness_free (h);
}

GST_END_TEST;

/* @spec has its default, and another value when that is set. */
static void
check_value (GObject *object, GParamSpec *spec)
{
  g_auto (GValue) before = G_VALUE_INIT, value = G_VALUE_INIT,
                  after = G_VALUE_INIT;

  g_value_init (&before, spec->value_type);
  g_value_init (&value, spec->value_type);
  g_value_init (&after, spec->value_type);
  g_object_get_property (object, spec->name, &before);
  fail_unless (g_param_value_defaults (spec, &before), "%s is not the default",
      spec->name);
  if (G_VALUE_HOLDS_UINT64 (&before))
    g_value_set_uint64 (&value, g_value_get_uint64 (&before) + GST_SECOND);
  else if (G_VALUE_HOLDS_DOUBLE (&before))
    g_value_set_double (&value, g_value_get_double (&before) / 2);
  else if (G_VALUE_HOLDS_BOOLEAN (&before))
    g_value_set_boolean (&value, !g_value_get_boolean (&before));
  else if (G_VALUE_HOLDS_ENUM (&before))
    g_value_set_enum (&value, g_value_get_enum (&before) ? 0 : 1);
  else
    return;
  g_object_set_property (object, spec->name, &value);
  g_object_get_property (object, spec->name, &after);
  fail_unless_equals_int (g_param_values_cmp (spec, &value, &after), 0);
  fail_unless (g_param_values_cmp (spec, &before, &after) != 0);
}

/* What gst-inspect shows: a sentence about each property, and when it can be set. */
GST_START_TEST (test_properties)
{
  static const struct
  {
    const char *name;
    GstState settable; /* up to this state; VOID_PENDING: never */
  } properties[] = {
    { "model", GST_STATE_READY },
    { "window", GST_STATE_READY },
    { "hop", GST_STATE_READY },
    { "min-window", GST_STATE_READY },
    { "interim-interval", GST_STATE_READY },
    { "memory", GST_STATE_PLAYING },
    { "max-gap", GST_STATE_READY },
    { "post-messages", GST_STATE_PLAYING },
    { "post-tags", GST_STATE_PLAYING },
    { "post-tag-probabilities", GST_STATE_PLAYING },
    { "post-embedding", GST_STATE_PLAYING },
    { "tag-mode", GST_STATE_PLAYING },
    { "min-confidence", GST_STATE_PLAYING },
    { "silence-threshold", GST_STATE_PLAYING },
    { "title-starts-track", GST_STATE_PLAYING },
    { "min-track", GST_STATE_READY },
    { "genre", GST_STATE_VOID_PENDING },
    { "confidence", GST_STATE_VOID_PENDING },
    { "stats", GST_STATE_VOID_PENDING },
  };
  GstElement *element = gst_element_factory_make ("genreclassify", NULL);
  GObject *other = G_OBJECT (gst_element_factory_make ("genreclassify", NULL));
  GObjectClass *klass = G_OBJECT_GET_CLASS (element);
  guint64 interim, memory, max_gap, min_track;

  for (gsize i = 0; i < G_N_ELEMENTS (properties); i++) {
    GParamSpec *spec = g_object_class_find_property (klass, properties[i].name);
    GstState settable = GST_STATE_VOID_PENDING;

    fail_unless (spec != NULL, "no property %s", properties[i].name);
    fail_unless (strlen (g_param_spec_get_blurb (spec)) > 20);
    if (spec->flags & GST_PARAM_MUTABLE_PLAYING)
      settable = GST_STATE_PLAYING;
    else if (spec->flags & GST_PARAM_MUTABLE_READY)
      settable = GST_STATE_READY;
    fail_unless (settable == properties[i].settable, "%s can be set in %s",
        properties[i].name, gst_element_state_get_name (settable));
    fail_unless (
        (spec->flags & G_PARAM_WRITABLE) == (settable ? G_PARAM_WRITABLE : 0));
    if (settable)
      check_value (other, spec);
  }
  gst_object_unref (other);
  g_object_get (element, "interim-interval", &interim, "memory", &memory,
      "max-gap", &max_gap, "min-track", &min_track, NULL);
  fail_unless_equals_uint64 (interim, 0);
  fail_unless_equals_uint64 (memory, 0);
  fail_unless_equals_uint64 (max_gap, 2 * GST_SECOND);
  fail_unless_equals_uint64 (min_track, 0);
  fail_unless_equals_string (
      gst_element_get_metadata (element, GST_ELEMENT_METADATA_KLASS),
      "Filter/Analyzer/Audio");
  gst_object_unref (element);
}

GST_END_TEST;

static Suite *
element_suite (void)
{
  Suite *suite = suite_create ("element");
  TCase *chain = tcase_create ("general");

  suite_add_tcase (suite, chain);
  tcase_set_timeout (chain, 120);
  tcase_add_test (chain, test_no_caps);
  tcase_add_test (chain, test_pass_through);
  tcase_add_test (chain, test_segments);
  tcase_add_test (chain, test_ends);
  tcase_add_test (chain, test_no_messages);
  tcase_add_test (chain, test_deterministic);
  tcase_add_test (chain, test_hostile_samples);
  tcase_add_test (chain, test_silence);
  tcase_add_test (chain, test_caps_change);
  tcase_add_test (chain, test_other_segments);
  tcase_add_test (chain, test_overlap);
  tcase_add_test (chain, test_a_day);
  tcase_add_test (chain, test_live);
  tcase_add_test (chain, test_flush_while_draining);
  tcase_add_test (chain, test_segment_update);
  tcase_add_test (chain, test_rate);
  tcase_add_test (chain, test_properties);
  return suite;
}

GST_CHECK_MAIN (element);
