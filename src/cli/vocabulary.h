/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The user's own names of genres, which are written in the place of the model's.
 *
 * A map is UTF-8 text with a line for each genre,
 *
 *   hiphop = Hip-Hop/Rap
 *   rock = Rock; Alternative Rock
 *   pop =
 *
 * a label of the model, and the names that are to be written, separated by
 * semicolons; no name: that genre is not written.  Labels match as
 * genre_labels_match() has it.  Empty lines and those that begin with "#" mean
 * nothing. */

#pragma once

#include <glib.h>

typedef struct _Vocabulary Vocabulary;

/**
 * vocabulary_parse:
 * @text: the map
 * @length: its bytes, or -1 if it ends in NUL
 * @name: how errors call it
 * @error: return location, G_OPTION_ERROR_BAD_VALUE: which line is wrong, and what
 *     was expected
 *
 * Returns: (transfer full) (nullable): the map, or %NULL
 */
Vocabulary *vocabulary_parse (
    const char *text, gssize length, const char *name, GError **error);

void vocabulary_free (Vocabulary *map);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Vocabulary, vocabulary_free)

/**
 * vocabulary_lookup:
 * @map: (nullable): %NULL has no lines
 *
 * Returns: (transfer none) (nullable): the names for @label, none at all if it is
 *     not to be written; %NULL if the map does not have it
 */
const char *const *vocabulary_lookup (const Vocabulary *map, const char *label);

/**
 * vocabulary_find_unknown:
 * @labels: those of the model
 *
 * Returns: (transfer full) (nullable): a sentence that names the lines for what is
 *     no label, which have no effect; %NULL if there are none
 */
char *
vocabulary_find_unknown (const Vocabulary *map, const char *const *labels);
