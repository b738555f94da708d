/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Layers that follow each other, walked by one loop: what a network consists of. */

#pragma once

#include "genre/layers/layer.h"

typedef struct _GenreChain GenreChain;

/* Called after every layer that was run; @type is that of the weights file. */
typedef void (*GenreObserver) (const char *type, const GenreShape *in,
    const GenreShape *out, gpointer user_data);

/* What a chain uses while it runs.  The floats are as many as
 * genre_chain_measure() says. */
typedef struct
{
  float *buffers[2]; /* input and output of a layer, by turns */
  GenreScratch scratch;
  GenreObserver observer; /* NULL: none */
  gpointer observer_data;
} GenreChainRun;

/* Most layers of a chain. */
#define GENRE_CHAIN_MAX 256

/* Builds the layers from @first up to @end (not included) of the @list of a weights
 * file.  @shape is the input's, with as many frames as there can be, and becomes that
 * of the output.  They have at most @max_parameters.  NULL with FORMAT if one cannot be
 * built, or takes too much memory; errors name the layer by its number in the list. */
GenreChain *genre_chain_new (const GenreSafetensors *file,
    const GenreKernels *kernels, JsonArray *list, guint first, guint end,
    gsize max_parameters, GenreShape *shape, GError **error);
void genre_chain_free (GenreChain *chain);
gsize genre_chain_get_n_parameters (const GenreChain *chain);
/* The last layer's type, as the weights file names it; NULL if there is none. */
const char *genre_chain_get_last_type (const GenreChain *chain);

/* Turns the shape of an input into that of the output; FALSE if it is too small. */
gboolean genre_chain_get_shape (const GenreChain *chain, GenreShape *shape);
/* Lets @buffers and @scratch, numbers of floats, be at least what the chain needs for
 * an input of @shape in the first buffer. */
void genre_chain_measure (const GenreChain *chain, GenreShape shape,
    gsize buffers[2], gsize *scratch);
/* Computes the output of the input of @shape in the first buffer, and turns @shape into
 * its.  It is in one of the buffers; NULL if the run was cancelled. */
const float *genre_chain_run (
    const GenreChain *chain, const GenreChainRun *run, GenreShape *shape);
