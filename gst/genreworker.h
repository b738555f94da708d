/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A thread that works off a short queue of jobs, in their order.  The streaming
 * thread pushes and drains; both can be interrupted by a flush from any thread.
 */

#pragma once

#include <glib.h>

typedef struct _GenreWorker GenreWorker;

/* Does one job, in the worker's thread, with no lock held. */
typedef void (*GenreWorkerFunc) (gpointer job, gpointer user_data);

/* @max_waiting: jobs that may wait behind the one that is being done
 * @free_job: frees a job once it is done or dropped */
GenreWorker *genre_worker_new (const char *name, guint max_waiting,
    GenreWorkerFunc func, GDestroyNotify free_job, gpointer user_data);
/* Drops what waits, lets the job under way end, and joins the thread; not to be
 * called from a job. */
void genre_worker_free (GenreWorker *worker);

/* Takes @job; blocks while the queue is full.  FALSE if it was flushed. */
gboolean genre_worker_push (GenreWorker *worker, gpointer job);
/* Takes @job even if the queue is full; then the oldest waiting job for which
 * @can_drop is TRUE makes room.  Gives the number of jobs dropped, 0 or 1. */
guint genre_worker_push_dropping (GenreWorker *worker, gpointer job,
    gboolean (*can_drop) (gconstpointer job));
gboolean genre_worker_is_full (GenreWorker *worker);
/* Waits until every job is done.  FALSE if it was flushed. */
gboolean genre_worker_drain (GenreWorker *worker);

/* Drops what waits and refuses more; returns at once. */
void genre_worker_flush_start (GenreWorker *worker);
/* Waits for the job that was under way, then accepts jobs again. */
void genre_worker_flush_stop (GenreWorker *worker);
/* For a job: FALSE once it was flushed, when its result is not wanted. */
gboolean genre_worker_is_current (GenreWorker *worker);
