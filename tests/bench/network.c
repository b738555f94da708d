/* SPDX-License-Identifier: GPL-2.0-or-later */

/* How long each layer of a network takes for 30 s of audio, on one core, with
 * each family of kernels that this processor has, those of all heads and of the
 * embedding as well; and of several networks, how long each takes beside the first:
 *
 *   bench-network WEIGHTS...
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include "genre/genre.h"
#include "genre/head.h"
#include "genre/network.h"
#include "timing.h"

#define BANDS 128
#define FRAMES 387
#define REPETITIONS 51
#define MAX_LAYERS 64

static const char *const families[] = { "plain", "generic", "avx2", "avx2-half",
  "avx512", "avx512-half" };

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
  GenreNetwork *network;
  GenreWorkspace *workspace;
} Profile;

static double
now (void)
{
  return 1e3 * timing_now (CLOCK_MONOTONIC);
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
  double time = now ();
  Layer *layer;

  g_assert (profile->layer < MAX_LAYERS);
  layer = &profile->layers[profile->layer++];

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
open_network (Profile *profile, const char *path, GError **error)
{
  GenreSafetensors *file = genre_safetensors_open (path, error);
  g_autoptr (GPtrArray)
      heads = g_ptr_array_new_with_free_func ((GDestroyNotify) genre_head_free);
  g_autoptr (GPtrArray) layers = g_ptr_array_new ();
  g_autoptr (JsonNode) root = NULL;
  const char *text;
  gboolean ok = file != NULL;

  text = ok ? genre_safetensors_get_metadata (file, "heads") : NULL;
  if (text) {
    root = genre_json_parse ("heads", text, strlen (text), error);
    ok = root && genre_heads_read (heads, layers, root, error);
  }
  if (ok)
    profile->network = genre_network_new (
        file, 1, BANDS, FRAMES, layers, error);
  genre_safetensors_free (file);
  if (!profile->network)
    return FALSE;
  profile->workspace = genre_workspace_new (profile->network, FRAMES);
  genre_workspace_set_observer (profile->workspace, on_layer, profile);
  return TRUE;
}

static void
run (Profile *profile, guint seed)
{
  float *input = genre_workspace_get_input (profile->workspace, FRAMES);

  for (gsize i = 0; i < BANDS * FRAMES; i++)
    input[i] = (seed = seed * 1664525 + 1013904223) / 2147483648.0 - 1;
  profile->layer = 0;
  profile->begin = profile->last = now ();
  genre_network_forward (profile->network, profile->workspace, FRAMES);
  profile->total[profile->run++] = now () - profile->begin;
}

/* Prints the table of one file; @first: the ms of the first one, or 0 if it is that. */
static double
print (Profile *profile, const char *path, const char *family, double first)
{
  double mmac = 0, all = timing_sort (profile->total, REPETITIONS);

  printf ("| %s, %s | ms | MMAC | GFLOP/s |\n|---|---|---|---|\n",
      g_path_skip_root (path) ? strrchr (path, '/') + 1 : path, family);
  for (guint i = 0; i < profile->layer; i++) {
    Layer *layer = &profile->layers[i];
    double ms = timing_sort (layer->ms, REPETITIONS);

    mmac += layer->mmac;
    printf ("| %s | %.3f | %.1f | %.0f |\n", layer->text, ms, layer->mmac,
        2 * layer->mmac / ms);
  }
  printf ("| all, in %.1f MB of scratch memory | %.3f | %.1f | %.0f |\n\n",
      genre_workspace_get_size (profile->workspace) / 1e6, all, mmac,
      2 * mmac / all);
  if (first > 0)
    printf ("%.3f of the time of the first file\n\n", all / first);
  return all;
}

static void
profile_free (Profile *profile)
{
  for (guint i = 0; i < MAX_LAYERS; i++)
    g_free (profile->layers[i].text);
  genre_workspace_free (profile->workspace);
  genre_network_free (profile->network);
  g_free (profile);
}

/* The files take turns, so that whatever else the machine does meets all of them. */
static gboolean
measure (char **paths, guint n, const char *family)
{
  g_autoptr (GPtrArray)
      profiles = g_ptr_array_new_with_free_func ((GDestroyNotify) profile_free);
  g_autoptr (GError) error = NULL;
  double first = 0;

  g_setenv ("GENRECLASSIFY_KERNELS", family, TRUE);
  for (guint i = 0; i < n; i++) {
    g_ptr_array_add (profiles, g_new0 (Profile, 1));
    if (!open_network (profiles->pdata[i], paths[i], &error)) {
      printf ("%s: %s\n\n", paths[i], error->message);
      return g_error_matches (error, GENRE_ERROR, GENRE_ERROR_ARGUMENT);
    }
  }
  for (guint k = 0; k < REPETITIONS; k++)
    for (guint i = 0; i < n; i++)
      run (profiles->pdata[i], k + 1);
  for (guint i = 0; i < n; i++) {
    double all = print (profiles->pdata[i], paths[i], family, first);

    first = i == 0 ? all : first;
  }
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
  for (gsize k = 0; k < G_N_ELEMENTS (families); k++)
    ok = measure (argv + 1, argc - 1, families[k]) && ok;
  return !ok;
}
