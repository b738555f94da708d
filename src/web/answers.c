/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "answers.h"

#include <string.h>

#include "connections.h"
#include "rawanswer.h"

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

  for (const AnswerHeader *header = answer_headers; header->name; header++)
    answer_set_header (message, header->name, header->value);
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
