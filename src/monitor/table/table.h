/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The live table on a terminal: a row for each station, and a line that sums up. */

#pragma once

#include "monitor/record/stationview.h"

typedef struct _Table Table;

/* Takes the terminal @fd at the first frame: the alternate screen, no cursor, keys
 * without Enter.  @fd is not closed, and O_NONBLOCK is not set on it.  NULL if there
 * can be no table (no terminal, TERM=dumb): then lines are to be printed instead.
 *
 * NO_COLOR is honoured.  Ctrl-C stays a signal, which the caller handles; Ctrl-Z gives
 * the shell its screen, and after fg the next frame takes it again.  In the background
 * nothing is drawn.  There is one table at a time. */
Table *table_new (int fd);
/* Gives the terminal back as it was.  @table may be NULL. */
void table_free (Table *table);
/* Gives the terminal back in a signal handler of a crash, if a table has it:
 * async-signal-safe.  Does nothing in a process that was forked. */
void table_restore_terminal (void);
/* Draws @views (element-type StationView, by value), [n]; @now is UTC, µs.  Never
 * waits: a terminal that does not take the last frame gets no other one until then. */
void table_draw (Table *table, const StationView *views, guint n, gint64 now);
/* The descriptor to watch for input; it is not the one that table_new() got. */
int table_get_fd (const Table *table);
/* Keys were typed, or the size has changed: reads them (scrolls, sorts); to be followed
 * by table_draw().  FALSE if the user wants to quit ("q"), or the terminal is gone. */
gboolean table_handle_input (Table *table);
/* A message for people, in the table's last line, until the next one; NULL or "" takes
 * it away. */
void table_show_message (Table *table, const char *message);
