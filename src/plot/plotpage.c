/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "plotpage.h"

#include <math.h>

/* marks of time on the axis, at most */
#define MAX_TIME_TICKS 8

const OverviewColumn *
plot_page_get_column (const PlotPage *page, guint i)
{
  return &g_array_index (page->overview->columns, OverviewColumn, i);
}

double
plot_page_time_to_x (const PlotPage *page, double seconds)
{
  double share = CLAMP (seconds / page->overview->duration, 0, 1);

  return PLOT_LEFT + (PLOT_RIGHT - PLOT_LEFT) * share;
}

void
plot_page_set_grey (PlotPage *page, double grey)
{
  cairo_set_source_rgb (page->cr, grey, grey, grey);
}

void
plot_page_draw_line (PlotPage *page, double x1, double y1, double x2, double y2)
{
  /* along the middle of pixels: between them it would be two pixels wide and
   * grey */
  cairo_move_to (page->cr, floor (x1) + 0.5, floor (y1) + 0.5);
  cairo_line_to (page->cr, floor (x2) + 0.5, floor (y2) + 0.5);
  cairo_set_line_width (page->cr, 1);
  cairo_stroke (page->cr);
}

void
plot_page_draw_text (
    PlotPage *page, double x, double y, FigureAlign align, const char *text)
{
  figure_text (page->figure, x, y, align, PLOT_TEXT_SIZE, FALSE, 0, text);
}

void
plot_page_draw_upright_text (
    PlotPage *page, double x, double y, const char *text)
{
  cairo_save (page->cr);
  cairo_translate (page->cr, (int) x, (int) y);
  cairo_rotate (page->cr, -G_PI / 2);
  plot_page_draw_text (page, 0, 0, FIGURE_CENTRE, text);
  cairo_restore (page->cr);
}

void
plot_page_draw_y_tick (PlotPage *page, double y, const char *text)
{
  plot_page_set_grey (page, 0.25);
  plot_page_draw_line (page, PLOT_LEFT - 5, y, PLOT_LEFT, y);
  plot_page_set_grey (page, 0);
  figure_text (page->figure, PLOT_LEFT - 8, y, FIGURE_RIGHT, PLOT_TEXT_SIZE,
      FALSE, PLOT_LEFT - 10, text);
}

void
plot_page_draw_axes (
    PlotPage *page, double top, double bottom, const char *heading)
{
  plot_page_set_grey (page, 0.25);
  plot_page_draw_line (page, PLOT_LEFT, top, PLOT_LEFT, bottom);
  plot_page_draw_line (page, PLOT_LEFT, bottom, PLOT_RIGHT, bottom);
  plot_page_set_grey (page, 0);
  figure_text (page->figure, PLOT_LEFT, top - 12, FIGURE_LEFT,
      PLOT_HEADING_SIZE, FALSE, PLOT_RIGHT - PLOT_LEFT, heading);
}

/* The axis of time */

/* The smallest customary step, in seconds, that needs no more than
 * MAX_TIME_TICKS of them. */
static double
choose_time_step (double duration)
{
  static const double steps[] = { 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120,
    300, 600, 1200, 1800, 3600, 7200 };
  const double longest = steps[G_N_ELEMENTS (steps) - 1];

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    if (duration / steps[i] <= MAX_TIME_TICKS)
      return steps[i];
  return longest * ceil (duration / longest / MAX_TIME_TICKS);
}

/* "7" if the step is whole minutes, "7:30" if it is whole seconds, else
 * "0:01.5" */
static void
format_time (char *text, gsize size, double seconds, double step)
{
  /* a sum of steps may be a little less than the whole minute that it means */
  int minutes = (int) (seconds / 60 + 1e-6);
  double rest = fabs (seconds - 60 * minutes);

  if (step >= 60)
    g_snprintf (text, size, "%d", minutes);
  else if (step >= 1)
    g_snprintf (text, size, "%d:%02.0f", minutes, rest);
  else
    g_snprintf (text, size, "%d:%04.1f", minutes, rest);
}

void
plot_page_draw_time_axis (PlotPage *page)
{
  double duration = page->overview->duration;
  double step = choose_time_step (duration);

  for (guint i = 0; i * step <= duration; i++) {
    double x = plot_page_time_to_x (page, i * step);
    char text[32];

    plot_page_set_grey (page, 0.25);
    plot_page_draw_line (
        page, x, PLOT_GENRES_BOTTOM, x, PLOT_GENRES_BOTTOM + 5);
    plot_page_draw_line (page, x, PLOT_MEL_BOTTOM, x, PLOT_MEL_BOTTOM + 3);
    plot_page_draw_line (
        page, x, PLOT_WAVEFORM_BOTTOM, x, PLOT_WAVEFORM_BOTTOM + 3);
    plot_page_set_grey (page, 0);
    format_time (text, sizeof text, i * step, step);
    plot_page_draw_text (page, x, PLOT_GENRES_BOTTOM + 14, FIGURE_CENTRE, text);
  }
  figure_text (page->figure, (PLOT_LEFT + PLOT_RIGHT) / 2.0,
      PLOT_GENRES_BOTTOM + 32, FIGURE_CENTRE, PLOT_HEADING_SIZE, FALSE, 0,
      step >= 60 ? "time in minutes" : "time in minutes:seconds");
}

void
plot_format_percent (char *text, gsize size, double p)
{
  if (p > 0 && p < 0.005)
    g_snprintf (text, size, "< 1 %%");
  else
    g_snprintf (text, size, "%.0f %%", 100 * p);
}
