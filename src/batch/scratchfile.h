/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A temporary file without a name, which is gone with the process.  Its errors name
 * the folder that it is in. */

#pragma once

#include <glib.h>

typedef struct _ScratchFile ScratchFile;

/* In @folder, so that there is room for it where there is for what is made of it.
 * A limit of the size of files is to be an error, not a signal: the caller ignores
 * SIGXFSZ. */
ScratchFile *scratch_file_new (const char *folder, GError **error);
void scratch_file_free (ScratchFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ScratchFile, scratch_file_free)

/* What has been appended, in bytes. */
guint64 scratch_file_get_size (const ScratchFile *file);
gboolean scratch_file_append (
    ScratchFile *file, gconstpointer data, gsize size, GError **error);

/* Elsewhere than at the end; a file that is only written so has the size 0. */
gboolean scratch_file_write (ScratchFile *file, guint64 offset,
    gconstpointer data, gsize size, GError **error);

/* Reads @size bytes, which must be there. */
gboolean scratch_file_read (ScratchFile *file, guint64 offset, gpointer data,
    gsize size, GError **error);
