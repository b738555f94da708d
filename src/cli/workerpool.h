/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Classifies files in worker processes, several at a time, and gives the results
 * in the files' order or, if that is asked for, as they come. */

#pragma once

#include "listing.h"
#include "outcome.h"
#include "pooloptions.h"

/* Takes what has become of a file.  Returns FALSE to end the pool, as the output
 * takes no more. */
typedef gboolean (*PoolFunc) (
    const Outcome *outcome, gint64 total, gpointer user_data);

/**
 * pool_run:
 * @func: takes each outcome, in the listing's order unless it is to be unordered; total is the number of files
 *     or -1 as long as that is not known
 * @error: return location: a list that cannot be read, a cache that cannot be
 *     written
 *
 * Runs until all files are done, @func returns %FALSE, or one of SIGINT, SIGTERM and
 * SIGHUP comes.  Files that are being analysed then are dropped, a file that is
 * being written is finished, and @func still gets, in order, what was done.
 *
 * At most %POOL_WINDOW files are begun beyond the first one that is not done, so
 * that the memory does not grow with their number.
 *
 * A file that has failed for a reason that may pass is tried again once nothing else
 * can be begun: all others are done, have begun, or wait for it to be handed on; or
 * %POOL_WINDOW others were begun since.  One that has ended its process is then the only one, with one process, so that it has
 * the memory for itself and takes no other file with it.
 *
 * Returns: the signal, 0 without, -1 with @error set
 */
int pool_run (const ListingOptions *listing, const PoolOptions *options,
    PoolFunc func, gpointer user_data, GError **error);

#define POOL_WINDOW 1000
