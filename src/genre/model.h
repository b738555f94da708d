/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the rest of the library sees of a model beyond its public functions. */

#pragma once

#include "genre.h"
#include "network.h"
#include "prediction.h"

/* Fewest mel columns that the network accepts, and the most that a window
 * can have. */
gsize genre_model_get_min_columns (const GenreModel *model);
gsize genre_model_get_max_columns (void);

/* Gives a workspace that nobody else uses.  If as many are in use as the
 * machine has processors, it waits for one.  A stream needs one only while a
 * segment is classified, so the memory does not grow with the number of
 * streams.  Release it afterwards. */
GenreWorkspace *genre_model_acquire_workspace (GenreModel *model);
void
genre_model_release_workspace (GenreModel *model, GenreWorkspace *workspace);

/* Runs the network over the workspace's input of @n_columns.  NULL with CANCELLED if it
 * was, or with FORMAT if it gives no probabilities: finite weights can still
 * overflow. */
GenrePrediction *genre_model_run (const GenreModel *model,
    GenreWorkspace *workspace, gsize n_columns, GError **error);
