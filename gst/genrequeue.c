/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "genrequeue.h"

#include "genredebug.h"

struct _GenreQueue
{
  GenreQueueFunc func;
  GDestroyNotify free_item;
  gpointer user_data;
  guint max_waiting;
  GstTaskPool *pool; /* or NULL: there is a thread of its own */
  GThread *thread;

  GMutex lock;
  GCond changed;      /* signals a change of any field below */
  GQueue waiting;     /* items */
  gboolean busy;      /* an item is being processed */
  GThread *processor; /* by this thread, then */
  gboolean scheduled; /* the pool has a task of ours */
  gboolean flushing;
  gboolean flushed; /* there was a flush since that item was popped */
  gboolean past;    /* and it has ended */
  gboolean quit;
};

/* Processes the oldest item; the lock is held, but not meanwhile. */
static void
process_next (GenreQueue *queue)
{
  gpointer item = g_queue_pop_head (&queue->waiting);

  queue->busy = TRUE;
  queue->processor = g_thread_self ();
  queue->flushed = FALSE;
  queue->past = FALSE;
  g_cond_broadcast (&queue->changed);
  g_mutex_unlock (&queue->lock);

  queue->func (item, queue->user_data);
  queue->free_item (item);

  g_mutex_lock (&queue->lock);
  queue->busy = FALSE;
  g_cond_broadcast (&queue->changed);
}

/* The queue's own thread. */
static gpointer
run (gpointer data)
{
  GenreQueue *queue = data;

  g_mutex_lock (&queue->lock);
  for (;;) {
    while (!queue->quit && g_queue_is_empty (&queue->waiting))
      g_cond_wait (&queue->changed, &queue->lock);
    if (queue->quit)
      break;
    process_next (queue);
  }
  g_mutex_unlock (&queue->lock);
  return NULL;
}

static void schedule (GenreQueue *queue);

/* A task of the pool: one item, so that the queues that share it take turns. */
static void
run_task (void *data)
{
  GenreQueue *queue = data;

  g_mutex_lock (&queue->lock);
  if (!g_queue_is_empty (&queue->waiting))
    process_next (queue);
  queue->scheduled = FALSE;
  schedule (queue);
  g_cond_broadcast (&queue->changed);
  /* nobody may free the queue before the lock is free: genre_queue_free() takes it */
  g_mutex_unlock (&queue->lock);
}

/* The same in a thread for it alone. */
static gpointer
run_in_thread (gpointer queue)
{
  run_task (queue);
  return NULL;
}

/* Gives the pool a task if there is an item and none is under way; the lock is
 * held. */
static void
schedule (GenreQueue *queue)
{
  g_autoptr (GError) error = NULL;
  GThread *thread;
  gpointer id;

  if (!queue->pool || queue->scheduled || g_queue_is_empty (&queue->waiting))
    return;
  queue->scheduled = TRUE;
  id = gst_task_pool_push (queue->pool, run_task, queue, &error);
  if (id)
    gst_task_pool_dispose_handle (queue->pool, id);
  if (!error)
    return;
  /* otherwise it would wait for ever */
  GST_WARNING ("The task pool gives no thread: %s", error->message);
  thread = g_thread_try_new ("genreclassify", run_in_thread, queue, NULL);
  if (thread) {
    g_thread_unref (thread);
    return;
  }
  /* nor does the machine: whoever is here works, and lets others wait */
  while (!g_queue_is_empty (&queue->waiting))
    process_next (queue);
  queue->scheduled = FALSE;
  g_cond_broadcast (&queue->changed);
}

GenreQueue *
genre_queue_new (const char *name, GstTaskPool *pool, guint max_waiting,
    GenreQueueFunc func, GDestroyNotify free_item, gpointer user_data,
    GError **error)
{
  GenreQueue *queue = g_new0 (GenreQueue, 1);

  queue->func = func;
  queue->free_item = free_item;
  queue->user_data = user_data;
  queue->max_waiting = max_waiting;
  g_mutex_init (&queue->lock);
  g_cond_init (&queue->changed);
  g_queue_init (&queue->waiting);
  if (pool)
    queue->pool = gst_object_ref (pool);
  else
    queue->thread = g_thread_try_new (name, run, queue, error);
  if (!queue->pool && !queue->thread)
    g_clear_pointer (&queue, genre_queue_free);
  return queue;
}

void
genre_queue_free (GenreQueue *queue)
{
  if (!queue)
    return;
  genre_queue_flush_start (queue);
  g_mutex_lock (&queue->lock);
  queue->quit = TRUE;
  g_cond_broadcast (&queue->changed);
  while (queue->scheduled)
    g_cond_wait (&queue->changed, &queue->lock);
  g_mutex_unlock (&queue->lock);
  if (queue->thread)
    g_thread_join (queue->thread);
  g_clear_pointer (&queue->pool, gst_object_unref);
  g_queue_clear_full (&queue->waiting, queue->free_item);
  g_cond_clear (&queue->changed);
  g_mutex_clear (&queue->lock);
  g_free (queue);
}

static gboolean
is_full (const GenreQueue *queue)
{
  return queue->waiting.length >= queue->max_waiting;
}

gboolean
genre_queue_push (GenreQueue *queue, gpointer item)
{
  gboolean accepted;

  g_mutex_lock (&queue->lock);
  while (!queue->flushing && is_full (queue))
    g_cond_wait (&queue->changed, &queue->lock);
  accepted = !queue->flushing;
  if (accepted) {
    g_queue_push_tail (&queue->waiting, item);
    schedule (queue);
    g_cond_broadcast (&queue->changed);
  }
  g_mutex_unlock (&queue->lock);
  if (!accepted)
    queue->free_item (item);
  return accepted;
}

/* Removes the oldest item for which @can_drop is TRUE, if there is one. */
static gpointer
remove_oldest (GQueue *waiting, gboolean (*can_drop) (gconstpointer item))
{
  for (GList *l = waiting->head; l; l = l->next) {
    gpointer item = l->data;

    if (can_drop (item)) {
      g_queue_delete_link (waiting, l);
      return item;
    }
  }
  return NULL;
}

gpointer
genre_queue_push_dropping (
    GenreQueue *queue, gpointer item, gboolean (*can_drop) (gconstpointer item))
{
  gpointer dropped = NULL;
  gboolean accepted;

  g_mutex_lock (&queue->lock);
  accepted = !queue->flushing;
  if (accepted) {
    if (is_full (queue))
      dropped = remove_oldest (&queue->waiting, can_drop);
    g_queue_push_tail (&queue->waiting, item);
    schedule (queue);
    g_cond_broadcast (&queue->changed);
  }
  g_mutex_unlock (&queue->lock);
  if (!accepted)
    queue->free_item (item);
  return dropped;
}

gboolean
genre_queue_is_full (GenreQueue *queue)
{
  gboolean full;

  g_mutex_lock (&queue->lock);
  full = is_full (queue);
  g_mutex_unlock (&queue->lock);
  return full;
}

gboolean
genre_queue_drain (GenreQueue *queue)
{
  gboolean done;

  g_mutex_lock (&queue->lock);
  while (
      !queue->flushing && (queue->busy || !g_queue_is_empty (&queue->waiting)))
    g_cond_wait (&queue->changed, &queue->lock);
  done = !queue->flushing;
  g_mutex_unlock (&queue->lock);
  return done;
}

void
genre_queue_flush_start (GenreQueue *queue)
{
  GQueue dropped;

  g_mutex_lock (&queue->lock);
  queue->flushing = TRUE;
  queue->flushed = TRUE;
  dropped = queue->waiting;
  g_queue_init (&queue->waiting);
  g_cond_broadcast (&queue->changed);
  g_mutex_unlock (&queue->lock);
  g_queue_clear_full (&dropped, queue->free_item);
}

void
genre_queue_flush_stop (GenreQueue *queue)
{
  g_mutex_lock (&queue->lock);
  /* The handler of a message that an item has posted may seek; the queue's
   * thread must not wait for itself then. */
  while (queue->busy && g_thread_self () != queue->processor)
    g_cond_wait (&queue->changed, &queue->lock);
  queue->past = TRUE;
  queue->flushing = FALSE;
  g_mutex_unlock (&queue->lock);
}

gboolean
genre_queue_is_flushed (GenreQueue *queue)
{
  gboolean flushed;

  g_mutex_lock (&queue->lock);
  flushed = queue->flushed;
  g_mutex_unlock (&queue->lock);
  return flushed;
}

gboolean
genre_queue_is_past (GenreQueue *queue)
{
  gboolean past;

  g_mutex_lock (&queue->lock);
  past = queue->past;
  g_mutex_unlock (&queue->lock);
  return past;
}
