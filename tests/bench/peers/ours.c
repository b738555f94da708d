/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Runs a model on a mel spectrogram as often as asked, as onnxruntime.mjs does:
 *
 *   bench-ours WEIGHTS DECIBELS.f32
 *
 * DECIBELS.f32 holds [frames][128] floats.  For each line read, it runs the model once
 * and prints {"ms": ..., "probabilities": [...]}. */

#include <stdio.h>
#include <stdlib.h>

#include <glib.h>

#include "genre/genre.h"

static void
print_answer (gint64 us, const float *probabilities, gsize n)
{
  printf ("{\"ms\": %.3f, \"probabilities\": [", us / 1e3);
  for (gsize i = 0; i < n; i++)
    printf ("%s%.9g", i > 0 ? ", " : "", probabilities[i]);
  printf ("]}\n");
  fflush (stdout);
}

int
main (int argc, char **argv)
{
  g_autoptr (GenreClassifier) classifier = NULL;
  g_autoptr (GenreModel) model = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *columns = NULL;
  gsize size;

  if (argc != 3) {
    fprintf (stderr, "usage: %s WEIGHTS DECIBELS.f32\n", argv[0]);
    return 2;
  }
  if (!g_file_get_contents (argv[2], &columns, &size, &error) ||
      !(model = genre_model_load (argv[1], &error)) ||
      !(classifier = genre_classifier_new (model, 22050, NULL, &error)))
    goto fail;
  while (getchar () != EOF) {
    const gint64 begin = g_get_monotonic_time ();
    gsize n;
    g_autofree float *probabilities = genre_classifier_predict (classifier,
        (const float *) columns, size / sizeof (float) / GENRE_MEL_BANDS, &n,
        &error);
    const gint64 end = g_get_monotonic_time ();

    if (!probabilities)
      goto fail;
    print_answer (end - begin, probabilities, n);
  }
  return 0;

fail:
  fprintf (stderr, "%s\n", error->message);
  return 1;
}
