/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The query of a URL: "model=gru&points=100". */

#pragma once

#include <glib.h>

/**
 * query_check:
 * @query: (nullable): as the client wrote it, NULL if there is none
 * @keys: (array zero-terminated=1): the keys that it may have
 *
 * Returns: (transfer full) (nullable): what is wrong with it, a sentence, if it
 *     has another key, one twice, or one without a value; NULL if nothing is
 */
char *query_check (const char *query, const char *const *keys);
