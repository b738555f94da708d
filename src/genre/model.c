/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A model: its network, and what its weights file says of it. */

#include "model.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "genre/weights/error.h"
#include "genre/weights/json.h"
#include "genre/weights/safetensors.h"
#include "melspectrogram.h"

#define FORMAT "genreclassify-1"
#define MAX_LABELS 1024

struct _GenreModel
{
  gint refcount;        /* atomic */
  char *key;            /* in the table of loaded models; NULL: not in it */
  GHashTable *metadata; /* char * to char * */
  GPtrArray *labels;    /* char *, NULL at the end */
  GenreNetwork *network;

  GMutex workspaces_lock;
  GCond workspace_released;
  GPtrArray *workspaces; /* that are not in use */
  guint n_workspaces;    /* that there are */
};

G_DEFINE_BOXED_TYPE (
    GenreModel, genre_model, genre_model_ref, genre_model_unref)

/* The only front end that there is, in the names of the weights file.  A
 * network that was trained with another one would give wrong answers without
 * any error, so it is refused. */
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
parse_metadata (const GenreModel *model, const char *key, GError **error)
{
  g_autofree char *what = g_strdup_printf ("metadata \"%s\"", key);
  const char *text = genre_model_get_metadata (model, key);

  if (!text) {
    genre_refuse (error, GENRE_ERROR_FORMAT, "%s is missing", what);
    return NULL;
  }
  return genre_json_parse (what, text, strlen (text), error);
}

static gboolean
is_number (JsonNode *node)
{
  return node && JSON_NODE_HOLDS_VALUE (node) &&
      (json_node_get_value_type (node) == G_TYPE_INT64 ||
          json_node_get_value_type (node) == G_TYPE_DOUBLE);
}

static gboolean
is_known_member (const char *member)
{
  for (gsize i = 0; i < G_N_ELEMENTS (frontend); i++)
    if (g_str_equal (member, frontend[i].name))
      return TRUE;
  return FALSE;
}

static gboolean
check_frontend (const GenreModel *model, GError **error)
{
  g_autoptr (JsonNode) root = parse_metadata (model, "frontend", error);
  g_autoptr (GList) members = NULL;
  JsonObject *object;

  if (!root)
    return FALSE;
  if (!JSON_NODE_HOLDS_OBJECT (root))
    return genre_refuse (
        error, GENRE_ERROR_FORMAT, "metadata \"frontend\" is not an object");
  object = json_node_get_object (root);
  for (gsize i = 0; i < G_N_ELEMENTS (frontend); i++) {
    JsonNode *value = json_object_get_member (object, frontend[i].name);

    if (!is_number (value))
      return genre_refuse (error, GENRE_ERROR_FORMAT,
          "metadata \"frontend\" has no number \"%s\"", frontend[i].name);
    if (fabs (json_node_get_double (value) - frontend[i].value) > 1e-9)
      return genre_refuse (error, GENRE_ERROR_FORMAT,
          "its network was trained with %s %g, but this front end has %g",
          frontend[i].name, json_node_get_double (value), frontend[i].value);
  }
  members = json_object_get_members (object);
  for (GList *l = members; l; l = l->next)
    if (!is_known_member (l->data))
      return genre_refuse (error, GENRE_ERROR_FORMAT,
          "metadata \"frontend\" has the unknown member \"%s\"",
          (const char *) l->data);
  return TRUE;
}

static gboolean
read_labels (GenreModel *model, GError **error)
{
  g_autoptr (JsonNode) root = parse_metadata (model, "labels", error);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  JsonArray *array;
  guint n;

  if (!root)
    return FALSE;
  if (!JSON_NODE_HOLDS_ARRAY (root))
    return genre_refuse (
        error, GENRE_ERROR_FORMAT, "metadata \"labels\" is not a list");
  array = json_node_get_array (root);
  n = json_array_get_length (array);
  if (n < 1 || n > MAX_LABELS)
    return genre_refuse (error, GENRE_ERROR_FORMAT,
        "%u labels, expected 1 to %d", n, MAX_LABELS);
  for (guint i = 0; i < n; i++) {
    JsonNode *node = json_array_get_element (array, i);
    const char *label;

    if (!JSON_NODE_HOLDS_VALUE (node) ||
        json_node_get_value_type (node) != G_TYPE_STRING ||
        !*json_node_get_string (node))
      return genre_refuse (
          error, GENRE_ERROR_FORMAT, "label %u is not a word", i + 1);
    label = json_node_get_string (node);
    g_ptr_array_add (model->labels, g_strdup (label));
    if (!g_hash_table_add (seen, g_ptr_array_index (model->labels, i)))
      return genre_refuse (error, GENRE_ERROR_FORMAT,
          "the label \"%s\" stands there twice", label);
  }
  g_ptr_array_add (model->labels, NULL);
  return TRUE;
}

float *
genre_model_run (const GenreModel *model, GenreWorkspace *workspace,
    gsize n_columns, double *music, GError **error)
{
  const guint n = genre_model_get_n_labels (model);
  const float *output = genre_network_forward (
      model->network, workspace, n_columns);
  float *probabilities;
  double sum = 0;

  if (!output) {
    genre_refuse (error, GENRE_ERROR_CANCELLED, "cancelled");
    return NULL;
  }
  for (guint i = 0; i < n; i++) {
    if (!(output[i] >= 0))
      sum = NAN;
    sum += output[i];
  }
  if (!(fabs (sum - 1) < 1e-3)) {
    genre_refuse (error, GENRE_ERROR_FORMAT,
        "%s: the network's output is not a list of probabilities",
        genre_model_get_name (model));
    return NULL;
  }
  probabilities = g_new (float, n);
  for (guint i = 0; i < n; i++)
    probabilities[i] = output[i] / sum;
  if (music)
    *music = CLAMP (
        1 - genre_network_get_other (model->network, output, n), 0, 1);
  return probabilities;
}

/* Refuses a network that does not end in a softmax, or whose weights
 * overflow, now and not at the first segment. */
static gboolean
try_network (const GenreModel *model, GError **error)
{
  gsize n = genre_network_get_min_frames (model->network);
  GenreWorkspace *workspace = genre_workspace_new (model->network, n);
  float *input = genre_workspace_get_input (workspace, n);
  g_autofree float *probabilities = NULL;

  for (gsize i = 0; i < n * GENRE_MEL_BANDS; i++)
    input[i] = i % 2 ? 1 : -1;
  probabilities = genre_model_run (model, workspace, n, NULL, NULL);
  genre_workspace_free (workspace);
  return probabilities ||
      genre_refuse (error, GENRE_ERROR_FORMAT,
          "the network's output is not a list of probabilities");
}

static gboolean
check_metadata (const GenreModel *model, GError **error)
{
  static const char *const keys[] = { "name", "version" };
  const char *format = genre_model_get_metadata (model, "format");

  if (g_strcmp0 (format, FORMAT))
    return genre_refuse (error, GENRE_ERROR_FORMAT,
        "a safetensors file, but not a model of this program: metadata "
        "\"format\" is %s, expected " FORMAT,
        format ? format : "missing");
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    if (!genre_model_get_metadata (model, keys[i]))
      return genre_refuse (
          error, GENRE_ERROR_FORMAT, "metadata \"%s\" is missing", keys[i]);
  return TRUE;
}

static gboolean
read_model (GenreModel *model, const GenreSafetensors *file, GError **error)
{
  GenreShape output = { 0, 0, 0 };

  model->metadata = genre_safetensors_dup_metadata (file);
  if (!check_metadata (model, error) || !check_frontend (model, error) ||
      !read_labels (model, error))
    return FALSE;
  model->network = genre_network_new (
      file, 1, GENRE_MEL_BANDS, genre_model_get_max_columns (), error);
  if (!model->network)
    return FALSE;
  genre_network_get_output_shape (model->network, GENRE_MEL_COLUMNS, &output);
  if (output.channels * output.bands != genre_model_get_n_labels (model) ||
      output.frames != 1)
    return genre_refuse (error, GENRE_ERROR_FORMAT,
        "the network gives [%" G_GSIZE_FORMAT "][%" G_GSIZE_FORMAT
        "] values for 30 s, expected [%u][1], one for each label",
        output.channels * output.bands, output.frames,
        genre_model_get_n_labels (model));
  return try_network (model, error);
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
  g_clear_pointer (&model->metadata, g_hash_table_unref);
  g_free (model->key);
  g_free (model);
}

static GenreModel *
model_new (GBytes *bytes, GError **error)
{
  GenreSafetensors *file = genre_safetensors_new (bytes, error);
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

/* This and load_file() are where an error gets the name of its file. */
GenreModel *
genre_model_load_bytes (GBytes *bytes, const char *name, GError **error)
{
  GenreModel *model;

  g_return_val_if_fail (bytes != NULL && name != NULL, NULL);
  model = model_new (bytes, error);
  if (!model)
    g_prefix_error (error, "%s: ", name);
  return model;
}

static GenreModel *
load_file (const char *path, GError **error)
{
  g_autofree char *name = g_filename_display_name (path);
  g_autoptr (GBytes) bytes = genre_safetensors_read_file (path, error);

  if (!bytes) {
    g_prefix_error (error, "%s: ", name);
    return NULL;
  }
  return genre_model_load_bytes (bytes, name, error);
}

/* Every model that was loaded from a file and is in use, by what identifies the
 * file and its content: elements of one file share its weights.  While a file is
 * loaded, its value is NULL: whoever wants the same file waits, and nobody else
 * does. */
static GMutex lock;
static GCond loading_done;
static GHashTable *loaded; /* key to GenreModel, not owned, or NULL */

static char *
make_key (const char *path)
{
  struct stat info;

  if (stat (path, &info) < 0)
    return NULL;
  return g_strdup_printf ("%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT
                          ":%" G_GINT64_FORMAT ":%" G_GINT64_FORMAT ".%09ld",
      (guint64) info.st_dev, (guint64) info.st_ino, (gint64) info.st_size,
      (gint64) info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
}

/* Under the lock: gives the model of @key with a reference, waiting for it if it
 * is being loaded; or NULL, and then the caller is to load it. */
static GenreModel *
take_loaded (const char *key)
{
  for (;;) {
    gpointer value;

    /* also after a wait: the table goes with a load that fails */
    if (!loaded)
      loaded = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
    if (!g_hash_table_lookup_extended (loaded, key, NULL, &value)) {
      g_hash_table_insert (loaded, g_strdup (key), NULL);
      return NULL;
    }
    if (value)
      return genre_model_ref (value);
    g_cond_wait (&loading_done, &lock);
  }
}

/* Under the lock: forgets @key, and the table with the last one. */
static void
forget_loaded (const char *key)
{
  g_hash_table_remove (loaded, key);
  if (g_hash_table_size (loaded) == 0)
    g_clear_pointer (&loaded, g_hash_table_unref);
}

static GenreModel *
load_shared (const char *path, const char *key, GError **error)
{
  GenreModel *model;

  g_mutex_lock (&lock);
  model = take_loaded (key);
  g_mutex_unlock (&lock);
  if (model)
    return model;

  model = load_file (path, error);
  g_mutex_lock (&lock);
  if (model) {
    model->key = g_strdup (key);
    g_hash_table_insert (loaded, g_strdup (key), model);
  } else {
    forget_loaded (key);
  }
  g_cond_broadcast (&loading_done);
  g_mutex_unlock (&lock);
  return model;
}

GenreModel *
genre_model_load (const char *name, GError **error)
{
  g_autofree char *path = NULL;
  g_autofree char *key = NULL;

  /* a path that does not exist is refused when it is opened, with the reason */
  path = name && strchr (name, G_DIR_SEPARATOR)
      ? g_strdup (name)
      : genre_model_find (name, error);
  if (!path)
    return NULL;
  key = make_key (path);
  return key ? load_shared (path, key, error) : load_file (path, error);
}

GenreModel *
genre_model_ref (GenreModel *model)
{
  g_atomic_int_inc (&model->refcount);
  return model;
}

void
genre_model_unref (GenreModel *model)
{
  gboolean last;

  if (!model)
    return;
  if (model->key) {
    /* so that nobody finds it in the table when it is about to be freed */
    g_mutex_lock (&lock);
    last = g_atomic_int_dec_and_test (&model->refcount);
    if (last)
      forget_loaded (model->key);
    g_mutex_unlock (&lock);
  } else {
    last = g_atomic_int_dec_and_test (&model->refcount);
  }
  if (last)
    model_free (model);
}

const char *
genre_model_get_metadata (const GenreModel *model, const char *key)
{
  return g_hash_table_lookup (model->metadata, key);
}

const char *
genre_model_get_name (const GenreModel *model)
{
  return genre_model_get_metadata (model, "name");
}

const char *
genre_model_get_version (const GenreModel *model)
{
  return genre_model_get_metadata (model, "version");
}

guint
genre_model_get_n_labels (const GenreModel *model)
{
  return model->labels->len - 1;
}

const char *
genre_model_get_label (const GenreModel *model, guint index)
{
  g_return_val_if_fail (index < genre_model_get_n_labels (model), NULL);
  return g_ptr_array_index (model->labels, index);
}

const char *const *
genre_model_get_labels (const GenreModel *model)
{
  return (const char *const *) model->labels->pdata;
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

guint64
genre_model_get_min_window (const GenreModel *model)
{
  return (genre_model_get_min_columns (model) * GENRE_MEL_PERIOD *
                 GENRE_SECOND +
             GENRE_MEL_COLUMNS - 1) /
      GENRE_MEL_COLUMNS;
}

/* The spacing of the columns is uneven by one STFT frame, so that a window may
 * hold one more than the first one of its length. */
gsize
genre_model_get_max_columns (void)
{
  return genre_mel_column_at (GENRE_MAX_WINDOW) + 1;
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
