/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The samples of a file or URI, mixed to mono as the classifier mixes them. */

#pragma once

#include <glib.h>

/* Takes samples [n] at @rate Hz, which may change from call to call within
 * GENRE_MIN_RATE to GENRE_MAX_RATE.  Returns FALSE if it wants no more of them,
 * which is a failure only with @error set. */
typedef gboolean (*DecoderFunc) (const float *samples, gsize n, guint rate,
    gpointer user_data, GError **error);

/**
 * decoder_run:
 * @name: a path or a URI
 * @error: return location: ANALYSIS_ERROR if @name has no audio or cannot be
 *     decoded to its end; else the error of @func
 *
 * Decodes @name and calls @func, in this thread, with all of its samples.
 *
 * Returns: %FALSE with @error set
 */
gboolean decoder_run (
    const char *name, DecoderFunc func, gpointer user_data, GError **error);
