/* SPDX-License-Identifier: GPL-2.0-or-later */

/* In which folder an album is that has several discs: "Album/CD1" and "Album/CD2",
 * or "Album (Disc 1)" and "Album (Disc 2)", are one album. */

#pragma once

#include <glib.h>

/* The name of a disc, of a folder or as an album's tag has it, without what counts
 * discs: "Album" of "Album [Disc 2]", "" of "CD1"; NULL if it is not that of a
 * disc. */
char *album_strip_disc (const char *name);

/* The folder of the track @name, a path or a URI: an absolute one, which is spelled the
 * same for all tracks in it.  Free with g_free(). */
char *album_track_folder_new (const char *name);

/* The folder of the album of which there are tracks in @folder: mostly the same,
 * the one above for "Album/CD1", and for "Album (Disc 1)" one that need not
 * exist. */
char *album_folder_new (const char *folder);

/* Whether what is in @folder belongs to the album @album: it is that folder or one
 * of its discs, or lies below one of these. */
gboolean album_folder_has (const char *album, const char *folder);
