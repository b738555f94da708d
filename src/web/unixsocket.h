/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A Unix socket and its file. */

#pragma once

#include <gio/gio.h>

/* the longest path that a Unix socket can have, bytes */
#define UNIX_SOCKET_MAX_PATH 107

/**
 * unix_socket_listen:
 * @path: of the file that is made
 * @mode: its permissions, such as 0660
 * @error: return location: G_IO_ERROR
 *
 * A socket's file that nobody listens at any more is replaced; one that
 * somebody listens at, and any other file, is not.
 *
 * Returns: (transfer full) (nullable): a socket that listens; %NULL
 *     with @error set
 */
GSocket *unix_socket_listen (const char *path, guint mode, GError **error);

/* The path of a Unix socket that is bound to a file; NULL for others.  Free
 * with g_free(). */
char *unix_socket_get_path (GSocket *socket);
