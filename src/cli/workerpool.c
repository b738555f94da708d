/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "workerpool.h"

#include <signal.h>
#include <unistd.h>

#include <glib-unix.h>

#include "poolprivate.h"
#include "workerprocess.h"

/* files that are begun before the workers and signals are looked at again */
#define FILES_AT_ONCE 200

typedef struct _Pool Pool;

struct _Pool
{
  const PoolOptions *options;
  PoolFunc func;
  gpointer user_data;
  GMainLoop *loop;
  Listing *listing;
  GPtrArray *workers; /* WorkerProcess */
  GQueue window;      /* FileTask, in the listing's order */
  GQueue done;        /* those of them that are, if their order is no matter */
  FileTask *waiting;  /* the last of them, while there is no worker for it */
  GQueue to_retry;    /* FileTask; at its end those that are to be alone */
  FileTask *alone;    /* while it runs, no other is sent to a worker */
  guint n_put_off;    /* files that were begun while to_retry had some */
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
    worker_process_end (g_ptr_array_index (pool->workers, i));
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

static void
set_done (Pool *pool, FileTask *task)
{
  task->done = TRUE;
  if (pool->options->unordered)
    g_queue_push_tail (&pool->done, task);
  schedule_pump (pool);
}

/* Those that are to be alone stay behind the others; of each, who came first is first,
 * so that a server which is busy is not asked for one file over and over. */
static void
queue_for_retry (Pool *pool, FileTask *task)
{
  GList *next = task->alone ? NULL : pool->to_retry.head;

  while (next && !((const FileTask *) next->data)->alone)
    next = next->next;
  g_queue_insert_before (&pool->to_retry, next, task);
  schedule_pump (pool);
}

/* If it has failed, and may not do so the next time, it will be tried again. */
static gboolean
retry_later (Pool *pool, FileTask *task)
{
  const Reason reason = task->outcome.result->reason;

  if (task->n_tries == 0 || task->n_tries > pool->options->retries ||
      pool->stopping ||
      !(reason_is_retryable (reason) || reason == REASON_DECODER_CRASHED))
    return FALSE;
  g_clear_pointer (&task->outcome.result, result_free);
  /* what there was too little of is then all its own */
  task->alone = reason == REASON_DECODER_CRASHED || reason == REASON_BUSY;
  queue_for_retry (pool, task);
  return TRUE;
}

/* Its result is complete; hand_on_done() passes it on. */
static void
finish_task (Pool *pool, FileTask *task)
{
  const ListingItem *item = task->item;
  Outcome *outcome = &task->outcome;
  Result *result = outcome->result;

  if (pool->alone == task)
    pool->alone = NULL;
  if (retry_later (pool, task))
    return;
  /* what only the worker could not read may have been audio */
  result->may_skip = item->error
      ? item->may_skip
      : item->found && reason_may_skip (result->reason, !item->may_skip);
  outcome->write_skipped = item->found &&
      reason_may_skip (outcome->write_reason, TRUE);
  if (!task->group) {
    set_done (pool, task);
    return;
  }
  grouping_note_result (pool->grouping, task->group);
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
    schedule_pump (pool);
  } else {
    set_done (pool, task);
  }
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

/* The next file to hand on, or NULL.  When the pool stops, files before it may not be
 * done; these are dropped. */
static FileTask *
take_next (Pool *pool)
{
  FileTask *task = pool->options->unordered && !pool->stopping
      ? g_queue_pop_head (&pool->done)
      : g_queue_peek_head (&pool->window);

  if (!task || (!task->done && !pool->stopping))
    return NULL;
  g_queue_delete_link (&pool->window, task->link);
  return task;
}

static void
hand_on_done (Pool *pool)
{
  FileTask *task;

  while ((task = take_next (pool))) {
    gboolean go_on = !task->done ||
        pool->func (
            &task->outcome, listing_get_total (pool->listing), pool->user_data);

    file_task_free (task);
    /* there is room for the next */
    schedule_pump (pool);
    /* what workers still have is dropped once they have ended */
    if (!go_on && !pool->stopping) {
      stop (pool);
      return;
    }
  }
}

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

/* What workers answer */

/* Each gives FALSE if the answer is not what a worker sends. */

static gboolean
take_result (Pool *pool, FileTask *task, const char *json)
{
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
  task->awaits_change = worker_writes_tags (&pool->options->worker, result);
  if (!pool_cache_store (pool->options, task, &error))
    stop_with_error (pool, error);
  return TRUE;
}

static gboolean
take_change (Pool *pool, FileTask *task, const char *json)
{
  GError *error = NULL;

  if (!task->awaits_change || !outcome_take_change (&task->outcome, json))
    return FALSE;
  task->awaits_change = FALSE;
  if (!pool_cache_store_change (pool->options, task, &error))
    stop_with_error (pool, error);
  return TRUE;
}

/* Sets @is_known if a server was asked what its file is, and the cache has all about
 * it. */
static gboolean
take_stamp (
    Pool *pool, FileTask *task, const WireMessage *message, gboolean *is_known)
{
  const gboolean looks = task->looks;

  if (!pool_cache_take_stamp (task, message))
    return FALSE;
  *is_known = looks && pool_cache_look_up (pool->options, task) &&
      !needs_worker (pool, task);
  return TRUE;
}

static gboolean
on_answer (FileTask *task, const WireMessage *message, gboolean *is_last,
    gpointer user_data)
{
  gboolean ok;

  if (message->kind == WIRE_STAMP)
    return take_stamp (user_data, task, message, is_last);
  ok = message->kind == WIRE_RESULT
      ? take_result (user_data, task, message->data)
      : message->kind == WIRE_CHANGE &&
          take_change (user_data, task, message->data);

  *is_last = ok && !task->awaits_change;
  return ok;
}

static void
on_answered (FileTask *task, gpointer user_data)
{
  finish_task (user_data, task);
}

static void
on_ended (WorkerProcess *worker, FileTask *task, Reason reason,
    const char *sentence, gpointer user_data)
{
  Pool *pool = user_data;

  if (task && !pool->stopping) {
    fail_task (task, reason, sentence);
    finish_task (pool, task);
  }
  g_ptr_array_remove (pool->workers, worker);
  schedule_pump (pool);
}

static const WorkerProcessFuncs worker_funcs = { on_answer, on_answered,
  on_ended };

static WorkerProcess *
find_idle_worker (Pool *pool)
{
  GError *error = NULL;
  WorkerProcess *worker;

  for (guint i = 0; i < pool->workers->len; i++) {
    worker = g_ptr_array_index (pool->workers, i);
    if (worker_process_is_idle (worker))
      return worker;
  }
  if (pool->workers->len >= (guint) pool->options->jobs)
    return NULL;
  worker = worker_process_new (pool->options, &worker_funcs, pool, &error);
  if (worker)
    g_ptr_array_add (pool->workers, worker);
  else
    stop_with_error (pool, error);
  return worker;
}

/* From the listing to the workers */

static void
send_task (WorkerProcess *worker, FileTask *task)
{
  task->n_tries += !task->outcome.result;
  worker_process_send (worker, task);
}

/* Sends what is ready for a worker.  FALSE if there are not workers enough. */
static gboolean
send_waiting (Pool *pool)
{
  while (pool->to_write.length > 0 || pool->waiting) {
    WorkerProcess *worker = pool->alone ? NULL : find_idle_worker (pool);
    FileTask *task;

    if (!worker)
      return FALSE;
    task = g_queue_pop_head (&pool->to_write);
    send_task (worker, task ? task : g_steal_pointer (&pool->waiting));
  }
  return TRUE;
}

/* Whether there is at most one process, which has nothing to do.  If all have nothing
 * to do the others are ended, for their memory. */
static gboolean
make_room_for_one (Pool *pool)
{
  const GPtrArray *workers = pool->workers;

  for (guint i = 0; i < workers->len; i++)
    if (worker_process_get_task (workers->pdata[i]))
      return FALSE;
  for (guint i = 1; i < workers->len; i++)
    if (worker_process_is_idle (workers->pdata[i]))
      worker_process_end (workers->pdata[i]);
  return workers->len == 0 ||
      (workers->len == 1 && worker_process_is_idle (workers->pdata[0]));
}

/* Sends what has failed before, as nothing else can be begun. */
static void
send_again (Pool *pool)
{
  FileTask *task;

  while (!pool->alone && (task = g_queue_peek_head (&pool->to_retry))) {
    WorkerProcess *worker;

    if ((task->alone && !make_room_for_one (pool)) ||
        !(worker = find_idle_worker (pool)))
      return;
    g_queue_pop_head (&pool->to_retry);
    if (pool->to_retry.length == 0)
      pool->n_put_off = 0;
    if (task->alone)
      pool->alone = task;
    send_task (worker, task);
  }
}

/* Whether the window may be longer: what is at its head would wait for ever if the
 * listing did not go on.  What is to be tried again does not wait for ever if the
 * listing always has more, and results that are handed on make room. */
static gboolean
has_room (Pool *pool)
{
  const FileTask *head = g_queue_peek_head (&pool->window);

  if (pool->options->unordered && pool->n_put_off >= POOL_WINDOW)
    return FALSE;
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
      /* what it has given is done nevertheless */
      if (!pool->error)
        (void) listing_check (pool->listing, &pool->error);
      return FALSE;
    case LISTING_LATER:
      return FALSE;
    case LISTING_ITEM:
      break;
  }
  pool->n_put_off += pool->to_retry.length > 0;
  task = g_new0 (FileTask, 1);
  task->item = item;
  pool_cache_find_stamp (pool->options, task);
  g_queue_push_tail (&pool->window, task);
  task->link = pool->window.tail;
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
    if (!send_waiting (pool))
      return;
    if (!begin_file (pool)) {
      send_again (pool);
      return;
    }
  }
  /* what else there is has its turn; but for what has ended nothing is to be done, and
   * a pump that goes on and on would keep time-outs from coming */
  if (!pool->stopping)
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
  g_queue_clear (&pool.to_retry);
  g_queue_clear (&pool.done);
  g_queue_clear_full (&pool.window, (GDestroyNotify) file_task_free);
  if (pool.error) {
    g_propagate_error (error, pool.error);
    return -1;
  }
  return pool.signal;
}
