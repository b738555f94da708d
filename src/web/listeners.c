/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "listeners.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "listenfds.h"
#include "unixsocket.h"

#define UNIX_PREFIX "unix:"
#define DEFAULT_PORT 8080
/* attempts to find a port that is free at all addresses */
#define MAX_ATTEMPTS 16
/* ms until it is tried again, when a client could not be accepted */
#define PAUSE 100

typedef struct
{
  Listeners *listeners;
  GSocket *socket;
  GSource *source; /* or NULL */
  guint pause;     /* a timeout's source; or 0 */
  gboolean is_local;
  /* of a Unix socket that was made here, or NULL; and what file it is */
  char *path;
  dev_t device;
  ino_t inode;
} Listener;

struct _Listeners
{
  GPtrArray *all; /* Listener */
  gboolean opened_here;
  ListenersFunc func;
  gpointer user_data;
};

/* Closing */

static void
unwatch (Listener *listener)
{
  if (listener->source)
    g_source_destroy (listener->source);
  g_clear_pointer (&listener->source, g_source_unref);
  g_clear_handle_id (&listener->pause, g_source_remove);
}

static void
listener_free (gpointer data)
{
  Listener *listener = data;
  struct stat status;

  unwatch (listener);
  /* before the socket is closed: the next one that starts may make its own */
  if (listener->path && lstat (listener->path, &status) == 0 &&
      status.st_dev == listener->device && status.st_ino == listener->inode)
    unlink (listener->path);
  g_object_unref (listener->socket);
  g_free (listener->path);
  g_free (listener);
}

/* Opening */

static gboolean
is_local (GSocket *socket)
{
  g_autoptr (GSocketAddress)
      address = g_socket_get_local_address (socket, NULL);

  return address &&
      (!G_IS_INET_SOCKET_ADDRESS (address) ||
          g_inet_address_get_is_loopback (g_inet_socket_address_get_address (
              G_INET_SOCKET_ADDRESS (address))));
}

/* Takes @socket, which listens. */
static void
add (Listeners *listeners, GSocket *socket)
{
  Listener *listener = g_new0 (Listener, 1);
  struct stat status;

  g_socket_set_blocking (socket, FALSE);
  listener->listeners = listeners;
  listener->socket = socket;
  listener->is_local = is_local (socket);
  if (listeners->opened_here)
    listener->path = unix_socket_get_path (socket);
  if (listener->path && lstat (listener->path, &status) == 0) {
    listener->device = status.st_dev;
    listener->inode = status.st_ino;
  }
  g_ptr_array_add (listeners->all, listener);
}

/* Listens at @inet; *port becomes the one that was found if it is 0. */
static GSocket *
listen_at (GInetAddress *inet, guint16 *port, GError **error)
{
  g_autoptr (GSocketAddress) wanted = g_inet_socket_address_new (inet, *port),
                             bound = NULL;
  g_autofree char *name = g_inet_address_to_string (inet);
  g_autoptr (GError) why = NULL;
  g_autoptr (GSocket) socket = g_socket_new (g_inet_address_get_family (inet),
      G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &why);

  if (socket) {
    g_socket_set_listen_backlog (socket, SOMAXCONN);
    if (g_socket_bind (socket, wanted, TRUE, &why) &&
        g_socket_listen (socket, &why) &&
        (bound = g_socket_get_local_address (socket, &why))) {
      *port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
      return g_steal_pointer (&socket);
    }
  }
  g_set_error (error, G_IO_ERROR, why->code, "%s, port %u: %s.", name, *port,
      why->message);
  return NULL;
}

/* Whether @error says that the machine does not have this kind of address. */
static gboolean
is_missing (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED) ||
      strstr (error->message, g_strerror (EADDRNOTAVAIL)) ||
      strstr (error->message, g_strerror (EAFNOSUPPORT));
}

/* Listens at all addresses of @name: "localhost" has one of each family.  One
 * that the machine does not have is left out if there is another. */
static gboolean
open_name (
    Listeners *listeners, const char *name, guint16 *port, GError **error)
{
  g_autoptr (GResolver) resolver = g_resolver_get_default ();
  GList *addresses = g_resolver_lookup_by_name (resolver, name, NULL, error);
  g_autoptr (GError) why = NULL;
  gboolean any = FALSE;

  for (GList *i = addresses; i && !(why && !is_missing (why)); i = i->next) {
    GSocket *socket;

    g_clear_error (&why);
    if ((socket = listen_at (i->data, port, &why)))
      add (listeners, socket);
    any |= socket != NULL;
  }
  if (!addresses)
    return FALSE;
  g_resolver_free_addresses (addresses);
  if (!why || (any && is_missing (why)))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&why));
  return FALSE;
}

static gboolean
open_bind (Listeners *listeners, const char *bind, guint socket_mode,
    guint16 *port, GError **error)
{
  g_autoptr (GInetAddress) inet = g_inet_address_new_from_string (bind);
  GSocket *socket;

  if (!inet && !g_str_has_prefix (bind, UNIX_PREFIX))
    return open_name (listeners, bind, port, error);
  socket = inet
      ? listen_at (inet, port, error)
      : unix_socket_listen (bind + strlen (UNIX_PREFIX), socket_mode, error);
  if (socket)
    add (listeners, socket);
  return socket != NULL;
}

static gboolean
open_all (Listeners *listeners, const ListenersOptions *options, GError **error)
{
  static char *default_binds[] = { (char *) "127.0.0.1", NULL };
  char **binds = options->binds ? options->binds : default_binds;
  guint16 port = options->port < 0 ? DEFAULT_PORT : options->port;

  listeners->opened_here = TRUE;
  for (guint i = 0; binds[i]; i++)
    if (!open_bind (listeners, binds[i], options->socket_mode, &port, error))
      return FALSE;
  return TRUE;
}

/* Opens all at one port. */
static gboolean
open_at_any_port (
    Listeners *listeners, const ListenersOptions *options, GError **error)
{
  g_autoptr (GError) why = NULL;

  for (guint i = 0; i < MAX_ATTEMPTS; i++) {
    g_clear_error (&why);
    if (open_all (listeners, options, &why))
      return TRUE;
    /* what is free at one address may be in use at the next */
    if (options->port != 0 ||
        !g_error_matches (why, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE))
      break;
    g_ptr_array_set_size (listeners->all, 0);
  }
  g_propagate_error (error, g_steal_pointer (&why));
  return FALSE;
}

Listeners *
listeners_new (const ListenersOptions *options, GError **error)
{
  Listeners *listeners = g_new0 (Listeners, 1);
  g_autoptr (GPtrArray) given = NULL;
  gboolean ok;

  listeners->all = g_ptr_array_new_with_free_func (listener_free);
  given = listen_fds_take (&listeners->opened_here, error);
  ok = given != NULL;
  if (ok && given->len > 0 && !listeners->opened_here &&
      (options->binds || options->port >= 0)) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "--bind and --port: the service manager says where to listen "
        "(ListenStream= of the socket unit); leave them out.");
    ok = FALSE;
  } else if (ok && given->len > 0) {
    for (guint i = 0; i < given->len; i++)
      add (listeners, g_object_ref (given->pdata[i]));
  } else if (ok) {
    ok = open_at_any_port (listeners, options, error);
  }
  if (ok)
    return listeners;
  listeners_free (listeners);
  return NULL;
}

void
listeners_free (Listeners *listeners)
{
  if (!listeners)
    return;
  g_ptr_array_unref (listeners->all);
  g_free (listeners);
}

/* Accepting.  GSocketService would do it as well, but drops a client that comes
 * while it is stopped. */

static void watch (Listener *listener);

static gboolean
on_pause_over (gpointer user_data)
{
  Listener *listener = user_data;

  listener->pause = 0;
  watch (listener);
  return G_SOURCE_REMOVE;
}

static gboolean
on_client (
    GSocket *socket, GIOCondition condition G_GNUC_UNUSED, gpointer user_data)
{
  Listener *listener = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) client = g_socket_accept (socket, NULL, &error);

  if (client) {
    g_autoptr (GSocketConnection)
        connection = g_socket_connection_factory_create_connection (client);

    listener->listeners->func (
        connection, listener->is_local, listener->listeners->user_data);
  } else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)) {
    /* there are no descriptors for it, say: it waits, and looking again at once
     * would not help it */
    unwatch (listener);
    listener->pause = g_timeout_add (PAUSE, on_pause_over, listener);
    return G_SOURCE_REMOVE;
  }
  return G_SOURCE_CONTINUE;
}

static void
watch (Listener *listener)
{
  listener->source = g_socket_create_source (listener->socket, G_IO_IN, NULL);
  g_source_set_callback (listener->source,
      (GSourceFunc) (void (*) (void)) on_client, listener, NULL);
  g_source_attach (listener->source, NULL);
}

void
listeners_start (Listeners *listeners, ListenersFunc func, gpointer user_data)
{
  listeners->func = func;
  listeners->user_data = user_data;
  for (guint i = 0; i < listeners->all->len; i++)
    watch (listeners->all->pdata[i]);
}

void
listeners_stop (Listeners *listeners)
{
  for (guint i = 0; i < listeners->all->len; i++)
    unwatch (listeners->all->pdata[i]);
}

void
listeners_close (Listeners *listeners)
{
  g_ptr_array_set_size (listeners->all, 0);
}

gboolean
listeners_hand_on (Listeners *listeners)
{
  g_autoptr (GPtrArray) sockets = g_ptr_array_new ();

  for (guint i = 0; i < listeners->all->len; i++)
    g_ptr_array_add (sockets, ((Listener *) listeners->all->pdata[i])->socket);
  return listen_fds_hand_on (sockets, listeners->opened_here);
}

static char *
get_url (GSocket *socket)
{
  g_autofree char *path = unix_socket_get_path (socket), *host = NULL;
  g_autoptr (GSocketAddress)
      address = g_socket_get_local_address (socket, NULL);
  GInetSocketAddress *inet;

  if (!address || !G_IS_INET_SOCKET_ADDRESS (address))
    return g_strconcat (UNIX_PREFIX, path ? path : "", NULL);
  inet = G_INET_SOCKET_ADDRESS (address);
  host = g_inet_address_to_string (g_inet_socket_address_get_address (inet));
  return g_strdup_printf (
      strchr (host, ':') ? "http://[%s]:%u" : "http://%s:%u", host,
      g_inet_socket_address_get_port (inet));
}

char **
listeners_get_urls (Listeners *listeners)
{
  GPtrArray *urls = g_ptr_array_new ();

  for (guint i = 0; i < listeners->all->len; i++)
    g_ptr_array_add (
        urls, get_url (((Listener *) listeners->all->pdata[i])->socket));
  g_ptr_array_add (urls, NULL);
  return (char **) g_ptr_array_free (urls, FALSE);
}
