/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The file in the body of a request.  While the body comes in, it is written to
 * a temporary file without a name. */

#pragma once

#include <glib.h>

typedef struct _SpoolFile SpoolFile;

#define SPOOL_FILE_ERROR (spool_file_error_quark ())

typedef enum
{
  SPOOL_FILE_ERROR_BODY,  /* the body is not as it should be */
  SPOOL_FILE_ERROR_SIZE,  /* the file is too large */
  SPOOL_FILE_ERROR_SPACE, /* the temporary folder takes no more */
  SPOOL_FILE_ERROR_BUSY,  /* there is no descriptor left for it */
} SpoolFileError;

GQuark spool_file_error_quark (void);

/**
 * spool_file_new:
 * @boundary: (nullable): of a multipart/form-data body, whose field "file" is
 *     the file; NULL: the whole body is the file
 * @max_size: of the file, bytes
 * @error: return location: SPOOL_FILE_ERROR
 *
 * Returns: (transfer full) (nullable): the file, or %NULL with @error set
 */
SpoolFile *
spool_file_new (const char *boundary, guint64 max_size, GError **error);
/* Removes the file, unless spool_file_finish() has handed it over. */
void spool_file_free (SpoolFile *file);

/* Takes the next bytes of the body.  FALSE with @error (SPOOL_FILE_ERROR) set:
 * the file takes no more. */
gboolean spool_file_push (
    SpoolFile *file, gconstpointer data, gsize size, GError **error);
/* Bytes of the file so far. */
guint64 spool_file_get_size (const SpoolFile *file);
/* The body is complete.  Returns a descriptor of the file, at its beginning and
 * for reading only, which the caller closes; -1 with @error
 * (SPOOL_FILE_ERROR_BODY) set. */
int spool_file_finish (SpoolFile *file, GError **error);
/* How the client calls the file; NULL if it does not tell. */
const char *spool_file_get_name (const SpoolFile *file);
