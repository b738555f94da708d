/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Packets with file descriptors, over a socket between two processes. */

#pragma once

#include <glib.h>

/* Sends @data and the @n_fds descriptors; FALSE with errno set. */
gboolean packet_send (
    int socket, gconstpointer data, gsize size, const int *fds, guint n_fds);
/* Takes the next packet, of at most @size bytes, and its descriptors, which are
 * closed on exec; of @fds, [n_fds], those that there are not become -1.  Gives the
 * size; 0 at the end; -1 with errno set. */
gssize
packet_receive (int socket, gpointer data, gsize size, int *fds, guint n_fds);
