/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Where a worker's process comes from: it is a copy of this one, which shares the
 * libraries, GStreamer's registry and the model that are loaded already, or it loads
 * all of that itself. */

#pragma once

#include <glib.h>

typedef struct
{
  GPid pid; /* 0: there is none */
  int in;   /* its stdin */
  int out;  /* its stdout */
} WorkerChild;

/* Makes a worker of a copy of this process, which must not have opened a database.  Files
 * that are closed by exec() are closed in it.  @child: set to it, or left without one if
 * there is no copy to be had, as this process has other threads; worker_child_spawn() does
 * without. */
void worker_child_fork (WorkerChild *child);

/* Runs the program anew, as a worker.  @child: set to it.  FALSE with @error set. */
gboolean worker_child_spawn (WorkerChild *child, GError **error);

/* Gives what is in @child, which may be NULL and has none then. */
WorkerChild worker_child_steal (WorkerChild *child);

/* Kills one that was given no file, and waits for its end; nothing if there is none. */
void worker_child_end (WorkerChild *child);
