/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What each test of a format does with a file: write a genre into it, and take that
 * back. */

#pragma once

#include "tags/formats/tagfile.h"

/* A file in memory that has these bytes.  To be closed. */
int try_open (const void *data, gsize length);

/* FLAC, as far as tags look into it: STREAMINFO, a comment of the fields "title=A"
 * and "ARTIST=B", and 2000 bytes of audio.  To be freed with g_free(). */
char *try_make_flac (gsize *length);

/**
 * try_write:
 * @data: a file that can be written
 * @genres: what each kind is to have that is primary or has genres
 * @classifier: (nullable): and the kinds that are primary
 *
 * Writes, and then gives back the fields that there were; checks the proofs, that
 * the file says what was written, and that the last file is the first one, byte for
 * byte.
 *
 * Returns: (transfer full): the file with the genres
 */
GBytes *try_write (GBytes *data, char **genres, const char *classifier);

/* Checks that there is an obstacle, and that its sentence has @word. */
void try_refuse (GBytes *data, const char *word);

/* Reads the file, and writes it if it can be; whatever the bytes are, what was
 * written can be taken back. */
void try_any (const void *data, gsize length);

/* try_any() with @n damaged versions of the file: cut off at any place, and with
 * bytes changed among the first @head and, if @tail > 0, the last @tail. */
void try_damaged (GBytes *data, guint n, gsize head, gsize tail);
