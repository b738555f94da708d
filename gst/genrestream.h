/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The way of a stream's samples through the element: from buffers and gaps to
 * the classifier, and from there, as complete segments with their places, into
 * the queue whose thread answers them.
 *
 * All functions belong to the streaming thread, but for
 * genre_stream_flush_start(), which any thread may call. */

#pragma once

#include <gst/gst.h>

#include "genreanswer.h"
#include "genresettings.h"

typedef struct _GenreStream GenreStream;

/* The title that was announced has stayed.  If @ends_track, the track before it has
 * ended, see genre_stream_finish_track(); otherwise the title before was none, and the
 * track is all this title's. */
typedef void (*GenreStreamTitleFunc) (gpointer user_data, gboolean ends_track);

/* @element: not owned; messages are posted from it
 * @sink: not owned; the pad where it is asked whether the stream is live
 * @answer: not owned; what answers the segments
 * @settings: not owned; protected by the element's object lock
 * @title_stays: called with @element from the streaming thread */
GenreStream *
genre_stream_new (GstElement *element, GstPad *sink, GenreAnswer *answer,
    const GenreSettings *settings, GenreStreamTitleFunc title_stays);
/* It must have been stopped.  @stream may be NULL. */
void genre_stream_free (GenreStream *stream);

/* Starts the stream, the answer and the queue's thread.
 * @model: a reference is taken
 * @pool: where it is classified, a reference is taken; NULL: a thread of its own
 * FALSE with @error set (GENRE_ERROR_ARGUMENT) if the settings do not fit. */
gboolean
genre_stream_start (GenreStream *stream, GenreModel *model, GstTaskPool *pool,
    GError **error);
/* Ends the classification under way, drops what waits, ends the track, over the
 * segments that are done, and joins the thread.
 * @song: what is added to the track's message */
void genre_stream_stop (GenreStream *stream, const GstStructure *song);

/* Below, FALSE or GST_FLOW_FLUSHING is returned because of a flush. */

/* The buffers to come are as @caps say.  FALSE if these cannot be analysed. */
gboolean genre_stream_set_caps (GenreStream *stream, const GstCaps *caps);
/* The buffers and gaps to come belong to @segment.  They are analysed if its
 * format is TIME and it is played forwards. */
void genre_stream_set_segment (GenreStream *stream, const GstSegment *segment);
/* Analyses a buffer, or does nothing if that cannot be.  Waits while the queue
 * is full; a live stream drops a segment instead.  GST_FLOW_NOT_NEGOTIATED if
 * there were no caps; GST_FLOW_ERROR, with the error posted, if the buffer cannot
 * be read. */
GstFlowReturn genre_stream_push_buffer (GenreStream *stream, GstBuffer *buffer);
/* Analyses a gap as silence; the times may be NONE. */
void genre_stream_push_gap (
    GenreStream *stream, GstClockTime timestamp, GstClockTime duration);

/* The first title of the track begins here. */
void genre_stream_begin_title (GenreStream *stream);
/* Another title begins here.  If it stays for the setting min-track, title_stays is
 * called, at once if that is 0; if another one is announced before, it does not count. */
void genre_stream_announce_title (GenreStream *stream);
/* The title that was announced last does not count. */
void genre_stream_withdraw_title (GenreStream *stream);

/* TRUE if samples came since the last track ended. */
gboolean genre_stream_is_in_track (const GenreStream *stream);
/* Ends the track: classifies what is left of it, and waits until all of it is
 * answered and its message is posted.  In title_stays, it ends where that title began;
 * what came since belongs to the next one.
 * @song: (transfer full): what is added to the track's message */
gboolean genre_stream_finish_track (GenreStream *stream, GstStructure *song);

/* From any thread: drops what waits, cancels the classification under way, and
 * frees whoever waits for the queue; returns at once. */
void genre_stream_flush_start (GenreStream *stream);
/* Waits until the queue's thread is idle, and drops the window under way; the track
 * goes on.  Does nothing if the stream is not started. */
void genre_stream_flush_stop (GenreStream *stream);
