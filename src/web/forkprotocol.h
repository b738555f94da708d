/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the service and its fork server say to each other.
 *
 * They share a socket of whole packets (SOCK_SEQPACKET).  The fork server first
 * sends one JSON object, its hello: {"models": [...]}, or {"error": "a
 * sentence"} if it could not start.  Then the service sends ForkRequests, and
 * the fork server sends one ForkExit for each worker when it has ended.  Both
 * are plain structures: the two processes run the same program. */

#pragma once

#include <glib.h>

/* the number that the fork server's end of the socket has when it starts */
#define FORK_SOCKET 3
/* the longest packet, bytes; only the hello is ever that long */
#define FORK_MAX_PACKET 65536

typedef enum
{
  FORK_PREDICT,     /* classify the file */
  FORK_SPECTROGRAM, /* draw its mel spectrogram */
  FORK_WAVEFORM,    /* find the peaks of its waveform */
  FORK_SELF_TEST,   /* try what the sandbox must refuse; there is no file */
  FORK_KILL         /* kill the worker that has this id */
} ForkTask;

/* Starts a worker, or kills one.  Except with FORK_KILL, two descriptors
 * come with the packet: the worker's input, a file open for reading, and its
 * output, the writing end of a pipe, into which it writes messages of
 * analysis/wire.h. */
typedef struct
{
  guint32 id;           /* of the worker; the service chooses it, and may use it
                           again after the ForkExit */
  guint32 task;         /* ForkTask */
  guint32 model;        /* index into the models of the hello */
  guint32 cpu_seconds;  /* processor time that the worker may use */
  guint64 max_duration; /* ns of audio to analyse; 0: all of it */
} ForkRequest;

/* A worker has ended. */
typedef struct
{
  guint32 id;
  gint32 status; /* as waitpid() has it; -1: the worker could not be started */
} ForkExit;
