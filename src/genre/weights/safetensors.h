/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Reader of safetensors files: 8 bytes little-endian length of the header, the
 * header in JSON, the raw tensors.
 * Format: https://github.com/huggingface/safetensors, README, "Format".
 */

#pragma once

#include <json-glib/json-glib.h>

#include "genre/genre.h"

typedef struct _GenreSafetensors GenreSafetensors;

/* Reads a whole file.  Everything in the header is checked before it is used:
 * NULL with NOT_FOUND, READ or FORMAT for what is not a sound file. */
GenreSafetensors *genre_safetensors_load (const char *path, GError **error);
/* The same for bytes in memory, which must outlive the result; @name stands for
 * the file in errors. */
GenreSafetensors *genre_safetensors_parse (
    const char *name, const guint8 *bytes, gsize n_bytes, GError **error);
void genre_safetensors_free (GenreSafetensors *file);

/* A value of the metadata, or NULL; owned by the file. */
const char *
genre_safetensors_get_metadata (const GenreSafetensors *file, const char *key);
/* What errors call the file; owned by the file. */
const char *genre_safetensors_get_name (const GenreSafetensors *file);
gboolean genre_safetensors_has (const GenreSafetensors *file, const char *name);
/* A copy of the tensor @name, which must be F32 of just the shape
 * [shape[0]]..[shape[n_dims - 1]]; free with g_free().  NULL with FORMAT. */
float *genre_safetensors_dup_tensor (const GenreSafetensors *file,
    const char *name, const gsize *shape, guint n_dims, GError **error);

/* Parses JSON that may come from a hostile file: refuses duplicate keys and deep
 * nesting.  @what names the text in errors. */
JsonNode *genre_json_parse (
    const char *what, const char *text, gsize length, GError **error);
