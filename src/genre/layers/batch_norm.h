/* SPDX-License-Identifier: GPL-2.0-or-later */

#pragma once

#include "layer.h"

/* What the batch norm of @spec does to each of its channels: it multiplies by
 * result[channel] and adds result[channels + channel].  (Ioffe and Szegedy 2015,
 * algorithm 2: y = (x - mean) / sqrt (variance + epsilon) * weight + bias)
 *
 * Returns: (transfer full) (nullable): [2][channels], or NULL with @error set */
float *genre_batch_norm_read (
    const GenreLayerSpec *spec, gsize channels, GError **error);
