/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "fetcher.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib-unix.h>
#include <libsoup/soup.h>

#include "fetchprotocol.h"
#include "process/packet.h"
#include "process/sandbox.h"
#include "monitor/lists/stationlist.h"

/* bytes that are read at a time */
#define BLOCK_SIZE 16384
/* ms between two looks at what has come of the stations: their audio then comes in few
 * pieces, and this process does not wake for each of its hundreds of connections */
#define GATHER_DELAY 250
/* blocks that are read of one at a time */
#define MAX_BLOCKS 8
/* s without any data after which a request is given up; the other process has less
 * patience with a station */
#define TIMEOUT 60
/* s between two signs of life */
#define SIGN_INTERVAL 3
/* the longest list that is followed, bytes, and how often one leads to another */
#define MAX_LIST 65536
#define MAX_LISTS 3

static SoupSession *session;
/* stations that wait for the next look */
static GPtrArray *resting;

/* One request, until its end. */
typedef struct
{
  int fd; /* where the body goes */
  char *uri;
  guint64 offset;
  gint64 end;
  gboolean is_station, is_live; /* see FetchRequest */
  guint n_lists;                /* that were followed */
  SoupMessage *message;
  GCancellable *cancellable;
  GInputStream *body;
  guint8 *data;     /* [BLOCK_SIZE], of a list [MAX_LIST] */
  gsize size, sent; /* bytes of @data, and those of them that were passed on */
  gsize gathered;   /* bytes of a list */
  guint source;     /* waits for the socket to take more */
  guint hangup;     /* tells when the other end is closed */
} Fetch;

static void begin (Fetch *fetch);
static void read_more (Fetch *fetch);

static void
fetch_free (Fetch *fetch)
{
  if (fetch->source)
    g_source_remove (fetch->source);
  if (fetch->hangup)
    g_source_remove (fetch->hangup);
  close (fetch->fd);
  g_clear_object (&fetch->message);
  g_clear_object (&fetch->cancellable);
  g_clear_object (&fetch->body);
  g_free (fetch->data);
  g_free (fetch->uri);
  g_free (fetch);
}

static void
answer (Fetch *fetch, FetchAnswer *content)
{
  if (fetch->message) {
    g_autofree char *uri = g_uri_to_string (
        soup_message_get_uri (fetch->message));

    /* a part of one is none */
    if (strlen (uri) < sizeof content->uri)
      strcpy (content->uri, uri);
  }
  /* the socket is empty, and takes so much at once */
  if (write (fetch->fd, content, sizeof *content) != sizeof *content)
    g_cancellable_cancel (fetch->cancellable);
}

static void
answer_error (Fetch *fetch, const char *error)
{
  FetchAnswer content = { 0 };

  if (fetch->message)
    content.status = soup_message_get_status (fetch->message);
  g_strlcpy (content.error, error, sizeof content.error);
  answer (fetch, &content);
}

/* Passing on the body */

static gboolean
pass_on_later (int fd, GIOCondition condition, gpointer user_data)
{
  Fetch *fetch = user_data;

  (void) fd;
  (void) condition;
  fetch->source = 0;
  read_more (fetch);
  return G_SOURCE_REMOVE;
}

static gboolean
read_on (gpointer user_data)
{
  g_autoptr (GPtrArray) rested = g_steal_pointer (&resting);

  (void) user_data;
  resting = g_ptr_array_new ();
  for (guint i = 0; i < rested->len; i++)
    read_more (g_ptr_array_index (rested, i));
  return G_SOURCE_CONTINUE;
}

/* Passes on what there is; FALSE if not all of it could be yet, or @fetch is no more. */
static gboolean
pass_on (Fetch *fetch)
{
  while (fetch->sent < fetch->size) {
    gssize n = write (
        fetch->fd, fetch->data + fetch->sent, fetch->size - fetch->sent);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0 && errno == EAGAIN) {
      fetch->source = g_unix_fd_add (fetch->fd, G_IO_OUT, pass_on_later, fetch);
      return FALSE;
    }
    if (n < 0) {
      fetch_free (fetch);
      return FALSE;
    }
    fetch->sent += n;
  }
  return TRUE;
}

static void
on_read (GObject *body, GAsyncResult *result, gpointer user_data)
{
  Fetch *fetch = user_data;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (body), result, NULL);

  /* an error in the middle is the end of what comes */
  if (n <= 0) {
    fetch_free (fetch);
    return;
  }
  fetch->size = n;
  fetch->sent = 0;
  read_more (fetch);
}

/* Passes on what has come of a station, and rests. */
static void
read_available (Fetch *fetch)
{
  GPollableInputStream *body = G_POLLABLE_INPUT_STREAM (fetch->body);

  for (guint i = 0; i < MAX_BLOCKS; i++) {
    g_autoptr (GError) error = NULL;
    gssize n = g_pollable_input_stream_read_nonblocking (
        body, fetch->data, BLOCK_SIZE, fetch->cancellable, &error);

    if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
      break;
    if (n <= 0) {
      fetch_free (fetch);
      return;
    }
    fetch->size = n;
    fetch->sent = 0;
    if (!pass_on (fetch))
      return;
  }
  g_ptr_array_add (resting, fetch);
}

static void
read_more (Fetch *fetch)
{
  if (!pass_on (fetch))
    return;
  if (fetch->is_live && G_IS_POLLABLE_INPUT_STREAM (fetch->body) &&
      g_pollable_input_stream_can_poll (G_POLLABLE_INPUT_STREAM (fetch->body)))
    read_available (fetch);
  else
    g_input_stream_read_async (fetch->body, fetch->data, BLOCK_SIZE,
        G_PRIORITY_DEFAULT, fetch->cancellable, on_read, fetch);
}

/* A list in the place of a station */

/* What has come of the list is all of it, or a station's beginning after all, such as
 * HLS has it. */
static void
follow_list (Fetch *fetch)
{
  /* redirections may have led to another folder */
  g_autofree char *base = g_uri_to_string (
      soup_message_get_uri (fetch->message));
  g_autoptr (GPtrArray) entries = stationlist_parse (
      (const char *) fetch->data, fetch->gathered, base, NULL, NULL);
  const StationEntry *first = entries && entries->len > 0
      ? g_ptr_array_index (entries, 0)
      : NULL;

  if (first && fetch->n_lists < MAX_LISTS &&
      (g_str_has_prefix (first->uri, "http://") ||
          g_str_has_prefix (first->uri, "https://"))) {
    fetch->n_lists++;
    g_free (fetch->uri);
    fetch->uri = g_strdup (first->uri);
    g_clear_object (&fetch->body);
    g_clear_object (&fetch->message);
    begin (fetch);
    return;
  }
  if (first) {
    answer_error (fetch, "The list at its URI leads to no station.");
    fetch_free (fetch);
    return;
  }
  answer (fetch, &(FetchAnswer){ .status = SOUP_STATUS_OK });
  fetch->size = fetch->gathered;
  fetch->sent = 0;
  read_more (fetch);
}

static void
on_list_read (GObject *body, GAsyncResult *result, gpointer user_data)
{
  Fetch *fetch = user_data;
  gsize n;

  if (!g_input_stream_read_all_finish (
          G_INPUT_STREAM (body), result, &n, NULL)) {
    fetch_free (fetch);
    return;
  }
  fetch->gathered = n;
  follow_list (fetch);
}

/* Beginning */

static guint32
get_metadata_interval (SoupMessageHeaders *headers)
{
  const char *value = soup_message_headers_get_one (headers, "icy-metaint");

  return value
      ? (guint32) CLAMP (g_ascii_strtoll (value, NULL, 10), 0, G_MAXINT)
      : 0;
}

static void
take_body (Fetch *fetch)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (
      fetch->message);
  const char *type = soup_message_headers_get_content_type (headers, NULL);
  FetchAnswer content = { .status = soup_message_get_status (fetch->message) };

  if (fetch->is_station && type && stationlist_is_type (type)) {
    fetch->data = g_realloc (fetch->data, MAX_LIST);
    g_input_stream_read_all_async (fetch->body, fetch->data, MAX_LIST,
        G_PRIORITY_DEFAULT, fetch->cancellable, on_list_read, fetch);
    return;
  }
  if (fetch->is_station)
    content.metadata_interval = get_metadata_interval (headers);
  if (type)
    g_strlcpy (content.content_type, type, sizeof content.content_type);
  answer (fetch, &content);
  read_more (fetch);
}

static void
on_sent (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Fetch *fetch = user_data;
  g_autoptr (GError) error = NULL;
  guint status;

  (void) object;
  fetch->body = soup_session_send_finish (session, result, &error);
  if (!fetch->body) {
    g_autofree char *text = g_strdup_printf (
        "It cannot be reached: %s.", error->message);

    answer_error (fetch, text);
    fetch_free (fetch);
    return;
  }
  status = soup_message_get_status (fetch->message);
  if (!SOUP_STATUS_IS_SUCCESSFUL (status)) {
    g_autofree char *text = g_strdup_printf ("The server answers %u %s.",
        status, soup_message_get_reason_phrase (fetch->message));

    answer_error (fetch, text);
    fetch_free (fetch);
    return;
  }
  /* it must not be taken for a later part */
  if (fetch->offset > 0 && status != SOUP_STATUS_PARTIAL_CONTENT) {
    answer_error (fetch, "The server does not send parts of a file.");
    fetch_free (fetch);
    return;
  }
  take_body (fetch);
}

static void
begin (Fetch *fetch)
{
  SoupMessageHeaders *headers;

  fetch->message = soup_message_new (SOUP_METHOD_GET, fetch->uri);
  if (!fetch->message) {
    answer_error (fetch, "Its URI is none.");
    fetch_free (fetch);
    return;
  }
  headers = soup_message_get_request_headers (fetch->message);
  if (fetch->is_station)
    soup_message_headers_append (headers, "Icy-MetaData", "1");
  if (fetch->offset > 0 || fetch->end >= 0)
    soup_message_headers_set_range (
        headers, fetch->offset, fetch->end >= 0 ? fetch->end - 1 : -1);
  soup_session_send_async (session, fetch->message, G_PRIORITY_DEFAULT,
      fetch->cancellable, on_sent, fetch);
}

/* The other end is closed: nobody wants the rest. */
static gboolean
on_hangup (int fd, GIOCondition condition, gpointer user_data)
{
  Fetch *fetch = user_data;

  (void) fd;
  (void) condition;
  fetch->hangup = 0;
  /* a request that waits for the network ends by this; the others see it when they
   * write */
  g_cancellable_cancel (fetch->cancellable);
  return G_SOURCE_REMOVE;
}

static gboolean
on_request (int socket, GIOCondition condition, gpointer user_data)
{
  GMainLoop *loop = user_data;
  FetchRequest order;
  Fetch *fetch;
  int fd;
  gssize size = packet_receive (socket, &order, sizeof order, &fd, 1);

  (void) condition;
  if (size <= 0) {
    g_main_loop_quit (loop);
    return G_SOURCE_REMOVE;
  }
  if (size != sizeof order || fd < 0) {
    if (fd >= 0)
      close (fd);
    return G_SOURCE_CONTINUE;
  }
  order.uri[FETCH_MAX_URI - 1] = '\0';
  fetch = g_new0 (Fetch, 1);
  fetch->fd = fd;
  fetch->uri = g_strdup (order.uri);
  fetch->offset = order.offset;
  fetch->end = order.end;
  fetch->is_station = order.is_station != 0;
  fetch->is_live = order.is_live != 0;
  fetch->cancellable = g_cancellable_new ();
  fetch->data = g_malloc (BLOCK_SIZE);
  g_unix_set_fd_nonblocking (fd, TRUE, NULL);
  fetch->hangup = g_unix_fd_add (fd, G_IO_HUP, on_hangup, fetch);
  begin (fetch);
  return G_SOURCE_CONTINUE;
}

static gboolean
give_sign (gpointer user_data)
{
  /* while the other does not read them, none are needed */
  (void) send (GPOINTER_TO_INT (user_data), "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
  return G_SOURCE_CONTINUE;
}

int
fetcher_main (int socket)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  signal (SIGPIPE, SIG_IGN);
  signal (SIGINT, SIG_IGN);
  signal (SIGTERM, SIG_IGN);
  signal (SIGHUP, SIG_IGN);
  /* a proxy is the environment's affair, not that of a desktop's settings, which would
   * be written to the disk */
  g_setenv ("GSETTINGS_BACKEND", "memory", TRUE);
  session = soup_session_new_with_options (
      /* a station is one connection that never ends */
      "max-conns", G_MAXINT, "max-conns-per-host", G_MAXINT, "timeout",
      (guint) TIMEOUT, "idle-timeout", 10, "user-agent",
      "genreclassify/" VERSION, NULL);
  if (!sandbox_enter_network (&error)) {
    g_printerr ("genreclassify: %s\n", error->message);
    return 1;
  }
  resting = g_ptr_array_new ();
  g_timeout_add (GATHER_DELAY, read_on, NULL);
  g_unix_fd_add (socket, G_IO_IN | G_IO_HUP, on_request, loop);
  g_timeout_add_seconds (SIGN_INTERVAL, give_sign, GINT_TO_POINTER (socket));
  g_main_loop_run (loop);
  return 0;
}
