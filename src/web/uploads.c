/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "uploads.h"

#include <string.h>
#include <unistd.h>

#include "analysis/peaks.h"
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
  KeptUploads *kept;
};

struct _Upload
{
  Uploads *uploads;
  SoupServerMessage *message; /* borrowed: it owns the upload */
  UploadOrder order;
  gboolean wants_events;
  char *client;         /* address */
  SpoolFile *file;      /* NULL: it was refused, or it is the job's */
  guint64 n_spooled;    /* bytes that it has of the quota */
  KeptUpload *kept;     /* the file, if it is one that was kept; or NULL */
  Job *job;             /* NULL: there is none yet, or it has ended */
  char *file_name;      /* as the client calls it; or NULL */
  gint64 queued, ended; /* µs, when there began and ended to be a job; or 0 */
  double working;       /* s of it in a worker */
};

/* Its file is gone, or another's. */
static void
release_space (Upload *upload)
{
  quota_release (upload->uploads->spool, upload->client, upload->n_spooled);
  upload->n_spooled = 0;
}

/* Refusing */

static void
refuse (Upload *upload, WebErrorKind kind, const char *text)
{
  g_clear_pointer (&upload->file, spool_file_free);
  release_space (upload);
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
refuse_for_now (Upload *upload, const char *text)
{
  set_retry_after (upload);
  refuse (upload, WEB_ERROR_BUSY, text);
}

static void
refuse_busy (Upload *upload)
{
  refuse_for_now (
      upload, "Too many files are waiting already; please try again later.");
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
    case SPOOL_FILE_ERROR_BUSY:
      g_printerr ("genreclassify: %s\n", error->message);
      refuse_for_now (upload,
          "The service has too many files open; please try again later.");
      break;
    default:
      refuse (upload, WEB_ERROR_BAD_REQUEST, error->message);
  }
}

static void
refuse_second_file (Upload *upload)
{
  refuse (upload, WEB_ERROR_BAD_REQUEST,
      "The file is an upload that was kept; the body must be empty.");
}

/* The headers */

/* Begins the use of the file that is kept.  FALSE if the request is refused. */
static gboolean
find_kept (Upload *upload, SoupMessageHeaders *headers)
{
  upload->kept = kept_uploads_use (
      upload->uploads->kept, upload->order.kept_id);
  if (!upload->kept) {
    refuse (upload, WEB_ERROR_NO_UPLOAD,
        "The upload is not there, or no longer; please send the file again.");
    return FALSE;
  }
  if (soup_message_headers_get_content_length (headers) > 0) {
    refuse_second_file (upload);
    return FALSE;
  }
  return TRUE;
}

/* FALSE if the request is refused. */
static gboolean
check_headers (Upload *upload, SoupMessageHeaders *headers)
{
  const char *encoding = soup_message_headers_get_one (
      headers, "Content-Encoding");
  guint64 max_size = upload->uploads->max_size;

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
  if (!upload->order.keep &&
      jobs_are_full (upload->uploads->jobs, upload->client)) {
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
    Uploads *uploads, SoupServerMessage *message, const UploadOrder *order)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (
      message);
  Connection *connection = connection_get (message);
  Upload *upload = g_new0 (Upload, 1);

  upload->uploads = uploads;
  upload->message = message;
  upload->order = *order;
  upload->wants_events = order->task == FORK_PREDICT &&
      accepts_events (soup_message_headers_get_list (headers, "Accept"));
  upload->client = g_strdup (
      connection ? connection_get_caller (connection)->key : "");
  if (check_headers (upload, headers)) {
    if (!order->kept_id)
      open_file (upload, headers);
    else
      find_kept (upload, headers);
  }
  upload->order.kept_id = NULL;
  return upload;
}

void
upload_end (Upload *upload)
{
  if (upload->job)
    upload->ended = g_get_monotonic_time ();
  g_clear_pointer (&upload->job, job_cancel);
  g_clear_pointer (&upload->file, spool_file_free);
  release_space (upload);
  g_clear_pointer (&upload->kept, kept_upload_release);
}

void
upload_free (Upload *upload)
{
  if (!upload)
    return;
  upload_end (upload);
  g_free (upload->client);
  g_free (upload->file_name);
  g_free (upload);
}

/* The body */

/* Takes @size bytes of the quota; files that are kept and that nobody uses make
 * room. */
static gboolean
take_space (Upload *upload, gsize size)
{
  Quota *spool = upload->uploads->spool;

  while (!quota_take (spool, upload->client, size))
    if (!kept_uploads_make_room (upload->uploads->kept, upload->client,
            quota_exceeds_share (spool, upload->client, size)))
      return FALSE;
  upload->n_spooled += size;
  return TRUE;
}

void
upload_push (Upload *upload, GBytes *chunk)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (chunk, &size);
  g_autoptr (GError) error = NULL;

  if (upload->kept && size > 0) {
    refuse_second_file (upload);
    return;
  }
  if (!upload->file)
    return;
  if (upload->n_spooled + size > upload->uploads->max_size + MAX_FORM) {
    refuse (upload, WEB_ERROR_TOO_LARGE, "The body is larger than any file.");
    return;
  }
  if (!take_space (upload, size)) {
    refuse_busy (upload);
    return;
  }
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
  char *json = upload->order.task == FORK_EMBED
      ? result_embedding_to_json (outcome->result)
      : result_answer_to_json (outcome->result);

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

/* @data is the worker's, which has been checked. */
static void
answer_waveform (Upload *upload, GBytes *data)
{
  g_autoptr (Peaks) peaks = peaks_from_data (
      g_bytes_get_data (data, NULL), g_bytes_get_size (data));
  g_autofree float *parts = peaks_divide (peaks, upload->order.points);
  char digits[G_ASCII_DTOSTR_BUF_SIZE];
  GString *json = g_string_new ("{\"duration\":");

  g_string_append (
      json, g_ascii_formatd (digits, sizeof digits, "%.9g", peaks->duration));
  g_string_append (json, ",\"peaks\":[");
  for (guint i = 0; i < upload->order.points; i++) {
    if (i > 0)
      g_string_append_c (json, ',');
    g_string_append (
        json, g_ascii_formatd (digits, sizeof digits, "%.4g", parts[i]));
  }
  g_string_append (json, "]}");
  answer_send_text (upload->message, SOUP_STATUS_OK, "application/json",
      g_string_free (json, FALSE));
}

static void
on_done (const JobOutcome *outcome, gpointer user_data)
{
  Upload *upload = user_data;
  Connection *connection = connection_get (upload->message);

  upload->job = NULL;
  release_space (upload);
  upload->ended = g_get_monotonic_time ();
  upload->working = outcome->seconds;
  if (connection)
    connection_set_phase (connection, CONNECTION_ANSWER);
  if ((outcome->reason == REASON_OVERTAKEN || outcome->was_refused) &&
      !answer_has_begun (upload->message))
    set_retry_after (upload);
  if (outcome->reason != REASON_NONE)
    answer_send_error (upload->message, upload->uploads->counters,
        outcome->was_refused ? web_error_get (WEB_ERROR_BUSY)
                             : web_error_from_reason (outcome->reason),
        outcome->error);
  else if (outcome->result)
    answer_result (upload, outcome);
  else if (upload->order.task == FORK_WAVEFORM)
    answer_waveform (upload, outcome->data);
  else
    answer_send (upload->message, SOUP_STATUS_OK, "image/png", outcome->data);
  answer_complete (upload->message);
}

/* An interim answer is sent before the answer, and to HTTP/1.1 only. */
static gboolean
may_probe (gpointer user_data)
{
  Upload *upload = user_data;

  return !answer_has_begun (upload->message) &&
      soup_server_message_get_http_version (upload->message) != SOUP_HTTP_1_0;
}

/* Ends the request of a client that has gone away: nobody will read the
 * answer. */
static void
on_client_gone (gpointer user_data)
{
  Upload *upload = user_data;

  upload->ended = g_get_monotonic_time ();
  g_clear_pointer (&upload->job, job_cancel);
  if (!answer_has_begun (upload->message))
    soup_server_message_set_status (upload->message, STATUS_CLIENT_GONE, NULL);
  answer_complete (upload->message);
}

/* Takes the descriptor @input. */
static void
keep_file (Upload *upload, int input)
{
  KeptUploads *kept = upload->uploads->kept;
  /* the body is more than the file, if it is a form */
  guint64 size = spool_file_get_size (upload->file);
  const char *id = kept_uploads_add (kept, upload->client, input, size);
  g_autofree char *location = NULL;

  if (!id) {
    close (input);
    refuse_busy (upload);
    return;
  }
  upload->n_spooled -= size; /* they are the kept file's now */
  g_clear_pointer (&upload->file, spool_file_free);
  location = g_strconcat ("uploads/", id, NULL);
  answer_set_header (upload->message, "Location", location);
  answer_send_text (upload->message, SOUP_STATUS_CREATED, "application/json",
      g_strdup_printf ("{\"id\":\"%s\",\"size\":%" G_GUINT64_FORMAT
                       ",\"expires\":%u}",
          id, size, kept_uploads_get_seconds (kept)));
}

/* A descriptor of the whole file; -1 if the request is refused. */
static int
open_input (Upload *upload)
{
  g_autoptr (GError) error = NULL;
  int input;

  if (upload->kept) {
    input = kept_upload_open (upload->kept);
    if (input < 0)
      refuse_busy (upload);
  } else {
    input = spool_file_finish (upload->file, &error);
    upload->file_name = g_strdup (spool_file_get_name (upload->file));
    if (input < 0)
      refuse_body (upload, error);
  }
  return input;
}

void
upload_finish (Upload *upload)
{
  Jobs *jobs = upload->uploads->jobs;
  Connection *connection = connection_get (upload->message);
  int input = open_input (upload);

  if (input < 0)
    return;
  if (upload->order.keep) {
    keep_file (upload, input);
    return;
  }
  if (!connection || jobs_are_full (jobs, upload->client)) {
    close (input);
    refuse_busy (upload);
    return;
  }
  g_clear_pointer (&upload->file, spool_file_free);
  upload->queued = g_get_monotonic_time ();
  upload->job = jobs_add (jobs, upload->order.task, upload->order.model, input,
      upload->client, upload->wants_events ? on_segment : NULL, on_done,
      upload);
  if (connection_get_caller (connection)->is_many)
    job_set_alone (upload->job);
  connection_set_phase (connection, CONNECTION_WORK);
  connection_watch (connection, may_probe, on_client_gone, upload);
  soup_server_message_pause (upload->message);
}

gboolean
upload_has_job (const Upload *upload)
{
  return upload->job != NULL;
}

gboolean
upload_get_times (const Upload *upload, double *waiting, double *working)
{
  double all = (double) (upload->ended - upload->queued) / G_USEC_PER_SEC;

  if (upload->queued == 0)
    return FALSE;
  *working = upload->working;
  *waiting = MAX (all - upload->working, 0);
  return TRUE;
}

const char *
upload_get_file_name (const Upload *upload)
{
  return upload->file_name;
}

/* What all uploads share */

Uploads *
uploads_new (
    Jobs *jobs, Counters *counters, guint64 max_size, guint keep_seconds)
{
  Uploads *uploads = g_new0 (Uploads, 1);
  /* of a body; all of them together must not overflow */
  guint64 max_body = MIN (max_size, G_MAXUINT64 / (2 * MAX_FILES)) + MAX_FORM;

  uploads->jobs = jobs;
  uploads->counters = counters;
  uploads->max_size = max_size;
  uploads->spool = quota_new (
      MAX_FILES * max_body, MAX_CLIENT_FILES * max_body);
  uploads->kept = kept_uploads_new (keep_seconds, uploads->spool);
  return uploads;
}

KeptUploads *
uploads_get_kept (Uploads *uploads)
{
  return uploads->kept;
}

void
uploads_free (Uploads *uploads)
{
  if (!uploads)
    return;
  kept_uploads_free (uploads->kept);
  quota_free (uploads->spool);
  g_free (uploads);
}
