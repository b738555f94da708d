/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "genreworker.h"

struct _GenreWorker
{
  GenreWorkerFunc func;
  GDestroyNotify free_job;
  gpointer user_data;
  guint max_waiting;
  GThread *thread;

  GMutex lock;
  GCond changed; /* of anything below */
  GQueue jobs;
  gboolean busy;
  gboolean flushing;
  gboolean flushed; /* since the job under way began */
  gboolean quit;
};

static gpointer
run (gpointer data)
{
  GenreWorker *worker = data;

  g_mutex_lock (&worker->lock);
  for (;;) {
    gpointer job;

    while (!worker->quit && g_queue_is_empty (&worker->jobs))
      g_cond_wait (&worker->changed, &worker->lock);
    if (worker->quit)
      break;
    job = g_queue_pop_head (&worker->jobs);
    worker->busy = TRUE;
    worker->flushed = FALSE;
    g_cond_broadcast (&worker->changed);
    g_mutex_unlock (&worker->lock);

    worker->func (job, worker->user_data);
    worker->free_job (job);

    g_mutex_lock (&worker->lock);
    worker->busy = FALSE;
    g_cond_broadcast (&worker->changed);
  }
  g_mutex_unlock (&worker->lock);
  return NULL;
}

GenreWorker *
genre_worker_new (const char *name, guint max_waiting, GenreWorkerFunc func,
    GDestroyNotify free_job, gpointer user_data)
{
  GenreWorker *worker = g_new0 (GenreWorker, 1);

  worker->func = func;
  worker->free_job = free_job;
  worker->user_data = user_data;
  worker->max_waiting = max_waiting;
  g_mutex_init (&worker->lock);
  g_cond_init (&worker->changed);
  g_queue_init (&worker->jobs);
  worker->thread = g_thread_new (name, run, worker);
  return worker;
}

void
genre_worker_free (GenreWorker *worker)
{
  if (!worker)
    return;
  genre_worker_flush_start (worker);
  g_mutex_lock (&worker->lock);
  worker->quit = TRUE;
  g_cond_broadcast (&worker->changed);
  g_mutex_unlock (&worker->lock);
  g_thread_join (worker->thread);
  g_queue_clear_full (&worker->jobs, worker->free_job);
  g_cond_clear (&worker->changed);
  g_mutex_clear (&worker->lock);
  g_free (worker);
}

gboolean
genre_worker_push (GenreWorker *worker, gpointer job)
{
  gboolean taken;

  g_mutex_lock (&worker->lock);
  while (!worker->flushing && worker->jobs.length >= worker->max_waiting)
    g_cond_wait (&worker->changed, &worker->lock);
  taken = !worker->flushing;
  if (taken) {
    g_queue_push_tail (&worker->jobs, job);
    g_cond_broadcast (&worker->changed);
  }
  g_mutex_unlock (&worker->lock);
  if (!taken)
    worker->free_job (job);
  return taken;
}

guint
genre_worker_push_dropping (
    GenreWorker *worker, gpointer job, gboolean (*can_drop) (gconstpointer job))
{
  gpointer dropped = NULL;
  guint n_dropped = 0;

  g_mutex_lock (&worker->lock);
  if (worker->flushing) {
    dropped = job;
  } else {
    if (worker->jobs.length >= worker->max_waiting) {
      for (GList *l = worker->jobs.head; l; l = l->next) {
        if (can_drop (l->data)) {
          dropped = l->data;
          g_queue_delete_link (&worker->jobs, l);
          n_dropped = 1;
          break;
        }
      }
    }
    g_queue_push_tail (&worker->jobs, job);
    g_cond_broadcast (&worker->changed);
  }
  g_mutex_unlock (&worker->lock);
  if (dropped)
    worker->free_job (dropped);
  return n_dropped;
}

gboolean
genre_worker_is_full (GenreWorker *worker)
{
  gboolean full;

  g_mutex_lock (&worker->lock);
  full = worker->jobs.length >= worker->max_waiting;
  g_mutex_unlock (&worker->lock);
  return full;
}

gboolean
genre_worker_drain (GenreWorker *worker)
{
  gboolean done;

  g_mutex_lock (&worker->lock);
  while (
      !worker->flushing && (worker->busy || !g_queue_is_empty (&worker->jobs)))
    g_cond_wait (&worker->changed, &worker->lock);
  done = !worker->flushing;
  g_mutex_unlock (&worker->lock);
  return done;
}

void
genre_worker_flush_start (GenreWorker *worker)
{
  GQueue jobs;

  g_mutex_lock (&worker->lock);
  worker->flushing = TRUE;
  worker->flushed = TRUE;
  jobs = worker->jobs;
  g_queue_init (&worker->jobs);
  g_cond_broadcast (&worker->changed);
  g_mutex_unlock (&worker->lock);
  g_queue_clear_full (&jobs, worker->free_job);
}

void
genre_worker_flush_stop (GenreWorker *worker)
{
  g_mutex_lock (&worker->lock);
  /* a job whose message has a handler that seeks must not wait for itself */
  while (worker->busy && g_thread_self () != worker->thread)
    g_cond_wait (&worker->changed, &worker->lock);
  worker->flushing = FALSE;
  g_mutex_unlock (&worker->lock);
}

gboolean
genre_worker_is_current (GenreWorker *worker)
{
  gboolean current;

  g_mutex_lock (&worker->lock);
  current = !worker->flushed;
  g_mutex_unlock (&worker->lock);
  return current;
}
