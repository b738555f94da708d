/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Why a request has no result: an HTTP status, and a code for programs.  Here
 * are the tables of all of them; openapi.json describes them. */

#pragma once

#include <glib.h>

#include "analysis/reason.h"

typedef struct
{
  guint status;       /* of HTTP */
  const char *code;   /* stable, such as "too-large"; static */
  gboolean retryable; /* the same request may succeed another time */
} WebError;

/* What the service itself refuses.  Why an analysis fails is a Reason. */
typedef enum
{
  WEB_ERROR_BAD_REQUEST,
  WEB_ERROR_UNAUTHORIZED, /* the token is missing or wrong */
  WEB_ERROR_FORBIDDEN,    /* a page of another site asks */
  WEB_ERROR_NOT_FOUND,
  WEB_ERROR_UNKNOWN_MODEL,
  WEB_ERROR_NO_UPLOAD, /* it is not kept, or no longer */
  WEB_ERROR_METHOD_NOT_ALLOWED,
  WEB_ERROR_SLOW_CLIENT,
  WEB_ERROR_TOO_LARGE,
  WEB_ERROR_ENCODED, /* the body has a Content-Encoding */
  WEB_ERROR_BUSY,
  WEB_ERROR_NO_SPACE, /* for the file */

  N_WEB_ERRORS
} WebErrorKind;

WebError web_error_get (WebErrorKind kind);
/* @reason is not REASON_NONE. */
WebError web_error_from_reason (Reason reason);
/* The body of the answer: JSON in one line; free with g_free().  @message is a
 * sentence for people. */
char *web_error_to_json (WebError error, const char *message);
