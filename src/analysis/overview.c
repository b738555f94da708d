/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "overview.h"

#include <math.h>

#include "decoder.h"
#include "genre/genre.h"
#include "reason.h"

/* neighbours are merged when there are so many columns; a picture shows fewer */
#define MAX_COLUMNS 4096

typedef struct
{
  Overview *overview;
  GenreMelSpectrogram *mel;
  guint step; /* mel columns that make one of the overview */
  /* the column under way */
  OverviewColumn sum;
  guint n_summed;
} Gatherer;

static void
begin_column (Gatherer *gatherer)
{
  gatherer->sum = (OverviewColumn){ .min = G_MAXFLOAT, .max = -G_MAXFLOAT };
  gatherer->n_summed = 0;
}

static void
merge_pairs (GArray *columns)
{
  guint n = columns->len / 2;

  for (guint i = 0; i < n; i++) {
    OverviewColumn a = g_array_index (columns, OverviewColumn, 2 * i),
                   b = g_array_index (columns, OverviewColumn, 2 * i + 1);

    a.min = MIN (a.min, b.min);
    a.max = MAX (a.max, b.max);
    for (guint band = 0; band < GENRE_MEL_BANDS; band++)
      a.db[band] = (a.db[band] + b.db[band]) / 2;
    g_array_index (columns, OverviewColumn, i) = a;
  }
  g_array_set_size (columns, n);
}

static void
end_column (Gatherer *gatherer)
{
  GArray *columns = gatherer->overview->columns;

  for (guint band = 0; band < GENRE_MEL_BANDS; band++)
    gatherer->sum.db[band] /= gatherer->n_summed;
  /* the first mel column may be complete before any sample was added to the sum */
  if (gatherer->sum.min > gatherer->sum.max)
    gatherer->sum.min = gatherer->sum.max = 0;
  g_array_append_val (columns, gatherer->sum);
  begin_column (gatherer);
  if (columns->len == MAX_COLUMNS) {
    merge_pairs (columns);
    gatherer->step *= 2;
    gatherer->overview->spacing *= 2;
  }
}

static void
add_mel_column (Gatherer *gatherer, const GenreMelColumn *column)
{
  for (guint band = 0; band < GENRE_MEL_BANDS; band++)
    gatherer->sum.db[band] += column->db[band];
  if (++gatherer->n_summed == gatherer->step)
    end_column (gatherer);
}

/* Has the spectrogram go on at @rate, or begin. */
static gboolean
set_rate (Gatherer *gatherer, guint rate, GError **error)
{
  g_autoptr (GError) fault = NULL;

  if (!gatherer->mel)
    gatherer->mel = genre_mel_spectrogram_new (rate, &fault);
  else
    genre_mel_spectrogram_set_rate (gatherer->mel, rate, &fault);
  if (fault)
    g_set_error_literal (
        error, ANALYSIS_ERROR, REASON_INTERNAL, fault->message);
  return !fault;
}

/* The mean of a frame's channels; as for the spectrogram, what is not finite
 * counts as 0. */
static float
mix (const float *frame, guint channels)
{
  float sum = 0;

  for (guint c = 0; c < channels; c++)
    sum += isfinite (frame[c]) ? frame[c] : 0;
  return sum / channels;
}

static gboolean
take_block (const DecoderBlock *block, gpointer user_data, GError **error)
{
  Gatherer *gatherer = user_data;
  const float *samples = block->samples;
  gsize n = block->n_frames;

  if (!set_rate (gatherer, block->rate, error))
    return FALSE;
  while (n > 0) {
    GenreMelColumn column;
    gboolean ready;
    gsize taken = genre_mel_spectrogram_push (gatherer->mel, GENRE_SAMPLE_F32,
        block->channels, samples, n, &column, &ready);

    for (gsize i = 0; i < taken; i++, samples += block->channels) {
      float x = mix (samples, block->channels);

      gatherer->sum.min = MIN (gatherer->sum.min, x);
      gatherer->sum.max = MAX (gatherer->sum.max, x);
    }
    if (ready)
      add_mel_column (gatherer, &column);
    n -= taken;
  }
  return TRUE;
}

Overview *
overview_new (const char *name, GError **error)
{
  Gatherer gatherer = { .step = 1 };
  g_autoptr (Overview) overview = g_new0 (Overview, 1);
  gboolean ok;

  overview->columns = g_array_new (FALSE, FALSE, sizeof (OverviewColumn));
  overview->spacing = (double) GENRE_MEL_PERIOD / GENRE_MEL_COLUMNS;
  gatherer.overview = overview;
  begin_column (&gatherer);
  ok = decoder_run (name, take_block, &gatherer, error);
  if (gatherer.n_summed > 0)
    end_column (&gatherer);
  if (gatherer.mel)
    overview->duration =
        (double) genre_mel_spectrogram_get_length (gatherer.mel) / GENRE_SECOND;
  genre_mel_spectrogram_unref (gatherer.mel);
  return ok ? g_steal_pointer (&overview) : NULL;
}

void
overview_free (Overview *overview)
{
  if (!overview)
    return;
  g_array_unref (overview->columns);
  g_free (overview);
}
