/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The history of the stations in an SQLite database: --db, and what is read from it. */

#pragma once

#include "monitor/record/record.h"

typedef struct _History History;

/* Opens or makes the database for writing.  NULL with @error (G_IO_ERROR) set if that
 * cannot be, or if it is the database of something else, or of a later version. */
History *history_open (const char *path, GError **error);
/* The records are of recordings, which begin at @start, UTC, µs: the run lasts from then to
 * the last of them.  Before the first is added. */
void history_set_recorded (History *history, gint64 start);
/* Records that are older than @days are removed; 0: none.  Before the first is added. */
void history_set_keep (History *history, guint days);
/* Writes what is not written yet.  @history may be NULL. */
void history_close (History *history);
/* Adds @record.  What cannot be written (a full disk, a database that someone else
 * locks for long) is kept in memory, up to a limit, and written when that is possible
 * again; FALSE with @error set as long as it is not. */
gboolean history_add (History *history, const Record *record, GError **error);
/* Tries again to write what waits, a few times a minute.  As above. */
gboolean history_flush (History *history, GError **error);
/* Records that wait, and that were given up because too many waited. */
guint history_get_n_waiting (const History *history);
guint64 history_get_n_lost (const History *history);
