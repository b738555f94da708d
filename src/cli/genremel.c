/* SPDX-License-Identifier: GPL-2.0-or-later */

/* genremel FILE|URI OUT.npy: writes the mel spectrogram that the classifier sees,
 * decibels in float32 [columns][128], as a NumPy array.  Training takes its
 * features from here, so that they cannot differ from the engine's. */

#include <locale.h>
#include <string.h>

#include <gst/app/gstappsink.h>
#include <gst/audio/audio.h>
#include <gst/gst.h>

#include "downmix.h"
#include "melspectrogram.h"
#include "source.h"

#define NS G_GUINT64_CONSTANT (1000000000)

typedef struct
{
  GenreMelSpectrogram *mel;
  guint rate;
  guint64 n_samples;
  guint64 max_columns;
  GArray *columns; /* float, [n][GENRE_MEL_BANDS] */
} Analysis;

static guint64
n_columns (const Analysis *analysis)
{
  return analysis->columns->len / GENRE_MEL_BANDS;
}

static void
push_mono (Analysis *analysis, const float *samples, gsize n)
{
  while (n > 0 && n_columns (analysis) < analysis->max_columns) {
    GenreMelColumn column;
    gboolean ready;
    gsize taken = genre_mel_spectrogram_push (
        analysis->mel, samples, n, &column, &ready);

    if (ready)
      g_array_append_vals (analysis->columns, column.db, GENRE_MEL_BANDS);
    samples += taken;
    n -= taken;
  }
}

static gboolean
push_sample (Analysis *analysis, GstSample *sample, GError **error)
{
  GstBuffer *buffer = gst_sample_get_buffer (sample);
  GstAudioInfo info;
  GstMapInfo map;
  gsize n;
  g_autofree float *mono = NULL;

  if (!gst_audio_info_from_caps (&info, gst_sample_get_caps (sample)))
    return TRUE;
  if (!analysis->mel) {
    const GenreKernels *kernels = genre_kernels_get (error);

    if (!kernels)
      return FALSE;
    analysis->rate = GST_AUDIO_INFO_RATE (&info);
    analysis->mel = genre_mel_spectrogram_new (kernels, analysis->rate, 0, 0);
  } else if (analysis->rate != (guint) GST_AUDIO_INFO_RATE (&info)) {
    g_set_error (error, GENRE_ERROR, GENRE_ERROR_ARGUMENT,
        "The sample rate changes from %u to %d Hz.", analysis->rate,
        GST_AUDIO_INFO_RATE (&info));
    return FALSE;
  }
  if (!gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    g_set_error (
        error, GENRE_ERROR, GENRE_ERROR_READ, "Its audio cannot be read.");
    return FALSE;
  }
  n = map.size / GST_AUDIO_INFO_BPF (&info);
  mono = g_new (float, n);
  genre_downmix (
      GENRE_SAMPLE_F32, GST_AUDIO_INFO_CHANNELS (&info), map.data, n, mono);
  gst_buffer_unmap (buffer, &map);
  analysis->n_samples += n;
  push_mono (analysis, mono, n);
  return TRUE;
}

/* The last columns' windows reach past the last sample. */
static void
finish (Analysis *analysis)
{
  static const float silence[1024];
  guint64 end = genre_mel_column_at (analysis->n_samples / analysis->rate * NS +
      analysis->n_samples % analysis->rate * NS / analysis->rate);

  analysis->max_columns = MIN (analysis->max_columns, end);
  while (n_columns (analysis) < analysis->max_columns)
    push_mono (analysis, silence, G_N_ELEMENTS (silence));
}

/* FALSE with @error set if the pipeline has reported a fault. */
static gboolean
check_bus (GstElement *pipeline, Source *source, GError **error)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  GstMessage *message;
  gboolean ok = TRUE;

  while (ok && (message = gst_bus_pop (bus))) {
    ok = source_check_message (source, message, error);
    gst_message_unref (message);
  }
  return ok;
}

/* Takes the sink's samples until there are columns enough, or no more of them. */
static gboolean
pull_samples (Analysis *analysis, GstElement *pipeline, Source *source,
    GstAppSink *sink, GError **error)
{
  while (!analysis->mel || n_columns (analysis) < analysis->max_columns) {
    g_autoptr (GstSample)
        sample = gst_app_sink_try_pull_sample (sink, 100 * GST_MSECOND);

    if (sample) {
      if (!push_sample (analysis, sample, error))
        return FALSE;
    } else if (!check_bus (pipeline, source, error)) {
      return FALSE;
    } else if (gst_app_sink_is_eos (sink)) {
      break;
    }
  }
  if (!analysis->mel)
    g_set_error (
        error, GENRE_ERROR, GENRE_ERROR_READ, "There is no audio in it.");
  return analysis->mel != NULL;
}

static gboolean
analyse (Analysis *analysis, const char *name, GError **error)
{
  g_autoptr (GstElement)
      pipeline = gst_object_ref_sink (gst_pipeline_new (NULL));
  g_autoptr (GstCaps) caps = gst_caps_new_simple ("audio/x-raw", "format",
      G_TYPE_STRING, GST_AUDIO_NE (F32), "layout", G_TYPE_STRING, "interleaved",
      "rate", GST_TYPE_INT_RANGE, GENRE_MIN_RATE, GENRE_MAX_RATE, NULL);
  Source source = { NULL, NULL };
  GstElement *convert, *sink;
  gboolean ok;

  if (!(convert = source_add_element (
            GST_BIN (pipeline), "audioconvert", error)) ||
      !(sink = source_add_element (GST_BIN (pipeline), "appsink", error)) ||
      !source_init (&source, GST_BIN (pipeline), name, convert, error))
    return FALSE;
  g_object_set (sink, "caps", caps, "sync", FALSE, "max-buffers", 16, NULL);
  gst_element_link (convert, sink);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  ok = pull_samples (analysis, pipeline, &source, GST_APP_SINK (sink), error);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  source_clear (&source);
  if (ok)
    finish (analysis);
  return ok;
}

/* NumPy's .npy, version 1.0 */
static gboolean
write_npy (const char *path, const GArray *values, GError **error)
{
  g_autofree char *dict = g_strdup_printf ("{'descr': '%sf4', 'fortran_order': "
                                           "False, 'shape': (%u, %d), }",
      G_BYTE_ORDER == G_LITTLE_ENDIAN ? "<" : ">",
      values->len / GENRE_MEL_BANDS, GENRE_MEL_BANDS);
  gsize length = (10 + strlen (dict) + 1 + 63) / 64 * 64 - 10;
  g_autoptr (GByteArray) file = g_byte_array_new ();
  const guint8 magic[] = { 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, length & 0xff,
    length >> 8 };
  g_autofree char *header = g_strdup_printf ("%-*s\n", (int) length - 1, dict);

  g_byte_array_append (file, magic, sizeof magic);
  g_byte_array_append (file, (const guint8 *) header, length);
  g_byte_array_append (
      file, (const guint8 *) values->data, values->len * sizeof (float));
  return g_file_set_contents (
      path, (const char *) file->data, file->len, error);
}

int
main (int argc, char **argv)
{
  double duration = 0;
  const GOptionEntry entries[] = {
    { "duration", 0, 0, G_OPTION_ARG_DOUBLE, &duration,
        "analyse only the first SECONDS", "SECONDS" },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (GOptionContext)
      context = g_option_context_new ("FILE|URI OUT.npy");
  g_autoptr (GError) error = NULL;
  Analysis analysis = { .max_columns = G_MAXUINT32 / GENRE_MEL_BANDS };
  gboolean ok;

  setlocale (LC_ALL, "");
  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_group (context, gst_init_get_option_group ());
  if (!g_option_context_parse (context, &argc, &argv, &error)) {
    g_printerr ("genremel: %s\n", error->message);
    return 2;
  }
  if (argc != 3 || duration < 0) {
    g_autofree char *help = g_option_context_get_help (context, TRUE, NULL);

    g_printerr ("%s", help);
    return 2;
  }
  if (duration > 0 && duration < 1e6)
    analysis.max_columns = genre_mel_column_at (duration * 1e9);

  analysis.columns = g_array_new (FALSE, FALSE, sizeof (float));
  ok = analyse (&analysis, argv[1], &error) &&
      write_npy (argv[2], analysis.columns, &error);
  if (!ok)
    g_printerr ("genremel: %s: %s\n", argv[1], error->message);
  g_array_unref (analysis.columns);
  genre_mel_spectrogram_free (analysis.mel);
  gst_deinit ();
  return ok ? 0 : 1;
}
