/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "spectrogram.h"

#include "analysis/reason.h"
#include "figure.h"
#include "melimage.h"

GByteArray *
spectrogram_to_png (const Overview *overview, GError **error)
{
  guint width = overview->columns->len;
  cairo_status_t status;
  cairo_surface_t *image;
  GByteArray *png;

  if (width == 0) {
    g_set_error (error, ANALYSIS_ERROR, REASON_TOO_SHORT,
        "It is too short for a picture.");
    return NULL;
  }
  image = mel_image_new (overview, width, COLOURMAP_MAGMA);
  png = figure_image_to_png (image, &status);
  cairo_surface_destroy (image);
  if (!png)
    g_set_error (error, ANALYSIS_ERROR, REASON_PLOT_FAILED,
        "Its picture cannot be drawn: %s.", cairo_status_to_string (status));
  return png;
}
