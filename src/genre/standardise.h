/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the network was trained on: decibels clipped GENRE_MEL_TOP_DB below the
 * maximum, then mean 0 and variance 1, so that gain does not matter. */

#pragma once

#include <glib.h>

/* @columns: [n_columns][GENRE_MEL_BANDS], dB; a NaN counts as the lowest level.
 * @input: [GENRE_MEL_BANDS][n_columns] */
void genre_standardise (const float *columns, gsize n_columns, float *input);
