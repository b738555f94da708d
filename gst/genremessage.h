/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The element's answer for a segment or a track, and the messages it makes. */

#pragma once

#include <genre/genre.h>
#include <gst/gst.h>

typedef struct
{
  GstClockTime timestamp, stream_time, running_time, duration;
  gboolean partial;
  gboolean silent;
  const float *probabilities; /* [n_labels]; not read if silent */
} GenreAnswer;

/* Index of the highest probability. */
guint genre_answer_best (const GenreAnswer *answer, guint n_labels);

/* The structure "genreclassify" of segment number @segment. */
GstStructure *genre_message_segment (
    const GenreModel *model, const GenreAnswer *answer, guint64 segment);
/* The structure "genreclassify-track" of a track of @segments segments. */
GstStructure *genre_message_track (
    const GenreModel *model, const GenreAnswer *answer, guint64 segments);
