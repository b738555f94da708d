/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "uploads.h"

#include <string.h>
#include <unistd.h>

#include "answers.h"
#include "connections.h"
#include "genre/genre.h"
#include "quota.h"
#include "spoolfile.h"

/* bytes of a form besides its file */
#define MAX_FORM (1 << 20)
/* The temporary folder holds at most so many of the largest files at once,
 * ... */
#define MAX_FILES 4
/* ... and so many of one client, so that there is room for others. */
#define MAX_CLIENT_FILES 3

struct _Uploads
{
  Jobs *jobs;
  Counters *counters;
  guint64 max_size; /* of a file, bytes */
  Quota *spool;     /* bytes of the bodies whose files are still there */
};

struct _Upload
{
  Uploads *uploads;
  SoupServerMessage *message; /* borrowed: it owns the upload */
  ForkTask task;
  guint model;
  gboolean wants_events;
  char *client;      /* address */
  SpoolFile *file;   /* NULL: it was refused, or it is the job's */
  guint64 n_spooled; /* bytes that it has of the quota */
  Job *job;          /* NULL: there is none yet, or it has ended */
};

/* Refusing */

static void
refuse (Upload *upload, WebErrorKind kind, const char *text)
{
  g_clear_pointer (&upload->file, spool_file_free);
  answer_send_error (
      upload->message, upload->uploads->counters, web_error_get (kind), text);
}

static void
set_retry_after (Upload *upload)
{
  g_autofree char *seconds = g_strdup_printf (
      "%u", jobs_get_retry_after (upload->uploads->jobs));

  answer_set_header (upload->message, "Retry-After", seconds);
}

static void
refuse_busy (Upload *upload)
{
  set_retry_after (upload);
  refuse (upload, WEB_ERROR_BUSY,
      "Too many files are waiting already; please try again later.");
}

/* @error is SPOOL_FILE_ERROR's. */
static void
refuse_body (Upload *upload, const GError *error)
{
  switch (error->code) {
    case SPOOL_FILE_ERROR_SIZE:
      refuse (upload, WEB_ERROR_TOO_LARGE, error->message);
      break;
    case SPOOL_FILE_ERROR_SPACE:
      /* the reason is the administrator's concern, not the client's */
      g_printerr ("genreclassify: %s\n", error->message);
      refuse (upload, WEB_ERROR_NO_SPACE, "There is no room for the file.");
      break;
    default:
      refuse (upload, WEB_ERROR_BAD_REQUEST, error->message);
  }
}

/* The headers */

/* FALSE if the request is refused. */
static gboolean
check_headers (Upload *upload, SoupMessageHeaders *headers)
{
  const char *encoding = soup_message_headers_get_one (
      headers, "Content-Encoding");
  const char *length = soup_message_headers_get_one (headers, "Content-Length");
  guint64 max_size = upload->uploads->max_size;

  if (length && (!*length || length[strspn (length, "0123456789")])) {
    refuse (
        upload, WEB_ERROR_BAD_REQUEST, "The Content-Length is not a number.");
    return FALSE;
  }
  if (encoding && g_ascii_strcasecmp (encoding, "identity")) {
    refuse (upload, WEB_ERROR_ENCODED,
        "The body has a Content-Encoding; it must be sent as it is.");
    return FALSE;
  }
  if (soup_message_headers_get_content_length (headers) >
      (goffset) (max_size + MAX_FORM)) {
    g_autofree char *text = g_strdup_printf (
        "The file is larger than %" G_GUINT64_FORMAT " bytes.", max_size);

    refuse (upload, WEB_ERROR_TOO_LARGE, text);
    return FALSE;
  }
  if (jobs_are_full (upload->uploads->jobs, upload->client)) {
    refuse_busy (upload);
    return FALSE;
  }
  return TRUE;
}

/* @accept is the header's value, or NULL. */
static gboolean
accepts_events (const char *accept)
{
  GSList *types = accept ? soup_header_parse_quality_list (accept, NULL) : NULL;
  gboolean found = FALSE;

  for (GSList *i = types; i; i = i->next)
    found |= !g_ascii_strcasecmp (i->data, "text/event-stream");
  soup_header_free_list (types);
  return found;
}

/* Opens the temporary file. */
static void
open_file (Upload *upload, SoupMessageHeaders *headers)
{
  g_autoptr (GHashTable) params = NULL;
  const char *type = soup_message_headers_get_content_type (headers, &params);
  const char *boundary = NULL;
  g_autoptr (GError) error = NULL;

  if (type && !g_ascii_strcasecmp (type, "multipart/form-data")) {
    boundary = g_hash_table_lookup (params, "boundary");
    if (!boundary)
      boundary = "";
  }
  upload->file = spool_file_new (boundary, upload->uploads->max_size, &error);
  if (!upload->file)
    refuse_body (upload, error);
}

Upload *
upload_new (
    Uploads *uploads, SoupServerMessage *message, ForkTask task, guint model)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (
      message);
  Connection *connection = connection_get (message);
  Upload *upload = g_new0 (Upload, 1);

  upload->uploads = uploads;
  upload->message = message;
  upload->task = task;
  upload->model = model;
  upload->wants_events = task == FORK_PREDICT &&
      accepts_events (soup_message_headers_get_list (headers, "Accept"));
  upload->client = g_strdup (
      connection ? connection_get_client (connection) : "");
  if (check_headers (upload, headers))
    open_file (upload, headers);
  return upload;
}

void
upload_end (Upload *upload)
{
  g_clear_pointer (&upload->job, job_cancel);
  g_clear_pointer (&upload->file, spool_file_free);
  quota_release (upload->uploads->spool, upload->client, upload->n_spooled);
  upload->n_spooled = 0;
}

void
upload_free (Upload *upload)
{
  if (!upload)
    return;
  upload_end (upload);
  g_free (upload->client);
  g_free (upload);
}

/* The body */

void
upload_push (Upload *upload, GBytes *chunk)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (chunk, &size);
  g_autoptr (GError) error = NULL;

  if (!upload->file)
    return;
  if (!quota_take (upload->uploads->spool, upload->client, size)) {
    refuse_busy (upload);
    return;
  }
  upload->n_spooled += size;
  if (!spool_file_push (upload->file, data, size, &error))
    refuse_body (upload, error);
}

/* The job */

static void
on_segment (const Result *result, gpointer user_data)
{
  Upload *upload = user_data;

  answer_begin_events (upload->message);
  answer_send_event (
      upload->message, "segment", result_segment_to_json (result, 0));
}

static void
answer_result (Upload *upload, const JobOutcome *outcome)
{
  char *json = result_answer_to_json (outcome->result);

  counters_add_analysis (upload->uploads->counters,
      (double) outcome->result->duration / GENRE_SECOND, outcome->seconds);
  if (upload->wants_events) {
    answer_begin_events (upload->message);
    answer_send_event (upload->message, "result", json);
  } else {
    answer_send_text (
        upload->message, SOUP_STATUS_OK, "application/json", json);
  }
}

static void
on_done (const JobOutcome *outcome, gpointer user_data)
{
  Upload *upload = user_data;
  Connection *connection = connection_get (upload->message);

  upload->job = NULL;
  if (connection)
    connection_set_phase (connection, CONNECTION_ANSWER);
  if (outcome->reason == REASON_OVERTAKEN &&
      !answer_has_begun (upload->message))
    set_retry_after (upload);
  if (outcome->reason != REASON_NONE)
    answer_send_error (upload->message, upload->uploads->counters,
        web_error_from_reason (outcome->reason), outcome->error);
  else if (upload->task == FORK_PREDICT)
    answer_result (upload, outcome);
  else
    answer_send (upload->message, SOUP_STATUS_OK, "image/png", outcome->data);
  answer_complete (upload->message);
}

/* Ends the request of a client that has gone away: nobody will read the
 * answer. */
static void
on_client_gone (gpointer user_data)
{
  Upload *upload = user_data;

  g_clear_pointer (&upload->job, job_cancel);
  if (!answer_has_begun (upload->message))
    soup_server_message_set_status (
        upload->message, SOUP_STATUS_BAD_REQUEST, NULL);
  answer_complete (upload->message);
}

void
upload_finish (Upload *upload)
{
  Jobs *jobs = upload->uploads->jobs;
  Connection *connection = connection_get (upload->message);
  g_autoptr (GError) error = NULL;
  int input = spool_file_finish (upload->file, &error);

  if (input < 0) {
    refuse_body (upload, error);
    return;
  }
  if (!connection || jobs_are_full (jobs, upload->client)) {
    close (input);
    refuse_busy (upload);
    return;
  }
  g_clear_pointer (&upload->file, spool_file_free);
  upload->job = jobs_add (jobs, upload->task, upload->model, input,
      upload->client, upload->wants_events ? on_segment : NULL, on_done,
      upload);
  connection_set_phase (connection, CONNECTION_WORK);
  connection_watch (connection, on_client_gone, upload);
  soup_server_message_pause (upload->message);
}

gboolean
upload_has_job (const Upload *upload)
{
  return upload->job != NULL;
}

/* What all uploads share */

Uploads *
uploads_new (Jobs *jobs, Counters *counters, guint64 max_size)
{
  Uploads *uploads = g_new0 (Uploads, 1);
  /* of a body; all of them together must not overflow */
  guint64 max_body = MIN (max_size, G_MAXUINT64 / (2 * MAX_FILES)) + MAX_FORM;

  uploads->jobs = jobs;
  uploads->counters = counters;
  uploads->max_size = max_size;
  uploads->spool = quota_new (
      MAX_FILES * max_body, MAX_CLIENT_FILES * max_body);
  return uploads;
}

void
uploads_free (Uploads *uploads)
{
  if (!uploads)
    return;
  quota_free (uploads->spool);
  g_free (uploads);
}
