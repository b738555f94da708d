/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "clientaddress.h"

#include <string.h>

struct _TrustedProxies
{
  GPtrArray *masks; /* GInetAddressMask */
  gboolean has_unix;
};

GInetAddress *
client_address_unmap (GInetAddress *address)
{
  static const guint8 prefix[12] = { [10] = 0xff, [11] = 0xff };
  const guint8 *bytes = g_inet_address_to_bytes (address);

  if (g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV6 &&
      !memcmp (bytes, prefix, sizeof prefix))
    return g_inet_address_new_from_bytes (
        bytes + sizeof prefix, G_SOCKET_FAMILY_IPV4);
  return g_object_ref (address);
}

/* Whether @text is empty, or ":" and a port. */
static gboolean
is_port (const char *text)
{
  return !*text ||
      (*text == ':' && text[1] && !text[1 + strspn (text + 1, "0123456789")]);
}

GInetAddress *
client_address_parse (const char *text)
{
  g_autofree char *host = NULL;
  g_autoptr (GInetAddress) address = NULL;
  const char *end;

  if (*text == '[') {
    end = strchr (++text, ']');
    if (!end || !is_port (end + 1))
      return NULL;
  } else {
    end = strchr (text, ':');
    /* two of them: IPv6, which has no port without brackets */
    if (!end || strchr (end + 1, ':'))
      end = text + strlen (text);
    if (!is_port (end))
      return NULL;
  }
  host = g_strndup (text, end - text);
  address = g_inet_address_new_from_string (host);
  return address ? client_address_unmap (address) : NULL;
}

char *
client_address_to_key (GInetAddress *address)
{
  guint8 network[16] = { 0 };
  g_autoptr (GInetAddress) masked = NULL;
  g_autofree char *text = NULL;

  if (g_inet_address_get_family (address) != G_SOCKET_FAMILY_IPV6 ||
      g_inet_address_get_is_loopback (address))
    return g_inet_address_to_string (address);
  memcpy (network, g_inet_address_to_bytes (address), 8);
  masked = g_inet_address_new_from_bytes (network, G_SOCKET_FAMILY_IPV6);
  text = g_inet_address_to_string (masked);
  return g_strconcat (text, "/64", NULL);
}

TrustedProxies *
trusted_proxies_new (const char *const *names, GError **error)
{
  TrustedProxies *proxies = g_new0 (TrustedProxies, 1);

  proxies->masks = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; names && names[i]; i++) {
    g_autoptr (GError) why = NULL;
    GInetAddressMask *mask;

    if (!strcmp (names[i], "unix")) {
      proxies->has_unix = TRUE;
      continue;
    }
    mask = g_inet_address_mask_new_from_string (names[i], &why);
    if (!mask) {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
          "--trusted-proxy: %s: it is neither \"unix\" nor an address or "
          "network such as 10.0.0.0/8 (%s).",
          names[i], why->message);
      trusted_proxies_free (proxies);
      return NULL;
    }
    g_ptr_array_add (proxies->masks, mask);
  }
  return proxies;
}

void
trusted_proxies_free (TrustedProxies *proxies)
{
  if (!proxies)
    return;
  g_ptr_array_unref (proxies->masks);
  g_free (proxies);
}

gboolean
trusted_proxies_has (const TrustedProxies *proxies, GInetAddress *address)
{
  if (!address)
    return proxies->has_unix;
  for (guint i = 0; i < proxies->masks->len; i++)
    if (g_inet_address_mask_matches (proxies->masks->pdata[i], address))
      return TRUE;
  return FALSE;
}
