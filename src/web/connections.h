/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The clients' connections: how many there may be, and how long each may take. */

#pragma once

#include <libsoup/soup.h>

typedef struct _Connections Connections;
typedef struct _Connection Connection;

/* What a connection is waiting for. */
typedef enum
{
  CONNECTION_HEADERS, /* a request, all of its headers */
  CONNECTION_UPLOAD,  /* more of the body */
  CONNECTION_WORK,    /* us */
  CONNECTION_ANSWER   /* that the client takes the answer, the only one */
} ConnectionPhase;

/* Called if the client goes away while it waits for us. */
typedef void (*ConnectionGoneFunc) (gpointer user_data);

/* Called if a client was refused because it was too slow. */
typedef void (*ConnectionRefusedFunc) (gpointer user_data);

/**
 * connections_new:
 * @server: what serves them
 * @address: an IP address
 * @port: 0: any that is free
 * @timeout: s that a client may keep us waiting
 * @refused: called for each client that was refused
 * @error: return location: G_IO_ERROR
 *
 * Returns: (transfer full) (nullable): NULL with @error set if nothing can be bound
 */
Connections *connections_new (SoupServer *server, const char *address,
    guint16 port, double timeout, ConnectionRefusedFunc refused,
    gpointer user_data, GError **error);
void connections_free (Connections *connections);
guint16 connections_get_port (Connections *connections);
guint connections_get_n (Connections *connections);
/* Accepts no more, lets those go that have not asked yet, and gives uploads the
 * time that a client has. */
void connections_drain (Connections *connections);

/* That of @message; NULL if it is gone. */
Connection *connection_get (SoupServerMessage *message);
/* Its client's IP address. */
const char *connection_get_client (Connection *connection);
void connection_set_phase (Connection *connection, ConnectionPhase phase);
/* So many more bytes of the body came. */
void connection_add_bytes (Connection *connection, gsize size);
/* While it is in CONNECTION_WORK, @gone is called once if the client goes away. */
void connection_watch (
    Connection *connection, ConnectionGoneFunc gone, gpointer user_data);
/* Closes it, whatever it was about to do. */
void connection_cut (Connection *connection);
/* It was cut or refused: what comes of its request is not answered. */
gboolean connection_is_cut (Connection *connection);
