/* SPDX-License-Identifier: GPL-2.0-or-later */

#pragma once

#include "network.h"

const GenreNetwork *genre_model_get_network (const GenreModel *model);

/* Gives a workspace that nobody else uses, waiting for one if there are as many
 * in use as the machine has processors: a stream needs one only while it is
 * classified, and so the number of streams costs no memory.  Hand it back. */
GenreWorkspace *genre_model_acquire_workspace (GenreModel *model);
void
genre_model_release_workspace (GenreModel *model, GenreWorkspace *workspace);

/* Runs the network over the workspace's input of @n_columns.  FALSE with CANCELLED
 * if it was, or with FORMAT if it gives no probabilities: finite weights can still
 * overflow. */
gboolean genre_model_run (const GenreModel *model, GenreWorkspace *workspace,
    gsize n_columns, float *probabilities, GError **error);
