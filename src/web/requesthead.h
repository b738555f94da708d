/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The head of a request (RFC 9112): the request line and the headers.  It is
 * parsed strictly, and written anew with what the service understands, so that
 * libsoup sees nothing else: no ranges but a single one, no conditions but
 * If-None-Match, no upgrade, no unusual framing. */

#pragma once

#include <glib.h>

/* Its codes are WebErrorKinds; the messages are sentences for the client. */
#define REQUEST_ERROR (request_error_quark ())

/* bytes of a head */
#define REQUEST_HEAD_MAX (32 << 10)

typedef struct
{
  char *text;          /* the head as libsoup gets it, with its empty line */
  gboolean is_chunked; /* the body */
  guint64 length;      /* of a body that is not chunked, bytes */
} RequestHead;

GQuark request_error_quark (void);

/* Whether @c has no place in a line of a head or of a chunked body: a control
 * character other than the tab. */
gboolean request_is_control (guchar c);
/* Whether @text, [size], is a token (RFC 9110, 5.6.2), as names are. */
gboolean request_is_token (const char *text, gsize size);
/* Whether the request that begins with @data, [size], is a HEAD request: no answer
 * to it has a body. */
gboolean request_head_is_head (const char *data, gsize size);

/**
 * request_head_find_end:
 * @data: what has come in of the request, at most REQUEST_HEAD_MAX
 * @size: bytes
 * @seen: (inout): how many of them were looked at before; 0 at first
 * @error: return location: REQUEST_ERROR
 *
 * Returns: the head's size with its empty line; 0: more of it must come; -1 with
 *     @error set: this is no head, whatever comes
 */
gssize request_head_find_end (
    const char *data, gsize size, gsize *seen, GError **error);
/* Parses @data, [size], a whole head.  FALSE with @error (REQUEST_ERROR) set if
 * the request is to be refused; otherwise head->text is freed with g_free(). */
gboolean request_head_parse (
    const char *data, gsize size, RequestHead *head, GError **error);
