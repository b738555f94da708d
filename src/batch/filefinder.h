/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Finds the files of a batch in folders and lists, with their sizes.  These are asked
 * for by several threads, as each answer of a network file system takes its time. */

#pragma once

#include <glib.h>

typedef struct
{
  char *name; /* as the list has it, or below the folder as that was given */
  double duration;      /* s, as a playlist has it; 0: unknown */
  gint64 bytes;         /* -1: unknown, as it is not a file or is not there */
  gboolean is_dangling; /* a link in a folder that leads nowhere; of no bytes */
} FoundFile;

/* Takes @n files; in no order, and from several threads at the same time.  FALSE
 * with @error set if there should come no more. */
typedef gboolean (*FoundFunc) (
    const FoundFile *files, gsize n, gpointer user_data, GError **error);

/**
 * file_finder_run:
 * @names: (array zero-terminated=1): folders, and files or "-" for stdin that are
 *     lists of names: of files, folders, URIs
 * @null: the names in lists are known to end in NUL
 * @func: called for all files until it returns %FALSE
 * @user_data: for @func
 * @error: return location: a list that cannot be read, or what is no list, but music by
 *     its ending or its first bytes
 *
 * A folder is walked to the bottom, as the command does it (see listing_new()), also
 * if a list names it.  What cannot be played in it comes with all the rest.  The
 * default main context is run while folders are walked.
 *
 * Returns: %FALSE with @error set
 */
gboolean file_finder_run (char **names, gboolean null, FoundFunc func,
    gpointer user_data, GError **error);
