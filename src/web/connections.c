/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "connections.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "answerbudget.h"
#include "quota.h"
#include "rawanswer.h"
#include "requestguard.h"

#define MAX_CONNECTIONS 1000
/* of one client, so that there are some left for others */
#define MAX_CLIENT_CONNECTIONS 250
/* bytes/s; a slower upload is refused, and a client that takes its answer more
 * slowly is cut */
#define MIN_RATE 1024
/* bytes of the answers that wait for their clients: of all, ... */
#define MAX_ANSWERS (64 << 20)
/* ... of one client, ... */
#define MAX_CLIENT_ANSWERS (16 << 20)
/* ... and, of one answer, in the kernel, which would take some megabytes */
#define SEND_BUFFER (128 << 10)
/* µs that a client has to send its headers, when the service is to end: one that
 * has just connected has them under way */
#define DRAIN_GRACE (2 * G_USEC_PER_SEC)
/* ms from one look at the deadlines to the next */
#define SWEEP_PERIOD 250

/* what a client's GSocketAddress knows its Connection by */
#define CONNECTION_KEY "genreclassify-connection"

struct _Connections
{
  SoupServer *server;
  const TrustedProxies *proxies;
  gint64 timeout;        /* µs */
  gint64 drain_deadline; /* µs, for all uploads; 0: not draining */
  guint sweep_source;
  GHashTable *set; /* Connection */
  Quota *quota;    /* of connections */
  AnswerBudget *budget;
  ConnectionRefusedFunc refused;
  gpointer user_data;
};

struct _Connection
{
  Connections *connections;
  GIOStream *guard; /* weak */
  GSocket *socket;  /* that of @guard */
  GSocketAddress *address;
  Caller *caller;
  const char *counted; /* the caller's key, or NULL: the quota counts it only
                          with all others */
  gboolean has_request;
  ConnectionPhase phase;
  gint64 started, deadline; /* µs */
  guint64 n_bytes;          /* of the body or the answer, so far */
  WebErrorKind refusal;     /* N_WEB_ERRORS: none */
  /* while it is watched */
  GSource *watch; /* or NULL */
  ConnectionProbeFunc may_probe;
  ConnectionGoneFunc gone;
  gpointer user_data;
};

void
connection_cut (Connection *connection)
{
  const struct linger at_once = { .l_onoff = 1 };

  /* drop what was not sent yet: a client that still sends would not take it */
  setsockopt (g_socket_get_fd (connection->socket), SOL_SOCKET, SO_LINGER,
      &at_once, sizeof at_once);
  g_socket_shutdown (connection->socket, TRUE, TRUE, NULL);
}

WebErrorKind
connection_get_refusal (Connection *connection)
{
  return connection->refusal;
}

static void
unwatch (Connection *connection)
{
  if (connection->watch)
    g_source_destroy (connection->watch);
  g_clear_pointer (&connection->watch, g_source_unref);
}

static void
on_stream_gone (gpointer user_data, GObject *stream G_GNUC_UNUSED)
{
  Connection *connection = user_data;

  unwatch (connection);
  g_hash_table_remove (connection->connections->set, connection);
  quota_release (connection->connections->quota, connection->counted, 1);
  answer_budget_release (connection->connections->budget, connection);
  g_object_set_data (G_OBJECT (connection->address), CONNECTION_KEY, NULL);
  g_object_unref (connection->address);
  g_object_unref (connection->socket);
  caller_free (connection->caller);
  g_free (connection);
}

/* Answers a client whose request libsoup does not get, or not whole. */
static void
send_refusal (Connection *connection, WebErrorKind kind, const char *text)
{
  g_autofree char *answer = raw_answer_new (web_error_get (kind), text,
      connection->caller->id, request_guard_is_head (connection->guard));

  /* does not wait: a client for whom there is no room gets the end only */
  g_socket_send (connection->socket, answer, strlen (answer), NULL, NULL);
}

/* The request came in too slowly. */
static void
refuse_slow_client (Connection *connection)
{
  send_refusal (
      connection, WEB_ERROR_SLOW_CLIENT, "The request came in too slowly.");
  g_socket_shutdown (connection->socket, TRUE, TRUE, NULL);
  connection->refusal = WEB_ERROR_SLOW_CLIENT;
  connection->connections->refused (
      connection, WEB_ERROR_SLOW_CLIENT, connection->connections->user_data);
}

/* The guard does not let the request through. */
static void
on_refused (const GError *error, gboolean is_end, gpointer user_data)
{
  Connection *connection = user_data;

  if (connection->refusal != N_WEB_ERRORS)
    return;
  send_refusal (connection, error->code, error->message);
  /* the client reads the answer and its end; closing at once would drop it, if
   * the client still sends */
  g_socket_shutdown (connection->socket, FALSE, TRUE, NULL);
  connection_set_phase (connection, CONNECTION_LINGER);
  if (is_end)
    return;
  connection->refusal = error->code;
  connection->connections->refused (
      connection, error->code, connection->connections->user_data);
}

void
connection_answer_early (
    Connection *connection, const char *answer, guint64 size)
{
  /* as in send_refusal() */
  g_socket_send (connection->socket, answer, strlen (answer), NULL, NULL);
  g_socket_shutdown (connection->socket, FALSE, TRUE, NULL);
  request_guard_drop (connection->guard, size);
  connection_set_phase (connection, CONNECTION_LINGER);
}

static void
on_given_up (gpointer holder)
{
  connection_cut (holder);
}

static gboolean
on_sweep (gpointer user_data)
{
  Connections *connections = user_data;
  g_autoptr (GList) all = g_hash_table_get_keys (connections->set);
  gint64 now = g_get_monotonic_time ();

  for (GList *i = all; i; i = i->next) {
    Connection *connection = i->data;

    if (connection->phase == CONNECTION_WORK || now < connection->deadline)
      continue;
    /* it is dealt with; it only has to be closed */
    connection->deadline = G_MAXINT64;
    if (connection->phase == CONNECTION_HEADERS ||
        connection->phase == CONNECTION_UPLOAD)
      refuse_slow_client (connection);
    else
      connection_cut (connection);
  }
  return G_SOURCE_CONTINUE;
}

void
connections_add (
    Connections *connections, GSocketConnection *stream, gboolean is_local)
{
  GSocket *socket = g_socket_connection_get_socket (stream);
  g_autoptr (GSocketAddress)
      local = g_socket_connection_get_local_address (stream, NULL),
      remote = g_socket_connection_get_remote_address (stream, NULL);
  g_autoptr (GIOStream) guard = NULL;
  Caller *caller = caller_new (socket, connections->proxies, is_local);
  /* a proxy has all its clients' connections */
  const char *counted = caller && !caller->is_proxy ? caller->key : NULL;
  Connection *connection;

  /* a connection that is not passed on is closed */
  if (!local || !remote || !caller ||
      !quota_take (connections->quota, counted, 1)) {
    caller_free (caller);
    return;
  }
  connection = g_new0 (Connection, 1);
  connection->connections = connections;
  connection->socket = g_object_ref (socket);
  /* what is sent without libsoup must not wait for the client, either */
  g_socket_set_blocking (socket, FALSE);
  connection->address = g_object_ref (remote);
  connection->caller = caller;
  connection->counted = counted;
  connection->refusal = N_WEB_ERRORS;
  g_hash_table_add (connections->set, connection);
  g_object_set_data (G_OBJECT (remote), CONNECTION_KEY, connection);
  g_socket_set_option (
      connection->socket, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER, NULL);
  guard = request_guard_new (G_IO_STREAM (stream), on_refused, connection);
  connection->guard = guard;
  g_object_weak_ref (G_OBJECT (guard), on_stream_gone, connection);
  connection_set_phase (connection, CONNECTION_HEADERS);
  soup_server_accept_iostream (connections->server, guard, local, remote, NULL);
}

gboolean
connection_read_headers (Connection *connection, SoupMessageHeaders *headers)
{
  Quota *quota = connection->connections->quota;
  Caller *caller = connection->caller;
  gboolean ok;

  connection->has_request = TRUE;
  /* the key may be another one after it */
  quota_release (quota, connection->counted, 1);
  caller_read_headers (caller, headers, connection->connections->proxies);
  /* clients whose proxy does not name them, or whom they contradict, share one
   * part */
  connection->counted = caller->key;
  ok = quota_take (quota, connection->counted, 1);
  if (!ok) {
    connection->counted = NULL;
    quota_take (quota, NULL, 1);
  }
  return ok;
}

gboolean
connection_has_request (Connection *connection)
{
  return connection->has_request;
}

Connections *
connections_new (SoupServer *server, const TrustedProxies *proxies,
    double timeout, ConnectionRefusedFunc refused, gpointer user_data)
{
  Connections *connections = g_new0 (Connections, 1);

  connections->server = server;
  connections->proxies = proxies;
  connections->timeout = (gint64) (timeout * G_USEC_PER_SEC);
  connections->set = g_hash_table_new (NULL, NULL);
  connections->quota = quota_new (MAX_CONNECTIONS, MAX_CLIENT_CONNECTIONS);
  connections->budget = answer_budget_new (
      MAX_ANSWERS, MAX_CLIENT_ANSWERS, on_given_up);
  connections->refused = refused;
  connections->user_data = user_data;
  connections->sweep_source = g_timeout_add (
      SWEEP_PERIOD, on_sweep, connections);
  return connections;
}

void
connections_free (Connections *connections)
{
  if (!connections)
    return;
  g_clear_handle_id (&connections->sweep_source, g_source_remove);
  g_hash_table_unref (connections->set);
  quota_free (connections->quota);
  answer_budget_free (connections->budget);
  g_free (connections);
}

guint
connections_get_n (Connections *connections)
{
  return g_hash_table_size (connections->set);
}

void
connections_drain (Connections *connections)
{
  g_autoptr (GList) all = g_hash_table_get_keys (connections->set);

  gint64 now = g_get_monotonic_time ();

  connections->drain_deadline = now + connections->timeout;
  for (GList *i = all; i; i = i->next) {
    Connection *connection = i->data;

    connection->deadline = MIN (connection->deadline,
        connection->phase == CONNECTION_HEADERS ||
                connection->phase == CONNECTION_LINGER
            ? now + MIN (DRAIN_GRACE, connections->timeout)
            : connections->drain_deadline);
  }
}

Connection *
connection_get (SoupServerMessage *message)
{
  GSocketAddress *address = soup_server_message_get_remote_address (message);

  return address ? g_object_get_data (G_OBJECT (address), CONNECTION_KEY)
                 : NULL;
}

const Caller *
connection_get_caller (Connection *connection)
{
  return connection->caller;
}

static void
set_deadline (Connection *connection)
{
  gint64 now = g_get_monotonic_time (),
         timeout = connection->connections->timeout;

  connection->deadline = now + timeout;
  /* a few bytes now and then do not put it off for ever: there is a least
   * rate */
  if (connection->phase == CONNECTION_UPLOAD ||
      connection->phase == CONNECTION_ANSWER)
    connection->deadline = MIN (connection->deadline,
        connection->started + timeout +
            (gint64) (connection->n_bytes * G_USEC_PER_SEC / MIN_RATE));
  if (connection->phase == CONNECTION_UPLOAD &&
      connection->connections->drain_deadline > 0)
    connection->deadline = MIN (
        connection->deadline, connection->connections->drain_deadline);
  /* however much the client sends */
  if (connection->phase == CONNECTION_LINGER)
    connection->deadline = connection->started +
        (connection->connections->drain_deadline > 0
                ? MIN (DRAIN_GRACE, timeout)
                : timeout);
}

void
connection_set_phase (Connection *connection, ConnectionPhase phase)
{
  unwatch (connection);
  connection->phase = phase;
  connection->started = g_get_monotonic_time ();
  connection->n_bytes = 0;
  set_deadline (connection);
}

void
connection_add_bytes (Connection *connection, gsize size)
{
  connection->n_bytes += size;
  set_deadline (connection);
}

void
connection_hold_answer (Connection *connection, gsize size)
{
  answer_budget_hold (connection->connections->budget, connection,
      connection->caller->key, size);
}

/* Sends an interim answer, which every client of HTTP/1.1 passes over (RFC 9110,
 * 15.2).  The machine of one that has gone away answers with a reset. */
static void
probe (Connection *connection)
{
  static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";

  g_socket_send (connection->socket, interim, strlen (interim), NULL, NULL);
}

static void watch (Connection *connection, GIOCondition condition);

static gboolean
on_socket (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  Connection *connection = user_data;
  char surplus[1024];
  gssize n;

  if (condition & (G_IO_HUP | G_IO_ERR)) {
    unwatch (connection);
    connection->gone (connection->user_data);
    return G_SOURCE_REMOVE;
  }
  /* what follows the request is of no request that will be read */
  n = recv (g_socket_get_fd (socket), surplus, sizeof surplus, MSG_DONTWAIT);
  if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
    return G_SOURCE_CONTINUE;
  if (n == 0 && connection->may_probe (connection->user_data))
    probe (connection);
  watch (connection, G_IO_HUP | G_IO_ERR);
  return G_SOURCE_REMOVE;
}

static void
watch (Connection *connection, GIOCondition condition)
{
  unwatch (connection);
  connection->watch = g_socket_create_source (
      connection->socket, condition, NULL);
  g_source_set_callback (connection->watch,
      (GSourceFunc) (void (*) (void)) on_socket, connection, NULL);
  g_source_attach (connection->watch, NULL);
}

void
connection_watch (Connection *connection, ConnectionProbeFunc may_probe,
    ConnectionGoneFunc gone, gpointer user_data)
{
  connection->may_probe = may_probe;
  connection->gone = gone;
  connection->user_data = user_data;
  watch (connection, G_IO_IN | G_IO_HUP | G_IO_ERR);
}
