/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "fixture.h"

#include <string.h>

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>

/* Values of even and of odd index, of the first n_set; the rest is 0. */
static const struct
{
  const char *name;
  gsize shape[4]; /* 0: no such dimension */
  float even, odd;
  gsize n_set; /* 0: all */
} tensors[] = {
  { "dense.weight", { 2, 128 }, 0.01f, -0.01f, 0 },
  { "dense.bias", { 2 }, 0.1f, -0.1f, 0 },
  { "conv.weight", { 2, 1, 3, 3 }, 0.1f, 0.2f, 0 },
  { "conv.bias", { 2 }, 0, 0, 0 },
  { "norm.weight", { 2 }, 1, 1, 0 },
  { "norm.bias", { 2 }, 0, 0, 0 },
  { "norm.running_mean", { 2 }, 0, 0, 0 },
  { "norm.running_var", { 2 }, 1, 1, 0 },
  /* a variance below 0 */
  { "flat.weight", { 2 }, 1, 1, 0 },
  { "flat.bias", { 2 }, 0, 0, 0 },
  { "flat.running_mean", { 2 }, 0, 0, 0 },
  { "flat.running_var", { 2 }, -1, -1, 0 },
  /* an output that is too large for 300 s */
  { "wide.weight", { 256, 1, 3, 3 }, 0, 0, 0 },
  { "wide.bias", { 256 }, 0, 0, 0 },
  /* overflows at the first input that the model is tried with */
  { "huge.weight", { 2, 128 }, 3e38f, -3e38f, 0 },
  { "huge.bias", { 2 }, 0, 0, 0 },
  /* does not then, but where bands 0 and 1 are both loud */
  { "pair.weight", { 2, 128 }, 3e38f, 3e38f, 2 },
  { "pair.bias", { 2 }, 0, 0, 0 },
  /* for another head */
  { "moods.weight", { 3, 128 }, 0.01f, -0.02f, 0 },
  { "moods.bias", { 3 }, 0.5f, -0.5f, 0 },
};

static char *directory;

char *
fixture_path (const char *name)
{
  if (!directory) {
    g_autoptr (GError) error = NULL;

    directory = g_dir_make_tmp ("genre-test-XXXXXX", &error);
    g_assert_no_error (error);
  }
  return g_build_filename (directory, name, NULL);
}

char *
fixture_shipped_model (void)
{
  return g_test_build_filename (
      G_TEST_DIST, "..", "..", "models", "crnn.safetensors", NULL);
}

char *
fixture_write (const char *name, const void *bytes, gsize n_bytes)
{
  char *path = fixture_path (name);
  FILE *file = g_fopen (path, "wb");

  g_assert_nonnull (file);
  g_assert_cmpuint (fwrite (bytes, 1, n_bytes, file), ==, n_bytes);
  g_assert_cmpint (fclose (file), ==, 0);
  return path;
}

/* @text with " for ` */
static char *
unquote (const char *text)
{
  return g_strdelimit (g_strdup (text), "`", '"');
}

char *
fixture_write_safetensors (
    const char *name, const char *json, const void *data, gsize n_data)
{
  g_autofree char *header = unquote (json);
  g_autofree void *zeros = data ? NULL : g_malloc0 (n_data);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint64 length = GUINT64_TO_LE (strlen (header));

  g_byte_array_append (bytes, (const guint8 *) &length, sizeof length);
  g_byte_array_append (bytes, (const guint8 *) header, strlen (header));
  g_byte_array_append (bytes, data ? data : zeros, n_data);
  return fixture_write (name, bytes->data, bytes->len);
}

static void
append_tensor (JsonBuilder *header, GByteArray *data, guint index)
{
  gsize n = 1, begin = data->len;

  json_builder_set_member_name (header, tensors[index].name);
  json_builder_begin_object (header);
  json_builder_set_member_name (header, "dtype");
  json_builder_add_string_value (header, "F32");
  json_builder_set_member_name (header, "shape");
  json_builder_begin_array (header);
  for (guint i = 0; i < 4 && tensors[index].shape[i]; i++) {
    json_builder_add_int_value (header, tensors[index].shape[i]);
    n *= tensors[index].shape[i];
  }
  json_builder_end_array (header);
  for (gsize i = 0; i < n; i++) {
    float value = tensors[index].n_set && i >= tensors[index].n_set ? 0
        : i % 2 ? tensors[index].odd
                : tensors[index].even;
    guint32 word;

    memcpy (&word, &value, 4);
    word = GUINT32_TO_LE (word);
    g_byte_array_append (data, (const guint8 *) &word, 4);
  }
  json_builder_set_member_name (header, "data_offsets");
  json_builder_begin_array (header);
  json_builder_add_int_value (header, begin);
  json_builder_add_int_value (header, data->len);
  json_builder_end_array (header);
  json_builder_end_object (header);
}

char *
fixture_write_model (const char *name, const char *key, const char *value)
{
  static const char *const metadata[][2] = {
    { "format", "genreclassify-1" },
    { "name", "small" },
    { "version", "7" },
    { "labels", "[`quiet`,`loud`]" },
    { "frontend",
        "{`sample_rate`:22050,`n_fft`:2048,`hop_length`:512,"
        "`n_mels`:128,`f_min`:0,`f_max`:11025,`frames`:387,`duration`:30,"
        "`top_db`:80}" },
    { "layers",
        "[{`type`:`mean`},{`type`:`dense`,`name`:`dense`,`units`:2},"
        "{`type`:`softmax`}]" },
    { "heads", NULL },
    { "embedding", NULL },
  };
  g_autoptr (JsonBuilder) header = json_builder_new ();
  g_autoptr (GByteArray) data = g_byte_array_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autofree char *json = NULL;

  json_builder_begin_object (header);
  json_builder_set_member_name (header, "__metadata__");
  json_builder_begin_object (header);
  for (guint i = 0; i < G_N_ELEMENTS (metadata); i++) {
    const char *quoted = g_strcmp0 (metadata[i][0], key) ? metadata[i][1]
                                                         : value;
    g_autofree char *text = NULL;

    if (!quoted)
      continue;
    text = unquote (quoted);
    json_builder_set_member_name (header, metadata[i][0]);
    json_builder_add_string_value (header, text);
  }
  json_builder_end_object (header);
  for (guint i = 0; i < G_N_ELEMENTS (tensors); i++)
    append_tensor (header, data, i);
  json_builder_end_object (header);
  root = json_builder_get_root (header);
  json = json_to_string (root, FALSE);
  return fixture_write_safetensors (name, json, data->data, data->len);
}

GenreSafetensors *
fixture_load_safetensors (const char *path, GError **error)
{
  GenreSafetensors *file = genre_safetensors_open (path, error);

  if (!file)
    g_prefix_error (error, "%s: ", path);
  return file;
}

void
fixture_assert_refused (gconstpointer result, GError *error, GenreError code,
    const char *path, const char *word)
{
  const char *found;

  g_assert_null (result);
  g_assert_error (error, GENRE_ERROR, (int) code);
  if (!error)
    return;
  g_test_message ("%s", error->message);
  found = strstr (error->message, path);
  /* the path may contain the word */
  if (!found || !strstr (found + strlen (path), word)) {
    g_test_message ("it lacks %s or \"%s\"", path, word);
    g_test_fail ();
  }
  g_error_free (error);
}

int
fixture_run (void)
{
  int result;

  /* a table of cases shows all that fail, not only the first */
  g_test_set_nonfatal_assertions ();
  result = g_test_run ();
  if (directory) {
    g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name (dir))) {
      g_autofree char *path = fixture_path (name);

      g_remove (path);
    }
    g_rmdir (directory);
    g_clear_pointer (&directory, g_free);
  }
  return result;
}
