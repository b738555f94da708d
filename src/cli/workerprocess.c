/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "workerprocess.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib-unix.h>

struct _WorkerProcess
{
  const PoolOptions *options;
  const WorkerProcessFuncs *funcs;
  gpointer user_data;
  GPid pid;    /* 0: it has ended, and was waited for */
  int in, out; /* its stdin, blocking, and its stdout, non-blocking */
  guint out_source, timeout_source;
  WireReader *answers;
  FileTask *task; /* or NULL: it has nothing to do */
  gboolean timed_out;
  gboolean ending; /* it was asked to */
};

/* Its end */

static int
wait_for_end (WorkerProcess *worker)
{
  int status = 0;

  while (waitpid (worker->pid, &status, 0) < 0 && errno == EINTR)
    ;
  worker->pid = 0;
  return status;
}

void
worker_process_free (WorkerProcess *worker)
{
  g_clear_handle_id (&worker->out_source, g_source_remove);
  g_clear_handle_id (&worker->timeout_source, g_source_remove);
  if (worker->pid)
    kill (worker->pid, SIGTERM);
  wire_reader_free (worker->answers);
  close (worker->in);
  close (worker->out);
  if (worker->pid)
    wait_for_end (worker);
  g_free (worker);
}

void
worker_process_end (WorkerProcess *worker)
{
  worker->ending = TRUE;
  kill (worker->pid, SIGTERM);
}

/* Why a process has ended although nobody has asked it to. */
static char *
explain_end (const WorkerProcess *worker, int status, Reason *reason)
{
  *reason = REASON_TIMEOUT;
  if (worker->timed_out)
    return g_strdup_printf ("It was given up after %u s without progress.",
        worker->options->timeout);
  *reason = REASON_BUSY;
  if (WIFEXITED (status) && WEXITSTATUS (status) == WORKER_NO_THREAD)
    return g_strdup (
        "The machine gave its decoder no thread: the user or the group "
        "of processes may have no more (ulimit -u, TasksMax=), or there "
        "is no memory for one.");
  *reason = REASON_DECODER_CRASHED;
  if (WIFSIGNALED (status))
    return g_strdup_printf (
        "Its decoder crashed: %s.", g_strsignal (WTERMSIG (status)));
  return g_strdup_printf (
      "Its decoder ended the process, with status %d.", WEXITSTATUS (status));
}

/* Waits for the end of a process that has closed its stdout, or was killed: with
 * @nonsense because of what it has sent. */
static void
reap (WorkerProcess *worker, gboolean nonsense)
{
  Reason reason = REASON_INTERNAL;
  int status = wait_for_end (worker);
  g_autofree char *sentence = nonsense
      ? g_strdup ("Its process answered with nonsense.")
      : explain_end (worker, status, &reason);

  worker->funcs->ended (
      worker, worker->task, reason, sentence, worker->user_data);
}

/* Time */

static gboolean
on_timeout (gpointer data)
{
  WorkerProcess *worker = data;

  worker->timeout_source = 0;
  worker->timed_out = TRUE;
  kill (worker->pid, SIGKILL);
  return G_SOURCE_REMOVE;
}

/* With a low priority, so that a sign of life that has come already is read before
 * the time is found to be over. */
static void
restart_timeout (WorkerProcess *worker)
{
  g_clear_handle_id (&worker->timeout_source, g_source_remove);
  if (worker->task)
    worker->timeout_source = g_timeout_add_seconds_full (
        G_PRIORITY_LOW, worker->options->timeout, on_timeout, worker, NULL);
}

/* Answers */

static gboolean
take_answer (WorkerProcess *worker, const WireMessage *message)
{
  FileTask *task = worker->task;
  const gboolean looks = task && task->looks;
  gboolean is_last = FALSE;

  restart_timeout (worker);
  if (!task)
    return FALSE;
  if (message->kind == WIRE_ALIVE)
    return TRUE;
  if (!worker->funcs->answer (task, message, &is_last, worker->user_data))
    return FALSE;
  if (is_last) {
    worker->task = NULL;
    restart_timeout (worker);
    worker->funcs->answered (task, worker->user_data);
  } else if (looks && !task->looks) {
    /* only now it is known that the file has to be fetched */
    worker_process_send (worker, task);
  }
  return TRUE;
}

static gboolean
on_readable (gint fd, GIOCondition condition, gpointer data)
{
  WorkerProcess *worker = data;
  WireMessage message;
  WireStatus status;

  (void) condition;
  do {
    status = wire_reader_next (worker->answers, fd, &message);
    if (status == WIRE_MESSAGE && !take_answer (worker, &message))
      status = WIRE_INVALID;
  } while (status == WIRE_MESSAGE);
  if (status == WIRE_LATER)
    return G_SOURCE_CONTINUE;
  worker->out_source = 0;
  if (status == WIRE_INVALID)
    kill (worker->pid, SIGKILL);
  reap (worker, status == WIRE_INVALID);
  return G_SOURCE_REMOVE;
}

/* Its work */

static void
send_look (WorkerProcess *worker, const char *uri)
{
  const guint half = MIN (worker->options->timeout, WORKER_MAX_LOOK / 500);
  g_autofree char *text = g_strdup_printf ("%u %s", half * 500, uri);

  (void) wire_write (worker->in, WIRE_LOOK, text, strlen (text));
}

WorkerProcess *
worker_process_new (const PoolOptions *options, const WorkerProcessFuncs *funcs,
    gpointer user_data, GError **error)
{
  g_autofree char *text = worker_options_to_text (&options->worker);
  WorkerChild child = worker_child_steal (options->first);
  WorkerProcess *worker;

  if (!child.pid && !worker_child_spawn (&child, error))
    return NULL;
  worker = g_new0 (WorkerProcess, 1);
  worker->pid = child.pid;
  worker->in = child.in;
  worker->out = child.out;
  worker->options = options;
  worker->funcs = funcs;
  worker->user_data = user_data;
  worker->answers = wire_reader_new (WORKER_MAX_MESSAGE);
  g_unix_set_fd_nonblocking (worker->out, TRUE, NULL);
  worker->out_source = g_unix_fd_add (
      worker->out, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable, worker);
  /* if it has ended already, on_readable() will notice */
  (void) wire_write (worker->in, WIRE_OPTIONS, text, strlen (text));
  return worker;
}

gboolean
worker_process_is_idle (const WorkerProcess *worker)
{
  return !worker->task && !worker->timed_out && !worker->ending;
}

FileTask *
worker_process_get_task (const WorkerProcess *worker)
{
  return worker->task;
}

void
worker_process_send (WorkerProcess *worker, FileTask *task)
{
  g_autoptr (Result) nothing = result_new (task->item->name);
  const Result *known = task->outcome.result;
  g_autofree char *json = result_to_json (known ? known : nothing, RESULT_ALL);

  worker->task = task;
  restart_timeout (worker);
  if (task->looks) {
    send_look (worker, task->item->name);
    return;
  }
  if (task->has_stamp)
    (void) wire_write (
        worker->in, WIRE_STAMP, &task->stamp, sizeof task->stamp);
  (void) wire_write (worker->in, WIRE_REQUEST, json, strlen (json));
}
