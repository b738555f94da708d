/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "forkclient.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib-unix.h>

#include "access.h"
#include "process/packet.h"

/* s between two attempts to start a fork server */
#define RESTART_DELAY 1

struct _ForkClient
{
  int socket; /* -1 while there is no fork server */
  GPid pid;   /* of it; 0: there is none */
  guint socket_source, restart_source;
  JsonNode *models; /* an array */
  JsonNode *about;  /* an object */
  const ForkClientCallbacks *callbacks;
  gpointer user_data;
};

static gboolean on_socket (int fd, GIOCondition condition, gpointer user_data);

/* Starting */

/* Waits for the hello of a fork server that has just started; NULL if it ends before. */
static JsonNode *
receive_hello (int socket)
{
  g_autofree char *json = NULL;
  guint32 length;
  gssize n;

  if (packet_receive (socket, &length, sizeof length, NULL, 0) !=
          sizeof length ||
      length > FORK_MAX_HELLO)
    return NULL;
  json = g_malloc0 (length + 1);
  for (gsize i = 0; i < length; i += (gsize) n) {
    n = packet_receive (socket, json + i, length - i, NULL, 0);
    if (n <= 0)
      return NULL;
  }
  return json_from_string (json, NULL);
}

static gboolean
take_hello (ForkClient *client, int socket, GError **error)
{
  g_autoptr (JsonNode) root = receive_hello (socket);
  JsonObject *object = root && JSON_NODE_HOLDS_OBJECT (root)
      ? json_node_get_object (root)
      : NULL;

  if (!object || !json_object_has_member (object, "models")) {
    const char *why = "The fork server could not start.";

    if (object)
      why = json_object_get_string_member_with_default (object, "error", why);
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, why);
    return FALSE;
  }
  g_clear_pointer (&client->models, json_node_unref);
  client->models = json_object_dup_member (object, "models");
  g_clear_pointer (&client->about, json_node_unref);
  client->about = json_object_dup_member (object, "about");
  return TRUE;
}

/* Ends the fork server, if it has not ended yet, and with it its workers. */
static void
reap_server (ForkClient *client)
{
  if (client->pid == 0)
    return;
  kill (client->pid, SIGKILL);
  while (waitpid (client->pid, NULL, 0) < 0 && errno == EINTR)
    continue;
  client->pid = 0;
}

/* The environment of the fork server and its workers. */
static GStrv
get_environment (void)
{
  static const char *const variables[][2] = {
    /* There are many workers at once: one heap each, and one thread each of
     * OpenBLAS, which comes with libav. */
    { "OPENBLAS_NUM_THREADS", "1" },
    { "MALLOC_ARENA_MAX", "1" },
    /* look up symbols once in the fork server, not in each worker */
    { "LD_BIND_NOW", "1" },
    /* a worker gets its memory in a few large steps: each page fault costs
     * time */
    { "MALLOC_TOP_PAD_", "4194304" },
    { "GLIBC_TUNABLES", "glibc.malloc.hugetlb=1" },
    { "LC_ALL", "C.UTF-8" },
  };
  /* strangers' files have no business with the token */
  GStrv environment = g_environ_unsetenv (g_get_environ (), TOKEN_VARIABLE);

  for (guint i = 0; i < G_N_ELEMENTS (variables); i++)
    environment = g_environ_setenv (
        environment, variables[i][0], variables[i][1], TRUE);
  return environment;
}

/* Starts the process with @socket as its FORK_SOCKET. */
static gboolean
spawn (ForkClient *client, int socket, GError **error)
{
  static const char *const argv[] = { "/proc/self/exe", "genreclassify",
    "serve", "--fork-server", NULL };
  g_auto (GStrv) environment = get_environment ();
  const int target = FORK_SOCKET;

  return g_spawn_async_with_pipes_and_fds (NULL, argv,
      (const char *const *) environment,
      G_SPAWN_FILE_AND_ARGV_ZERO | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, -1,
      -1, -1, &socket, &target, 1, &client->pid, NULL, NULL, NULL, error);
}

static gboolean
start_server (ForkClient *client, GError **error)
{
  int sockets[2];
  gboolean ok;

  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0) {
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
        "No socket can be opened: %s.", g_strerror (errno));
    return FALSE;
  }
  ok = spawn (client, sockets[1], error);
  close (sockets[1]);
  if (!ok || !take_hello (client, sockets[0], error)) {
    close (sockets[0]);
    reap_server (client);
    return FALSE;
  }
  g_unix_set_fd_nonblocking (sockets[0], TRUE, NULL);
  client->socket = sockets[0];
  client->socket_source = g_unix_fd_add (
      client->socket, G_IO_IN | G_IO_HUP, on_socket, client);
  return TRUE;
}

static gboolean
on_restart (gpointer user_data)
{
  ForkClient *client = user_data;
  g_autoptr (GError) error = NULL;

  if (!start_server (client, &error)) {
    g_printerr ("genreclassify: %s\n", error->message);
    return G_SOURCE_CONTINUE;
  }
  client->restart_source = 0;
  if (client->callbacks)
    client->callbacks->on_restarted (client->user_data);
  return G_SOURCE_REMOVE;
}

/* What the fork server sends */

static void
lose_server (ForkClient *client)
{
  g_printerr (
      "genreclassify: The fork server has ended; another is started.\n");
  close (client->socket);
  client->socket = -1;
  client->socket_source = 0;
  reap_server (client);
  client->restart_source = g_timeout_add_seconds (
      RESTART_DELAY, on_restart, client);
  if (client->callbacks)
    client->callbacks->on_lost (client->user_data);
}

static gboolean
on_socket (int fd, GIOCondition condition G_GNUC_UNUSED, gpointer user_data)
{
  ForkClient *client = user_data;
  ForkExit message;
  gssize size = packet_receive (fd, &message, sizeof message, NULL, 0);

  if (size < 0 && errno == EAGAIN)
    return G_SOURCE_CONTINUE;
  if (size != sizeof message) {
    lose_server (client);
    return G_SOURCE_REMOVE;
  }
  if (client->callbacks)
    client->callbacks->on_exit (message.id, message.status, client->user_data);
  return G_SOURCE_CONTINUE;
}

/* Interface */

ForkClient *
forkclient_new (GError **error)
{
  ForkClient *client = g_new0 (ForkClient, 1);

  client->socket = -1;
  if (start_server (client, error))
    return client;
  forkclient_free (client);
  return NULL;
}

void
forkclient_free (ForkClient *client)
{
  if (!client)
    return;
  g_clear_handle_id (&client->socket_source, g_source_remove);
  g_clear_handle_id (&client->restart_source, g_source_remove);
  if (client->socket >= 0)
    close (client->socket);
  reap_server (client);
  g_clear_pointer (&client->models, json_node_unref);
  g_clear_pointer (&client->about, json_node_unref);
  g_free (client);
}

void
forkclient_set_callbacks (ForkClient *client,
    const ForkClientCallbacks *callbacks, gpointer user_data)
{
  client->callbacks = callbacks;
  client->user_data = user_data;
}

gboolean
forkclient_is_ready (ForkClient *client)
{
  return client->socket >= 0;
}

gboolean
forkclient_send (
    ForkClient *client, const ForkOrder *order, const int *fds, guint n_fds)
{
  return packet_send (client->socket, order, sizeof *order, fds, n_fds);
}

JsonArray *
forkclient_get_models (ForkClient *client)
{
  return json_node_get_array (client->models);
}

JsonNode *
forkclient_get_about (ForkClient *client)
{
  return client->about;
}

int
forkclient_find_model (ForkClient *client, const char *name)
{
  JsonArray *models = forkclient_get_models (client);

  for (guint i = 0; i < json_array_get_length (models); i++)
    if (!strcmp (name,
            json_object_get_string_member (
                json_array_get_object_element (models, i), "name")))
      return i;
  return -1;
}

const char *
forkclient_get_model_name (ForkClient *client, guint model)
{
  return json_object_get_string_member (
      json_array_get_object_element (forkclient_get_models (client), model),
      "name");
}
