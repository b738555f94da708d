/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The model that a command is to use. */

#pragma once

#include "genre/genre.h"

/**
 * model_name_load:
 * @name: (nullable): what --model was given; %NULL: the default
 * @path: (out): where its file is; free with g_free()
 * @label: (out): name and version, such as "crnn 3"; free with g_free()
 * @error: return location
 *
 * Finds and loads it: an unusable model is reported once, not by each worker for
 * each file.
 *
 * Returns: (transfer full) (nullable): the model, or %NULL with @error set; @path
 *     may be set then, too
 */
GenreModel *
model_name_load (const char *name, char **path, char **label, GError **error);
