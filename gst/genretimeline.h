/* SPDX-License-Identifier: GPL-2.0-or-later */

/* From the timestamps of a stream to the times of its segments.
 *
 * The classifier counts samples: its time begins at 0, and it knows neither
 * gaps nor timestamps.  The timestamps of a stream are rounded; they jitter,
 * drift and jump, and a GstSegment says which stream time and running time they
 * stand for.  A timeline remembers at which of the classifier's times which
 * timestamps began, and so it can tell when a segment of the classifier was in
 * the stream.
 *
 * That time goes on in holes of the stream, too, once the classifier was told to skip
 * them.
 *
 * It only calculates: it knows no element, no pad and no classifier.  It has no
 * lock; it belongs to the streaming thread.
 *
 * In this file a segment is one of the classifier's; GStreamer's are always
 * called GstSegment.  Times are in nanoseconds. */

#pragma once

#include <gst/gst.h>

/* The longest gap event that counts as silence; after a longer one the stream begins
 * anew. */
#define GENRE_TIMELINE_MAX_GAP (3600 * GST_SECOND)

typedef struct _GenreTimeline GenreTimeline;

/* How samples follow those before. */
typedef enum
{
  GENRE_FOLLOWS,
  GENRE_FOLLOWS_HOLE, /* some are missing between */
  GENRE_JUMPS         /* back */
} GenreFollow;

/* Where a segment is in the stream. */
typedef struct
{
  guint64 number;            /* within the track, from 0 */
  GstClockTime timestamp;    /* of its first sample, as are the next two */
  GstClockTime stream_time;  /* NONE if the sample is outside the GstSegment */
  GstClockTime running_time; /* NONE if the sample is outside the GstSegment */
  GstClockTime overlap;      /* how much of it the segment before has, too */
} GenrePlace;

/* A timeline without samples, in a GstSegment of undefined format. */
GenreTimeline *genre_timeline_new (void);
/* @timeline may be NULL. */
void genre_timeline_free (GenreTimeline *timeline);

/* Makes it what a new one is. */
void genre_timeline_reset (GenreTimeline *timeline);
/* The number of the next segment, within its track. */
void genre_timeline_set_number (GenreTimeline *timeline, guint64 number);
guint64 genre_timeline_get_number (const GenreTimeline *timeline);
/* The samples to come do not follow those so far, and the classifier's time
 * begins at 0 again.  Samples without a timestamp still go on where the last
 * ones ended. */
void genre_timeline_interrupt (GenreTimeline *timeline);
/* The same, and samples without a timestamp begin at the GstSegment's start. */
void genre_timeline_clear (GenreTimeline *timeline);

/* The samples to come belong to @segment, which is of format TIME. */
void
genre_timeline_set_segment (GenreTimeline *timeline, const GstSegment *segment);

/* TRUE if samples came since the last interruption. */
gboolean genre_timeline_has_samples (const GenreTimeline *timeline);
/* The timestamp at which the next samples are expected, or NONE. */
GstClockTime genre_timeline_get_expected (const GenreTimeline *timeline);
/* How samples at @timestamp (NONE if they have none) follow the last ones, of which
 * the classifier has @length: by the timestamps, or, when a GstSegment has begun, by
 * the running times.  40 ms are jitter, but not where the last buffers followed one
 * another within a millisecond; 200 ms back are no jump.  There must have been
 * samples.
 * @hole: set to what is missing, if something is */
GenreFollow genre_timeline_compare (const GenreTimeline *timeline,
    GstClockTime timestamp, guint64 length, GstClockTime *hole);
/* The classifier skips a hole of @duration. */
void genre_timeline_skip (GenreTimeline *timeline, GstClockTime duration);

/* Prepares for samples at @timestamp (or NONE), which the classifier appends at
 * its time @length, the length of what it has.  Call it before they are pushed,
 * after genre_timeline_interrupt() if they do not follow, or after both have skipped
 * the hole. */
void genre_timeline_begin_samples (
    GenreTimeline *timeline, GstClockTime timestamp, guint64 length);
/* Notes that these samples were pushed: @duration ns from @timestamp (or NONE)
 * on. */
void genre_timeline_end_samples (
    GenreTimeline *timeline, GstClockTime timestamp, GstClockTime duration);

/* The number of samples that stand for a gap of @duration (at most
 * GENRE_TIMELINE_MAX_GAP) at @rate Hz.  What is left over, less than a sample,
 * is added to the next gap. */
guint64 genre_timeline_gap_to_samples (
    GenreTimeline *timeline, GstClockTime duration, guint rate);

/* Sets @place to where the segment is that begins at the classifier's time
 * @start and is @duration long.  Segments are asked for once each, in their
 * order. */
void genre_timeline_place_segment (GenreTimeline *timeline, guint64 start,
    guint64 duration, GenrePlace *place);
/* Sets @place to where the segment under way is, which began at @start. */
void genre_timeline_place_interim (
    GenreTimeline *timeline, guint64 start, GenrePlace *place);
