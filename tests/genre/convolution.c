/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Convolutions of many sizes, with the kernels that the environment variable
 * GENRECLASSIFY_KERNELS names, against those of the plain kernels. */

#include <math.h>
#include <string.h>

#include "fixture.h"
#include "genre/kernels/kernels.h"
#include "genre/network.h"

#define VARIABLE "GENRECLASSIFY_KERNELS"

typedef struct
{
  GenreShape in;
  gsize out_channels;
  GenrePool pool;
} Case;

static const Case cases[] = {
  /* one input channel: of one band, of one tile, of parts of tiles, of more outputs
   * than a block */
  { { 1, 1, 1 }, 1, { 1, 1 } },
  { { 1, 1, 9 }, 3, { 1, 4 } },
  { { 1, 4, 4 }, 4, { 4, 4 } },
  { { 1, 5, 5 }, 17, { 2, 1 } },
  { { 1, 9, 30 }, 33, { 2, 2 } },
  { { 1, 12, 131 }, 32, { 4, 2 } },
  /* several: odd numbers of them, and more than the vectors hold */
  { { 2, 1, 1 }, 1, { 1, 1 } },
  { { 3, 4, 4 }, 5, { 4, 4 } },
  { { 5, 6, 3 }, 16, { 1, 2 } },
  { { 17, 9, 7 }, 31, { 4, 2 } },
  { { 31, 3, 21 }, 8, { 2, 4 } },
  { { 32, 8, 50 }, 64, { 2, 2 } },
  { { 160, 4, 24 }, 32, { 4, 2 } },
  /* more tiles in a row than are computed at a time */
  { { 4, 7, 99 }, 20, { 2, 2 } },
  { { 6, 4, 205 }, 7, { 1, 1 } },
  /* as many channels as integers are precise enough for, and one more */
  { { 256, 2, 5 }, 3, { 1, 1 } },
  { { 257, 2, 5 }, 3, { 1, 1 } },
};

static double tolerance;

static void
append_tensor (GString *header, GByteArray *data, const char *name,
    const char *shape, gsize n, float scale, guint seed)
{
  gsize begin = data->len;

  for (gsize i = 0; i < n; i++) {
    float value;

    seed = seed * 1664525 + 1013904223;
    value = (seed / 2147483648.0 - 1) * scale;
    g_byte_array_append (data, (const guint8 *) &value, sizeof value);
  }
  g_string_append_printf (header,
      ",\"%s\":{\"dtype\":\"F32\",\"shape\":[%s],\"data_offsets\":"
      "[%" G_GSIZE_FORMAT ",%u]}",
      name, shape, begin, data->len);
}

/* A network of one convolution with random weights, a batch norm, a pool and ELU. */
static GenreSafetensors *
make_file (const Case *test)
{
  const gsize in = test->in.channels, out = test->out_channels;
  g_autoptr (GString) header = g_string_new (NULL);
  g_autoptr (GByteArray) data = g_byte_array_new ();
  g_autoptr (GByteArray) file = g_byte_array_new ();
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *size = g_strdup_printf ("%zu", out);
  g_autofree char *shape = g_strdup_printf ("%zu,%zu,3,3", out, in);
  const char *norm[] = { "norm.weight", "norm.bias", "norm.running_mean" };
  GenreSafetensors *result;
  guint64 length;

  g_string_append_printf (header,
      "{\"__metadata__\":{\"layers\":\"["
      "{\\\"type\\\":\\\"conv2d\\\",\\\"name\\\":\\\"conv\\\","
      "\\\"channels\\\":%zu},"
      "{\\\"type\\\":\\\"batch_norm\\\",\\\"name\\\":\\\"norm\\\","
      "\\\"epsilon\\\":1.1},"
      "{\\\"type\\\":\\\"max_pool\\\",\\\"bands\\\":%zu,\\\"frames\\\":%zu},"
      "{\\\"type\\\":\\\"elu\\\"}]\"}",
      out, test->pool.bands, test->pool.frames);
  append_tensor (
      header, data, "conv.weight", shape, out * in * 9, 1 / sqrt (3 * in), 1);
  append_tensor (header, data, "conv.bias", size, out, 1, 2);
  for (guint i = 0; i < G_N_ELEMENTS (norm); i++)
    append_tensor (header, data, norm[i], size, out, 1, 3 + i);
  append_tensor (header, data, "norm.running_var", size, out, 1, 6);
  g_string_append_c (header, '}');
  while (header->len % 8)
    g_string_append_c (header, ' ');
  length = GUINT64_TO_LE ((guint64) header->len);
  g_byte_array_append (file, (const guint8 *) &length, sizeof length);
  g_byte_array_append (file, (const guint8 *) header->str, header->len);
  g_byte_array_append (file, data->data, data->len);
  bytes = g_bytes_new (file->data, file->len);
  result = genre_safetensors_new (bytes, &error);
  g_assert_no_error (error);
  return result;
}

/* The output, [n], for an input of numbers from -1 to 1 that is the same each time; free
 * it with g_free(). */
static float *
compute (const Case *test, const char *kernels, gsize *n)
{
  g_autofree char *before = g_strdup (g_getenv (VARIABLE));
  g_autoptr (GError) error = NULL;
  GenreSafetensors *file = make_file (test);
  GenreShape out = { 0, 0, 0 };
  GenreNetwork *network;
  GenreWorkspace *workspace;
  float *input, *output;
  guint seed = 7;

  if (kernels)
    g_setenv (VARIABLE, kernels, TRUE);
  network = genre_network_new (
      file, test->in.channels, test->in.bands, test->in.frames, NULL, &error);
  g_assert_no_error (error);
  if (before)
    g_setenv (VARIABLE, before, TRUE);
  else
    g_unsetenv (VARIABLE);
  genre_safetensors_free (file);
  g_assert_true (
      genre_network_get_output_shape (network, test->in.frames, &out));
  *n = out.channels * out.bands * out.frames;
  workspace = genre_workspace_new (network, test->in.frames);
  input = genre_workspace_get_input (workspace, test->in.frames);
  for (gsize i = 0; i < test->in.channels * test->in.bands * test->in.frames;
       i++)
    input[i] = (seed = seed * 1664525 + 1013904223) / 2147483648.0 - 1;
  output = g_memdup2 (
      genre_network_forward (network, workspace, test->in.frames),
      *n * sizeof *output);
  genre_workspace_free (workspace);
  genre_network_free (network);
  return output;
}

static void
test_case (gconstpointer data)
{
  const Case *test = data;
  gsize n, n_expected;
  g_autofree float *output = compute (test, NULL, &n);
  g_autofree float *expected = compute (test, "plain", &n_expected);
  double max = 0;

  g_assert_cmpuint (n, ==, n_expected);
  for (gsize i = 0; i < n; i++) {
    g_assert_true (isfinite (output[i]));
    max = MAX (max, fabs (output[i] - expected[i]));
  }
  g_test_message ("max difference %g", max);
  g_assert_cmpfloat (max, <, tolerance);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  const GenreKernels *kernels;

  g_test_init (&argc, &argv, NULL);
  kernels = genre_kernels_get (&error);
  if (!kernels) {
    g_print ("1..0 # SKIP %s\n", error->message);
    return 0;
  }
  /* those that round weights and data to integers, and those of floats */
  tolerance = kernels->conv2d_rows ? 2e-2 : 1e-5;
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    const Case *test = &cases[i];
    g_autofree char *name = g_strdup_printf (
        "/convolution/%zu,%zu,%zu-%zu,%zu,%zu", test->in.channels,
        test->in.bands, test->in.frames, test->out_channels, test->pool.bands,
        test->pool.frames);

    g_test_add_data_func (name, test, test_case);
  }
  return fixture_run ();
}
