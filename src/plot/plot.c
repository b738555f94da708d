/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "plot.h"

#include <math.h>

#include "plotpage.h"

double
plot_page_time_to_x (const PlotPage *page, double seconds)
{
  return LEFT +
      (RIGHT - LEFT) * CLAMP (seconds / page->overview->duration, 0, 1);
}

/* "61 %"; what is neither none nor all is never said to be */
void
plot_format_percent (char *text, gsize size, double p)
{
  if (p > 0 && p < 0.005)
    g_snprintf (text, size, "< 1 %%");
  else
    g_snprintf (text, size, "%.0f %%", 100 * p);
}

/* Axes */

void
plot_page_set_grey (PlotPage *page, double grey)
{
  cairo_set_source_rgb (page->cr, grey, grey, grey);
}

void
plot_page_draw_line (PlotPage *page, double x1, double y1, double x2, double y2)
{
  /* between the pixels it would be two of them wide, and grey */
  cairo_move_to (page->cr, floor (x1) + 0.5, floor (y1) + 0.5);
  cairo_line_to (page->cr, floor (x2) + 0.5, floor (y2) + 0.5);
  cairo_set_line_width (page->cr, 1);
  cairo_stroke (page->cr);
}

void
plot_page_draw_y_tick (PlotPage *page, double y, const char *text)
{
  plot_page_set_grey (page, 0.25);
  plot_page_draw_line (page, LEFT - 5, y, LEFT, y);
  plot_page_set_grey (page, 0);
  figure_text (
      page->figure, LEFT - 8, y, FIGURE_RIGHT, TEXT, FALSE, LEFT - 10, text);
}

void
plot_page_draw_axes (
    PlotPage *page, double top, double bottom, const char *heading)
{
  plot_page_set_grey (page, 0.25);
  plot_page_draw_line (page, LEFT, top, LEFT, bottom);
  plot_page_draw_line (page, LEFT, bottom, RIGHT, bottom);
  plot_page_set_grey (page, 0);
  figure_text (page->figure, LEFT, top - 12, FIGURE_LEFT, HEADING, FALSE,
      RIGHT - LEFT, heading);
}

/* The first of the customary steps that gives at most eight of them. */
static double
choose_time_step (double duration)
{
  static const double steps[] = { 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120,
    300, 600, 1200, 1800, 3600, 7200 };

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    if (duration / steps[i] <= 8)
      return steps[i];
  return 7200 * ceil (duration / 7200 / 8);
}

static void
draw_time_axis (PlotPage *page)
{
  double duration = page->overview->duration;
  double step = choose_time_step (duration);
  const char *heading = "time in minutes";

  for (guint i = 0; i * step <= duration; i++) {
    double seconds = i * step, x = plot_page_time_to_x (page, seconds);
    int minutes = (int) (seconds / 60 + 1e-6);
    char text[32];

    if (step >= 60) {
      g_snprintf (text, sizeof text, "%d", minutes);
    } else {
      heading = "time in minutes:seconds";
      g_snprintf (text, sizeof text, step < 1 ? "%d:%04.1f" : "%d:%02.0f",
          minutes, fabs (seconds - 60 * minutes));
    }
    plot_page_set_grey (page, 0.25);
    plot_page_draw_line (page, x, GENRES_BOTTOM, x, GENRES_BOTTOM + 5);
    plot_page_draw_line (page, x, MEL_BOTTOM, x, MEL_BOTTOM + 3);
    plot_page_draw_line (page, x, WAVEFORM_BOTTOM, x, WAVEFORM_BOTTOM + 3);
    plot_page_set_grey (page, 0);
    figure_text (page->figure, x, GENRES_BOTTOM + 14, FIGURE_CENTRE, TEXT,
        FALSE, 0, text);
  }
  figure_text (page->figure, (LEFT + RIGHT) / 2.0, GENRES_BOTTOM + 32,
      FIGURE_CENTRE, HEADING, FALSE, 0, heading);
}

/* Waveform */

const OverviewColumn *
plot_page_get_column (const PlotPage *page, guint i)
{
  return &g_array_index (page->overview->columns, OverviewColumn, i);
}

/* The first round number that the waveform does not exceed. */
static double
choose_amplitude (const PlotPage *page)
{
  static const double digits[] = { 1, 2, 5 };
  double peak = 0;

  for (guint i = 0; i < page->overview->columns->len; i++)
    peak = MAX (peak,
        MAX (plot_page_get_column (page, i)->max,
            -plot_page_get_column (page, i)->min));
  for (int exponent = -4; exponent < 9; exponent++)
    for (guint i = 0; i < G_N_ELEMENTS (digits); i++)
      if (digits[i] * pow (10, exponent) >= peak)
        return digits[i] * pow (10, exponent);
  return 1e9;
}

static void
draw_waveform (PlotPage *page)
{
  const double middle = (WAVEFORM_TOP + WAVEFORM_BOTTOM) / 2;
  const double amplitude = choose_amplitude (page);
  const double scale = (middle - WAVEFORM_TOP) / amplitude;
  const Overview *overview = page->overview;
  guint n = overview->columns->len;
  char text[32];

  plot_page_draw_axes (page, WAVEFORM_TOP, WAVEFORM_BOTTOM, "waveform");
  g_snprintf (text, sizeof text, "%g", amplitude);
  plot_page_draw_y_tick (page, WAVEFORM_TOP, text);
  plot_page_draw_y_tick (page, middle, "0");
  g_snprintf (text, sizeof text, "\xe2\x88\x92%g", amplitude);
  plot_page_draw_y_tick (page, WAVEFORM_BOTTOM, text);

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

/* Words */

/* The last part of a path; a URI as it is. */
static char *
get_display_name (const char *name)
{
  return g_uri_peek_scheme (name) && !g_file_test (name, G_FILE_TEST_EXISTS)
      ? g_filename_display_name (name)
      : g_filename_display_basename (name);
}

/* "jazz 61 %, blues 20 %, pop 9 %": the @n most probable */
static char *
describe_genres (const Result *result, guint n_labels, guint n)
{
  g_autofree guint *order = g_new (guint, n + 1);
  GString *text = g_string_new (NULL);

  if (!result->probabilities)
    return g_string_free (g_string_append (text, "silent"), FALSE);
  result_rank (result->probabilities, n_labels, order, n);
  for (guint i = 0; i < n; i++) {
    char percent[16];

    plot_format_percent (
        percent, sizeof percent, result->probabilities[order[i]]);
    g_string_append_printf (
        text, "%s%s %s", i > 0 ? ", " : "", result->labels[order[i]], percent);
  }
  return g_string_free (text, FALSE);
}

static char *
describe_segments (const Result *result)
{
  guint n = result->segments->len;

  return g_strdup_printf ("%u %s, model %s", n, n == 1 ? "segment" : "segments",
      result->model ? result->model : "unknown");
}

static void
draw_title (PlotPage *page)
{
  const Result *result = page->result;
  g_autofree char *name = get_display_name (result->name);
  g_autofree char *best = describe_genres (
      result, page->n_labels, MIN (1, page->n_labels));
  g_autofree char *segments = describe_segments (result);
  double width;

  plot_page_set_grey (page, 0);
  figure_text (
      page->figure, 16, 22, FIGURE_LEFT, 17, TRUE, PAGE_WIDTH - 32, name);
  width = figure_text (
      page->figure, 16, 46, FIGURE_LEFT, 15, TRUE, PAGE_WIDTH / 2, best);
  plot_page_set_grey (page, 0.3);
  figure_text (page->figure, 16 + width + 14, 46, FIGURE_LEFT, HEADING, FALSE,
      PAGE_WIDTH - 48 - width, segments);
}

static gboolean
save (PlotPage *page, const char *path, GError **error)
{
  const Result *result = page->result;
  g_autofree char *name = get_display_name (result->name);
  g_autofree char *best = describe_genres (
      result, page->n_labels, MIN (1, page->n_labels));
  g_autofree char *all = describe_genres (
      result, page->n_labels, page->n_labels);
  g_autofree char *segments = describe_segments (result);
  g_autofree char *title = g_strdup_printf ("%s: %s", name, best);
  g_autofree char *description = g_strdup_printf (
      "Waveform, mel spectrogram and probabilities of the genres over %.1f "
      "seconds (%s). Whole track: %s.",
      page->overview->duration, segments, all);

  return figure_save (page->figure, path, title, description, error);
}

gboolean
plot_write (const char *path, const Result *result, const Overview *overview,
    GError **error)
{
  PlotPage page = { .result = result, .overview = overview };
  gboolean ok;

  if (!figure_check_path (path, error))
    return FALSE;
  if (result->segments->len == 0 || overview->columns->len == 0) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
        "%s: there is nothing to plot: %s has no segments.", path,
        result->name);
    return FALSE;
  }
  page.n_labels = result->labels ? g_strv_length (result->labels) : 0;
  page.figure = figure_new (path, PAGE_WIDTH, PAGE_HEIGHT);
  page.cr = page.figure->cr;
  draw_title (&page);
  draw_waveform (&page);
  plot_page_draw_mel_spectrogram (&page);
  plot_page_draw_genres (&page);
  draw_time_axis (&page);
  ok = save (&page, path, error);
  figure_free (page.figure);
  return ok;
}

gboolean
plot_file (const char *path, const Result *result, GError **error)
{
  g_autoptr (Overview) overview = NULL;

  if (!figure_check_path (path, error))
    return FALSE;
  overview = overview_new (result->name, error);
  return overview && plot_write (path, result, overview, error);
}
