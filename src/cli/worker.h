/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The process that plays the files.  It is one of its own, so that a decoder that
 * crashes or hangs costs one file and nothing else.
 *
 * Parent and worker talk through the worker's stdin and stdout in messages of
 * analysis/wire.h.  The worker takes
 *
 *   WIRE_OPTIONS  first, once: worker_options_to_text()
 *   WIRE_LOOK     for a file of a web server, if there is a cache: "MS URI", how many
 *                 milliseconds to wait for the server, and what to ask it for
 *   WIRE_STAMP    before a request: what its file was when its genre was, or is to
 *                 be, found; into another one nothing is written
 *   WIRE_REQUEST  for each file: a Result, which has the file's name; if it has a
 *                 genre or a group, that was known before and is not analysed
 *                 again
 *
 * and answers WIRE_LOOK with
 *
 *   WIRE_STAMP    what the server says the file is now; empty if that is not to be
 *                 had, or gives nothing by which a change would show
 *
 * and each request with
 *
 *   WIRE_ALIVE    any number of times: one more segment was classified, or more of
 *                 the audio compared that must not change when tags are written
 *   WIRE_STAMP    at most once, empty: the server has sent another file than the one
 *                 that the request's stamp is of
 *   WIRE_RESULT   once
 *   WIRE_CHANGE   once, after a result for which worker_writes_tags() is TRUE
 *
 * or ends with WORKER_NO_THREAD.
 *
 * It ends when its stdin or its parent does, and with SIGTERM; but it first
 * finishes a file that it is writing. */

#pragma once

#include "workeroptions.h"

/* The command's first argument that makes it a worker; the second is the process
 * ID of its parent. */
#define WORKER_ARGUMENT "--worker"

/* The exit status of a worker that got no thread: no fault of the file that it had */
#define WORKER_NO_THREAD 76

/* ms of WIRE_LOOK at most, and at most half of what a file is given: a server that
 * never answers HEAD may well send the file */
#define WORKER_MAX_LOOK 10000

/* Of a file of a web server, device and inode are 0, and the others are those of its
 * HttpStamp, the validator in the place of the time. */
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

/* Runs a worker in this process, a child of @parent: until there are no more requests
 * on stdin.  Returns the exit status. */
int worker_run (GPid parent);

/* The same, as a command. */
int worker_main (int argc, char **argv);
