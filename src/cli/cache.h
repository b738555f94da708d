/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The results of earlier runs, in an SQLite database.  Every result is written by
 * a transaction of its own, which a kill -9 does not undo; no lock is held
 * between the calls, so that several processes can share a cache. */

#pragma once

#include "analysis/result.h"

typedef struct _Cache Cache;

/**
 * cache_open:
 * @path: the cache's file; it is made if it does not exist or is empty
 * @error: return location
 *
 * A file that is not a cache, or one of a later version of this program, is
 * refused and left as it is.
 *
 * Returns: (transfer full) (nullable): the cache, or %NULL with @error set; its
 *     message names @path
 */
Cache *cache_open (const char *path, GError **error);

/* The same for cache_export() alone: the file must exist, and may be read-only. */
Cache *cache_open_to_export (const char *path, GError **error);

/* The same for a cache that no other process uses as long as it is open, which the caller
 * sees to.  It needs neither locks nor memory shared with such, which not every file
 * system of the network gives. */
Cache *cache_open_alone (const char *path, GError **error);

/* Closes and frees such a cache, of which all is in its one file then: it can be given
 * another name.  FALSE with @error set if something is left in its journal. */
gboolean cache_finish (Cache *cache, GError **error);

/* Takes over all that is in another cache, at @path; what both have is replaced.  All
 * or, with @error set, nothing. */
gboolean cache_merge (Cache *cache, const char *path, GError **error);

/**
 * cache_set_root:
 * @root: (nullable): a folder; %NULL changes nothing
 * @error: return location: it is not there, or the cache cannot be written
 *
 * From now on the names of files below @root are kept relative to it, and are
 * found again wherever it is mounted.  So are those that are in the cache already.
 * Of a cache that was opened for cache_export() this only completes the names.
 *
 * Returns: %FALSE with @error set
 */
gboolean cache_set_root (Cache *cache, const char *root, GError **error);

void cache_close (Cache *cache);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Cache, cache_close)

/**
 * cache_lookup:
 * @path: path of a file, absolute or relative to the working directory, or URI of a
 *     web server
 * @size: its size now
 * @mtime_ns: and its time of modification, ns since 1970; of a URI the validator of
 *     its HttpStamp
 * @key: what else decides the result: version and digest of the model, window,
 *     hop, max-duration
 *
 * Returns: (transfer full) (nullable): what cache_store() was given for the same,
 *     with @path as its name, or %NULL
 */
Result *cache_lookup (Cache *cache, const char *path, guint64 size,
    gint64 mtime_ns, const char *key);

/**
 * cache_store:
 * @result: (transfer none): a result, or a failure that the file's content alone
 *     explains, such as that it is no audio; what another run may do better
 *     (a time-out, a crash, a missing decoder) is not to be stored
 * @error: return location; its message names the cache
 *
 * Takes the place of an earlier result of this path and @key, and of all results
 * of this path when it had another size or time.
 *
 * Returns: %FALSE with @error set
 */
gboolean cache_store (Cache *cache, const char *path, guint64 size,
    gint64 mtime_ns, const char *key, const Result *result, GError **error);

/**
 * cache_lookup_change:
 * @key: what decides the change, see writememory.h
 *
 * Returns: (transfer full) (nullable): the JSON that cache_store_change() was given
 *     for the same, or %NULL
 */
char *cache_lookup_change (Cache *cache, const char *path, guint64 size,
    gint64 mtime_ns, const char *key);

/* Keeps @json, in the place of what is kept of this file.  FALSE with @error set. */
gboolean cache_store_change (Cache *cache, const char *path, guint64 size,
    gint64 mtime_ns, const char *key, const char *json, GError **error);

/**
 * cache_prune:
 * @dry_run: only says what would be done
 * @quiet: does not name the files
 * @error: return location
 *
 * Takes files that are gone out of the cache, all or none, and prints their names.
 * Files stay that may be on a disk which is not mounted, or below a root that
 * cache_set_root() was not told, and those of web servers, which are not asked.
 *
 * Returns: %FALSE with @error set
 */
gboolean
cache_prune (Cache *cache, gboolean dry_run, gboolean quiet, GError **error);

/**
 * cache_export:
 * @format: "json", the lines of `genreclassify --json`, or "csv", as RFC 4180 has
 *     it, with the columns file, genre, confidence, one for each label, duration,
 *     model, tag, error, error_code and music
 * @error: return location: G_OPTION_ERROR_BAD_VALUE for another @format
 *
 * Writes the whole cache to stdout in the order of the paths.
 *
 * Returns: %FALSE with @error set
 */
gboolean cache_export (Cache *cache, const char *format, GError **error);
