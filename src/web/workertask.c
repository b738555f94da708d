/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "workertask.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "analysis/analysis.h"
#include "analysis/overview.h"
#include "io.h"
#include "plot/spectrogram.h"
#include "sandbox.h"

static gboolean
tell (int output, WorkerMessage kind, gconstpointer data, gsize size)
{
  WorkerHeader header = { kind, size };

  return io_write_all (output, &header, sizeof header) &&
      io_write_all (output, data, size);
}

static gboolean
tell_result (int output, WorkerMessage kind, const Result *result)
{
  g_autofree char *json = result_to_json (result, TRUE);

  return tell (output, kind, json, strlen (json));
}

static void
tell_segment (const Result *result, guint index, gpointer user_data)
{
  /* only this one: a long file has many */
  Result one = *result;

  one.probabilities = NULL;
  one.segments = g_array_new (FALSE, FALSE, sizeof (ResultSegment));
  g_array_append_val (
      one.segments, g_array_index (result->segments, ResultSegment, index));
  tell_result (*(int *) user_data, WORKER_SEGMENT, &one);
  g_array_unref (one.segments);
}

static gboolean
predict (
    const ForkRequest *request, const char *name, const char *model, int output)
{
  const AnalysisOptions options = {
    .model = model,
    .max_duration = request->max_duration,
    .is_last = TRUE,
  };
  g_autoptr (Result)
      result = analysis_run (name, &options, tell_segment, &output);

  return tell_result (output, WORKER_RESULT, result);
}

static gboolean
draw_spectrogram (const char *name, int output)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Overview) overview = overview_new (name, &error);
  g_autoptr (GByteArray) image = overview ? spectrogram_to_png (overview)
                                          : NULL;
  g_autoptr (Result) failure = NULL;

  if (image)
    return tell (output, WORKER_IMAGE, image->data, image->len);
  failure = result_new_error (name,
      error ? reason_from_error (error, REASON_INTERNAL) : REASON_TOO_SHORT,
      error ? error->message : "It is too short for a picture.");
  return tell_result (output, WORKER_RESULT, failure);
}

static gboolean
test_sandbox (int output)
{
  g_autofree char *lines = sandbox_try ();

  return tell (output, WORKER_TEXT, lines, strlen (lines));
}

gboolean
decoding_run (
    const ForkRequest *request, const char *model, int input, int output)
{
  g_autofree char *name = g_strdup_printf ("input://%d", input);

  switch (request->task) {
    case FORK_PREDICT:
      return predict (request, name, model, output);
    case FORK_SPECTROGRAM:
      return draw_spectrogram (name, output);
    case FORK_SELF_TEST:
      return test_sandbox (output);
    default:
      return FALSE;
  }
}
