/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The log of what was written, and how it is undone.
 *
 * It is JSON Lines.  A line is on the disk before the file is changed, so that a
 * crash in between leaves a line of a change that was not made; whether it was is
 * told by the genre that the file has, which is also what makes undoing twice
 * harmless.  The keys:
 *
 *   path        string: the file, absolute
 *   path_bytes  string, only if that is no UTF-8: the same with such bytes as %FF,
 *               and "%" as "%25"
 *   time        string: when, ISO 8601
 *   old, new    arrays of string: the genres before and after
 *   tags        object: for each kind of tag "old" and "new", and with a field
 *               GENRECLASSIFY "old_classifier" and "new_classifier"; null for what
 *               was not there */

#pragma once

#include <glib.h>

#include "tagfile.h"

/* The line, without its end, for a change of the file @path. */
char *
undo_log_line (const char *path, const TagState *old, const TagState *wanted);

/* FALSE with @error set if the file @log is there and is no log, or if it cannot be
 * written or made.  It is left as it is. */
gboolean undo_log_check (const char *log, GError **error);

/* Appends a line to the file @log, which is made if it is not there; it is on the
 * disk when this returns.  Any number of processes may do so at once. */
gboolean undo_log_append (const char *log, const char *line, GError **error);

/* Undoes what the file @log says, the newest first, and prints a line for each
 * file.  Their times become new, so that whoever looks at those sees the change.  A
 * file whose decoder makes no progress for @timeout seconds is given up.  SIGINT,
 * SIGTERM and SIGHUP let the file be finished that is being written, and leave the
 * rest.
 *
 * Gives the exit status: 0, 1 if a file was not undone, 2 if the log cannot be read
 * or is none, 128 and the signal if one came. */
int undo_run (const char *log, guint timeout, gboolean dry_run);
