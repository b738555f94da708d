/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "service.h"

#include <string.h>

#include <libsoup/soup.h>

#include "access.h"
#include "analysis/models.h"
#include "connections.h"
#include "counters.h"
#include "page.h"
#include "quota.h"
#include "upload.h"

#define KEY "genreclassify-request"
/* of a form around its file */
#define MAX_FORM (1 << 20)

struct _Service
{
  SoupServer *server;
  Connections *connections;
  Jobs *jobs;
  Counters *counters;
  Page *page;
  char *token;
  guint64 max_size;
  gboolean is_local; /* only this machine reaches it */
  Quota *spool;      /* bytes of files that came in and are not done with */
};

typedef struct _Request Request;

typedef struct
{
  const char *path;   /* one that ends with "/" has a name behind it */
  const char *method; /* GET is HEAD, too */
  gboolean is_guarded;
  ForkTask task; /* of POST */
  void (*answer) (Request *request);
} Route;

struct _Request
{
  Service *service;
  SoupServerMessage *message; /* that it belongs to */
  const Route *route;         /* NULL: none, or a file of the page */
  guint model;
  gboolean wants_events;
  Upload *upload;
  guint64 n_ignored; /* bytes of a body that was refused, of no known length */
  char *client;
  guint64 n_spooled; /* bytes */
  Job *job;
};

static void answer_health (Request *request);
static void answer_models (Request *request);
static void answer_metrics (Request *request);
static void answer_openapi (Request *request);
static void answer_upload (Request *request);

static const Route routes[] = {
  { "/predict", "POST", TRUE, FORK_PREDICT, answer_upload },
  { "/predict/", "POST", TRUE, FORK_PREDICT, answer_upload },
  { "/spectrogram", "POST", TRUE, FORK_SPECTROGRAM, answer_upload },
  { "/models", "GET", TRUE, 0, answer_models },
  { "/metrics", "GET", TRUE, 0, answer_metrics },
  { "/health", "GET", FALSE, 0, answer_health },
  { "/openapi.json", "GET", FALSE, 0, answer_openapi },
};

/* Answers */

static void
set_header (Request *request, const char *name, const char *value)
{
  soup_message_headers_replace (
      soup_server_message_get_response_headers (request->message), name, value);
}

/* Not before there is an answer: a "100 Continue" would have the headers. */
static void
set_status (Request *request, guint status)
{
  static const char *const headers[][2] = {
    { "Content-Security-Policy",
        /* the digest is of the stylesheet that wavesurfer.js puts into its
         * shadow root; player.js gives it the height that is in it */
        "default-src 'none'; script-src 'self'; style-src 'self' "
        "'sha256-7Wn/5ghbhb9U5yM332FZpa4jDUilNGJdZ87eJ6XZFBA='; "
        "img-src 'self' blob:; media-src 'self' blob:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'" },
    { "Permissions-Policy", "microphone=(self), camera=(), geolocation=()" },
    { "X-Content-Type-Options", "nosniff" },
    { "X-Frame-Options", "DENY" },
    { "Referrer-Policy", "no-referrer" },
    { "Cross-Origin-Opener-Policy", "same-origin" },
    { "Cross-Origin-Resource-Policy", "same-origin" },
    { "Cache-Control", "no-store" },
    /* libsoup's accepted streams take one request each */
    { "Connection", "close" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (headers); i++)
    set_header (request, headers[i][0], headers[i][1]);
  soup_server_message_set_status (request->message, status, NULL);
}

static void
answer (Request *request, guint status, const char *type, GBytes *data)
{
  set_header (request, "Content-Type", type);
  soup_message_body_append_bytes (
      soup_server_message_get_response_body (request->message), data);
  set_status (request, status);
}

/* Takes @text. */
static void
answer_text (Request *request, guint status, const char *type, char *text)
{
  g_autoptr (GBytes) data = g_bytes_new_take (text, strlen (text));

  answer (request, status, type, data);
}

/* Takes @root. */
static char *
to_json (JsonNode *root)
{
  char *json = json_to_string (root, FALSE);

  json_node_unref (root);
  return json;
}

static char *
error_to_json (const char *code, const char *message)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "error");
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "code");
  json_builder_add_string_value (builder, code);
  json_builder_set_member_name (builder, "message");
  json_builder_add_string_value (builder, message);
  json_builder_end_object (builder);
  json_builder_end_object (builder);
  return to_json (json_builder_get_root (builder));
}

static void
refuse (Request *request, guint status, const char *code, const char *message)
{
  counters_add_error (request->service->counters, code);
  answer_text (
      request, status, "application/json", error_to_json (code, message));
}

static void
refuse_busy (Request *request)
{
  g_autofree char *seconds = g_strdup_printf (
      "%u", jobs_get_retry_after (request->service->jobs));

  set_header (request, "Retry-After", seconds);
  refuse (request, SOUP_STATUS_SERVICE_UNAVAILABLE, "busy",
      "Too many files are waiting already; please try again later.");
}

/* What else a failed analysis says than that it is no audio, by how it begins;
 * anything else is a broken file. */
static const struct
{
  const char *beginning;
  guint status;
  const char *code;
} failures[] = {
  { "It is too short", SOUP_STATUS_UNPROCESSABLE_ENTITY, "too_short" },
  { "There is no audio", SOUP_STATUS_UNSUPPORTED_MEDIA_TYPE, "not_audio" },
  { "No decoder is installed", SOUP_STATUS_UNSUPPORTED_MEDIA_TYPE,
      "not_audio" },
};

typedef struct
{
  guint status;
  const char *code, *message;
} Failure;

static Failure
get_failure (const JobAnswer *answer)
{
  switch (answer->outcome) {
    case JOB_FAILED:
      if (reason_is_no_audio (answer->result->reason))
        return (Failure){ SOUP_STATUS_UNSUPPORTED_MEDIA_TYPE, "not_audio",
          answer->result->error };
      for (guint i = 0; i < G_N_ELEMENTS (failures); i++)
        if (g_str_has_prefix (answer->result->error, failures[i].beginning))
          return (Failure){ failures[i].status, failures[i].code,
            answer->result->error };
      return (Failure){ SOUP_STATUS_UNPROCESSABLE_ENTITY, "broken",
        answer->result->error };
    case JOB_CRASHED:
      return (Failure){ SOUP_STATUS_UNPROCESSABLE_ENTITY, "broken",
        "Its decoder broke down at it." };
    case JOB_TIMED_OUT:
      return (Failure){ SOUP_STATUS_GATEWAY_TIMEOUT, "too_slow",
        "It could not be analysed within the time there is for a file." };
    default:
      return (Failure){ SOUP_STATUS_INTERNAL_SERVER_ERROR, "internal",
        "The worker process was lost; please try again." };
  }
}

/* Events (https://html.spec.whatwg.org/multipage/server-sent-events.html) */

/* Takes @json, which is one line. */
static void
send_event (Request *request, const char *name, char *json)
{
  SoupMessageBody *body = soup_server_message_get_response_body (
      request->message);
  char *event = g_strdup_printf ("event: %s\ndata: %s\n\n", name, json);

  g_free (json);
  soup_message_body_append_take (body, (guchar *) event, strlen (event));
  soup_server_message_unpause (request->message);
}

static gboolean
has_begun (Request *request)
{
  return soup_server_message_get_status (request->message) != SOUP_STATUS_NONE;
}

static void
begin_events (Request *request)
{
  if (has_begun (request))
    return;
  set_header (request, "Content-Type", "text/event-stream");
  /* or nginx would gather them */
  set_header (request, "X-Accel-Buffering", "no");
  soup_message_headers_set_encoding (
      soup_server_message_get_response_headers (request->message),
      SOUP_ENCODING_CHUNKED);
  soup_message_body_set_accumulate (
      soup_server_message_get_response_body (request->message), FALSE);
  set_status (request, SOUP_STATUS_OK);
}

/* Files that were uploaded */

static void
on_segment (const Result *result, gpointer user_data)
{
  Request *request = user_data;

  begin_events (request);
  send_event (request, "segment", result_segment_to_json (result, 0));
}

static void
answer_failure (Request *request, const JobAnswer *answer)
{
  Failure failure = get_failure (answer);

  if (!has_begun (request)) {
    refuse (request, failure.status, failure.code, failure.message);
    return;
  }
  counters_add_error (request->service->counters, failure.code);
  send_event (request, "error", error_to_json (failure.code, failure.message));
}

static void
answer_result (Request *request, const Result *result)
{
  char *json = result_answer_to_json (result);

  if (!request->wants_events) {
    answer_text (request, SOUP_STATUS_OK, "application/json", json);
    return;
  }
  begin_events (request);
  send_event (request, "result", json);
}

static void
on_done (const JobAnswer *job_answer, gpointer user_data)
{
  Request *request = user_data;
  Connection *connection = connection_get (request->message);

  request->job = NULL;
  if (connection)
    connection_set_phase (connection, CONNECTION_ANSWER);
  if (job_answer->outcome != JOB_DONE) {
    answer_failure (request, job_answer);
  } else if (request->route->task == FORK_PREDICT && job_answer->result) {
    counters_add_analysis (request->service->counters,
        job_answer->result->duration / 1e9, job_answer->seconds);
    answer_result (request, job_answer->result);
  } else if (request->route->task == FORK_SPECTROGRAM && job_answer->data) {
    answer (request, SOUP_STATUS_OK, "image/png", job_answer->data);
  } else {
    answer_failure (request, &(JobAnswer){ .outcome = JOB_CRASHED });
  }
  soup_message_body_complete (
      soup_server_message_get_response_body (request->message));
  soup_server_message_unpause (request->message);
}

static void
on_gone (gpointer user_data)
{
  Request *request = user_data;

  if (request->job)
    job_cancel (g_steal_pointer (&request->job));
  /* there is none to read it; it ends the request */
  if (!has_begun (request))
    soup_server_message_set_status (
        request->message, SOUP_STATUS_BAD_REQUEST, NULL);
  soup_message_body_complete (
      soup_server_message_get_response_body (request->message));
  soup_server_message_unpause (request->message);
}

/* @error is UPLOAD_ERROR's. */
static void
refuse_upload (Request *request, const GError *error)
{
  switch (error->code) {
    case UPLOAD_ERROR_SIZE:
      refuse (request, SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE, "too_large",
          error->message);
      break;
    case UPLOAD_ERROR_SPACE:
      g_printerr ("genreclassify: %s\n", error->message);
      refuse (request, SOUP_STATUS_INSUFFICIENT_STORAGE, "no_space",
          "There is no room for the file.");
      break;
    default:
      refuse (request, SOUP_STATUS_BAD_REQUEST, "bad_request", error->message);
  }
}

static void
answer_upload (Request *request)
{
  Service *service = request->service;
  Connection *connection = connection_get (request->message);
  g_autoptr (GError) error = NULL;
  int input = upload_finish (request->upload, &error);

  if (input < 0) {
    refuse_upload (request, error);
    return;
  }
  if (!connection || jobs_are_full (service->jobs, request->client)) {
    close (input);
    refuse_busy (request);
    return;
  }
  g_clear_pointer (&request->upload, upload_free);
  request->job = jobs_add (service->jobs, request->route->task, request->model,
      input, request->client, request->wants_events ? on_segment : NULL,
      on_done, request);
  connection_set_phase (connection, CONNECTION_WORK);
  connection_watch (connection, on_gone, request);
  soup_server_message_pause (request->message);
}

static gboolean
is_endless (Request *request)
{
  return soup_message_headers_get_encoding (
             soup_server_message_get_request_headers (request->message)) !=
      SOUP_ENCODING_CONTENT_LENGTH;
}

static gboolean
push_upload (Request *request, gconstpointer data, gsize size, GError **error)
{
  request->n_spooled += size;
  return upload_push (request->upload, data, size, error);
}

/* Its file, if there is one, is gone. */
static void
forget_upload (Request *request)
{
  g_clear_pointer (&request->upload, upload_free);
  quota_give (request->service->spool, request->client, request->n_spooled);
  request->n_spooled = 0;
}

static void
on_got_chunk (SoupServerMessage *message, GBytes *chunk, gpointer user_data)
{
  Request *request = user_data;
  Connection *connection = connection_get (message);
  gsize size;
  gconstpointer data = g_bytes_get_data (chunk, &size);
  g_autoptr (GError) error = NULL;

  if (!connection)
    return;
  connection_add_bytes (connection, size);
  if (has_begun (request)) {
    /* it was refused, and is answered at the end, if there is to be one */
    if (is_endless (request))
      request->n_ignored += size;
    if (request->n_ignored > request->service->max_size)
      connection_cut (connection);
  } else if (request->upload &&
      !quota_take (request->service->spool, request->client, size)) {
    g_clear_pointer (&request->upload, upload_free);
    refuse_busy (request);
  } else if (request->upload && !push_upload (request, data, size, &error)) {
    g_clear_pointer (&request->upload, upload_free);
    refuse_upload (request, error);
  }
}

/* FALSE if the request is refused, for what its headers say. */
static gboolean
check_body (Request *request)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (
      request->message);
  const char *encoding = soup_message_headers_get_one (
      headers, "Content-Encoding");
  const char *length = soup_message_headers_get_one (headers, "Content-Length");

  if (length && (!*length || length[strspn (length, "0123456789")])) {
    refuse (request, SOUP_STATUS_BAD_REQUEST, "bad_request",
        "The Content-Length is not a number.");
    return FALSE;
  }
  if (encoding && g_ascii_strcasecmp (encoding, "identity")) {
    refuse (request, SOUP_STATUS_UNSUPPORTED_MEDIA_TYPE, "encoded",
        "The body has a Content-Encoding; it must be sent as it is.");
    return FALSE;
  }
  if (soup_message_headers_get_content_length (headers) >
      (goffset) (request->service->max_size + MAX_FORM)) {
    g_autofree char *message = g_strdup_printf (
        "The file is larger than %" G_GUINT64_FORMAT " bytes.",
        request->service->max_size);

    refuse (
        request, SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE, "too_large", message);
    return FALSE;
  }
  if (jobs_are_full (request->service->jobs, request->client)) {
    refuse_busy (request);
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

static void
begin_upload (Request *request)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (
      request->message);
  g_autoptr (GHashTable) params = NULL;
  const char *type, *boundary = NULL;
  g_autoptr (GError) error = NULL;

  if (!check_body (request))
    return;
  type = soup_message_headers_get_content_type (headers, &params);
  if (type && !g_ascii_strcasecmp (type, "multipart/form-data")) {
    boundary = g_hash_table_lookup (params, "boundary");
    if (!boundary)
      boundary = "";
  }
  request->wants_events = request->route->task == FORK_PREDICT &&
      accepts_events (soup_message_headers_get_list (headers, "Accept"));
  request->upload = upload_new (boundary, request->service->max_size, &error);
  if (!request->upload)
    refuse_upload (request, error);
}

/* The other routes */

static void
answer_health (Request *request)
{
  answer_text (request, SOUP_STATUS_OK, "application/json",
      g_strdup_printf ("{\"status\":\"ok\",\"max_size\":%" G_GUINT64_FORMAT "}",
          request->service->max_size));
}

static void
answer_models (Request *request)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  JsonNode *models = json_node_init_array (
      json_node_alloc (), jobs_get_models (request->service->jobs));

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "default");
  json_builder_add_string_value (builder, MODELS_DEFAULT);
  json_builder_set_member_name (builder, "models");
  json_builder_add_value (builder, models);
  json_builder_end_object (builder);
  answer_text (request, SOUP_STATUS_OK, "application/json",
      to_json (json_builder_get_root (builder)));
}

static void
answer_metrics (Request *request)
{
  Service *service = request->service;

  answer_text (request, SOUP_STATUS_OK, "text/plain; version=0.0.4",
      counters_to_text (service->counters, jobs_get_waiting (service->jobs),
          jobs_get_running (service->jobs),
          connections_get_n (service->connections)));
}

static void
answer_openapi (Request *request)
{
  g_autoptr (GBytes) data = g_resources_lookup_data (
      "/org/genreclassify/openapi.json", 0, NULL);

  answer (request, SOUP_STATUS_OK, "application/json", data);
}

static void
answer_page (Request *request, const PageFile *file)
{
  const char *known = soup_message_headers_get_list (
      soup_server_message_get_request_headers (request->message),
      "If-None-Match");

  set_header (request, "ETag", file->etag);
  if (known && strstr (known, file->etag))
    set_status (request, SOUP_STATUS_NOT_MODIFIED);
  else
    answer (request, SOUP_STATUS_OK, file->type, file->data);
  set_header (request, "Cache-Control", "no-cache");
}

/* Every request */

static gboolean
is_method (Request *request, const char *method)
{
  const char *given = soup_server_message_get_method (request->message);

  return !strcmp (given, method) ||
      (!strcmp (method, "GET") && !strcmp (given, "HEAD"));
}

static gboolean
check_method (Request *request, const char *method)
{
  if (is_method (request, method))
    return TRUE;
  set_header (request, "Allow", strcmp (method, "GET") ? method : "GET, HEAD");
  refuse (request, SOUP_STATUS_METHOD_NOT_ALLOWED, "method_not_allowed",
      "This resource has no such method; see /openapi.json.");
  return FALSE;
}

static gboolean
check_token (Request *request)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (
      request->message);
  const char *token = request->service->token;

  if (!token || access_has_token (headers, token))
    return TRUE;
  set_header (request, "WWW-Authenticate", "Bearer");
  refuse (request, SOUP_STATUS_UNAUTHORIZED, "unauthorized",
      "The service wants its token: Authorization: Bearer TOKEN.");
  return FALSE;
}

/* A browser says which page asks; one of somebody else may not.  FALSE if the
 * request is refused. */
static gboolean
check_origin (Request *request)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (
      request->message);

  if (request->service->is_local && !request->service->token &&
      !access_is_local_host (headers)) {
    refuse (request, SOUP_STATUS_FORBIDDEN, "forbidden",
        "The service is asked by localhost or an IP address only.");
    return FALSE;
  }
  if (!access_is_same_site (headers, is_method (request, "POST"))) {
    refuse (request, SOUP_STATUS_FORBIDDEN, "forbidden",
        "The pages of other sites may not use the service.");
    return FALSE;
  }
  return TRUE;
}

static gboolean
find_model (Request *request, const char *name)
{
  Jobs *jobs = request->service->jobs;
  int model = jobs_find_model (jobs, *name ? name : MODELS_DEFAULT);

  /* without the default one, the first is it */
  request->model = model < 0 ? 0 : model;
  if (model >= 0 || !*name)
    return TRUE;
  refuse (request, SOUP_STATUS_NOT_FOUND, "unknown_model",
      "There is no such model; GET /models lists them.");
  return FALSE;
}

static const Route *
find_route (const char *path, const char **name)
{
  for (guint i = 0; i < G_N_ELEMENTS (routes); i++) {
    gboolean has_name = g_str_has_suffix (routes[i].path, "/");

    *name = has_name ? path + MIN (strlen (path), strlen (routes[i].path)) : "";
    if (has_name ? g_str_has_prefix (path, routes[i].path) && **name
                 : !strcmp (path, routes[i].path))
      return &routes[i];
  }
  return NULL;
}

/* After on_request(), if there was no reason to refuse it before. */
static void
on_got_body (SoupServerMessage *message, gpointer user_data)
{
  Request *request = user_data;
  Connection *connection = connection_get (message);

  if (connection && !request->job)
    connection_set_phase (connection, CONNECTION_ANSWER);
}

static void
on_finished (SoupServerMessage *message, gpointer user_data)
{
  Request *request = user_data;
  Connection *connection = connection_get (message);

  if (!connection || !connection_is_cut (connection))
    counters_add_request (request->service->counters,
        request->route ? request->route->path : "/",
        soup_server_message_get_status (message));
  if (request->job)
    job_cancel (g_steal_pointer (&request->job));
  forget_upload (request);
}

static void
request_free (gpointer data)
{
  Request *request = data;

  if (request->job)
    job_cancel (request->job);
  forget_upload (request);
  g_free (request->client);
  g_free (request);
}

/* The headers are here, and the body is not. */
static void
on_headers (SoupServer *server G_GNUC_UNUSED, SoupServerMessage *message,
    const char *path, GHashTable *query G_GNUC_UNUSED, gpointer user_data)
{
  Service *service = user_data;
  Connection *connection = connection_get (message);
  Request *request = g_new0 (Request, 1);
  const char *name;
  const PageFile *file;

  request->service = service;
  request->message = message;
  request->client = g_strdup (
      connection ? connection_get_client (connection) : "");
  g_object_set_data_full (G_OBJECT (message), KEY, request, request_free);
  g_signal_connect (message, "got-chunk", G_CALLBACK (on_got_chunk), request);
  g_signal_connect (message, "got-body", G_CALLBACK (on_got_body), request);
  g_signal_connect (message, "finished", G_CALLBACK (on_finished), request);
  soup_message_body_set_accumulate (
      soup_server_message_get_request_body (message), FALSE);
  if (connection)
    connection_set_phase (connection, CONNECTION_UPLOAD);

  request->route = find_route (path, &name);
  if (!check_origin (request)) {
    return;
  } else if (request->route) {
    if (check_method (request, request->route->method) &&
        (!request->route->is_guarded || check_token (request)) &&
        find_model (request, name) && request->route->answer == answer_upload)
      begin_upload (request);
  } else if ((file = page_find (service->page, path))) {
    if (check_method (request, "GET"))
      answer_page (request, file);
  } else {
    refuse (request, SOUP_STATUS_NOT_FOUND, "not_found",
        strcmp (path, "/") ? "There is no such resource; see /openapi.json."
                           : "The program was built without its page; what "
                             "else there is, /openapi.json tells.");
  }
}

/* The request is here, and was not refused. */
static void
on_request (SoupServer *server G_GNUC_UNUSED, SoupServerMessage *message,
    const char *path G_GNUC_UNUSED, GHashTable *query G_GNUC_UNUSED,
    gpointer user_data G_GNUC_UNUSED)
{
  Request *request = g_object_get_data (G_OBJECT (message), KEY);

  request->route->answer (request);
}

static void
on_refused (gpointer user_data)
{
  Service *service = user_data;

  counters_add_request (service->counters, "/", SOUP_STATUS_REQUEST_TIMEOUT);
  counters_add_error (service->counters, "slow_client");
}

Service *
service_new (const ServiceOptions *options, GError **error)
{
  Service *service = g_new0 (Service, 1);
  guint64 room;

  service->server = soup_server_new (NULL, NULL);
  service->counters = counters_new ();
  service->page = page_new ();
  service->token = g_strdup (options->token);
  service->max_size = options->max_size;
  service->is_local = access_is_loopback (options->address);
  room = MIN (options->max_size, G_MAXUINT64 / 8) + MAX_FORM;
  service->spool = quota_new (4 * room, 3 * room);
  soup_server_add_early_handler (
      service->server, NULL, on_headers, service, NULL);
  soup_server_add_handler (service->server, NULL, on_request, service, NULL);
  service->jobs = jobs_new (&options->jobs, error);
  if (service->jobs)
    service->connections = connections_new (service->server, options->address,
        options->port, options->client_timeout, on_refused, service, error);
  if (service->connections)
    return service;
  service_free (service);
  return NULL;
}

void
service_free (Service *service)
{
  if (!service)
    return;
  /* what is under way ends here, and tells its connection so */
  soup_server_disconnect (service->server);
  g_object_unref (service->server);
  connections_free (service->connections);
  if (service->jobs)
    jobs_free (service->jobs);
  counters_free (service->counters);
  page_free (service->page);
  quota_free (service->spool);
  g_free (service->token);
  g_free (service);
}

guint16
service_get_port (Service *service)
{
  return connections_get_port (service->connections);
}

void
service_drain (Service *service)
{
  connections_drain (service->connections);
}

gboolean
service_is_idle (Service *service)
{
  return connections_get_n (service->connections) == 0;
}
