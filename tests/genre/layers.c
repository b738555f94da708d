/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The layers' outputs against PyTorch's, with the kernels that the environment
 * variable GENRECLASSIFY_KERNELS names: golden/ is made by make_golden.py. */

#include "genre/network.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "genre/head.h"
#include "genre/kernels/kernels.h"
#include "genre/layers/matrix.h"

/* of kernels that compute with floats, and of those that keep weights as halves or
 * integers */
#define TOLERANCE 1e-5
#define HALF_TOLERANCE 1e-2

static const GenreKernels *kernels;
static double tolerance;

static const char *const cases[] = {
  "conv2d",
  "conv2d_one_frame",
  "conv2d_one_band",
  "conv2d_norm",
  "conv2d_pool",
  "conv2d_norm_pool_elu",
  "conv2d_norm_relu_pool",
  "conv2d_twice",
  "conv2d_large",
  "conv2d_one_channel",
  "max_pool",
  "elu",
  "relu",
  "softmax",
  "softmax_temperature",
  "sigmoid",
  "share_other",
  "mfcc",
  "mfcc_norm",
  "norm",
  "gru",
  "gru_one_frame",
  "gru_large",
  "lstm",
  "lstm_one_frame",
  "dense",
  "mean",
  "last",
  "lstm_last_dense",
  "crnn",
  "cnn",
  "mfcc_lstm",
};

static void
head_free (gpointer head)
{
  genre_head_free (head);
}

/* The tensor @name, as the engine has it; the file has it as PyTorch does, as
 * [channels][bands][frames].  Its shape stands in the metadata. */
static float *
read_tensor (const GenreSafetensors *file, const char *name, GenreShape *shape)
{
  g_autofree char *key = g_strconcat (name, "_shape", NULL);
  const char *text = genre_safetensors_get_metadata (file, key);
  g_autoptr (GError) error = NULL;
  g_autofree float *values = NULL;
  gsize n[3], n_values;
  float *result;

  g_assert_nonnull (text);
  g_assert_cmpint (sscanf (text, "%zu %zu %zu", &n[0], &n[1], &n[2]), ==, 3);
  *shape = (GenreShape){ n[0], n[1], n[2] };
  values = genre_safetensors_dup_tensor (file, name, n, 3, &error);
  g_assert_no_error (error);
  n_values = n[1] * n[2];
  result = g_new (float, n[0] * n_values);
  for (gsize c = 0; c < n[0]; c++)
    for (gsize i = 0; i < n_values; i++)
      result[i * n[0] + c] = values[c * n_values + i];
  return result;
}

static GenreSafetensors *
load_golden (const char *name)
{
  g_autofree char *base = g_strconcat (name, ".safetensors", NULL);
  g_autofree char *path = g_test_build_filename (
      G_TEST_DIST, "golden", base, NULL);
  g_autoptr (GError) error = NULL;
  GenreSafetensors *file = fixture_load_safetensors (path, &error);

  g_assert_no_error (error);
  return file;
}

/* Greatest difference of @a from @b, as a share of what is larger than 1. */
static double
max_difference (const float *a, const float *b, gsize n)
{
  double max = 0;

  for (gsize i = 0; i < n; i++) {
    double difference = fabs (a[i] - b[i]) / MAX (1, fabs (b[i]));

    if (isnan (difference))
      return INFINITY;
    max = MAX (max, difference);
  }
  return max;
}

static void
test_golden (gconstpointer name)
{
  GenreSafetensors *file = load_golden (name);
  GenreShape in, expected, out = { 0, 0, 0 };
  g_autofree float *input = read_tensor (file, "input", &in);
  g_autofree float *golden = read_tensor (file, "output", &expected);
  g_autoptr (GError) error = NULL;
  GenreNetwork *network = genre_network_new (
      file, in.channels, in.bands, in.frames, NULL, &error);
  GenreWorkspace *workspace;

  g_assert_no_error (error);
  g_assert_true (genre_network_get_output_shape (network, in.frames, &out));
  g_assert_cmpuint (out.channels, ==, expected.channels);
  g_assert_cmpuint (out.bands, ==, expected.bands);
  g_assert_cmpuint (out.frames, ==, expected.frames);

  /* the network needs the file no more; the workspace begins too small; and the
   * second time it holds what the first has left in it */
  genre_safetensors_free (file);
  workspace = genre_workspace_new (network, 1);
  for (guint i = 0; i < 2; i++) {
    const float *output;
    double difference;

    memcpy (genre_workspace_get_input (workspace, in.frames), input,
        in.channels * in.bands * in.frames * sizeof *input);
    output = genre_network_forward (network, workspace, in.frames);
    difference = max_difference (
        output, golden, out.channels * out.bands * out.frames);
    g_test_message ("max difference %g", difference);
    g_assert_cmpfloat (difference, <, tolerance);
  }
  genre_workspace_free (workspace);
  genre_network_free (network);
}

/* A short input after a long one gives what it gives alone. */
static void
test_shorter_after_longer (void)
{
  GenreSafetensors *file = load_golden ("crnn");
  GenreShape shape;
  g_autofree float *input = read_tensor (file, "input", &shape);
  GenreNetwork *network = genre_network_new (
      file, 1, shape.bands, shape.frames, NULL, NULL);
  GenreWorkspace *used = genre_workspace_new (network, shape.frames);
  gsize n = genre_network_get_min_frames (network);
  GenreWorkspace *fresh = genre_workspace_new (network, n);
  float first[10];

  genre_safetensors_free (file);
  g_assert_cmpuint (n, <, shape.frames);
  memcpy (genre_workspace_get_input (used, shape.frames), input,
      shape.bands * shape.frames * sizeof *input);
  genre_network_forward (network, used, shape.frames);

  memcpy (genre_workspace_get_input (fresh, n), input,
      shape.bands * n * sizeof *input);
  memcpy (first, genre_network_forward (network, fresh, n), sizeof first);
  memcpy (genre_workspace_get_input (used, n), input,
      shape.bands * n * sizeof *input);
  g_assert_cmpmem (genre_network_forward (network, used, n), sizeof first,
      first, sizeof first);
  genre_workspace_free (fresh);
  genre_workspace_free (used);
  genre_network_free (network);
}

static void
check_close (const GenreSafetensors *file, const char *name,
    const float *values, gsize n)
{
  GenreShape shape;
  g_autofree float *golden = read_tensor (file, name, &shape);

  g_assert_cmpuint (shape.channels * shape.bands * shape.frames, ==, n);
  g_assert_cmpfloat (max_difference (values, golden, n), <, tolerance);
}

/* Compares the embedding that the last run gave, as a vector of length 1. */
static void
check_embedding (const GenreSafetensors *file, const GenreNetwork *network,
    const GenreWorkspace *workspace)
{
  const float *given = genre_workspace_get_embedding (workspace);
  const gsize n = genre_network_get_embedding_size (network);
  g_autofree float *values = g_new (float, n);
  double square = 0;

  for (gsize i = 0; i < n; i++)
    square += given[i] * given[i];
  for (gsize i = 0; i < n; i++)
    values[i] = given[i] / sqrt (square);
  check_close (file, "embedding", values, n);
}

/* One pass gives the embedding and the output of every head, also when a longer input
 * came before. */
static void
test_heads (gconstpointer name)
{
  GenreSafetensors *file = load_golden (name);
  const char *text = genre_safetensors_get_metadata (file, "heads");
  g_autoptr (JsonNode)
      root = genre_json_parse ("heads", text, strlen (text), NULL);
  g_autoptr (GPtrArray) heads = g_ptr_array_new_with_free_func (head_free);
  g_autoptr (GPtrArray) layers = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  GenreShape shape;
  g_autofree float *input = read_tensor (file, "input", &shape);
  GenreNetwork *network;
  GenreWorkspace *workspace;

  g_assert_true (genre_heads_read (heads, layers, root, &error));
  network = genre_network_new (file, 1, shape.bands, 200, layers, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (
      genre_network_get_activation (network, 0), ==, "share_other");
  g_assert_cmpstr (genre_network_get_activation (network, 1), ==, "sigmoid");
  g_assert_cmpstr (genre_network_get_activation (network, 2), ==, "softmax");
  workspace = genre_workspace_new (network, 1);
  for (guint i = 0; i < 2; i++) {
    gsize frames = i == 0 ? 200 : shape.frames;
    float *to = genre_workspace_get_input (workspace, frames);
    const float *output;

    for (gsize k = 0; k < shape.bands * frames; k++)
      to[k] = i == 0 ? k % 7 : input[k];
    output = genre_network_forward (network, workspace, frames);
    if (i == 0)
      continue;
    check_close (file, "output", output, 10);
    check_embedding (file, network, workspace);
    check_close (file, "output_tags", genre_workspace_get_output (workspace, 1),
        genre_network_get_n_outputs (network, 1));
    check_close (file, "output_voice",
        genre_workspace_get_output (workspace, 2),
        genre_network_get_n_outputs (network, 2));
  }
  genre_workspace_free (workspace);
  genre_network_free (network);
  genre_safetensors_free (file);
}

/* Of the CRNN: four halvings need 16 frames. */
static void
test_min_frames (void)
{
  GenreSafetensors *file = load_golden ("crnn");
  GenreNetwork *network = genre_network_new (file, 1, 128, 387, NULL, NULL);
  GenreShape shape;

  g_assert_cmpuint (genre_network_get_min_frames (network), ==, 16);
  g_assert_false (genre_network_get_output_shape (network, 15, &shape));
  g_assert_true (genre_network_get_output_shape (network, 16, &shape));
  g_assert_cmpuint (shape.channels * shape.bands * shape.frames, ==, 10);
  genre_safetensors_free (file);
  genre_network_free (network);
}

/* Numbers from -1 to 1. */
static void
fill (float *values, gsize n, guint seed)
{
  for (gsize i = 0; i < n; i++)
    values[i] = (seed = seed * 1664525 + 1013904223) / 2147483648.0 - 1;
}

/* Products of sizes that fill no vectors: what the formula gives, and for each row,
 * to the bit, what it gives alone. */
static void
test_matrix (void)
{
  enum
  {
    ROWS = 27,
    K = 7,
    N = 101
  };
  float weight[N * K], x[ROWS * K], start[ROWS * N + 1], y[ROWS * N + 1];
  float alone[N];

  fill (weight, N * K, 1);
  fill (x, ROWS * K, 2);
  fill (start, ROWS * N + 1, 3);
  for (gsize n = 1; n <= N; n++) {
    GenreMatrix matrix;

    genre_matrix_init (&matrix, kernels, weight, K, n);
    for (gsize rows = 1; rows <= ROWS; rows++) {
      memcpy (y, start, sizeof y);
      genre_matrix_add_product (&matrix, x, rows, y);
      for (gsize row = 0; row < rows; row++) {
        memcpy (alone, start + row * n, n * sizeof *alone);
        genre_matrix_add_product (&matrix, x + row * K, 1, alone);
        g_assert_cmpmem (alone, n * sizeof *alone, y + row * n, n * sizeof *y);
      }
      for (gsize i = 0; i < n; i++) {
        double sum = start[i];

        for (gsize j = 0; j < K; j++)
          sum += x[j] * weight[i * K + j];
        g_assert_cmpfloat (fabs (sum - y[i]), <, tolerance);
      }
      g_assert_cmpfloat (y[rows * n], ==, start[rows * n]);
    }
    genre_matrix_clear (&matrix);
  }
}

/* Weights that no half float can hold, or not with all its bits, stay floats. */
static void
test_matrix_range (void)
{
  static const float weights[][2] = {
    { 100000, 0.0009765625f },
    { 65536, 1 },
    { -1e30f, 3 },
    { 1e-6f, -3e-6f },
    { 1e-30f, 2e-30f },
    { 0, 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (weights); i++) {
    const float *w = weights[i], x[2][2] = { { 1, 0 }, { 0, 1 } };
    float y[2] = { 0, 0 };
    GenreMatrix matrix;

    genre_matrix_init (&matrix, kernels, w, 2, 1);
    genre_matrix_add_product (&matrix, x[0], 2, y);
    g_assert_cmpmem (y, sizeof y, w, sizeof y);
    genre_matrix_clear (&matrix);
  }
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;

  g_test_init (&argc, &argv, NULL);
  /* the environment names the kernels to test */
  kernels = genre_kernels_get (&error);
  if (!kernels) {
    g_print ("1..0 # SKIP %s\n", error->message);
    return 0;
  }
  tolerance = kernels->exact == kernels ? TOLERANCE : HALF_TOLERANCE;
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *name = g_strconcat ("/layers/", cases[i], NULL);

    g_test_add_data_func (name, cases[i], test_golden);
  }
  g_test_add_func ("/layers/shorter-after-longer", test_shorter_after_longer);
  g_test_add_func ("/layers/min-frames", test_min_frames);
  g_test_add_func ("/layers/matrix", test_matrix);
  g_test_add_func ("/layers/matrix-range", test_matrix_range);
  g_test_add_data_func ("/layers/heads", "heads", test_heads);
  g_test_add_data_func ("/layers/embedding", "heads_embedding", test_heads);
  return fixture_run ();
}
