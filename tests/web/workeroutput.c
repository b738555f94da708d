/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a worker that a file has taken over may write to the service: nothing of
 * it is taken that a sound worker would not write. */

#include "web/workeroutput.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include <fcntl.h>
#include <glib-unix.h>

#include "analysis/peaks.h"

#define MIB (1 << 20)

/* One end of a pipe in a worker's hands; the other is read. */
typedef struct
{
  int fd; /* for writing; -1: closed */
  WorkerOutput *output;
  guint n_segments;
} Pipe;

static void
on_segment (const Result *result, gpointer user_data)
{
  g_assert_cmpuint (result->segments->len, ==, 1);
  ((Pipe *) user_data)->n_segments++;
}

static void
pipe_open (Pipe *pipe, WireKind expected)
{
  int fds[2];

  g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
  g_unix_set_fd_nonblocking (fds[0], TRUE, NULL);
  pipe->fd = fds[1];
  pipe->n_segments = 0;
  pipe->output = worker_output_new (fds[0], expected, on_segment, pipe);
}

static void
pipe_end (Pipe *pipe)
{
  close (pipe->fd);
  pipe->fd = -1;
}

static void
pipe_clear (Pipe *pipe)
{
  worker_output_free (pipe->output);
  if (pipe->fd >= 0)
    close (pipe->fd);
}

/* A Result with @n_segments, or with an error. */
static char *
make_result (const char *name, guint n_segments, Reason reason)
{
  g_autoptr (Result) result = reason == REASON_NONE
      ? result_new (name)
      : result_new_error (name, reason, "It is so.");

  for (guint i = 0; i < n_segments; i++) {
    ResultSegment segment = { .duration = 1, .silent = TRUE };

    g_array_append_val (result->segments, segment);
  }
  return result_to_json (result, RESULT_ALL);
}

static void
write_result (Pipe *pipe, WireKind kind, guint n_segments, Reason reason)
{
  g_autofree char *json = make_result ("file", n_segments, reason);

  g_assert_true (wire_write (pipe->fd, kind, json, strlen (json)));
}

static void
assert_state (Pipe *pipe, WorkerOutputState state)
{
  g_assert_cmpint (worker_output_read (pipe->output), ==, state);
  g_assert_cmpint (worker_output_get_state (pipe->output), ==, state);
}

static void
test_result (void)
{
  Pipe pipe;

  pipe_open (&pipe, WIRE_RESULT);
  assert_state (&pipe, WORKER_OUTPUT_OPEN);
  write_result (&pipe, WIRE_SEGMENT, 1, REASON_NONE);
  assert_state (&pipe, WORKER_OUTPUT_OPEN);
  g_assert_cmpuint (pipe.n_segments, ==, 1);
  write_result (&pipe, WIRE_SEGMENT, 1, REASON_NONE);
  write_result (&pipe, WIRE_RESULT, 2, REASON_NONE);
  /* too late */
  write_result (&pipe, WIRE_RESULT, 3, REASON_NONE);
  assert_state (&pipe, WORKER_OUTPUT_COMPLETE);
  assert_state (&pipe, WORKER_OUTPUT_COMPLETE);
  g_assert_cmpuint (pipe.n_segments, ==, 2);
  g_assert_cmpuint (
      worker_output_get_result (pipe.output)->segments->len, ==, 2);
  g_assert_null (worker_output_get_data (pipe.output));
  pipe_clear (&pipe);
}

static void
test_data (void)
{
  Pipe pipe;

  pipe_open (&pipe, WIRE_IMAGE);
  g_assert_true (wire_write (pipe.fd, WIRE_IMAGE, "PNG", 3));
  assert_state (&pipe, WORKER_OUTPUT_COMPLETE);
  g_assert_cmpuint (
      g_bytes_get_size (worker_output_get_data (pipe.output)), ==, 3);
  g_assert_null (worker_output_get_result (pipe.output));
  pipe_clear (&pipe);
}

static void
test_error (void)
{
  static const WireKind kinds[] = { WIRE_RESULT, WIRE_IMAGE, WIRE_SELF_TEST };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++) {
    Pipe pipe;

    pipe_open (&pipe, kinds[i]);
    write_result (&pipe, WIRE_RESULT, 0, REASON_TOO_SHORT);
    assert_state (&pipe, WORKER_OUTPUT_COMPLETE);
    g_assert_cmpint (
        worker_output_get_result (pipe.output)->reason, ==, REASON_TOO_SHORT);
    pipe_clear (&pipe);
  }
}

static void
test_end (void)
{
  Pipe pipe;

  pipe_open (&pipe, WIRE_RESULT);
  write_result (&pipe, WIRE_SEGMENT, 1, REASON_NONE);
  pipe_end (&pipe);
  assert_state (&pipe, WORKER_OUTPUT_ENDED);
  g_assert_null (worker_output_get_result (pipe.output));
  pipe_clear (&pipe);
}

/* A worker that is killed while it writes: its exit status says why. */
static void
test_cut (void)
{
  const guint32 header[] = { WIRE_RESULT, 100 };
  Pipe pipe;

  pipe_open (&pipe, WIRE_RESULT);
  g_assert_cmpint (
      write (pipe.fd, header, sizeof header), ==, (gssize) sizeof header);
  pipe_end (&pipe);
  assert_state (&pipe, WORKER_OUTPUT_ENDED);
  pipe_clear (&pipe);
}

/* Messages of the wrong kind, or with too many segments or none. */
static void
test_unexpected (void)
{
  static const struct
  {
    WireKind expected, kind;
    guint n_segments;
  } cases[] = {
    { WIRE_RESULT, WIRE_SEGMENT, 0 },
    { WIRE_RESULT, WIRE_SEGMENT, 2 },
    { WIRE_RESULT, WIRE_IMAGE, 1 },
    { WIRE_RESULT, WIRE_SELF_TEST, 1 },
    { WIRE_RESULT, WIRE_OPTIONS, 1 },
    { WIRE_RESULT, WIRE_CHANGE, 1 },
    { WIRE_RESULT, N_WIRE_KINDS, 1 },
    { WIRE_IMAGE, WIRE_RESULT, 1 },
    { WIRE_IMAGE, WIRE_SEGMENT, 1 },
    { WIRE_IMAGE, WIRE_SELF_TEST, 1 },
    { WIRE_SELF_TEST, WIRE_IMAGE, 1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    Pipe pipe;

    pipe_open (&pipe, cases[i].expected);
    write_result (&pipe, cases[i].kind, cases[i].n_segments, REASON_NONE);
    assert_state (&pipe, WORKER_OUTPUT_INVALID);
    g_assert_cmpuint (pipe.n_segments, ==, 0);
    g_assert_null (worker_output_get_result (pipe.output));
    g_assert_null (worker_output_get_data (pipe.output));
    pipe_clear (&pipe);
  }
}

static void
test_no_json (void)
{
  static const char *const bodies[] = { "", "{", "[]", "{}", "null",
    "{\"file\":1}" };

  for (guint i = 0; i < G_N_ELEMENTS (bodies); i++) {
    Pipe pipe;

    pipe_open (&pipe, WIRE_RESULT);
    g_assert_true (
        wire_write (pipe.fd, WIRE_RESULT, bodies[i], strlen (bodies[i])));
    assert_state (&pipe, WORKER_OUTPUT_INVALID);
    pipe_clear (&pipe);
  }
}

/* Writes long segments until the reader takes no more. */
static gpointer
write_endlessly (gpointer data)
{
  Pipe *pipe = data;
  g_autofree char *name = g_strnfill (MIB, 'x');
  g_autofree char *json = make_result (name, 1, REASON_NONE);

  while (wire_write (pipe->fd, WIRE_SEGMENT, json, strlen (json)))
    ;
  return NULL;
}

/* Segments without end are not taken for ever. */
static void
test_endless (void)
{
  GThread *thread;
  Pipe pipe;

  pipe_open (&pipe, WIRE_RESULT);
  thread = g_thread_new ("worker", write_endlessly, &pipe);
  while (worker_output_read (pipe.output) == WORKER_OUTPUT_OPEN)
    g_thread_yield ();
  assert_state (&pipe, WORKER_OUTPUT_INVALID);
  worker_output_free (g_steal_pointer (&pipe.output));
  g_thread_join (thread); /* its end is broken now */
  g_assert_cmpuint (pipe.n_segments, >, 20);
  pipe_clear (&pipe);
}

/* Nor is a size believed that is over the limit. */
static void
test_size (void)
{
  const guint32 header[2] = { WIRE_IMAGE, 65 * MIB };
  Pipe pipe;

  pipe_open (&pipe, WIRE_IMAGE);
  g_assert_cmpint (write (pipe.fd, header, sizeof header), ==, sizeof header);
  assert_state (&pipe, WORKER_OUTPUT_INVALID);
  pipe_clear (&pipe);
}

static void
assert_waveform (gconstpointer data, gsize size, WorkerOutputState state)
{
  Pipe pipe;

  pipe_open (&pipe, WIRE_WAVEFORM);
  g_assert_true (wire_write (pipe.fd, WIRE_WAVEFORM, data, size));
  assert_state (&pipe, state);
  pipe_clear (&pipe);
}

/* The numbers of a waveform are such as can be. */
static void
test_waveform (void)
{
  static const struct
  {
    double duration, length;
    float bin;
  } bad[] = {
    { 0, 3, 1 },
    { -1, 3, 1 },
    { NAN, 3, 1 },
    { INFINITY, 3, 1 },
    { 1, 0, 1 },
    { 1, -1, 1 },
    { 1, NAN, 1 },
    { 1, 3.5, 1 },
    { 1, INFINITY, 1 },
    { 1, 3, 1.5f },
    { 1, 3, -0.5f },
    { 1, 3, NAN },
    { 1, 3, INFINITY },
  };
  const float bins[3] = { 0, 0.5f, 1 };
  Peaks peaks = { .duration = 1, .length = 2.5 };
  g_autoptr (GBytes) good = NULL;
  gsize size;
  const char *data;

  peaks.bins = g_array_new (FALSE, TRUE, sizeof (float));
  g_array_append_vals (peaks.bins, bins, 3);
  good = peaks_to_bytes (&peaks);
  data = g_bytes_get_data (good, &size);
  assert_waveform (data, size, WORKER_OUTPUT_COMPLETE);
  assert_waveform (data, size - 1, WORKER_OUTPUT_INVALID);
  assert_waveform (data, size - 3 * sizeof (float), WORKER_OUTPUT_INVALID);
  assert_waveform (data, 3, WORKER_OUTPUT_INVALID);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GBytes) bytes = NULL;

    peaks.duration = bad[i].duration;
    peaks.length = bad[i].length;
    g_array_index (peaks.bins, float, 1) = bad[i].bin;
    bytes = peaks_to_bytes (&peaks);
    assert_waveform (
        g_bytes_get_data (bytes, NULL), size, WORKER_OUTPUT_INVALID);
  }
  g_array_unref (peaks.bins);
}

/* In each part its largest bin, whichever way the parts and bins lie. */
static void
test_divide (void)
{
  const float bins[5] = { 0.1f, 0.9f, 0.2f, 0.8f, 0.3f };
  Peaks peaks = { .duration = 1, .length = 5 };
  g_autofree float *one = NULL, *five = NULL, *ten = NULL, *two = NULL;

  peaks.bins = g_array_new (FALSE, TRUE, sizeof (float));
  g_array_append_vals (peaks.bins, bins, 5);
  one = peaks_divide (&peaks, 1);
  g_assert_cmpfloat (one[0], ==, 0.9f);
  five = peaks_divide (&peaks, 5);
  ten = peaks_divide (&peaks, 10);
  for (guint i = 0; i < 10; i++) {
    g_assert_cmpfloat (five[i / 2], ==, bins[i / 2]);
    g_assert_cmpfloat (ten[i], ==, bins[i / 2]);
  }
  peaks.length = 4.5; /* the last one was only begun */
  two = peaks_divide (&peaks, 2);
  g_assert_cmpfloat (two[0], ==, 0.9f);
  g_assert_cmpfloat (two[1], ==, 0.8f);
  g_array_unref (peaks.bins);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  signal (SIGPIPE, SIG_IGN);
  g_test_add_func ("/workeroutput/result", test_result);
  g_test_add_func ("/workeroutput/data", test_data);
  g_test_add_func ("/workeroutput/error", test_error);
  g_test_add_func ("/workeroutput/end", test_end);
  g_test_add_func ("/workeroutput/cut", test_cut);
  g_test_add_func ("/workeroutput/unexpected", test_unexpected);
  g_test_add_func ("/workeroutput/no-json", test_no_json);
  g_test_add_func ("/workeroutput/endless", test_endless);
  g_test_add_func ("/workeroutput/size", test_size);
  g_test_add_func ("/workeroutput/waveform", test_waveform);
  g_test_add_func ("/workeroutput/divide", test_divide);
  return g_test_run ();
}
