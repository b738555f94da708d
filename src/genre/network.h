/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A network: a trunk, which makes features of a window, and heads, each of which makes
 * an answer of the features, as does what makes an embedding of them.  It is immutable; a workspace holds what changes while it
 * runs, and belongs to one thread. */

#pragma once

#include "chain.h"

typedef struct _GenreNetwork GenreNetwork;
typedef struct _GenreWorkspace GenreWorkspace;

/* Builds the network that the metadata "layers" of @file lists, for inputs
 * [bands][frames][channels] of up to @max_frames, for which it must not take too
 * much memory.  The trunk ends with the last layer that takes the frames together (mean,
 * last); what follows is the first head.  @more: JsonArray, the lists of layers of the
 * heads in the metadata "heads", which come after it; or NULL.  The metadata "embedding"
 * lists the layers that make the embedding of the features; without it they are the
 * embedding.  NULL with FORMAT if it cannot be built; errors name the layer. */
GenreNetwork *genre_network_new (const GenreSafetensors *file, gsize channels,
    gsize bands, gsize max_frames, const GPtrArray *more, GError **error);
void genre_network_free (GenreNetwork *network);
/* Of all layers. */
gsize genre_network_get_n_parameters (const GenreNetwork *network);
/* Fewest frames that give an output. */
gsize genre_network_get_min_frames (const GenreNetwork *network);
/* How long an embedding is; 0 if there is none, as no layer takes the frames
 * together. */
gsize genre_network_get_embedding_size (const GenreNetwork *network);
/* Turns @frames of input into the shape of the first head's output; FALSE if too
 * few. */
gboolean genre_network_get_output_shape (
    const GenreNetwork *network, gsize frames, GenreShape *shape);
/* How many values the head @head gives, from 1 on, that is of those after the first. */
gsize genre_network_get_n_outputs (const GenreNetwork *network, guint head);
/* The last layer's type of the head @head, from 0 on; NULL if it has none. */
const char *
genre_network_get_activation (const GenreNetwork *network, guint head);

/* Memory for inputs of up to @max_frames; grows when a longer one comes. */
GenreWorkspace *
genre_workspace_new (const GenreNetwork *network, gsize max_frames);
void genre_workspace_free (GenreWorkspace *workspace);
/* Bytes of memory that it holds. */
gsize genre_workspace_get_size (const GenreWorkspace *workspace);
/* Where the input [bands][frames][channels] is to be written, before
 * genre_network_forward(). */
float *genre_workspace_get_input (GenreWorkspace *workspace, gsize frames);

/* Lets runs with this workspace end early once *@cancelled (atomic) is not
 * 0; NULL: they never do. */
void genre_workspace_set_cancelled (
    GenreWorkspace *workspace, const gint *cancelled);

/* Sets the function that is called after each layer; NULL: none. */
void genre_workspace_set_observer (
    GenreWorkspace *workspace, GenreObserver observer, gpointer user_data);

/* Runs the network over the input; gives the first head's output, owned by the
 * workspace and valid until its next use, or NULL if it was cancelled.  @frames is at
 * least the minimum. */
const float *genre_network_forward (
    const GenreNetwork *network, GenreWorkspace *workspace, gsize frames);
/* What else the last run gave, valid as long: the embedding, of no certain length as
 * a vector, and the output of the head @head, from 1 on. */
const float *genre_workspace_get_embedding (const GenreWorkspace *workspace);
const float *
genre_workspace_get_output (const GenreWorkspace *workspace, guint head);

/* The probability of "none of them" that the last layer has divided among the
 * features of @output, [n_features][1], which genre_network_forward() gave; 0 if
 * the last layer does no such thing. */
double genre_network_get_other (
    const GenreNetwork *network, const float *output, gsize n_features);
