/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The mel spectrogram that the network sees, as a picture. */

#pragma once

#include <glib.h>

#include "analysis/overview.h"

/* A PNG file, one pixel for each column of @overview and each mel band, the lowest
 * band at the bottom; the colours span 80 dB down from the loudest.  NULL if there
 * are no columns. */
GByteArray *spectrogram_to_png (const Overview *overview);
