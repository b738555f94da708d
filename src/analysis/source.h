/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The decoded audio of a file or URI, for a pipeline, and what GStreamer's faults
 * mean.  All errors are in the domain ANALYSIS_ERROR. */

#pragma once

#include <gst/gst.h>

typedef struct
{
  GstElement *sink; /* the element that takes the decoded audio */
  char *missing;    /* a decoder that is not installed, or NULL */
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

/* Whether a thread of @pipeline still moves data, even if that gets no further
 * than a queue.  decodebin may swallow the error of a demuxer that it has just
 * plugged; then no message and no audio would ever come. */
gboolean source_is_moving (const Source *source, GstElement *pipeline);

/* Frees what @source owns. */
void source_clear (Source *source);

/* Makes an element and adds it to @bin; NULL with @error set if it is not
 * installed. */
GstElement *
source_add_element (GstBin *bin, const char *factory, GError **error);
