/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Who sends a request, and how: what the connection tells, and, when the
 * headers are there, what trusted proxies say. */

#pragma once

#include <libsoup/soup.h>

#include "clientaddress.h"

typedef struct
{
  char *key;     /* whom quotas count: an address, a network of IPv6, or
                     "unix:UID" */
  char *address; /* the address itself */
  char id[65];   /* of the request */
  char *scheme;  /* "http" or "https", if a trusted proxy says so; or NULL */
  char *host;    /* that was asked for, as a trusted proxy says, or as the Host
                     header does; NULL: not known yet, or there is none */
  gint64 start;  /* µs, monotonic: when it has connected */
  gboolean is_local; /* only this machine can reach the socket it came by */
  gboolean
      is_many; /* the key may stand for several people: the request has passed
                       a proxy that is not trusted, or that does not tell whose it is */
  gboolean is_proxy;  /* it is a trusted proxy; its client is not known (yet) */
  GInetAddress *peer; /* of the connection; NULL: a Unix socket */
} Caller;

/* @socket: of the client, connected.  NULL if the client has gone already. */
Caller *
caller_new (GSocket *socket, const TrustedProxies *proxies, gboolean is_local);
void caller_free (Caller *caller);
/* The headers of the request are here.  To be called once. */
void caller_read_headers (
    Caller *caller, SoupMessageHeaders *headers, const TrustedProxies *proxies);
