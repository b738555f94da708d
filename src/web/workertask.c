/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "workertask.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/analysis.h"
#include "analysis/overview.h"
#include "analysis/peaks.h"
#include "analysis/watch.h"
#include "analysis/wire.h"
#include "oddity.h"
#include "outofmemory.h"
#include "plot/spectrogram.h"
#include "process/sandbox.h"

/* Processor time, s, that a file may cost: for itself, for each byte, and for each
 * second of audio up to an hour.  3 minutes of MP3 in 4 MB cost some 0.3 s, a tenth
 * of what the latter two give, and slow machines need more. */
#define WORK_BASE 10
#define WORK_BYTE 1.5e-6
#define WORK_AUDIO 0.033
#define WORK_MAX_AUDIO 3600

/* A failure without memory or threads is no fault that a decoder found. */
static gboolean
send_result (int output, WireKind kind, const Result *result)
{
  g_autofree char *json = NULL;

  if (result->error)
    out_of_memory_check ();
  json = result_to_json (result, RESULT_ALL);
  return wire_write (output, kind, json, strlen (json));
}

/* Sends segment @index alone: a long file has many, and the others were
 * sent. */
static void
send_segment (const Result *result, guint index, gpointer user_data)
{
  Result one = *result;

  one.probabilities = NULL;
  one.embedding = NULL;
  one.tag_labels = NULL;
  one.tags = NULL;
  one.segments = g_array_new (FALSE, FALSE, sizeof (ResultSegment));
  g_array_append_val (
      one.segments, g_array_index (result->segments, ResultSegment, index));
  send_result (*(int *) user_data, WIRE_SEGMENT, &one);
  g_array_unref (one.segments);
}

/* Only what is predicted is taken apart as it should be, if it was sound. */
static gboolean
predict (const ForkRequest *request, const char *uri, const char *model,
    int output, guint max_used)
{
  gboolean is_odd = FALSE;
  const AnalysisOptions options = {
    .model = model,
    .max_duration = request->max_duration,
    .is_odd = &is_odd,
  };
  g_autoptr (Result)
      result = analysis_run (uri, &options, send_segment, &output);
  gboolean more = !is_odd && !oddity_is_found (max_used);

  if (!more)
    close (FORK_SOCKET);
  return send_result (output, WIRE_RESULT, result) && more;
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
workertask_run (const ForkRequest *request, const char *model, int input,
    int output, guint max_used)
{
  g_autofree char *uri = g_strdup_printf ("openfile://%d", input);
  struct stat info;

  if (request->task != FORK_SELF_TEST && fstat (input, &info) == 0)
    watch_limit_work (
        WORK_BASE + WORK_BYTE * info.st_size, WORK_AUDIO, WORK_MAX_AUDIO);

  if (request->task == FORK_PREDICT || request->task == FORK_EMBED)
    return predict (request, uri, model, output, max_used);
  close (FORK_SOCKET);
  if (request->task == FORK_SPECTROGRAM)
    draw_spectrogram (uri, output);
  else if (request->task == FORK_WAVEFORM)
    find_peaks (uri, output);
  else if (request->task == FORK_SELF_TEST)
    test_sandbox (output);
  return FALSE;
}
