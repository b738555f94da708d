/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Reads what a worker process writes to its pipe (analysis/wire.h).  A
 * malicious file may have taken the worker over, so everything is checked and
 * bounded. */

#pragma once

#include "analysis/result.h"
#include "analysis/wire.h"

typedef struct _WorkerOutput WorkerOutput;

typedef enum
{
  WORKER_OUTPUT_OPEN,     /* more may come */
  WORKER_OUTPUT_COMPLETE, /* there is a result or data */
  WORKER_OUTPUT_INVALID,  /* it is not what a sound worker writes */
  WORKER_OUTPUT_ENDED     /* the pipe was closed before it was complete */
} WorkerOutputState;

/* Called for each segment as it is classified; @result has that one segment. */
typedef void (*WorkerSegmentFunc) (const Result *result, gpointer user_data);

/**
 * worker_output_new:
 * @fd: a non-blocking descriptor, which the output closes
 * @expected: what a successful worker writes in the end: %WIRE_RESULT,
 *     %WIRE_IMAGE, %WIRE_WAVEFORM or %WIRE_SELF_TEST.  A worker that has failed writes a
 *     %WIRE_RESULT with an error.
 * @segment: called for the segments before a %WIRE_RESULT
 *
 * Returns: (transfer full): the output
 */
WorkerOutput *worker_output_new (
    int fd, WireKind expected, WorkerSegmentFunc segment, gpointer user_data);
void worker_output_free (WorkerOutput *output);

/* Reads what is there without waiting, and calls the segment function for what
 * it finds.  In any state but WORKER_OUTPUT_OPEN it does nothing. */
WorkerOutputState worker_output_read (WorkerOutput *output);
WorkerOutputState worker_output_get_state (const WorkerOutput *output);
/* (transfer none) (nullable): what the worker found, or why it found
 * nothing. */
const Result *worker_output_get_result (const WorkerOutput *output);
/* (transfer none) (nullable): the image, the waveform (which
 * peaks_from_data() takes) or the findings of the self-test. */
GBytes *worker_output_get_data (const WorkerOutput *output);
