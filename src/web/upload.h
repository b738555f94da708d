/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The file in the body of a request, written to a temporary file without a name
 * while it comes in. */

#pragma once

#include <glib.h>

typedef struct _Upload Upload;

#define UPLOAD_ERROR (upload_error_quark ())

typedef enum
{
  UPLOAD_ERROR_BODY,  /* it is not as it should be */
  UPLOAD_ERROR_SIZE,  /* the file is too large */
  UPLOAD_ERROR_SPACE, /* the temporary folder takes no more */
} UploadError;

GQuark upload_error_quark (void);

/**
 * upload_new:
 * @boundary: (nullable): of a multipart/form-data body, whose field "file" is the
 *     file; without it, all of the body is
 * @max_size: of the file, bytes
 * @error: return location: UPLOAD_ERROR
 *
 * Returns: (transfer full) (nullable): the upload, or %NULL
 */
Upload *upload_new (const char *boundary, guint64 max_size, GError **error);
void upload_free (Upload *upload);

/* Takes the next bytes of the body.  FALSE with @error (UPLOAD_ERROR) set ends it. */
gboolean
upload_push (Upload *upload, gconstpointer data, gsize size, GError **error);
/* Says that the body has ended: gives the file's descriptor, which can only be read
 * and stands at its beginning, or -1 with @error (UPLOAD_ERROR_BODY) set. */
int upload_finish (Upload *upload, GError **error);
