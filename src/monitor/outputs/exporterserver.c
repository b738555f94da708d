/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "exporterserver.h"

#include <string.h>
#include <sys/socket.h>

#define MAX_CLIENTS 32
/* bytes of a request's head, and of what follows it and is dropped */
#define MAX_REQUEST 8192
#define MAX_REST (1 << 20)
/* s that a client has for all */
#ifndef CLIENT_TIME /* a test is in a hurry */
#define CLIENT_TIME 10
#endif
/* ms until it is tried again, when a client could not be accepted */
#define PAUSE 100

typedef struct
{
  GSocket *socket;
  GSource *source; /* or NULL */
  GSource *pause;  /* or NULL */
  ExporterServer *server;
} Door;

struct _ExporterServer
{
  GMainContext *context;
  GPtrArray *doors; /* Door */
  GQueue clients;   /* Client, the oldest first */
  char *path, *type;
  ExporterPageFunc func;
  gpointer user_data;
};

typedef struct
{
  ExporterServer *server;
  GSocket *socket;
  GSource *source; /* of @socket, or NULL */
  GSource *deadline;
  GString *request;
  char *answer; /* or NULL: the request is not complete */
  gsize size, sent;
  gsize n_dropped; /* bytes after the request */
} Client;

static void
drop_source (GSource **source)
{
  if (*source)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

/* Clients */

static void
client_free (Client *client)
{
  drop_source (&client->source);
  drop_source (&client->deadline);
  g_socket_close (client->socket, NULL);
  g_object_unref (client->socket);
  g_string_free (client->request, TRUE);
  g_free (client->answer);
  g_free (client);
}

static void
remove_client (Client *client)
{
  g_queue_remove (&client->server->clients, client);
  client_free (client);
}

static gboolean
on_client (GSocket *socket, GIOCondition condition, gpointer user_data);

static void
watch_client (Client *client, GIOCondition condition)
{
  drop_source (&client->source);
  client->source = g_socket_create_source (client->socket, condition, NULL);
  g_source_set_callback (
      client->source, (GSourceFunc) (void (*) (void)) on_client, client, NULL);
  g_source_attach (client->source, client->server->context);
}

/* @body may be NULL.  @more: further headers, or "". */
static void
answer (Client *client, const char *status, const char *more, const char *type,
    const char *body, gboolean is_head)
{
  GString *text = g_string_new (NULL);

  g_string_append_printf (text,
      "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %" G_GSIZE_FORMAT
      "\r\n%sCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
      "Connection: close\r\n\r\n",
      status, type, strlen (body), more);
  if (!is_head)
    g_string_append (text, body);
  client->size = text->len;
  client->answer = g_string_free (text, FALSE);
  watch_client (client, G_IO_OUT);
}

static void
answer_error (
    Client *client, const char *status, const char *more, gboolean is_head)
{
  g_autofree char *body = g_strconcat (status, "\n", NULL);

  answer (client, status, more, "text/plain; charset=utf-8", body, is_head);
}

/* Whether @target is the page, whatever is after "?". */
static gboolean
is_page (const ExporterServer *server, const char *target)
{
  gsize size = strlen (server->path);

  /* a proxy's form: http://host/path */
  if (g_str_has_prefix (target, "http://")) {
    target = strchr (target + strlen ("http://"), '/');
    if (!target)
      return FALSE;
  }
  return !strncmp (target, server->path, size) &&
      (target[size] == 0 || target[size] == '?');
}

/* The first line of the request, which is complete. */
static void
answer_line (Client *client, const char *line)
{
  ExporterServer *server = client->server;
  g_auto (GStrv) words = g_strsplit (line, " ", -1);
  gboolean is_head = words[0] && !strcmp (words[0], "HEAD");
  g_autofree char *page = NULL;

  if (g_strv_length (words) != 3 || !*words[0] || !*words[1] ||
      !g_str_has_prefix (words[2], "HTTP/1."))
    answer_error (client, "400 Bad Request", "", is_head);
  else if (!is_page (server, words[1]))
    answer_error (client, "404 Not Found", "", is_head);
  else if (!is_head && strcmp (words[0], "GET") != 0)
    answer_error (
        client, "405 Method Not Allowed", "Allow: GET, HEAD\r\n", FALSE);
  else {
    page = server->func (server->user_data);
    answer (client, "200 OK", "", server->type, page, is_head);
  }
}

/* Answers if the head of the request is complete. */
static void
examine_request (Client *client)
{
  char *text = client->request->str, *end;

  if (strlen (text) < client->request->len) {
    answer_error (client, "400 Bad Request", "", FALSE);
    return;
  }
  if (!strstr (text, "\r\n\r\n") && !strstr (text, "\n\n")) {
    if (client->request->len >= MAX_REQUEST)
      answer_error (client, "431 Request Header Fields Too Large", "", FALSE);
    return;
  }
  end = strchr (text, '\n');
  if (end > text && end[-1] == '\r')
    end--;
  *end = 0;
  answer_line (client, text);
}

/* TRUE if the client is to be kept. */
static gboolean
read_request (Client *client)
{
  char data[MAX_REQUEST];
  gssize n = g_socket_receive (
      client->socket, data, sizeof data - client->request->len, NULL, NULL);

  if (n <= 0)
    return FALSE;
  g_string_append_len (client->request, data, n);
  examine_request (client);
  return TRUE;
}

static gboolean
write_answer (Client *client)
{
  gssize n = g_socket_send (client->socket, client->answer + client->sent,
      client->size - client->sent, NULL, NULL);

  if (n < 0)
    return FALSE;
  client->sent += (gsize) n;
  if (client->sent < client->size)
    return TRUE;
  /* closing it while the client still sends would drop what it has not read yet */
  g_socket_shutdown (client->socket, FALSE, TRUE, NULL);
  watch_client (client, G_IO_IN);
  return TRUE;
}

static gboolean
drop_rest (Client *client)
{
  char data[4096];
  gssize n = g_socket_receive (client->socket, data, sizeof data, NULL, NULL);

  client->n_dropped += n > 0 ? (gsize) n : 0;
  return n > 0 && client->n_dropped < MAX_REST;
}

static gboolean
on_client (GSocket *socket G_GNUC_UNUSED, GIOCondition condition G_GNUC_UNUSED,
    gpointer user_data)
{
  Client *client = user_data;
  GSource *source = client->source;
  gboolean keep;

  if (!client->answer)
    keep = read_request (client);
  else if (client->sent < client->size)
    keep = write_answer (client);
  else
    keep = drop_rest (client);
  if (!keep) {
    remove_client (client);
    return G_SOURCE_REMOVE;
  }
  /* it may have been replaced */
  return source == client->source ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static gboolean
on_deadline (gpointer user_data)
{
  remove_client (user_data);
  return G_SOURCE_REMOVE;
}

/* Takes @socket. */
static void
add_client (ExporterServer *server, GSocket *socket)
{
  Client *client = g_new0 (Client, 1);

  /* who comes now is served; the oldest one has had the most time */
  if (server->clients.length >= MAX_CLIENTS)
    remove_client (server->clients.head->data);
  g_socket_set_blocking (socket, FALSE);
  client->server = server;
  client->socket = socket;
  client->request = g_string_new (NULL);
  client->deadline = g_timeout_source_new (CLIENT_TIME * 1000);
  g_source_set_callback (client->deadline, on_deadline, client, NULL);
  g_source_attach (client->deadline, server->context);
  g_queue_push_tail (&server->clients, client);
  watch_client (client, G_IO_IN);
}

/* Doors */

static void watch_door (Door *door);

static gboolean
on_pause_over (gpointer user_data)
{
  Door *door = user_data;

  drop_source (&door->pause);
  watch_door (door);
  return G_SOURCE_REMOVE;
}

static gboolean
on_accept (
    GSocket *socket, GIOCondition condition G_GNUC_UNUSED, gpointer user_data)
{
  Door *door = user_data;
  g_autoptr (GError) error = NULL;
  GSocket *client = g_socket_accept (socket, NULL, &error);

  if (client) {
    add_client (door->server, client);
  } else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)) {
    /* there are no descriptors, say: it waits, and looking again at once would not
     * help it */
    drop_source (&door->source);
    door->pause = g_timeout_source_new (PAUSE);
    g_source_set_callback (door->pause, on_pause_over, door, NULL);
    g_source_attach (door->pause, door->server->context);
    return G_SOURCE_REMOVE;
  }
  return G_SOURCE_CONTINUE;
}

static void
watch_door (Door *door)
{
  door->source = g_socket_create_source (door->socket, G_IO_IN, NULL);
  g_source_set_callback (
      door->source, (GSourceFunc) (void (*) (void)) on_accept, door, NULL);
  g_source_attach (door->source, door->server->context);
}

static void
door_free (gpointer data)
{
  Door *door = data;

  drop_source (&door->source);
  drop_source (&door->pause);
  g_socket_close (door->socket, NULL);
  g_object_unref (door->socket);
  g_free (door);
}

static gboolean
open_door (
    ExporterServer *server, GInetAddress *inet, guint16 port, GError **error)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (inet, port);
  g_autoptr (GSocket) socket = g_socket_new (g_inet_address_get_family (inet),
      G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, error);
  Door *door;

  if (!socket)
    return FALSE;
  g_socket_set_listen_backlog (socket, SOMAXCONN);
  if (!g_socket_bind (socket, address, TRUE, error) ||
      !g_socket_listen (socket, error))
    return FALSE;
  g_socket_set_blocking (socket, FALSE);
  door = g_new0 (Door, 1);
  door->socket = g_steal_pointer (&socket);
  door->server = server;
  g_ptr_array_add (server->doors, door);
  watch_door (door);
  return TRUE;
}

/* All addresses of the machine: those of IPv4 come to an IPv6 socket, too, where there
 * is IPv6. */
static gboolean
open_all (ExporterServer *server, guint16 port, GError **error)
{
  g_autoptr (GInetAddress) ipv6 = g_inet_address_new_any (G_SOCKET_FAMILY_IPV6),
                           ipv4 = g_inet_address_new_any (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GError) why = NULL;

  if (open_door (server, ipv6, port, &why))
    return TRUE;
  if (g_error_matches (why, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE)) {
    g_propagate_error (error, g_steal_pointer (&why));
    return FALSE;
  }
  return open_door (server, ipv4, port, error);
}

/* All addresses of @host: "localhost" has one of each family, of which the machine may
 * lack one. */
static gboolean
open_host (
    ExporterServer *server, const char *host, guint16 port, GError **error)
{
  g_autoptr (GResolver) resolver = g_resolver_get_default ();
  g_autoptr (GError) why = NULL;
  GList *addresses = g_resolver_lookup_by_name (resolver, host, NULL, &why);

  for (GList *i = addresses; i; i = i->next) {
    g_clear_error (&why);
    if (!open_door (server, i->data, port, &why) &&
        g_error_matches (why, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE))
      break;
    if (server->doors->len > 0)
      g_clear_error (&why);
  }
  g_resolver_free_addresses (addresses);
  if (!why)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&why));
  return FALSE;
}

/* Splits @address; FALSE if it has not the form. */
static gboolean
read_address (const char *address, char **host, guint16 *port)
{
  const char *colon = strrchr (address, ':');
  guint64 number;

  if (!colon ||
      !g_ascii_string_to_unsigned (
          colon + 1, 10, 1, G_MAXUINT16, &number, NULL))
    return FALSE;
  *port = (guint16) number;
  if (*address == '[') {
    if (colon < address + 2 || colon[-1] != ']')
      return FALSE;
    *host = g_strndup (address + 1, (gsize) (colon - address) - 2);
    return strchr (*host, ':') != NULL;
  }
  *host = g_strndup (address, (gsize) (colon - address));
  return !strpbrk (*host, ":[]/ ");
}

ExporterServer *
exporter_server_new (const char *address, const char *path, const char *type,
    ExporterPageFunc func, gpointer user_data, GError **error)
{
  ExporterServer *server;
  g_autofree char *host = NULL;
  g_autoptr (GError) why = NULL;
  guint16 port = 0;
  gboolean ok;

  if (!read_address (address, &host, &port)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
        "%s: It is no address such as 127.0.0.1:9155, [::1]:9155 or :9155.",
        address);
    return NULL;
  }
  server = g_new0 (ExporterServer, 1);
  server->context = g_main_context_ref_thread_default ();
  server->doors = g_ptr_array_new_with_free_func (door_free);
  server->path = g_strdup (path);
  server->type = g_strdup (type);
  server->func = func;
  server->user_data = user_data;
  ok = *host ? open_host (server, host, port, &why)
             : open_all (server, port, &why);
  if (ok)
    return server;
  g_set_error (error, G_IO_ERROR,
      why->domain == G_IO_ERROR ? why->code : G_IO_ERROR_FAILED,
      "%s: It cannot be listened at: %s.", address, why->message);
  exporter_server_free (server);
  return NULL;
}

void
exporter_server_free (ExporterServer *server)
{
  if (!server)
    return;
  g_queue_foreach (
      &server->clients, (GFunc) (void (*) (void)) client_free, NULL);
  g_queue_clear (&server->clients);
  g_ptr_array_unref (server->doors);
  g_main_context_unref (server->context);
  g_free (server->path);
  g_free (server->type);
  g_free (server);
}
