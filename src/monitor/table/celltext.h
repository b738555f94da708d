/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Texts of strangers in the cells of a table on a terminal. */

#pragma once

#include <glib.h>

/**
 * celltext_append:
 * @line: what is to be printed
 * @text: (nullable): anything that a station may send
 * @width: columns
 * @utf8: whether the terminal takes UTF-8; otherwise all becomes ASCII
 *
 * Appends @text in exactly @width columns: cut with an ellipsis, or filled with spaces.
 * Nothing of it moves the cursor, changes the terminal or the direction of writing.
 *
 * After text that is written from right to left there is a mark (U+200E), as terminals
 * that order such text themselves would else exchange it with the next cell: more text
 * of the line must come after an escape sequence.
 */
void
celltext_append (GString *line, const char *text, guint width, gboolean utf8);

/* Columns that all of @text takes. */
guint celltext_get_width (const char *text, gboolean utf8);
