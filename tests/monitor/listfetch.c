/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Lists of stations that are fetched, from a server of the test's own. */

#include "monitor/lists/stationlist.h"
#include "monitor/lists/stationlistprivate.h"

#include <string.h>

/* Gives a byte every now and then, until nobody wants more. */
static void
drip (GOutputStream *out)
{
  gboolean open = g_output_stream_write_all (
      out, "HTTP/1.0 200 OK\r\n\r\n", 19, NULL, NULL, NULL);

  for (guint i = 0; open && i < 100; i++) {
    g_usleep (50000);
    open = g_output_stream_write_all (out, "#", 1, NULL, NULL, NULL);
  }
}

/* What the server answers to a request. */
static char *
make_answer (const char *request)
{
  if (strstr (request, "/moved.m3u"))
    return g_strdup ("HTTP/1.0 302 Found\r\nLocation: /deep/list.pls\r\n\r\n");
  if (strstr (request, "/deep/list.pls"))
    return g_strdup ("HTTP/1.0 200 OK\r\n\r\n[playlist]\nFile1=live\n"
                     "Title1=Live\nFile2=file:///etc/passwd\n");
  if (strstr (request, "/hls.M3U"))
    return g_strdup ("HTTP/1.0 200 OK\r\n\r\n#EXTM3U\n"
                     "#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n");
  if (strstr (request, "/long.m3u")) {
    g_autofree char *text = g_strnfill (2000, '#');

    return g_strconcat ("HTTP/1.0 200 OK\r\n\r\n", text, NULL);
  }
  return g_strdup ("HTTP/1.0 404 No\r\n\r\nhttp://a.example/\n");
}

/* Answers one connection after the other, until one asks for "/stop". */
static gpointer
serve (gpointer data)
{
  gboolean stop = FALSE;

  while (!stop) {
    g_autoptr (GSocketConnection)
        client = g_socket_listener_accept (data, NULL, NULL, NULL);
    GIOStream *stream = G_IO_STREAM (client);
    GOutputStream *out = g_io_stream_get_output_stream (stream);
    char request[4096] = "";
    g_autofree char *answer = NULL;

    g_input_stream_read (g_io_stream_get_input_stream (stream), request,
        sizeof request - 1, NULL, NULL);
    if (strstr (request, "/slow.m3u"))
      drip (out);
    answer = make_answer (request);
    g_output_stream_write_all (out, answer, strlen (answer), NULL, NULL, NULL);
    g_io_stream_close (stream, NULL, NULL);
    stop = strstr (request, "/stop") != NULL;
  }
  return NULL;
}

static void
check_read_error (const char *name, const char *part)
{
  const char *const names[] = { name, NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) entries = stationlist_read (names, NULL, &error);

  g_assert_null (entries);
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, part));
  g_assert_null (strstr (error->message, "secret"));
}

static void
check_fetch_error (const char *uri, gsize limit, int code)
{
  g_autofree char *final_uri = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes)
      bytes = stationlist_fetch (uri, limit, 1, &final_uri, &error);

  g_assert_null (bytes);
  g_assert_error (error, G_IO_ERROR, code);
}

static void
test_fetch (void)
{
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  guint16 port = g_socket_listener_add_any_inet_port (listener, NULL, NULL);
  GThread *thread = g_thread_new ("server", serve, listener);
  g_autofree char *root = g_strdup_printf (
      "http://me:secret@localhost:%u", port);
  g_autofree char *moved = g_strconcat (root, "/moved.m3u?x=1", NULL);
  g_autofree char *hls = g_strconcat (root, "/hls.M3U", NULL);
  g_autofree char *none = g_strconcat (root, "/none.xspf", NULL);
  g_autofree char *slow = g_strconcat (root, "/slow.m3u", NULL);
  g_autofree char *wide = g_strconcat (root, "/long.m3u", NULL);
  g_autofree char *stop = g_strconcat (root, "/stop.m3u", NULL);
  const char *const names[] = { moved, hls, NULL };
  g_autoptr (GPtrArray) warnings = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) entries = stationlist_read (names, warnings, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (entries->len, ==, 2);
  g_assert_true (g_str_has_suffix (
      ((StationEntry *) entries->pdata[0])->uri, "/deep/live"));
  g_assert_cmpstr (((StationEntry *) entries->pdata[0])->id, ==, "live");
  g_assert_cmpstr (((StationEntry *) entries->pdata[1])->uri, ==, hls);
  g_assert_cmpuint (warnings->len, ==, 1);
  g_assert_null (strstr (warnings->pdata[0], "secret"));
  check_read_error (none, "/none.xspf: The server answered \"404 Not Found\"");
  check_fetch_error (wide, 1999, G_IO_ERROR_INVALID_DATA);
  check_fetch_error (slow, LIST_LIMIT, G_IO_ERROR_TIMED_OUT);
  check_read_error (stop, "404");
  g_thread_join (thread);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/lists/fetch", test_fetch);
  return g_test_run ();
}
