/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A file's genre: it is played through the element, which posts the answers. */

#pragma once

#include <glib.h>

#include "httpstamp.h"
#include "result.h"

typedef struct
{
  const char *model;   /* for genre_model_load(); NULL: the default */
  guint64 window, hop; /* ns; 0: the element's default */
  /* ns; at most so much of the file, from its middle; 0: all of it */
  guint64 max_duration;
  /* NULL, or set to TRUE if something was unusual, such as a failure or a warning of
   * a decoder.  Then the pipeline is not taken apart, and this process should play
   * no other file. */
  gboolean *is_odd;
  /* NULL, or what httpstamp_get() has told of the URI; httpstamp_compare() is then
   * called for all that is fetched. */
  HttpStamp *http_stamp;
} AnalysisOptions;

/* Called with each segment as it is classified; @result has the labels, the model
 * and the segments so far. */
typedef void (*AnalysisSegmentFunc) (
    const Result *result, guint index, gpointer user_data);

/**
 * analysis_run:
 * @name: a path or URI
 * @func: (nullable): called in this thread, from within this function
 *
 * Plays it through the element in this process, after gst_init().
 *
 * With @max_duration, the beginning is analysed, to within a few buffers, if the
 * file is not seekable or its duration is not known.  The duration of an MP3
 * without a table is an estimate, and so is its middle.  The times of segments
 * count from the beginning of the file either way.
 *
 * Returns: (transfer full): the result; after a failure it has an error and its
 *     reason, and neither labels nor segments
 */
Result *analysis_run (const char *name, const AnalysisOptions *options,
    AnalysisSegmentFunc func, gpointer user_data);
