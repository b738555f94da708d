/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "workerpool.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib-unix.h>

#include "analysis/wire.h"
#include "poolprivate.h"

/* files that are begun before the workers and signals are looked at again */
#define FILES_AT_ONCE 200

typedef struct _Pool Pool;

typedef struct
{
  Pool *pool;
  GPid pid;
  int in, out; /* its stdin, blocking, and its stdout, non-blocking */
  guint out_source, timeout_source;
  WireReader *answers;
  FileTask *task; /* or NULL: it has nothing to do */
  gboolean timed_out;
} WorkerProcess;

struct _Pool
{
  const PoolOptions *options;
  PoolFunc func;
  gpointer user_data;
  GMainLoop *loop;
  Listing *listing;
  GPtrArray *workers; /* WorkerProcess */
  GQueue window;      /* FileTask, in the listing's order */
  FileTask *waiting;  /* the last of them, while there is no worker for it */
  Grouping *grouping; /* or NULL */
  GQueue to_write;    /* FileTask of complete groups, while no worker is free */
  guint pump_source;
  gboolean listed;   /* the listing has given all of its files */
  gboolean stopping; /* no file is begun any more */
  int signal;
  GError *error;
};

static void schedule_pump (Pool *pool);

static void
file_task_free (FileTask *task)
{
  listing_item_free (task->item);
  outcome_clear (&task->outcome);
  g_free (task);
}

/* Begins no more files, and ends the workers. */
static void
stop (Pool *pool)
{
  if (pool->stopping)
    return;
  pool->stopping = TRUE;
  for (guint i = 0; i < pool->workers->len; i++)
    kill (
        ((WorkerProcess *) g_ptr_array_index (pool->workers, i))->pid, SIGTERM);
  schedule_pump (pool);
}

/* For a failure of the run, not of a file.  Takes @error. */
static void
stop_with_error (Pool *pool, GError *error)
{
  if (pool->error)
    g_error_free (error);
  else
    pool->error = error;
  stop (pool);
}

/* Files */

/* Its result is complete; hand_on_done() passes it on in the listing's order. */
static void
finish_task (Pool *pool, FileTask *task)
{
  const ListingItem *item = task->item;
  Outcome *outcome = &task->outcome;
  Result *result = outcome->result;

  /* what only the worker could not read may have been audio */
  result->may_skip = item->error
      ? item->may_skip
      : item->found && reason_may_skip (result->reason, !item->may_skip);
  outcome->write_skipped = item->found &&
      reason_may_skip (outcome->write_reason, TRUE);
  if (task->group)
    grouping_note_result (pool->grouping, task->group);
  else
    task->done = TRUE;
  schedule_pump (pool);
}

static Result *
get_result (gpointer track)
{
  return ((FileTask *) track)->outcome.result;
}

/* The track's album is known: only now can its genre be written. */
static void
on_group_complete (gpointer track, gpointer user_data)
{
  Pool *pool = user_data;
  FileTask *task = track;

  task->group = NULL;
  if (worker_writes_tags (&pool->options->worker, task->outcome.result) &&
      !pool_cache_recall_change (pool->options, task)) {
    task->awaits_change = TRUE;
    g_queue_push_tail (&pool->to_write, task);
  } else {
    task->done = TRUE;
  }
  schedule_pump (pool);
}

static const GroupingFuncs grouping_funcs = { get_result, on_group_complete };

static void
set_failure (FileTask *task, Reason reason, const char *sentence)
{
  result_free (task->outcome.result);
  task->outcome.result = result_new_error (task->item->name, reason, sentence);
}

/* After the result was found, only the writing of tags has failed. */
static void
fail_task (FileTask *task, Reason reason, const char *sentence)
{
  if (!task->awaits_change) {
    set_failure (task, reason, sentence);
    return;
  }
  task->outcome.has_change = TRUE;
  task->outcome.write_reason = reason;
  g_free (task->outcome.write_error);
  task->outcome.write_error = g_strdup (sentence);
}

/* Hands on the files at the head of the window that are done.  When the pool stops,
 * files before them may not be done; these are dropped. */
static void
hand_on_done (Pool *pool)
{
  const gboolean all = pool->stopping;
  FileTask *task;

  while ((task = g_queue_peek_head (&pool->window)) && (task->done || all)) {
    g_queue_pop_head (&pool->window);
    if (task->done &&
        !pool->func (
            &task->outcome, listing_get_total (pool->listing), pool->user_data))
      stop (pool);
    file_task_free (task);
    /* there is room for the next */
    schedule_pump (pool);
  }
}

/* Workers */

static void
worker_process_free (WorkerProcess *worker)
{
  g_clear_handle_id (&worker->out_source, g_source_remove);
  g_clear_handle_id (&worker->timeout_source, g_source_remove);
  wire_reader_free (worker->answers);
  close (worker->in);
  close (worker->out);
  g_spawn_close_pid (worker->pid);
  g_free (worker);
}

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
    worker->timeout_source = g_timeout_add_seconds_full (G_PRIORITY_LOW,
        worker->pool->options->timeout, on_timeout, worker, NULL);
}

/* Each gives FALSE if the answer is not what a worker sends. */

static gboolean
take_result (WorkerProcess *worker, const char *json)
{
  FileTask *task = worker->task;
  Result *result = result_from_json (json, NULL);
  GError *error = NULL;

  if (!result)
    return FALSE;
  /* it was known, and only the change is waited for */
  if (task->awaits_change) {
    result_free (result);
    return TRUE;
  }
  result_free (task->outcome.result);
  task->outcome.result = result;
  task->awaits_change = worker_writes_tags (
      &worker->pool->options->worker, result);
  if (!pool_cache_store (worker->pool->options, task, &error))
    stop_with_error (worker->pool, error);
  return TRUE;
}

static gboolean
take_change (WorkerProcess *worker, const char *json)
{
  FileTask *task = worker->task;
  GError *error = NULL;

  if (!task->awaits_change || !outcome_take_change (&task->outcome, json))
    return FALSE;
  task->awaits_change = FALSE;
  if (!pool_cache_store_change (worker->pool->options, task, &error))
    stop_with_error (worker->pool, error);
  return TRUE;
}

static gboolean
take_answer (WorkerProcess *worker, const WireMessage *message)
{
  FileTask *task = worker->task;

  restart_timeout (worker);
  if (!task)
    return FALSE;
  switch (message->kind) {
    case WIRE_ALIVE:
      return TRUE;
    case WIRE_RESULT:
      if (!take_result (worker, message->data))
        return FALSE;
      break;
    case WIRE_CHANGE:
      if (!take_change (worker, message->data))
        return FALSE;
      break;
    default:
      return FALSE;
  }
  if (!task->awaits_change) {
    worker->task = NULL;
    restart_timeout (worker);
    finish_task (worker->pool, task);
  }
  return TRUE;
}

/* Why a process has ended although nobody has asked it to. */
static char *
explain_end (const WorkerProcess *worker, int status, Reason *reason)
{
  *reason = REASON_TIMEOUT;
  if (worker->timed_out)
    return g_strdup_printf ("It was given up after %u s without progress.",
        worker->pool->options->timeout);
  *reason = REASON_DECODER_CRASHED;
  if (WIFSIGNALED (status))
    return g_strdup_printf (
        "Its decoder crashed: %s.", g_strsignal (WTERMSIG (status)));
  return g_strdup_printf (
      "Its decoder ended the process, with status %d.", WEXITSTATUS (status));
}

/* Waits for the end of a process that has closed its stdout, or was killed.  If it
 * had a file, that fails: with @nonsense because of what the process has sent. */
static void
reap_worker (WorkerProcess *worker, gboolean nonsense)
{
  Pool *pool = worker->pool;
  g_autofree char *sentence = NULL;
  Reason reason = REASON_INTERNAL;
  int status = 0;

  while (waitpid (worker->pid, &status, 0) < 0 && errno == EINTR)
    ;
  sentence = nonsense ? g_strdup ("Its process answered with nonsense.")
                      : explain_end (worker, status, &reason);
  if (worker->task && !pool->stopping) {
    fail_task (worker->task, reason, sentence);
    finish_task (pool, worker->task);
  }
  g_ptr_array_remove (pool->workers, worker);
  schedule_pump (pool);
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
  reap_worker (worker, status == WIRE_INVALID);
  return G_SOURCE_REMOVE;
}

static WorkerProcess *
worker_process_new (Pool *pool, GError **error)
{
  g_auto (GStrv) argv = worker_get_argv ();
  g_autofree char *options = worker_options_to_text (&pool->options->worker);
  WorkerProcess *worker = g_new0 (WorkerProcess, 1);

  if (!g_spawn_async_with_pipes (NULL, argv, NULL,
          G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_CLOEXEC_PIPES, NULL, NULL,
          &worker->pid, &worker->in, &worker->out, NULL, error)) {
    g_free (worker);
    return NULL;
  }
  worker->pool = pool;
  worker->answers = wire_reader_new (WORKER_MAX_MESSAGE);
  g_unix_set_fd_nonblocking (worker->out, TRUE, NULL);
  worker->out_source = g_unix_fd_add (
      worker->out, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable, worker);
  g_ptr_array_add (pool->workers, worker);
  /* if it has ended already, on_readable() will notice */
  (void) wire_write (worker->in, WIRE_OPTIONS, options, strlen (options));
  return worker;
}

static WorkerProcess *
find_idle_worker (Pool *pool)
{
  GError *error = NULL;
  WorkerProcess *worker;

  for (guint i = 0; i < pool->workers->len; i++) {
    worker = g_ptr_array_index (pool->workers, i);
    if (!worker->task && !worker->timed_out)
      return worker;
  }
  if (pool->workers->len >= (guint) pool->options->jobs)
    return NULL;
  worker = worker_process_new (pool, &error);
  if (!worker)
    stop_with_error (pool, error);
  return worker;
}

/* A worker that has just died does not take it; on_readable() will notice. */
static void
send_task (WorkerProcess *worker, FileTask *task)
{
  g_autoptr (Result) nothing = result_new (task->item->name);
  const Result *known = task->outcome.result;
  g_autofree char *json = result_to_json (known ? known : nothing, RESULT_ALL);

  worker->task = task;
  restart_timeout (worker);
  if (task->has_stamp)
    (void) wire_write (
        worker->in, WIRE_STAMP, &task->stamp, sizeof task->stamp);
  (void) wire_write (worker->in, WIRE_REQUEST, json, strlen (json));
}

/* From the listing to the workers */

/* Whether a worker has something to do with a result that was in the cache. */
static gboolean
needs_worker (Pool *pool, FileTask *task)
{
  const WorkerOptions *options = &pool->options->worker;

  if (task->outcome.result->error)
    return FALSE;
  /* with a group it is not known yet what is to be written */
  return options->plot ||
      (options->write && !pool->grouping &&
          !pool_cache_recall_change (pool->options, task));
}

/* Sends what is ready for a worker.  FALSE if there are not workers enough. */
static gboolean
send_waiting (Pool *pool)
{
  while (pool->to_write.length > 0 || pool->waiting) {
    WorkerProcess *worker = find_idle_worker (pool);
    FileTask *task;

    if (!worker)
      return FALSE;
    task = g_queue_pop_head (&pool->to_write);
    send_task (worker, task ? task : g_steal_pointer (&pool->waiting));
  }
  return TRUE;
}

/* Whether the window may be longer: what is at its head would wait for ever if the
 * listing did not go on. */
static gboolean
has_room (Pool *pool)
{
  const FileTask *head = g_queue_peek_head (&pool->window);

  return pool->window.length < POOL_WINDOW ||
      (head->group && grouping_is_open (head->group));
}

/* Takes the next file from the listing.  It is done at once if it cannot be played
 * or its result is known; otherwise it waits for a worker.  Gives FALSE if there is
 * no file now, or no room for it. */
static gboolean
begin_file (Pool *pool)
{
  ListingItem *item;
  FileTask *task;

  if (pool->listed || !has_room (pool))
    return FALSE;
  switch (listing_take (pool->listing, &item)) {
    case LISTING_END:
      pool->listed = TRUE;
      if (pool->grouping)
        grouping_end (pool->grouping);
      return FALSE;
    case LISTING_LATER:
      return FALSE;
    case LISTING_ITEM:
      break;
  }
  task = g_new0 (FileTask, 1);
  task->item = item;
  task->has_stamp = !item->error && file_stamp_get (item->name, &task->stamp);
  g_queue_push_tail (&pool->window, task);
  if (pool->grouping && !item->error)
    task->group = grouping_add (pool->grouping, item->name, item->walked, task);
  if (item->error) {
    set_failure (task, item->reason, item->error);
    finish_task (pool, task);
  } else if (pool_cache_look_up (pool->options, task) &&
      !needs_worker (pool, task)) {
    finish_task (pool, task);
  } else {
    pool->waiting = task;
  }
  return TRUE;
}

static void
begin_files (Pool *pool)
{
  for (guint i = 0; i < FILES_AT_ONCE && !pool->stopping; i++) {
    if (!send_waiting (pool) || !begin_file (pool))
      return;
  }
  schedule_pump (pool);
}

/* Moves the files on as far as they can go now. */
static gboolean
pump (gpointer data)
{
  Pool *pool = data;

  pool->pump_source = 0;
  begin_files (pool);
  if (pool->stopping) {
    /* workers that have not ended yet may still send a result */
    if (pool->workers->len == 0) {
      hand_on_done (pool);
      g_main_loop_quit (pool->loop);
    }
  } else {
    hand_on_done (pool);
    if (pool->listed && pool->window.length == 0)
      g_main_loop_quit (pool->loop);
  }
  return G_SOURCE_REMOVE;
}

static void
schedule_pump (Pool *pool)
{
  if (!pool->pump_source)
    pool->pump_source = g_idle_add_full (G_PRIORITY_DEFAULT, pump, pool, NULL);
}

static gboolean
on_more_listed (gpointer data)
{
  schedule_pump (data);
  return G_SOURCE_REMOVE;
}

static gboolean
on_signal (Pool *pool, int signal)
{
  /* the second one ends this process at once; its workers end with it */
  if (pool->signal)
    _exit (128 + signal);
  pool->signal = signal;
  stop (pool);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_interrupted (gpointer data)
{
  return on_signal (data, SIGINT);
}

static gboolean
on_terminated (gpointer data)
{
  return on_signal (data, SIGTERM);
}

static gboolean
on_hung_up (gpointer data)
{
  return on_signal (data, SIGHUP);
}

int
pool_run (const ListingOptions *listing, const PoolOptions *options,
    PoolFunc func, gpointer user_data, GError **error)
{
  Pool pool = { .options = options, .func = func, .user_data = user_data };
  guint signals[] = { g_unix_signal_add (SIGINT, on_interrupted, &pool),
    g_unix_signal_add (SIGTERM, on_terminated, &pool),
    g_unix_signal_add (SIGHUP, on_hung_up, &pool) };

  pool.workers = g_ptr_array_new_with_free_func (
      (GDestroyNotify) worker_process_free);
  pool.loop = g_main_loop_new (NULL, FALSE);
  if (options->worker.group)
    pool.grouping = grouping_new (&grouping_funcs, &pool);
  pool.listing = listing_new (listing, on_more_listed, &pool, &pool.error);
  if (pool.listing) {
    schedule_pump (&pool);
    g_main_loop_run (pool.loop);
  }
  g_clear_handle_id (&pool.pump_source, g_source_remove);
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    g_source_remove (signals[i]);
  while (pool.workers->len > 0) {
    WorkerProcess *worker = g_ptr_array_index (pool.workers, 0);
    GPid pid = worker->pid;

    kill (pid, SIGTERM);
    g_ptr_array_remove_index (pool.workers, 0);
    waitpid (pid, NULL, 0);
  }
  g_ptr_array_unref (pool.workers);
  listing_free (pool.listing);
  g_main_loop_unref (pool.loop);
  if (pool.grouping && grouping_was_torn (pool.grouping))
    g_printerr ("genreclassify: Tracks of one album were taken for several, as "
                "more than %d others lie between them in the list.  Sort it "
                "by folder.\n",
        GROUPING_PATIENCE);
  grouping_free (pool.grouping);
  g_queue_clear (&pool.to_write);
  g_queue_clear_full (&pool.window, (GDestroyNotify) file_task_free);
  if (pool.error) {
    g_propagate_error (error, pool.error);
    return -1;
  }
  return pool.signal;
}
