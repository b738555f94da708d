/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The weights files that are installed. */

#pragma once

#include <glib.h>

/* the name of the model that is used unless another is asked for */
#define MODELS_DEFAULT "crnn"

/**
 * models_find:
 * @name: the name of an installed model, such as "crnn", or the path of a
 *     weights file
 * @error: return location: G_FILE_ERROR_NOENT, naming what was looked for and
 *     where
 *
 * An installed model is NAME.safetensors in the folder that the environment
 * variable GENRECLASSIFY_MODELS names or, without it, beside the build's plugin
 * and where models are installed: the places that the element looks in.
 *
 * Returns: (transfer full) (nullable): its path, or %NULL with @error set
 */
char *models_find (const char *name, GError **error);

/* Where the element looks for its default model, and the others are; free with
 * g_free(). */
char *models_find_folder (void);
/* The names of the models in @folder, sorted, each owned by the array; NULL with
 * @error set if it cannot be read. */
GPtrArray *models_list (const char *folder, GError **error);
