/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Reads what a worker process writes to its pipe.  A malicious file may have
 * taken the worker over, so everything is checked and bounded. */

#pragma once

#include "analysis/result.h"

typedef struct _WorkerOutput WorkerOutput;

typedef enum
{
  WORKER_OUTPUT_OPEN,     /* more may come */
  WORKER_OUTPUT_COMPLETE, /* the result or the data is here */
  WORKER_OUTPUT_INVALID,  /* it is not what a sound worker writes */
  WORKER_OUTPUT_ENDED     /* the pipe was closed before it was complete */
} WorkerOutputState;

/* Called for each segment as it is classified; @result has that one segment. */
typedef void (*WorkerSegmentFunc) (const Result *result, gpointer user_data);

/* Reads from @fd, a non-blocking descriptor that it owns from now on. */
WorkerOutput *
worker_output_new (int fd, WorkerSegmentFunc segment, gpointer user_data);
void worker_output_free (WorkerOutput *output);

int worker_output_get_fd (WorkerOutput *output);
/* Reads what is there without waiting, and calls the segment function for what
 * it finds.  In any state but WORKER_OUTPUT_OPEN it does nothing. */
WorkerOutputState worker_output_read (WorkerOutput *output);
WorkerOutputState worker_output_get_state (const WorkerOutput *output);
/* (transfer none) (nullable): what the worker found, or why it found
 * nothing. */
Result *worker_output_get_result (const WorkerOutput *output);
/* (transfer none) (nullable): a PNG file, or the text of the self-test. */
GBytes *worker_output_get_data (const WorkerOutput *output);
