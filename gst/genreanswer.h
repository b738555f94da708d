/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The answer for a track, as its segments come in: each segment is classified
 * and posted, the average of all is the answer so far, and that of the whole
 * track is posted at its end.
 *
 * Two threads meet here.  Items are processed by the queue's thread; what they
 * come to (the genre, the label of the tag, the counters) can be read from any
 * thread, under the answer's own lock.  start, stop and forget are for when no
 * item is being processed. */

#pragma once

#include <genre/genre.h>
#include <gst/gst.h>

#include "genrequeue.h"
#include "genresettings.h"
#include "genretimeline.h"

typedef struct _GenreAnswer GenreAnswer;

/* A step of a track: a segment to classify and its place, or, if @segment is
 * NULL, the end of the track. */
typedef struct
{
  GenreSegment *segment;
  GenrePlace place;
} GenreAnswerItem;

/* @segment: (transfer full) (nullable), @place: NULL with it */
GenreAnswerItem *
genre_answer_item_new (GenreSegment *segment, const GenrePlace *place);
/* These two take an item as a gpointer, as the queue has it. */
void genre_answer_item_free (gpointer item);
gboolean genre_answer_item_is_segment (gconstpointer item);

/* @element: not owned; messages are posted from it, and its properties "genre"
 *     and "confidence" are notified */
GenreAnswer *genre_answer_new (GstElement *element);
/* @answer may be NULL. */
void genre_answer_free (GenreAnswer *answer);

/* Begins without an answer, with all counters at 0.  @model and @classifier are
 * not owned, and must live until genre_answer_stop(). */
void genre_answer_start (
    GenreAnswer *answer, GenreModel *model, GenreClassifier *classifier);
/* What was answered and counted can still be read. */
void genre_answer_stop (GenreAnswer *answer);

/* Processes @item: answers the segment, or ends the track.  Posts its message,
 * unless a flush of @queue, which the item comes from, came before. */
void genre_answer_process (GenreAnswer *answer, const GenreAnswerItem *item,
    const GenreSettings *settings, GenreQueue *queue);
/* Forgets the track: its segments and its answer. */
void genre_answer_forget_track (GenreAnswer *answer);
/* Forgets only the answer, "genre" and "confidence". */
void genre_answer_forget (GenreAnswer *answer);

/* The label of the genre that is sure enough for a tag; NULL if there is none.
 * Owned by the model. */
const char *genre_answer_get_tag (GenreAnswer *answer);
/* There is no such label until the next segment is answered. */
void genre_answer_forget_tag (GenreAnswer *answer);

/* Adds to the counters: ns of audio, and segments that a live stream lost. */
void genre_answer_count_audio (GenreAnswer *answer, GstClockTime duration);
void genre_answer_count_dropped (GenreAnswer *answer, guint n_segments);

/* The values of the properties of these names: the label of the genre or NULL
 * (transfer full), its probability, and the counters (transfer full). */
char *genre_answer_get_genre (GenreAnswer *answer);
double genre_answer_get_confidence (GenreAnswer *answer);
GstStructure *genre_answer_get_stats (GenreAnswer *answer);
