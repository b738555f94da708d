/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The process that plays the files.  It is one of its own, so that a decoder that
 * crashes or hangs costs one file and nothing else.
 *
 * Parent and worker talk through the worker's stdin and stdout in messages of
 * analysis/wire.h.  The worker takes
 *
 *   WIRE_OPTIONS  first, once: worker_options_to_text()
 *   WIRE_STAMP    before a request: what its file was when its genre was, or is to
 *                 be, found; into another one nothing is written
 *   WIRE_REQUEST  for each file: a Result, which has the file's name; if it has a
 *                 genre or a group, that was known before and is not analysed
 *                 again
 *
 * and answers each request with
 *
 *   WIRE_ALIVE    any number of times: one more segment was classified, or more of
 *                 the audio compared that must not change when tags are written
 *   WIRE_RESULT   once
 *   WIRE_CHANGE   once, after a result for which worker_writes_tags() is TRUE
 *
 * It ends when its stdin or its parent does, and with SIGTERM; but it first
 * finishes a file that it is writing. */

#pragma once

#include "workeroptions.h"

/* The command's first argument that makes it a worker; the second is the process
 * ID of its parent. */
#define WORKER_ARGUMENT "--worker"

typedef struct
{
  guint64 device, inode, size;
  gint64 mtime_ns; /* since 1970 */
} FileStamp;

/* What the file is now; FALSE if it cannot be looked at, as it is a URI, say. */
gboolean file_stamp_get (const char *path, FileStamp *stamp);

/* bytes of a message in either direction; a result of days of audio has fewer */
#define WORKER_MAX_MESSAGE (64 << 20)

/* The command line that starts a worker of this process; free with
 * g_strfreev(). */
char **worker_get_argv (void);

/* Whether a worker, which has found @result, writes it into the file's tags. */
gboolean
worker_writes_tags (const WorkerOptions *options, const Result *result);

/* Runs a worker in this process.  Returns the exit status. */
int worker_main (int argc, char **argv);
