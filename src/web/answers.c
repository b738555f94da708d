/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "answers.h"

#include <string.h>

#include "connections.h"

/* the headers of every answer */
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
  /* libsoup reads one request from a stream that it did not accept itself */
  { "Connection", "close" },
};
/* what a SoupServerMessage knows the code of its error by */
#define ERROR_KEY "genreclassify-error"

/* The id of the request; NULL if its client has gone. */
static const char *
get_id (SoupServerMessage *message)
{
  Connection *connection = connection_get (message);

  return connection ? connection_get_caller (connection)->id : NULL;
}

void
answer_set_header (
    SoupServerMessage *message, const char *name, const char *value)
{
  soup_message_headers_replace (
      soup_server_message_get_response_headers (message), name, value);
}

void
answer_set_status (SoupServerMessage *message, guint status)
{
  const char *id = get_id (message);

  for (guint i = 0; i < G_N_ELEMENTS (headers); i++)
    answer_set_header (message, headers[i][0], headers[i][1]);
  if (id)
    answer_set_header (message, "X-Request-Id", id);
  soup_server_message_set_status (message, status, NULL);
}

gboolean
answer_has_begun (SoupServerMessage *message)
{
  return soup_server_message_get_status (message) != SOUP_STATUS_NONE;
}

void
answer_send_static (
    SoupServerMessage *message, guint status, const char *type, GBytes *data)
{
  answer_set_header (message, "Content-Type", type);
  soup_message_body_append_bytes (
      soup_server_message_get_response_body (message), data);
  answer_set_status (message, status);
}

static void
hold (SoupServerMessage *message, gsize size)
{
  Connection *connection = connection_get (message);

  if (connection)
    connection_hold_answer (connection, size);
}

void
answer_send (
    SoupServerMessage *message, guint status, const char *type, GBytes *data)
{
  hold (message, g_bytes_get_size (data));
  answer_send_static (message, status, type, data);
}

void
answer_send_text (
    SoupServerMessage *message, guint status, const char *type, char *text)
{
  g_autoptr (GBytes) data = g_bytes_new_take (text, strlen (text));

  answer_send (message, status, type, data);
}

void
answer_send_json (SoupServerMessage *message, guint status, JsonNode *root)
{
  answer_send_text (
      message, status, "application/json", json_to_string (root, FALSE));
  json_node_unref (root);
}

static const char *
get_phrase (guint status)
{
  return status == 431 ? "Request Header Fields Too Large"
                       : soup_status_get_phrase (status);
}

char *
answer_make_raw (WebError error, const char *text, const char *id)
{
  g_autofree char *body = web_error_to_json (error, text, id);
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *date = soup_date_time_to_string (now, SOUP_DATE_HTTP);
  GString *answer = g_string_new (NULL);

  g_string_append_printf (answer, "HTTP/1.1 %u %s\r\nDate: %s\r\n",
      error.status, get_phrase (error.status), date);
  for (guint i = 0; i < G_N_ELEMENTS (headers); i++)
    g_string_append_printf (answer, "%s: %s\r\n", headers[i][0], headers[i][1]);
  g_string_append_printf (answer,
      "X-Request-Id: %s\r\n"
      "Content-Type: application/json\r\n"
      "Content-Length: %" G_GSIZE_FORMAT "\r\n\r\n%s",
      id, strlen (body), body);
  return g_string_free (answer, FALSE);
}

void
answer_send_error (SoupServerMessage *message, Counters *counters,
    WebError error, const char *text)
{
  char *json = web_error_to_json (error, text, get_id (message));

  counters_add_error (counters, error.code);
  g_object_set_data (G_OBJECT (message), ERROR_KEY, (gpointer) error.code);
  if (answer_has_begun (message))
    answer_send_event (message, "error", json);
  else
    answer_send_text (message, error.status, "application/json", json);
}

const char *
answer_get_error (SoupServerMessage *message)
{
  return g_object_get_data (G_OBJECT (message), ERROR_KEY);
}

void
answer_begin_events (SoupServerMessage *message)
{
  if (answer_has_begun (message))
    return;
  answer_set_header (message, "Content-Type", "text/event-stream");
  /* a proxy (nginx) must pass on each event at once */
  answer_set_header (message, "X-Accel-Buffering", "no");
  /* the clients of HTTP/1.0 know no chunks: the connection's end is the end */
  soup_message_headers_set_encoding (
      soup_server_message_get_response_headers (message),
      soup_server_message_get_http_version (message) == SOUP_HTTP_1_0
          ? SOUP_ENCODING_EOF
          : SOUP_ENCODING_CHUNKED);
  soup_message_body_set_accumulate (
      soup_server_message_get_response_body (message), FALSE);
  answer_set_status (message, SOUP_STATUS_OK);
}

void
answer_send_event (SoupServerMessage *message, const char *name, char *json)
{
  char *event = g_strdup_printf ("event: %s\ndata: %s\n\n", name, json);

  g_free (json);
  hold (message, strlen (event));
  soup_message_body_append_take (
      soup_server_message_get_response_body (message), (guchar *) event,
      strlen (event));
  soup_server_message_unpause (message);
}

void
answer_complete (SoupServerMessage *message)
{
  soup_message_body_complete (soup_server_message_get_response_body (message));
  soup_server_message_unpause (message);
}
