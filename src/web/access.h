/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Who may use the service, judged by the headers of a request. */

#pragma once

#include <libsoup/soup.h>

#include "caller.h"

/* Of the environment: the token. */
#define TOKEN_VARIABLE "GENRECLASSIFY_TOKEN"

/* Whether @host, of a Host header, is "localhost", an IP address or one of
 * @public_hosts; the port does not matter. */
gboolean access_is_known_host (const char *host, char **public_hosts);
/* Whether the request does not come from a page of another site: the page is of
 * the host that the caller has asked, or of one of @public_hosts. */
gboolean access_is_same_site (SoupMessageHeaders *headers, const Caller *caller,
    char **public_hosts, gboolean is_post);
/* (transfer none) (nullable): the token that the request bears. */
const char *access_get_token (SoupMessageHeaders *headers);
/* Whether @given is @token.  The time it takes does not depend on how much of it
 * is right. */
gboolean access_is_token (const char *given, const char *token);
