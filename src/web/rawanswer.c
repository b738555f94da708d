/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "rawanswer.h"

#include <string.h>

const AnswerHeader answer_headers[] = {
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
  { NULL, NULL },
};

static const char *
get_phrase (guint status)
{
  return status == 431 ? "Request Header Fields Too Large"
                       : soup_status_get_phrase (status);
}

static GString *
begin_answer (guint status)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *date = soup_date_time_to_string (now, SOUP_DATE_HTTP);
  GString *answer = g_string_new (NULL);

  g_string_append_printf (answer, "HTTP/1.1 %u %s\r\nDate: %s\r\n", status,
      get_phrase (status), date);
  return answer;
}

char *
raw_answer_new (
    WebError error, const char *text, const char *id, gboolean is_head)
{
  g_autofree char *body = web_error_to_json (error, text, id);
  GString *answer = begin_answer (error.status);

  for (const AnswerHeader *header = answer_headers; header->name; header++)
    g_string_append_printf (answer, "%s: %s\r\n", header->name, header->value);
  g_string_append_printf (answer,
      "X-Request-Id: %s\r\n"
      "Content-Type: application/json\r\n"
      "Content-Length: %" G_GSIZE_FORMAT "\r\n\r\n%s",
      id, strlen (body), is_head ? "" : body);
  return g_string_free (answer, FALSE);
}

static void
append_header (const char *name, const char *value, gpointer user_data)
{
  if (strcmp (name, "Date"))
    g_string_append_printf (user_data, "%s: %s\r\n", name, value);
}

char *
raw_answer_from_message (SoupServerMessage *message)
{
  g_autoptr (GBytes) body = soup_message_body_flatten (
      soup_server_message_get_response_body (message));
  gsize size;
  const char *text = g_bytes_get_data (body, &size);
  GString *answer = begin_answer (soup_server_message_get_status (message));

  soup_message_headers_foreach (
      soup_server_message_get_response_headers (message), append_header,
      answer);
  g_string_append_printf (
      answer, "Content-Length: %" G_GSIZE_FORMAT "\r\n\r\n", size);
  if (strcmp (soup_server_message_get_method (message), "HEAD"))
    g_string_append_len (answer, text, (gssize) size);
  return g_string_free (answer, FALSE);
}
