/* SPDX-License-Identifier: GPL-2.0-or-later */

/* How long the network takes for windows of 3 to 300 s, on one core, from decibels to
 * probabilities, by the public interface of libgenre:
 *
 *   bench-windows [WEIGHTS]
 *
 * WEIGHTS is a name or a file as of the element's property "model".  As with
 * bench-frontend, the library of another build can be put in its place with
 * LD_LIBRARY_PATH. */

#include <stdio.h>
#include <stdlib.h>

#include <glib.h>

#include "genre/genre.h"
#include "timing.h"

#define REPETITIONS 21
#define LONGEST 300 /* s */
#define ALL_COLUMNS (LONGEST / GENRE_MEL_PERIOD * GENRE_MEL_COLUMNS)

static const guint lengths[] = { 3, 10, 30, 100, LONGEST }; /* s */

static float columns[ALL_COLUMNS * GENRE_MEL_BANDS];
static double times[G_N_ELEMENTS (lengths)][REPETITIONS]; /* ms */

static double
now (void)
{
  return 1e3 * timing_now (CLOCK_PROCESS_CPUTIME_ID);
}

/* Decibels, in which what is loud stays loud for a while. */
static void
make_columns (void)
{
  guint32 seed = 1;

  for (gsize i = 0; i < G_N_ELEMENTS (columns); i++) {
    float before = i < GENRE_MEL_BANDS ? -40 : columns[i - GENRE_MEL_BANDS];

    seed = seed * 1664525 + 1013904223;
    columns[i] = 0.7f * before - 0.3f * (seed >> 8) * (80.0f / (1 << 24));
  }
}

static gsize
get_n_columns (guint seconds)
{
  return genre_mel_column_at (seconds * G_GUINT64_CONSTANT (1000000000));
}

static gboolean
run (GenreClassifier *classifier, gsize n_columns, GError **error)
{
  g_autofree float *probabilities = genre_classifier_predict (
      classifier, columns, n_columns, NULL, error);

  return probabilities != NULL;
}

static gboolean
measure (GenreClassifier *classifier, GError **error)
{
  /* the longest first, which makes room for all */
  for (gsize i = G_N_ELEMENTS (lengths); i-- > 0;)
    if (!run (classifier, get_n_columns (lengths[i]), error))
      return FALSE;
  for (guint k = 0; k < REPETITIONS; k++)
    for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++) {
      double begin = now ();

      if (!run (classifier, get_n_columns (lengths[i]), error))
        return FALSE;
      times[i][k] = now () - begin;
    }
  return TRUE;
}

int
main (int argc, char **argv)
{
  GenreClassifierConfig config;
  g_autoptr (GError) error = NULL;
  g_autoptr (GenreModel) model = NULL;
  g_autoptr (GenreClassifier) classifier = NULL;

  if (argc > 2) {
    fprintf (stderr, "usage: %s [WEIGHTS]\n", argv[0]);
    return 2;
  }
  make_columns ();
  genre_classifier_config_init (&config);
  config.window = GENRE_MAX_WINDOW;
  model = genre_model_load (argc > 1 ? argv[1] : NULL, &error);
  if (model)
    classifier = genre_classifier_new (model, 22050, &config, &error);
  if (!classifier || !measure (classifier, &error)) {
    fprintf (stderr, "%s\n", error->message);
    return 1;
  }

  printf ("| window, s | columns | ms, median | least | us of a column |\n"
          "|---|---|---|---|---|\n");
  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++) {
    double *ms = times[i];
    const double median = timing_sort (ms, REPETITIONS);

    printf ("| %u | %zu | %.2f | %.2f | %.1f |\n", lengths[i],
        get_n_columns (lengths[i]), median, ms[0],
        1e3 * median / get_n_columns (lengths[i]));
  }
  return 0;
}
