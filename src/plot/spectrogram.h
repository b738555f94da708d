/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The mel spectrogram of a file as a PNG file, for the service's page. */

#pragma once

#include <glib.h>

#include "analysis/overview.h"

/* A PNG file with one pixel for each column of @overview and each mel band, the
 * lowest band at the bottom; the colours span 80 dB down from the loudest
 * pixel.  Free it with g_byte_array_unref().  NULL with @error (ANALYSIS_ERROR) set:
 * REASON_TOO_SHORT if there are no columns, else REASON_PLOT_FAILED. */
GByteArray *spectrogram_to_png (const Overview *overview, GError **error);
