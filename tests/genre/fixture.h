/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Files that the tests write, and what they expect of the reader.
 *
 * JSON is written with ` for ", which C would want escaped. */

#pragma once

#include "genre/genre.h"
#include "genre/weights/safetensors.h"

/* Path of @name in a directory of this process; g_free() it. */
char *fixture_path (const char *name);
/* The path of a file of the source tree's folder models; g_free() it. */
char *fixture_shipped_model (void);

/* Writes a file of these bytes; gives its path. */
char *fixture_write (const char *name, const void *bytes, gsize n_bytes);
/* Writes a safetensors file of the header @json, its ` turned into ", and
 * @n_data bytes of @data, or of zeros if it is NULL; gives its path. */
char *fixture_write_safetensors (
    const char *name, const char *json, const void *data, gsize n_data);
/* Writes a model of a few weights that loads and has the labels "quiet" and
 * "loud", but for the metadata @key, which is @value, with its ` turned into ",
 * or is left out if that is NULL; gives its path.  It has no "heads" otherwise.  The tensors that "layers"
 * can use are listed in fixture.c. */
char *
fixture_write_model (const char *name, const char *key, const char *value);

/* The weights file at @path, which an error names. */
GenreSafetensors *fixture_load_safetensors (const char *path, GError **error);

/* @result is NULL, and @error has that code and names the file at @path and the
 * @word; frees the error. */
void fixture_assert_refused (gconstpointer result, GError *error,
    GenreError code, const char *path, const char *word);

/* g_test_run(), then removes the files. */
int fixture_run (void);
