/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The file of the history: what is in it, and how it is opened.
 *
 * The schema is a public contract: queries of other programs may rely on it.  Columns
 * and tables may be added, which raises PRAGMA user_version; none changes its meaning.
 * All times are whole milliseconds since 1970, UTC; a day of a clock on the wall is
 * made of them by who reads them.
 *
 *   stations     one row for each station that was ever watched
 *     id           as in the log; the other tables have it as "station"
 *     name         for people, as it was named last
 *
 *   runs         one row for each time that a monitor ran
 *     id, start
 *     end          it ran until then at least: the last record, or a minute ago
 *
 *   titles       one row for each title that has ended
 *     id           unique; two rows are never of the same record
 *     station, run
 *     start, end
 *     ended        why: "title" (another one began), "interval" (--every: the same
 *                  title may go on in the next row), "lost" or "stopped"
 *     continues    1 if an earlier part of it is there, as it was cut by a loss, or after
 *                  an hour; else 0
 *     seconds      of audio that was heard of it
 *     title, artist, stream_title   or NULL; the last is what the two were made of
 *     genre, confidence             NULL if there was no music, or too little
 *     probabilities, tags           JSON objects of numbers, in the order of the
 *                                   model, or NULL
 *     music, speech, silence        shares of the seconds, 0 to 1; the rest is noise
 *     model        "crnn 5", or NULL if nothing was classified
 *
 *   states       one row for each change of a station's state, which lasts until the
 *                next one, or until the run ends
 *     id, station, run
 *     time
 *     state        "connected", "music", "talk", "silent" or "lost"
 *     reason       why it was lost, a sentence; else NULL
 *
 * titles(station, start), states(station, time), titles(start) and states(time) are
 * indexed.  What station X played in an hour, say:
 *
 *   SELECT datetime(start / 1000, 'unixepoch', 'localtime'), artist, title, genre
 *   FROM titles WHERE station = 'X' AND start >= 1000 * unixepoch('now', '-1 hour')
 *   ORDER BY start;
 *
 * The monitor writes once a second at most and holds the lock for milliseconds; who
 * deletes old rows, or makes a copy with ".backup", need not stop it. */

#pragma once

#include <gio/gio.h>
#include <sqlite3.h>

/* FALSE, with @error (G_IO_ERROR) set to what SQLite said last of @db. */
gboolean history_file_set_error (
    const char *path, sqlite3 *db, const char *failed, GError **error);

/* Opens the database @path, which must be absolute, and makes it first if @create is
 * set and there is none.  NULL with @error set, also if it is the database of something
 * else, or of a later version.  Close it with sqlite3_close(). */
sqlite3 *history_file_open (const char *path, gboolean create, GError **error);
