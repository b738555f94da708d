/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The audio of a file or URI, decoded, and its faults in plain words. */

#pragma once

#include <gst/gst.h>

typedef struct
{
  GstElement *entrance; /* where the audio goes */
  char *missing;        /* a decoder that is not installed, or NULL */
} Source;

/* Adds to @pipeline a decoder of @name, a path or a URI, whose first audio stream
 * goes into @entrance, an element of that pipeline. */
gboolean source_init (Source *source, GstBin *pipeline, const char *name,
    GstElement *entrance, GError **error);
/* Looks at a message of the pipeline; FALSE with @error set if it is the end of
 * the attempt. */
gboolean
source_check_message (Source *source, GstMessage *message, GError **error);
/* Whether that error is that there is no audio in it: that it is another kind of
 * file, or an unknown one. */
gboolean source_is_no_audio (const GError *error);
/* Whether a thread still moves data, and be it only as far as the queue.  decodebin
 * may swallow the error of a demuxer that it has just plugged, and then nothing
 * would ever come. */
gboolean source_is_moving (const Source *source, GstElement *pipeline);
void source_clear (Source *source);

/* Makes an element and adds it to @bin; NULL with @error set if it is not
 * installed. */
GstElement *
source_add_element (GstBin *bin, const char *factory, GError **error);
