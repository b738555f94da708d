/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "spectrogram.h"

#include <math.h>

#include <cairo.h>

/* dB from the darkest colour to the brightest */
#define RANGE 80.0

/* Ten points of matplotlib's magma, whose lightness rises evenly. */
static const guint8 colours[][3] = {
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

static guint32
get_colour (double level)
{
  double at = (level > 0 ? fmin (level, 1) : 0) * (G_N_ELEMENTS (colours) - 1);
  guint below = MIN ((guint) at, G_N_ELEMENTS (colours) - 2);
  guint32 rgb = 0;

  for (guint i = 0; i < 3; i++)
    rgb = rgb << 8 |
        (guint32) lrint (colours[below][i] +
            (at - below) * (colours[below + 1][i] - colours[below][i]));
  return rgb;
}

static cairo_status_t
append (void *closure, const unsigned char *data, unsigned int size)
{
  g_byte_array_append (closure, data, size);
  return CAIRO_STATUS_SUCCESS;
}

GByteArray *
spectrogram_to_png (const Overview *overview)
{
  guint width = overview->columns->len;
  const OverviewColumn *columns =
      (const OverviewColumn *) overview->columns->data;
  GByteArray *png;
  cairo_surface_t *surface;
  guint8 *pixels;
  gsize stride;
  double peak = -INFINITY;

  if (width == 0)
    return NULL;
  surface = cairo_image_surface_create (
      CAIRO_FORMAT_RGB24, width, GENRE_MEL_BANDS);
  pixels = cairo_image_surface_get_data (surface);
  stride = cairo_image_surface_get_stride (surface);
  for (guint x = 0; x < width; x++)
    for (guint band = 0; band < GENRE_MEL_BANDS; band++)
      peak = fmax (peak, columns[x].db[band]);
  for (guint band = 0; band < GENRE_MEL_BANDS; band++) {
    guint32 *row = (guint32 *) (pixels + (GENRE_MEL_BANDS - 1 - band) * stride);

    for (guint x = 0; x < width; x++)
      row[x] = get_colour (1 - (peak - columns[x].db[band]) / RANGE);
  }
  cairo_surface_mark_dirty (surface);
  png = g_byte_array_new ();
  cairo_surface_write_to_png_stream (surface, append, png);
  cairo_surface_destroy (surface);
  return png;
}
