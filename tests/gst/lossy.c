/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Streams that lose packets, jitter, drift, or say that nothing is there. */

#include "packets.h"

#include <math.h>

/* All messages about 10 s in buffers of @n packets, as text. */
static char *
play_with_flag (guint n, GstBufferFlags flag)
{
  GstHarness *h = packet_harness_new (3, NULL);
  GString *text = g_string_new (NULL);
  g_autoptr (GstBus) bus = gst_element_get_bus (h->element);
  GstMessage *message;

  push_stream (h, "stream", 1, 0);
  for (guint64 i = 0; i < 10 * SECOND; i += n) {
    GstBuffer *buffer = make_packets (i, n);

    GST_BUFFER_FLAG_SET (buffer, flag);
    push_buffer (h, buffer);
  }
  push_eos (h);
  while ((message = gst_bus_pop_filtered (bus, GST_MESSAGE_ELEMENT))) {
    g_autofree char *answer = gst_structure_to_string (
        gst_message_get_structure (message));

    g_string_append_printf (text, "%s\n", answer);
    gst_message_unref (message);
  }
  check_stats (h, 0, 0);
  harness_free (h);
  return g_string_free (text, FALSE);
}

/* A flag alone changes nothing, on whichever buffer it is. */
GST_START_TEST (test_flags)
{
  g_autofree char *expected = play_with_flag (10, 0);

  for (guint n = 1; n <= 1250; n *= 5) {
    g_autofree char *discont = play_with_flag (n, GST_BUFFER_FLAG_DISCONT);
    g_autofree char *resync = play_with_flag (
        n, GST_BUFFER_FLAG_DISCONT | GST_BUFFER_FLAG_RESYNC);

    fail_unless_equals_string (discont, expected);
    fail_unless_equals_string (resync, expected);
  }
}

GST_END_TEST;

/* Half a minute of packets of which some get lost, in bursts of @burst: as many full
 * segments as without loss, the same sound, and all that is missing is told but
 * for what may yet be jitter. */
static void
check_lost_packets (double loss, guint burst, guint32 seed)
{
  const double jitter = 0.04; /* s */
  GstHarness *h = packet_harness_new (3, NULL);
  GRand *rand = g_rand_new_with_seed (seed);
  guint64 n_lost = 0, missing = 0;
  double lost;

  /* the first one is there, and a second more, as there is jitter */
  push_packets (h, 0, 1);
  for (guint64 i = 1; i < 31 * SECOND; i++) {
    if (g_rand_double (rand) < loss / burst) {
      i += burst - 1;
      n_lost += burst;
    } else
      push_packets (h, i, 1);
  }
  lost = (double) n_lost / SECOND;
  push_eos (h);
  for (guint i = 0; i < 10; i++) {
    GstMessage *message = pop_answer (h, "genreclassify");
    GstClockTimeDiff off;

    fail_unless (message != NULL, "no segment %u", i);
    off = GST_CLOCK_DIFF (
        i * 3 * GST_SECOND, get_uint64 (message, "timestamp"));
    fail_unless (ABS (off) <= 40 * GST_MSECOND,
        "segment %u is off by %" G_GINT64_FORMAT " ns", i, off);
    fail_unless_equals_uint64 (
        get_uint64 (message, "duration"), 3 * GST_SECOND);
    fail_unless (!get_boolean (message, "partial"));
    check_sound (message);
    missing += get_uint64 (message, "missing");
    gst_message_unref (message);
  }
  fail_unless (missing <= n_lost * PACKET);
  fail_unless (get_stat (h, "gaps") <= lost + 0.001 &&
          get_stat (h, "gaps") >= lost - jitter - 0.001,
      "gaps: %g s, of %g", get_stat (h, "gaps"), lost);
  /* less than min-window is left after the last one */
  fail_unless (get_stat (h, "gaps") - missing / 1e9 < 1);
  fail_unless (get_stat (h, "discarded") < 1.04);
  gst_message_unref (wait_answer (h, "genreclassify-track"));
  g_rand_free (rand);
  harness_free (h);
}

GST_START_TEST (test_lost_packets)
{
  check_lost_packets (0.001, 1, 2);
  check_lost_packets (0.01, 1, 3);
  check_lost_packets (0.03, 1, 4);
  check_lost_packets (0.2, 1, 5);
  check_lost_packets (0.03, 5, 6);
  check_lost_packets (0.03, 20, 7);
}

GST_END_TEST;

/* Timestamps that jitter around the counted samples, flagged or not: nothing is
 * missing, and times are those of the samples. */
GST_START_TEST (test_jitter)
{
  for (guint flagged = 0; flagged <= 1; flagged++) {
    GstHarness *h = packet_harness_new (3, NULL);
    GRand *rand = g_rand_new_with_seed (1);

    push_packets (h, SECOND, 1);
    for (guint64 i = 1; i < 30 * SECOND; i++) {
      GstBuffer *buffer = make_packets (SECOND + i, 1);

      GST_BUFFER_PTS (buffer) += g_rand_int_range (rand, -20000000, 20000001);
      if (flagged)
        GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
      push_buffer (h, buffer);
    }
    push_eos (h);
    for (guint64 i = 0; i < 10; i++)
      check_packet_segment (
          h, SECOND + i * 3 * SECOND, SECOND + (i + 1) * 3 * SECOND, 0, FALSE);
    check_packet_track (h, 10, 30 * SECOND, 0);
    check_stats (h, 0, 0);
    g_rand_free (rand);
    harness_free (h);
  }
}

GST_END_TEST;

/* A sender's clock that is slow or fast by 0.1 %, for 200 s: no segment is
 * broken off, and times follow the timestamps. */
GST_START_TEST (test_drift)
{
  static const gint64 drifts[] = { 8000, -8000 }; /* ns a packet */

  for (gsize i = 0; i < G_N_ELEMENTS (drifts); i++) {
    GstHarness *h = packet_harness_new (3, NULL);
    GstMessage *message;
    guint n = 0;

    for (guint64 k = 0; k < 200 * SECOND / 5; k++) {
      GstBuffer *buffer = make_packets (5 * k, 5);

      GST_BUFFER_PTS (buffer) = 5 * k * (PACKET + drifts[i]);
      push_buffer (h, buffer);
    }
    push_eos (h);
    while ((message = pop_answer (h, "genreclassify"))) {
      GstClockTimeDiff off = GST_CLOCK_DIFF (
          n * 3 * GST_SECOND, get_uint64 (message, "timestamp"));

      /* where the clock is slow, samples overlap that are not taken out */
      if (drifts[i] < 0)
        off += n * 3 * GST_MSECOND;
      fail_unless (ABS (off) <= 60 * GST_MSECOND,
          "segment %u is off by %" G_GINT64_FORMAT " ns", n, off);
      fail_unless (!get_boolean (message, "partial"));
      gst_message_unref (message);
      if (++n == 66)
        break;
    }
    fail_unless_equals_int (n, 66);
    fail_unless (get_stat (h, "discarded") < 1);
    harness_free (h);
  }
}

GST_END_TEST;

typedef enum
{
  ZEROS,
  GAP_EVENT,
  GAP_EVENTS,
  GAP_BUFFER,
} Silence;

static void
push_silent (GstHarness *h, Silence kind, guint64 first, guint n)
{
  GstBuffer *buffer;

  if (kind == GAP_EVENT)
    push_gap (h, first, n);
  else if (kind == GAP_EVENTS)
    for (guint64 i = first; i < first + n; i++)
      push_gap (h, i, 1);
  else {
    buffer = make_packets (first, n);
    if (kind == ZEROS)
      gst_buffer_memset (buffer, 0, 0, -1);
    else
      GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_GAP);
    push_buffer (h, buffer);
  }
}

/* GAP events and buffers are heard as silence of their length, of any length, and
 * not as missing; a hole before them is one. */
GST_START_TEST (test_gaps_are_silence)
{
  g_autofree char *expected = NULL;

  for (Silence kind = ZEROS; kind <= GAP_BUFFER; kind++) {
    GstHarness *h = packet_harness_new (3, NULL);
    GString *text = g_string_new (NULL);
    GstMessage *message;

    push_packets (h, 0, SECOND);
    push_silent (h, kind, SECOND, SECOND);
    push_packets (h, 2 * SECOND, SECOND);
    push_silent (h, kind, 3 * SECOND, 6 * SECOND);
    push_packets (h, 9 * SECOND, SECOND);
    push_silent (h, kind, 10 * SECOND + 50, SECOND);
    push_packets (h, 11 * SECOND + 50, SECOND - 50);
    push_eos (h);
    for (guint64 i = 0; i < 4; i++) {
      g_autofree char *answer = NULL;

      message = pop_answer (h, "genreclassify");
      fail_unless (message != NULL, "no segment %" G_GUINT64_FORMAT, i);
      check_answer (message);
      fail_unless_equals_uint64 (
          get_uint64 (message, "timestamp"), 3 * i * GST_SECOND);
      fail_unless_equals_uint64 (
          get_uint64 (message, "duration"), 3 * GST_SECOND);
      /* the first silent window hears the end of the sound before it */
      if (i != 1)
        fail_unless_equals_int (get_boolean (message, "silent"), i == 2);
      fail_unless_equals_uint64 (
          get_uint64 (message, "missing"), i == 3 ? 50 * PACKET : 0);
      if (i == 0)
        fail_unless (get_double (message, "confidence") <
                get_clean_confidence (2 * SECOND) - 0.05,
            "a second of silence was not heard");
      answer = gst_structure_to_string (gst_message_get_structure (message));
      g_string_append (text, answer);
      gst_message_unref (message);
    }
    check_stats (h, 50, 0);
    if (!expected)
      expected = g_strdup (text->str);
    fail_unless_equals_string (text->str, expected);
    g_string_free (text, TRUE);
    harness_free (h);
  }
}

GST_END_TEST;

/* A GAP event of unknown length: the next buffer tells where the sound goes on. */
GST_START_TEST (test_unknown_gap)
{
  static const guint lengths[] = { 0, SECOND / 2 };

  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++) {
    GstHarness *h = packet_harness_new (3, NULL);
    GstMessage *message;

    push_packets (h, 0, SECOND);
    fail_unless (gst_harness_push_event (
        h, gst_event_new_gap (GST_SECOND, GST_CLOCK_TIME_NONE)));
    push_packets (h, SECOND + lengths[i], 5 * SECOND - lengths[i]);
    push_eos (h);
    for (guint64 k = 0; k < 2; k++) {
      message = pop_answer (h, "genreclassify");
      fail_unless (message != NULL, "no segment %" G_GUINT64_FORMAT, k);
      check_answer (message);
      fail_unless_equals_uint64 (
          get_uint64 (message, "timestamp"), 3 * k * GST_SECOND);
      fail_unless (!get_boolean (message, "partial"));
      gst_message_unref (message);
    }
    harness_free (h);
  }
}

GST_END_TEST;

/* Twelve seconds of gaps of 22.49 samples are twelve seconds. */
GST_START_TEST (test_small_gaps)
{
  GstHarness *h = harness_new (3, NULL);
  const GstClockTime gap = 1020000;
  GstMessage *message;
  guint64 n = 0;

  for (guint i = 0; i < 11814; i++)
    gst_harness_push_event (h, gst_event_new_gap (i * gap, gap));
  push_eos (h);
  while ((message = pop_answer (h, "genreclassify"))) {
    fail_unless_equals_uint64 (
        get_uint64 (message, "timestamp"), n * 3 * GST_SECOND);
    gst_message_unref (message);
    n++;
  }
  fail_unless_equals_uint64 (n, 4);
  fail_unless_equals_float (get_stat (h, "gaps"), 0);
  harness_free (h);
}

GST_END_TEST;

static Suite *
lossy_suite (void)
{
  Suite *suite = suite_create ("lossy");
  TCase *chain = tcase_create ("general");

  suite_add_tcase (suite, chain);
  tcase_set_timeout (chain, 120);
  tcase_add_test (chain, test_flags);
  tcase_add_test (chain, test_lost_packets);
  tcase_add_test (chain, test_jitter);
  tcase_add_test (chain, test_drift);
  tcase_add_test (chain, test_gaps_are_silence);
  tcase_add_test (chain, test_unknown_gap);
  tcase_add_test (chain, test_small_gaps);
  return suite;
}

GST_CHECK_MAIN (lossy);
