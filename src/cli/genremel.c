/* SPDX-License-Identifier: GPL-2.0-or-later */

/* genremel FILE|URI OUT.npy: writes the mel spectrogram that the classifier
 * sees, decibels in float32 [columns][128], as a NumPy array.  Training takes
 * its features from here, so that they cannot differ from the engine's. */

#include <locale.h>
#include <string.h>

#include <gst/gst.h>

#include "analysis/decoder.h"
#include "genre/melspectrogram.h"

#define NS G_GUINT64_CONSTANT (1000000000)

typedef struct
{
  GenreMelSpectrogram *mel; /* NULL before the first sample */
  guint rate;
  guint64 n_samples;   /* per channel, so far */
  guint64 max_columns; /* to compute */
  GArray *columns;     /* float, [n][GENRE_MEL_BANDS] */
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

/* A DecoderFunc. */
static gboolean
take_samples (const float *samples, gsize n, guint rate, gpointer user_data,
    GError **error)
{
  Analysis *analysis = user_data;

  if (!analysis->mel) {
    const GenreKernels *kernels = genre_kernels_get (error);

    if (!kernels)
      return FALSE;
    analysis->rate = rate;
    analysis->mel = genre_mel_spectrogram_new (kernels, rate, 0, 0);
  } else if (analysis->rate != rate) {
    g_set_error (error, GENRE_ERROR, GENRE_ERROR_ARGUMENT,
        "The sample rate changes from %u to %u Hz.", analysis->rate, rate);
    return FALSE;
  }
  analysis->n_samples += n;
  push_mono (analysis, samples, n);
  return n_columns (analysis) < analysis->max_columns;
}

/* Adds silence until the last columns are complete: their windows reach past
 * the last sample. */
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

/* Writes NumPy's .npy format, version 1.0: a magic number, the length of the
 * header, and the header, which spaces extend to a multiple of 64 bytes. */
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
  ok = decoder_run (argv[1], take_samples, &analysis, &error);
  if (ok) {
    finish (&analysis);
    ok = write_npy (argv[2], analysis.columns, &error);
  }
  if (!ok)
    g_printerr ("genremel: %s: %s\n", argv[1], error->message);
  g_array_unref (analysis.columns);
  genre_mel_spectrogram_free (analysis.mel);
  gst_deinit ();
  return ok ? 0 : 1;
}
