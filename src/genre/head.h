/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a weights file says of the heads of its network: their names and labels. */

#pragma once

#include "genre/weights/json.h"

typedef struct
{
  char *name;
  GPtrArray *labels; /* char *, NULL at the end */
} GenreHead;

/* The head called @name with the list of words @labels, which errors call @what.
 * NULL with FORMAT if it is none. */
GenreHead *genre_head_new (
    const char *name, const char *what, JsonNode *labels, GError **error);
void genre_head_free (GenreHead *head);
guint genre_head_get_n_labels (const GenreHead *head);

/* Names and labels come from files, and go to terminals. */
gboolean genre_text_is_printable (const char *text);

/* Adds to @heads (GenreHead) those of the metadata "heads", @root, and to @layers
 * their lists of layers (JsonArray, owned by @root).  No two have one name. */
gboolean genre_heads_read (
    GPtrArray *heads, GPtrArray *layers, JsonNode *root, GError **error);
