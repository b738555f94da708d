/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The structures of the element's messages. */

#pragma once

#include <genre/genre.h>
#include <gst/gst.h>

/* What a message says of a segment or of a track. */
typedef struct
{
  GstClockTime timestamp, stream_time, running_time; /* of the first sample */
  GstClockTime duration;                             /* of the span, ns */
  GstClockTime missing; /* of the span, without a sample */
  gboolean partial;     /* the stream ended before the window was full */
  gboolean interim;     /* the window will be answered again */
  gboolean silent;
  double music;               /* probability that it is music; 0 if silent */
  gboolean has_genre;         /* it is music, or some of the track is */
  const float *probabilities; /* [n_labels]; not read if silent */
  const float *tags;          /* of the model's head "tags"; NULL: not said */
  const float *embedding;     /* as long as the model says; NULL: not said */
} GenreMessage;

/* The structure "genreclassify" of segment number @segment.  (transfer full) */
GstStructure *genre_message_segment (
    const GenreModel *model, const GenreMessage *message, guint64 segment);
/* The structure "genreclassify-track" of a track of @segments segments, with the
 * fields of @song, what upstream names it, and why it ended.  (transfer full) */
GstStructure *genre_message_track (const GenreModel *model,
    const GenreMessage *message, guint64 segments, const GstStructure *song);

/* Index of the highest of @probabilities [n_labels]. */
guint genre_message_best_label (const float *probabilities, guint n_labels);
