/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Replaces a file by a changed copy of itself: either completely or not at all.
 *
 * The copy is in the same directory.  Its name is ".genreclassify-", 16 digits
 * that are computed from the file's name, and the file's extension.  While a
 * process works on the copy, it holds a lock on it (flock).  A copy that is not
 * locked was therefore left by a process that was killed; the next attempt to
 * write the file removes it.  Where files cannot be locked, it does so when the
 * copy is an hour old.  (A temporary file without a name, O_TMPFILE,
 * cannot replace a file that has one.)
 *
 * All errors are in the domain TAGS_ERROR. */

#pragma once

#include <glib.h>
#include <sys/stat.h>

typedef struct
{
  char *path; /* the file to be replaced, with links resolved */
  char *copy; /* the path of the copy */
  int source; /* the file, open for reading; -1 if it is not open */
  int fd;     /* the copy, open for reading and writing; -1 if there is none */
  struct stat st; /* the file's properties when it was opened */
} Replacement;

/* Opens the file @path; a link is followed.  Waits until no other process
 * writes the file.  FALSE with @error set if it cannot be read or is no regular
 * file. */
gboolean
replacement_open (Replacement *replacement, const char *path, GError **error);
/* Removes the copy if there is still one, and closes both. */
void replacement_clear (Replacement *replacement);

/* Removes the copy that a killed process has left of this file, if there is
 * one. */
void replacement_remove_leftover (const Replacement *replacement);
/* TRUE if @name, without directories, is the name of such a copy. */
gboolean replacement_is_copy (const char *name);

/* FALSE with @error set if the file or its directory is read-only. */
gboolean
replacement_check_writable (const Replacement *replacement, GError **error);

/* Makes the copy, with the file's owner, mode, extended attributes and access
 * control list, but without its content, which the caller writes to its fd. */
gboolean replacement_create (Replacement *replacement, GError **error);
/* Writes the copy to the disk.  With @preserve_times it gets the times
 * of the file. */
gboolean replacement_sync (
    Replacement *replacement, gboolean preserve_times, GError **error);
/* Gives the copy the name of the file.  FALSE with @error set, and the file as
 * it is, if the file was changed since it was opened. */
gboolean replacement_commit (Replacement *replacement, GError **error);
