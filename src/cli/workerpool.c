/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "workerpool.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib-unix.h>

#include "io.h"

/* files that are looked at before the workers and signals are heard again */
#define FILES_AT_ONCE 200

typedef struct
{
  ListingItem *item;
  Outcome outcome; /* result is NULL as long as there is none */
  gboolean found;  /* the result is there, and the change will follow */
  gboolean done;
  struct stat info; /* before it was read */
  gboolean has_info;
} Job;

typedef struct _Pool Pool;

typedef struct
{
  Pool *pool;
  GPid pid;
  int in, out;
  guint out_source, timeout_source;
  GString *received; /* of a line */
  Job *job;          /* or NULL: it has nothing to do */
  gboolean timed_out;
} Worker;

struct _Pool
{
  const PoolOptions *options;
  PoolFunc func;
  gpointer user_data;
  GMainLoop *loop;
  Listing *listing;
  GPtrArray *workers; /* Worker */
  GQueue window;      /* Job, in the listing's order */
  Job *waiting;       /* the last of them, for which there is no worker yet */
  guint pump_source;
  gboolean listed;   /* all of them */
  gboolean stopping; /* no more is begun */
  int signal;
  GError *error;
};

static void schedule_pump (Pool *pool);

static void
job_free (Job *job)
{
  listing_item_free (job->item);
  outcome_clear (&job->outcome);
  g_free (job);
}

/* No more is begun, and what is under way is left. */
static void
stop (Pool *pool)
{
  if (pool->stopping)
    return;
  pool->stopping = TRUE;
  for (guint i = 0; i < pool->workers->len; i++)
    kill (((Worker *) g_ptr_array_index (pool->workers, i))->pid, SIGTERM);
  schedule_pump (pool);
}

static void
fail (Pool *pool, GError *error)
{
  if (pool->error)
    g_error_free (error);
  else
    pool->error = error;
  stop (pool);
}

/* The cache */

static gint64
get_mtime_ns (const struct stat *info)
{
  return info->st_mtim.tv_sec * G_GINT64_CONSTANT (1000000000) +
      info->st_mtim.tv_nsec;
}

static gboolean
look_up (Pool *pool, Job *job)
{
  const PoolOptions *options = pool->options;

  if (!options->cache || stat (job->item->name, &job->info) < 0)
    return FALSE;
  job->has_info = TRUE;
  job->outcome.result = cache_lookup (options->cache, job->item->name,
      job->info.st_size, get_mtime_ns (&job->info), options->cache_key);
  return job->outcome.result != NULL;
}

/* Other failures may be gone the next time. */
static void
store (Pool *pool, const Job *job)
{
  const Result *result = job->outcome.result;
  GError *error = NULL;

  if (job->has_info &&
      (!result->error || reason_is_no_audio (result->reason)) &&
      !cache_store (pool->options->cache, job->item->name, job->info.st_size,
          get_mtime_ns (&job->info), pool->options->cache_key, result, &error))
    fail (pool, error);
}

/* Once more, as the file that was written is another one. */
static void
store_changed (Pool *pool, Job *job)
{
  const TagChange *change = &job->outcome.change;
  Result *result = job->outcome.result;
  char *before;

  if (pool->options->worker.tags.dry_run || !job->has_info ||
      stat (job->item->name, &job->info) < 0)
    return;
  /* what is shown of this run is the genre that was there */
  before = result->old_genre;
  result->old_genre = change->new_genre;
  store (pool, job);
  result->old_genre = before;
}

/* Jobs */

static void
finish (Pool *pool, Job *job)
{
  Result *result = job->outcome.result;

  job->done = TRUE;
  result->may_skip = job->item->may_skip;
  schedule_pump (pool);
}

static void
finish_with_error (Pool *pool, Job *job, Reason reason, const char *sentence)
{
  result_free (job->outcome.result);
  job->outcome.result = result_new_error (job->item->name, reason, sentence);
  finish (pool, job);
}

/* Hands on what is done, and forgets it.  What is not done comes in between only
 * when the pool stops. */
static void
flush (Pool *pool)
{
  Job *job;

  while ((job = g_queue_peek_head (&pool->window)) &&
      (job->done || pool->stopping)) {
    g_queue_pop_head (&pool->window);
    if (job->done &&
        !pool->func (
            &job->outcome, listing_get_total (pool->listing), pool->user_data))
      stop (pool);
    job_free (job);
    /* there is room for the next */
    schedule_pump (pool);
  }
}

/* Workers */

static void
worker_free (Worker *worker)
{
  g_clear_handle_id (&worker->out_source, g_source_remove);
  g_clear_handle_id (&worker->timeout_source, g_source_remove);
  g_string_free (worker->received, TRUE);
  close (worker->in);
  close (worker->out);
  g_spawn_close_pid (worker->pid);
  g_free (worker);
}

static gboolean
on_timeout (gpointer data)
{
  Worker *worker = data;

  worker->timeout_source = 0;
  worker->timed_out = TRUE;
  kill (worker->pid, SIGKILL);
  return G_SOURCE_REMOVE;
}

/* What is known by then stays so. */
static void
fail_job (Worker *worker, Reason reason, const char *sentence)
{
  Job *job = worker->job;

  if (job->found) {
    job->outcome.has_change = TRUE;
    g_free (job->outcome.write_error);
    job->outcome.write_error = g_strdup (sentence);
    job->outcome.write_reason = reason;
  } else {
    result_free (job->outcome.result);
    job->outcome.result = result_new_error (job->item->name, reason, sentence);
  }
}

/* Later than all else, so that a sign of life that has come is seen first. */
static void
restart_timeout (Worker *worker)
{
  g_clear_handle_id (&worker->timeout_source, g_source_remove);
  if (worker->job)
    worker->timeout_source = g_timeout_add_seconds_full (G_PRIORITY_LOW,
        worker->pool->options->timeout, on_timeout, worker, NULL);
}

static void
take_result (Worker *worker, const char *json)
{
  Job *job = worker->job;
  Result *result = result_from_json (json, NULL);

  if (!result) {
    fail_job (worker, REASON_INTERNAL, "Its process answered with nonsense.");
    return;
  }
  result_free (job->outcome.result);
  job->outcome.result = result;
  result->may_skip = job->item->may_skip;
  store (worker->pool, job);
}

static void
take_change (Worker *worker, const char *json)
{
  Job *job = worker->job;

  if (!outcome_take_change (&job->outcome, json))
    fail_job (worker, REASON_INTERNAL, "Its process answered with nonsense.");
  else if (job->outcome.change.written)
    store_changed (worker->pool, job);
}

static void
take_line (Worker *worker, const char *line)
{
  Pool *pool = worker->pool;
  Job *job = worker->job;

  restart_timeout (worker);
  if (!job)
    return;
  if (*line == '+' || *line == '=')
    take_result (worker, line + 1);
  else if (*line == '*')
    take_change (worker, line + 1);
  if (*line == '=' || *line == '*') {
    worker->job = NULL;
    restart_timeout (worker);
    finish (pool, job);
  } else if (*line == '+') {
    job->found = TRUE;
  }
}

/* The process has ended: it was told to, or it must be said of its file. */
static void
bury (Worker *worker)
{
  Pool *pool = worker->pool;
  g_autofree char *sentence = NULL;
  Reason reason = REASON_DECODER_CRASHED;
  int status = 0;

  while (waitpid (worker->pid, &status, 0) < 0 && errno == EINTR)
    ;
  if (worker->timed_out) {
    reason = REASON_TIMEOUT;
    sentence = g_strdup_printf (
        "It was given up after %u s without progress.", pool->options->timeout);
  } else if (WIFSIGNALED (status)) {
    sentence = g_strdup_printf (
        "Its decoder crashed: %s.", g_strsignal (WTERMSIG (status)));
  } else {
    sentence = g_strdup_printf (
        "Its decoder ended the process, with status %d.", WEXITSTATUS (status));
  }
  if (worker->job && !pool->stopping) {
    fail_job (worker, reason, sentence);
    finish (pool, worker->job);
  }
  g_ptr_array_remove (pool->workers, worker);
  schedule_pump (pool);
}

static gboolean
on_readable (gint fd, GIOCondition condition, gpointer data)
{
  Worker *worker = data;
  char buffer[65536], *end;
  gssize n = read (fd, buffer, sizeof buffer);

  (void) condition;
  if (n < 0 && (errno == EINTR || errno == EAGAIN))
    return G_SOURCE_CONTINUE;
  if (n <= 0) {
    worker->out_source = 0;
    bury (worker);
    return G_SOURCE_REMOVE;
  }
  g_string_append_len (worker->received, buffer, n);
  while ((end = memchr (worker->received->str, '\n', worker->received->len))) {
    *end = '\0';
    take_line (worker, worker->received->str);
    g_string_erase (worker->received, 0, end + 1 - worker->received->str);
  }
  return G_SOURCE_CONTINUE;
}

static Worker *
worker_new (Pool *pool, GError **error)
{
  g_auto (GStrv) argv = worker_get_argv (&pool->options->worker);
  Worker *worker = g_new0 (Worker, 1);

  if (!g_spawn_async_with_pipes (NULL, argv, NULL,
          G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_CLOEXEC_PIPES, NULL, NULL,
          &worker->pid, &worker->in, &worker->out, NULL, error)) {
    g_free (worker);
    return NULL;
  }
  worker->pool = pool;
  worker->received = g_string_new (NULL);
  g_unix_set_fd_nonblocking (worker->out, TRUE, NULL);
  worker->out_source = g_unix_fd_add (
      worker->out, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable, worker);
  g_ptr_array_add (pool->workers, worker);
  return worker;
}

static Worker *
find_idle_worker (Pool *pool)
{
  GError *error = NULL;
  Worker *worker;

  for (guint i = 0; i < pool->workers->len; i++) {
    worker = g_ptr_array_index (pool->workers, i);
    if (!worker->job && !worker->timed_out)
      return worker;
  }
  if (pool->workers->len >= pool->options->jobs)
    return NULL;
  worker = worker_new (pool, &error);
  if (!worker)
    fail (pool, error);
  return worker;
}

/* A worker that has just died does not take it; its end will be noticed. */
static void
give (Worker *worker, Job *job)
{
  g_autoptr (Result) nothing = result_new (job->item->name);
  const Result *known = job->outcome.result;
  g_autofree char *json = result_to_json (known ? known : nothing, TRUE);
  g_autofree char *line = g_strconcat (json, "\n", NULL);

  worker->job = job;
  restart_timeout (worker);
  (void) io_write_all (worker->in, line, strlen (line));
}

/* The street */

/* Whether a result that was known is to be used by a worker. */
static gboolean
has_more_to_do (Pool *pool, const Job *job)
{
  const WorkerOptions *options = &pool->options->worker;

  return (options->plot || options->write) && !job->outcome.result->error;
}

/* Makes a job of the next file, unless it is none or has to wait.  Gives FALSE if
 * there is nothing to do now. */
static gboolean
begin (Pool *pool)
{
  ListingItem *item;
  Job *job;

  if (pool->listed || pool->window.length >= POOL_WINDOW)
    return FALSE;
  switch (listing_take (pool->listing, &item)) {
    case LISTING_END:
      pool->listed = TRUE;
      return FALSE;
    case LISTING_LATER:
      return FALSE;
    case LISTING_ITEM:
      break;
  }
  job = g_new0 (Job, 1);
  job->item = item;
  g_queue_push_tail (&pool->window, job);
  if (item->error) {
    finish_with_error (pool, job, item->reason, item->error);
  } else if (look_up (pool, job) && !has_more_to_do (pool, job)) {
    finish (pool, job);
  } else {
    pool->waiting = job;
  }
  return TRUE;
}

static gboolean
pump (gpointer data)
{
  Pool *pool = data;

  pool->pump_source = 0;
  for (guint i = 0; i < FILES_AT_ONCE && !pool->stopping; i++) {
    if (pool->waiting) {
      Worker *worker = find_idle_worker (pool);

      if (!worker)
        break;
      give (worker, g_steal_pointer (&pool->waiting));
    }
    if (!begin (pool))
      break;
    if (i == FILES_AT_ONCE - 1)
      schedule_pump (pool);
  }
  if (pool->stopping) {
    /* those that have not ended yet may still say something */
    if (pool->workers->len == 0) {
      flush (pool);
      g_main_loop_quit (pool->loop);
    }
  } else {
    flush (pool);
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
  /* the second time, at once; the workers follow */
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

  pool.workers = g_ptr_array_new_with_free_func ((GDestroyNotify) worker_free);
  pool.loop = g_main_loop_new (NULL, FALSE);
  pool.listing = listing_new (listing, on_more_listed, &pool, &pool.error);
  if (pool.listing) {
    schedule_pump (&pool);
    g_main_loop_run (pool.loop);
  }
  g_clear_handle_id (&pool.pump_source, g_source_remove);
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    g_source_remove (signals[i]);
  while (pool.workers->len > 0) {
    Worker *worker = g_ptr_array_index (pool.workers, 0);
    GPid pid = worker->pid;

    kill (pid, SIGTERM);
    g_ptr_array_remove_index (pool.workers, 0);
    waitpid (pid, NULL, 0);
  }
  g_ptr_array_unref (pool.workers);
  listing_free (pool.listing);
  g_main_loop_unref (pool.loop);
  g_queue_clear_full (&pool.window, (GDestroyNotify) job_free);
  if (pool.error) {
    g_propagate_error (error, pool.error);
    return -1;
  }
  return pool.signal;
}
