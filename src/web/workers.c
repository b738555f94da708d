/* SPDX-License-Identifier: GPL-2.0-or-later */

#define _GNU_SOURCE

#include "workers.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "process/packet.h"

/* files of one process */
#define MAX_FILES 32
/* ms that one is kept without a file */
#define MAX_IDLE_TIME 2000

struct _Workers
{
  ForkClient *client;
  guint max_idle;
  guint32 cpu_seconds;
  GHashTable *ids; /* id -> Worker, of all that are not forgotten */
  GQueue idle;     /* Worker, the one that has waited longest first */
  guint32 last_id;
};

struct _Worker
{
  Workers *workers;
  guint32 id;
  int socket; /* over which it gets its files */
  char *owner;
  guint n_files; /* that it has ended */
  guint timeout_source;
};

void
worker_forget (Worker *worker)
{
  g_queue_remove (&worker->workers->idle, worker);
  g_hash_table_remove (worker->workers->ids, GUINT_TO_POINTER (worker->id));
  g_clear_handle_id (&worker->timeout_source, g_source_remove);
  close (worker->socket);
  g_free (worker->owner);
  g_free (worker);
}

static void
kill_worker (Worker *worker)
{
  worker_signal (worker, FORK_KILL);
  worker_forget (worker);
}

static gboolean
on_timeout (gpointer user_data)
{
  Worker *worker = user_data;

  worker->timeout_source = 0;
  kill_worker (worker);
  return G_SOURCE_REMOVE;
}

/* Beginning */

static guint32
choose_id (Workers *workers)
{
  do
    workers->last_id++;
  while (workers->last_id == 0 ||
      g_hash_table_contains (
          workers->ids, GUINT_TO_POINTER (workers->last_id)));
  return workers->last_id;
}

static Worker *
start_worker (Workers *workers, const char *owner)
{
  const ForkOrder order = {
    .id = choose_id (workers),
    .kind = FORK_START,
    .cpu_seconds = workers->cpu_seconds,
  };
  int sockets[2];
  Worker *worker;
  gboolean ok;

  if (!forkclient_is_ready (workers->client) ||
      socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
    return NULL;
  worker = g_new0 (Worker, 1);
  worker->workers = workers;
  worker->id = order.id;
  worker->socket = sockets[0];
  worker->owner = g_strdup (owner);
  g_hash_table_insert (workers->ids, GUINT_TO_POINTER (worker->id), worker);
  ok = forkclient_send (workers->client, &order, &sockets[1], 1);
  close (sockets[1]);
  if (ok)
    return worker;
  worker_forget (worker);
  return NULL;
}

Worker *
workers_take (Workers *workers, const char *owner, gboolean fresh)
{
  for (GList *i = workers->idle.tail; i && !fresh; i = i->prev) {
    Worker *worker = i->data;

    if (!g_str_equal (worker->owner, owner))
      continue;
    g_queue_delete_link (&workers->idle, i);
    g_clear_handle_id (&worker->timeout_source, g_source_remove);
    return worker;
  }
  return start_worker (workers, owner);
}

/* Its files */

guint32
worker_get_id (const Worker *worker)
{
  return worker->id;
}

gboolean
worker_is_used (const Worker *worker)
{
  return worker->n_files > 0;
}

gboolean
worker_send (Worker *worker, const ForkRequest *request, const int *fds)
{
  return packet_send (worker->socket, request, sizeof *request, fds, 2);
}

void
worker_signal (Worker *worker, ForkOrderKind kind)
{
  const ForkOrder order = { .id = worker->id, .kind = kind };

  forkclient_send (worker->workers->client, &order, NULL, 0);
}

/* Whether it has closed its socket. */
static gboolean
has_closed (const Worker *worker)
{
  struct pollfd polled = { .fd = worker->socket };

  return poll (&polled, 1, 0) != 0;
}

void
worker_keep (Worker *worker)
{
  Workers *workers = worker->workers;

  worker->n_files++;
  if (worker->n_files >= MAX_FILES || has_closed (worker)) {
    kill_worker (worker);
    return;
  }
  if (workers->idle.length >= workers->max_idle)
    kill_worker (g_queue_peek_head (&workers->idle));
  g_queue_push_tail (&workers->idle, worker);
  worker->timeout_source = g_timeout_add (MAX_IDLE_TIME, on_timeout, worker);
}

void
workers_note_exit (Workers *workers, guint32 id)
{
  Worker *worker = g_hash_table_lookup (workers->ids, GUINT_TO_POINTER (id));

  if (worker && worker->timeout_source)
    worker_forget (worker);
}

/* All */

Workers *
workers_new (ForkClient *client, guint max_idle, guint cpu_seconds)
{
  Workers *workers = g_new0 (Workers, 1);

  workers->client = client;
  workers->max_idle = max_idle;
  workers->cpu_seconds = cpu_seconds;
  workers->ids = g_hash_table_new (NULL, NULL);
  return workers;
}

void
workers_clear (Workers *workers)
{
  while (workers->idle.length > 0)
    kill_worker (g_queue_peek_head (&workers->idle));
}

void
workers_free (Workers *workers)
{
  GHashTableIter iter;
  gpointer worker;

  g_hash_table_iter_init (&iter, workers->ids);
  while (g_hash_table_iter_next (&iter, NULL, &worker)) {
    worker_forget (worker);
    g_hash_table_iter_init (&iter, workers->ids);
  }
  g_hash_table_unref (workers->ids);
  g_free (workers);
}
