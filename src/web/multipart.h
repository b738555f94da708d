/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Finds one field of a multipart/form-data body (RFC 7578) while it comes in. */

#pragma once

#include <glib.h>

typedef struct _Multipart Multipart;

/* Takes the next bytes of the field; FALSE with @error set ends the parse. */
typedef gboolean (*MultipartFunc) (
    gconstpointer data, gsize size, gpointer user_data, GError **error);

/* Makes a parser of a body whose parts are divided by @boundary; @func gets the
 * content of the first part that is named @field.  NULL if that is no boundary. */
Multipart *multipart_new (const char *boundary, const char *field,
    MultipartFunc func, gpointer user_data);
void multipart_free (Multipart *multipart);

/* Takes the next bytes of the body.  FALSE with @error set: G_IO_ERROR_INVALID_DATA
 * if it is no such body, or what @func found. */
gboolean multipart_push (
    Multipart *multipart, gconstpointer data, gsize size, GError **error);
/* Says that the body has ended.  FALSE with @error (G_IO_ERROR_INVALID_DATA) set if
 * it broke off, or the field was not in it. */
gboolean multipart_finish (Multipart *multipart, GError **error);
