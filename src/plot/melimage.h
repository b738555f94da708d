/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The mel spectrogram that the network sees, as an image: time goes to the
 * right and frequency up, one pixel for each mel band. */

#pragma once

#include <cairo.h>

#include "analysis/overview.h"
#include "colourmap.h"

/* Decibels from the darkest colour up to the brightest, which is that of the
 * loudest pixel. */
guint mel_image_get_range (void);

/**
 * mel_image_new:
 * @overview: a file's columns, at least one
 * @max_width: the largest width, px, at least 1
 *
 * The image has one pixel for each column or, if that were too wide, for the
 * mean of neighbouring columns.
 *
 * Returns: an image surface, #GENRE_MEL_BANDS high; free it with
 *     cairo_surface_destroy()
 */
cairo_surface_t *
mel_image_new (const Overview *overview, guint max_width, ColourMap map);

/* Where the frequency @hz is in such an image: 0 is its lower edge, 1 its upper
 * edge. */
double mel_image_get_height (double hz);

/* An image one pixel wide and @height pixels high that has the colours of all
 * levels, the brightest at the top. */
cairo_surface_t *mel_image_new_scale (guint height, ColourMap map);
