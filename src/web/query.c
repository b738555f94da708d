/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "query.h"

#include <string.h>

/* What is wrong with @key and its value, an element of the query; or NULL. */
static char *
check_element (const char *element, const char *const *keys, GHashTable *seen)
{
  const char *value = strchr (element, '=');
  g_autofree char *key = value ? g_uri_unescape_segment (element, value, NULL)
                               : NULL;
  g_autofree char *text = value ? g_uri_unescape_string (value + 1, NULL)
                                : NULL;

  if (!key || !text || !g_utf8_validate (key, -1, NULL) ||
      !g_utf8_validate (text, -1, NULL))
    return g_strdup ("A part of the URL's query is not KEY=VALUE.");
  if (!g_strv_contains (keys, key)) {
    g_autofree char *known = g_strjoinv (", ", (char **) keys);

    return *keys
        ? g_strdup_printf ("The URL's query has an unknown key; this resource "
                           "has: %s.",
              known)
        : g_strdup ("The URL has a query; this resource takes none.");
  }
  return g_hash_table_add (seen, g_steal_pointer (&key))
      ? NULL
      : g_strdup ("A key is twice in the URL's query.");
}

char *
query_check (const char *query, const char *const *keys)
{
  g_auto (GStrv) elements = g_strsplit (query ? query : "", "&", -1);
  g_autoptr (GHashTable)
      seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  char *fault = NULL;

  for (guint i = 0; elements[i] && !fault; i++)
    fault = check_element (elements[i], keys, seen);
  return fault;
}
