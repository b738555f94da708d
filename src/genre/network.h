/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A network is a list of layers, walked by one loop.  It is immutable; a
 * workspace holds what changes while it runs, and belongs to one thread. */

#pragma once

#include "genre/layers/layer.h"

typedef struct _GenreNetwork GenreNetwork;
typedef struct _GenreWorkspace GenreWorkspace;

/* Builds the network that the metadata "layers" of @file lists, for inputs
 * [bands][frames][channels] of up to @max_frames, for which it must not take too
 * much memory.  NULL with FORMAT if it cannot be built; errors name the layer. */
GenreNetwork *genre_network_new (const GenreSafetensors *file, gsize channels,
    gsize bands, gsize max_frames, GError **error);
void genre_network_free (GenreNetwork *network);

gsize genre_network_get_n_parameters (const GenreNetwork *network);
/* Fewest frames that give an output. */
gsize genre_network_get_min_frames (const GenreNetwork *network);
/* Turns @frames of input into the shape of the output; FALSE if too few. */
gboolean genre_network_get_output_shape (
    const GenreNetwork *network, gsize frames, GenreShape *shape);

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
/* Called after every layer that was run; @type is that of the weights file. */
typedef void (*GenreObserver) (const char *type, const GenreShape *in,
    const GenreShape *out, gpointer user_data);
/* Sets the function that is called after each layer; NULL: none. */
void genre_workspace_set_observer (
    GenreWorkspace *workspace, GenreObserver observer, gpointer user_data);
/* Runs the network over the input; gives its output, owned by the workspace and
 * valid until its next use, or NULL if it was cancelled.  @frames is at least
 * the minimum. */
const float *genre_network_forward (
    const GenreNetwork *network, GenreWorkspace *workspace, gsize frames);
/* The probability of "none of them" that the last layer has divided among the
 * features of @output, [n_features][1], which genre_network_forward() gave; 0 if
 * the last layer does no such thing. */
double genre_network_get_other (
    const GenreNetwork *network, const float *output, gsize n_features);
