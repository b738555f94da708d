/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "overview.h"

#include "decoder.h"
#include "genre/melspectrogram.h"
#include "reason.h"

/* columns are merged by two when there are as many: a picture shows fewer */
#define MAX_COLUMNS 4096

typedef struct
{
  Overview *overview;
  const GenreKernels *kernels;
  GenreMelSpectrogram *mel;
  guint rate;
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
  /* the first mel column is complete before many samples were there */
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

/* A stream that goes on at another rate gets a front end that begins there. */
static void
set_rate (Gatherer *gatherer, guint rate)
{
  guint64 n_columns = gatherer->mel
      ? genre_mel_spectrogram_get_n_columns (gatherer->mel)
      : 0;

  genre_mel_spectrogram_free (gatherer->mel);
  gatherer->mel = genre_mel_spectrogram_new (gatherer->kernels, rate,
      (guint64) (gatherer->overview->duration * 1e9), n_columns);
  gatherer->rate = rate;
}

static gboolean
take_samples (const float *samples, gsize n, guint rate, gpointer user_data,
    GError **error G_GNUC_UNUSED)
{
  Gatherer *gatherer = user_data;

  if (!gatherer->mel || gatherer->rate != rate)
    set_rate (gatherer, rate);
  gatherer->overview->duration += (double) n / rate;
  while (n > 0) {
    GenreMelColumn column;
    gboolean ready;
    gsize taken = genre_mel_spectrogram_push (
        gatherer->mel, samples, n, &column, &ready);

    for (gsize i = 0; i < taken; i++) {
      gatherer->sum.min = MIN (gatherer->sum.min, samples[i]);
      gatherer->sum.max = MAX (gatherer->sum.max, samples[i]);
    }
    if (ready)
      add_mel_column (gatherer, &column);
    samples += taken;
    n -= taken;
  }
  return TRUE;
}

Overview *
overview_new (const char *name, GError **error)
{
  Gatherer gatherer = { .step = 1 };
  g_autoptr (Overview) overview = NULL;
  g_autoptr (GError) fault = NULL;
  gboolean ok;

  gatherer.kernels = genre_kernels_get (&fault);
  if (!gatherer.kernels) {
    g_set_error_literal (
        error, ANALYSIS_ERROR, REASON_INTERNAL, fault->message);
    return NULL;
  }
  overview = g_new0 (Overview, 1);
  overview->columns = g_array_new (FALSE, FALSE, sizeof (OverviewColumn));
  overview->spacing = (double) GENRE_MEL_PERIOD / GENRE_MEL_COLUMNS;
  gatherer.overview = overview;
  begin_column (&gatherer);
  ok = decoder_run (name, take_samples, &gatherer, error);
  if (gatherer.n_summed > 0)
    end_column (&gatherer);
  genre_mel_spectrogram_free (gatherer.mel);
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
