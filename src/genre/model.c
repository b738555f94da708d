/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A model: what a weights file says of itself, and its network. */

#include "model.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "genre/weights/error.h"
#include "melspectrogram.h"

#define FORMAT "genreclassify-1"
#define MAX_LABELS 1024

struct _GenreModel
{
  guint refcount; /* under the lock */
  char *key;      /* in the table of loaded models; may be NULL */
  char *name;
  char *version;
  GPtrArray *labels; /* char * */
  GenreNetwork *network;

  GMutex workspaces_lock;
  GCond workspace_released;
  GPtrArray *workspaces; /* that are not in use */
  guint n_workspaces;    /* that there are */
};

/* The one front end there is, under the names that the weights file uses.  A
 * network that was trained on another one would give wrong answers in silence,
 * so it is refused. */
static const struct
{
  const char *name;
  double value;
} frontend[] = {
  { "sample_rate", GENRE_MEL_RATE },
  { "n_fft", GENRE_MEL_WINDOW },
  { "hop_length", GENRE_MEL_HOP },
  { "n_mels", GENRE_MEL_BANDS },
  { "f_min", 0 },
  { "f_max", GENRE_MEL_F_MAX },
  { "frames", GENRE_MEL_COLUMNS },
  { "duration", GENRE_MEL_PERIOD },
  { "top_db", GENRE_MEL_TOP_DB },
};

static JsonNode *
parse_metadata (const GenreSafetensors *file, const char *key, GError **error)
{
  g_autofree char *what = g_strdup_printf (
      "%s: metadata \"%s\"", genre_safetensors_get_name (file), key);
  const char *text = genre_safetensors_get_metadata (file, key);

  if (!text) {
    genre_refuse (error, GENRE_ERROR_FORMAT, "%s is missing", what);
    return NULL;
  }
  return genre_json_parse (what, text, strlen (text), error);
}

static gboolean
check_frontend (const GenreSafetensors *file, GError **error)
{
  const char *name = genre_safetensors_get_name (file);
  g_autoptr (JsonNode) root = parse_metadata (file, "frontend", error);
  g_autoptr (GList) members = NULL;
  JsonObject *object;

  if (!root)
    return FALSE;
  if (!JSON_NODE_HOLDS_OBJECT (root))
    return genre_refuse (error, GENRE_ERROR_FORMAT,
        "%s: metadata \"frontend\" is not an object", name);
  object = json_node_get_object (root);
  for (gsize i = 0; i < G_N_ELEMENTS (frontend); i++) {
    JsonNode *value = json_object_get_member (object, frontend[i].name);

    if (!value || !JSON_NODE_HOLDS_VALUE (value) ||
        (json_node_get_value_type (value) != G_TYPE_INT64 &&
            json_node_get_value_type (value) != G_TYPE_DOUBLE))
      return genre_refuse (error, GENRE_ERROR_FORMAT,
          "%s: metadata \"frontend\" has no number \"%s\"", name,
          frontend[i].name);
    if (fabs (json_node_get_double (value) - frontend[i].value) > 1e-9)
      return genre_refuse (error, GENRE_ERROR_FORMAT,
          "%s: its network was trained with %s %g, but this front end has %g",
          name, frontend[i].name, json_node_get_double (value),
          frontend[i].value);
  }
  members = json_object_get_members (object);
  for (GList *l = members; l; l = l->next) {
    gsize i = 0;

    while (i < G_N_ELEMENTS (frontend) && strcmp (l->data, frontend[i].name))
      i++;
    if (i == G_N_ELEMENTS (frontend))
      return genre_refuse (error, GENRE_ERROR_FORMAT,
          "%s: metadata \"frontend\" has the unknown member \"%s\"", name,
          (const char *) l->data);
  }
  return TRUE;
}

static gboolean
read_labels (GenreModel *model, const GenreSafetensors *file, GError **error)
{
  const char *name = genre_safetensors_get_name (file);
  g_autoptr (JsonNode) root = parse_metadata (file, "labels", error);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  JsonArray *array;
  guint n;

  if (!root)
    return FALSE;
  if (!JSON_NODE_HOLDS_ARRAY (root))
    return genre_refuse (error, GENRE_ERROR_FORMAT,
        "%s: metadata \"labels\" is not a list", name);
  array = json_node_get_array (root);
  n = json_array_get_length (array);
  if (n < 1 || n > MAX_LABELS)
    return genre_refuse (error, GENRE_ERROR_FORMAT,
        "%s: %u labels, expected 1 to %d", name, n, MAX_LABELS);
  for (guint i = 0; i < n; i++) {
    JsonNode *node = json_array_get_element (array, i);
    const char *label;

    if (!JSON_NODE_HOLDS_VALUE (node) ||
        json_node_get_value_type (node) != G_TYPE_STRING ||
        !*json_node_get_string (node))
      return genre_refuse (
          error, GENRE_ERROR_FORMAT, "%s: label %u is not a word", name, i + 1);
    label = json_node_get_string (node);
    g_ptr_array_add (model->labels, g_strdup (label));
    if (!g_hash_table_add (seen, g_ptr_array_index (model->labels, i)))
      return genre_refuse (error, GENRE_ERROR_FORMAT,
          "%s: the label \"%s\" stands there twice", name, label);
  }
  return TRUE;
}

gboolean
genre_model_run (const GenreModel *model, GenreWorkspace *workspace,
    gsize n_columns, float *probabilities, GError **error)
{
  const float *output = genre_network_forward (
      model->network, workspace, n_columns);
  double sum = 0;

  if (!output)
    return genre_refuse (error, GENRE_ERROR_CANCELLED, "cancelled");
  for (guint i = 0; i < model->labels->len; i++) {
    if (!(output[i] >= 0))
      sum = NAN;
    sum += output[i];
  }
  if (!(fabs (sum - 1) < 1e-3))
    return genre_refuse (error, GENRE_ERROR_FORMAT,
        "%s: the network's output is not a list of probabilities", model->name);
  for (guint i = 0; i < model->labels->len; i++)
    probabilities[i] = output[i] / sum;
  return TRUE;
}

/* A network that ends in something else than a softmax, or whose weights
 * overflow, is better refused now than at the first segment. */
static gboolean
try_network (const GenreModel *model, const char *file, GError **error)
{
  gsize n = genre_network_get_min_frames (model->network);
  GenreWorkspace *workspace = genre_workspace_new (model->network, n);
  float *input = genre_workspace_get_input (workspace, n);
  g_autofree float *probabilities = g_new (float, model->labels->len);
  gboolean ok;

  for (gsize i = 0; i < n * GENRE_MEL_BANDS; i++)
    input[i] = i % 2 ? 1 : -1;
  ok = genre_model_run (model, workspace, n, probabilities, NULL);
  genre_workspace_free (workspace);
  return ok ||
      genre_refuse (error, GENRE_ERROR_FORMAT,
          "%s: the network's output is not a list of probabilities", file);
}

static gboolean
read_model (GenreModel *model, const GenreSafetensors *file, GError **error)
{
  const char *name = genre_safetensors_get_name (file);
  const char *format = genre_safetensors_get_metadata (file, "format");
  const char *model_name = genre_safetensors_get_metadata (file, "name");
  const char *version = genre_safetensors_get_metadata (file, "version");
  GenreShape output = { 0, 0, 0 };

  if (!format || strcmp (format, FORMAT))
    return genre_refuse (error, GENRE_ERROR_FORMAT,
        "%s: a safetensors file, but not a model of this program: metadata "
        "\"format\" is %s, expected " FORMAT,
        name, format ? format : "missing");
  if (!model_name || !version)
    return genre_refuse (error, GENRE_ERROR_FORMAT,
        "%s: metadata \"%s\" is missing", name,
        model_name ? "version" : "name");
  model->name = g_strdup (model_name);
  model->version = g_strdup (version);
  if (!check_frontend (file, error) || !read_labels (model, file, error))
    return FALSE;
  model->network = genre_network_new (file, 1, GENRE_MEL_BANDS, error);
  if (!model->network)
    return FALSE;
  genre_network_get_output_shape (model->network, GENRE_MEL_COLUMNS, &output);
  if (output.channels * output.bands != model->labels->len ||
      output.frames != 1)
    return genre_refuse (error, GENRE_ERROR_FORMAT,
        "%s: the network gives [%" G_GSIZE_FORMAT "][%" G_GSIZE_FORMAT
        "] values for 30 s, expected [%u][1], one for each label",
        name, output.channels * output.bands, output.frames,
        model->labels->len);
  return try_network (model, name, error);
}

/* Every model that is in use, by what identifies its file and the file's
 * content: elements of one file share its weights. */
static GMutex lock;
static GHashTable *loaded; /* key -> GenreModel, not owned */

static char *
file_key (const char *path)
{
  struct stat info;

  if (stat (path, &info) < 0)
    return NULL;
  return g_strdup_printf ("%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT
                          ":%" G_GINT64_FORMAT ":%" G_GINT64_FORMAT ".%09ld",
      (guint64) info.st_dev, (guint64) info.st_ino, (gint64) info.st_size,
      (gint64) info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
}

static void
workspace_free (gpointer data)
{
  genre_workspace_free (data);
}

static void
model_free (GenreModel *model)
{
  /* before the network that they were made for */
  g_ptr_array_unref (model->workspaces);
  g_mutex_clear (&model->workspaces_lock);
  g_cond_clear (&model->workspace_released);
  genre_network_free (model->network);
  g_ptr_array_unref (model->labels);
  g_free (model->name);
  g_free (model->version);
  g_free (model->key);
  g_free (model);
}

static GenreModel *
model_new (const char *path, GError **error)
{
  GenreSafetensors *file = genre_safetensors_load (path, error);
  GenreModel *model;

  if (!file)
    return NULL;
  model = g_new0 (GenreModel, 1);
  model->refcount = 1;
  model->labels = g_ptr_array_new_with_free_func (g_free);
  model->workspaces = g_ptr_array_new_with_free_func (workspace_free);
  g_mutex_init (&model->workspaces_lock);
  g_cond_init (&model->workspace_released);
  if (!read_model (model, file, error))
    g_clear_pointer (&model, model_free);
  genre_safetensors_free (file);
  return model;
}

GenreModel *
genre_model_load (const char *path, GError **error)
{
  g_autofree char *key = NULL;
  GenreModel *model;

  g_return_val_if_fail (path != NULL, NULL);
  key = file_key (path);
  /* held while the file is read, so that two loads of one file read it once */
  g_mutex_lock (&lock);
  if (!loaded)
    loaded = g_hash_table_new (g_str_hash, g_str_equal);
  model = key ? g_hash_table_lookup (loaded, key) : NULL;
  if (model) {
    model->refcount++;
  } else {
    model = model_new (path, error);
    if (model && key) {
      model->key = g_steal_pointer (&key);
      g_hash_table_insert (loaded, model->key, model);
    }
  }
  g_mutex_unlock (&lock);
  return model;
}

GenreModel *
genre_model_ref (GenreModel *model)
{
  g_mutex_lock (&lock);
  model->refcount++;
  g_mutex_unlock (&lock);
  return model;
}

void
genre_model_unref (GenreModel *model)
{
  gboolean last;

  if (!model)
    return;
  g_mutex_lock (&lock);
  last = --model->refcount == 0;
  if (last && model->key)
    g_hash_table_remove (loaded, model->key);
  if (last && loaded && g_hash_table_size (loaded) == 0)
    g_clear_pointer (&loaded, g_hash_table_unref);
  g_mutex_unlock (&lock);
  if (last)
    model_free (model);
}

const char *
genre_model_get_name (const GenreModel *model)
{
  return model->name;
}

const char *
genre_model_get_version (const GenreModel *model)
{
  return model->version;
}

guint
genre_model_get_n_labels (const GenreModel *model)
{
  return model->labels->len;
}

const char *
genre_model_get_label (const GenreModel *model, guint index)
{
  g_return_val_if_fail (index < model->labels->len, NULL);
  return g_ptr_array_index (model->labels, index);
}

gsize
genre_model_get_n_parameters (const GenreModel *model)
{
  return genre_network_get_n_parameters (model->network);
}

gsize
genre_model_get_min_columns (const GenreModel *model)
{
  return genre_network_get_min_frames (model->network);
}

const GenreNetwork *
genre_model_get_network (const GenreModel *model)
{
  return model->network;
}

GenreWorkspace *
genre_model_acquire_workspace (GenreModel *model)
{
  GenreWorkspace *workspace = NULL;

  g_mutex_lock (&model->workspaces_lock);
  while (model->workspaces->len == 0 &&
      model->n_workspaces >= g_get_num_processors ())
    g_cond_wait (&model->workspace_released, &model->workspaces_lock);
  if (model->workspaces->len > 0)
    workspace = g_ptr_array_steal_index_fast (
        model->workspaces, model->workspaces->len - 1);
  else
    model->n_workspaces++;
  g_mutex_unlock (&model->workspaces_lock);
  return workspace
      ? workspace
      : genre_workspace_new (model->network, GENRE_MEL_COLUMNS + 1);
}

void
genre_model_release_workspace (GenreModel *model, GenreWorkspace *workspace)
{
  genre_workspace_set_cancelled (workspace, NULL);
  g_mutex_lock (&model->workspaces_lock);
  g_ptr_array_add (model->workspaces, workspace);
  g_cond_signal (&model->workspace_released);
  g_mutex_unlock (&model->workspaces_lock);
}
