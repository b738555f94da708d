/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The stream between a client's socket and libsoup.  It lets one request
 * through, whose head (requesthead.h) and framing (chunkfilter.h) are as they
 * should be; libsoup is lenient, and answers in words of its own.  What is
 * written to it goes to the socket as it is. */

#pragma once

#include <gio/gio.h>

/* Called once if the request is not let through, before libsoup has answered
 * it; whoever is called answers the client and sends no more.  Whatever the
 * client still sends is dropped, and libsoup sees the stream's end when the
 * client's has come.
 * @error: REQUEST_ERROR
 * @is_end: the client has closed its side in the middle of the request: it
 *     has probably gone away */
typedef void (*RequestGuardFunc) (
    const GError *error, gboolean is_end, gpointer user_data);

/**
 * request_guard_new:
 * @base: a socket's connection, with streams that can be polled
 * @func: called while the guard lives
 *
 * Returns: (transfer full): the stream for soup_server_accept_iostream()
 */
GIOStream *
request_guard_new (GIOStream *base, RequestGuardFunc func, gpointer user_data);

/* The request was answered without libsoup: what the client still sends is dropped, and
 * after @size bytes libsoup sees an error, which ends the connection. */
void request_guard_drop (GIOStream *guard, guint64 size);
/* Whether the request is a HEAD request, so that no answer to it has a body. */
gboolean request_guard_is_head (GIOStream *guard);
