/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "models.h"

#include <math.h>
#include <string.h>

#include <gst/gst.h>
#include <json-glib/json-glib.h>

#include "genre/genre.h"
#include "genre/melspectrogram.h"
#include "genre/weights/safetensors.h"
#include "plugin.h"

#define SUFFIX ".safetensors"

char *
models_find_folder (void)
{
  const char *folder = g_getenv ("GENRECLASSIFY_MODELS");
  g_autoptr (GstPlugin) plugin = NULL;

  if (folder)
    return g_strdup (folder);
  /* without GStreamer there is no plugin */
  if (plugin_init (NULL))
    plugin = gst_registry_find_plugin (gst_registry_get (), "genreclassify");
  if (plugin && gst_plugin_get_filename (plugin)) {
    g_autofree char *directory = g_path_get_dirname (
        gst_plugin_get_filename (plugin));
    g_autofree char *beside = g_build_filename (
        directory, "..", "models", NULL);
    g_autofree char *model = g_build_filename (
        beside, MODELS_DEFAULT SUFFIX, NULL);

    if (g_file_test (model, G_FILE_TEST_EXISTS))
      return g_canonicalize_filename (beside, NULL);
  }
  return g_strdup (MODELS_DIR);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

GPtrArray *
models_list (const char *folder, GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, error);
  GPtrArray *names;
  const char *entry;

  if (!dir)
    return NULL;
  names = g_ptr_array_new_with_free_func (g_free);
  while ((entry = g_dir_read_name (dir)))
    if (g_str_has_suffix (entry, SUFFIX) && *entry != '.')
      g_ptr_array_add (
          names, g_strndup (entry, strlen (entry) - strlen (SUFFIX)));
  g_ptr_array_sort (names, compare_names);
  return names;
}

static void
refuse_name (const char *name, const char *folder, GError **error)
{
  g_autoptr (GPtrArray) names = models_list (folder, NULL);
  GString *known = g_string_new (NULL);

  for (guint i = 0; names && i < names->len; i++)
    g_string_append_printf (known, "%s%s", i > 0 ? ", " : "",
        (const char *) g_ptr_array_index (names, i));
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
      "There is no model \"%s\": neither such a file nor one of those in %s "
      "(%s).",
      name, folder, known->len > 0 ? known->str : "there are none");
  g_string_free (known, TRUE);
}

char *
models_find (const char *name, GError **error)
{
  g_autofree char *folder = models_find_folder ();

  if (*name && !strchr (name, G_DIR_SEPARATOR)) {
    g_autofree char *file = g_strconcat (name, SUFFIX, NULL);
    g_autofree char *path = g_build_filename (folder, file, NULL);

    if (g_file_test (path, G_FILE_TEST_EXISTS))
      return g_steal_pointer (&path);
  }
  if (g_file_test (name, G_FILE_TEST_EXISTS))
    return g_strdup (name);
  refuse_name (name, folder, error);
  return NULL;
}

/* The command */

typedef struct
{
  char *name; /* what --model takes */
  char *path;
  goffset size;
  GenreModel *model;
  JsonNode *layers;  /* as the file lists them */
  JsonNode *figures; /* what models/evaluate.py --record has noted, or NULL */
} ModelFile;

static void
model_file_free (ModelFile *file)
{
  if (!file)
    return;
  g_free (file->name);
  g_free (file->path);
  g_clear_pointer (&file->model, genre_model_unref);
  g_clear_pointer (&file->layers, json_node_unref);
  g_clear_pointer (&file->figures, json_node_unref);
  g_free (file);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ModelFile, model_file_free)

static ModelFile *
model_file_load (const char *folder, const char *name, GError **error)
{
  g_autoptr (ModelFile) file = g_new0 (ModelFile, 1);
  g_autofree char *base = g_strconcat (name, SUFFIX, NULL);
  g_autoptr (GMappedFile) content = NULL;
  GenreSafetensors *tensors;
  const char *layers, *figures;

  file->name = g_strdup (name);
  file->path = g_build_filename (folder, base, NULL);
  if (!(file->model = genre_model_load (file->path, error)) ||
      !(content = g_mapped_file_new (file->path, FALSE, error)) ||
      !(tensors = genre_safetensors_load (file->path, error)))
    return NULL;
  file->size = g_mapped_file_get_length (content);
  /* a model that loads has them */
  layers = genre_safetensors_get_metadata (tensors, "layers");
  file->layers = genre_json_parse (file->path, layers, strlen (layers), error);
  /* any program may have written something else of that name */
  figures = genre_safetensors_get_metadata (tensors, "figures");
  if (figures)
    file->figures = genre_json_parse (
        file->path, figures, strlen (figures), NULL);
  if (file->figures && !JSON_NODE_HOLDS_OBJECT (file->figures))
    g_clear_pointer (&file->figures, json_node_unref);
  genre_safetensors_free (tensors);
  return file->layers ? g_steal_pointer (&file) : NULL;
}

static double
get_min_seconds (const GenreModel *model)
{
  return genre_model_get_min_columns (model) * (double) GENRE_MEL_PERIOD /
      GENRE_MEL_COLUMNS;
}

/* The layers that have a size of their own, and what one calls it. */
static const struct
{
  const char *type, *words, *member;
} sized_layers[] = {
  { "mfcc", "MFCC of", "coefficients" },
  { "conv2d", "convolutions of", "channels" },
  { "gru", "GRUs of", "hidden" },
  { "lstm", "LSTMs of", "hidden" },
  { "dense", "dense of", "units" },
};

/* "convolutions of 32, 64, 128, 192; GRUs of 128, 128; dense of 11" */
static char *
describe_layers (JsonNode *layers)
{
  JsonArray *array = json_node_get_array (layers);
  GString *text = g_string_new (NULL);
  guint last = G_MAXUINT;

  for (guint i = 0; i < json_array_get_length (array); i++) {
    JsonObject *layer = json_array_get_object_element (array, i);
    const char *type = json_object_get_string_member (layer, "type");

    for (guint k = 0; k < G_N_ELEMENTS (sized_layers); k++) {
      if (!g_str_equal (type, sized_layers[k].type))
        continue;
      if (k == last)
        g_string_append (text, ",");
      else
        g_string_append_printf (
            text, "%s%s", text->len > 0 ? "; " : "", sized_layers[k].words);
      g_string_append_printf (text, " %" G_GINT64_FORMAT,
          json_object_get_int_member (layer, sized_layers[k].member));
      last = k;
    }
  }
  return g_string_free (text, FALSE);
}

static void
print_figures (JsonObject *figures)
{
  g_print (
      "  figures     accuracy %.3f, macro F1 %.3f, calibration error %.3f, "
      "by %" G_GINT64_FORMAT " tracks (%s)\n",
      json_object_get_double_member_with_default (figures, "accuracy", NAN),
      json_object_get_double_member_with_default (figures, "macro_f1", NAN),
      json_object_get_double_member_with_default (figures, "ece", NAN),
      json_object_get_int_member_with_default (figures, "n", 0),
      json_object_get_string_member_with_default (figures, "split", "?"));
}

static void
print_text (const ModelFile *file)
{
  const GenreModel *model = file->model;
  g_autofree char *network = describe_layers (file->layers);
  g_autofree char *size = g_format_size (file->size);

  g_print ("%s %s%s\n", genre_model_get_name (model),
      genre_model_get_version (model),
      g_str_equal (file->name, MODELS_DEFAULT) ? " (the default)" : "");
  g_print ("  labels      ");
  for (guint i = 0; i < genre_model_get_n_labels (model); i++)
    g_print ("%s%s", i > 0 ? ", " : "", genre_model_get_label (model, i));
  g_print ("\n  network     %s\n", network);
  g_print ("  parameters  %" G_GSIZE_FORMAT "\n",
      genre_model_get_n_parameters (model));
  g_print (
      "  input       mel spectrogram, %d bands to %d Hz, of %d s; at least "
      "%.1f s\n",
      GENRE_MEL_BANDS, GENRE_MEL_F_MAX, GENRE_MEL_PERIOD,
      get_min_seconds (model));
  if (file->figures)
    print_figures (json_node_get_object (file->figures));
  g_print ("  file        %s (%s)\n", file->path, size);
}

static void
add_json (JsonBuilder *builder, const ModelFile *file)
{
  const GenreModel *model = file->model;
  g_autofree char *path = g_utf8_make_valid (file->path, -1);
  g_autofree char *name = g_utf8_make_valid (file->name, -1);

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "name");
  json_builder_add_string_value (builder, genre_model_get_name (model));
  json_builder_set_member_name (builder, "version");
  json_builder_add_string_value (builder, genre_model_get_version (model));
  json_builder_set_member_name (builder, "default");
  json_builder_add_boolean_value (
      builder, g_str_equal (file->name, MODELS_DEFAULT));
  json_builder_set_member_name (builder, "labels");
  json_builder_begin_array (builder);
  for (guint i = 0; i < genre_model_get_n_labels (model); i++)
    json_builder_add_string_value (builder, genre_model_get_label (model, i));
  json_builder_end_array (builder);
  json_builder_set_member_name (builder, "parameters");
  json_builder_add_int_value (builder, genre_model_get_n_parameters (model));
  json_builder_set_member_name (builder, "sample_rate");
  json_builder_add_int_value (builder, GENRE_MEL_RATE);
  json_builder_set_member_name (builder, "window");
  json_builder_add_double_value (builder, GENRE_MEL_PERIOD);
  json_builder_set_member_name (builder, "min_window");
  json_builder_add_double_value (builder, get_min_seconds (model));
  json_builder_set_member_name (builder, "layers");
  json_builder_add_value (builder, json_node_copy (file->layers));
  json_builder_set_member_name (builder, "figures");
  if (file->figures)
    json_builder_add_value (builder, json_node_copy (file->figures));
  else
    json_builder_add_null_value (builder);
  json_builder_set_member_name (builder, "file");
  json_builder_add_string_value (builder, path);
  json_builder_set_member_name (builder, "bytes");
  json_builder_add_int_value (builder, file->size);
  json_builder_end_object (builder);
}

/* Shows each of @names; FALSE if one of them is damaged. */
static gboolean
show (const char *folder, const GPtrArray *names, gboolean json)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  gboolean ok = TRUE, first = TRUE;

  json_builder_begin_array (builder);
  for (guint i = 0; i < names->len; i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (ModelFile)
        file = model_file_load (folder, g_ptr_array_index (names, i), &error);

    if (!file) {
      g_printerr ("genreclassify: %s\n", error->message);
      ok = FALSE;
    } else if (json) {
      add_json (builder, file);
    } else {
      g_print (first ? "" : "\n");
      print_text (file);
      first = FALSE;
    }
  }
  json_builder_end_array (builder);
  if (json) {
    g_autoptr (JsonNode) root = json_builder_get_root (builder);
    g_autofree char *text = json_to_string (root, TRUE);

    g_print ("%s\n", text);
  }
  return ok;
}

int
models_main (int argc, char **argv)
{
  gboolean json = FALSE;
  const GOptionEntry entries[] = { { "json", 0, 0, G_OPTION_ARG_NONE, &json,
                                       "one JSON array of objects", NULL },
    G_OPTION_ENTRY_NULL };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) names = NULL;
  g_autofree char *folder = NULL;

  g_set_prgname ("genreclassify models");
  g_option_context_set_summary (context,
      "Lists the models that are installed, their labels and their networks.");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error)) {
    g_printerr ("genreclassify: %s\n", error->message);
    return 2;
  }
  if (argc > 1) {
    g_printerr ("genreclassify: models takes no names, but \"%s\" was given.\n",
        argv[1]);
    return 2;
  }
  folder = models_find_folder ();
  names = models_list (folder, &error);
  if (!names || names->len == 0) {
    g_printerr ("genreclassify: There are no models in %s%s%s\n", folder,
        error ? ": " : ".", error ? error->message : "");
    return 1;
  }
  return show (folder, names, json) ? 0 : 1;
}
