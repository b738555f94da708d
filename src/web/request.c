/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "request.h"

#include <string.h>

#include "access.h"
#include "answers.h"
#include "genre/genre.h"
#include "pageanswer.h"
#include "query.h"
#include "rawanswer.h"
#include "serviceprivate.h"

/* what a SoupServerMessage knows its Request by */
#define REQUEST_KEY "genreclassify-request"

typedef struct _Request Request;

/* the peaks of a waveform */
#define MIN_POINTS 100
#define MAX_POINTS 4000
#define DEFAULT_POINTS 1000

/* times the size of a file: as much of a body is read that nobody wants */
#define MAX_IGNORED 64

typedef struct
{
  const char *path;   /* one that ends with "/" is followed by a name */
  const char *method; /* GET includes HEAD */
  gboolean needs_token;
  ForkTask task; /* of an upload */
  void (*answer) (Request *request);
  const char *keys[3]; /* that the query may have, then NULL */
  gboolean keep;       /* the file, for other requests; it becomes no job */
} Route;

struct _Request
{
  Service *service;
  SoupServerMessage *message; /* borrowed: it owns the request */
  const Route *route; /* NULL: there is none, or it is a file of the page */
  char *name;         /* what follows the route's path */
  guint model;        /* index of the model to use */
  Upload *upload;     /* of a route that takes files; or NULL */
  guint64 n_ignored;  /* bytes of a refused body whose length is not known */
  gboolean
      is_answered; /* the whole answer is sent, or the client's system has it */
  guint
      early_status; /* of an answer that is sent before the body has ended; or 0 */
  /* for the log */
  char *id, *client, *path;
  gint64 start;                /* µs */
  guint64 bytes_in, bytes_out; /* of the bodies */
};

static void answer_about (Request *request);
static void answer_health (Request *request);
static void answer_models (Request *request);
static void answer_metrics (Request *request);
static void answer_openapi (Request *request);
static void answer_upload (Request *request);
static void answer_delete (Request *request);

static const Route routes[] = {
  { "/predict", "POST", TRUE, FORK_PREDICT, answer_upload,
      { "model", "upload" }, FALSE },
  { "/predict/", "POST", TRUE, FORK_PREDICT, answer_upload, { "upload" },
      FALSE },
  { "/embed", "POST", TRUE, FORK_EMBED, answer_upload, { "model", "upload" },
      FALSE },
  { "/spectrogram", "POST", TRUE, FORK_SPECTROGRAM, answer_upload, { "upload" },
      FALSE },
  { "/waveform", "POST", TRUE, FORK_WAVEFORM, answer_upload,
      { "points", "upload" }, FALSE },
  { "/uploads", "POST", TRUE, 0, answer_upload, { NULL }, TRUE },
  { "/uploads/", "DELETE", TRUE, 0, answer_delete, { NULL }, FALSE },
  { "/models", "GET", TRUE, 0, answer_models, { NULL }, FALSE },
  { "/about", "GET", TRUE, 0, answer_about, { NULL }, FALSE },
  { "/metrics", "GET", TRUE, 0, answer_metrics, { NULL }, FALSE },
  { "/health", "GET", FALSE, 0, answer_health, { NULL }, FALSE },
  { "/openapi.json", "GET", FALSE, 0, answer_openapi, { NULL }, FALSE },
};

static void
refuse (Request *request, WebErrorKind kind, const char *text)
{
  answer_send_error (
      request->message, request->service->counters, web_error_get (kind), text);
}

/* The routes */

static void
answer_upload (Request *request)
{
  upload_finish (request->upload);
}

static void
answer_delete (Request *request)
{
  KeptUploads *kept = uploads_get_kept (request->service->uploads);

  if (kept_uploads_delete (kept, request->name))
    answer_set_status (request->message, SOUP_STATUS_NO_CONTENT);
  else
    refuse (
        request, WEB_ERROR_NO_UPLOAD, "The upload is not there, or no longer.");
}

static void
answer_health (Request *request)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "status");
  json_builder_add_string_value (builder, "ok");
  json_builder_set_member_name (builder, "max_size");
  json_builder_add_int_value (builder, (gint64) request->service->max_size);
  json_builder_set_member_name (builder, "keep_uploads");
  json_builder_add_int_value (builder,
      kept_uploads_get_seconds (uploads_get_kept (request->service->uploads)));
  json_builder_end_object (builder);
  answer_send_json (
      request->message, SOUP_STATUS_OK, json_builder_get_root (builder));
}

static void
answer_models (Request *request)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  JsonNode *models = json_node_init_array (json_node_alloc (),
      forkclient_get_models (request->service->fork_client));

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "default");
  json_builder_add_string_value (builder, GENRE_DEFAULT_MODEL);
  json_builder_set_member_name (builder, "min_confidence");
  json_builder_add_double_value (builder, GENRE_DEFAULT_MIN_CONFIDENCE);
  json_builder_set_member_name (builder, "models");
  json_builder_add_value (builder, models);
  json_builder_end_object (builder);
  answer_send_json (
      request->message, SOUP_STATUS_OK, json_builder_get_root (builder));
}

static void
answer_about (Request *request)
{
  JsonNode *about = forkclient_get_about (request->service->fork_client);

  answer_send_json (request->message, SOUP_STATUS_OK, json_node_copy (about));
}

static void
answer_metrics (Request *request)
{
  Service *service = request->service;
  const KeptUploads *kept = uploads_get_kept (service->uploads);
  const CountersGauges gauges = {
    .waiting = jobs_get_waiting (service->jobs),
    .running = jobs_get_running (service->jobs),
    .connections = connections_get_n (service->connections),
    .kept = kept_uploads_get_n (kept),
    .kept_size = kept_uploads_get_size (kept),
  };

  answer_send_text (request->message, SOUP_STATUS_OK,
      "text/plain; version=0.0.4",
      counters_to_text (service->counters, &gauges));
}

static void
answer_openapi (Request *request)
{
  g_autoptr (GBytes) data = g_resources_lookup_data (
      "/org/genreclassify/openapi.json", 0, NULL);

  answer_send_static (
      request->message, SOUP_STATUS_OK, "application/json", data);
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

/* Access: each of these is FALSE if the request is refused */

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
  answer_set_header (
      request->message, "Allow", strcmp (method, "GET") ? method : "GET, HEAD");
  refuse (request, WEB_ERROR_METHOD_NOT_ALLOWED,
      "This resource has no such method; see /openapi.json.");
  return FALSE;
}

static gboolean
check_token (Request *request)
{
  const char *given = access_get_token (
      soup_server_message_get_request_headers (request->message));
  const char *token = request->service->token;

  if (!token || (given && access_is_token (given, token)))
    return TRUE;
  if (given) {
    refuse (request, WEB_ERROR_FORBIDDEN_TOKEN,
        "The token is not that of the service.");
  } else {
    answer_set_header (request->message, "WWW-Authenticate", "Bearer");
    refuse (request, WEB_ERROR_UNAUTHORIZED,
        "The service wants its token: Authorization: Bearer TOKEN.");
  }
  return FALSE;
}

static gboolean
check_query (Request *request)
{
  g_autofree char *fault = query_check (
      g_uri_get_query (soup_server_message_get_uri (request->message)),
      request->route->keys);

  if (fault)
    refuse (request, WEB_ERROR_UNKNOWN_PARAMETER, fault);
  return !fault;
}

/* A browser says which site the page is of that asks; other sites may not. */
static gboolean
check_origin (Request *request)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (
      request->message);
  const Caller *caller = connection_get_caller (
      connection_get (request->message));
  char **hosts = request->service->public_hosts;

  if ((hosts || (caller->is_local && !request->service->token)) &&
      !access_is_known_host (caller->host ? caller->host : "", hosts)) {
    refuse (request, WEB_ERROR_FORBIDDEN,
        "The service is asked by localhost, an IP address or a name that it "
        "was given as --public-host only.");
    return FALSE;
  }
  if (!access_is_same_site (
          headers, caller, hosts, !is_method (request, "GET"))) {
    refuse (request, WEB_ERROR_FORBIDDEN,
        "The pages of other sites may not use the service.");
    return FALSE;
  }
  return TRUE;
}

/* The number of peaks in @query, which may be NULL. */
static gboolean
find_points (Request *request, GHashTable *query, guint *points)
{
  const char *text = query ? g_hash_table_lookup (query, "points") : NULL;
  guint64 n = DEFAULT_POINTS;

  if (text &&
      !g_ascii_string_to_unsigned (
          text, 10, MIN_POINTS, MAX_POINTS, &n, NULL)) {
    refuse (request, WEB_ERROR_BAD_REQUEST,
        "points: it is a whole number, 100 to 4000.");
    return FALSE;
  }
  *points = n;
  return TRUE;
}

/* @name is NULL for the default model. */
static gboolean
find_model (Request *request, const char *name)
{
  ForkClient *client = request->service->fork_client;
  int model = forkclient_find_model (client, name ? name : GENRE_DEFAULT_MODEL);

  /* if the default model is not installed, the first one takes its place */
  request->model = model < 0 ? 0 : model;
  if (model >= 0 || !name)
    return TRUE;
  refuse (request, WEB_ERROR_UNKNOWN_MODEL,
      "There is no such model; GET /models lists them.");
  return FALSE;
}

/* The body of a request */

/* Answers although the body has not ended, and drops what else comes of it: a client
 * that reads while it sends has the answer at once, and another one if it ends soon. */
static void
answer_early (Request *request, Connection *connection)
{
  g_autofree char *answer = NULL;

  if (!answer_has_begun (request->message))
    refuse (request, WEB_ERROR_TOO_LARGE, "The body is larger than any file.");
  /* a redirection or a file of the page, which no client asks for like this */
  if (!answer_get_error (request->message)) {
    connection_cut (connection);
    return;
  }
  answer = raw_answer_from_message (request->message);
  connection_answer_early (connection, answer,
      MIN (request->service->max_size, G_MAXUINT64 / MAX_IGNORED) *
          (MAX_IGNORED - 1));
  request->is_answered = TRUE;
  request->early_status = soup_server_message_get_status (request->message);
  request->bytes_out += strlen (strstr (answer, "\r\n\r\n") + 4);
}

/* The body of a request that is refused already, or has no use for one.  It is read to
 * its end, because many clients read the answer only then; but one without a known
 * length, or with one that no file has, could go on for ever. */
static void
ignore_chunk (Request *request, Connection *connection, gsize size)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (
      request->message);
  guint64 max_size = request->service->max_size;

  if (request->is_answered)
    return;
  if (soup_message_headers_get_encoding (headers) !=
          SOUP_ENCODING_CONTENT_LENGTH ||
      (guint64) soup_message_headers_get_content_length (headers) /
              MAX_IGNORED >
          max_size)
    request->n_ignored += size;
  if (request->n_ignored > max_size)
    answer_early (request, connection);
}

static void
on_got_chunk (SoupServerMessage *message, GBytes *chunk, gpointer user_data)
{
  Request *request = user_data;
  Connection *connection = connection_get (message);
  gsize size = g_bytes_get_size (chunk);

  if (!connection)
    return;
  connection_add_bytes (connection, size);
  request->bytes_in += size;
  if (request->upload && !answer_has_begun (message))
    upload_push (request->upload, chunk);
  else
    ignore_chunk (request, connection, size);
}

/* Called after on_request(), which is left out if the request was refused. */
static void
on_got_body (SoupServerMessage *message, gpointer user_data)
{
  Request *request = user_data;
  Connection *connection = connection_get (message);

  if (connection && !request->is_answered &&
      !(request->upload && upload_has_job (request->upload)))
    connection_set_phase (connection, CONNECTION_ANSWER);
}

/* The life of a request */

/* The system has taken @size bytes of the answer. */
static void
on_wrote_data (SoupServerMessage *message, guint size, gpointer user_data)
{
  Connection *connection = connection_get (message);

  ((Request *) user_data)->bytes_out += size;
  if (connection)
    connection_add_bytes (connection, size);
}

static void
on_wrote_body (SoupServerMessage *message G_GNUC_UNUSED, gpointer user_data)
{
  Request *request = user_data;

  request->is_answered = TRUE;
}

static void
on_finished (SoupServerMessage *message, gpointer user_data)
{
  Request *request = user_data;
  Service *service = request->service;
  Connection *connection = connection_get (message);
  WebErrorKind refusal = connection ? connection_get_refusal (connection)
                                    : N_WEB_ERRORS;
  RequestLogEntry entry = { .id = request->id,
    .client = request->client,
    .method = soup_server_message_get_method (message),
    .path = request->path,
    .status = soup_server_message_get_status (message),
    .bytes_in = request->bytes_in,
    .bytes_out = request->bytes_out,
    .waiting = -1,
    .working = -1,
    .total = (double) (g_get_monotonic_time () - request->start) /
        G_USEC_PER_SEC,
    .error = answer_get_error (message) };

  if (refusal != N_WEB_ERRORS) {
    /* this is what the client was told */
    entry.status = web_error_get (refusal).status;
    entry.error = web_error_get (refusal).code;
  } else if (!request->is_answered) {
    entry.status = STATUS_CLIENT_GONE;
  } else if (request->early_status > 0) {
    /* libsoup has seen a body that does not end */
    entry.status = request->early_status;
  }
  if (request->upload) {
    upload_end (request->upload);
    upload_get_times (request->upload, &entry.waiting, &entry.working);
    entry.file = upload_get_file_name (request->upload);
    entry.model = forkclient_get_model_name (
        service->fork_client, request->model);
  }
  counters_add_request (service->counters,
      request->route ? request->route->path : "/", entry.status, entry.total);
  request_log_write (service->log, &entry);
}

static void
request_free (gpointer data)
{
  Request *request = data;

  upload_free (request->upload);
  g_free (request->id);
  g_free (request->client);
  g_free (request->path);
  g_free (request->name);
  g_free (request);
}

/* The request belongs to @message. */
static Request *
request_new (Service *service, SoupServerMessage *message, const Caller *caller)
{
  Request *request = g_new0 (Request, 1);

  request->service = service;
  request->message = message;
  request->id = g_strdup (caller->id);
  request->client = g_strdup (caller->address);
  request->start = caller->start;
  g_object_set_data_full (
      G_OBJECT (message), REQUEST_KEY, request, request_free);
  g_signal_connect (message, "got-chunk", G_CALLBACK (on_got_chunk), request);
  g_signal_connect (message, "got-body", G_CALLBACK (on_got_body), request);
  g_signal_connect (
      message, "wrote-body-data", G_CALLBACK (on_wrote_data), request);
  g_signal_connect (message, "wrote-body", G_CALLBACK (on_wrote_body), request);
  g_signal_connect (message, "finished", G_CALLBACK (on_finished), request);
  soup_message_body_set_accumulate (
      soup_server_message_get_request_body (message), FALSE);
  return request;
}

/* Prepares for the file that comes or was kept, if the request is not refused. */
static void
begin_upload (Request *request, GHashTable *query)
{
  const Route *route = request->route;
  Service *service = request->service;
  UploadOrder order = { .task = route->task, .keep = route->keep };
  const char *model = NULL; /* the default one */

  if (order.keep &&
      kept_uploads_get_seconds (uploads_get_kept (service->uploads)) == 0) {
    refuse (request, WEB_ERROR_NOT_FOUND, "The service keeps no uploads.");
    return;
  }
  if (*request->name)
    model = request->name;
  else if (query)
    model = g_hash_table_lookup (query, "model");
  if (!find_model (request, model) ||
      !find_points (request, query, &order.points))
    return;
  order.model = request->model;
  order.kept_id = query && !order.keep ? g_hash_table_lookup (query, "upload")
                                       : NULL;
  request->upload = upload_new (service->uploads, request->message, &order);
}

/* The headers of a request for @path are here, its body is not.  Refuses it,
 * answers it with a file of the page, or prepares for its body.  @query: or
 * NULL. */
static void
begin_request (Request *request, const char *path, GHashTable *query)
{
  const PageFile *file = page_find (request->service->page, path);
  const char *name;

  request->route = find_route (path, &name);
  if (!check_origin (request))
    return;
  if (request->route) {
    const Route *route = request->route;

    request->name = g_strdup (name);
    if (check_method (request, route->method) &&
        (!route->needs_token || check_token (request)) &&
        check_query (request) && route->answer == answer_upload)
      begin_upload (request, query);
  } else if (file) {
    if (check_method (request, "GET"))
      page_answer (request->message, request->service->counters, file);
  } else {
    refuse (request, WEB_ERROR_NOT_FOUND,
        strcmp (path, "/") ? "There is no such resource; see /openapi.json."
                           : "The program was built without its page; what "
                             "else there is, /openapi.json tells.");
  }
}

/* The path without the base path, which a proxy may have removed or not; NULL
 * if it is nothing but the base path. */
static const char *
skip_base (const Service *service, const char *path)
{
  gsize n = strlen (service->base_path);

  if (n == 0 || strncmp (path, service->base_path, n) ||
      (path[n] && path[n] != '/'))
    return path;
  return path[n] ? path + n : NULL;
}

/* The page's addresses are relative to a path that ends with "/". */
static void
redirect_to_page (Request *request)
{
  const char *name = strrchr (request->service->base_path, '/') + 1;
  g_autofree char *location = g_strconcat (name, "/", NULL);

  answer_set_header (request->message, "Location", location);
  answer_set_status (request->message, SOUP_STATUS_PERMANENT_REDIRECT);
}

/* The path for the log: the names of resources that only their clients know,
 * and what a query may have of them, is left out. */
static char *
get_log_path (Request *request, const char *path)
{
  static const char *const keys[] = { "model", "points", NULL };
  const Route *route = request->route;
  const char *query = g_uri_get_query (
      soup_server_message_get_uri (request->message));
  g_autofree char *hidden = NULL;

  if (route && g_str_has_suffix (route->path, "/") &&
      route->answer != answer_upload)
    path = hidden = g_strconcat (route->path, "...", NULL);
  return request_log_make_path (path, query, keys);
}

void
request_begin (Service *service, SoupServerMessage *message, const char *path,
    GHashTable *query)
{
  Connection *connection = connection_get (message);
  gboolean may_come;
  Request *request;

  /* refused between the headers and here */
  if (!connection || connection_get_refusal (connection) != N_WEB_ERRORS) {
    soup_server_message_set_status (message, SOUP_STATUS_BAD_REQUEST, NULL);
    return;
  }
  connection_set_phase (connection, CONNECTION_UPLOAD);
  may_come = connection_read_headers (
      connection, soup_server_message_get_request_headers (message));
  request = request_new (service, message, connection_get_caller (connection));
  path = skip_base (service, path);
  if (!may_come) {
    answer_set_header (message, "Retry-After", "1");
    refuse (request, WEB_ERROR_BUSY, "You have too many connections.");
  } else if (!path) {
    redirect_to_page (request);
  } else {
    begin_request (request, path, query);
  }
  request->path = get_log_path (request, path ? path : service->base_path);
  /* a client that waits to be told to go on is not: its body does not come */
  if (answer_has_begun (message) &&
      (soup_message_headers_get_expectations (
           soup_server_message_get_request_headers (message)) &
          SOUP_EXPECTATION_CONTINUE))
    connection_set_phase (connection, CONNECTION_ANSWER);
  /* libsoup would act on it by itself */
  soup_message_headers_remove (
      soup_server_message_get_request_headers (message), "Range");
}

void
request_finish (SoupServerMessage *message)
{
  Request *request = g_object_get_data (G_OBJECT (message), REQUEST_KEY);

  request->route->answer (request);
}

gboolean
request_is_for_service (const char *path)
{
  const char *name;
  g_autofree char *longer = g_strconcat (path, "/x", NULL);

  return find_route (path, &name) || find_route (longer, &name);
}
