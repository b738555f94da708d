/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The life of an upload: its headers are checked, its body becomes a temporary
 * file, the file waits for a worker, and what the worker finds is the answer.
 * At each step it can be refused, or its client can go away.  The file may also be
 * one that was kept of an earlier request, or become one for later requests. */

#pragma once

#include <libsoup/soup.h>

#include "counters.h"
#include "jobs.h"
#include "keptuploads.h"

typedef struct _Uploads Uploads; /* what all of them share */
typedef struct _Upload Upload;

/* What a request asks. */
typedef struct
{
  ForkTask task; /* what to do with the file */
  guint model;   /* index of the model, for FORK_PREDICT and FORK_EMBED */
  guint points;  /* how many peaks, for FORK_WAVEFORM */
  gboolean keep; /* do nothing with it: it is kept for other requests */
  const char
      *kept_id; /* of the upload that is the file; NULL: it is in the body.
                          Only during upload_new(). */
} UploadOrder;

/* @max_size: of a file, bytes.  @keep_seconds: how long files are kept; 0: none is.
 * @jobs and @counters must live longer. */
Uploads *uploads_new (
    Jobs *jobs, Counters *counters, guint64 max_size, guint keep_seconds);
/* After the last upload was freed. */
void uploads_free (Uploads *uploads);
/* (transfer none): the files that are kept. */
KeptUploads *uploads_get_kept (Uploads *uploads);

/**
 * upload_new:
 * @message: a POST whose headers are here and whose body is not
 * @order: what to do with the file
 *
 * The message is answered if it is refused for its headers; answer_has_begun()
 * tells.
 *
 * Returns: (transfer full): the upload
 */
Upload *upload_new (
    Uploads *uploads, SoupServerMessage *message, const UploadOrder *order);
/* The request has ended, however it did: the job is cancelled, the file
 * removed, unless it is kept. */
void upload_end (Upload *upload);
/* Also ends it. */
void upload_free (Upload *upload);

/* Takes the next bytes of the body; the message is answered if they are
 * refused. */
void upload_push (Upload *upload, GBytes *chunk);
/* The body is complete, and nothing of it was refused: the file becomes a job,
 * which will answer the message, or the message is answered at once: with an error,
 * or because the file is only to be kept. */
void upload_finish (Upload *upload);
/* Whether the file waits for a worker or is in one. */
gboolean upload_has_job (const Upload *upload);
/* After upload_end(): how long the file waited for a worker and was in one, s;
 * FALSE if it was refused before.  Of a job that was cancelled all is waiting. */
gboolean
upload_get_times (const Upload *upload, double *waiting, double *working);
/* How the client calls the file; NULL if it does not tell. */
const char *upload_get_file_name (const Upload *upload);
