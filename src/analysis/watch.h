/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Waits for a pipeline, and notices when nothing more will come of it.
 *
 * A pipeline shows progress by a message, or by a sample of which its owner tells
 * with watch_note_progress().  It stands still when for two seconds it has shown
 * none and has no thread that could: decodebin may swallow the error of a demuxer,
 * and then neither an error nor the end would ever come.  It stands still as well
 * when for five seconds its threads have neither worked nor read; those of a pipeline
 * that reads from a server may always be waiting for that.  A thread that works on a
 * local file and brings nothing, as that of a parser in an endless loop, is given up
 * after @effort, and whatever else brings nothing after @timeout. */

#pragma once

#include <gst/gst.h>

#include "source.h"

/* a good value for "effort": no decoder needs so long for one sample */
#define WATCH_EFFORT 5

typedef struct
{
  GstElement *pipeline;
  Source *source; /* its source, which explains the errors */
  guint timeout;  /* s without progress after which it is given up; 0: never */
  /* s of processor time without progress, if it reads a local file; 0: any */
  guint effort;
  /* Both are called in the thread that waits, and may be NULL: with each tag and
   * element message; and a few times a second while there is progress by
   * samples. */
  void (*on_message) (GstMessage *message, gpointer user_data);
  void (*on_progress) (gpointer user_data);
  /* ns of audio that has come, if watch_note_progress() is not called for each
   * sample; or NULL. */
  guint64 (*get_progress) (gpointer user_data);
  gpointer user_data;
  guint64
      audio; /* ns that has come, kept by the owner if get_progress is NULL */

  gboolean has_warned; /* an element has posted a warning; to be read only */

  /* the watch's own, 0 at first */
  int n_moved;    /* atomic: calls of watch_note_progress() */
  guint64 n_seen; /* of these, or what get_progress() gave, at the last look */
  gint64 progressed, moved,
      checked;         /* monotonic µs: last progress; last thread seen
                                        at work; last look at it */
  gint64 begun;        /* µs of the process' processor time at the beginning */
  gint64 worked, work; /* µs of the other threads' processor time: at the last
                          progress; when it was last seen to grow */
} Watch;

/* From now on every pipeline of this process that needs more than @base seconds of
 * processor time, and @share seconds for each second of its audio, of which @max_audio
 * seconds count at most, is given up: REASON_TOO_MUCH_WORK.  It is processor time,
 * so that a busy machine is not the file's fault.  @base 0: there is no limit. */
void watch_limit_work (double base, double share, double max_audio);

/* Tells that a sample has come; in any thread. */
void watch_note_progress (Watch *watch);

/**
 * watch_wait:
 * @type: of the message to wait for; the end of the stream is waited for as well
 * @error: return location, in ANALYSIS_ERROR: what the pipeline has reported;
 *     REASON_DECODER_FAILED if it stands still; REASON_TIMEOUT after @timeout, and
 *     then setting the pipeline to NULL might hang as well
 *
 * Returns: %FALSE with @error set
 */
gboolean watch_wait (Watch *watch, GstMessageType type, GError **error);

/* For who waits elsewhere, such as for a sample of an appsink: watch_begin() once,
 * and watch_check() a few times a second, which looks at the messages that there
 * are.  FALSE with @error set as above. */
void watch_begin (Watch *watch);
gboolean watch_check (Watch *watch, GError **error);
