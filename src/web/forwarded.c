/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "forwarded.h"

#include <string.h>

/* One hop of the way.  A member is NULL if the proxy did not tell it. */
typedef struct
{
  char *client, *scheme, *host;
} Hop;

static void
hop_free (gpointer data)
{
  Hop *hop = data;

  g_free (hop->client);
  g_free (hop->scheme);
  g_free (hop->host);
  g_free (hop);
}

static GPtrArray *
hops_new (void)
{
  return g_ptr_array_new_with_free_func (hop_free);
}

static char *
get_scheme (const char *text)
{
  return text &&
          (!g_ascii_strcasecmp (text, "http") ||
              !g_ascii_strcasecmp (text, "https"))
      ? g_ascii_strdown (text, -1)
      : NULL;
}

/* X-Forwarded-* */

/* The hops of X-Forwarded-For. */
static GPtrArray *
read_list (const char *list)
{
  GPtrArray *hops = hops_new ();
  g_auto (GStrv) parts = g_strsplit (list, ",", -1);

  for (guint i = 0; parts[i]; i++) {
    Hop *hop = g_new0 (Hop, 1);

    hop->client = g_strdup (g_strstrip (parts[i]));
    g_ptr_array_add (hops, hop);
  }
  return hops;
}

/* The last of the values of the header @name: that of the nearest proxy. */
static char *
get_last (SoupMessageHeaders *headers, const char *name)
{
  const char *list = soup_message_headers_get_list (headers, name);
  const char *comma = list ? strrchr (list, ',') : NULL;
  g_autofree char *value = g_strdup (comma ? comma + 1 : list);

  return value && *g_strstrip (value) ? g_steal_pointer (&value) : NULL;
}

/* Forwarded */

/* Takes a token or a quoted string; NULL if there is none. */
static char *
take_value (const char **at)
{
  GString *value = g_string_new (NULL);

  if (**at == '"') {
    for (++*at; **at && **at != '"'; ++*at) {
      if (**at == '\\' && (*at)[1])
        ++*at;
      g_string_append_c (value, **at);
    }
    if (**at == '"') {
      ++*at;
      return g_string_free (value, FALSE);
    }
  } else {
    gsize n = strcspn (*at, " \t,;\"=");

    g_string_append_len (value, *at, n);
    *at += n;
    if (n > 0)
      return g_string_free (value, FALSE);
  }
  g_string_free (value, TRUE);
  return NULL;
}

static void
skip_spaces (const char **at)
{
  *at += strspn (*at, " \t");
}

/* Takes "name=value" into @hop.  FALSE if it is not one. */
static gboolean
take_pair (const char **at, Hop *hop)
{
  g_autofree char *name = take_value (at), *value = NULL;
  char **member;

  if (!name || *(*at)++ != '=' || !(value = take_value (at)))
    return FALSE;
  if (!g_ascii_strcasecmp (name, "for"))
    member = &hop->client;
  else if (!g_ascii_strcasecmp (name, "proto"))
    member = &hop->scheme;
  else if (!g_ascii_strcasecmp (name, "host"))
    member = &hop->host;
  else
    return TRUE;
  if (*member)
    return FALSE;
  *member = g_steal_pointer (&value);
  return TRUE;
}

/* The hops of Forwarded; none if it is malformed. */
static GPtrArray *
read_forwarded (const char *at)
{
  g_autoptr (GPtrArray) hops = hops_new ();

  for (;;) {
    Hop *hop = g_new0 (Hop, 1);

    g_ptr_array_add (hops, hop);
    do {
      skip_spaces (&at);
      if (*at && *at != ',' && *at != ';' && !take_pair (&at, hop))
        return hops_new ();
      skip_spaces (&at);
    } while (*at == ';' && at++);
    if (*at != ',')
      return *at ? hops_new () : g_steal_pointer (&hops);
    at++;
  }
}

/* The way back */

/* The client of @hops.  *last is the index of the leftmost hop that a trusted
 * proxy has told; the number of hops if there is none. */
static GInetAddress *
find_client (GPtrArray *hops, GInetAddress *peer, const TrustedProxies *proxies,
    guint *last)
{
  GInetAddress *client = peer ? g_object_ref (peer) : NULL;

  *last = hops->len;
  while (*last > 0 && trusted_proxies_has (proxies, client)) {
    const Hop *hop = hops->pdata[*last - 1];
    GInetAddress *next = hop->client ? client_address_parse (hop->client)
                                     : NULL;

    --*last;
    if (!next)
      break;
    g_clear_object (&client);
    client = next;
  }
  return client;
}

static gboolean
is_same_client (GInetAddress *a, GInetAddress *b)
{
  return a == b || (a && b && g_inet_address_equal (a, b));
}

Forwarded
forwarded_read (SoupMessageHeaders *headers, GInetAddress *peer,
    const TrustedProxies *proxies)
{
  const char *list = soup_message_headers_get_list (headers, "X-Forwarded-For");
  const char *standard = soup_message_headers_get_list (headers, "Forwarded");
  g_autofree char *scheme = get_last (headers, "X-Forwarded-Proto");
  Forwarded result = { .scheme = get_scheme (scheme),
    .host = get_last (headers, "X-Forwarded-Host") };
  g_autoptr (GPtrArray) hops = read_list (list ? list : "");
  g_autoptr (GPtrArray) others = read_forwarded (standard ? standard : "");
  g_autoptr (GInetAddress) other = NULL;
  guint last;

  result.client = find_client (hops, peer, proxies, &last);
  result.is_relayed = last > 0 && last < hops->len;
  if (!standard)
    return result;
  other = find_client (others, peer, proxies, &last);
  if (list) {
    if (!is_same_client (result.client, other)) {
      g_clear_object (&result.client);
      result.client = peer ? g_object_ref (peer) : NULL;
    }
  } else if (!scheme && !result.host) {
    const Hop *hop = last < others->len ? others->pdata[last] : NULL;

    g_clear_object (&result.client);
    result.client = g_steal_pointer (&other);
    result.is_relayed = last > 0 && hop;
    result.scheme = get_scheme (hop ? hop->scheme : NULL);
    result.host = g_strdup (hop ? hop->host : NULL);
  }
  return result;
}

void
forwarded_clear (Forwarded *forwarded)
{
  g_clear_object (&forwarded->client);
  g_free (forwarded->scheme);
  g_free (forwarded->host);
}
