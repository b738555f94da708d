/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Addresses of clients, and which of them are proxies whose word is trusted. */

#pragma once

#include <gio/gio.h>

/* Parses an address as proxies write it: "192.0.2.1", "192.0.2.1:80",
 * "2001:db8::1", "[2001:db8::1]" or "[2001:db8::1]:80".  (transfer full)
 * (nullable): an IPv4 address that is mapped into IPv6 is an IPv4 address. */
GInetAddress *client_address_parse (const char *text);
/* (transfer full): @address, or the IPv4 address that is mapped into it. */
GInetAddress *client_address_unmap (GInetAddress *address);
/* Whom quotas count: the address, or the /64 of one of IPv6, as one person has
 * all of that.  Free with g_free(). */
char *client_address_to_key (GInetAddress *address);

typedef struct _TrustedProxies TrustedProxies;

/* @names: addresses, networks such as "10.0.0.0/8", or "unix" for whoever comes
 * by a Unix socket; ends with NULL.  NULL: there are none.  NULL is returned
 * with @error (G_OPTION_ERROR) set if one is not valid. */
TrustedProxies *trusted_proxies_new (const char *const *names, GError **error);
void trusted_proxies_free (TrustedProxies *proxies);
/* @address: NULL for one who comes by a Unix socket. */
gboolean
trusted_proxies_has (const TrustedProxies *proxies, GInetAddress *address);
