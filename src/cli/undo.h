/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The log of what was written, and how it is undone.
 *
 * It is JSON Lines.  A line is on the disk before the file is changed, so that a
 * crash in between leaves a line of a change that was not made; whether it was is
 * told by the genre that the file has, which is also what makes undoing twice
 * harmless.  The keys:
 *
 *   path            string: the file, absolute
 *   path_bytes      string, only if that is no UTF-8: the same with such bytes as
 *                   %FF, and "%" as "%25"
 *   time            string: when, ISO 8601
 *   old, new        arrays of string: the genres before and after
 *   preserve_times  boolean: the file's times were kept, as they are in undoing
 *   tags            object: for each kind of tag "old" and "new", and with a field
 *                   GENRECLASSIFY "old_classifier" and "new_classifier"; null for
 *                   what was not there */

#pragma once

#include <glib.h>

#include "tagfile.h"

/* The line, without its end, for a change of the file @path. */
char *undo_log_line (const char *path, const TagState *old,
    const TagState *wanted, gboolean preserve_times);

/* Appends a line to the file @log, which is made if it is not there; it is on the
 * disk when this returns.  Any number of processes may do so at once. */
gboolean undo_log_append (const char *log, const char *line, GError **error);

/* Undoes what the file @log says, the newest first, and prints a line for each
 * file.  Gives the exit status: 0, 1 if a file was not undone, 2 if the log cannot
 * be read. */
int undo_run (const char *log, gboolean dry_run);
