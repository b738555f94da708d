/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The timeline of an element, without the element: a Feeder stands for the
 * classifier, which only counts the samples that it is given. */

#include <gst/check/gstcheck.h>

#include "genretimeline.h"

#define SECOND GST_SECOND
#define MSECOND GST_MSECOND
#define JITTER (40 * MSECOND)
#define MAX_HOLE (2 * SECOND)
#define FRAMES (200 * MSECOND)

typedef struct
{
  GenreTimeline *timeline;
  guint rate;
  guint64 n_samples;  /* since the last interruption */
  GstClockTime holes; /* since then */
  guint n_breaks;     /* interruptions so far */
} Feeder;

static guint64
get_length (const Feeder *feeder)
{
  return feeder->holes +
      gst_util_uint64_scale (feeder->n_samples, SECOND, feeder->rate);
}

/* A timeline in a GstSegment that begins at 0. */
static void
feeder_init (Feeder *feeder, guint rate)
{
  GstSegment segment;

  *feeder = (Feeder){ .timeline = genre_timeline_new (), .rate = rate };
  gst_segment_init (&segment, GST_FORMAT_TIME);
  genre_timeline_set_segment (feeder->timeline, &segment);
}

static void
feeder_clear (Feeder *feeder)
{
  genre_timeline_free (feeder->timeline);
}

/* Feeds samples as the element does. */
static void
feed (Feeder *feeder, GstClockTime timestamp, guint64 n_samples)
{
  GenreTimeline *timeline = feeder->timeline;

  GstClockTime hole = 0;
  GenreFollow follow = GENRE_FOLLOWS;

  if (genre_timeline_has_samples (timeline))
    follow = genre_timeline_compare (
        timeline, timestamp, get_length (feeder), &hole);
  if (follow == GENRE_JUMPS || hole > MAX_HOLE) {
    genre_timeline_interrupt (timeline);
    feeder->n_samples = 0;
    feeder->holes = 0;
    feeder->n_breaks++;
  } else if (follow == GENRE_FOLLOWS_HOLE) {
    genre_timeline_skip (timeline, hole);
    feeder->holes += hole;
  }
  genre_timeline_begin_samples (timeline, timestamp, get_length (feeder));
  feeder->n_samples += n_samples;
  genre_timeline_end_samples (timeline, timestamp,
      gst_util_uint64_scale (n_samples, SECOND, feeder->rate));
}

static GenrePlace
place (Feeder *feeder, guint64 start, guint64 duration)
{
  GenrePlace result;

  genre_timeline_place_segment (feeder->timeline, start, duration, &result);
  return result;
}

static void
check_times (Feeder *feeder, guint64 start, GstClockTime timestamp,
    GstClockTime stream_time, GstClockTime running_time)
{
  GenrePlace result = place (feeder, start, SECOND);

  fail_unless_equals_uint64 (result.timestamp, timestamp);
  fail_unless_equals_uint64 (result.stream_time, stream_time);
  fail_unless_equals_uint64 (result.running_time, running_time);
}

static guint64
get_distance (guint64 a, guint64 b)
{
  return MAX (a, b) - MIN (a, b);
}

static void
check_number (
    Feeder *feeder, guint64 start, guint64 number, GstClockTime overlap)
{
  GenrePlace result = place (feeder, start, 4 * SECOND);

  fail_unless_equals_uint64 (result.number, number);
  fail_unless_equals_uint64 (result.overlap, overlap);
}

/* Numbers count from 0 in each track; what two segments share is the overlap.
 */
GST_START_TEST (test_numbers)
{
  Feeder feeder;

  feeder_init (&feeder, 8000);
  feed (&feeder, 0, 10 * 8000);
  check_number (&feeder, 0, 0, 0);
  check_number (&feeder, SECOND, 1, 3 * SECOND);
  check_number (&feeder, 5 * SECOND, 2, 0);

  /* samples that begin anew share nothing with those before */
  genre_timeline_interrupt (feeder.timeline);
  feeder.n_samples = 0;
  feed (&feeder, 20 * SECOND, 8000);
  check_number (&feeder, 0, 3, 0);

  genre_timeline_set_number (feeder.timeline, 0);
  check_number (&feeder, 4 * SECOND, 0, 0);
  feeder_clear (&feeder);
}

GST_END_TEST;

/* Timestamps that jitter around the counted samples change nothing. */
GST_START_TEST (test_jitter)
{
  GRand *rand = g_rand_new_with_seed (1);
  Feeder feeder;

  feeder_init (&feeder, 48000);
  feed (&feeder, 0, 48000);
  for (guint64 i = 1; i < 1000; i++) {
    GstClockTime exact = i * SECOND;
    gint32 jitter = g_rand_int_range (rand, -20000000, 20000001);

    feed (&feeder, exact + jitter, 48000);
    check_times (&feeder, exact, exact, exact, exact);
  }
  fail_unless_equals_int (feeder.n_breaks, 0);
  g_rand_free (rand);
  feeder_clear (&feeder);
}

GST_END_TEST;

/* 40 ms are jitter; a nanosecond more is a hole.  Where the buffers before were exact,
 * a millisecond is jitter.  What is more than some frames back is a jump. */
GST_START_TEST (test_jump)
{
  static const struct
  {
    gint64 difference;
    guint n_buffers; /* before */
    GstClockTime hole;
    guint breaks;
  } cases[] = {
    { 0, 10, 0, 0 },
    { JITTER, 1, 0, 0 },
    { JITTER + 1, 2, JITTER + 1, 0 },
    { MSECOND, 4, 0, 0 },
    { MSECOND + 1, 4, MSECOND + 1, 0 },
    { -(gint64) FRAMES, 10, 0, 0 },
    { -(gint64) FRAMES - 1, 10, 0, 1 },
    { MAX_HOLE, 1, MAX_HOLE, 0 },
    { MAX_HOLE + 1, 1, 0, 1 },
    { -(gint64) (10 * SECOND), 1, 0, 1 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstClockTime next = 100 * SECOND + 10 * SECOND;
    Feeder feeder;

    feeder_init (&feeder, 8000);
    for (guint b = 0; b < cases[i].n_buffers; b++)
      feed (&feeder, 100 * SECOND + b * 10 * SECOND / cases[i].n_buffers,
          10 * 8000 / cases[i].n_buffers);
    fail_unless_equals_uint64 (
        genre_timeline_get_expected (feeder.timeline), next);
    next += cases[i].difference;
    feed (&feeder, next, 8000);
    fail_unless_equals_int (feeder.n_breaks, cases[i].breaks);
    fail_unless_equals_uint64 (feeder.holes, cases[i].hole);
    if (cases[i].breaks) /* the classifier's time began at 0 again */
      check_times (&feeder, 0, next, next, next);
    if (cases[i].hole)
      check_times (&feeder, 10 * SECOND + cases[i].hole, next, next, next);
    feeder_clear (&feeder);
  }
}

GST_END_TEST;

/* A jitter buffer's timestamps fall back a little in the beginning: a packet that is
 * lost later leaves a hole of its own length, and not less. */
GST_START_TEST (test_wander)
{
  GstClockTime next = 100 * SECOND;
  Feeder feeder;

  feeder_init (&feeder, 8000);
  for (guint i = 0; i < 300; i++) {
    if (i > 100 && i % 100 == 0)
      next += 20 * MSECOND;
    feed (&feeder, next, 160);
    next += 20 * MSECOND - (i < 100 ? MSECOND / 10 : 0);
  }
  fail_unless_equals_uint64 (feeder.holes, 20 * MSECOND);
  fail_unless_equals_int (feeder.n_breaks, 0);
  feeder_clear (&feeder);
}

GST_END_TEST;

/* Buffers that come late and are stamped when they come leave no hole: those after
 * them are in time again. */
GST_START_TEST (test_late_buffer)
{
  Feeder feeder;

  feeder_init (&feeder, 8000);
  feed (&feeder, 0, 8000);
  feed (&feeder, SECOND + 300 * MSECOND, 800);
  fail_unless_equals_uint64 (feeder.holes, 300 * MSECOND);
  feed (&feeder, SECOND + 301 * MSECOND, 800);
  feed (&feeder, SECOND + 302 * MSECOND, 800);
  for (guint64 i = 4; i < 50; i++)
    feed (&feeder, SECOND + i * 100 * MSECOND, 800);
  fail_unless_equals_int (feeder.n_breaks, 0);
  feeder_clear (&feeder);
}

GST_END_TEST;

/* A day of buffers whose timestamps are all rounded: times are those of the
 * counted samples, to the nanosecond. */
GST_START_TEST (test_rounded_day)
{
  const guint64 rate = 4001, n_buffer = 1021;
  guint64 length = 0, next = 0, n = 0;
  Feeder feeder;

  feeder_init (&feeder, rate);
  while (length < 24 * 3600 * SECOND) {
    feed (&feeder, gst_util_uint64_scale (n, SECOND, rate), n_buffer);
    n += n_buffer;
    length = gst_util_uint64_scale (n, SECOND, rate);
    if (length >= next + 30 * SECOND) {
      check_times (&feeder, next, next, next, next);
      next += 30 * SECOND;
    }
  }
  fail_unless_equals_int (feeder.n_breaks, 0);
  feeder_clear (&feeder);
}

GST_END_TEST;

/* A day of a live source whose clock is slow or fast by 0.01 %, 8.64 s in the
 * end: the stream is never interrupted, and times follow the timestamps.  What a slow
 * one lacks is missing. */
GST_START_TEST (test_drifting_day)
{
  static const gint64 drifts[] = { 100000, -100000 }; /* ns a second */

  for (gsize i = 0; i < G_N_ELEMENTS (drifts); i++) {
    guint64 furthest = 0;
    Feeder feeder;

    feeder_init (&feeder, 44100);
    for (guint64 s = 0; s < 24 * 3600; s++) {
      GstClockTime timestamp = 100 * SECOND + s * (SECOND + drifts[i]);
      GenrePlace result;

      feed (&feeder, timestamp, 44100);
      result = place (&feeder, get_length (&feeder) - SECOND, SECOND);
      furthest = MAX (furthest, get_distance (result.timestamp, timestamp));
    }
    fail_unless_equals_int (feeder.n_breaks, 0);
    fail_unless (furthest <= JITTER, "%" G_GUINT64_FORMAT " ns", furthest);
    if (drifts[i] > 0)
      fail_unless (get_distance (feeder.holes, 8640 * MSECOND) <= JITTER);
    else
      fail_unless_equals_uint64 (feeder.holes, 0);
    feeder_clear (&feeder);
  }
}

GST_END_TEST;

/* Gaps of part of a sample are as many samples together as one gap of their
 * length, whatever the rate. */
GST_START_TEST (test_small_gaps)
{
  static const guint rates[] = { 4000, 22050, 44100, 384000 };
  const GstClockTime gap = 1234567; /* ns */

  for (gsize i = 0; i < G_N_ELEMENTS (rates); i++) {
    GenreTimeline *timeline = genre_timeline_new ();
    guint64 n = 0;

    for (guint k = 1; k <= 10000; k++) {
      n += genre_timeline_gap_to_samples (timeline, gap, rates[i]);
      fail_unless_equals_uint64 (
          n, gst_util_uint64_scale (k * gap, rates[i], SECOND));
    }
    genre_timeline_free (timeline);
  }
}

GST_END_TEST;

/* What is left over of a gap does not outlive an interruption. */
GST_START_TEST (test_forgotten_gap)
{
  GenreTimeline *timeline = genre_timeline_new ();
  const GstClockTime most_of_a_sample = SECOND * 9 / 10 / 22050;

  for (guint i = 0; i < 2; i++) {
    fail_unless_equals_uint64 (
        genre_timeline_gap_to_samples (timeline, most_of_a_sample, 22050), 0);
    genre_timeline_interrupt (timeline);
  }
  genre_timeline_free (timeline);
}

GST_END_TEST;

/* The longest gap at the highest rate does not overflow. */
GST_START_TEST (test_longest_gap)
{
  GenreTimeline *timeline = genre_timeline_new ();

  genre_timeline_gap_to_samples (timeline, 1, 384000);
  fail_unless_equals_uint64 (
      genre_timeline_gap_to_samples (timeline, GENRE_TIMELINE_MAX_GAP, 384000),
      G_GUINT64_CONSTANT (3600) * 384000);
  genre_timeline_free (timeline);
}

GST_END_TEST;

/* Times are those of the GstSegment that the first sample belongs to, also when
 * another one has begun since. */
GST_START_TEST (test_segments)
{
  GstSegment segment;
  Feeder feeder;

  feeder_init (&feeder, 8000);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = 50 * SECOND;
  segment.time = 20 * SECOND;
  segment.base = 7 * SECOND;
  genre_timeline_set_segment (feeder.timeline, &segment);
  feed (&feeder, 50 * SECOND, 4 * 8000);

  /* played twice as fast, from other timestamps on, but where the first ends */
  segment.rate = 2;
  segment.start = 200 * SECOND;
  segment.time = 100 * SECOND;
  segment.base = 11 * SECOND;
  genre_timeline_set_segment (feeder.timeline, &segment);
  feed (&feeder, 200 * SECOND, 4 * 8000);
  fail_unless_equals_int (feeder.n_breaks, 0);

  check_times (&feeder, 0, 50 * SECOND, 20 * SECOND, 7 * SECOND);
  check_times (&feeder, 3 * SECOND, 53 * SECOND, 23 * SECOND, 10 * SECOND);
  check_times (&feeder, 4 * SECOND, 200 * SECOND, 100 * SECOND, 11 * SECOND);
  check_times (&feeder, 6 * SECOND, 202 * SECOND, 102 * SECOND, 12 * SECOND);
  feeder_clear (&feeder);
}

GST_END_TEST;

/* What begins elsewhere in running time is not the same sound going on, even if
 * the timestamps are; what begins there is, even if they are not. */
GST_START_TEST (test_next_segment)
{
  static const struct
  {
    GstClockTime start, base;
    GstClockTime hole;
    guint breaks;
  } cases[] = {
    { 10 * SECOND, 10 * SECOND, 0, 0 },
    { 10 * SECOND, 10 * SECOND + JITTER, 0, 0 },
    { 10 * SECOND, 10 * SECOND + JITTER + 1, JITTER + 1, 0 },
    { 10 * SECOND, 10 * SECOND + MAX_HOLE + 1, 0, 1 },
    { 10 * SECOND, 5 * SECOND, 0, 1 },
    { 0, 10 * SECOND, 0, 0 },
    { 0, 0, 0, 1 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstSegment segment;
    Feeder feeder;

    feeder_init (&feeder, 8000);
    feed (&feeder, 0, 10 * 8000);
    gst_segment_init (&segment, GST_FORMAT_TIME);
    segment.start = segment.time = cases[i].start;
    segment.base = cases[i].base;
    genre_timeline_set_segment (feeder.timeline, &segment);
    feed (&feeder, cases[i].start, 8000);
    fail_unless_equals_int (feeder.n_breaks, cases[i].breaks);
    fail_unless_equals_uint64 (feeder.holes, cases[i].hole);
    feeder_clear (&feeder);
  }
}

GST_END_TEST;

/* A sample outside its GstSegment has a timestamp and no other time. */
GST_START_TEST (test_outside)
{
  GstSegment segment;
  Feeder feeder;

  feeder_init (&feeder, 8000);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = segment.time = 10 * SECOND;
  genre_timeline_set_segment (feeder.timeline, &segment);
  feed (&feeder, 5 * SECOND, 8000);
  check_times (
      &feeder, 0, 5 * SECOND, GST_CLOCK_TIME_NONE, GST_CLOCK_TIME_NONE);
  feeder_clear (&feeder);
}

GST_END_TEST;

/* Samples without timestamps begin at the GstSegment's start, go on where the
 * last ones ended, also after an interruption, but not after a clear. */
GST_START_TEST (test_no_timestamps)
{
  GstSegment segment;
  Feeder feeder;

  feeder_init (&feeder, 8000);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = segment.time = 30 * SECOND;
  genre_timeline_set_segment (feeder.timeline, &segment);
  feed (&feeder, GST_CLOCK_TIME_NONE, 8000);
  feed (&feeder, GST_CLOCK_TIME_NONE, 8000);
  fail_unless_equals_uint64 (
      genre_timeline_get_expected (feeder.timeline), 32 * SECOND);
  check_times (&feeder, SECOND, 31 * SECOND, 31 * SECOND, SECOND);

  genre_timeline_interrupt (feeder.timeline);
  feeder.n_samples = 0;
  fail_if (genre_timeline_has_samples (feeder.timeline));
  feed (&feeder, GST_CLOCK_TIME_NONE, 8000);
  check_times (&feeder, 0, 32 * SECOND, 32 * SECOND, 2 * SECOND);

  genre_timeline_clear (feeder.timeline);
  feeder.n_samples = 0;
  feed (&feeder, GST_CLOCK_TIME_NONE, 8000);
  check_times (&feeder, 0, 30 * SECOND, 30 * SECOND, 0);
  feeder_clear (&feeder);
}

GST_END_TEST;

static Suite *
timeline_suite (void)
{
  Suite *suite = suite_create ("timeline");
  TCase *chain = tcase_create ("general");

  suite_add_tcase (suite, chain);
  tcase_add_test (chain, test_numbers);
  tcase_add_test (chain, test_jitter);
  tcase_add_test (chain, test_jump);
  tcase_add_test (chain, test_wander);
  tcase_add_test (chain, test_late_buffer);
  tcase_add_test (chain, test_rounded_day);
  tcase_add_test (chain, test_drifting_day);
  tcase_add_test (chain, test_small_gaps);
  tcase_add_test (chain, test_forgotten_gap);
  tcase_add_test (chain, test_longest_gap);
  tcase_add_test (chain, test_segments);
  tcase_add_test (chain, test_next_segment);
  tcase_add_test (chain, test_outside);
  tcase_add_test (chain, test_no_timestamps);
  return suite;
}

GST_CHECK_MAIN (timeline);
