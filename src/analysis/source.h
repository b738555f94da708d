/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The decoded audio of a file or URI, for a pipeline, and what GStreamer's faults
 * mean.  All errors are in the domain ANALYSIS_ERROR. */

#pragma once

#include <gst/gst.h>

typedef struct
{
  GstElement *sink;      /* the element that takes the decoded audio */
  GstElement *converter; /* the one that was given as such */
  /* An element behind those that convert the audio, or NULL.  It becomes the sink, and
   * they are passed by, if it takes whatever the decoder may give: each element on the
   * way costs time for each of the many small buffers of an MP3. */
  GstElement *direct;
  GstPad *converted;  /* the pad of the last one that converts, or NULL */
  GstElement *reader; /* the first element that reads, or NULL */
  char *missing;      /* a sentence: what is not installed; or NULL */

  /* atomic */
  int is_recognized; /* the content says that it is a type of media */
  int has_audio;     /* some was decoded */
  int has_numbers;   /* and not all of it was NaN or infinite */
  int low_rate;      /* the rate for which the file is refused, Hz; or 0 */
} Source;

/**
 * source_init:
 * @pipeline: takes the decoder that is made
 * @name: a path or a URI; a name that could be either is a path if such a file
 *     exists
 * @sink: an element of @pipeline; the first audio stream is linked to its pad
 *     "sink"
 * @error: return location
 *
 * Returns: %FALSE with @error set if @name cannot be a URI or GStreamer's
 *     uridecodebin is not installed; source_clear() is then not needed
 */
gboolean source_init (Source *source, GstBin *pipeline, const char *name,
    GstElement *sink, GError **error);

/**
 * source_check_message:
 * @message: any message of the pipeline
 * @error: return location for its Reason, and a sentence about the file
 *
 * This is the one place where GStreamer's error codes become a Reason.
 *
 * Returns: %FALSE with @error set if @message is an error, after which nothing
 *     more comes
 */
gboolean
source_check_message (Source *source, GstMessage *message, GError **error);

/* FALSE with @error set if all audio that came was NaN or infinite: it would be taken
 * for silence. */
gboolean source_check_numbers (const Source *source, GError **error);

/* Sets @error to what it means that a pipeline has stopped without a message. */
void source_set_stopped (const Source *source, GError **error);

/* Whether @pipeline has a thread that could move data, even if that gets no further
 * than a queue. */
gboolean source_has_threads (const Source *source, GstElement *pipeline);

/* Whether @pipeline may be waiting for data to read: it reads from a server or a pipe,
 * or is just reading from a file. */
gboolean source_is_reading (GstElement *pipeline);

/* Whether @pipeline reads from files alone. */
gboolean source_is_local (GstElement *pipeline);

/* Frees what @source owns. */
void source_clear (Source *source);

/* Makes an element and adds it to @bin; NULL with @error set if it is not
 * installed. */
GstElement *
source_add_element (GstBin *bin, const char *factory, GError **error);
