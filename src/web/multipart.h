/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Finds one field of a multipart/form-data body (RFC 7578) while it comes
 * in. */

#pragma once

#include <glib.h>

typedef struct _Multipart Multipart;

/* Gets the next bytes of the field.  FALSE with @error set: parsing ends. */
typedef gboolean (*MultipartFunc) (
    gconstpointer data, gsize size, gpointer user_data, GError **error);

/* A parser of a body whose parts are divided by @boundary; @func gets the
 * content of the part that is named @field.  NULL if @boundary is not a valid
 * one. */
Multipart *multipart_new (const char *boundary, const char *field,
    MultipartFunc func, gpointer user_data);
void multipart_free (Multipart *multipart);

/* Parses the next bytes of the body, [size]; they may be cut anywhere.  FALSE
 * with @error set: G_IO_ERROR_INVALID_DATA if the body is malformed, or the
 * error of @func.  After that nothing more may be pushed. */
gboolean multipart_push (
    Multipart *multipart, gconstpointer data, gsize size, GError **error);
/* The body is complete.  FALSE with @error (G_IO_ERROR_INVALID_DATA) set if it
 * ends too early, or the field is not in it. */
gboolean multipart_finish (Multipart *multipart, GError **error);
/* How the client calls the file in the field; NULL if it does not tell, or the
 * field has not come yet. */
const char *multipart_get_file_name (const Multipart *multipart);
