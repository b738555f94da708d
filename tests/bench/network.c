/* SPDX-License-Identifier: GPL-2.0-or-later */

/* How long each layer of a network takes for 30 s of audio, on one core, with
 * each family of kernels that this processor has:
 *
 *   bench-network WEIGHTS...
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <glib.h>

#include "genre/genre.h"
#include "genre/network.h"

#define BANDS 128
#define FRAMES 387
#define REPETITIONS 51
#define MAX_LAYERS 64

static const char *const families[] = { "plain", "generic", "avx2", "avx512" };

typedef struct
{
  char *text; /* what layer it is */
  double mmac;
  double ms[REPETITIONS];
} Layer;

typedef struct
{
  double begin, last; /* ms */
  guint layer, run;
  guint n_layers;
  Layer layers[MAX_LAYERS];
  double total[REPETITIONS];
} Profile;

static double
now (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e3 + time.tv_nsec * 1e-6;
}

static int
compare (const void *a, const void *b)
{
  double difference = *(const double *) a - *(const double *) b;

  return (difference > 0) - (difference < 0);
}

static double
median (double *values)
{
  qsort (values, REPETITIONS, sizeof *values, compare);
  return values[REPETITIONS / 2];
}

/* Products of the layer by its definition, however they are computed. */
static double
products (const char *type, const GenreShape *in, const GenreShape *out)
{
  double features = (double) in->channels * in->bands;
  double units = out->channels;

  if (!strcmp (type, "conv2d"))
    return 9e-6 * in->channels * units * in->bands * in->frames;
  if (!strcmp (type, "gru"))
    return 3e-6 * units * (features + units) * in->frames;
  if (!strcmp (type, "lstm"))
    return 4e-6 * units * (features + units) * in->frames;
  if (!strcmp (type, "dense") || !strcmp (type, "mfcc"))
    return 1e-6 * units * features * in->frames;
  return 0;
}

static void
on_layer (const char *type, const GenreShape *in, const GenreShape *out,
    gpointer user_data)
{
  Profile *profile = user_data;
  Layer *layer = &profile->layers[profile->layer++];
  double time = now ();

  if (!layer->text) {
    layer->text = g_strdup_printf ("%s %zu x %zu x %zu -> %zu x %zu x %zu",
        type, in->channels, in->bands, in->frames, out->channels, out->bands,
        out->frames);
    layer->mmac = products (type, in, out);
  }
  layer->ms[profile->run] = time - profile->last;
  profile->last = now ();
}

static gboolean
measure (const char *path, const char *family)
{
  g_autofree Profile *profile = g_new0 (Profile, 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  GenreSafetensors *file;
  GenreNetwork *network;
  GenreWorkspace *workspace;
  double mmac = 0;
  guint seed = 1;

  g_setenv ("GENRECLASSIFY_KERNELS", family, TRUE);
  bytes = genre_safetensors_read_file (path, &error);
  file = bytes ? genre_safetensors_new (bytes, &error) : NULL;
  network = file ? genre_network_new (file, 1, BANDS, FRAMES, NULL, &error) : NULL;
  genre_safetensors_free (file);
  if (!network) {
    printf ("%s\n\n", error->message);
    return g_error_matches (error, GENRE_ERROR, GENRE_ERROR_ARGUMENT);
  }
  workspace = genre_workspace_new (network, FRAMES);
  genre_workspace_set_observer (workspace, on_layer, profile);
  for (profile->run = 0; profile->run < REPETITIONS; profile->run++) {
    float *input = genre_workspace_get_input (workspace, FRAMES);

    for (gsize i = 0; i < BANDS * FRAMES; i++)
      input[i] = (seed = seed * 1664525 + 1013904223) / 2147483648.0 - 1;
    profile->layer = 0;
    profile->begin = profile->last = now ();
    genre_network_forward (network, workspace, FRAMES);
    profile->total[profile->run] = now () - profile->begin;
  }
  printf ("| %s, %s | ms | MMAC | GFLOP/s |\n|---|---|---|---|\n",
      g_path_skip_root (path) ? strrchr (path, '/') + 1 : path, family);
  for (guint i = 0; i < profile->layer; i++) {
    Layer *layer = &profile->layers[i];
    double ms = median (layer->ms);

    mmac += layer->mmac;
    printf ("| %s | %.3f | %.1f | %.0f |\n", layer->text, ms, layer->mmac,
        2 * layer->mmac / ms);
    g_free (layer->text);
  }
  printf ("| all, in %.1f MB of scratch memory | %.3f | %.1f | %.0f |\n\n",
      genre_workspace_get_size (workspace) / 1e6, median (profile->total), mmac,
      2 * mmac / median (profile->total));
  genre_workspace_free (workspace);
  genre_network_free (network);
  return TRUE;
}

int
main (int argc, char **argv)
{
  gboolean ok = TRUE;

  if (argc < 2) {
    fprintf (stderr, "usage: %s WEIGHTS...\n", argv[0]);
    return 2;
  }
  for (int i = 1; i < argc; i++)
    for (gsize k = 0; k < G_N_ELEMENTS (families); k++)
      ok = measure (argv[i], families[k]) && ok;
  return !ok;
}
