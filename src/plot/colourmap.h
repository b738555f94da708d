/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Colours that stand for a value from 0 (dark) to 1 (bright).  The lightness
 * rises evenly with the value, so that the maps are right for colour-blind
 * people and on paper, too. */

#pragma once

#include <glib.h>

typedef enum
{
  COLOURMAP_VIRIDIS,
  COLOURMAP_MAGMA
} ColourMap;

/* The colour of @value as 0xRRGGBB.  A value that is below 0 or no number
 * counts as 0, one above 1 as 1. */
guint32 colourmap_get (ColourMap map, double value);
