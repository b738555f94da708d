/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A layer of a network.  Each kind has one file with its constructor
 * genre_<kind>_new() and one GenreLayerClass; a chain walks a list of them
 * and knows none by name.
 *
 * A recurrent or dense layer reads channels x bands as the features of a frame,
 * and gives one band.
 */

#pragma once

#include "genre/kernels/kernels.h"
#include "genre/weights/json.h"
#include "genre/weights/safetensors.h"

typedef struct _GenreLayer GenreLayer;
typedef struct _GenreLayerSpec GenreLayerSpec;

/* What a layer may use while it runs. */
typedef struct
{
  float *floats;         /* as many as the layer asked for */
  const gint *cancelled; /* NULL, or not 0 (atomic) once nobody wants the
                          * result any more; long runs check it now and then */
} GenreScratch;

static inline gboolean
genre_scratch_is_cancelled (const GenreScratch *scratch)
{
  return scratch->cancelled && g_atomic_int_get (scratch->cancelled);
}

typedef struct
{
  /* Turns the shape of the input into that of the output; FALSE if the input is
   * too small to give any.  NULL: they are the same. */
  gboolean (*shape) (const GenreLayer *layer, GenreShape *shape);
  /* Floats of scratch memory that forward needs for this input; NULL: none. */
  gsize (*scratch) (const GenreLayer *layer, const GenreShape *in);
  /* Computes the output of an input.  @out and @in do not overlap unless
   * in_place is set, and then they are the same. */
  void (*forward) (const GenreLayer *layer, const GenreShape *shape,
      const float *in, float *out, const GenreScratch *scratch);
  /* Takes over the work of the layer @spec, which follows, if it can, and
   * then sets @folded.  FALSE, with @error set, only if that layer is
   * faulty.  NULL: this layer never can. */
  gboolean (*fold) (GenreLayer *layer, const GenreLayerSpec *spec,
      gboolean *folded, GError **error);
  void (*free) (GenreLayer *layer);
  gboolean in_place;
} GenreLayerClass;

struct _GenreLayer
{
  const GenreLayerClass *klass;
  const char *type; /* as the weights file names it */
  gsize n_parameters;
};

/* What a constructor builds its layer from: the kernels that compute it, the
 * file with its tensors, and its entry in the file's list of layers. Its
 * errors say "it": the network names the layer. */
struct _GenreLayerSpec
{
  const GenreKernels *kernels;
  const GenreSafetensors *file;
  JsonObject *entry;
  const char *type;
  const char *name; /* prefix of its tensors; "" if it has none */
};

typedef GenreLayer *(*GenreLayerNew) (
    const GenreLayerSpec *spec, const GenreShape *in, GError **error);

GenreLayer *genre_mfcc_new (
    const GenreLayerSpec *spec, const GenreShape *in, GError **error);
GenreLayer *genre_batch_norm_new (
    const GenreLayerSpec *spec, const GenreShape *in, GError **error);
GenreLayer *genre_conv2d_new (
    const GenreLayerSpec *spec, const GenreShape *in, GError **error);
GenreLayer *genre_max_pool_new (
    const GenreLayerSpec *spec, const GenreShape *in, GError **error);
GenreLayer *genre_mean_new (
    const GenreLayerSpec *spec, const GenreShape *in, GError **error);
GenreLayer *genre_last_new (
    const GenreLayerSpec *spec, const GenreShape *in, GError **error);
GenreLayer *genre_elu_new (
    const GenreLayerSpec *spec, const GenreShape *in, GError **error);
GenreLayer *genre_relu_new (
    const GenreLayerSpec *spec, const GenreShape *in, GError **error);
GenreLayer *genre_softmax_new (
    const GenreLayerSpec *spec, const GenreShape *in, GError **error);
GenreLayer *genre_sigmoid_new (
    const GenreLayerSpec *spec, const GenreShape *in, GError **error);
GenreLayer *genre_share_other_new (
    const GenreLayerSpec *spec, const GenreShape *in, GError **error);
GenreLayer *genre_gru_new (
    const GenreLayerSpec *spec, const GenreShape *in, GError **error);
GenreLayer *genre_lstm_new (
    const GenreLayerSpec *spec, const GenreShape *in, GError **error);
GenreLayer *genre_dense_new (
    const GenreLayerSpec *spec, const GenreShape *in, GError **error);

gboolean
genre_pool_read (GenrePool *pool, const GenreLayerSpec *spec, GError **error);

/* @n floats, all 0, aligned for the vectors of any processor; free them with
 * genre_free_floats(). */
float *genre_alloc_floats (gsize n);
void genre_free_floats (float *floats);

/* Reads a whole number from 1 to 65536 from the layer's entry. */
gboolean genre_layer_spec_get_size (const GenreLayerSpec *spec,
    const char *member, gsize *value, GError **error);
/* Reads a finite number from the layer's entry. */
gboolean genre_layer_spec_get_number (const GenreLayerSpec *spec,
    const char *member, double *value, GError **error);
/* A copy of the tensor "<name>.<suffix>" of that shape; g_free() it. */
float *genre_layer_spec_dup_tensor (const GenreLayerSpec *spec,
    const char *suffix, const gsize *shape, guint n_dims, GError **error);
