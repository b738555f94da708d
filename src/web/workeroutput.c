/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "workeroutput.h"

#include <unistd.h>

#include "analysis/peaks.h"

/* all that a worker may write, bytes; the longest answer is far below */
#define MAX_OUTPUT (64 << 20)
/* one Result as JSON, bytes; days of audio need less */
#define MAX_JSON (16 << 20)

struct _WorkerOutput
{
  int fd;
  WireKind expected;
  WorkerSegmentFunc segment;
  gpointer user_data;
  WorkerOutputState state;
  WireReader *reader;
  Result *result;
  GBytes *data;
};

WorkerOutput *
worker_output_new (
    int fd, WireKind expected, WorkerSegmentFunc segment, gpointer user_data)
{
  WorkerOutput *output = g_new0 (WorkerOutput, 1);

  output->fd = fd;
  output->expected = expected;
  output->segment = segment;
  output->user_data = user_data;
  output->reader = wire_reader_new (MAX_OUTPUT);
  return output;
}

void
worker_output_free (WorkerOutput *output)
{
  if (!output)
    return;
  close (output->fd);
  wire_reader_free (output->reader);
  result_free (output->result);
  g_clear_pointer (&output->data, g_bytes_unref);
  g_free (output);
}

static Result *
parse_result (const WireMessage *message)
{
  return message->size <= MAX_JSON ? result_from_json (message->data, NULL)
                                   : NULL;
}

static WorkerOutputState
take_segment (WorkerOutput *output, const WireMessage *message)
{
  g_autoptr (Result) result = parse_result (message);

  if (!result || result->segments->len != 1 || output->expected != WIRE_RESULT)
    return WORKER_OUTPUT_INVALID;
  output->segment (result, output->user_data);
  return WORKER_OUTPUT_OPEN;
}

static WorkerOutputState
take_result (WorkerOutput *output, const WireMessage *message)
{
  g_autoptr (Result) result = parse_result (message);

  if (!result || (!result->error && output->expected != WIRE_RESULT))
    return WORKER_OUTPUT_INVALID;
  output->result = g_steal_pointer (&result);
  return WORKER_OUTPUT_COMPLETE;
}

static WorkerOutputState
take_data (WorkerOutput *output, const WireMessage *message)
{
  if (message->kind != output->expected)
    return WORKER_OUTPUT_INVALID;
  if (message->kind == WIRE_WAVEFORM) {
    g_autoptr (Peaks) peaks = peaks_from_data (message->data, message->size);

    if (!peaks)
      return WORKER_OUTPUT_INVALID;
  }
  output->data = g_bytes_new (message->data, message->size);
  return WORKER_OUTPUT_COMPLETE;
}

static WorkerOutputState
take_message (WorkerOutput *output, const WireMessage *message)
{
  switch (message->kind) {
    case WIRE_SEGMENT:
      return take_segment (output, message);
    case WIRE_RESULT:
      return take_result (output, message);
    case WIRE_IMAGE:
    case WIRE_WAVEFORM:
    case WIRE_SELF_TEST:
      return take_data (output, message);
    default:
      return WORKER_OUTPUT_INVALID;
  }
}

WorkerOutputState
worker_output_read (WorkerOutput *output)
{
  WireMessage message;

  while (output->state == WORKER_OUTPUT_OPEN) {
    switch (wire_reader_next (output->reader, output->fd, &message)) {
      case WIRE_MESSAGE:
        output->state = take_message (output, &message);
        break;
      case WIRE_LATER:
        return output->state;
      case WIRE_END:
      case WIRE_CUT:
        /* the worker's exit status tells why */
        output->state = WORKER_OUTPUT_ENDED;
        break;
      case WIRE_INVALID:
        output->state = WORKER_OUTPUT_INVALID;
        break;
    }
    if (wire_reader_get_n_bytes (output->reader) > MAX_OUTPUT)
      output->state = WORKER_OUTPUT_INVALID;
  }
  return output->state;
}

WorkerOutputState
worker_output_get_state (const WorkerOutput *output)
{
  return output->state;
}

const Result *
worker_output_get_result (const WorkerOutput *output)
{
  return output->result;
}

GBytes *
worker_output_get_data (const WorkerOutput *output)
{
  return output->data;
}
