/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Reader of safetensors files: 8 bytes little-endian length of the header, the
 * header in JSON, the raw tensors.
 * Format: https://github.com/huggingface/safetensors, README, "Format".
 */

#pragma once

#include <glib.h>

typedef struct _GenreSafetensors GenreSafetensors;

/* Takes @bytes for a weights file.  Everything in the header is checked before it
 * is used: NULL with FORMAT for what is not a sound file.  Errors do not name the
 * file: the caller does. */
GenreSafetensors *genre_safetensors_new (GBytes *bytes, GError **error);
/* The same of the file at @path, which must be a regular one and of at most 256 MiB,
 * and stays open.  Each tensor is read when it is asked for; it is not mapped: a
 * mapped file that is truncated while it is in use kills the process.  Who replaces a
 * file renames another one to its name: one that is overwritten meanwhile may give
 * tensors of both.  NULL with NOT_FOUND, READ or FORMAT. */
GenreSafetensors *genre_safetensors_open (const char *path, GError **error);
void genre_safetensors_free (GenreSafetensors *file);

/* A value of the metadata, or NULL; owned by the file. */
const char *
genre_safetensors_get_metadata (const GenreSafetensors *file, const char *key);
/* A copy of all of the metadata, char * to char *. */
GHashTable *genre_safetensors_dup_metadata (const GenreSafetensors *file);
/* How many values of 32 bits the file has room for. */
gsize genre_safetensors_get_n_values (const GenreSafetensors *file);
/* A copy of the tensor @name, which must be F32 of just the shape
 * [shape[0]]..[shape[n_dims - 1]]; free with g_free().  NULL with FORMAT or READ. */
float *genre_safetensors_dup_tensor (const GenreSafetensors *file,
    const char *name, const gsize *shape, guint n_dims, GError **error);
