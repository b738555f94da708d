/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Who may ask, by the headers of a request. */

#pragma once

#include <libsoup/soup.h>

/* Whether only this machine reaches @address, an IP address. */
gboolean access_is_loopback (const char *address);
/* Whether the service was asked by localhost or an IP address. */
gboolean access_is_local_host (SoupMessageHeaders *headers);
/* Whether no page of another site asks; a proxy says the name that it has for
 * browsers by X-Forwarded-Host. */
gboolean access_is_same_site (SoupMessageHeaders *headers, gboolean is_post);
/* Whether the request bears @token; takes as long if it does not. */
gboolean access_has_token (SoupMessageHeaders *headers, const char *token);
