/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "plotpage.h"

#include <math.h>

#include "genre/filterbank.h"
#include "genre/melspectrogram.h"

/* viridis, of Stéfan van der Walt and Nathaniel Smith (CC0): as light as its value
 * is high, for whoever sees it */
static guint32
map_colour (double value)
{
  static const guint8 anchors[][3] = { { 68, 1, 84 }, { 71, 44, 122 },
    { 59, 81, 139 }, { 44, 113, 142 }, { 33, 144, 141 }, { 39, 173, 129 },
    { 92, 200, 99 }, { 170, 220, 50 }, { 253, 231, 37 } };
  double at = CLAMP (value, 0, 1) * (G_N_ELEMENTS (anchors) - 1);
  guint i = MIN ((guint) at, G_N_ELEMENTS (anchors) - 2);
  guint32 rgb = 0;

  for (guint k = 0; k < 3; k++)
    rgb = rgb << 8 |
        (guint) lround (
            anchors[i][k] + (at - i) * (anchors[i + 1][k] - anchors[i][k]));
  return rgb;
}

static void
draw_image (PlotPage *page, cairo_surface_t *image, double x, double y,
    double w, double h)
{
  cairo_t *cr = page->cr;

  cairo_save (cr);
  cairo_rectangle (cr, x, y, w, h);
  cairo_clip (cr);
  cairo_translate (cr, x, y);
  cairo_scale (cr, w / cairo_image_surface_get_width (image),
      h / cairo_image_surface_get_height (image));
  cairo_set_source_surface (cr, image, 0, 0);
  /* or its edges would fade */
  cairo_pattern_set_extend (cairo_get_source (cr), CAIRO_EXTEND_PAD);
  cairo_paint (cr);
  cairo_restore (cr);
  cairo_surface_destroy (image);
}

static void
set_pixel (cairo_surface_t *image, guint x, guint y, guint32 rgb)
{
  guint8 *row = cairo_image_surface_get_data (image) +
      (gsize) y * cairo_image_surface_get_stride (image);

  ((guint32 *) row)[x] = rgb;
}

/* The mean of the columns that fall into each of its pixels, of which there are no
 * more than on the page. */
static cairo_surface_t *
create_mel_image (const PlotPage *page)
{
  guint n = page->overview->columns->len;
  guint width = MIN (n, RIGHT - LEFT);
  g_autofree float *db = g_new0 (float, (gsize) width *GENRE_MEL_BANDS);
  cairo_surface_t *image = cairo_image_surface_create (
      CAIRO_FORMAT_RGB24, width, GENRE_MEL_BANDS);
  float top = -G_MAXFLOAT;

  cairo_surface_flush (image);
  for (guint x = 0; x < width; x++) {
    guint first = (guint64) x * n / width,
          end = MAX ((guint64) (x + 1) * n / width, first + 1);

    for (guint band = 0; band < GENRE_MEL_BANDS; band++) {
      float *mean = db + (gsize) x * GENRE_MEL_BANDS + band;

      for (guint i = first; i < end; i++)
        *mean += plot_page_get_column (page, i)->db[band] / (end - first);
      top = MAX (top, *mean);
    }
  }
  for (guint x = 0; x < width; x++)
    for (guint band = 0; band < GENRE_MEL_BANDS; band++)
      set_pixel (image, x, GENRE_MEL_BANDS - 1 - band,
          map_colour ((db[(gsize) x * GENRE_MEL_BANDS + band] - top) /
                  GENRE_MEL_TOP_DB +
              1));
  cairo_surface_mark_dirty (image);
  return image;
}

static void
draw_mel_scale (PlotPage *page)
{
  cairo_surface_t *image = cairo_image_surface_create (
      CAIRO_FORMAT_RGB24, 1, 64);

  cairo_surface_flush (image);
  for (guint y = 0; y < 64; y++)
    set_pixel (image, 0, y, map_colour (1 - y / 63.0));
  cairo_surface_mark_dirty (image);
  draw_image (page, image, LEGEND_LEFT, MEL_TOP, 12, MEL_BOTTOM - MEL_TOP);
  plot_page_set_grey (page, 0);
  figure_text (page->figure, LEGEND_LEFT + 20, MEL_TOP + 7, FIGURE_LEFT, TEXT,
      FALSE, 0, "0 dB (its loudest)");
  figure_text (page->figure, LEGEND_LEFT + 20, (MEL_TOP + MEL_BOTTOM) / 2,
      FIGURE_LEFT, TEXT, FALSE, 0,
      "\xe2\x88\x92"
      "40 dB");
  figure_text (page->figure, LEGEND_LEFT + 20, MEL_BOTTOM - 7, FIGURE_LEFT,
      TEXT, FALSE, 0,
      "\xe2\x88\x92"
      "80 dB");
}

void
plot_page_draw_mel_spectrogram (PlotPage *page)
{
  static const double ticks[] = { 500, 1000, 2000, 4000, 8000 };
  const double step = genre_hz_to_mel (GENRE_MEL_F_MAX) / (GENRE_MEL_BANDS + 1);
  const double height = MEL_BOTTOM - MEL_TOP;
  double end = plot_page_time_to_x (
      page, page->overview->columns->len * page->overview->spacing);

  draw_image (page, create_mel_image (page), LEFT, MEL_TOP, end - LEFT, height);
  plot_page_draw_axes (page, MEL_TOP, MEL_BOTTOM, "mel spectrogram, Hz");
  for (guint i = 0; i < G_N_ELEMENTS (ticks); i++) {
    /* the filter of band b has its peak at (b + 1) * step */
    double band = genre_hz_to_mel (ticks[i]) / step - 1;
    char text[32];

    g_snprintf (text, sizeof text, "%g", ticks[i]);
    plot_page_draw_y_tick (
        page, MEL_BOTTOM - (band + 0.5) / GENRE_MEL_BANDS * height, text);
  }
  draw_mel_scale (page);
}
