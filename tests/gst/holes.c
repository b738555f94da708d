/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a hole in the timestamps, or a jump back, does to segments. */

#include "packets.h"

/* A hole up to max-gap is within the segment; a longer one ends it. */
GST_START_TEST (test_holes)
{
  static const struct
  {
    const char *properties;
    guint hole;
    gboolean closed;
  } cases[] = {
    { NULL, 6, TRUE },
    { NULL, 63, TRUE },
    { NULL, 2 * SECOND, TRUE },
    { NULL, 2 * SECOND + 1, FALSE },
    { "max-gap=500000000", 62, TRUE },
    { "max-gap=500000000", 63, FALSE },
    { "max-gap=0", 6, FALSE },
    { "max-gap=60000000000", 3 * SECOND, TRUE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstHarness *h = packet_harness_new (10, cases[i].properties);
    const guint hole = cases[i].hole;

    push_packets (h, 0, 4 * SECOND);
    push_packets (h, 4 * SECOND + hole, 16 * SECOND - hole);
    push_eos (h);
    if (cases[i].closed) {
      check_packet_segment (h, 0, 10 * SECOND, hole, FALSE);
      check_packet_segment (h, 10 * SECOND, 20 * SECOND, 0, FALSE);
      check_packet_track (h, 2, 20 * SECOND, hole);
    } else {
      check_packet_segment (h, 0, 4 * SECOND, 0, TRUE);
      check_packet_segment (h, 4 * SECOND + hole, 14 * SECOND + hole, 0, FALSE);
      check_packet_segment (h, 14 * SECOND + hole, 20 * SECOND, 0, TRUE);
      check_packet_track (h, 3, 20 * SECOND - hole, 0);
    }
    check_stats (h, hole, 0);
    harness_free (h);
  }
}

GST_END_TEST;

/* A jump back begins another segment, and nothing is missing. */
GST_START_TEST (test_jump_back)
{
  static const guint64 jumps[] = { 26, SECOND, 1000 * SECOND };

  for (gsize i = 0; i < G_N_ELEMENTS (jumps); i++) {
    GstHarness *h = packet_harness_new (3, NULL);
    guint64 second = 1002 * SECOND - jumps[i];

    push_packets (h, 1000 * SECOND, 2 * SECOND);
    push_packets (h, second, 3 * SECOND);
    push_eos (h);
    check_packet_segment (h, 1000 * SECOND, 1002 * SECOND, 0, TRUE);
    check_packet_segment (h, second, second + 3 * SECOND, 0, FALSE);
    check_packet_track (h, 2, 5 * SECOND, 0);
    check_stats (h, 0, 0);
    harness_free (h);
  }
}

GST_END_TEST;

/* A decoder that finds its way again may be some frames ahead of the timestamps, up to
 * 200 ms: the window goes on, and when it has lost as much, nothing is missing. */
GST_START_TEST (test_frames_ahead)
{
  static const guint64 frames[] = { 3, 6, 25 };

  for (gsize i = 0; i < G_N_ELEMENTS (frames); i++) {
    GstHarness *h = packet_harness_new (3, NULL);

    push_packets (h, 0, SECOND);
    push_packets (h, SECOND - frames[i], SECOND);
    push_packets (h, 2 * SECOND, SECOND);
    push_packets (h, 3 * SECOND, 3 * SECOND);
    push_eos (h);
    check_packet_segment (h, 0, 3 * SECOND, 0, FALSE);
    check_packet_segment (h, 3 * SECOND, 6 * SECOND, 0, FALSE);
    check_stats (h, 0, 0);
    harness_free (h);
  }
}

GST_END_TEST;

/* Also one by about as much as a hole that was closed before it.  (One to within the
 * last buffer may be none: that buffer may have been stamped late.) */
GST_START_TEST (test_jump_back_after_hole)
{
  static const guint64 jumps[] = { 60, 150, 210 };

  for (gsize i = 0; i < G_N_ELEMENTS (jumps); i++) {
    GstHarness *h = packet_harness_new (3, NULL);
    guint64 second = 425 - jumps[i];

    push_packets (h, 0, 175);
    push_packets (h, 325, 50);
    push_packets (h, 375, 50);
    push_packets (h, second, 3 * SECOND);
    push_eos (h);
    check_packet_segment (h, 0, 375, 150, FALSE);
    check_packet_segment (h, second, second + 3 * SECOND, 0, FALSE);
    check_stats (h, 150, 50);
    harness_free (h);
  }
}

GST_END_TEST;

/* Audio in no segment is counted: what a longer hole, a jump back, a flush and the
 * end leave of less than min-window. */
GST_START_TEST (test_discarded)
{
  GstHarness *h = packet_harness_new (3, NULL);

  push_packets (h, 0, 100);
  push_packets (h, 100 + 10 * SECOND, 90);
  check_stats (h, 10 * SECOND, 100);
  push_packets (h, 50, 80);
  check_stats (h, 10 * SECOND, 190);
  push_flush (h);
  push_segment (h, 0, 0);
  check_stats (h, 10 * SECOND, 270);
  push_packets (h, 0, 3 * SECOND + 70);
  push_eos (h);
  check_packet_segment (h, 0, 3 * SECOND, 0, FALSE);
  check_packet_track (h, 1, 3 * SECOND, 0);
  check_stats (h, 10 * SECOND, 340);
  harness_free (h);
}

GST_END_TEST;

/* Segments follow one another, whether a hole begins, ends or lies where they
 * meet. */
GST_START_TEST (test_hole_between)
{
  static const struct
  {
    guint64 from, end;
    guint64 missing[2];
  } cases[] = {
    { 2 * SECOND, 3 * SECOND, { SECOND, 0 } },
    { 2 * SECOND, 4 * SECOND, { SECOND, SECOND } },
    { 3 * SECOND, 4 * SECOND, { 0, SECOND } },
    { 3 * SECOND - 1, 3 * SECOND + 11, { 1, 11 } },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstHarness *h = packet_harness_new (3, NULL);

    push_packets (h, 0, cases[i].from);
    push_packets (h, cases[i].end, 7 * SECOND + 1 - cases[i].end);
    push_eos (h);
    check_packet_segment (h, 0, 3 * SECOND, cases[i].missing[0], FALSE);
    check_packet_segment (
        h, 3 * SECOND, 6 * SECOND, cases[i].missing[1], FALSE);
    check_packet_segment (h, 6 * SECOND, 7 * SECOND + 1, 0, TRUE);
    check_packet_track (h, 3, 7 * SECOND + 1, cases[i].end - cases[i].from);
    harness_free (h);
  }
}

GST_END_TEST;

/* A hole longer than a window: those of which less than half was heard have no
 * answer, and the next full one begins where they end. */
GST_START_TEST (test_longer_than_window)
{
  GstHarness *h = packet_harness_new (3, "max-gap=60000000000");

  push_packets (h, 0, 2 * SECOND);
  push_packets (h, 11 * SECOND, 4 * SECOND);
  push_eos (h);
  check_packet_segment (h, 0, 3 * SECOND, SECOND, FALSE);
  check_packet_segment (h, 12 * SECOND, 15 * SECOND, 0, FALSE);
  check_stats (h, 9 * SECOND, SECOND);
  harness_free (h);
}

GST_END_TEST;

/* Three seconds of which 1.2 s are heard have no answer; those of which 1.8 s are
 * do. */
GST_START_TEST (test_less_than_half)
{
  GstHarness *h = packet_harness_new (3, NULL);

  for (guint i = 0; i < 6; i++)
    push_packets (h, i * SECOND, 50);
  for (guint i = 6; i < 12; i++)
    push_packets (h, i * SECOND, 75);
  push_packets (h, 12 * SECOND, 1);
  push_eos (h);
  check_packet_segment (h, 6 * SECOND, 9 * SECOND, 150, FALSE);
  check_packet_segment (h, 9 * SECOND, 12 * SECOND, 150, FALSE);
  check_packet_track (h, 2, 6 * SECOND, 300);
  check_stats (h, 6 * 75 + 6 * 50, 6 * 50 + 1);
  harness_free (h);
}

GST_END_TEST;

/* Segments that overlap share a hole; it is missing once from the track. */
GST_START_TEST (test_overlap)
{
  GstHarness *h = packet_harness_new (6, "hop=1000000000");
  const guint hole = SECOND / 2;

  push_packets (h, 0, 6 * SECOND - 25);
  push_packets (h, 6 * SECOND - 25 + hole, 6 * SECOND + 25 - hole);
  push_eos (h);
  for (guint64 i = 0; i <= 7; i++)
    check_packet_segment (h, i * SECOND, MIN (i + 6, 12) * SECOND,
        i == 0       ? 25
            : i < 6  ? hole
            : i == 6 ? hole - 25
                     : 0,
        i == 7);
  check_packet_track (h, 8, 12 * SECOND, hole);
  harness_free (h);
}

GST_END_TEST;

/* The last segment's holes count as those of the others. */
GST_START_TEST (test_partial)
{
  GstHarness *h = packet_harness_new (10, NULL);

  push_packets (h, 0, 2 * SECOND);
  push_packets (h, 3 * SECOND, SECOND);
  push_packets (h, 5 * SECOND, SECOND);
  push_eos (h);
  check_packet_segment (h, 0, 6 * SECOND, 2 * SECOND, TRUE);
  check_packet_track (h, 1, 6 * SECOND, 2 * SECOND);
  check_stats (h, 2 * SECOND, 0);
  harness_free (h);
}

GST_END_TEST;

/* A hole where the caps change is like any other. */
GST_START_TEST (test_caps_change)
{
  static const struct
  {
    guint hole;
    gboolean closed;
  } cases[] = { { 0, TRUE }, { SECOND, TRUE }, { 3 * SECOND, FALSE } };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    const guint64 next = 2 * SECOND + cases[i].hole;
    GstHarness *h = packet_harness_new (6, NULL);
    GstBuffer *buffer;

    push_packets (h, 0, 2 * SECOND);
    set_packet_rate (h, 16000);
    buffer = make_tone (TONE_CLASSICAL, 16000, next * 128, 7 * SECOND * 128);
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
    push_buffer (h, buffer);
    push_eos (h);
    if (cases[i].closed) {
      check_packet_segment (h, 0, 6 * SECOND, cases[i].hole, FALSE);
      check_packet_segment (h, 6 * SECOND, next + 7 * SECOND, 0, TRUE);
    } else {
      check_packet_segment (h, 0, 2 * SECOND, 0, TRUE);
      check_packet_segment (h, next, next + 6 * SECOND, 0, FALSE);
      check_packet_segment (h, next + 6 * SECOND, next + 7 * SECOND, 0, TRUE);
    }
    check_stats (h, cases[i].hole, 0);
    harness_free (h);
  }
}

GST_END_TEST;

/* Where another GstSegment begins, running time tells what is missing. */
GST_START_TEST (test_new_segments)
{
  static const struct
  {
    guint64 start, base;
    guint64 missing;
    gboolean closed;
  } cases[] = {
    { 0, 4 * SECOND, 0, TRUE },
    { 4 * SECOND, 4 * SECOND, 0, TRUE },
    { 100 * SECOND, 4 * SECOND, 0, TRUE },
    { 0, 5 * SECOND, SECOND, TRUE },
    { 100 * SECOND, 6 * SECOND, 2 * SECOND, TRUE },
    { 100 * SECOND, 6 * SECOND + 1, 2 * SECOND + 1, FALSE },
    { 4 * SECOND, 3 * SECOND, 0, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    const guint64 first = cases[i].start;
    GstHarness *h = packet_harness_new (10, NULL);

    push_packets (h, 0, 4 * SECOND);
    push_segment (h, first * PACKET, cases[i].base * PACKET);
    push_packets (h, first, 10 * SECOND);
    push_eos (h);
    if (cases[i].closed) {
      /* where in the second GstSegment the first window ends */
      guint64 next = first + 6 * SECOND - cases[i].missing;

      check_packet_segment (h, 0, 10 * SECOND, cases[i].missing, FALSE);
      check_packet_segment (h, next, first + 10 * SECOND, 0, TRUE);
    } else {
      check_packet_segment (h, 0, 4 * SECOND, 0, TRUE);
      check_packet_segment (h, first, first + 10 * SECOND, 0, FALSE);
    }
    check_stats (h, cases[i].missing, 0);
    harness_free (h);
  }
}

GST_END_TEST;

/* Samples without timestamps are counted on, flagged or not; a later timestamp
 * tells of a hole. */
GST_START_TEST (test_no_timestamps)
{
  GstHarness *h = packet_harness_new (3, NULL);

  push_packets (h, 10 * SECOND, SECOND);
  for (guint64 i = 1; i < 8; i++) {
    GstBuffer *buffer = make_packets (i * SECOND, SECOND);

    GST_BUFFER_PTS (buffer) = GST_CLOCK_TIME_NONE;
    if (i == 5)
      GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
    push_buffer (h, buffer);
  }
  push_packets (h, 19 * SECOND, 3 * SECOND);
  push_eos (h);
  check_packet_segment (h, 10 * SECOND, 13 * SECOND, 0, FALSE);
  check_packet_segment (h, 13 * SECOND, 16 * SECOND, 0, FALSE);
  check_packet_segment (h, 16 * SECOND, 19 * SECOND, SECOND, FALSE);
  check_packet_segment (h, 19 * SECOND, 22 * SECOND, 0, FALSE);
  check_stats (h, SECOND, 0);
  harness_free (h);
}

GST_END_TEST;

typedef struct
{
  guint64 start, end, heard;
  gboolean partial;
} Expected;

/* What windows of 3 s are to make of the sounds that they are told of; in
 * packets. */
typedef struct
{
  Expected window;
  guint64 gaps, discarded;
  gboolean silence; /* some of the sounds */
  GArray *expected;
} Model;

/* What is in the window is a segment, or is discarded. */
static void
model_answer (Model *model, gboolean partial)
{
  Expected *window = &model->window;
  const guint64 length = window->end - window->start;

  window->partial = partial;
  if ((!partial || length >= SECOND) && 2 * window->heard >= length)
    g_array_append_val (model->expected, *window);
  else
    model->discarded += window->heard;
  window->start = window->end;
  window->heard = 0;
}

static void
model_hear (Model *model, guint64 from, guint64 end)
{
  Expected *window = &model->window;
  guint64 boundary;

  if (from > window->end)
    model->gaps += from - window->end;
  if (from < window->end || from > window->end + 2 * SECOND) {
    model_answer (model, TRUE);
    window->start = window->end = from;
  }
  while ((boundary = window->start + 3 * SECOND) <= end) {
    window->heard += from < boundary ? boundary - from : 0;
    from = MAX (from, boundary);
    window->end = boundary;
    model_answer (model, FALSE);
  }
  window->heard += end - from;
  window->end = end;
}

static void
check_expected (GstHarness *h, const Model *model)
{
  for (guint i = 0; i < model->expected->len; i++) {
    const Expected *e = &g_array_index (model->expected, Expected, i);
    GstMessage *message = pop_answer (h, "genreclassify");

    fail_unless (message != NULL, "no segment %u", i);
    check_answer (message);
    if (!model->silence) {
      fail_unless_equals_string (get_string (message, "genre"), "classical");
      fail_unless (get_double (message, "confidence") > 0.5);
    }
    fail_unless_equals_uint64 (get_uint64 (message, "segment"), i);
    fail_unless_equals_uint64 (
        get_uint64 (message, "timestamp"), e->start * PACKET);
    fail_unless_equals_uint64 (
        get_uint64 (message, "duration"), (e->end - e->start) * PACKET);
    fail_unless_equals_uint64 (get_uint64 (message, "missing"),
        (e->end - e->start - e->heard) * PACKET);
    fail_unless_equals_int (get_boolean (message, "partial"), e->partial);
    gst_message_unref (message);
  }
  fail_unless_equals_int (count_answers (h, "genreclassify"), 0);
  check_stats (h, model->gaps, model->discarded);
}

/* Any sequence of sounds, holes, jumps, gaps and other caps gives the segments
 * that those few lines say, and no sound is lost without being counted. */
static void
check_sequence (guint32 seed)
{
  GRand *rand = g_rand_new_with_seed (seed);
  GstHarness *h = packet_harness_new (3, NULL);
  guint64 position = 1000 * SECOND;
  guint rate = 8000;
  guint last = 0;
  Model model = {
    .window = { .start = position, .end = position },
    .silence = seed % 2,
    .expected = g_array_new (FALSE, FALSE, sizeof (Expected)),
  };

  for (guint step = 0; step < 60; step++) {
    guint n = g_rand_int_range (rand, 1, SECOND);
    guint what = step ? g_rand_int_range (rand, 0, 20) : 19;
    GstBuffer *buffer;

    if (what < 6) /* a hole, of more than jitter */
      position += g_rand_int_range (rand, 6, SECOND);
    else if (what == 6)
      position += g_rand_int_range (rand, 2 * SECOND + 1, 10 * SECOND);
    else if (what == 7) /* before the last buffer, or it might have come late */
      position -= last + g_rand_int_range (rand, 26, 5 * SECOND);
    if (g_rand_int_range (rand, 0, 10) == 0)
      set_packet_rate (h, rate = g_rand_boolean (rand) ? 8000 : 16000);

    if (what == 9 && model.silence) {
      push_gap (h, position, n);
    } else {
      buffer = make_tone (
          TONE_CLASSICAL, rate, position * rate / SECOND, n * rate / SECOND);
      if (g_rand_boolean (rand))
        GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
      if (what == 10 && model.silence)
        GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_GAP);
      push_buffer (h, buffer);
    }
    model_hear (&model, position, position + n);
    position += n;
    last = n;
  }
  push_eos (h);
  model_answer (&model, TRUE);
  check_expected (h, &model);
  g_array_unref (model.expected);
  g_rand_free (rand);
  harness_free (h);
}

GST_START_TEST (test_sequences)
{
  for (guint32 seed = 1; seed <= 30; seed++)
    check_sequence (seed);
}

GST_END_TEST;

static Suite *
holes_suite (void)
{
  Suite *suite = suite_create ("holes");
  TCase *chain = tcase_create ("general");

  suite_add_tcase (suite, chain);
  tcase_set_timeout (chain, 120);
  tcase_add_test (chain, test_holes);
  tcase_add_test (chain, test_jump_back);
  tcase_add_test (chain, test_frames_ahead);
  tcase_add_test (chain, test_jump_back_after_hole);
  tcase_add_test (chain, test_discarded);
  tcase_add_test (chain, test_hole_between);
  tcase_add_test (chain, test_longer_than_window);
  tcase_add_test (chain, test_less_than_half);
  tcase_add_test (chain, test_overlap);
  tcase_add_test (chain, test_partial);
  tcase_add_test (chain, test_caps_change);
  tcase_add_test (chain, test_new_segments);
  tcase_add_test (chain, test_no_timestamps);
  tcase_add_test (chain, test_sequences);
  return suite;
}

GST_CHECK_MAIN (holes);
