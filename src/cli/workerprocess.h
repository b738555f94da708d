/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A worker as its parent sees it: what it is sent, how its answers come, and how it
 * ends.  See worker.h for what the other side does. */

#pragma once

#include "analysis/wire.h"
#include "poolprivate.h"

typedef struct _WorkerProcess WorkerProcess;

typedef struct
{
  /* An answer, but a sign of life, about the file that the worker has.  Sets
   * @is_last if no other follows; the worker is idle then.  FALSE if it is not what a
   * worker sends. */
  gboolean (*answer) (FileTask *task, const WireMessage *message,
      gboolean *is_last, gpointer user_data);
  /* All that was asked about the file is answered. */
  void (*answered) (FileTask *task, gpointer user_data);
  /* It has ended; @worker is to be freed.  @task: the file that it had, or NULL, and
   * why there will be no answer. */
  void (*ended) (WorkerProcess *worker, FileTask *task, Reason reason,
      const char *sentence, gpointer user_data);
} WorkerProcessFuncs;

/* Starts one; NULL with @error set.  @options and @funcs must outlive it. */
WorkerProcess *worker_process_new (const PoolOptions *options,
    const WorkerProcessFuncs *funcs, gpointer user_data, GError **error);

/* Kills it, if it is still there, and waits for its end: but not while it writes a
 * file. */
void worker_process_free (WorkerProcess *worker);

/* Whether it can take a file: it has none, and is not about to end. */
gboolean worker_process_is_idle (const WorkerProcess *worker);
/* The file that it has, or NULL. */
FileTask *worker_process_get_task (const WorkerProcess *worker);

/* Sends what is known of a file, for what is not.  One that has just died does not take
 * it; that ended() will tell. */
void worker_process_send (WorkerProcess *worker, FileTask *task);

/* Asks it to end, once it has finished a file that it is writing. */
void worker_process_end (WorkerProcess *worker);
