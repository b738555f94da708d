/* SPDX-License-Identifier: GPL-2.0-or-later */

/* genremel FILE|URI OUT.npy: writes the mel spectrogram that the classifier sees,
 * decibels in float32 [columns][128], as a NumPy array.  Training takes its
 * features from here, so that they cannot differ from the engine's. */

#include <locale.h>
#include <string.h>

#include <gst/gst.h>

#include "analysis/decoder.h"
#include "analysis/reason.h"
#include "genre/genre.h"

typedef struct
{
  GenreMelSpectrogram *mel;
  guint rate;
  guint64 max_columns;
  GArray *columns; /* float, [n][GENRE_MEL_BANDS] */
} Recording;

static gboolean
is_complete (const Recording *recording)
{
  return recording->columns->len / GENRE_MEL_BANDS >= recording->max_columns;
}

static gboolean
begin (Recording *recording, guint rate, GError **error)
{
  if (!recording->mel)
    recording->mel = genre_mel_spectrogram_new (recording->rate = rate, error);
  else if (recording->rate != rate)
    g_set_error (error, ANALYSIS_ERROR, REASON_DECODER_FAILED,
        "The sample rate changes from %u to %u Hz.", recording->rate, rate);
  return recording->mel && recording->rate == rate;
}

static void
add_column (Recording *recording, const GenreMelColumn *column)
{
  g_array_append_vals (recording->columns, column->db, GENRE_MEL_BANDS);
}

static gboolean
take_block (const DecoderBlock *block, gpointer user_data, GError **error)
{
  Recording *recording = user_data;

  if (!begin (recording, block->rate, error))
    return FALSE;
  for (gsize done = 0; done < block->n_frames && !is_complete (recording);) {
    GenreMelColumn column;
    gboolean ready;

    done += genre_mel_spectrogram_push (recording->mel, GENRE_SAMPLE_F32,
        block->channels, block->samples + done * block->channels,
        block->n_frames - done, &column, &ready);
    if (ready)
      add_column (recording, &column);
  }
  return !is_complete (recording);
}

static void
finish (Recording *recording)
{
  GenreMelColumn column;

  while (!is_complete (recording) &&
      genre_mel_spectrogram_finish (recording->mel, &column))
    add_column (recording, &column);
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
  Recording recording = { .max_columns = G_MAXUINT32 / GENRE_MEL_BANDS };
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
    recording.max_columns = genre_mel_column_at (duration * GENRE_SECOND);

  recording.columns = g_array_new (FALSE, FALSE, sizeof (float));
  ok = decoder_run (argv[1], take_block, &recording, &error);
  if (ok) {
    finish (&recording);
    ok = write_npy (argv[2], recording.columns, &error);
  }
  if (!ok)
    g_printerr ("genremel: %s: %s\n", argv[1], error->message);
  g_array_unref (recording.columns);
  genre_mel_spectrogram_unref (recording.mel);
  gst_deinit ();
  return ok ? 0 : 1;
}
