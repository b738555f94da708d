/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The answer for a track, as its segments come in: each segment is classified
 * and posted, the average of all is the answer so far, and that of the whole
 * track is posted at its end.
 *
 * Two threads meet here.  Items are processed by the queue's thread; what they
 * come to (the genre, the label of the tag, the counters) can be read from any
 * thread, under the answer's own lock.  start, stop, end_track, get_n_segments and
 * forget are for when no item is being processed. */

#pragma once

#include <genre/genre.h>
#include <gst/gst.h>

#include "genrequeue.h"
#include "genresettings.h"
#include "genretimeline.h"

typedef struct _GenreAnswer GenreAnswer;

/* A step of a track: a segment to classify and its place, or the end of the
 * track. */
typedef struct
{
  GenreSegment *segment; /* NULL: the end of the track */
  GenrePlace place;
  gboolean interim;   /* the segment's window is not full yet */
  GstStructure *song; /* at the end: what it adds to the track's message */
} GenreAnswerItem;

/* @segment: (transfer full) */
GenreAnswerItem *genre_answer_item_new (
    GenreSegment *segment, const GenrePlace *place, gboolean interim);
/* @song: (transfer full) */
GenreAnswerItem *genre_answer_item_new_end (GstStructure *song);
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
/* Ends the track: posts its message, with the fields of @song, if it has a
 * segment. */
void genre_answer_end_track (GenreAnswer *answer, const GstStructure *song,
    const GenreSettings *settings);
/* The number that the track's next segment has, if none was lost. */
guint64 genre_answer_get_n_segments (const GenreAnswer *answer);
/* Forgets the answer: "genre", "confidence" and the tag. */
void genre_answer_forget (GenreAnswer *answer);

/* The label of the genre that is sure enough for a tag; NULL if there is none.
 * Owned by the model. */
const char *genre_answer_get_tag (GenreAnswer *answer);
/* How sure that is, from now on; 0 to 1. */
void
genre_answer_set_min_confidence (GenreAnswer *answer, double min_confidence);

/* Add to the counters: ns of audio, segments that a live stream lost, and ns that the
 * timestamps say are missing. */
void genre_answer_count_audio (GenreAnswer *answer, GstClockTime duration);
void genre_answer_count_dropped (GenreAnswer *answer, guint n_segments);
void genre_answer_count_gap (GenreAnswer *answer, GstClockTime duration);
/* ns of audio, since the start, that is in no segment. */
void genre_answer_set_discarded (GenreAnswer *answer, GstClockTime duration);

/* The values of the properties of these names: the label of the genre or NULL
 * (transfer full), its probability, and the counters (transfer full). */
char *genre_answer_get_genre (GenreAnswer *answer);
double genre_answer_get_confidence (GenreAnswer *answer);
GstStructure *genre_answer_get_stats (GenreAnswer *answer);
