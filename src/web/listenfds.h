/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Listening sockets that a process is given when it starts: LISTEN_FDS and
 * LISTEN_PID of systemd, sd_listen_fds(3).  A service that starts its own
 * program anew hands its sockets on in the same way. */

#pragma once

#include <gio/gio.h>

/**
 * listen_fds_take:
 * @handed_on: return location: whether listen_fds_hand_on() gave them, so that
 *     they were opened by this service itself
 * @error: return location: G_IO_ERROR
 *
 * Takes the sockets, and the variables out of the environment.  Programs that
 * are started later do not inherit the sockets.
 *
 * Returns: (transfer full) (element-type GSocket) (nullable): the sockets, none
 *     if there are none; %NULL with @error set if one is not a listening stream
 *     socket of TCP or a Unix one
 */
GPtrArray *listen_fds_take (gboolean *handed_on, GError **error);

/* Puts @sockets (GSocket) where the program that is executed next in this
 * process finds them.  @opened_here: whether this service opened them itself.
 * Nothing but exec() may follow: the descriptors that are in the way are gone.
 * FALSE with errno set if it is not possible. */
gboolean listen_fds_hand_on (GPtrArray *sockets, gboolean opened_here);
