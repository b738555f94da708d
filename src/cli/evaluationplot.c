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
/* from one curve to the next */
#define CURVE_WIDTH 152
#define CURVE_HEIGHT 158
/* sizes of text */
#define SMALL_SIZE 11
#define TEXT_SIZE 12
#define HEADING_SIZE 13
#define TITLE_SIZE 17
/* marks of an axis from 0 to 1, but for the one at 0 */
#define N_TICKS 4

/* The picture while it is drawn. */
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

/* Writes a number such as "0.73". */
static void
write_share (Page *page, double x, double y, FigureAlign align, double share)
{
  char text[16];

  g_snprintf (text, sizeof text, "%g", share);
  figure_text (page->figure, x, y, align, TEXT_SIZE, FALSE, 0, text);
}

/* Draws the square of two axes from 0 to 1, and its diagonal. */
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

/* Fills the path with white for 0 to dark blue for 1. */
static void
fill_share (Page *page, double share)
{
  cairo_set_source_rgb (
      page->cr, 1 - 0.97 * share, 1 - 0.80 * share, 1 - 0.55 * share);
  cairo_fill (page->cr);
}

/* Draws how many files of the label @truth were taken for @answer, a dark cell
 * if that is a large share of them. */
static void
draw_cell (Page *page, guint truth, guint answer, double size)
{
  const Metrics *metrics = page->metrics;
  guint count = metrics->confusion[truth * metrics->n_labels + answer];
  guint n = metrics->labels[truth].n;
  double share = n > 0 ? (double) count / n : 0;
  double x = MATRIX_LEFT + answer * size, y = PANELS_TOP + truth * size;
  char text[16];

  cairo_rectangle (page->cr, x, y, size, size);
  fill_share (page, share);
  if (count == 0)
    return;
  g_snprintf (text, sizeof text, "%u", count);
  set_grey (page, share > 0.65 ? 1 : 0);
  figure_text (page->figure, x + size / 2, y + size / 2, FIGURE_CENTRE,
      CLAMP (size * 0.4, 5, HEADING_SIZE), truth == answer, 0, text);
}

static void
draw_grid (Page *page, double size)
{
  set_grey (page, 0.8);
  cairo_set_line_width (page->cr, 0.5);
  for (guint i = 0; i <= page->metrics->n_labels; i++) {
    cairo_move_to (page->cr, MATRIX_LEFT + i * size, PANELS_TOP);
    cairo_rel_line_to (page->cr, 0, MATRIX_SIZE);
    cairo_move_to (page->cr, MATRIX_LEFT, PANELS_TOP + i * size);
    cairo_rel_line_to (page->cr, MATRIX_SIZE, 0);
  }
  cairo_stroke (page->cr);
}

/* Writes the label's name beside its row, and at an angle below its column. */
static void
draw_matrix_label (Page *page, guint label, double size)
{
  const char *name = page->labels[label];
  double text_size = CLAMP (size * 0.8, 4, TEXT_SIZE);

  figure_text (page->figure, MATRIX_LEFT - 6, PANELS_TOP + (label + 0.5) * size,
      FIGURE_RIGHT, text_size, FALSE, MATRIX_LEFT - MARGIN - 6, name);
  cairo_save (page->cr);
  cairo_translate (page->cr, MATRIX_LEFT + (label + 0.5) * size + 3,
      PANELS_TOP + MATRIX_SIZE + 8);
  cairo_rotate (page->cr, -G_PI / 4);
  figure_text (page->figure, 0, 0, FIGURE_RIGHT, text_size, FALSE, 64, name);
  cairo_restore (page->cr);
}

static void
draw_confusion (Page *page)
{
  guint n = page->metrics->n_labels;
  double size = (double) MATRIX_SIZE / n;

  for (guint truth = 0; truth < n; truth++)
    for (guint answer = 0; answer < n; answer++)
      draw_cell (page, truth, answer, size);
  draw_grid (page, size);
  set_grey (page, 0);
  figure_text (page->figure, MARGIN, PANELS_TOP - 18, FIGURE_LEFT, HEADING_SIZE,
      FALSE, 0, "truth (rows) and answer (columns), files");
  for (guint i = 0; i < n; i++)
    draw_matrix_label (page, i, size);
}

/* Reliability diagram */

/* A bar as high as the bin's accuracy. */
static void
draw_bar (Page *page, guint i, double x, double bottom, double width)
{
  const CalibrationBin *bin = page->metrics->bins + i;
  double height = RELIABILITY_SIZE * bin->accuracy;

  if (bin->n == 0)
    return;
  cairo_rectangle (
      page->cr, x + i * width + 1, bottom - height, width - 2, height);
  cairo_set_source_rgb (page->cr, 0.55, 0.72, 0.87);
  cairo_fill (page->cr);
}

/* A dot at the bin's mean confidence, and how many files it has. */
static void
draw_dot (Page *page, guint i, double x, double bottom, double width)
{
  const CalibrationBin *bin = page->metrics->bins + i;
  char text[16];

  if (bin->n == 0)
    return;
  cairo_arc (page->cr, x + RELIABILITY_SIZE * bin->confidence,
      bottom - RELIABILITY_SIZE * bin->accuracy, 4, 0, 2 * G_PI);
  cairo_set_source_rgb (page->cr, 0.6, 0.2, 0);
  cairo_fill (page->cr);
  g_snprintf (text, sizeof text, "%u", bin->n);
  set_grey (page, 0.3);
  figure_text (page->figure, x + (i + 0.5) * width, bottom + 30, FIGURE_CENTRE,
      SMALL_SIZE, FALSE, 0, text);
}

static void
draw_reliability_texts (Page *page, double x, double y, double size)
{
  double bottom = y + size;
  char text[64];

  set_grey (page, 0);
  for (guint i = 0; i <= N_TICKS; i++) {
    double share = i / (double) N_TICKS;

    write_share (page, x - 6, bottom - share * size, FIGURE_RIGHT, share);
    write_share (page, x + share * size, bottom + 12, FIGURE_CENTRE, share);
  }
  figure_text (page->figure, x - 40, y - 18, FIGURE_LEFT, HEADING_SIZE, FALSE,
      0, "share that is right, by confidence");
  set_grey (page, 0.3);
  figure_text (page->figure, x + size, bottom + 48, FIGURE_RIGHT, SMALL_SIZE,
      FALSE, 0, "files of each tenth (dot: their mean confidence)");
  g_snprintf (
      text, sizeof text, "expected calibration error %.3f", page->metrics->ece);
  set_grey (page, 0);
  figure_text (page->figure, x - 40, bottom + 72, FIGURE_LEFT, TEXT_SIZE, FALSE,
      0, text);
}

static void
draw_reliability (Page *page)
{
  const double x = RELIABILITY_LEFT, y = PANELS_TOP, size = RELIABILITY_SIZE;
  const double width = size / METRICS_N_BINS;

  for (guint i = 0; i < METRICS_N_BINS; i++)
    draw_bar (page, i, x, y + size, width);
  draw_unit_square (page, x, y, size);
  for (guint i = 0; i < METRICS_N_BINS; i++)
    draw_dot (page, i, x, y + size, width);
  draw_reliability_texts (page, x, y, size);
}

/* ROC curves */

/* Writes why there is no curve, on a white ground over the diagonal. */
static void
draw_missing_curve (Page *page, guint label, double x, double y)
{
  const double size = CURVE_SIZE;
  const char *reason = page->metrics->labels[label].n == 0 ? "no such file"
                                                           : "no other file";

  cairo_rectangle (page->cr, x + 14, y + size / 2 - 10, size - 28, 20);
  set_grey (page, 1);
  cairo_fill (page->cr);
  set_grey (page, 0.3);
  figure_text (page->figure, x + size / 2, y + size / 2, FIGURE_CENTRE,
      TEXT_SIZE, FALSE, 0, reason);
}

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
  figure_text (page->figure, x, y - 11, FIGURE_LEFT, TEXT_SIZE, FALSE,
      CURVE_SIZE + 18, heading);
  if (!curve) {
    draw_missing_curve (page, label, x, y);
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
  figure_text (page->figure, MARGIN, CURVES_TOP - 40, FIGURE_LEFT, HEADING_SIZE,
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

static void
draw_title (Page *page, const char *title)
{
  const Metrics *metrics = page->metrics;
  g_autofree char *figures = g_strdup_printf (
      "accuracy %.3f, macro F1 %.3f", metrics->accuracy, metrics->macro_f1);

  figure_text (page->figure, MARGIN, 24, FIGURE_LEFT, TITLE_SIZE, TRUE,
      PAGE_WIDTH - 2 * MARGIN, title);
  figure_text (
      page->figure, MARGIN, 50, FIGURE_LEFT, HEADING_SIZE, FALSE, 0, figures);
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
  gboolean ok;

  if (!figure_check_path (path, error))
    return FALSE;
  page.figure = figure_new (path, PAGE_WIDTH, get_height (metrics->n_labels));
  page.cr = page.figure->cr;
  draw_title (&page, title);
  draw_confusion (&page);
  draw_reliability (&page);
  draw_curves (&page);
  ok = figure_save (page.figure, path, title, description, error);
  figure_free (page.figure);
  return ok;
}
