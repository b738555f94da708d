/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Uploaded files that are kept for a while, so that a client can ask several things
 * about one without sending it again.  Who knows a file's id may use it and delete
 * it; nobody can guess one.  A file that is not used for so long is gone. */

#pragma once

#include <glib.h>

#include "quota.h"

typedef struct _KeptUploads KeptUploads;
typedef struct _KeptUpload KeptUpload;

/* Keeps each file for @seconds after its last use; 0: keeps none.  The bytes of
 * the files are those of @disk, which must live longer. */
KeptUploads *kept_uploads_new (guint seconds, Quota *disk);
/* After the last use was released. */
void kept_uploads_free (KeptUploads *kept);
/* s that a file is kept after its last use. */
guint kept_uploads_get_seconds (const KeptUploads *kept);
/* How many files can be used, and their bytes. */
guint kept_uploads_get_n (const KeptUploads *kept);
guint64 kept_uploads_get_size (const KeptUploads *kept);

/**
 * kept_uploads_add:
 * @client: whose file it is: an address
 * @fd: descriptor of the file, for reading only
 * @size: bytes of the file, which were taken of the quota for @client
 *
 * Keeps a file.  If there are too many, the one that was unused for longest goes.
 * The descriptor and the bytes are the store's afterwards, unless it returns %NULL.
 *
 * Returns: (transfer none) (nullable): the id, of letters, digits, "-" and "_", or
 *     %NULL if there are too many and all are in use
 */
const char *
kept_uploads_add (KeptUploads *kept, const char *client, int fd, guint64 size);
/* Removes the file that was unused for longest: one of @client, or if it has none
 * and @only_own is not set, any.  FALSE if there is none. */
gboolean kept_uploads_make_room (
    KeptUploads *kept, const char *client, gboolean only_own);
/* Forgets the file.  What uses it goes on.  FALSE if there is none. */
gboolean kept_uploads_delete (KeptUploads *kept, const char *id);
/* Forgets all files. */
void kept_uploads_clear (KeptUploads *kept);

/* Begins a use of the file: until it is released, it stays, even when it is
 * forgotten.  NULL if there is none. */
KeptUpload *kept_uploads_use (KeptUploads *kept, const char *id);
/* Its time begins anew, unless others use it. */
void kept_upload_release (KeptUpload *upload);
/* A descriptor of the file, for reading only, which the caller closes.  All of them
 * share one position.  -1 with errno set if there are no more descriptors. */
int kept_upload_open (const KeptUpload *upload);
