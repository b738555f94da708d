/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "httpstamp.h"

#include <stdio.h>
#include <string.h>

/* the name of the message that souphttpsrc posts for each answer, and of the event */
#define HEADERS "http-headers"

gboolean
httpstamp_is_uri (const char *name)
{
  return !g_ascii_strncasecmp (name, "http://", 7) ||
      !g_ascii_strncasecmp (name, "https://", 8);
}

/* Headers */

typedef struct
{
  const char *name;
  GString *text;
} Header;

static void
add_text (Header *header, const GValue *value)
{
  g_autofree char *text = G_VALUE_HOLDS_STRING (value)
      ? g_strstrip (g_value_dup_string (value))
      : NULL;

  if (!text || !*text)
    return;
  if (header->text->len > 0)
    g_string_append_c (header->text, '\n');
  g_string_append (header->text, text);
}

static gboolean
add_header (GQuark field, const GValue *value, gpointer user_data)
{
  Header *header = user_data;

  if (g_ascii_strcasecmp (g_quark_to_string (field), header->name) != 0)
    return TRUE;
  if (!GST_VALUE_HOLDS_ARRAY (value)) {
    add_text (header, value);
    return TRUE;
  }
  for (guint i = 0; i < gst_value_array_get_size (value); i++)
    add_text (header, gst_value_array_get_value (value, i));
  return TRUE;
}

char *
httpstamp_get_header (const GstStructure *headers, const char *name)
{
  Header header = { name, g_string_new (NULL) };

  gst_structure_foreach (headers, add_header, &header);
  return g_string_free (header.text, FALSE);
}

/* Seconds since 1970 of a date as "Sun, 06 Nov 1994 08:49:37 GMT"; 0 if it is none.
 * The two older forms of RFC 9110, 5.6.7, are of servers of the last century. */
static gint64
parse_date (const char *text)
{
  static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const char *at;
  char month[4];
  int day, year, hour, minute, second, length = 0;
  g_autoptr (GDateTime) date = NULL;

  if (sscanf (text, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", &day,
          month, &year, &hour, &minute, &second, &length) != 6 ||
      length == 0 || text[length] || strlen (month) != 3 ||
      !(at = strstr (months, month)) || (at - months) % 3 != 0)
    return 0;
  date = g_date_time_new_utc (year, (int) (at - months) / 3 + 1, day, hour,
      minute, MIN (second, 59)); /* 60 is a leap second */
  return date ? MAX (g_date_time_to_unix (date), 0) : 0;
}

/* What stands for the ETag, or ""; free with g_free().  A weak one counts as it is
 * without the mark: what means the same sounds the same, and some proxies only add it.
 * One without quotes is not allowed, but common. */
static char *
get_etag (const GstStructure *headers)
{
  g_autofree char *etag = httpstamp_get_header (headers, "ETag");
  const char *opaque = g_str_has_prefix (etag, "W/") ? etag + 2 : etag;

  return g_strdup (g_str_equal (opaque, "\"\"") ? "" : opaque);
}

/* The time of the last change, or ""; free with g_free().  In the second of the answer
 * the file may still change once more, and later have the same time. */
static char *
get_modified (const GstStructure *headers)
{
  g_autofree char *modified = httpstamp_get_header (headers, "Last-Modified"),
                  *date = httpstamp_get_header (headers, "Date");
  gint64 then = parse_date (modified), now = parse_date (date);

  return g_strdup (then > 0 && (now == 0 || then < now) ? modified : "");
}

/* 63 bits of a digest, more than 0. */
static gint64
make_digest (const char *kind, const char *text)
{
  g_autofree char *all = g_strconcat (kind, text, NULL);
  g_autofree char *digest = g_compute_checksum_for_string (
      G_CHECKSUM_SHA256, all, -1);
  guint64 number;

  digest[16] = '\0';
  number = g_ascii_strtoull (digest, NULL, 16) & G_MAXINT64;
  return (gint64) MAX (number, 1);
}

/* 0 if there is nothing by which a change would show. */
static gint64
get_validator (const GstStructure *headers)
{
  g_autofree char *etag = get_etag (headers);
  g_autofree char *modified = *etag ? NULL : get_modified (headers);

  if (*etag)
    return make_digest ("etag ", etag);
  return *modified ? make_digest ("modified ", modified) : 0;
}

static guint64
get_size (const GstStructure *headers)
{
  g_autofree char *length = httpstamp_get_header (headers, "Content-Length");
  guint64 size;

  return g_ascii_string_to_unsigned (length, 10, 0, G_MAXINT64, &size, NULL)
      ? size
      : 0;
}

const GstStructure *
httpstamp_get_headers (const GstStructure *answer, guint *status)
{
  const GValue *headers;

  if (!gst_structure_has_name (answer, HEADERS) ||
      !gst_structure_get_uint (answer, "http-status-code", status))
    return NULL;
  headers = gst_structure_get_value (answer, "response-headers");
  return headers && GST_VALUE_HOLDS_STRUCTURE (headers)
      ? gst_value_get_structure (headers)
      : NULL;
}

/* The headers of an answer with the @status, or NULL if @message is something else.  A
 * request that was redirected has one answer, the last one's. */
static const GstStructure *
get_headers (GstMessage *message, guint *status)
{
  return GST_MESSAGE_TYPE (message) == GST_MESSAGE_ELEMENT
      ? httpstamp_get_headers (gst_message_get_structure (message), status)
      : NULL;
}

void
httpstamp_compare (HttpStamp *stamp, GstMessage *message)
{
  guint status;
  const GstStructure *headers = get_headers (message, &status);

  if (headers && (status == 200 || status == 206) &&
      get_validator (headers) != stamp->validator)
    stamp->validator = 0;
}

/* The request */

/* NULL if souphttpsrc is not installed, or does not take the URI. */
static GstElement *
make_pipeline (const char *uri, guint timeout)
{
  g_autoptr (GstElement)
      pipeline = gst_object_ref_sink (gst_pipeline_new (NULL));
  GstElement *source = gst_element_factory_make ("souphttpsrc", NULL);
  GstElement *sink = gst_element_factory_make ("fakesink", NULL);

  if (source)
    gst_bin_add (GST_BIN (pipeline), source);
  if (sink)
    gst_bin_add (GST_BIN (pipeline), sink);
  if (!source || !sink || !gst_element_link (source, sink) ||
      !gst_uri_handler_set_uri (GST_URI_HANDLER (source), uri, NULL))
    return NULL;
  /* it would ask again, as the answer to HEAD is shorter than it says */
  g_object_set (source, "method", "HEAD", "retries", 0, "timeout",
      MIN (timeout / 1000 + 1, 3600), "iradio-mode", FALSE, NULL);
  return g_steal_pointer (&pipeline);
}

/* Waits for the first answer; FALSE with anything but a 200. */
static gboolean
wait_for_answer (GstElement *pipeline, guint timeout, HttpStamp *stamp)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  const gint64 end = g_get_monotonic_time () +
      timeout * G_TIME_SPAN_MILLISECOND;
  const GstStructure *headers = NULL;
  g_autoptr (GstMessage) message = NULL;
  guint status = 0;

  do {
    const gint64 left = MAX (end - g_get_monotonic_time (), 0);

    g_clear_pointer (&message, gst_message_unref);
    message = gst_bus_timed_pop_filtered (bus,
        left * (GST_SECOND / G_TIME_SPAN_SECOND),
        GST_MESSAGE_ELEMENT | GST_MESSAGE_ERROR | GST_MESSAGE_EOS);
    headers = message ? get_headers (message, &status) : NULL;
  } while (
      message && !headers && GST_MESSAGE_TYPE (message) == GST_MESSAGE_ELEMENT);
  if (!headers || status != 200)
    return FALSE;
  *stamp = (HttpStamp){ get_size (headers), get_validator (headers) };
  return stamp->validator != 0;
}

gboolean
httpstamp_get (const char *uri, guint timeout, HttpStamp *stamp)
{
  g_autoptr (GstElement) pipeline = make_pipeline (uri, timeout);
  gboolean ok;

  if (!pipeline)
    return FALSE;
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  ok = wait_for_answer (pipeline, timeout, stamp);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  return ok;
}
