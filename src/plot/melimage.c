/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "melimage.h"

#include "genre/genre.h"

/* dB: the least that GenreMelSpectrogram tells of a band, be it silent */
#define LEAST_DB -100

guint
mel_image_get_range (void)
{
  return GENRE_MEL_TOP_DB;
}

double
mel_image_get_height (double hz)
{
  double band = genre_mel_band_at (hz);

  /* a band's pixel has its middle half a pixel above its lower edge */
  return (band + 0.5) / GENRE_MEL_BANDS;
}

static void
set_pixel (cairo_surface_t *image, guint x, guint y, guint32 rgb)
{
  guint8 *row = cairo_image_surface_get_data (image) +
      (gsize) y * cairo_image_surface_get_stride (image);

  ((guint32 *) row)[x] = rgb;
}

/* The mean of the columns from @first up to @end goes to db [bands]. */
static void
get_mean (const Overview *overview, guint first, guint end, float *db)
{
  const OverviewColumn *columns =
      (const OverviewColumn *) overview->columns->data;

  for (guint band = 0; band < GENRE_MEL_BANDS; band++) {
    db[band] = 0;
    for (guint i = first; i < end; i++)
      db[band] += columns[i].db[band] / (end - first);
  }
}

/* Gives decibels [width][bands]; free with g_free(). */
static float *
get_decibels (const Overview *overview, guint width)
{
  guint n = overview->columns->len;
  gsize n_values = (gsize) width * GENRE_MEL_BANDS;
  float *db = g_new (float, n_values);

  for (guint x = 0; x < width; x++) {
    guint first = (guint64) x * n / width, end = (guint64) (x + 1) * n / width;

    get_mean (overview, first, end, db + (gsize) x * GENRE_MEL_BANDS);
  }
  return db;
}

cairo_surface_t *
mel_image_new (const Overview *overview, guint max_width, ColourMap map)
{
  guint width = MIN (overview->columns->len, max_width);
  g_autofree float *db = get_decibels (overview, width);
  cairo_surface_t *image = cairo_image_surface_create (
      CAIRO_FORMAT_RGB24, width, GENRE_MEL_BANDS);
  /* The darkest colour never lies below silence: or the bands of a silent file,
   * all of them alike, would be as bright as its loudest. */
  float top = LEAST_DB + GENRE_MEL_TOP_DB;

  if (cairo_surface_status (image) != CAIRO_STATUS_SUCCESS)
    return image;
  for (gsize i = 0; i < (gsize) width * GENRE_MEL_BANDS; i++)
    top = MAX (top, db[i]);
  cairo_surface_flush (image);
  for (guint x = 0; x < width; x++)
    for (guint band = 0; band < GENRE_MEL_BANDS; band++) {
      float below_top = top - db[(gsize) x * GENRE_MEL_BANDS + band];

      set_pixel (image, x, GENRE_MEL_BANDS - 1 - band,
          colourmap_get (map, 1 - below_top / GENRE_MEL_TOP_DB));
    }
  cairo_surface_mark_dirty (image);
  return image;
}

cairo_surface_t *
mel_image_new_scale (guint height, ColourMap map)
{
  cairo_surface_t *image = cairo_image_surface_create (
      CAIRO_FORMAT_RGB24, 1, height);

  cairo_surface_flush (image);
  for (guint y = 0; y < height; y++)
    set_pixel (image, 0, y, colourmap_get (map, 1 - y / (height - 1.0)));
  cairo_surface_mark_dirty (image);
  return image;
}
