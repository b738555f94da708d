/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Who may use the service, judged by the headers of a request. */

#pragma once

#include <libsoup/soup.h>

/* Whether only this machine can reach @address, an IP address. */
gboolean access_is_loopback (const char *address);
/* Whether the request's Host is "localhost" or an IP address. */
gboolean access_is_local_host (SoupMessageHeaders *headers);
/* Whether the request does not come from a page of another site.  A proxy
 * passes the name that browsers know it by in X-Forwarded-Host. */
gboolean access_is_same_site (SoupMessageHeaders *headers, gboolean is_post);
/* (transfer none) (nullable): the token that the request bears. */
const char *access_get_token (SoupMessageHeaders *headers);
/* Whether @given is @token.  The time it takes does not depend on how much of it
 * is right. */
gboolean access_is_token (const char *given, const char *token);
