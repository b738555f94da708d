/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "unixsocket.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gunixsocketaddress.h>

static GSocket *
new_socket (GError **error)
{
  return g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM,
      G_SOCKET_PROTOCOL_DEFAULT, error);
}

/* Whether @path is a socket's file that nobody listens at. */
static gboolean
is_stale (const char *path, GSocketAddress *address)
{
  g_autoptr (GSocket) socket = new_socket (NULL);
  g_autoptr (GError) error = NULL;
  struct stat status;

  return lstat (path, &status) == 0 && S_ISSOCK (status.st_mode) && socket &&
      !g_socket_connect (socket, address, NULL, &error) &&
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
}

/* The file has its mode from the beginning. */
static gboolean
bind_with_mode (
    GSocket *socket, GSocketAddress *address, guint mode, GError **error)
{
  mode_t before = umask (0777 & ~mode);
  gboolean ok = g_socket_bind (socket, address, FALSE, error);

  umask (before);
  return ok;
}

GSocket *
unix_socket_listen (const char *path, guint mode, GError **error)
{
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GError) why = NULL;
  g_autofree char *folder = g_path_get_dirname (path);
  int lock;
  gboolean ok;

  if (!g_path_is_absolute (path) || strlen (path) > UNIX_SOCKET_MAX_PATH) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
        "unix:%s: it is not an absolute path of at most %d bytes.", path,
        UNIX_SOCKET_MAX_PATH);
    return NULL;
  }
  address = g_unix_socket_address_new (path);
  if (!(socket = new_socket (error)))
    return NULL;
  /* of two services that start at once the second must not take the first
   * one's new file for the stale one */
  lock = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock >= 0)
    flock (lock, LOCK_EX);
  ok = bind_with_mode (socket, address, mode, &why);
  if (!ok && g_error_matches (why, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE) &&
      is_stale (path, address) && unlink (path) == 0) {
    g_clear_error (&why);
    ok = bind_with_mode (socket, address, mode, &why);
  }
  /* before the lock is gone, or it would be stale to the next one */
  if (ok) {
    g_socket_set_listen_backlog (socket, SOMAXCONN);
    ok = g_socket_listen (socket, &why);
  }
  if (lock >= 0)
    close (lock);
  if (ok)
    return g_steal_pointer (&socket);
  g_set_error (error, G_IO_ERROR, why->code, "unix:%s: %s.", path,
      g_error_matches (why, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE)
          ? "somebody listens there, or it is another file"
          : why->message);
  return NULL;
}

char *
unix_socket_get_path (GSocket *socket)
{
  g_autoptr (GSocketAddress)
      address = g_socket_get_local_address (socket, NULL);
  GUnixSocketAddress *name;

  if (!address || !G_IS_UNIX_SOCKET_ADDRESS (address))
    return NULL;
  name = G_UNIX_SOCKET_ADDRESS (address);
  return g_unix_socket_address_get_address_type (name) ==
          G_UNIX_SOCKET_ADDRESS_PATH
      ? g_strdup (g_unix_socket_address_get_path (name))
      : NULL;
}
