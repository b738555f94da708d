/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The names in a list, as --files-from takes it. */

#pragma once

#include <gio/gio.h>

typedef struct _ListReader ListReader;

/**
 * list_reader_new:
 * @stream: the list
 * @path: (nullable): the file that @stream reads, or %NULL if it is none
 * @null: the names end in NUL, which need not be found out, and are taken as they
 *     are
 *
 * Without @null, the names end in NUL if there is one in what comes first: at
 * least one name, and as much beyond it as is there at once.  Otherwise they end
 * in a newline, with or without a carriage return before it.  So a name is given
 * as soon as its end is there, also by a pipe that stays open.  A byte order mark
 * before the first one is passed over.
 *
 * A list that begins with "#EXTM3U", or whose path ends in .m3u or .m3u8, is a
 * playlist: lines with "#" are comments, and relative names start at the
 * playlist's folder.
 *
 * With @null the first name may be any: neither a byte order mark nor "#EXTM3U" is
 * looked for, and only the ending of @path makes a playlist.  So a name means the same
 * whether it comes first or not, and whether its file is still there or not.
 *
 * What is no list is refused before it gives a name: what begins as files of music
 * do, or has a name that cannot be one, in what comes first (see above; up to 64 KB).
 * That is one that no file has and that has control characters other than tab, newline
 * and carriage return, or is longer than the system's paths; or names that end in NUL,
 * of which most are empty.  Later names are looked at in the same way as they come.
 *
 * Returns: (transfer full): the reader; free with list_reader_free()
 */
ListReader *
list_reader_new (GInputStream *stream, const char *path, gboolean null);
void list_reader_free (ListReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ListReader, list_reader_free)

/* Empty lines are names as well, but not in a playlist; and so is whatever a line has, as
 * there is to be an answer to it. */
void list_reader_keep_empty (ListReader *reader);

/* With @null: the list was made by this program, and its names are names, whatever
 * they look like and whether their files are still there or not. */
void list_reader_trust (ListReader *reader);

/* The next name, which is not empty; free with g_free().  NULL at the end of the list,
 * and with @error set if it cannot be read; %G_IO_ERROR_INVALID_DATA: it is no list. */
char *list_reader_next (
    ListReader *reader, GCancellable *cancellable, GError **error);

/* The seconds that a playlist ("#EXTINF:215,Title") gives for the name that came
 * last; 0: unknown. */
double list_reader_get_duration (const ListReader *reader);
