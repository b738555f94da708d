/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The samples of a file or URI. */

#pragma once

#include <glib.h>

/* Samples [n_frames][channels]; rate, in Hz, is within GENRE_MIN_RATE to
 * GENRE_MAX_RATE, and it and the channels may change from block to block. */
typedef struct
{
  const float *samples;
  gsize n_frames;
  guint channels, rate;
} DecoderBlock;

/* Takes a block.  FALSE: no more of them; with @error set, that is a fault. */
typedef gboolean (*DecoderFunc) (
    const DecoderBlock *block, gpointer user_data, GError **error);

/* Decodes @name, a path or a URI.  FALSE with @error set if it cannot be decoded
 * to its end, or @func found a fault; without audio that is one as well. */
gboolean decoder_run (
    const char *name, DecoderFunc func, gpointer user_data, GError **error);
