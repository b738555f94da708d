/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the service and its fork server say to each other.
 *
 * They share a socket of whole packets (SOCK_SEQPACKET).  The fork server first
 * sends one JSON object, its hello: {"models": [...], "about": {...}}, or {"error": "a
 * sentence"} if it could not start.  It is longer than a packet can be if there are many
 * models: a packet with its length, a guint32, comes before it, and as many as it needs
 * with its text.  Then the service sends ForkOrders, and the fork server sends one
 * ForkExit for each worker when it has ended.
 *
 * With each worker the service shares a socket of the same kind, over which it sends
 * ForkRequests, one after the other: the next one when the output of the last one is
 * complete.  The worker sends nothing there.  It closes its end before that output is
 * complete if it takes no further file, and ends when the other end is closed.
 *
 * All are plain structures: the processes run the same program. */

#pragma once

#include <glib.h>

/* the number that the fork server's end of the socket has when it starts, and in a
 * worker its own */
#define FORK_SOCKET 3
/* the longest packet, bytes; only those of the hello are ever that long */
#define FORK_MAX_PACKET 65536
/* the longest hello, bytes */
#define FORK_MAX_HELLO (16 * 1024 * 1024)

/* exit status of a worker that could not get enough memory */
#define FORK_OUT_OF_MEMORY 3
/* exit status of a worker that could not start a thread, though there was memory */
#define FORK_NO_THREAD 4

typedef enum
{
  FORK_PREDICT,     /* classify the file */
  FORK_EMBED,       /* the same, for the embedding that comes of it */
  FORK_SPECTROGRAM, /* draw its mel spectrogram */
  FORK_WAVEFORM,    /* find the peaks of its waveform */
  FORK_SELF_TEST    /* try what the sandbox must refuse; there is no file */
} ForkTask;

/* What a worker is to do.  Two descriptors come with the packet: its input, a file open
 * for reading, and its output, the writing end of a pipe, into which it writes messages
 * of analysis/wire.h. */
typedef struct
{
  guint32 task;         /* ForkTask */
  guint32 model;        /* index into the models of the hello */
  guint64 max_duration; /* ns of audio to analyse; 0: all of it */
} ForkRequest;

typedef enum
{
  FORK_START, /* a worker that has this id; its end of its socket comes with the
                 packet */
  FORK_KILL,  /* kill it */
  FORK_PAUSE, /* stop it */
  FORK_RESUME /* let it go on */
} ForkOrderKind;

/* What is to happen with a worker. */
typedef struct
{
  guint32 id;   /* the service chooses it, and may use it again after the
                          ForkExit */
  guint32 kind; /* ForkOrderKind */
  guint32
      cpu_seconds; /* processor time that it may use for one file; some seconds
                          more are for the files before it */
} ForkOrder;

/* A worker has ended. */
typedef struct
{
  guint32 id;
  gint32 status; /* as waitpid() has it; -1: the worker could not be started */
} ForkExit;
