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
 * Returns: (transfer full): the reader; free with list_reader_free()
 */
ListReader *
list_reader_new (GInputStream *stream, const char *path, gboolean null);
void list_reader_free (ListReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ListReader, list_reader_free)

/* Empty lines are names as well, but not in a playlist. */
void list_reader_keep_empty (ListReader *reader);

/* The next name, which is not empty; free with g_free().  NULL at the end of the list,
 * and with @error set if it cannot be read. */
char *list_reader_next (
    ListReader *reader, GCancellable *cancellable, GError **error);

/* The seconds that a playlist ("#EXTINF:215,Title") gives for the name that came
 * last; 0: unknown. */
double list_reader_get_duration (const ListReader *reader);
