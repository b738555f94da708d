/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The figures of an evaluation as text and as JSON. */

#pragma once

#include <json-glib/json-glib.h>

#include "metrics.h"

/* Tables that are no wider than 80 columns for ten labels.  @labels [n_labels];
 * @model: the model's name and version; @n_not_music: how many files it takes for no
 * music.  Free it with g_free(). */
char *evaluation_format_text (const Metrics *metrics, const char *const *labels,
    const char *model, guint n_not_music);

/* One JSON object in one line, without a newline; free it with g_free().
 * accuracy, macro_f1, ece, n, per_genre and confusion are those of
 * models/metrics.py.  There are also
 *
 *   model  string: name and version
 *   files  array: @files */
char *evaluation_format_json (const Metrics *metrics, const char *const *labels,
    const char *model, JsonArray *files);
