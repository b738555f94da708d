/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <math.h>

#include "plotpanels.h"

static double
get_peak (const PlotPage *page)
{
  double peak = 0;

  for (guint i = 0; i < page->overview->columns->len; i++) {
    const OverviewColumn *column = plot_page_get_column (page, i);

    peak = MAX (peak, MAX (column->max, -column->min));
  }
  return peak;
}

/* The smallest of 1, 2 and 5 times a power of ten that is at least @peak. */
static double
choose_amplitude (double peak)
{
  static const double digits[] = { 1, 2, 5 };

  for (int exponent = -4; exponent < 9; exponent++)
    for (guint i = 0; i < G_N_ELEMENTS (digits); i++)
      if (digits[i] * pow (10, exponent) >= peak)
        return digits[i] * pow (10, exponent);
  return 1e9;
}

static void
draw_amplitude_axis (PlotPage *page, double middle, double amplitude)
{
  char text[32];

  plot_page_draw_axes (
      page, PLOT_WAVEFORM_TOP, PLOT_WAVEFORM_BOTTOM, "waveform");
  g_snprintf (text, sizeof text, "%g", amplitude);
  plot_page_draw_y_tick (page, PLOT_WAVEFORM_TOP, text);
  plot_page_draw_y_tick (page, middle, "0");
  g_snprintf (text, sizeof text, FIGURE_MINUS "%g", amplitude);
  plot_page_draw_y_tick (page, PLOT_WAVEFORM_BOTTOM, text);
}

/* Fills what is between the columns' maxima, drawn from left to right, and
 * their minima, drawn back from right to left. */
void
plot_draw_waveform (PlotPage *page)
{
  const double middle = (PLOT_WAVEFORM_TOP + PLOT_WAVEFORM_BOTTOM) / 2;
  const double amplitude = choose_amplitude (get_peak (page));
  const double scale = (middle - PLOT_WAVEFORM_TOP) / amplitude;
  const Overview *overview = page->overview;
  guint n = overview->columns->len;

  draw_amplitude_axis (page, middle, amplitude);
  for (guint i = 0; i < n; i++)
    cairo_line_to (page->cr,
        plot_page_time_to_x (page, (i + 0.5) * overview->spacing),
        middle - scale * plot_page_get_column (page, i)->max);
  for (guint i = n; i > 0; i--)
    cairo_line_to (page->cr,
        plot_page_time_to_x (page, (i - 0.5) * overview->spacing),
        middle - scale * plot_page_get_column (page, i - 1)->min);
  cairo_close_path (page->cr);
  cairo_set_source_rgb (page->cr, 0.2, 0.35, 0.5);
  cairo_fill_preserve (page->cr);
  cairo_set_line_width (page->cr, 1);
  cairo_stroke (page->cr);
}
