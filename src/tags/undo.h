/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The command --undo: gives files the genres again that they had. */

#pragma once

#include <glib.h>

/**
 * undo_run:
 * @log: the path of an undo log; see undolog.h
 * @dry_run: only says what would be undone
 *
 * Undoes the changes in the log, the newest first, and prints a line for each
 * file.  The files get new times, so that programs that look at these see the
 * change.  After SIGINT, SIGTERM or SIGHUP the file that is being written is
 * finished, and no other is begun.
 *
 * Returns: the exit status: 0; 1 if a file was not undone or the log has other
 *     lines; 2 if the log cannot be read or is none; 128 and the signal's number
 *     if one came
 */
int undo_run (const char *log, gboolean dry_run);
