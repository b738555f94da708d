/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "modelscommand.h"

#include <math.h>
#include <string.h>

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>

#include "analysis/modelanswers.h"
#include "analysis/provenance.h"
#include "genre/genre.h"
#include "arguments.h"
#include "weightsdigest.h"

/* bytes of the figures, at most: they are a handful of numbers.  It also limits
 * how deep any other JSON of that name can be, which json-glib parses by
 * recursion. */
#define MAX_FIGURES 4096

/* columns of the text, and those before what is said of a model */
#define COLUMNS 80
#define INDENT 14

#define DAMAGED "the file was changed or damaged"

/* A model, and what its file says of it. */
typedef struct
{
  char *name; /* what --model takes */
  char *path;
  guint64 size; /* bytes */
  GenreModel *model;
  JsonNode *layers;   /* array: as the file lists them */
  JsonNode *frontend; /* object: its input, see models/weights.py */
  JsonNode *figures;  /* object: what models/evaluate.py --record has noted, or
                         NULL */
  char *recorded;     /* digest of the tensors that the file states, or NULL */
  char *digest;       /* the one that they have */
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
  g_clear_pointer (&file->frontend, json_node_unref);
  g_clear_pointer (&file->figures, json_node_unref);
  g_free (file->recorded);
  g_free (file->digest);
  g_free (file);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ModelFile, model_file_free)

/* A value of the metadata, parsed; NULL if it is missing or another kind of JSON. */
static JsonNode *
parse_metadata (const ModelFile *file, const char *key, JsonNodeType type)
{
  const char *text = genre_model_get_metadata (file->model, key);
  g_autoptr (JsonNode) node = text ? json_from_string (text, NULL) : NULL;

  return node && json_node_get_node_type (node) == type
      ? g_steal_pointer (&node)
      : NULL;
}

/* The figures are no part of the model, so that nothing has checked them. */
static JsonNode *
parse_figures (const ModelFile *file)
{
  const char *text = genre_model_get_metadata (file->model, "figures");

  if (!text || strlen (text) > MAX_FIGURES)
    return NULL;
  return parse_metadata (file, "figures", JSON_NODE_OBJECT);
}

static ModelFile *
model_file_load (const char *name, GError **error)
{
  g_autoptr (ModelFile) file = g_new0 (ModelFile, 1);
  GStatBuf status;

  file->name = g_strdup (name);
  if (!(file->path = genre_model_find (name, error)) ||
      !(file->model = genre_model_load (file->path, error)))
    return NULL;
  file->layers = parse_metadata (file, "layers", JSON_NODE_ARRAY);
  file->frontend = parse_metadata (file, "frontend", JSON_NODE_OBJECT);
  file->figures = parse_figures (file);
  /* a model that loads has them, unless its file was just replaced */
  if (!file->layers || !file->frontend || g_stat (file->path, &status) < 0) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
        "%s: it was changed while it was read", file->path);
    return NULL;
  }
  file->size = status.st_size;
  file->recorded = provenance_get_text (file->model, "sha256");
  if (!(file->digest = weights_digest_make (file->path, error)))
    return NULL;
  return g_steal_pointer (&file);
}

/* Whether the tensors are not those that the file was written with. */
static gboolean
is_damaged (const ModelFile *file)
{
  return file->recorded &&
      g_ascii_strcasecmp (file->recorded, file->digest) != 0;
}

static gint64
get_frontend (const ModelFile *file, const char *member)
{
  return json_object_get_int_member (
      json_node_get_object (file->frontend), member);
}

static double
get_min_seconds (const ModelFile *file)
{
  return (double) genre_model_get_min_window (file->model) / GENRE_SECOND;
}

static gboolean
is_default (const ModelFile *file)
{
  return g_str_equal (file->name, GENRE_DEFAULT_MODEL);
}

/* Text */

/* The layers whose size says something, how they are called, and the member of
 * the file's description that is their size. */
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

/* @what: a word of up to 10 letters.  @text goes on in further lines, where it has
 * spaces. */
static void
print_field (const char *what, const char *text)
{
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  glong column = INDENT;

  g_print ("  %-*s", INDENT - 2, what);
  for (char **word = words; *word; word++) {
    const glong length = g_utf8_strlen (*word, -1);

    if (column > INDENT && column + 1 + length > COLUMNS) {
      g_print ("\n%*s", INDENT, "");
      column = INDENT;
    } else if (column > INDENT) {
      g_print (" ");
      column++;
    }
    g_print ("%s", *word);
    column += length;
  }
  g_print ("\n");
}

static void
print_figures (JsonObject *figures)
{
  g_autofree char *split = provenance_clean (
      json_object_get_string_member_with_default (figures, "split", "?"));
  g_autofree char *text = g_strdup_printf (
      "accuracy %.3f, macro F1 %.3f, calibration error %.3f, by %" G_GINT64_FORMAT
      " tracks (%s)",
      json_object_get_double_member_with_default (figures, "accuracy", NAN),
      json_object_get_double_member_with_default (figures, "macro_f1", NAN),
      json_object_get_double_member_with_default (figures, "ece", NAN),
      json_object_get_int_member_with_default (figures, "n", 0), split);

  print_field ("figures", text);
}

static void
print_words (const char *what, const char *const *words)
{
  g_autofree char *text = g_strjoinv (", ", (char **) words);

  if (*text)
    print_field (what, text);
}

/* Whether the file is as it was written, and with @details its digests. */
static void
print_digest (const ModelFile *file, gboolean details)
{
  const gboolean damaged = is_damaged (file);
  const char *state = damaged ? "DIFFERS: " DAMAGED
      : file->recorded        ? "as recorded"
                              : "not recorded";
  g_autofree char *text = g_strdup_printf ("%s %s%s%s", file->digest, state,
      damaged ? "; recorded is " : "", damaged ? file->recorded : "");

  print_field ("sha256", details ? text : state);
}

/* "588 tracks of gtzan_mel128.npz: blues 59, classical 58", or "the network of
 * crnn.safetensors" */
static char *
describe_part (JsonObject *part)
{
  const char *what = json_object_get_string_member (part, "what");
  const char *name = json_object_get_string_member_with_default (
      part, "file", "unknown origin");
  GString *text = g_string_new (NULL);
  const char *separator = ": ";
  JsonObjectIter iter;
  JsonNode *count;
  const char *of;

  if (!json_object_has_member (part, "of")) {
    g_string_printf (text, "the %s of %s", what, name);
    return g_string_free (text, FALSE);
  }
  g_string_printf (text, "%" G_GINT64_FORMAT " %s of %s",
      json_object_get_int_member (part, "number"), what, name);
  json_object_iter_init_ordered (
      &iter, json_object_get_object_member (part, "of"));
  while (json_object_iter_next_ordered (&iter, &of, &count)) {
    g_string_append_printf (text, "%s%s %" G_GINT64_FORMAT, separator, of,
        json_node_get_int (count));
    separator = ", ";
  }
  return g_string_free (text, FALSE);
}

/* Where it comes from, as its file says. */
static void
print_provenance (const GenreModel *model)
{
  static const char *const keys[][2] = { { "command", "command" },
    { "license", "licence" }, { "created", "created" },
    { "program", "made by" } };
  g_autoptr (JsonNode) data = provenance_get_data (model);
  JsonArray *parts = data ? json_node_get_array (data) : NULL;

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++) {
    g_autofree char *text = provenance_get_text (model, keys[i][0]);

    print_field (keys[i][1], text ? text : "not recorded");
  }
  if (!parts || json_array_get_length (parts) == 0) {
    /* files of other programs may have a line there */
    g_autofree char *text = provenance_get_text (model, "data");

    print_field ("data", text ? text : "not recorded");
  }
  for (guint i = 0; parts && i < json_array_get_length (parts); i++) {
    JsonObject *part = json_array_get_object_element (parts, i);
    g_autofree char *text = describe_part (part);
    const char *digest = json_object_get_string_member_with_default (
        part, "sha256", NULL);

    print_field (i == 0 ? "data" : "", text);
    if (digest)
      print_field ("", digest);
  }
}

/* @details: also where it comes from. */
static void
print_text (const ModelFile *file, gboolean details)
{
  const GenreModel *model = file->model;
  g_autofree char *network = describe_layers (file->layers);
  g_autofree char *size = g_format_size (file->size);
  g_autofree char *parameters = g_strdup_printf (
      "%" G_GSIZE_FORMAT, genre_model_get_n_parameters (model));
  g_autofree char *input = g_strdup_printf (
      "mel spectrogram, %" G_GINT64_FORMAT " bands to %" G_GINT64_FORMAT
      " Hz, of %" G_GINT64_FORMAT " s; at least %.1f s",
      get_frontend (file, "n_mels"), get_frontend (file, "f_max"),
      get_frontend (file, "duration"), get_min_seconds (file));

  g_print ("%s %s%s\n", genre_model_get_name (model),
      genre_model_get_version (model),
      is_default (file) ? " (the default)" : "");
  print_words ("labels", genre_model_get_head_labels (model, 0));
  print_words ("tags", model_get_tags (model));
  print_field ("network", network);
  print_field ("parameters", parameters);
  print_field ("input", input);
  if (file->figures)
    print_figures (json_node_get_object (file->figures));
  g_print ("  file        %s (%s)\n", file->path, size);
  print_digest (file, details);
  if (details)
    print_provenance (model);
}

/* JSON */

static void
add_string (JsonBuilder *builder, const char *member, const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);

  json_builder_set_member_name (builder, member);
  json_builder_add_string_value (builder, valid);
}

static void
add_integer (JsonBuilder *builder, const char *member, gint64 value)
{
  json_builder_set_member_name (builder, member);
  json_builder_add_int_value (builder, value);
}

static void
add_number (JsonBuilder *builder, const char *member, double value)
{
  json_builder_set_member_name (builder, member);
  json_builder_add_double_value (builder, value);
}

/* @node may be NULL. */
static void
add_node (JsonBuilder *builder, const char *member, JsonNode *node)
{
  json_builder_set_member_name (builder, member);
  json_builder_add_value (
      builder, node ? json_node_copy (node) : json_node_new (JSON_NODE_NULL));
}

static void
add_json (JsonBuilder *builder, const ModelFile *file)
{
  const GenreModel *model = file->model;

  json_builder_begin_object (builder);
  add_string (builder, "name", genre_model_get_name (model));
  add_string (builder, "version", genre_model_get_version (model));
  json_builder_set_member_name (builder, "default");
  json_builder_add_boolean_value (builder, is_default (file));
  model_add_answers (builder, model);
  add_integer (builder, "parameters", genre_model_get_n_parameters (model));
  add_integer (builder, "sample_rate", get_frontend (file, "sample_rate"));
  add_number (builder, "window", get_frontend (file, "duration"));
  add_number (builder, "min_window", get_min_seconds (file));
  add_node (builder, "layers", file->layers);
  add_node (builder, "figures", file->figures);
  provenance_add (builder, model);
  json_builder_set_member_name (builder, "intact");
  if (file->recorded)
    json_builder_add_boolean_value (builder, !is_damaged (file));
  else
    json_builder_add_null_value (builder);
  add_string (builder, "file", file->path);
  add_integer (builder, "bytes", file->size);
  json_builder_end_object (builder);
}

static void
print_json (JsonBuilder *builder)
{
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  g_autofree char *text = json_to_string (root, TRUE);

  g_print ("%s\n", text);
}

/* The command */

/* Shows each of @names; FALSE if one of them cannot be loaded, or is not what its file
 * records. */
static gboolean
show_models (char **names, gboolean json, gboolean details)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  gboolean ok = TRUE, first = TRUE;

  json_builder_begin_array (builder);
  for (guint i = 0; names[i]; i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (ModelFile) file = model_file_load (names[i], &error);

    if (!file) {
      g_printerr ("genreclassify: %s\n", error->message);
      ok = FALSE;
      continue;
    }
    if (json) {
      add_json (builder, file);
    } else {
      g_print (first ? "" : "\n");
      print_text (file, details);
      first = FALSE;
    }
    if (is_damaged (file)) {
      g_printerr ("genreclassify: %s: " DAMAGED
                  ": its weights are not those that it records.\n",
          file->path);
      ok = FALSE;
    }
  }
  json_builder_end_array (builder);
  if (json)
    print_json (builder);
  return ok;
}

typedef struct
{
  gboolean json, names;
  char **models; /* names or files; all that are found, if there are none */
} Options;

static gboolean
parse_options (int argc, char **argv, Options *options, GError **error)
{
  const GOptionEntry entries[] = { { "json", 0, 0, G_OPTION_ARG_NONE,
                                       &options->json,
                                       "one JSON array of objects", NULL },
    { "names", 0, 0, G_OPTION_ARG_NONE, &options->names,
        "only what --model takes, one a line", NULL },
    G_OPTION_ENTRY_NULL };
  const GOptionEntry *const tables[] = { entries, NULL };
  g_autoptr (GOptionContext) context = g_option_context_new ("[NAME|FILE]...");

  g_set_prgname ("genreclassify models");
  g_option_context_set_summary (context,
      "Lists the models that are found by name, their labels and their networks, "
      "and\nwhether their files are as they were written; of those that are named "
      "also where\nthey come from: command, data, licence.");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!(options->models = arguments_parse (context, tables, argc, argv, error)))
    return FALSE;
  if (options->json && options->names)
    return arguments_set_error (
        error, "--json and --names cannot both be printed.");
  if (options->models[0] && options->names)
    return arguments_set_error (error,
        "--names lists all models, but \"%s\" was given.", options->models[0]);
  return TRUE;
}

/* All that are found by name; NULL if there is none, which is said. */
static char **
list_models (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) names = genre_model_list (&error);

  if (!names || !*names) {
    g_auto (GStrv) folders = genre_model_get_folders ();
    g_autofree char *places = g_strjoinv (" or ", folders);

    g_printerr ("genreclassify: There are no models in %s%s%s\n", places,
        error ? ": " : ".", error ? error->message : "");
    return NULL;
  }
  return g_steal_pointer (&names);
}

int
models_main (int argc, char **argv)
{
  Options options = { 0 };
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) models = NULL;
  g_auto (GStrv) found = NULL;

  if (!parse_options (argc, argv, &options, &error)) {
    g_strfreev (options.models);
    g_printerr ("genreclassify: %s\n", error->message);
    return 2;
  }
  models = options.models;
  if (*models)
    return show_models (models, options.json, TRUE) ? 0 : 1;
  if (!(found = list_models ()))
    return 1;
  if (!options.names)
    return show_models (found, options.json, FALSE) ? 0 : 1;
  for (char **name = found; *name; name++)
    g_print ("%s\n", *name);
  return 0;
}
