/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Classifies what options name: finds the model, opens the cache, and runs the
 * pool. */

#pragma once

#include "options.h"

typedef struct _Classification Classification;

/**
 * classification_new:
 * @options: of the action %COMMAND_CLASSIFY; to outlive the classification
 * @error: return location: a model that cannot be used or has not what is asked of it,
 *     a cache that cannot be opened
 *
 * Says on stderr what is asked for and will not be, though nothing is wrong.
 *
 * Returns: (transfer full) (nullable): what has been prepared
 */
Classification *
classification_new (const CommandOptions *options, GError **error);
void classification_free (Classification *classification);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Classification, classification_free)

/* All that the result of a file depends on besides the file: the model's name, version
 * and digest, window, hop and maximal duration.  In the cache results are kept under it.
 * Free with g_free(); NULL with @error set. */
char *classification_make_key (const CommandOptions *options, GError **error);

/* The same of what was prepared with a cache, which owns it. */
const char *classification_get_key (const Classification *classification);

/* Frees it, and closes a cache of its own so that it can be given another name; FALSE
 * with @error set, see cache_finish(). */
gboolean classification_finish (Classification *classification, GError **error);

/* Runs pool_run(), and gives what that gives. */
int classification_run (Classification *classification, PoolFunc func,
    gpointer user_data, GError **error);
