/* SPDX-License-Identifier: GPL-2.0-or-later */

/* genremel FILE|URI OUT.npy: writes the mel spectrogram that the classifier sees,
 * decibels in float32 [columns][128], as a NumPy array.  Training takes its
 * features from here, so that they cannot differ from the engine's. */

#include <locale.h>
#include <string.h>

#include <glib/gstdio.h>
#include <gst/app/gstappsink.h>
#include <gst/audio/audio.h>
#include <gst/gst.h>

#include "downmix.h"
#include "melspectrogram.h"

#define NS G_GUINT64_CONSTANT (1000000000)

typedef struct
{
  GenreMelSpectrogram *mel;
  guint rate;
  guint64 n_samples;
  guint64 max_columns;
  GArray *columns;              /* float, [n][GENRE_MEL_BANDS] */
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
    gsize taken = genre_mel_spectrogram_push (analysis->mel, samples, n,
        &column, &ready);

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
    analysis->rate = GST_AUDIO_INFO_RATE (&info);
    analysis->mel = genre_mel_spectrogram_new (analysis->rate, 0, 0);
  } else if (analysis->rate != (guint) GST_AUDIO_INFO_RATE (&info)) {
    g_set_error (error, GENRE_ERROR, GENRE_ERROR_ARGUMENT,
        "the sample rate changes from %u to %d Hz", analysis->rate,
        GST_AUDIO_INFO_RATE (&info));
    return FALSE;
  }
  if (!gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    g_set_error (error, GENRE_ERROR, GENRE_ERROR_READ,
        "a decoded buffer cannot be mapped");
    return FALSE;
  }
  n = map.size / GST_AUDIO_INFO_BPF (&info);
  mono = g_new (float, n);
  genre_downmix (GENRE_SAMPLE_F32, GST_AUDIO_INFO_CHANNELS (&info), map.data, n,
      mono);
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

static void
on_pad_added (GstElement *decoder, GstPad *pad, gpointer user_data)
{
  g_autoptr (GstPad) sink = gst_element_get_static_pad (user_data, "sink");

  (void) decoder;
  if (!gst_pad_is_linked (sink))
    gst_pad_link (pad, sink);
}

/* The message of the first error on the bus, or NULL. */
static GError *
pop_error (GstElement *pipeline)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message = gst_bus_pop_filtered (bus,
      GST_MESSAGE_ERROR);
  GError *error = NULL;

  if (message)
    gst_message_parse_error (message, &error, NULL);
  return error;
}

static gboolean
analyse (Analysis *analysis, const char *uri, GError **error)
{
  g_autoptr (GstElement) pipeline = gst_pipeline_new (NULL);
  GstElement *decoder = gst_element_factory_make ("uridecodebin", NULL);
  GstElement *convert = gst_element_factory_make ("audioconvert", NULL);
  GstElement *sink = gst_element_factory_make ("appsink", NULL);
  g_autoptr (GstCaps) raw = gst_caps_new_empty_simple ("audio/x-raw");
  g_autoptr (GstCaps) caps = gst_caps_new_simple ("audio/x-raw", "format",
      G_TYPE_STRING, GST_AUDIO_NE (F32), "layout", G_TYPE_STRING, "interleaved",
      "rate", GST_TYPE_INT_RANGE, GENRE_MIN_RATE, GENRE_MAX_RATE, NULL);
  GstSample *sample;
  GError *fault = NULL;

  if (!decoder || !convert || !sink) {
    g_set_error (error, GENRE_ERROR, GENRE_ERROR_NOT_FOUND,
        "GStreamer's base plugins are not installed");
    g_clear_pointer (&decoder, gst_object_unref);
    g_clear_pointer (&convert, gst_object_unref);
    g_clear_pointer (&sink, gst_object_unref);
    return FALSE;
  }
  g_object_set (decoder, "uri", uri, "caps", raw, "expose-all-streams", FALSE,
      NULL);
  g_object_set (sink, "caps", caps, "sync", FALSE, "max-buffers", 16, NULL);
  gst_bin_add_many (GST_BIN (pipeline), decoder, convert, sink, NULL);
  gst_element_link (convert, sink);
  g_signal_connect (decoder, "pad-added", G_CALLBACK (on_pad_added), convert);

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  while (!fault && (!analysis->mel ||
          n_columns (analysis) < analysis->max_columns)) {
    sample = gst_app_sink_try_pull_sample (GST_APP_SINK (sink),
        100 * GST_MSECOND);
    if (sample) {
      push_sample (analysis, sample, &fault);
      gst_sample_unref (sample);
    } else {
      fault = pop_error (pipeline);
      if (gst_app_sink_is_eos (GST_APP_SINK (sink)))
        break;
    }
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  if (!fault && !analysis->mel)
    fault = g_error_new (GENRE_ERROR, GENRE_ERROR_READ, "no audio in it");
  if (fault) {
    g_propagate_error (error, fault);
    return FALSE;
  }
  finish (analysis);
  return TRUE;
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
  const guint8 magic[] = { 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0,
    length & 0xff, length >> 8
  };
  g_autofree char *header = g_strdup_printf ("%-*s\n", (int) length - 1, dict);

  g_byte_array_append (file, magic, sizeof magic);
  g_byte_array_append (file, (const guint8 *) header, length);
  g_byte_array_append (file, (const guint8 *) values->data,
      values->len * sizeof (float));
  return g_file_set_contents (path, (const char *) file->data, file->len,
      error);
}

int
main (int argc, char **argv)
{
  double duration = 0;
  const GOptionEntry entries[] = {
    {"duration", 0, 0, G_OPTION_ARG_DOUBLE, &duration,
        "analyse only the first SECONDS", "SECONDS"},
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("FILE|URI OUT.npy");
  g_autoptr (GError) error = NULL;
  g_autofree char *uri = NULL;
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
  uri = gst_uri_is_valid (argv[1]) ? g_strdup (argv[1])
      : gst_filename_to_uri (argv[1], &error);
  ok = uri && analyse (&analysis, uri, &error) &&
      write_npy (argv[2], analysis.columns, &error);
  if (!ok)
    g_printerr ("genremel: %s: %s\n", argv[1], error->message);
  g_array_unref (analysis.columns);
  genre_mel_spectrogram_free (analysis.mel);
  gst_deinit ();
  return ok ? 0 : 1;
}
