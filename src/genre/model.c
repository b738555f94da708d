/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A model: its network, and what its weights file says of it. */

#include "model.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "genre/weights/error.h"
#include "genre/weights/json.h"
#include "genre/weights/safetensors.h"
#include "head.h"
#include "meltables.h"

#define FORMAT "genreclassify-1"

struct _GenreModel
{
  gint refcount;        /* atomic */
  char *key;            /* in the table of loaded models; NULL: not in it */
  GHashTable *metadata; /* char * to char * */
  GPtrArray *heads;     /* GenreHead; the first one is of the genres */
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
  return genre_json_parse_metadata (
      key, genre_model_get_metadata (model, key), error);
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

static guint
n_labels (const GenreModel *model, guint head)
{
  return genre_head_get_n_labels (g_ptr_array_index (model->heads, head));
}

/* Reads the labels of the genres and the other heads, and adds the lists of layers of
 * the latter to @layers, which @root owns. */
static gboolean
read_heads (
    GenreModel *model, GPtrArray *layers, JsonNode **root, GError **error)
{
  g_autoptr (JsonNode) labels = parse_metadata (model, "labels", error);
  GenreHead *genre = labels
      ? genre_head_new ("genre", "metadata \"labels\"", labels, error)
      : NULL;

  if (!genre)
    return FALSE;
  g_ptr_array_add (model->heads, genre);
  if (!genre_model_get_metadata (model, "heads"))
    return TRUE;
  *root = parse_metadata (model, "heads", error);
  return *root && genre_heads_read (model->heads, layers, *root, error);
}

/* Takes all that a run with @workspace has given, @output from the first head.  FALSE
 * with @error set if it is not what it should be. */
static gboolean
take_run (const GenreModel *model, const GenreWorkspace *workspace,
    const float *output, GenrePrediction *prediction, GError **error)
{
  for (guint i = 0; i < model->heads->len; i++) {
    const float *values = i == 0 ? output
                                 : genre_workspace_get_output (workspace, i);

    if (!genre_prediction_set_values (prediction, i, values,
            n_labels (model, i), genre_model_is_head_exclusive (model, i)))
      return genre_refuse (error, GENRE_ERROR_FORMAT,
          "the network's output for \"%s\" is not a list of probabilities",
          genre_model_get_head_name (model, i));
  }
  genre_prediction_set_music (prediction,
      1 -
          genre_network_get_other (
              model->network, output, n_labels (model, 0)));
  return genre_prediction_set_embedding (
             prediction, genre_workspace_get_embedding (workspace)) ||
      genre_refuse (
          error, GENRE_ERROR_FORMAT, "the network's embedding overflows");
}

GenrePrediction *
genre_model_run (const GenreModel *model, GenreWorkspace *workspace,
    gsize n_columns, GError **error)
{
  const float *output = genre_network_forward (
      model->network, workspace, n_columns);
  GenrePrediction *prediction;

  if (!output) {
    genre_refuse (error, GENRE_ERROR_CANCELLED, "cancelled");
    return NULL;
  }
  prediction = genre_prediction_new (
      model->heads->len, genre_network_get_embedding_size (model->network));
  if (take_run (model, workspace, output, prediction, error))
    return prediction;
  g_prefix_error (error, "%s: ", genre_model_get_name (model));
  genre_prediction_unref (prediction);
  return NULL;
}

/* Refuses a network that does not end in a softmax, or whose weights
 * overflow, now and not at the first segment. */
static gboolean
try_network (const GenreModel *model, GError **error)
{
  gsize n = genre_network_get_min_frames (model->network);
  GenreWorkspace *workspace = genre_workspace_new (model->network, n);
  float *input = genre_workspace_get_input (workspace, n);
  g_autoptr (GenrePrediction) prediction = NULL;

  for (gsize i = 0; i < n * GENRE_MEL_BANDS; i++)
    input[i] = i % 2 ? 1 : -1;
  prediction = genre_model_run (model, workspace, n, error);
  genre_workspace_free (workspace);
  return prediction != NULL;
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
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++) {
    const char *text = genre_model_get_metadata (model, keys[i]);

    if (!text)
      return genre_refuse (
          error, GENRE_ERROR_FORMAT, "metadata \"%s\" is missing", keys[i]);
    if (!genre_text_is_printable (text))
      return genre_refuse (error, GENRE_ERROR_FORMAT,
          "metadata \"%s\" has characters that cannot be printed", keys[i]);
  }
  return TRUE;
}

static gboolean
read_model (GenreModel *model, const GenreSafetensors *file, GError **error)
{
  g_autoptr (GPtrArray) layers = g_ptr_array_new ();
  g_autoptr (JsonNode) heads = NULL;
  GenreShape output = { 0, 0, 0 };

  model->metadata = genre_safetensors_dup_metadata (file);
  if (!check_metadata (model, error) || !check_frontend (model, error) ||
      !read_heads (model, layers, &heads, error))
    return FALSE;
  model->network = genre_network_new (
      file, 1, GENRE_MEL_BANDS, genre_model_get_max_columns (), layers, error);
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
  for (guint i = 1; i < model->heads->len; i++) {
    gsize n = genre_network_get_n_outputs (model->network, i);

    if (n != n_labels (model, i))
      return genre_refuse (error, GENRE_ERROR_FORMAT,
          "the head \"%s\" gives %" G_GSIZE_FORMAT
          " values, expected %u, one for each label",
          genre_model_get_head_name (model, i), n, n_labels (model, i));
  }
  return try_network (model, error);
}

static void
head_free (gpointer data)
{
  genre_head_free (data);
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
  g_ptr_array_unref (model->heads);
  g_clear_pointer (&model->metadata, g_hash_table_unref);
  g_free (model->key);
  g_free (model);
}

/* Takes @file, which may be NULL with @error set. */
static GenreModel *
model_new (GenreSafetensors *file, GError **error)
{
  GenreModel *model;

  if (!file)
    return NULL;
  model = g_new0 (GenreModel, 1);
  model->refcount = 1;
  model->heads = g_ptr_array_new_with_free_func (head_free);
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
  model = model_new (genre_safetensors_new (bytes, error), error);
  if (!model)
    g_prefix_error (error, "%s: ", name);
  return model;
}

static GenreModel *
load_file (const char *path, GError **error)
{
  g_autofree char *name = g_filename_display_name (path);
  GenreModel *model = model_new (genre_safetensors_open (path, error), error);

  if (!model)
    g_prefix_error (error, "%s: ", name);
  return model;
}

/* Every model that was loaded from a file and is in use, by what identifies the
 * file and its content: elements of one file share its weights.  While a file is
 * loaded, its value is NULL: whoever wants the same file waits, and nobody else
 * does. */
static GMutex lock;
static GCond loading_done;
static GHashTable *loaded; /* key to GenreModel, not owned, or NULL */
/* under the same lock: what genre_model_offer() was given, name to GenreModel */
static GHashTable *offered;

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

static void
model_unref (gpointer model)
{
  genre_model_unref (model);
}

void
genre_model_offer (GenreModel *model, const char *name)
{
  g_return_if_fail (name != NULL && !strchr (name, G_DIR_SEPARATOR));
  g_mutex_lock (&lock);
  if (!offered)
    offered = g_hash_table_new_full (
        g_str_hash, g_str_equal, g_free, model_unref);
  /* one that is replaced would be freed under the lock, which freeing takes */
  if (!g_hash_table_contains (offered, name))
    g_hash_table_insert (offered, g_strdup (name), genre_model_ref (model));
  g_mutex_unlock (&lock);
}

static GenreModel *
take_offered (const char *name)
{
  GenreModel *model;

  g_mutex_lock (&lock);
  model = offered ? g_hash_table_lookup (offered, name) : NULL;
  if (model)
    genre_model_ref (model);
  g_mutex_unlock (&lock);
  return model;
}

GenreModel *
genre_model_load (const char *name, GError **error)
{
  GenreModel *model = take_offered (name ? name : GENRE_DEFAULT_MODEL);
  g_autofree char *path = NULL;
  g_autofree char *key = NULL;

  if (model)
    return model;
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
  return n_labels (model, 0);
}

const char *
genre_model_get_label (const GenreModel *model, guint index)
{
  g_return_val_if_fail (index < genre_model_get_n_labels (model), NULL);
  return genre_model_get_labels (model)[index];
}

const char *const *
genre_model_get_labels (const GenreModel *model)
{
  return genre_model_get_head_labels (model, 0);
}

guint
genre_model_get_n_heads (const GenreModel *model)
{
  return model->heads->len;
}

const char *
genre_model_get_head_name (const GenreModel *model, guint head)
{
  g_return_val_if_fail (head < model->heads->len, NULL);
  return ((GenreHead *) g_ptr_array_index (model->heads, head))->name;
}

const char *const *
genre_model_get_head_labels (const GenreModel *model, guint head)
{
  g_return_val_if_fail (head < model->heads->len, NULL);
  return (const char *const *) ((GenreHead *) g_ptr_array_index (
                                    model->heads, head))
      ->labels->pdata;
}

gboolean
genre_model_is_head_exclusive (const GenreModel *model, guint head)
{
  g_return_val_if_fail (head < model->heads->len, FALSE);
  return head == 0 ||
      g_strcmp0 (
          genre_network_get_activation (model->network, head), "sigmoid");
}

gint
genre_model_find_head (const GenreModel *model, const char *name)
{
  for (guint i = 0; i < model->heads->len; i++)
    if (g_str_equal (genre_model_get_head_name (model, i), name))
      return i;
  return -1;
}

gsize
genre_model_get_embedding_size (const GenreModel *model)
{
  return genre_network_get_embedding_size (model->network);
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
