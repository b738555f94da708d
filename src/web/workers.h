/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The worker processes of the fork server.  One that has ended a file as it should is
 * kept for a moment, and then gets the next file of the same client: a process for each
 * file costs a third of what a short file costs.
 *
 * What keeps clients apart: a file may take its process over and lie from then on, so a
 * worker that is kept sees files of one client only.  It ends after some files, after
 * a moment without one, and after anything unusual: what it has written tells the
 * service (jobs.c), and its own state tells itself (forkserver.c), whereupon it closes
 * its socket before its answer is complete.  An answer that names a fault of the file's
 * is never the work of a process that goes on. */

#pragma once

#include "forkclient.h"

typedef struct _Workers Workers;
typedef struct _Worker Worker;

/* @client must live longer.  @max_idle: how many may be kept.  @cpu_seconds:
 * processor time that a file may use. */
Workers *workers_new (ForkClient *client, guint max_idle, guint cpu_seconds);
/* Workers that are at work run on until the fork client is freed. */
void workers_free (Workers *workers);

/**
 * workers_take:
 * @owner: whose file it is for
 * @fresh: it must be a process that has seen no file
 *
 * Returns: (transfer full) (nullable): a worker that was kept for @owner, or a new
 *     one, to be given back by worker_keep() or worker_forget(); %NULL if there is no
 *     fork server, or no socket
 */
Worker *workers_take (Workers *workers, const char *owner, gboolean fresh);
/* Kills all that are kept. */
void workers_clear (Workers *workers);
/* The worker that has this id has ended, and is not at work: it is forgotten if it was
 * kept. */
void workers_note_exit (Workers *workers, guint32 id);

/* Unique among those that there are; not 0. */
guint32 worker_get_id (const Worker *worker);
/* Whether it has had a file before the one that it was taken for. */
gboolean worker_is_used (const Worker *worker);
/* Sends a file, @fds: its input and its output.  FALSE if the worker is gone. */
gboolean
worker_send (Worker *worker, const ForkRequest *request, const int *fds);
/* Has it killed, stopped or go on. */
void worker_signal (Worker *worker, ForkOrderKind kind);
/* It has ended its file, and is kept for the next one of its owner's; or killed, if it
 * has had enough of them or will not go on. */
void worker_keep (Worker *worker);
/* Frees it; the process ends as its socket is closed, if it has not ended. */
void worker_forget (Worker *worker);
