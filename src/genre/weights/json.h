/* SPDX-License-Identifier: GPL-2.0-or-later */

/* JSON that may come from a hostile file. */

#pragma once

#include <json-glib/json-glib.h>

/* Parses @text, [length], strictly: refuses what json-glib takes beyond JSON,
 * duplicate keys and deep nesting.  @what names the text in errors, which are
 * %GENRE_ERROR_FORMAT.
 *
 * Returns: (transfer full) (nullable): the root, or NULL with @error set */
JsonNode *genre_json_parse (
    const char *what, const char *text, gsize length, GError **error);

/* The same of the metadata @key of a weights file, @text, which errors call so.
 *
 * Returns: (transfer full) (nullable): the root, or NULL with @error set, also if @text
 * is NULL: there is no such metadata */
JsonNode *genre_json_parse_metadata (
    const char *key, const char *text, GError **error);

/* The string member @member of @object, or NULL if it has none. */
const char *genre_json_get_string (JsonObject *object, const char *member);
