/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The undo log: which genres were written into which files.
 *
 * It is JSON Lines.  A line is on the disk before its file is changed, so a
 * crash in between leaves the line of a change that was not made.  Whether a
 * change was made is seen by the genre that the file has; therefore undoing
 * twice does no harm.  The keys of a line:
 *
 *   path        string: the file, absolute; bytes that are not UTF-8 are
 *               replaced
 *   path_bytes  string, only if there are such bytes: the same with them as %FF,
 *               and with "%" as "%25"
 *   time        string: when, ISO 8601
 *   old, new    arrays of string: the genres before and after
 *   tags        object: for each kind of tag "old" and "new", and with a field
 *               GENRECLASSIFY "old_classifier" and "new_classifier"; null for
 *               what was not there; "old_fields": the fields of both as they
 *               were, an array of pairs: how many other fields stood before it,
 *               and its bytes in Base64
 *
 * All errors are in the domain TAGS_ERROR. */

#pragma once

#include <glib.h>

#include "formats/tagstate.h"

/* A change of one file, as a line of the log has it. */
typedef struct
{
  char *path;
  TagState before, after; /* "after" without its fields */
} UndoEntry;

typedef struct
{
  /* Of each file a GPtrArray of its UndoEntry, the newest first.  The file that
   * was changed last is the first. */
  GPtrArray *files;
  guint n_torn;    /* lines that a crash cut off, so that no file was changed */
  guint n_invalid; /* lines that are not an undo log's */
} UndoLog;

/* The line, without its end, for the change of the file @path.  To be freed
 * with g_free(). */
char *undolog_format_line (
    const char *path, const TagState *before, const TagState *after);

/* FALSE with @error set if the file @path is there and is no log, or if it
 * cannot be written or made.  Changes nothing. */
gboolean undolog_check (const char *path, GError **error);

/* Appends a line to the file @path, which is made if it is not there.  The line
 * is on the disk when this returns.  Any number of processes may append at the
 * same time. */
gboolean undolog_append (const char *path, const char *line, GError **error);

/* Reads a log from memory: @length bytes, of which any may be 0.  Never fails:
 * what is no line of a log is counted in n_invalid.  To be freed with
 * undolog_free(). */
UndoLog *undolog_parse (const char *data, gsize length);

/* Reads the log in the file @path; NULL with @error set if it cannot be
 * read. */
UndoLog *undolog_read (const char *path, GError **error);

void undolog_free (UndoLog *log);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UndoLog, undolog_free)
