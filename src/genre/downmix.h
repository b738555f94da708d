/* SPDX-License-Identifier: GPL-2.0-or-later */

#pragma once

#include "genre.h"

/* Bytes of one sample. */
gsize genre_sample_size (GenreSampleFormat format);
/* mono [n_frames]: the mean of the channels of samples [n_frames][channels],
 * full scale 1.0; samples that are not finite, or beyond +-1e9, count as 0. */
void genre_downmix (GenreSampleFormat format, guint channels,
    gconstpointer samples, gsize n_frames, float *mono);
/* The same of planes [channels], each samples [n_frames], from @first on. */
void genre_downmix_planar (GenreSampleFormat format, guint channels,
    const gconstpointer *planes, gsize first, gsize n_frames, float *mono);

/* Frames of @channels in @size bytes of samples; FALSE with ARGUMENT if they are
 * not whole ones, or if there are no channels. */
gboolean genre_count_frames (GenreSampleFormat format, guint channels,
    gsize size, gsize *n_frames, GError **error);
