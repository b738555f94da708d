/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A request: which there are, who may send them, what answers them, and what is
 * in the log of them. */

#pragma once

#include <libsoup/soup.h>

typedef struct _Service Service;

/* The headers of @message are here, its body is not.  It is answered if it is
 * refused or has no body to wait for.  @query: of the URL, or NULL. */
void request_begin (Service *service, SoupServerMessage *message,
    const char *path, GHashTable *query);
/* The request is complete, and was not answered before. */
void request_finish (SoupServerMessage *message);
/* Whether @path, or what is below it, is a resource of the service; then it is no
 * base path. */
gboolean request_is_for_service (const char *path);
