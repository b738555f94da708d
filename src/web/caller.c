/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "caller.h"

#include <string.h>
#include <sys/random.h>

#include <gio/gunixsocketaddress.h>

#include "forwarded.h"

/* Sets the address and the key; @address is NULL for a Unix socket. */
static void
set_address (Caller *caller, GInetAddress *address, const char *unix_name)
{
  g_free (caller->address);
  g_free (caller->key);
  caller->address = address ? g_inet_address_to_string (address)
                            : g_strdup (unix_name);
  caller->key = address ? client_address_to_key (address)
                        : g_strdup (unix_name);
}

/* The user at the other end of a Unix socket. */
static char *
get_unix_name (GSocket *socket)
{
  g_autoptr (GCredentials)
      credentials = g_socket_get_credentials (socket, NULL);

  return credentials ? g_strdup_printf ("unix:%u",
                           g_credentials_get_unix_user (credentials, NULL))
                     : g_strdup ("unix");
}

static void
make_id (Caller *caller)
{
  guint64 random;

  /* of so few bytes it is never short; ids are not secret, only different */
  if (getrandom (&random, sizeof random, 0) != sizeof random)
    random = (guint64) g_random_int () << 32 | g_random_int ();
  g_snprintf (
      caller->id, sizeof caller->id, "%016" G_GINT64_MODIFIER "x", random);
}

Caller *
caller_new (GSocket *socket, const TrustedProxies *proxies, gboolean is_local)
{
  g_autoptr (GSocketAddress)
      remote = g_socket_get_remote_address (socket, NULL);
  g_autofree char *unix_name = NULL;
  Caller *caller;

  if (!remote)
    return NULL;
  caller = g_new0 (Caller, 1);
  if (G_IS_INET_SOCKET_ADDRESS (remote))
    caller->peer = client_address_unmap (
        g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (remote)));
  else
    unix_name = get_unix_name (socket);
  set_address (caller, caller->peer, unix_name);
  make_id (caller);
  caller->start = g_get_monotonic_time ();
  caller->is_local = is_local;
  caller->is_proxy = trusted_proxies_has (proxies, caller->peer);
  return caller;
}

void
caller_free (Caller *caller)
{
  if (!caller)
    return;
  g_clear_object (&caller->peer);
  g_free (caller->key);
  g_free (caller->address);
  g_free (caller->scheme);
  g_free (caller->host);
  g_free (caller);
}

static gboolean
is_valid_id (const char *id)
{
  gsize n = id ? strspn (id, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-") : 0;

  return n > 0 && n < sizeof ((Caller *) NULL)->id && !id[n];
}

/* Whether a proxy says that the request is not its own. */
static gboolean
has_passed (SoupMessageHeaders *headers)
{
  static const char *const names[] = { "Forwarded", "Via", "X-Forwarded-For",
    "X-Real-IP" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (soup_message_headers_get_one (headers, names[i]))
      return TRUE;
  return FALSE;
}

void
caller_read_headers (
    Caller *caller, SoupMessageHeaders *headers, const TrustedProxies *proxies)
{
  gboolean was_proxy = caller->is_proxy, is_relayed = FALSE;

  if (was_proxy) {
    Forwarded forwarded = forwarded_read (headers, caller->peer, proxies);
    const char *id = soup_message_headers_get_one (headers, "X-Request-Id");

    if (forwarded.client)
      set_address (caller, forwarded.client, NULL);
    caller->is_proxy = trusted_proxies_has (proxies, forwarded.client);
    caller->scheme = g_steal_pointer (&forwarded.scheme);
    caller->host = g_steal_pointer (&forwarded.host);
    is_relayed = forwarded.is_relayed;
    if (is_valid_id (id))
      g_strlcpy (caller->id, id, sizeof caller->id);
    forwarded_clear (&forwarded);
  }
  caller->is_many = caller->is_proxy || is_relayed ||
      (!was_proxy && has_passed (headers));
  if (!caller->host)
    caller->host = g_strdup (soup_message_headers_get_one (headers, "Host"));
}
