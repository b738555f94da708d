/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A file played through the element, and what that said of it. */

#pragma once

#include <glib.h>

#include "result.h"

typedef struct
{
  const char *model;   /* path of a weights file, or NULL: the default */
  guint64 window, hop; /* ns; 0: the element's default */
  guint64
      max_duration; /* ns; only the middle of the file is analysed; 0: all of
                            it */
  gboolean is_last; /* the process ends then: its pipeline is left as it is */
} AnalysisOptions;

/* Called with each segment as it is classified; @result has the labels, the model
 * and the segments so far. */
typedef void (*AnalysisSegmentFunc) (
    const Result *result, guint index, gpointer user_data);

/**
 * analysis_run:
 * @name: a path or URI, "fd://N" too
 * @func: (nullable): called in this thread, from within this function
 *
 * Plays it through the element in this process; gst_init() comes first.
 *
 * With @max_duration, what is not seekable or does not tell its duration is
 * analysed from its beginning, to within a few buffers.  The duration of an MP3
 * without a table is an estimate, and so is its middle.  Segments have their times
 * within the file either way.
 *
 * Returns: (transfer full): the result; a failure is its error, and then it has
 *     neither labels nor segments
 */
Result *analysis_run (const char *name, const AnalysisOptions *options,
    AnalysisSegmentFunc func, gpointer user_data);
