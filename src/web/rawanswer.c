/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "rawanswer.h"

#include <string.h>

#include <libsoup/soup.h>

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

char *
raw_answer_new (
    WebError error, const char *text, const char *id, gboolean is_head)
{
  g_autofree char *body = web_error_to_json (error, text, id);
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *date = soup_date_time_to_string (now, SOUP_DATE_HTTP);
  GString *answer = g_string_new (NULL);

  g_string_append_printf (answer, "HTTP/1.1 %u %s\r\nDate: %s\r\n",
      error.status, get_phrase (error.status), date);
  for (const AnswerHeader *header = answer_headers; header->name; header++)
    g_string_append_printf (answer, "%s: %s\r\n", header->name, header->value);
  g_string_append_printf (answer,
      "X-Request-Id: %s\r\n"
      "Content-Type: application/json\r\n"
      "Content-Length: %" G_GSIZE_FORMAT "\r\n\r\n%s",
      id, strlen (body), is_head ? "" : body);
  return g_string_free (answer, FALSE);
}
