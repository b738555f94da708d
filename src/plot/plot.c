/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "plot.h"

#include "plotpanels.h"

/* px */
#define MARGIN 16
#define NAME_SIZE 17
#define ANSWER_SIZE 15

/* What is said above the panels, and to those who cannot see them */

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

  if (result_get_best (result) < 0) {
    g_string_append (text, result_name_nothing (result->probabilities));
    return g_string_free (text, FALSE);
  }
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
  figure_text (page->figure, MARGIN, 22, FIGURE_LEFT, NAME_SIZE, TRUE,
      PLOT_WIDTH - 2 * MARGIN, name);
  width = figure_text (page->figure, MARGIN, 46, FIGURE_LEFT, ANSWER_SIZE, TRUE,
      PLOT_WIDTH / 2, best);
  plot_page_set_grey (page, 0.3);
  figure_text (page->figure, MARGIN + width + 14, 46, FIGURE_LEFT,
      PLOT_HEADING_SIZE, FALSE, PLOT_WIDTH - 3 * MARGIN - width, segments);
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
  page.figure = figure_new (path, PLOT_WIDTH, PLOT_HEIGHT);
  page.cr = page.figure->cr;
  draw_title (&page);
  plot_draw_waveform (&page);
  plot_draw_mel_spectrogram (&page);
  plot_draw_genres (&page);
  plot_page_draw_time_axis (&page);
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
