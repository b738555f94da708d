/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "quota.h"

struct _Quota
{
  guint64 total, share, taken;
  GHashTable *clients; /* address -> guint64 *, what it has, more than 0 */
};

Quota *
quota_new (guint64 total, guint64 share)
{
  Quota *quota = g_new0 (Quota, 1);

  quota->total = total;
  quota->share = share;
  quota->clients = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, g_free);
  return quota;
}

void
quota_free (Quota *quota)
{
  if (!quota)
    return;
  g_hash_table_unref (quota->clients);
  g_free (quota);
}

gboolean
quota_exceeds_share (Quota *quota, const char *client, guint64 n)
{
  guint64 *has = g_hash_table_lookup (quota->clients, client);

  return n > quota->share - (has ? *has : 0);
}

gboolean
quota_take (Quota *quota, const char *client, guint64 n)
{
  guint64 *has = g_hash_table_lookup (quota->clients, client);

  if (n > quota->total - quota->taken || quota_exceeds_share (quota, client, n))
    return FALSE;
  if (!has) {
    has = g_new0 (guint64, 1);
    g_hash_table_insert (quota->clients, g_strdup (client), has);
  }
  *has += n;
  quota->taken += n;
  return TRUE;
}

void
quota_release (Quota *quota, const char *client, guint64 n)
{
  guint64 *has = g_hash_table_lookup (quota->clients, client);

  if (!has)
    return;
  *has -= n;
  quota->taken -= n;
  if (*has == 0)
    g_hash_table_remove (quota->clients, client);
}
