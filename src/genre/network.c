/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "network.h"

#include <string.h>

#include "genre/kernels/kernels.h"
#include "genre/weights/error.h"

#define MAX_LAYERS 256
/* Floats of any one buffer for the longest window: 256 MiB.  The CRNN needs
 * 8 million of them for 300 s. */
#define MAX_FLOATS ((gsize) 64 << 20)
/* A network that needs more frames than this (10 s) cannot answer for short
 * segments, and is refused. */
#define MAX_MIN_FRAMES 129

struct _GenreNetwork
{
  GenreShape input;  /* frames is not used */
  GPtrArray *layers; /* GenreLayer */
  gsize n_parameters;
  gsize min_frames;
};

struct _GenreWorkspace
{
  const GenreNetwork *network;
  gsize max_frames;
  gsize size;        /* bytes of the floats */
  float *buffers[2]; /* input and output of a layer, by turns */
  GenreScratch scratch;
  GenreObserver observer;
  gpointer observer_data;
};

static const struct
{
  const char *type;
  gboolean has_tensors;
  GenreLayerNew build;
} layer_types[] = {
  { "mfcc", FALSE, genre_mfcc_new },
  { "batch_norm", TRUE, genre_batch_norm_new },
  { "conv2d", TRUE, genre_conv2d_new },
  { "max_pool", FALSE, genre_max_pool_new },
  { "mean", FALSE, genre_mean_new },
  { "last", FALSE, genre_last_new },
  { "elu", FALSE, genre_elu_new },
  { "relu", FALSE, genre_relu_new },
  { "softmax", FALSE, genre_softmax_new },
  { "share_other", FALSE, genre_share_other_new },
  { "gru", TRUE, genre_gru_new },
  { "lstm", TRUE, genre_lstm_new },
  { "dense", TRUE, genre_dense_new },
};

static void
layer_free (gpointer data)
{
  GenreLayer *layer = data;

  layer->klass->free (layer);
}

static gboolean
layer_shape (const GenreLayer *layer, GenreShape *shape)
{
  return !layer->klass->shape || layer->klass->shape (layer, shape);
}

static gsize
shape_size (const GenreShape *shape)
{
  gsize size = MAX_FLOATS + 1;

  if (!g_size_checked_mul (&size, shape->channels, shape->bands) ||
      !g_size_checked_mul (&size, size, shape->frames))
    return MAX_FLOATS + 1;
  return size;
}

/* The string member @member of a layer's entry, or NULL. */
static const char *
get_string (JsonObject *entry, const char *member)
{
  JsonNode *node = json_object_get_member (entry, member);

  if (!node || !JSON_NODE_HOLDS_VALUE (node) ||
      json_node_get_value_type (node) != G_TYPE_STRING)
    return NULL;
  return json_node_get_string (node);
}

/* Adds the layer of @spec, or lets the layer before it take over its work.
 * @in is the shape of the largest input of the last layer, @shape that of
 * its output. */
static gboolean
add_layer (GenreNetwork *network, const GenreLayerSpec *spec, GenreShape *in,
    GenreShape *shape, GError **error)
{
  GenreLayer *layer = network->layers->len
      ? g_ptr_array_index (network->layers, network->layers->len - 1)
      : NULL;
  gboolean folded = FALSE;
  gsize type = 0;

  if (layer && layer->klass->fold &&
      !layer->klass->fold (layer, spec, &folded, error))
    return FALSE;
  if (!folded) {
    while (type < G_N_ELEMENTS (layer_types) &&
        strcmp (spec->type, layer_types[type].type))
      type++;
    if (type == G_N_ELEMENTS (layer_types))
      return genre_refuse (
          error, GENRE_ERROR_FORMAT, "there is no such type of layer");
    if (layer_types[type].has_tensors && !*spec->name)
      return genre_refuse (
          error, GENRE_ERROR_FORMAT, "it has no name to find its tensors by");
    layer = layer_types[type].build (spec, shape, error);
    if (!layer)
      return FALSE;
    layer->type = layer_types[type].type;
    g_ptr_array_add (network->layers, layer);
    network->n_parameters += layer->n_parameters;
    *in = *shape;
  }

  if (layer->klass->scratch && layer->klass->scratch (layer, in) > MAX_FLOATS)
    return genre_refuse (error, GENRE_ERROR_FORMAT, "it needs too much memory");
  *shape = *in;
  if (!layer_shape (layer, shape))
    return genre_refuse (error, GENRE_ERROR_FORMAT,
        "it leaves nothing of its input "
        "[%" G_GSIZE_FORMAT "][%" G_GSIZE_FORMAT "]",
        in->channels, in->bands);
  if (shape_size (shape) > MAX_FLOATS)
    return genre_refuse (error, GENRE_ERROR_FORMAT,
        "its output is too large: "
        "[%" G_GSIZE_FORMAT "][%" G_GSIZE_FORMAT "][%" G_GSIZE_FORMAT "]",
        shape->channels, shape->bands, shape->frames);
  return TRUE;
}

static gboolean
add_layers (GenreNetwork *network, const GenreSafetensors *file,
    const GenreKernels *kernels, JsonArray *list, gsize max_frames,
    GError **error)
{
  GenreShape shape = network->input, in = shape;
  guint n = json_array_get_length (list);

  if (n == 0 || n > MAX_LAYERS)
    return genre_refuse (error, GENRE_ERROR_FORMAT,
        "%u layers, expected 1 to %d", n, MAX_LAYERS);
  shape.frames = max_frames;
  for (guint i = 0; i < n; i++) {
    JsonNode *node = json_array_get_element (list, i);
    GenreLayerSpec spec = {
      .kernels = kernels,
      .file = file,
    };

    if (JSON_NODE_HOLDS_OBJECT (node)) {
      spec.entry = json_node_get_object (node);
      spec.type = get_string (spec.entry, "type");
      spec.name = get_string (spec.entry, "name");
    }
    if (!spec.type)
      return genre_refuse (error, GENRE_ERROR_FORMAT,
          "layer %u is not an object with a \"type\"", i + 1);
    if (!spec.name)
      spec.name = "";
    if (!add_layer (network, &spec, &in, &shape, error)) {
      g_prefix_error (error, "layer %u (%s): ", i + 1, spec.type);
      return FALSE;
    }
  }
  return TRUE;
}

GenreNetwork *
genre_network_new (const GenreSafetensors *file, gsize channels, gsize bands,
    gsize max_frames, GError **error)
{
  const GenreKernels *kernels = genre_kernels_get (error);
  const char *text = genre_safetensors_get_metadata (file, "layers");
  const char *const what = "metadata \"layers\"";
  g_autoptr (JsonNode) root = NULL;
  GenreNetwork *network;
  GenreShape shape;

  if (!kernels)
    return NULL;
  if (!text) {
    genre_refuse (error, GENRE_ERROR_FORMAT, "%s is missing", what);
    return NULL;
  }
  root = genre_json_parse (what, text, strlen (text), error);
  if (!root)
    return NULL;
  if (!JSON_NODE_HOLDS_ARRAY (root)) {
    genre_refuse (error, GENRE_ERROR_FORMAT, "%s is not a list", what);
    return NULL;
  }

  network = g_new0 (GenreNetwork, 1);
  network->layers = g_ptr_array_new_with_free_func (layer_free);
  network->input = (GenreShape){ channels, bands, 0 };
  if (!add_layers (network, file, kernels, json_node_get_array (root),
          max_frames, error))
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
  g_ptr_array_unref (network->layers);
  g_free (network);
}

gsize
genre_network_get_n_parameters (const GenreNetwork *network)
{
  return network->n_parameters;
}

gsize
genre_network_get_min_frames (const GenreNetwork *network)
{
  return network->min_frames;
}

gboolean
genre_network_get_output_shape (
    const GenreNetwork *network, gsize frames, GenreShape *shape)
{
  *shape = network->input;
  shape->frames = frames;
  for (guint i = 0; i < network->layers->len; i++)
    if (!layer_shape (g_ptr_array_index (network->layers, i), shape))
      return FALSE;
  return TRUE;
}

static void
workspace_resize (GenreWorkspace *workspace, gsize max_frames)
{
  const GenreNetwork *network = workspace->network;
  GenreShape shape = network->input;
  gsize sizes[2], scratch = 1;
  guint output = 1;

  /* each buffer is as large as the largest tensor that is stored in it */
  shape.frames = max_frames;
  sizes[0] = shape_size (&shape);
  sizes[1] = 1;
  for (guint i = 0; i < network->layers->len; i++) {
    const GenreLayer *layer = g_ptr_array_index (network->layers, i);

    if (layer->klass->scratch)
      scratch = MAX (scratch, layer->klass->scratch (layer, &shape));
    layer_shape (layer, &shape);
    if (!layer->klass->in_place) {
      sizes[output] = MAX (sizes[output], shape_size (&shape));
      output = !output;
    }
  }
  for (guint i = 0; i < 2; i++) {
    genre_free_floats (workspace->buffers[i]);
    workspace->buffers[i] = genre_alloc_floats (sizes[i]);
  }
  genre_free_floats (workspace->scratch.floats);
  workspace->scratch.floats = genre_alloc_floats (scratch);
  workspace->size = (sizes[0] + sizes[1] + scratch) * sizeof (float);
  workspace->max_frames = max_frames;
}

GenreWorkspace *
genre_workspace_new (const GenreNetwork *network, gsize max_frames)
{
  GenreWorkspace *workspace = g_new0 (GenreWorkspace, 1);

  workspace->network = network;
  workspace_resize (workspace, MAX (max_frames, network->min_frames));
  return workspace;
}

void
genre_workspace_free (GenreWorkspace *workspace)
{
  if (!workspace)
    return;
  genre_free_floats (workspace->buffers[0]);
  genre_free_floats (workspace->buffers[1]);
  genre_free_floats (workspace->scratch.floats);
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
  workspace->scratch.cancelled = cancelled;
}

void
genre_workspace_set_observer (
    GenreWorkspace *workspace, GenreObserver observer, gpointer user_data)
{
  workspace->observer = observer;
  workspace->observer_data = user_data;
}

float *
genre_workspace_get_input (GenreWorkspace *workspace, gsize frames)
{
  if (frames > workspace->max_frames)
    workspace_resize (workspace, frames);
  return workspace->buffers[0];
}

const float *
genre_network_forward (
    const GenreNetwork *network, GenreWorkspace *workspace, gsize frames)
{
  GenreShape shape = network->input;
  float *in = workspace->buffers[0], *out = workspace->buffers[1];

  g_return_val_if_fail (frames >= network->min_frames, NULL);
  g_return_val_if_fail (frames <= workspace->max_frames, NULL);
  shape.frames = frames;
  for (guint i = 0; i < network->layers->len; i++) {
    const GenreLayer *layer = g_ptr_array_index (network->layers, i);
    const GenreShape before = shape;

    if (layer->klass->in_place) {
      layer->klass->forward (layer, &shape, in, in, &workspace->scratch);
    } else {
      float *swap = in;

      layer->klass->forward (layer, &shape, in, out, &workspace->scratch);
      in = out;
      out = swap;
    }
    layer_shape (layer, &shape);
    if (workspace->observer)
      workspace->observer (
          layer->type, &before, &shape, workspace->observer_data);
    if (genre_scratch_is_cancelled (&workspace->scratch))
      return NULL;
  }
  return in;
}

double
genre_network_get_other (
    const GenreNetwork *network, const float *output, gsize n_features)
{
  const GenreLayer *last = g_ptr_array_index (
      network->layers, network->layers->len - 1);

  return g_str_equal (last->type, "share_other") ? output[n_features] : 0;
}
