/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "spectrogram.h"

#include "melimage.h"

static cairo_status_t
append_bytes (void *closure, const unsigned char *data, unsigned int size)
{
  g_byte_array_append (closure, data, size);
  return CAIRO_STATUS_SUCCESS;
}

GByteArray *
spectrogram_to_png (const Overview *overview)
{
  guint width = overview->columns->len;
  cairo_surface_t *image;
  GByteArray *png;

  if (width == 0)
    return NULL;
  image = mel_image_new (overview, width, COLOURMAP_MAGMA);
  png = g_byte_array_new ();
  cairo_surface_write_to_png_stream (image, append_bytes, png);
  cairo_surface_destroy (image);
  return png;
}
