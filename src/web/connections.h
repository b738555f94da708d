/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The clients' connections: how many there may be, and how long each may
 * wait. */

#pragma once

#include <libsoup/soup.h>

#include "caller.h"
#include "weberror.h"

typedef struct _Connections Connections;
typedef struct _Connection Connection;

/* What is being waited for on a connection.  It serves one request. */
typedef enum
{
  CONNECTION_HEADERS, /* that the client sends all headers */
  CONNECTION_UPLOAD,  /* that it sends more of the body */
  CONNECTION_WORK, /* that the service has the answer: there is no time limit */
  CONNECTION_ANSWER, /* that the client takes the answer */
  CONNECTION_LINGER /* that it closes its side: it has the answer, which would be lost if
                       it still sent something when the connection is closed */
} ConnectionPhase;

/* Called if the client goes away while the service works for it. */
typedef void (*ConnectionGoneFunc) (gpointer user_data);

/* Whether an interim answer, "100 Continue", may be sent at this moment. */
typedef gboolean (*ConnectionProbeFunc) (gpointer user_data);

/* Called if a client was refused, and was told so, without libsoup. */
typedef void (*ConnectionRefusedFunc) (
    Connection *connection, WebErrorKind kind, gpointer user_data);

/* @server gets the connections, and @proxies are those that tell who their
 * clients are; both must live longer.  @timeout: s that the service waits for a
 * client.  @refused: called for each client whose request was too slow or
 * malformed. */
Connections *connections_new (SoupServer *server, const TrustedProxies *proxies,
    double timeout, ConnectionRefusedFunc refused, gpointer user_data);
void connections_free (Connections *connections);
/* A client has come; it is let go at once if there are too many.  @is_local:
 * only this machine can reach the socket that it came by. */
void connections_add (
    Connections *connections, GSocketConnection *stream, gboolean is_local);
guint connections_get_n (Connections *connections);
/* The service is to end: there is little time for headers that are not there
 * yet, and for clients that are answered.  Uploads that have begun have @timeout of connections_new() to end. */
void connections_drain (Connections *connections);

/* (transfer none) (nullable): the connection of @message; NULL if it is
 * closed. */
Connection *connection_get (SoupServerMessage *message);
/* Who asks; (transfer none). */
const Caller *connection_get_caller (Connection *connection);
/* The headers of the request are here, which may tell who the caller is.  To be
 * called once.  FALSE if this one has too many connections already. */
gboolean
connection_read_headers (Connection *connection, SoupMessageHeaders *headers);
/* Whether connection_read_headers() was called. */
gboolean connection_has_request (Connection *connection);
void connection_set_phase (Connection *connection, ConnectionPhase phase);
/* @size more bytes of the body have come, or of the answer have gone. */
void connection_add_bytes (Connection *connection, gsize size);
/* The answer takes @size more bytes of memory.  Other clients, or other answers
 * of this one, are cut if all together take too much. */
void connection_hold_answer (Connection *connection, gsize size);
/* Calls @gone, once, if the client goes away before the next phase.
 *
 * A client may close its side when its request is complete, and still wait for
 * the answer.  The socket of one that has gone away looks the same, until
 * something is sent to it: then its machine says so.  Therefore, if @may_probe
 * allows it, an interim answer is sent.  A client that is not probed and has
 * gone away is noticed when more of its answer is sent. */
void connection_watch (Connection *connection, ConnectionProbeFunc may_probe,
    ConnectionGoneFunc gone, gpointer user_data);
/* Sends @answer to a client whose body is not read to its end, and no more.  @size bytes of
 * the rest are dropped, for the time that a client has; then the connection is cut.
 * libsoup's answer reaches nobody. */
void connection_answer_early (
    Connection *connection, const char *answer, guint64 size);
/* Closes the connection at once; what was not sent yet is dropped. */
void connection_cut (Connection *connection);
/* What the client was refused for, and ConnectionRefusedFunc called: libsoup's
 * answer reaches nobody.  N_WEB_ERRORS: it was not. */
WebErrorKind connection_get_refusal (Connection *connection);
