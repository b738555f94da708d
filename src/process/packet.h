/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Packets with file descriptors, over a socket between two processes. */

#pragma once

#include <glib.h>

/* Sends @data and the descriptors @fds, [n_fds], which stay the caller's.
 * FALSE with errno set. */
gboolean packet_send (
    int socket, gconstpointer data, gsize size, const int *fds, guint n_fds);
/* Receives the next packet, of at most @size bytes, into @data, and its
 * descriptors, which are closed on exec, into @fds, [n_fds]; if there are
 * fewer, the others become -1.  Returns the size; 0 if the other end is closed;
 * -1 with errno set. */
gssize
packet_receive (int socket, gpointer data, gsize size, int *fds, guint n_fds);
