/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "packets.h"

#include <math.h>

void
set_packet_rate (GstHarness *h, guint rate)
{
  g_autofree char *caps = g_strdup_printf (
      "audio/x-raw, format=" GST_AUDIO_NE (
          S16) ", rate=%u, channels=1, layout=interleaved",
      rate);

  gst_harness_set_src_caps_str (h, caps);
}

GstHarness *
packet_harness_new (guint window, const char *properties)
{
  g_autofree char *all = g_strdup_printf ("model=steered "
                                          "min-window=1000000000 %s",
      properties ? properties : "");
  GstHarness *h = harness_new_without_caps (window, all);

  set_packet_rate (h, 8000);
  return h;
}

GstBuffer *
make_packets (guint64 first, guint n)
{
  return make_tone (TONE_CLASSICAL, 8000, first * 64, n * 64);
}

void
push_buffer (GstHarness *h, GstBuffer *buffer)
{
  fail_unless_equals_int (gst_harness_push (h, buffer), GST_FLOW_OK);
  gst_buffer_unref (gst_harness_pull (h));
}

void
push_packets (GstHarness *h, guint64 first, guint n)
{
  push_buffer (h, make_packets (first, n));
}

void
push_gap (GstHarness *h, guint64 first, guint n)
{
  fail_unless (gst_harness_push_event (
      h, gst_event_new_gap (first * PACKET, n * PACKET)));
}

double
get_clean_confidence (guint64 n)
{
  static guint64 known_n;
  static double confidence;

  if (known_n != n) {
    GstHarness *h = packet_harness_new (
        MAX (3, n / SECOND + 1), "min-window=0");
    GstMessage *message;

    push_packets (h, 0, n);
    push_eos (h);
    message = wait_answer (h, "genreclassify");
    confidence = get_double (message, "confidence");
    gst_message_unref (message);
    harness_free (h);
    known_n = n;
  }
  return confidence;
}

void
check_sound (GstMessage *message)
{
  double confidence = get_double (message, "confidence");
  double clean = get_clean_confidence (
      (get_uint64 (message, "duration") - get_uint64 (message, "missing")) /
      PACKET);

  check_answer (message);
  fail_unless_equals_string (get_string (message, "genre"), "classical");
  fail_unless (confidence > clean - 0.08, "%g, and %g if nothing is missing",
      confidence, clean);
}

void
check_packet_segment (
    GstHarness *h, guint64 from, guint64 end, guint64 missing, gboolean partial)
{
  GstMessage *message = pop_answer (h, "genreclassify");

  fail_unless (message != NULL, "no segment at %" G_GUINT64_FORMAT, from);
  fail_unless_equals_uint64 (get_uint64 (message, "timestamp"), from * PACKET);
  fail_unless_equals_uint64 (
      get_uint64 (message, "duration"), (end - from) * PACKET);
  fail_unless_equals_uint64 (get_uint64 (message, "missing"), missing * PACKET);
  fail_unless_equals_int (get_boolean (message, "partial"), partial);
  check_sound (message);
  gst_message_unref (message);
}

void
check_packet_track (
    GstHarness *h, guint64 segments, guint64 duration, guint64 missing)
{
  GstMessage *message = pop_answer (h, "genreclassify-track");

  fail_unless (message != NULL, "no track");
  fail_unless_equals_uint64 (get_uint64 (message, "segments"), segments);
  fail_unless_equals_uint64 (
      get_uint64 (message, "duration"), duration * PACKET);
  fail_unless_equals_uint64 (get_uint64 (message, "missing"), missing * PACKET);
  check_answer (message);
  gst_message_unref (message);
}

void
check_stats (GstHarness *h, guint64 gaps, guint64 discarded)
{
  fail_unless (fabs (get_stat (h, "gaps") - (double) gaps / SECOND) < 0.001,
      "gaps: %g s, not %g", get_stat (h, "gaps"), (double) gaps / SECOND);
  fail_unless (
      fabs (get_stat (h, "discarded") - (double) discarded / SECOND) < 0.001,
      "discarded: %g s, not %g", get_stat (h, "discarded"),
      (double) discarded / SECOND);
}
