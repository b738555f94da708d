/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "workeroutput.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "forkprotocol.h"

/* all that a worker may write, bytes; the longest answer is far below */
#define MAX_OUTPUT (64 << 20)
/* one JSON message, bytes; days of audio need less */
#define MAX_JSON (16 << 20)
#define READ_SIZE 16384

struct _WorkerOutput
{
  int fd;
  WorkerSegmentFunc segment;
  gpointer user_data;
  WorkerOutputState state;
  GByteArray *unparsed; /* the beginning of a message that is not all here */
  gsize n_read;         /* bytes in all */
  Result *result;
  GBytes *data;
};

WorkerOutput *
worker_output_new (int fd, WorkerSegmentFunc segment, gpointer user_data)
{
  WorkerOutput *output = g_new0 (WorkerOutput, 1);

  output->fd = fd;
  output->segment = segment;
  output->user_data = user_data;
  output->unparsed = g_byte_array_new ();
  return output;
}

void
worker_output_free (WorkerOutput *output)
{
  if (!output)
    return;
  close (output->fd);
  g_byte_array_unref (output->unparsed);
  result_free (output->result);
  g_clear_pointer (&output->data, g_bytes_unref);
  g_free (output);
}

static void
take_result (
    WorkerOutput *output, WorkerMessage kind, const guint8 *data, gsize size)
{
  g_autofree char *json = NULL;
  g_autoptr (Result) result = NULL;

  if (size <= MAX_JSON) {
    json = g_strndup ((const char *) data, size);
    result = result_from_json (json, NULL);
  }
  if (!result || (kind == WORKER_SEGMENT && result->segments->len != 1)) {
    output->state = WORKER_OUTPUT_INVALID;
  } else if (kind == WORKER_SEGMENT) {
    output->segment (result, output->user_data);
  } else {
    output->result = g_steal_pointer (&result);
    output->state = WORKER_OUTPUT_COMPLETE;
  }
}

static void
take_message (
    WorkerOutput *output, guint32 kind, const guint8 *data, gsize size)
{
  switch (kind) {
    case WORKER_SEGMENT:
    case WORKER_RESULT:
      take_result (output, kind, data, size);
      break;
    case WORKER_IMAGE:
    case WORKER_TEXT:
      output->data = g_bytes_new (data, size);
      output->state = WORKER_OUTPUT_COMPLETE;
      break;
    default:
      output->state = WORKER_OUTPUT_INVALID;
  }
}

/* Takes the messages that are here in full. */
static void
take_messages (WorkerOutput *output)
{
  WorkerHeader header;
  gsize at = 0;

  while (output->state == WORKER_OUTPUT_OPEN &&
      output->unparsed->len - at >= sizeof header) {
    memcpy (&header, output->unparsed->data + at, sizeof header);
    if (header.size > MAX_OUTPUT) {
      output->state = WORKER_OUTPUT_INVALID;
      break;
    }
    if (output->unparsed->len - at - sizeof header < header.size)
      break;
    at += sizeof header;
    take_message (
        output, header.kind, output->unparsed->data + at, header.size);
    at += header.size;
  }
  g_byte_array_remove_range (output->unparsed, 0, at);
}

WorkerOutputState
worker_output_read (WorkerOutput *output)
{
  guint8 buffer[READ_SIZE];

  while (output->state == WORKER_OUTPUT_OPEN) {
    gssize n = read (output->fd, buffer, sizeof buffer);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0 && errno == EAGAIN)
      break;
    if (n <= 0) {
      output->state = WORKER_OUTPUT_ENDED;
      break;
    }
    output->n_read += n;
    if (output->n_read > MAX_OUTPUT) {
      output->state = WORKER_OUTPUT_INVALID;
      break;
    }
    g_byte_array_append (output->unparsed, buffer, n);
    take_messages (output);
  }
  return output->state;
}

int
worker_output_get_fd (WorkerOutput *output)
{
  return output->fd;
}

WorkerOutputState
worker_output_get_state (const WorkerOutput *output)
{
  return output->state;
}

Result *
worker_output_get_result (const WorkerOutput *output)
{
  return output->result;
}

GBytes *
worker_output_get_data (const WorkerOutput *output)
{
  return output->data;
}
