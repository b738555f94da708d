/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "network.h"

#include <string.h>

#include "genre/kernels/kernels.h"
#include "genre/weights/error.h"

/* More are no embedding that anybody could keep; those of a CRNN are some hundreds. */
#define MAX_FEATURES 4096
/* A network that needs more frames than this (10 s) cannot answer for short
 * segments, and is refused. */
#define MAX_MIN_FRAMES 129

struct _GenreNetwork
{
  GenreShape input; /* frames is not used */
  GenreChain *trunk;
  GenreShape features;   /* the output of the trunk; 0 if that has frames */
  GPtrArray *heads;      /* GenreChain */
  GenreChain *embedding; /* over the features; NULL: they are the embedding */
  gsize min_frames;
};

struct _GenreWorkspace
{
  const GenreNetwork *network;
  gsize max_frames;
  gsize size; /* bytes of the floats */
  GenreChainRun run;
  float *features, *embedding; /* the latter NULL if that is the former */
  float **
      outputs; /* of the heads, by their index; that of the first is not owned */
};

static const GenreChain *
get_head (const GenreNetwork *network, guint head)
{
  return g_ptr_array_index (network->heads, head);
}

static gsize
n_values (GenreShape shape)
{
  return shape.channels * shape.bands * shape.frames;
}

static gsize
n_features (const GenreNetwork *network)
{
  return n_values (network->features);
}

static gboolean
ends_trunk (JsonNode *node)
{
  const char *type = JSON_NODE_HOLDS_OBJECT (node)
      ? genre_json_get_string (json_node_get_object (node), "type")
      : NULL;

  return type && (g_str_equal (type, "mean") || g_str_equal (type, "last"));
}

static gboolean
check_length (JsonArray *list, GError **error)
{
  const guint n = json_array_get_length (list);

  return (n > 0 && n <= GENRE_CHAIN_MAX) ||
      genre_refuse (error, GENRE_ERROR_FORMAT, "%u layers, expected 1 to %d", n,
          GENRE_CHAIN_MAX);
}

/* What the next chain may have: a file has each parameter once, and what it names again
 * and again is not copied as often. */
static gsize
parameters_left (const GenreNetwork *network, const GenreSafetensors *file)
{
  return genre_safetensors_get_n_values (file) -
      genre_network_get_n_parameters (network);
}

/* Adds the head of the layers from @first up to @end of @list, on the features or, where
 * there are none, on what the trunk gives: @shape. */
static gboolean
add_head (GenreNetwork *network, const GenreSafetensors *file,
    const GenreKernels *kernels, JsonArray *list, guint first, guint end,
    GenreShape shape, GError **error)
{
  GenreChain *head = genre_chain_new (file, kernels, list, first, end,
      parameters_left (network, file), &shape, error);

  if (!head)
    return FALSE;
  g_ptr_array_add (network->heads, head);
  return TRUE;
}

/* Builds the trunk and the first head of @list. */
static gboolean
add_layers (GenreNetwork *network, const GenreSafetensors *file,
    const GenreKernels *kernels, JsonArray *list, gsize max_frames,
    GError **error)
{
  GenreShape shape = network->input;
  guint n = json_array_get_length (list), end = n;

  if (!check_length (list, error))
    return FALSE;
  while (end > 0 && !ends_trunk (json_array_get_element (list, end - 1)))
    end--;
  shape.frames = max_frames;
  network->trunk = genre_chain_new (file, kernels, list, 0, end > 0 ? end : n,
      parameters_left (network, file), &shape, error);
  if (!network->trunk)
    return FALSE;
  if (end > 0)
    network->features = shape;
  if (n_features (network) > MAX_FEATURES)
    return genre_refuse (error, GENRE_ERROR_FORMAT,
        "layer %u gives %" G_GSIZE_FORMAT " features, expected at most %d", end,
        n_features (network), MAX_FEATURES);
  return add_head (
      network, file, kernels, list, end > 0 ? end : n, n, shape, error);
}

static gboolean
check_features (const GenreNetwork *network, GError **error)
{
  return n_features (network) > 0 ||
      genre_refuse (error, GENRE_ERROR_FORMAT,
          "no layer of the network takes the frames together");
}

/* Adds one of the metadata "heads". */
static gboolean
add_more (GenreNetwork *network, const GenreSafetensors *file,
    const GenreKernels *kernels, JsonArray *list, GError **error)
{
  return check_features (network, error) && check_length (list, error) &&
      add_head (network, file, kernels, list, 0, json_array_get_length (list),
          network->features, error);
}

/* Builds what makes the embedding of the features, @list. */
static gboolean
add_embedding (GenreNetwork *network, const GenreSafetensors *file,
    const GenreKernels *kernels, JsonArray *list, GError **error)
{
  GenreShape shape = network->features;

  if (!check_features (network, error) || !check_length (list, error))
    return FALSE;
  network->embedding = genre_chain_new (file, kernels, list, 0,
      json_array_get_length (list), parameters_left (network, file), &shape,
      error);
  if (!network->embedding)
    return FALSE;
  return n_values (shape) <= MAX_FEATURES ||
      genre_refuse (error, GENRE_ERROR_FORMAT,
          "%" G_GSIZE_FORMAT " values, expected at most %d", n_values (shape),
          MAX_FEATURES);
}

static void
chain_free (gpointer data)
{
  genre_chain_free (data);
}

/* Gives the list of layers that is the metadata @key, owned by @root. */
static JsonArray *
parse_list (const GenreSafetensors *file, const char *key, JsonNode **root,
    GError **error)
{
  *root = genre_json_parse_metadata (
      key, genre_safetensors_get_metadata (file, key), error);
  if (!*root)
    return NULL;
  if (!JSON_NODE_HOLDS_ARRAY (*root)) {
    genre_refuse (
        error, GENRE_ERROR_FORMAT, "metadata \"%s\" is not a list", key);
    return NULL;
  }
  return json_node_get_array (*root);
}

/* Reads the metadata "embedding", if there is one. */
static gboolean
read_embedding (GenreNetwork *network, const GenreSafetensors *file,
    const GenreKernels *kernels, GError **error)
{
  g_autoptr (JsonNode) root = NULL;
  JsonArray *list;

  if (!genre_safetensors_get_metadata (file, "embedding"))
    return TRUE;
  list = parse_list (file, "embedding", &root, error);
  if (!list)
    return FALSE;
  if (add_embedding (network, file, kernels, list, error))
    return TRUE;
  g_prefix_error (error, "metadata \"embedding\": ");
  return FALSE;
}

GenreNetwork *
genre_network_new (const GenreSafetensors *file, gsize channels, gsize bands,
    gsize max_frames, const GPtrArray *more, GError **error)
{
  const GenreKernels *kernels = genre_kernels_get (error);
  g_autoptr (JsonNode) root = NULL;
  JsonArray *list = kernels ? parse_list (file, "layers", &root, error) : NULL;
  GenreNetwork *network;
  GenreShape shape;

  if (!list)
    return NULL;

  network = g_new0 (GenreNetwork, 1);
  network->heads = g_ptr_array_new_with_free_func (chain_free);
  network->input = (GenreShape){ channels, bands, 0 };
  if (!add_layers (network, file, kernels, list, max_frames, error))
    goto fail;
  for (guint i = 0; more && i < more->len; i++) {
    if (!add_more (
            network, file, kernels, g_ptr_array_index (more, i), error)) {
      g_prefix_error (error, "metadata \"heads\", head %u: ", i + 1);
      goto fail;
    }
  }
  if (!read_embedding (network, file, kernels, error))
    goto fail;
  while (!genre_network_get_output_shape (
      network, ++network->min_frames, &shape)) {
    if (network->min_frames == MAX_MIN_FRAMES) {
      genre_refuse (error, GENRE_ERROR_FORMAT,
          "the network needs more than %d frames", MAX_MIN_FRAMES);
      goto fail;
    }
  }
  return network;

fail:
  genre_network_free (network);
  return NULL;
}

void
genre_network_free (GenreNetwork *network)
{
  if (!network)
    return;
  genre_chain_free (network->trunk);
  g_ptr_array_unref (network->heads);
  genre_chain_free (network->embedding);
  g_free (network);
}

gsize
genre_network_get_n_parameters (const GenreNetwork *network)
{
  gsize n = network->trunk ? genre_chain_get_n_parameters (network->trunk) : 0;

  for (guint i = 0; i < network->heads->len; i++)
    n += genre_chain_get_n_parameters (get_head (network, i));
  if (network->embedding)
    n += genre_chain_get_n_parameters (network->embedding);
  return n;
}

gsize
genre_network_get_min_frames (const GenreNetwork *network)
{
  return network->min_frames;
}

gsize
genre_network_get_embedding_size (const GenreNetwork *network)
{
  GenreShape shape = network->features;

  if (network->embedding)
    genre_chain_get_shape (network->embedding, &shape);
  return n_values (shape);
}

gboolean
genre_network_get_output_shape (
    const GenreNetwork *network, gsize frames, GenreShape *shape)
{
  *shape = network->input;
  shape->frames = frames;
  return genre_chain_get_shape (network->trunk, shape) &&
      genre_chain_get_shape (get_head (network, 0), shape);
}

gsize
genre_network_get_n_outputs (const GenreNetwork *network, guint head)
{
  GenreShape shape = network->features;

  genre_chain_get_shape (get_head (network, head), &shape);
  return n_values (shape);
}

const char *
genre_network_get_activation (const GenreNetwork *network, guint head)
{
  return genre_chain_get_last_type (get_head (network, head));
}

static void
workspace_resize (GenreWorkspace *workspace, gsize max_frames)
{
  const GenreNetwork *network = workspace->network;
  GenreChainRun *run = &workspace->run;
  GenreShape shape = network->input;
  gsize sizes[2] = { 1, 1 }, scratch = 1;

  shape.frames = max_frames;
  genre_chain_measure (network->trunk, shape, sizes, &scratch);
  for (guint i = 0; n_features (network) > 0 && i < network->heads->len; i++)
    genre_chain_measure (
        get_head (network, i), network->features, sizes, &scratch);
  if (network->embedding)
    genre_chain_measure (
        network->embedding, network->features, sizes, &scratch);
  for (guint i = 0; i < 2; i++) {
    genre_free_floats (run->buffers[i]);
    run->buffers[i] = genre_alloc_floats (sizes[i]);
  }
  genre_free_floats (run->scratch.floats);
  run->scratch.floats = genre_alloc_floats (scratch);
  workspace->size = (sizes[0] + sizes[1] + scratch) * sizeof (float);
  workspace->max_frames = max_frames;
}

GenreWorkspace *
genre_workspace_new (const GenreNetwork *network, gsize max_frames)
{
  GenreWorkspace *workspace = g_new0 (GenreWorkspace, 1);

  workspace->network = network;
  workspace->features = g_new0 (float, n_features (network));
  if (network->embedding)
    workspace->embedding = g_new0 (
        float, genre_network_get_embedding_size (network));
  workspace->outputs = g_new0 (float *, network->heads->len);
  for (guint i = 1; i < network->heads->len; i++)
    workspace->outputs[i] = g_new0 (
        float, genre_network_get_n_outputs (network, i));
  workspace_resize (workspace, MAX (max_frames, network->min_frames));
  return workspace;
}

void
genre_workspace_free (GenreWorkspace *workspace)
{
  if (!workspace)
    return;
  for (guint i = 1; i < workspace->network->heads->len; i++)
    g_free (workspace->outputs[i]);
  g_free (workspace->outputs);
  g_free (workspace->features);
  g_free (workspace->embedding);
  genre_free_floats (workspace->run.buffers[0]);
  genre_free_floats (workspace->run.buffers[1]);
  genre_free_floats (workspace->run.scratch.floats);
  g_free (workspace);
}

gsize
genre_workspace_get_size (const GenreWorkspace *workspace)
{
  return workspace->size;
}

void
genre_workspace_set_cancelled (GenreWorkspace *workspace, const gint *cancelled)
{
  workspace->run.scratch.cancelled = cancelled;
}

void
genre_workspace_set_observer (
    GenreWorkspace *workspace, GenreObserver observer, gpointer user_data)
{
  workspace->run.observer = observer;
  workspace->run.observer_data = user_data;
}

float *
genre_workspace_get_input (GenreWorkspace *workspace, gsize frames)
{
  if (frames > workspace->max_frames)
    workspace_resize (workspace, frames);
  return workspace->run.buffers[0];
}

const float *
genre_workspace_get_embedding (const GenreWorkspace *workspace)
{
  return workspace->embedding ? workspace->embedding : workspace->features;
}

const float *
genre_workspace_get_output (const GenreWorkspace *workspace, guint head)
{
  g_return_val_if_fail (
      head > 0 && head < workspace->network->heads->len, NULL);
  return workspace->outputs[head];
}

/* Runs @chain over the features.  NULL if it was cancelled. */
static const float *
run_on_features (const GenreChain *chain, GenreWorkspace *workspace)
{
  GenreShape shape = workspace->network->features;

  memcpy (workspace->run.buffers[0], workspace->features,
      n_values (shape) * sizeof (float));
  return genre_chain_run (chain, &workspace->run, &shape);
}

/* The same; writes its output, @n values, to @to. */
static gboolean
keep_output (
    const GenreChain *chain, GenreWorkspace *workspace, float *to, gsize n)
{
  const float *output = run_on_features (chain, workspace);

  if (output)
    memcpy (to, output, n * sizeof (float));
  return output != NULL;
}

const float *
genre_network_forward (
    const GenreNetwork *network, GenreWorkspace *workspace, gsize frames)
{
  GenreShape shape = network->input;
  const float *output;

  g_return_val_if_fail (frames >= network->min_frames, NULL);
  g_return_val_if_fail (frames <= workspace->max_frames, NULL);
  shape.frames = frames;
  output = genre_chain_run (network->trunk, &workspace->run, &shape);
  if (!output || n_features (network) == 0)
    return output;
  memcpy (workspace->features, output, n_features (network) * sizeof (float));
  for (guint i = 1; i < network->heads->len; i++)
    if (!keep_output (get_head (network, i), workspace, workspace->outputs[i],
            genre_network_get_n_outputs (network, i)))
      return NULL;
  if (network->embedding &&
      !keep_output (network->embedding, workspace, workspace->embedding,
          genre_network_get_embedding_size (network)))
    return NULL;
  /* the first one last: its output stays where it is */
  return run_on_features (get_head (network, 0), workspace);
}

double
genre_network_get_other (
    const GenreNetwork *network, const float *output, gsize n_features)
{
  return g_strcmp0 (genre_network_get_activation (network, 0), "share_other")
      ? 0
      : output[n_features];
}
