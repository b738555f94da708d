/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Fetching a list of stations from a server, within a limit of size and of time. */

#include "stationlistprivate.h"

#include <libsoup/soup.h>

#define PIECE 65536

typedef struct
{
  GMainContext *context; /* of this fetch alone */
  GCancellable *cancellable;
  GAsyncResult *result;
} Fetch;

static void
on_ready (G_GNUC_UNUSED GObject *source, GAsyncResult *result, gpointer data)
{
  ((Fetch *) data)->result = g_object_ref (result);
}

static gboolean
on_deadline (gpointer data)
{
  g_cancellable_cancel (data);
  return G_SOURCE_REMOVE;
}

/* Waits for what on_ready() is called for. */
static GAsyncResult *
wait (Fetch *fetch)
{
  while (!fetch->result)
    g_main_context_iteration (fetch->context, TRUE);
  return g_steal_pointer (&fetch->result);
}

/* NULL with @error set. */
static GInputStream *
ask (Fetch *fetch, SoupSession *session, SoupMessage *message, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GInputStream) stream = NULL;
  guint status;

  soup_session_send_async (session, message, G_PRIORITY_DEFAULT,
      fetch->cancellable, on_ready, fetch);
  result = wait (fetch);
  stream = soup_session_send_finish (session, result, error);
  if (!stream)
    return NULL;
  status = soup_message_get_status (message);
  if (SOUP_STATUS_IS_SUCCESSFUL (status))
    return g_steal_pointer (&stream);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
      "The server answered \"%u %s\"", status, soup_status_get_phrase (status));
  return NULL;
}

/* NULL with @error set. */
static GBytes *
read_all (Fetch *fetch, GInputStream *stream, gsize limit, GError **error)
{
  g_autoptr (GByteArray) all = g_byte_array_new ();

  for (;;) {
    g_autoptr (GAsyncResult) result = NULL;
    g_autoptr (GBytes) piece = NULL;

    g_input_stream_read_bytes_async (
        stream, PIECE, G_PRIORITY_DEFAULT, fetch->cancellable, on_ready, fetch);
    result = wait (fetch);
    piece = g_input_stream_read_bytes_finish (stream, result, error);
    if (!piece)
      return NULL;
    if (g_bytes_get_size (piece) == 0)
      return g_byte_array_free_to_bytes (g_steal_pointer (&all));
    if (all->len + g_bytes_get_size (piece) > limit) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
          "It is longer than %" G_GSIZE_FORMAT
          " bytes, so it is no list of stations",
          limit);
      return NULL;
    }
    g_byte_array_append (
        all, g_bytes_get_data (piece, NULL), g_bytes_get_size (piece));
  }
}

static GBytes *
fetch_message (Fetch *fetch, SoupMessage *message, gsize limit, guint seconds,
    GError **error)
{
  g_autoptr (SoupSession) session = soup_session_new_with_options (
      "timeout", seconds, "user-agent", "genreclassify ", NULL);
  g_autoptr (GInputStream) stream = ask (fetch, session, message, error);
  GBytes *bytes = stream ? read_all (fetch, stream, limit, error) : NULL;

  g_clear_object (&stream);
  soup_session_abort (session);
  return bytes;
}

GBytes *
stationlist_fetch (const char *uri, gsize limit, guint seconds,
    char **final_uri, GError **error)
{
  g_autoptr (SoupMessage) message = soup_message_new (SOUP_METHOD_GET, uri);
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GSource) deadline = g_timeout_source_new_seconds (seconds);
  g_autoptr (GError) fault = NULL;
  Fetch fetch = { context, cancellable, NULL };
  GBytes *bytes;

  if (!message) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
        "It is no complete URL");
    return NULL;
  }
  g_source_set_callback (deadline, on_deadline, cancellable, NULL);
  g_source_attach (deadline, context);
  g_main_context_push_thread_default (context);
  bytes = fetch_message (&fetch, message, limit, seconds, &fault);
  /* what the session has still to do about its connections */
  while (g_main_context_iteration (context, FALSE))
    ;
  g_main_context_pop_thread_default (context);
  g_source_destroy (deadline);
  if (bytes)
    *final_uri = g_uri_to_string (soup_message_get_uri (message));
  else if (g_error_matches (fault, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
      g_error_matches (fault, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
        "The server did not give all of it within %u seconds", seconds);
  else
    g_propagate_error (error, g_steal_pointer (&fault));
  return bytes;
}
