/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A file replaced by a changed copy of itself, at once or not at all.
 *
 * The copy lies in the same directory, as ".genreclassify-" and 16 digits that
 * follow from the file's name, with its extension, and is locked with flock()
 * while it is worked on.  What a process that was killed has left is therefore
 * known by its name and by being unlocked; the next attempt to write that file
 * removes it.  (A file without a name, O_TMPFILE, cannot take the place of one
 * that has one.) */

#pragma once

#include <glib.h>
#include <sys/stat.h>

typedef struct
{
  char *path;     /* the file to be replaced; not a link */
  char *copy;     /* the copy's path */
  int source, fd; /* the file, open for reading, and the copy for both */
  struct stat st; /* the file's properties as they were at first */
} Replacement;

/* Opens the file @path, following links, as soon as no other process is writing it.
 * FALSE with @error (G_IO_ERROR) set if it cannot be read or is no regular file. */
gboolean
replacement_open (Replacement *replacement, const char *path, GError **error);
/* Removes the copy if there is still one, and closes. */
void replacement_clear (Replacement *replacement);

/* Removes what an earlier process that was killed has left of that file. */
void replacement_clean (const Replacement *replacement);
/* TRUE if a file of that name, without directories, is such a copy. */
gboolean replacement_is_copy (const char *name);

/* FALSE with @error set if the file or its directory is read-only. */
gboolean
replacement_check_writable (const Replacement *replacement, GError **error);

/* Makes the copy, with the file's owner, mode, extended attributes and access
 * control list. */
gboolean replacement_copy (Replacement *replacement, GError **error);
/* Writes the changed copy to the disk, with the file's times if @preserve_times. */
gboolean replacement_sync (
    Replacement *replacement, gboolean preserve_times, GError **error);
/* Puts the copy in the file's place, unless that has changed meanwhile. */
gboolean replacement_commit (Replacement *replacement, GError **error);
