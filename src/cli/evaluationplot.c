/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "evaluationplot.h"

#include <math.h>

#include "plot/figure.h"

/* px */
#define PAGE_WIDTH 800
#define MARGIN 16
#define PANELS_TOP 104
#define MATRIX_LEFT 96
#define MATRIX_SIZE 350
#define RELIABILITY_LEFT 530
#define RELIABILITY_SIZE 250
#define CURVES_TOP 560
#define CURVES_LEFT 46
#define CURVES_IN_A_ROW 5
#define CURVE_SIZE 118
#define CURVE_WIDTH 152
#define CURVE_HEIGHT 158
#define TEXT 12
#define HEADING 13

typedef struct
{
  Figure *figure;
  cairo_t *cr;
  const Metrics *metrics;
  const MetricsInput *input;
  const char *const *labels;
} Page;

static void
set_grey (Page *page, double grey)
{
  cairo_set_source_rgb (page->cr, grey, grey, grey);
}

/* "0.73" */
static void
write_share (Page *page, double x, double y, FigureAlign align, double share)
{
  char text[16];

  g_snprintf (text, sizeof text, "%g", share);
  figure_text (page->figure, x, y, align, TEXT, FALSE, 0, text);
}

/* A square of the unit's axes with its diagonal. */
static void
draw_unit_square (Page *page, double x, double y, double size)
{
  cairo_rectangle (page->cr, floor (x) + 0.5, floor (y) + 0.5, size, size);
  cairo_set_line_width (page->cr, 1);
  set_grey (page, 0.25);
  cairo_stroke (page->cr);
  cairo_move_to (page->cr, x, y + size);
  cairo_line_to (page->cr, x + size, y);
  set_grey (page, 0.6);
  cairo_stroke (page->cr);
}

/* Confusion matrix */

/* White to dark blue: as dark as the share is high. */
static void
fill_share (Page *page, double share)
{
  cairo_set_source_rgb (
      page->cr, 1 - 0.97 * share, 1 - 0.80 * share, 1 - 0.55 * share);
  cairo_fill (page->cr);
}

static void
draw_cells (Page *page, double size)
{
  guint n = page->metrics->n_labels;
  double text_size = CLAMP (size * 0.4, 5, HEADING);

  for (guint i = 0; i < n; i++) {
    for (guint k = 0; k < n; k++) {
      guint count = page->metrics->confusion[i * n + k];
      double share = page->metrics->labels[i].n
          ? (double) count / page->metrics->labels[i].n
          : 0;
      double x = MATRIX_LEFT + k * size, y = PANELS_TOP + i * size;
      char text[16];

      cairo_rectangle (page->cr, x, y, size, size);
      fill_share (page, share);
      if (count == 0)
        continue;
      g_snprintf (text, sizeof text, "%u", count);
      set_grey (page, share > 0.65 ? 1 : 0);
      figure_text (page->figure, x + size / 2, y + size / 2, FIGURE_CENTRE,
          text_size, i == k, 0, text);
    }
  }
}

static void
draw_confusion (Page *page)
{
  guint n = page->metrics->n_labels;
  double size = (double) MATRIX_SIZE / n;
  double text_size = CLAMP (size * 0.8, 4, TEXT);

  draw_cells (page, size);
  set_grey (page, 0.8);
  cairo_set_line_width (page->cr, 0.5);
  for (guint i = 0; i <= n; i++) {
    cairo_move_to (page->cr, MATRIX_LEFT + i * size, PANELS_TOP);
    cairo_rel_line_to (page->cr, 0, MATRIX_SIZE);
    cairo_move_to (page->cr, MATRIX_LEFT, PANELS_TOP + i * size);
    cairo_rel_line_to (page->cr, MATRIX_SIZE, 0);
  }
  cairo_stroke (page->cr);

  set_grey (page, 0);
  figure_text (page->figure, MARGIN, PANELS_TOP - 18, FIGURE_LEFT, HEADING,
      FALSE, 0, "truth (rows) and answer (columns), files");
  for (guint i = 0; i < n; i++) {
    figure_text (page->figure, MATRIX_LEFT - 6, PANELS_TOP + (i + 0.5) * size,
        FIGURE_RIGHT, text_size, FALSE, MATRIX_LEFT - MARGIN - 6,
        page->labels[i]);
    cairo_save (page->cr);
    cairo_translate (page->cr, MATRIX_LEFT + (i + 0.5) * size + 3,
        PANELS_TOP + MATRIX_SIZE + 8);
    cairo_rotate (page->cr, -G_PI / 4);
    figure_text (page->figure, 0, 0, FIGURE_RIGHT, text_size, FALSE, 64,
        page->labels[i]);
    cairo_restore (page->cr);
  }
}

/* Reliability diagram */

static void
draw_reliability (Page *page)
{
  const double x = RELIABILITY_LEFT, y = PANELS_TOP, size = RELIABILITY_SIZE;
  const double width = size / METRICS_N_BINS;
  char text[64];

  for (guint i = 0; i < METRICS_N_BINS; i++) {
    const CalibrationBin *bin = page->metrics->bins + i;
    double height = size * bin->accuracy;

    if (bin->n == 0)
      continue;
    cairo_rectangle (
        page->cr, x + i * width + 1, y + size - height, width - 2, height);
    cairo_set_source_rgb (page->cr, 0.55, 0.72, 0.87);
    cairo_fill (page->cr);
  }
  draw_unit_square (page, x, y, size);
  for (guint i = 0; i < METRICS_N_BINS; i++) {
    const CalibrationBin *bin = page->metrics->bins + i;

    if (bin->n == 0)
      continue;
    cairo_arc (page->cr, x + size * bin->confidence,
        y + size - size * bin->accuracy, 4, 0, 2 * G_PI);
    cairo_set_source_rgb (page->cr, 0.6, 0.2, 0);
    cairo_fill (page->cr);
    g_snprintf (text, sizeof text, "%u", bin->n);
    set_grey (page, 0.3);
    figure_text (page->figure, x + (i + 0.5) * width, y + size + 30,
        FIGURE_CENTRE, 11, FALSE, 0, text);
  }
  set_grey (page, 0);
  for (guint i = 0; i <= 4; i++) {
    write_share (page, x - 6, y + size - i * size / 4, FIGURE_RIGHT, i / 4.0);
    write_share (page, x + i * size / 4, y + size + 12, FIGURE_CENTRE, i / 4.0);
  }
  figure_text (page->figure, x - 40, y - 18, FIGURE_LEFT, HEADING, FALSE, 0,
      "share that is right, by confidence");
  set_grey (page, 0.3);
  figure_text (page->figure, x + size, y + size + 48, FIGURE_RIGHT, 11, FALSE,
      0, "files of each tenth (dot: their mean confidence)");
  g_snprintf (
      text, sizeof text, "expected calibration error %.3f", page->metrics->ece);
  set_grey (page, 0);
  figure_text (
      page->figure, x - 40, y + size + 72, FIGURE_LEFT, TEXT, FALSE, 0, text);
}

/* ROC curves */

static void
draw_curve (Page *page, guint label, double x, double y)
{
  g_autoptr (GArray) curve = metrics_make_roc (page->input, label);
  const double size = CURVE_SIZE;
  g_autofree char *heading = curve
      ? g_strdup_printf (
            "%s %.2f", page->labels[label], page->metrics->labels[label].auc)
      : g_strdup (page->labels[label]);

  draw_unit_square (page, x, y, size);
  set_grey (page, 0);
  figure_text (page->figure, x, y - 11, FIGURE_LEFT, TEXT, FALSE,
      CURVE_SIZE + 18, heading);
  if (!curve) {
    const char *why = page->metrics->labels[label].n == 0 ? "no such file"
                                                          : "no other file";

    cairo_rectangle (page->cr, x + 14, y + size / 2 - 10, size - 28, 20);
    set_grey (page, 1);
    cairo_fill (page->cr);
    set_grey (page, 0.3);
    figure_text (page->figure, x + size / 2, y + size / 2, FIGURE_CENTRE, TEXT,
        FALSE, 0, why);
    return;
  }
  for (guint i = 0; i < curve->len; i++) {
    RocPoint point = g_array_index (curve, RocPoint, i);

    cairo_line_to (page->cr, x + size * point.false_positive_rate,
        y + size - size * point.true_positive_rate);
  }
  cairo_set_source_rgb (page->cr, 0.03, 0.2, 0.45);
  cairo_set_line_width (page->cr, 2);
  cairo_stroke (page->cr);
}

static void
draw_curves (Page *page)
{
  guint n = page->metrics->n_labels;

  set_grey (page, 0);
  figure_text (page->figure, MARGIN, CURVES_TOP - 40, FIGURE_LEFT, HEADING,
      FALSE, 0,
      "ROC of each genre, and the area under it: true positive rate over false "
      "positive rate, both from 0 to 1");
  for (guint i = 0; i < n; i++)
    draw_curve (page, i, CURVES_LEFT + i % CURVES_IN_A_ROW * CURVE_WIDTH,
        CURVES_TOP + i / CURVES_IN_A_ROW * CURVE_HEIGHT);
}

static double
get_height (guint n_labels)
{
  guint n_rows = (n_labels + CURVES_IN_A_ROW - 1) / CURVES_IN_A_ROW;

  return CURVES_TOP + (double) n_rows * CURVE_HEIGHT - 12;
}

gboolean
evaluation_plot_write (const char *path, const Metrics *metrics,
    const MetricsInput *input, const char *const *labels, const char *model,
    GError **error)
{
  Page page = { .metrics = metrics, .input = input, .labels = labels };
  g_autofree char *title = g_strdup_printf ("%s: %.1f %% of %u files are right",
      model, 100 * metrics->accuracy, metrics->n);
  g_autofree char *description = g_strdup_printf (
      "Confusion matrix, reliability diagram and ROC curves of %u genres. "
      "Accuracy %.3f, macro F1 %.3f, expected calibration error %.3f.",
      metrics->n_labels, metrics->accuracy, metrics->macro_f1, metrics->ece);
  g_autofree char *figures = g_strdup_printf (
      "accuracy %.3f, macro F1 %.3f", metrics->accuracy, metrics->macro_f1);
  gboolean ok;

  if (!figure_check_path (path, error))
    return FALSE;
  page.figure = figure_new (path, PAGE_WIDTH, get_height (metrics->n_labels));
  page.cr = page.figure->cr;
  figure_text (page.figure, MARGIN, 24, FIGURE_LEFT, 17, TRUE,
      PAGE_WIDTH - 2 * MARGIN, title);
  figure_text (
      page.figure, MARGIN, 50, FIGURE_LEFT, HEADING, FALSE, 0, figures);
  draw_confusion (&page);
  draw_reliability (&page);
  draw_curves (&page);
  ok = figure_save (page.figure, path, title, description, error);
  figure_free (page.figure);
  return ok;
}
