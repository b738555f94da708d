/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "genretimeline.h"

/* Timestamps that differ by more than this from what is expected are a jump.
 * Muxers round timestamps to milliseconds and live sources jitter by some more;
 * GstAudioBaseSink, too, takes 40 ms for a discontinuity. */
#define MAX_JITTER (40 * GST_MSECOND)
/* A decoder that finds its way again in damaged data may be some frames ahead of the
 * timestamps. */
#define MAX_STEP_BACK (200 * GST_MSECOND)
/* What the clock of a jitter buffer wanders; a frame is longer. */
#define MAX_WANDER (15 * GST_MSECOND)
/* But where so many buffers followed one another within the least hole, there is no
 * jitter: one that does not leaves a hole, as a packet that was lost.  The least is
 * what muxers round to. */
#define N_EXACT 4
#define MIN_HOLE GST_MSECOND

/* Samples whose timestamps follow one another within one GstSegment. */
typedef struct
{
  guint64 start;          /* the classifier's time of its first sample */
  GstClockTime timestamp; /* of its first sample */
  GstSegment segment;
} Run;

struct _GenreTimeline
{
  GstSegment segment;    /* of the samples to come */
  gboolean new_segment;  /* no sample has come in it yet */
  GArray *runs;          /* Run; the first one has the next segment's start */
  GstClockTime expected; /* timestamp of the next samples, or NONE */
  GstClockTime latest;  /* of the last buffer that had one, in its GstSegment */
  guint64 n_segments;   /* placed since the track began */
  guint64 placed_until; /* classifier's time where the last of them ended */
  guint n_exact;        /* buffers in a row that were expected, so far */
  gint64 offset;    /* how late those were, against the counted samples, ns */
  guint64 slack;    /* ns of jitter beyond the usual, in the last run */
  guint64 gap_rest; /* of gaps, less than a sample, in ns x rate */
};

GenreTimeline *
genre_timeline_new (void)
{
  GenreTimeline *timeline = g_new0 (GenreTimeline, 1);

  timeline->runs = g_array_new (FALSE, FALSE, sizeof (Run));
  genre_timeline_reset (timeline);
  return timeline;
}

void
genre_timeline_free (GenreTimeline *timeline)
{
  if (!timeline)
    return;
  g_array_unref (timeline->runs);
  g_free (timeline);
}

void
genre_timeline_reset (GenreTimeline *timeline)
{
  gst_segment_init (&timeline->segment, GST_FORMAT_UNDEFINED);
  timeline->new_segment = FALSE;
  genre_timeline_set_number (timeline, 0);
  genre_timeline_clear (timeline);
}

void
genre_timeline_set_number (GenreTimeline *timeline, guint64 number)
{
  timeline->n_segments = number;
}

guint64
genre_timeline_get_number (const GenreTimeline *timeline)
{
  return timeline->n_segments;
}

void
genre_timeline_interrupt (GenreTimeline *timeline)
{
  g_array_set_size (timeline->runs, 0);
  timeline->placed_until = 0;
  timeline->offset = 0;
  timeline->slack = 0;
  timeline->gap_rest = 0;
}

void
genre_timeline_clear (GenreTimeline *timeline)
{
  genre_timeline_interrupt (timeline);
  timeline->expected = GST_CLOCK_TIME_NONE;
}

void
genre_timeline_set_segment (GenreTimeline *timeline, const GstSegment *segment)
{
  gst_segment_copy_into (segment, &timeline->segment);
  timeline->new_segment = TRUE;
}

gboolean
genre_timeline_has_samples (const GenreTimeline *timeline)
{
  return timeline->runs->len > 0;
}

GstClockTime
genre_timeline_get_expected (const GenreTimeline *timeline)
{
  return timeline->expected;
}

static const Run *
last_run (const GenreTimeline *timeline)
{
  return &g_array_index (timeline->runs, Run, timeline->runs->len - 1);
}

static gboolean
is_close (gint64 difference)
{
  return ABS (difference) <= (gint64) MAX_JITTER;
}

/* TRUE if samples at @timestamp are where the last ones ended. */
static gboolean
is_exact (const GenreTimeline *timeline, GstClockTime timestamp)
{
  gint64 step = GST_CLOCK_DIFF (timeline->expected, timestamp);

  return ABS (step) <= (gint64) MIN_HOLE;
}

/* The timestamp of the sample that the classifier appends at @length, by those of the
 * last run. */
static GstClockTime
count_timestamp (const GenreTimeline *timeline, guint64 length)
{
  const Run *last = last_run (timeline);

  return last->timestamp + (length - last->start);
}

/* Sets @difference to how much later @timestamp, in the GstSegment of the samples to
 * come, is than @expected, in that of the last ones.  FALSE if there is no telling. */
static gboolean
subtract (const GenreTimeline *timeline, GstClockTime timestamp,
    GstClockTime expected, gint64 *difference)
{
  guint64 running, expected_running;
  int sign, expected_sign;

  if (!timeline->new_segment) {
    *difference = GST_CLOCK_DIFF (expected, timestamp);
    return TRUE;
  }
  expected_sign = gst_segment_to_running_time_full (
      &last_run (timeline)->segment, GST_FORMAT_TIME, expected,
      &expected_running);
  sign = gst_segment_to_running_time_full (
      &timeline->segment, GST_FORMAT_TIME, timestamp, &running);
  *difference = sign * (gint64) running -
      expected_sign * (gint64) expected_running;
  return sign && expected_sign;
}

GenreFollow
genre_timeline_compare (const GenreTimeline *timeline, GstClockTime timestamp,
    guint64 length, GstClockTime *hole)
{
  gint64 difference, step;

  if (!GST_CLOCK_TIME_IS_VALID (timestamp) ||
      !GST_CLOCK_TIME_IS_VALID (timeline->expected))
    return GENRE_FOLLOWS;
  if (!subtract (
          timeline, timestamp, count_timestamp (timeline, length), &difference))
    return GENRE_JUMPS;
  if (timeline->n_exact >= N_EXACT &&
      difference - timeline->offset > (gint64) MIN_HOLE) {
    *hole = difference - timeline->offset;
    return GENRE_FOLLOWS_HOLE;
  }
  if (difference > (gint64) MAX_JITTER) {
    *hole = difference;
    return GENRE_FOLLOWS_HOLE;
  }
  if (is_close (difference))
    return GENRE_FOLLOWS;
  /* Timestamps may fall behind little by little.  And a source that stamps its
   * buffers when they arrive stamps some too late: there was no hole, and those after
   * them are in time again, but not earlier. */
  return (subtract (timeline, timestamp, timeline->expected, &step) &&
             step >= -(gint64) MAX_STEP_BACK) ||
          (!timeline->new_segment && timestamp >= timeline->latest &&
              -difference <= (gint64) (timeline->slack + MAX_JITTER))
      ? GENRE_FOLLOWS
      : GENRE_JUMPS;
}

void
genre_timeline_skip (GenreTimeline *timeline, GstClockTime duration)
{
  /* it may have been none */
  timeline->slack = MAX (timeline->slack, duration);
}

static void
append_run (GenreTimeline *timeline, GstClockTime timestamp, guint64 length)
{
  Run run = { length, timestamp, timeline->segment };

  if (!GST_CLOCK_TIME_IS_VALID (timestamp))
    run.timestamp = timeline->new_segment ||
            !GST_CLOCK_TIME_IS_VALID (timeline->expected)
        ? timeline->segment.start
        : timeline->expected;
  g_array_append_val (timeline->runs, run);
  timeline->offset = 0;
  timeline->slack = 0;
  timeline->new_segment = FALSE;
  timeline->expected = run.timestamp;
}

void
genre_timeline_begin_samples (
    GenreTimeline *timeline, GstClockTime timestamp, guint64 length)
{
  gint64 difference;

  if (timeline->runs->len == 0 || timeline->new_segment) {
    append_run (timeline, timestamp, length);
    return;
  }
  if (!GST_CLOCK_TIME_IS_VALID (timestamp))
    return;
  difference = GST_CLOCK_DIFF (count_timestamp (timeline, length), timestamp);
  if (is_exact (timeline, timestamp)) {
    if (timeline->n_exact >= N_EXACT && ABS (difference) <= MAX_WANDER)
      timeline->offset = difference;
  } else if (-difference <= (gint64) MAX_STEP_BACK) {
    timeline->slack = MAX ((gint64) timeline->slack, -difference);
  }
  if (-difference > (gint64) (timeline->slack + MAX_JITTER))
    /* the timestamps have fallen behind the counted samples */
    append_run (timeline, timestamp, length);
}

void
genre_timeline_end_samples (
    GenreTimeline *timeline, GstClockTime timestamp, GstClockTime duration)
{
  if (GST_CLOCK_TIME_IS_VALID (timestamp)) {
    timeline->n_exact = is_exact (timeline, timestamp) ? timeline->n_exact + 1
                                                       : 0;
    timeline->expected = timestamp;
    timeline->latest = timestamp;
  }
  if (GST_CLOCK_TIME_IS_VALID (timeline->expected))
    timeline->expected += duration;
}

guint64
genre_timeline_gap_to_samples (
    GenreTimeline *timeline, GstClockTime duration, guint rate)
{
  guint64 scaled = duration * rate + timeline->gap_rest;

  timeline->gap_rest = scaled % GST_SECOND;
  return scaled / GST_SECOND;
}

/* The run that has the sample at the classifier's @time.  Those before it are
 * removed: nobody asks for them again. */
static const Run *
find_run (GenreTimeline *timeline, guint64 time)
{
  guint i = 0;

  while (i + 1 < timeline->runs->len &&
      g_array_index (timeline->runs, Run, i + 1).start <= time)
    i++;
  if (i > 0)
    g_array_remove_range (timeline->runs, 0, i);
  return &g_array_index (timeline->runs, Run, 0);
}

void
genre_timeline_place_interim (
    GenreTimeline *timeline, guint64 start, GenrePlace *place)
{
  const Run *run = find_run (timeline, start);
  guint64 placed_until = timeline->placed_until;

  place->number = timeline->n_segments;
  place->overlap = placed_until > start ? placed_until - start : 0;
  place->timestamp = run->timestamp + (start - run->start);
  place->stream_time = gst_segment_to_stream_time (
      &run->segment, GST_FORMAT_TIME, place->timestamp);
  place->running_time = gst_segment_to_running_time (
      &run->segment, GST_FORMAT_TIME, place->timestamp);
}

void
genre_timeline_place_segment (
    GenreTimeline *timeline, guint64 start, guint64 duration, GenrePlace *place)
{
  genre_timeline_place_interim (timeline, start, place);
  timeline->n_segments++;
  timeline->placed_until = start + duration;
}
