/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "workertask.h"

#include <string.h>

#include "analysis/analysis.h"
#include "analysis/overview.h"
#include "analysis/peaks.h"
#include "analysis/wire.h"
#include "plot/spectrogram.h"
#include "sandbox.h"

static gboolean
send_result (int output, WireKind kind, const Result *result)
{
  g_autofree char *json = result_to_json (result, TRUE);

  return wire_write (output, kind, json, strlen (json));
}

/* Sends segment @index alone: a long file has many, and the others were
 * sent. */
static void
send_segment (const Result *result, guint index, gpointer user_data)
{
  Result one = *result;

  one.probabilities = NULL;
  one.segments = g_array_new (FALSE, FALSE, sizeof (ResultSegment));
  g_array_append_val (
      one.segments, g_array_index (result->segments, ResultSegment, index));
  send_result (*(int *) user_data, WIRE_SEGMENT, &one);
  g_array_unref (one.segments);
}

static gboolean
predict (
    const ForkRequest *request, const char *uri, const char *model, int output)
{
  const AnalysisOptions options = {
    .model = model,
    .max_duration = request->max_duration,
    .is_last = TRUE,
  };
  g_autoptr (Result)
      result = analysis_run (uri, &options, send_segment, &output);

  return send_result (output, WIRE_RESULT, result);
}

/* Why there is neither picture nor waveform. */
static gboolean
send_failure (const char *uri, const GError *error, int output)
{
  g_autoptr (Result) failure = result_new_error (
      uri, reason_from_error (error, REASON_INTERNAL), error->message);

  return send_result (output, WIRE_RESULT, failure);
}

static gboolean
draw_spectrogram (const char *uri, int output)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Overview) overview = overview_new (uri, &error);
  g_autoptr (GByteArray)
      image = overview ? spectrogram_to_png (overview, &error) : NULL;

  if (image)
    return wire_write (output, WIRE_IMAGE, image->data, image->len);
  return send_failure (uri, error, output);
}

static gboolean
find_peaks (const char *uri, int output)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Peaks) peaks = peaks_new (uri, &error);
  g_autoptr (GBytes) data = peaks ? peaks_to_bytes (peaks) : NULL;

  if (data)
    return wire_write (output, WIRE_WAVEFORM, g_bytes_get_data (data, NULL),
        g_bytes_get_size (data));
  return send_failure (uri, error, output);
}

static gboolean
test_sandbox (int output)
{
  g_autoptr (GVariant) attempts = sandbox_try ();

  return wire_write (output, WIRE_SELF_TEST, g_variant_get_data (attempts),
      g_variant_get_size (attempts));
}

gboolean
workertask_run (
    const ForkRequest *request, const char *model, int input, int output)
{
  g_autofree char *uri = g_strdup_printf ("openfile://%d", input);

  switch (request->task) {
    case FORK_PREDICT:
      return predict (request, uri, model, output);
    case FORK_SPECTROGRAM:
      return draw_spectrogram (uri, output);
    case FORK_WAVEFORM:
      return find_peaks (uri, output);
    case FORK_SELF_TEST:
      return test_sandbox (output);
    default:
      return FALSE;
  }
}
