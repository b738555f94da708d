/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Where a model comes from, as its weights file says; models/FORMAT.md has the keys.
 * Nothing has checked that when the model was loaded. */

#pragma once

#include "genre/genre.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* @text of a file without what would move a terminal's cursor, or turn its lines: what
 * cannot be printed is a space.  Free with g_free(). */
char *provenance_clean (const char *text);

/**
 * provenance_get_text:
 * @model: a model
 * @key: "sha256", "command", "license", "created" or "program"
 *
 * Returns: (transfer full) (nullable): the value, without control characters, or %NULL if
 *     there is none, or a longer one than such a text is
 */
char *provenance_get_text (const GenreModel *model, const char *key);

/**
 * provenance_get_data:
 * @model: a model
 *
 * Returns: (transfer full) (nullable): what it was made from, an array of objects: "what",
 *     a string; "file" and "sha256", strings or null; and, but of a network, "number", an
 *     integer, and "of", an object of integers.  %NULL if the file says no such thing
 */
JsonNode *provenance_get_data (const GenreModel *model);

/* The same in a line: "588 tracks of gtzan_mel128.npz; the network of crnn.safetensors".
 * Free with g_free(); NULL if the file says no such thing. */
char *provenance_describe_data (const GenreModel *model);

/* Adds to the object that @builder is in the members "sha256", "command", "data",
 * "license", "created" and "program", each null if it is not known. */
void provenance_add (JsonBuilder *builder, const GenreModel *model);

G_END_DECLS
