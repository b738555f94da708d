/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The sockets that the service listens at: those that it is asked to open, or
 * those that a service manager has opened. */

#pragma once

#include <gio/gio.h>

typedef struct _Listeners Listeners;

typedef struct
{
  /* IP addresses, names, "unix:PATH"; ends with NULL.  NULL: 127.0.0.1 */
  char **binds;
  int port;          /* of all of them; 0: any that is free; -1: 8080 */
  guint socket_mode; /* permissions of Unix sockets' files */
} ListenersOptions;

/* A client has come.  @is_local: only this machine can reach the socket that it
 * came by. */
typedef void (*ListenersFunc) (
    GSocketConnection *connection, gboolean is_local, gpointer user_data);

/* Opens the sockets, or takes those of the environment (listenfds.h); clients
 * wait until listeners_start().  NULL with @error set: G_IO_ERROR, or
 * G_OPTION_ERROR if @options speak of sockets and there are some already. */
Listeners *listeners_new (const ListenersOptions *options, GError **error);
/* Also closes them. */
void listeners_free (Listeners *listeners);

/* Calls @func for each client, from the default main context. */
void
listeners_start (Listeners *listeners, ListenersFunc func, gpointer user_data);
/* Accepts nobody any more; who comes waits. */
void listeners_stop (Listeners *listeners);
/* Closes the sockets and removes the files of the Unix ones that it made: who
 * comes is refused, unless the service manager listens on. */
void listeners_close (Listeners *listeners);
/* For exec(), after listeners_stop(): see listen_fds_hand_on(). */
gboolean listeners_hand_on (Listeners *listeners);

/* Where it listens, such as "http://127.0.0.1:8080" or "unix:/run/socket"; ends
 * with NULL.  Free with g_strfreev(). */
char **listeners_get_urls (Listeners *listeners);
