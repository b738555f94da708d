/* SPDX-License-Identifier: GPL-2.0-or-later */

#pragma once

#include "genre.h"

/* Bytes of one sample. */
gsize genre_sample_size (GenreSampleFormat format);
/* Frames of @channels in @size bytes of samples; FALSE with ARGUMENT if they are
 * not whole ones, or if there are no channels. */
gboolean genre_count_frames (GenreSampleFormat format, guint channels,
    gsize size, gsize *n_frames, GError **error);
