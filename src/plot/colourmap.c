/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "colourmap.h"

#include <math.h>

typedef guint8 Colour[3]; /* red, green, blue */

/* Nine evenly spaced points of viridis, by Stéfan van der Walt and Nathaniel
 * Smith (CC0). */
static const Colour viridis[] = {
  { 68, 1, 84 },
  { 71, 44, 122 },
  { 59, 81, 139 },
  { 44, 113, 142 },
  { 33, 144, 141 },
  { 39, 173, 129 },
  { 92, 200, 99 },
  { 170, 220, 50 },
  { 253, 231, 37 },
};

/* Ten evenly spaced points of magma, by the same authors (CC0). */
static const Colour magma[] = {
  { 0, 0, 4 },
  { 24, 15, 61 },
  { 68, 15, 118 },
  { 114, 31, 129 },
  { 158, 47, 127 },
  { 205, 64, 113 },
  { 241, 96, 93 },
  { 253, 150, 104 },
  { 254, 202, 141 },
  { 252, 253, 191 },
};

static const struct
{
  const Colour *points;
  guint n_points;
} maps[] = {
  [COLOURMAP_VIRIDIS] = { viridis, G_N_ELEMENTS (viridis) },
  [COLOURMAP_MAGMA] = { magma, G_N_ELEMENTS (magma) },
};

guint32
colourmap_get (ColourMap map, double value)
{
  const guint last = maps[map].n_points - 1;
  /* the comparison is false for NAN, which cannot be converted to an integer */
  double position = (value > 0 ? fmin (value, 1) : 0) * last;
  guint below = MIN ((guint) position, last - 1);
  const Colour *points = maps[map].points + below;
  guint32 rgb = 0;

  for (guint i = 0; i < G_N_ELEMENTS (points[0]); i++) {
    double channel = points[0][i] +
        (position - below) * (points[1][i] - points[0][i]);

    rgb = rgb << 8 | (guint32) lround (channel);
  }
  return rgb;
}
