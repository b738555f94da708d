/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "access.h"

#include <string.h>

gboolean
access_is_loopback (const char *address)
{
  g_autoptr (GInetAddress) inet = g_inet_address_new_from_string (address);

  return inet && g_inet_address_get_is_loopback (inet);
}

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
access_is_local_host (SoupMessageHeaders *headers)
{
  const char *host = soup_message_headers_get_one (headers, "Host");
  g_autofree char *name = get_host_name (host ? host : "");

  return !g_ascii_strcasecmp (name, "localhost") ||
      g_hostname_is_ip_address (name);
}

static gboolean
is_same_origin (SoupMessageHeaders *headers, const char *origin)
{
  static const char *const hosts[] = { "Host", "X-Forwarded-Host" };
  const char *authority = strstr (origin, "://");

  for (guint i = 0; i < G_N_ELEMENTS (hosts) && authority; i++) {
    const char *host = soup_message_headers_get_one (headers, hosts[i]);

    if (host && !g_ascii_strcasecmp (host, authority + 3))
      return TRUE;
  }
  return FALSE;
}

gboolean
access_is_same_site (SoupMessageHeaders *headers, gboolean is_post)
{
  const char *origin = soup_message_headers_get_one (headers, "Origin");
  const char *site = soup_message_headers_get_one (headers, "Sec-Fetch-Site");

  return (!origin || is_same_origin (headers, origin)) &&
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
