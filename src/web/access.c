/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "access.h"

#include <string.h>

/* The name in a Host header or a URL's authority; free with g_free(). */
static char *
get_host_name (const char *host)
{
  const char *end = *host == '[' ? strchr (host, ']') : strchr (host, ':');

  if (*host == '[')
    host++;
  return end ? g_strndup (host, end - host) : g_strdup (host);
}

/* Guards against DNS rebinding: whoever owns a domain can let its name mean
 * this machine, and then a page of that domain has the same origin as the
 * service. */
gboolean
access_is_known_host (const char *host, char **public_hosts)
{
  g_autofree char *name = get_host_name (host);

  for (guint i = 0; public_hosts && public_hosts[i]; i++) {
    g_autofree char *public_name = get_host_name (public_hosts[i]);

    if (!g_ascii_strcasecmp (name, public_name))
      return TRUE;
  }
  return !g_ascii_strcasecmp (name, "localhost") ||
      g_hostname_is_ip_address (name);
}

static gboolean
is_same_origin (const char *origin, const Caller *caller, char **public_hosts)
{
  const char *authority = strstr (origin, "://");
  g_autofree char *scheme = authority ? g_strndup (origin, authority - origin)
                                      : NULL;

  /* a page that came without TLS may be anybody's */
  if (!authority ||
      (caller->scheme && g_ascii_strcasecmp (scheme, caller->scheme)))
    return FALSE;
  authority += strlen ("://");
  for (guint i = 0; public_hosts && public_hosts[i]; i++)
    if (!g_ascii_strcasecmp (public_hosts[i], authority))
      return TRUE;
  return caller->host && !g_ascii_strcasecmp (caller->host, authority);
}

gboolean
access_is_same_site (SoupMessageHeaders *headers, const Caller *caller,
    char **public_hosts, gboolean is_post)
{
  const char *origin = soup_message_headers_get_one (headers, "Origin");
  const char *site = soup_message_headers_get_one (headers, "Sec-Fetch-Site");

  return (!origin || is_same_origin (origin, caller, public_hosts)) &&
      !(is_post && !g_strcmp0 (site, "cross-site"));
}

const char *
access_get_token (SoupMessageHeaders *headers)
{
  const char *given = soup_message_headers_get_one (headers, "Authorization");

  return given && !g_ascii_strncasecmp (given, "Bearer ", 7) ? given + 7 : NULL;
}

gboolean
access_is_token (const char *given, const char *token)
{
  /* the digests have one length; where they differ tells nothing */
  g_autofree char *x = g_compute_checksum_for_string (
      G_CHECKSUM_SHA256, given, -1);
  g_autofree char *y = g_compute_checksum_for_string (
      G_CHECKSUM_SHA256, token, -1);
  volatile guint difference = 0;

  for (guint i = 0; x[i] && y[i]; i++)
    difference |= (guchar) x[i] ^ (guchar) y[i];
  return difference == 0;
}
