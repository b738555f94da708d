/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the parts of the cache share; cache.h is to be included before it. */

#pragma once

#include <glib.h>
#include <sqlite3.h>

struct _Cache
{
  char *path;
  char *root; /* of cache_set_root(), with a slash at its end, or NULL */
  sqlite3 *db;
  sqlite3_stmt *lookup, *store, *lookup_change, *store_change;
};

/* With SQLite's text.  Gives FALSE. */
gboolean cache_set_error (Cache *cache, GError **error);
gboolean cache_execute (Cache *cache, const char *sql, GError **error);
sqlite3_stmt *cache_prepare (Cache *cache, const char *sql, GError **error);

/* The name of a row's file: a URI, absolute, or relative to a root that is not known.
 * Free with g_free(). */
char *cache_make_name (const Cache *cache, sqlite3_stmt *statement, int column);
