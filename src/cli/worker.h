/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What plays the files: a process of its own, so that a decoder that crashes or
 * hangs takes nothing else with it.
 *
 * It takes one Result as JSON in a line on stdin for each file, which has the
 * file's name; one with a genre as well was known before, and is not analysed
 * again.  It answers on stdout in lines, of which the first character says what
 * they are:
 *
 *   .  a sign of life: one more segment was classified, or more of the audio that
 *      is to be the same was compared
 *   +  a Result, after which there will be a change
 *   =  a Result, and that is all
 *   *  a change, as outcome_change_to_json() gives it
 *
 * It ends with its input, with its parent and with SIGTERM; but a file that is
 * being written by then is finished first. */

#pragma once

#include "analysis/analysis.h"
#include "tags/tagwriter.h"

typedef struct
{
  AnalysisOptions analysis;
  gboolean with_segments;
  const char *plot;      /* where to draw the file's plot, or NULL */
  gboolean write;        /* the genre into the file's tags */
  double min_confidence; /* without which it is not */
  TagOptions tags;
} WorkerOptions;

/* The command's first argument that makes it a worker. */
#define WORKER_ARGUMENT "--worker"

/* The command line that starts a worker of this process; free with
 * g_strfreev(). */
char **worker_get_argv (const WorkerOptions *options);

/* Runs one in this process; gives the exit status. */
int worker_main (int argc, char **argv);
