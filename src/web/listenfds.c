/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "listenfds.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* the first descriptor, as systemd has it */
#define FIRST 3
/* the name, in LISTEN_FDNAMES, of a socket that the service itself opened */
#define OWN_NAME "genreclassify-own"

/* The value of the variable @name as a number; 0 if it is none. */
static gint64
get_number (const char *name)
{
  const char *text = g_getenv (name);
  gint64 value;

  return text &&
          g_ascii_string_to_signed (text, 10, 1, G_MAXINT32, &value, NULL)
      ? value
      : 0;
}

static gboolean
check_option (int fd, int option, int expected)
{
  int value;
  socklen_t size = sizeof value;

  return getsockopt (fd, SOL_SOCKET, option, &value, &size) == 0 &&
      value == expected;
}

static GSocket *
take_socket (int fd, GError **error)
{
  g_autoptr (GSocket) socket = NULL;
  GSocketFamily family;

  if (fcntl (fd, F_SETFD, FD_CLOEXEC) < 0 ||
      !check_option (fd, SO_TYPE, SOCK_STREAM) ||
      !check_option (fd, SO_ACCEPTCONN, 1)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
        "LISTEN_FDS: descriptor %d is not a listening stream socket "
        "(ListenStream=, with Accept=no).",
        fd);
    return NULL;
  }
  if (!(socket = g_socket_new_from_fd (fd, error)))
    return NULL;
  family = g_socket_get_family (socket);
  if (family != G_SOCKET_FAMILY_IPV4 && family != G_SOCKET_FAMILY_IPV6 &&
      family != G_SOCKET_FAMILY_UNIX) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
        "LISTEN_FDS: descriptor %d is neither of TCP nor a Unix socket.", fd);
    return NULL;
  }
  return g_steal_pointer (&socket);
}

GPtrArray *
listen_fds_take (gboolean *handed_on, GError **error)
{
  g_autoptr (GPtrArray)
      sockets = g_ptr_array_new_with_free_func (g_object_unref);
  const char *names = g_getenv ("LISTEN_FDNAMES");
  /* another process's are not ours */
  gint64 n = get_number ("LISTEN_PID") == getpid () ? get_number ("LISTEN_FDS")
                                                    : 0;

  *handed_on = n > 0 && names && g_str_has_prefix (names, OWN_NAME);
  g_unsetenv ("LISTEN_PID");
  g_unsetenv ("LISTEN_FDS");
  g_unsetenv ("LISTEN_FDNAMES");
  for (int i = 0; i < n; i++) {
    GSocket *socket = take_socket (FIRST + i, error);

    if (!socket)
      return NULL;
    g_ptr_array_add (sockets, socket);
  }
  return g_steal_pointer (&sockets);
}

static void
set_number (const char *name, int value)
{
  g_autofree char *text = g_strdup_printf ("%d", value);

  g_setenv (name, text, TRUE);
}

gboolean
listen_fds_hand_on (GPtrArray *sockets, gboolean opened_here)
{
  int end = FIRST + (int) sockets->len;
  g_autofree int *copies = g_new (int, sockets->len);

  /* out of the way first: the place of one may be where another is */
  for (guint i = 0; i < sockets->len; i++)
    if ((copies[i] = fcntl (
             g_socket_get_fd (sockets->pdata[i]), F_DUPFD_CLOEXEC, end)) < 0)
      return FALSE;
  for (guint i = 0; i < sockets->len; i++)
    if (dup2 (copies[i], FIRST + (int) i) < 0)
      return FALSE;
  set_number ("LISTEN_PID", getpid ());
  set_number ("LISTEN_FDS", (int) sockets->len);
  if (opened_here)
    g_setenv ("LISTEN_FDNAMES", OWN_NAME, TRUE);
  return TRUE;
}
