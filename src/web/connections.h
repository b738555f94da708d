/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The clients' connections: how many there may be, and how long each may
 * wait. */

#pragma once

#include <libsoup/soup.h>

#include "weberror.h"

typedef struct _Connections Connections;
typedef struct _Connection Connection;

/* What is being waited for on a connection.  It serves one request. */
typedef enum
{
  CONNECTION_HEADERS, /* that the client sends all headers */
  CONNECTION_UPLOAD,  /* that it sends more of the body */
  CONNECTION_WORK, /* that the service has the answer: there is no time limit */
  CONNECTION_ANSWER /* that the client takes the answer */
} ConnectionPhase;

/* Called if the client goes away while the service works for it. */
typedef void (*ConnectionGoneFunc) (gpointer user_data);

/* Whether an interim answer, "100 Continue", may be sent at this moment. */
typedef gboolean (*ConnectionProbeFunc) (gpointer user_data);

/* Called if a client was refused before its request was read, and was told so. */
typedef void (*ConnectionRefusedFunc) (WebErrorKind kind, gpointer user_data);

/**
 * connections_new:
 * @server: gets the connections that are accepted
 * @address: an IP address
 * @port: 0: any that is free
 * @timeout: s that the service waits for a client
 * @refused: called for each client whose request was too slow or malformed
 * @error: return location: G_IO_ERROR
 *
 * Returns: (transfer full) (nullable): NULL with @error set if it cannot listen
 *     there
 */
Connections *connections_new (SoupServer *server, const char *address,
    guint16 port, double timeout, ConnectionRefusedFunc refused,
    gpointer user_data, GError **error);
void connections_free (Connections *connections);
guint16 connections_get_port (Connections *connections);
guint connections_get_n (Connections *connections);
/* Accepts no more connections and cuts those without a request.  Uploads that
 * have begun have @timeout of connections_new() to end. */
void connections_drain (Connections *connections);

/* (transfer none) (nullable): the connection of @message; NULL if it is
 * closed. */
Connection *connection_get (SoupServerMessage *message);
/* The client's IP address. */
const char *connection_get_client (Connection *connection);
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
/* Closes the connection at once; what was not sent yet is dropped. */
void connection_cut (Connection *connection);
/* Whether the client was refused, and ConnectionRefusedFunc called: libsoup's
 * answer reaches nobody. */
gboolean connection_has_refused (Connection *connection);
