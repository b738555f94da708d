/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The list of genres that ID3v1 numbers, and the texts of ID3v2's genre frame, in
 * which such numbers may stand. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The name of a genre of ID3v1, of which there are 192; NULL for other numbers. */
const char *id3_genre_get (guint number);
/* The number of a name, whose case does not matter; -1 if the list has it not. */
int id3_genre_find (const char *name);

/* Adds to @names (char *) the genres that a text of the frame TCON says: "Rock",
 * "17", "(17)", "(17)(4)Eurodisco", "((A refinement in brackets)", "RX".  @text has
 * @length bytes of UTF-8, and separates several values by 0.  A refinement that
 * repeats a genre's name, "(17)Rock", is left out. */
void id3_genre_parse (const char *text, gsize length, GPtrArray *names);
/* The text that id3_genre_parse() reads as this one name: the name itself where that
 * is so.  To be freed with g_free(). */
char *id3_genre_format (const char *name);

G_END_DECLS
