/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The figures of an evaluation in words and as JSON. */

#pragma once

#include <json-glib/json-glib.h>

#include "metrics.h"

/* Tables of at most 80 columns for ten @labels, [n_labels].  Free it with g_free(). */
char *evaluation_format_text (
    const Metrics *metrics, const char *const *labels, const char *model);

/* One JSON object in one line, without the line's end; free it with g_free().
 * accuracy, macro_f1, ece, n, per_genre and confusion are as models/evaluate.py
 * gives them, and there are
 *
 *   model  string: name and version
 *   files  array: @files */
char *evaluation_format_json (const Metrics *metrics, const char *const *labels,
    const char *model, JsonArray *files);
