/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What proxies say of a request: X-Forwarded-For, -Proto and -Host, and
 * Forwarded (RFC 7239). */

#pragma once

#include <libsoup/soup.h>

#include "clientaddress.h"

typedef struct
{
  GInetAddress *client; /* the last one that is no trusted proxy, or the first
                           proxy; NULL: only that it came by a Unix socket is
                           known */
  char *scheme;         /* "http" or "https", in which the client asked; or
                           NULL */
  gboolean is_relayed; /* there is something to the left of @client: it may be a
                           proxy, too */
  char *host;          /* that it asked for, with its port; or NULL */
} Forwarded;

/**
 * forwarded_read:
 * @headers: of a request
 * @peer: (nullable): who sent it: a trusted proxy; NULL: by a Unix socket
 * @proxies: whose word is trusted
 *
 * Reads from the right to the left, as each proxy appends what it knows, and
 * only as far as the proxies are trusted.  X-Forwarded-* is what nearly all of
 * them write; Forwarded is read where there is none of these.  A client can
 * send the kind that its proxy does not know: if there are both, and they
 * differ, nobody but @peer is known to be the client.
 */
Forwarded forwarded_read (SoupMessageHeaders *headers, GInetAddress *peer,
    const TrustedProxies *proxies);
void forwarded_clear (Forwarded *forwarded);
