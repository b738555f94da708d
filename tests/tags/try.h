/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Files in memory, for tests of the formats: what is written into them is read
 * again and taken back. */

#pragma once

#include "tags/formats/tagfile.h"

G_BEGIN_DECLS

/* An open file with these bytes. */
int try_open (GBytes *data);

/* Writes genres and a classifier where tagwriter.c would write them, which has to
 * work, and takes them back by the fields.  The file is then that of before if
 * @same.  Gives the bytes that were written.  (transfer full) */
GBytes *try_write (GBytes *data, char **genres, gboolean same);

/* What the file says, genres separated by ";", and its classifier; "none" without
 * such a tag. */
void try_assert_genres (GBytes *data, TagKind kind, const char *genres);

/* The file cannot be written, and the sentence has these words. */
void try_assert_obstacle (GBytes *data, const char *words);

/* These genres cannot be written, and the sentence has these words. */
void try_assert_refused (GBytes *data, char **genres, const char *words);

/* The file is of no known format. */
void try_assert_unknown (GBytes *data);

/* Damages the file in many ways, each time in its first @range bytes: it is read or
 * refused, and what was written can be taken back. */
void try_damage (GBytes *data, guint n, gsize range);

/* FLAC, as far as tags look into it: STREAMINFO, a comment of the fields "title=A"
 * and "ARTIST=B", and 2000 bytes of audio. */
GBytes *try_make_flac (void);

/* Bytes put together: each as a pointer and a length (gsize), NULL at the end. */
GBytes *try_join (const void *first, ...) G_GNUC_NULL_TERMINATED;

G_END_DECLS
