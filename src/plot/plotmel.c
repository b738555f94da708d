/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "melimage.h"
#include "plotpanels.h"

#define MAP COLOURMAP_VIRIDIS
/* the legend's bar of colours */
#define SCALE_WIDTH 12
#define SCALE_LEVELS 64

/* Stretches @image over a rectangle, and frees it. */
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
  /* otherwise its edges fade */
  cairo_pattern_set_extend (cairo_get_source (cr), CAIRO_EXTEND_PAD);
  cairo_paint (cr);
  cairo_restore (cr);
  cairo_surface_destroy (image);
}

/* Writes the level that is @db below the loudest one. */
static void
draw_level (PlotPage *page, double y, guint db)
{
  char text[32] = "0 dB (its loudest)";

  if (db > 0)
    g_snprintf (text, sizeof text, FIGURE_MINUS "%u dB", db);
  plot_page_draw_text (page, PLOT_LEGEND_LEFT + 20, y, FIGURE_LEFT, text);
}

/* Draws the legend: the colours and what levels they stand for. */
static void
draw_scale (PlotPage *page)
{
  guint range = mel_image_get_range ();

  draw_image (page, mel_image_new_scale (SCALE_LEVELS, MAP), PLOT_LEGEND_LEFT,
      PLOT_MEL_TOP, SCALE_WIDTH, PLOT_MEL_BOTTOM - PLOT_MEL_TOP);
  plot_page_set_grey (page, 0);
  draw_level (page, PLOT_MEL_TOP + 7, 0);
  draw_level (page, (PLOT_MEL_TOP + PLOT_MEL_BOTTOM) / 2, range / 2);
  draw_level (page, PLOT_MEL_BOTTOM - 7, range);
}

void
plot_draw_mel_spectrogram (PlotPage *page)
{
  static const double ticks[] = { 500, 1000, 2000, 4000, 8000 }; /* Hz */
  const double height = PLOT_MEL_BOTTOM - PLOT_MEL_TOP;
  const Overview *overview = page->overview;
  double end = plot_page_time_to_x (
      page, overview->columns->len * overview->spacing);

  /* no wider than on the page, which an .svg would have to hold */
  draw_image (page, mel_image_new (overview, PLOT_RIGHT - PLOT_LEFT, MAP),
      PLOT_LEFT, PLOT_MEL_TOP, end - PLOT_LEFT, height);
  plot_page_draw_axes (
      page, PLOT_MEL_TOP, PLOT_MEL_BOTTOM, "mel spectrogram, Hz");
  for (guint i = 0; i < G_N_ELEMENTS (ticks); i++) {
    char text[32];

    g_snprintf (text, sizeof text, "%g", ticks[i]);
    plot_page_draw_y_tick (
        page, PLOT_MEL_BOTTOM - mel_image_get_height (ticks[i]) * height, text);
  }
  draw_scale (page);
}
