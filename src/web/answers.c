/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "answers.h"

#include <string.h>

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
  static const char *const headers[][2] = {
    { "Content-Security-Policy",
        /* of all but the page, which has its own */
        "default-src 'none'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'" },
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

  for (guint i = 0; i < G_N_ELEMENTS (headers); i++)
    answer_set_header (message, headers[i][0], headers[i][1]);
  soup_server_message_set_status (message, status, NULL);
}

gboolean
answer_has_begun (SoupServerMessage *message)
{
  return soup_server_message_get_status (message) != SOUP_STATUS_NONE;
}

void
answer_send (
    SoupServerMessage *message, guint status, const char *type, GBytes *data)
{
  answer_set_header (message, "Content-Type", type);
  soup_message_body_append_bytes (
      soup_server_message_get_response_body (message), data);
  answer_set_status (message, status);
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
  char *json = web_error_to_json (error, text);

  counters_add_error (counters, error.code);
  if (answer_has_begun (message))
    answer_send_event (message, "error", json);
  else
    answer_send_text (message, error.status, "application/json", json);
}

void
answer_begin_events (SoupServerMessage *message)
{
  if (answer_has_begun (message))
    return;
  answer_set_header (message, "Content-Type", "text/event-stream");
  /* a proxy (nginx) must pass on each event at once */
  answer_set_header (message, "X-Accel-Buffering", "no");
  soup_message_headers_set_encoding (
      soup_server_message_get_response_headers (message),
      SOUP_ENCODING_CHUNKED);
  soup_message_body_set_accumulate (
      soup_server_message_get_response_body (message), FALSE);
  answer_set_status (message, SOUP_STATUS_OK);
}

void
answer_send_event (SoupServerMessage *message, const char *name, char *json)
{
  char *event = g_strdup_printf ("event: %s\ndata: %s\n\n", name, json);

  g_free (json);
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
