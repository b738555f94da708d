/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The samples of a file or URI, mixed to mono as the classifier mixes them. */

#pragma once

#include <glib.h>

/* Takes samples [n] at @rate Hz, which may change from call to call within
 * GENRE_MIN_RATE to GENRE_MAX_RATE.  FALSE: no more of them; with @error set, that
 * is a fault. */
typedef gboolean (*DecoderFunc) (const float *samples, gsize n, guint rate,
    gpointer user_data, GError **error);

/* Decodes @name, a path or a URI.  FALSE with @error set if it cannot be decoded
 * to its end, or @func found a fault; without audio that is one as well. */
gboolean decoder_run (
    const char *name, DecoderFunc func, gpointer user_data, GError **error);
