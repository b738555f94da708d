/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What earlier runs have done about a file's tags, so that a file to which there is
 * nothing to do need not be opened again.
 *
 * It is found again if the file's size and time are what they were afterwards, and
 * everything is the same that decides what would be written: the model's answer and
 * all options but those that tell how, not what.  A failure is not kept. */

#pragma once

#include "cache.h"
#include "outcome.h"
#include "workeroptions.h"

/**
 * write_memory_recall:
 * @cache: has what is kept
 * @cache_key: of the run
 * @options: of the run
 * @size: of the file now
 * @mtime_ns: and its time of modification, ns since 1970
 * @outcome: (inout): has the file's result, and gets the change, which is that
 *     nothing is written now
 *
 * Returns: %FALSE if it is not known
 */
gboolean write_memory_recall (Cache *cache, const char *cache_key,
    const WorkerOptions *options, guint64 size, gint64 mtime_ns,
    Outcome *outcome);

/**
 * write_memory_store:
 * @size: of the file after the change of @outcome
 * @mtime_ns: the same
 * @outcome: what was done; nothing is kept if it may be another the next time
 * @error: return location; its message names the cache
 *
 * Returns: %FALSE with @error set
 */
gboolean write_memory_store (Cache *cache, const char *cache_key,
    const WorkerOptions *options, guint64 size, gint64 mtime_ns,
    const Outcome *outcome, GError **error);
