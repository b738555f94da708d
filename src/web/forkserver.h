/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The fork server: a process that has loaded every decoder and model, and on demand
 * forks a worker that has them at once and can open nothing any more.  It has one
 * thread, serves one socket, and ends with it.
 *
 * On the socket (SOCK_SEQPACKET) it first sends its models, then takes ForkRequests
 * and answers each but FORK_KILL with a ForkExit.  A worker writes to its output
 * messages of a WorkerHeader and as many bytes as that says. */

#pragma once

#include <glib.h>

/* the descriptor of its socket, when it starts */
#define FORKSERVER_SOCKET 3
/* of a packet that it sends or takes */
#define FORKSERVER_MAX_PACKET 65536

typedef enum
{
  FORK_PREDICT,
  FORK_SPECTROGRAM,
  FORK_SELF_TEST, /* without input: what the sandbox refuses */
  FORK_KILL
} ForkTask;

/* With two descriptors for a worker: its input, the file, and its output, a pipe. */
typedef struct
{
  guint32 id; /* of the worker, chosen by the sender */
  guint32 task;
  guint32 model;        /* index into the models */
  guint32 cpu_seconds;  /* that the worker may use */
  guint64 max_duration; /* ns; 0: all is analysed */
} ForkRequest;

typedef struct
{
  guint32 id;
  gint32 status; /* as waitpid() gives it; -1 if it could not be forked */
} ForkExit;

typedef struct
{
  guint32 kind; /* WorkerMessage */
  guint32 size; /* bytes that follow */
} WorkerHeader;

typedef enum
{
  WORKER_SEGMENT, /* a Result as JSON, with this segment only */
  WORKER_RESULT,  /* the Result as JSON: an answer or an error */
  WORKER_IMAGE,   /* the bytes of a PNG file */
  WORKER_TEXT     /* of the self-test */
} WorkerMessage;

/* Runs the fork server; gives the exit status. */
int forkserver_main (void);
