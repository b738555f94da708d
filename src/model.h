/* SPDX-License-Identifier: GPL-2.0-or-later */

#pragma once

#include "network.h"

const GenreNetwork *genre_model_get_network (const GenreModel *model);

/* Runs the network over the workspace's input of @n_columns.  FALSE with FORMAT
 * if it gives no probabilities: finite weights can still overflow. */
gboolean genre_model_run (const GenreModel *model, GenreWorkspace *workspace,
    gsize n_columns, float *probabilities, GError **error);
