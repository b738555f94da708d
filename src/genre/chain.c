/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "chain.h"

#include <string.h>

#include "genre/weights/error.h"

/* Floats of any one buffer for the longest window: 256 MiB.  The CRNN needs
 * 8 million of them for 300 s. */
#define MAX_FLOATS ((gsize) 64 << 20)

struct _GenreChain
{
  GPtrArray *layers; /* GenreLayer */
  gsize n_parameters, max_parameters;
};

static const struct
{
  const char *type;
  gboolean has_tensors; /* and so a name to find them by */
  GenreLayerNew build;
  const char *members[2]; /* that it may have beside type and name */
} layer_types[] = {
  { "mfcc", FALSE, genre_mfcc_new, { "coefficients" } },
  { "batch_norm", TRUE, genre_batch_norm_new, { "epsilon" } },
  { "conv2d", TRUE, genre_conv2d_new, { "channels" } },
  { "max_pool", FALSE, genre_max_pool_new, { "bands", "frames" } },
  { "mean", FALSE, genre_mean_new, { NULL } },
  { "last", FALSE, genre_last_new, { NULL } },
  { "elu", FALSE, genre_elu_new, { NULL } },
  { "relu", FALSE, genre_relu_new, { NULL } },
  { "softmax", FALSE, genre_softmax_new, { "temperature" } },
  { "sigmoid", FALSE, genre_sigmoid_new, { NULL } },
  { "share_other", FALSE, genre_share_other_new, { NULL } },
  { "gru", TRUE, genre_gru_new, { "hidden" } },
  { "lstm", TRUE, genre_lstm_new, { "hidden" } },
  { "dense", TRUE, genre_dense_new, { "units" } },
};

static void
layer_free (gpointer data)
{
  GenreLayer *layer = data;

  layer->klass->free (layer);
}

static const GenreLayer *
get_layer (const GenreChain *chain, guint index)
{
  return g_ptr_array_index (chain->layers, index);
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

static gboolean
may_have (gsize type, const char *member)
{
  for (gsize i = 0; i < G_N_ELEMENTS (layer_types[type].members); i++)
    if (!g_strcmp0 (layer_types[type].members[i], member))
      return TRUE;
  return !strcmp (member, "type") || !strcmp (member, "name");
}

/* Finds the type of the layer of @spec.  What else is said of it than such a layer has
 * is refused: whoever wrote it meant another one. */
static gboolean
find_type (const GenreLayerSpec *spec, gsize *type, GError **error)
{
  g_autoptr (GList) members = json_object_get_members (spec->entry);

  *type = 0;
  while (*type < G_N_ELEMENTS (layer_types) &&
      strcmp (spec->type, layer_types[*type].type))
    (*type)++;
  if (*type == G_N_ELEMENTS (layer_types))
    return genre_refuse (
        error, GENRE_ERROR_FORMAT, "there is no such type of layer");
  for (GList *l = members; l; l = l->next)
    if (!may_have (*type, l->data))
      return genre_refuse (error, GENRE_ERROR_FORMAT,
          "it has the unknown member \"%s\"", (const char *) l->data);
  return TRUE;
}

/* Adds the layer of @spec, or lets the layer before it take over its work.
 * @in is the shape of the largest input of the last layer, @shape that of
 * its output. */
static gboolean
add_layer (GenreChain *chain, const GenreLayerSpec *spec, GenreShape *in,
    GenreShape *shape, GError **error)
{
  GenreLayer *layer = chain->layers->len
      ? g_ptr_array_index (chain->layers, chain->layers->len - 1)
      : NULL;
  gboolean folded = FALSE;
  gsize type;

  if (!find_type (spec, &type, error))
    return FALSE;
  if (layer && layer->klass->fold &&
      !layer->klass->fold (layer, spec, &folded, error))
    return FALSE;
  if (!folded) {
    if (layer_types[type].has_tensors && !*spec->name)
      return genre_refuse (
          error, GENRE_ERROR_FORMAT, "it has no name to find its tensors by");
    layer = layer_types[type].build (spec, shape, error);
    if (!layer)
      return FALSE;
    layer->type = layer_types[type].type;
    g_ptr_array_add (chain->layers, layer);
    chain->n_parameters += layer->n_parameters;
    /* a tensor that many layers name would be copied for each of them */
    if (chain->n_parameters > chain->max_parameters)
      return genre_refuse (error, GENRE_ERROR_FORMAT,
          "the layers have more parameters than the file has values");
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

GenreChain *
genre_chain_new (const GenreSafetensors *file, const GenreKernels *kernels,
    JsonArray *list, guint first, guint end, gsize max_parameters,
    GenreShape *shape, GError **error)
{
  GenreChain *chain = g_new0 (GenreChain, 1);
  GenreShape in = *shape;

  chain->layers = g_ptr_array_new_with_free_func (layer_free);
  chain->max_parameters = max_parameters;
  for (guint i = first; i < end; i++) {
    JsonNode *node = json_array_get_element (list, i);
    GenreLayerSpec spec = {
      .kernels = kernels,
      .file = file,
    };

    if (JSON_NODE_HOLDS_OBJECT (node)) {
      spec.entry = json_node_get_object (node);
      spec.type = genre_json_get_string (spec.entry, "type");
      spec.name = genre_json_get_string (spec.entry, "name");
    }
    if (!spec.type) {
      genre_refuse (error, GENRE_ERROR_FORMAT,
          "layer %u is not an object with a \"type\"", i + 1);
      goto fail;
    }
    if (!spec.name)
      spec.name = "";
    if (!add_layer (chain, &spec, &in, shape, error)) {
      g_prefix_error (error, "layer %u (%s): ", i + 1, spec.type);
      goto fail;
    }
  }
  return chain;

fail:
  genre_chain_free (chain);
  return NULL;
}

void
genre_chain_free (GenreChain *chain)
{
  if (!chain)
    return;
  g_ptr_array_unref (chain->layers);
  g_free (chain);
}

gsize
genre_chain_get_n_parameters (const GenreChain *chain)
{
  return chain->n_parameters;
}

const char *
genre_chain_get_last_type (const GenreChain *chain)
{
  return chain->layers->len > 0
      ? get_layer (chain, chain->layers->len - 1)->type
      : NULL;
}

gboolean
genre_chain_get_shape (const GenreChain *chain, GenreShape *shape)
{
  for (guint i = 0; i < chain->layers->len; i++)
    if (!layer_shape (get_layer (chain, i), shape))
      return FALSE;
  return TRUE;
}

void
genre_chain_measure (
    const GenreChain *chain, GenreShape shape, gsize buffers[2], gsize *scratch)
{
  guint output = 1;

  /* each buffer is as large as the largest tensor that is stored in it */
  buffers[0] = MAX (buffers[0], shape_size (&shape));
  for (guint i = 0; i < chain->layers->len; i++) {
    const GenreLayer *layer = get_layer (chain, i);

    if (layer->klass->scratch)
      *scratch = MAX (*scratch, layer->klass->scratch (layer, &shape));
    layer_shape (layer, &shape);
    if (!layer->klass->in_place) {
      buffers[output] = MAX (buffers[output], shape_size (&shape));
      output = !output;
    }
  }
}

const float *
genre_chain_run (
    const GenreChain *chain, const GenreChainRun *run, GenreShape *shape)
{
  float *in = run->buffers[0], *out = run->buffers[1];

  for (guint i = 0; i < chain->layers->len; i++) {
    const GenreLayer *layer = get_layer (chain, i);
    const GenreShape before = *shape;

    if (layer->klass->in_place) {
      layer->klass->forward (layer, shape, in, in, &run->scratch);
    } else {
      float *swap = in;

      layer->klass->forward (layer, shape, in, out, &run->scratch);
      in = out;
      out = swap;
    }
    layer_shape (layer, shape);
    if (run->observer)
      run->observer (layer->type, &before, shape, run->observer_data);
    if (genre_scratch_is_cancelled (&run->scratch))
      return NULL;
  }
  return in;
}
