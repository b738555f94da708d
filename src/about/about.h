/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What this program is made of: libraries, models, what its page bundles, each with
 * its version and licence.  The command shows it (--version --verbose), and so does
 * the service (/about). */

#pragma once

#include <json-glib/json-glib.h>

#include "genre/genre.h"

/* Adds a line to @models: what @model is, which --model finds as @name, what it is
 * under and what it was trained on, if its file says so. */
void
about_add_model (JsonArray *models, const char *name, const GenreModel *model);

/**
 * about_new:
 * @models: (transfer full): of about_add_model()
 * @error: return location
 *
 * Tells all, as the schema About of web/openapi/schemas.json has it.  plugin_init() must
 * have been called before.
 *
 * Errors: what genre_get_kernels() gives.
 *
 * Returns: (transfer full) (nullable): an object, or %NULL with @error set
 */
JsonNode *about_new (JsonArray *models, GError **error);

/**
 * about_to_text:
 * @about: of about_new()
 *
 * Makes lines for people of it, all but the program's name and version.
 *
 * Returns: (transfer full): free with g_free()
 */
char *about_to_text (JsonNode *about);
