/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "plotpage.h"

#include <math.h>

#define NS 1e9

#define LEGEND_ROW 16
/* height of a line of text, px */
#define LINE 14

/* Consecutive segments that are at least a pixel wide together. */
typedef struct
{
  double x1, x2;
  double duration;       /* of what is not silent */
  double *probabilities; /* [labels]; NULL if silent */
} Slice;

typedef struct
{
  PlotPage *page;
  GArray *slices; /* Slice */
} Stack;

static void
clear_slice (gpointer data)
{
  g_free (((Slice *) data)->probabilities);
}

static void
add_to_slice (Slice *slice, const ResultSegment *segment, guint n_labels)
{
  double duration = MAX (segment->duration / NS, 1e-9);
  double weight = duration / (slice->duration + duration);

  if (!segment->probabilities)
    return;
  if (!slice->probabilities)
    slice->probabilities = g_new0 (double, n_labels);
  for (guint i = 0; i < n_labels; i++)
    slice->probabilities[i] += weight *
        (segment->probabilities[i] - slice->probabilities[i]);
  slice->duration += duration;
}

/* What overlaps is shown up to where the next one begins. */
static GArray *
gather_slices (const PlotPage *page)
{
  const GArray *segments = page->result->segments;
  Slice slice = { 0 };
  gboolean open = FALSE;
  GArray *slices = g_array_new (FALSE, FALSE, sizeof (Slice));
  g_array_set_clear_func (slices, clear_slice);
  for (guint i = 0; i < segments->len; i++) {
    const ResultSegment *segment = &g_array_index (segments, ResultSegment, i);
    guint64 end = segment->start + segment->duration;

    if (i + 1 < segments->len)
      end = MIN (end, g_array_index (segments, ResultSegment, i + 1).start);
    if (!open)
      slice = (Slice){ .x1 = round (
                           plot_page_time_to_x (page, segment->start / NS)) };
    open = TRUE;
    slice.x2 = round (plot_page_time_to_x (page, end / NS));
    add_to_slice (&slice, segment, page->n_labels);
    if (slice.x2 >= slice.x1 + 1) {
      g_array_append_val (slices, slice);
      open = FALSE;
    }
  }
  if (open)
    g_free (slice.probabilities);
  return slices;
}

static const Slice *
get_slice (const Stack *stack, guint i)
{
  return &g_array_index (stack->slices, Slice, i);
}

/* The first label is at the top. */
static void
get_band (const Slice *slice, guint label, double *top, double *bottom)
{
  double above = 0;

  for (guint i = 0; i < label; i++)
    above += slice->probabilities[i];
  *top = GENRES_TOP + (GENRES_BOTTOM - GENRES_TOP) * MIN (above, 1);
  *bottom = GENRES_TOP +
      (GENRES_BOTTOM - GENRES_TOP) *
          MIN (above + slice->probabilities[label], 1);
}

/* The slice after the last one that joins on to @first and is as silent. */
static guint
find_run_end (const Stack *stack, guint first)
{
  const Slice *slice = get_slice (stack, first);
  guint end = first + 1;

  while (end < stack->slices->len &&
      !get_slice (stack, end)->probabilities == !slice->probabilities &&
      get_slice (stack, end)->x1 <= get_slice (stack, end - 1)->x2)
    end++;
  return end;
}

static void
draw_bands (Stack *stack, guint first, guint end)
{
  PlotPage *page = stack->page;
  double top, bottom;

  for (guint label = 0; label < page->n_labels; label++) {
    for (guint i = first; i < end; i++) {
      get_band (get_slice (stack, i), label, &top, &bottom);
      cairo_line_to (page->cr, get_slice (stack, i)->x1, top);
      cairo_line_to (page->cr, get_slice (stack, i)->x2, top);
    }
    for (guint i = end; i > first; i--) {
      get_band (get_slice (stack, i - 1), label, &top, &bottom);
      cairo_line_to (page->cr, get_slice (stack, i - 1)->x2, bottom);
      cairo_line_to (page->cr, get_slice (stack, i - 1)->x1, bottom);
    }
    cairo_close_path (page->cr);
    figure_fill_label (page->figure, label);
  }
  /* a line between the bands tells where one ends even for alike colours */
  for (guint label = 1; label < page->n_labels; label++) {
    for (guint i = first; i < end; i++) {
      get_band (get_slice (stack, i), label, &top, &bottom);
      cairo_move_to (page->cr, get_slice (stack, i)->x1, top);
      cairo_line_to (page->cr, get_slice (stack, i)->x2, top);
    }
    plot_page_set_grey (page, 1);
    cairo_set_line_width (page->cr, 0.6);
    cairo_stroke (page->cr);
  }
}

/* Finds where the band is highest over at least @width, and gives that height, or 0
 * if it is nowhere @height high; @x and @y are the middle of the place. */
static double
find_place (const Stack *stack, guint label, double width, double height,
    double *x, double *y)
{
  double best = 0;

  for (guint first = 0; first < stack->slices->len; first++) {
    double top = GENRES_TOP, bottom = GENRES_BOTTOM;

    for (guint i = first; i < stack->slices->len; i++) {
      const Slice *slice = get_slice (stack, i);
      double slice_top, slice_bottom;

      if (!slice->probabilities ||
          (i > first && slice->x1 > get_slice (stack, i - 1)->x2))
        break;
      get_band (slice, label, &slice_top, &slice_bottom);
      top = MAX (top, slice_top);
      bottom = MIN (bottom, slice_bottom);
      if (bottom - top < height || bottom - top <= best)
        break;
      if (slice->x2 - get_slice (stack, first)->x1 >= width) {
        best = bottom - top;
        *x = (get_slice (stack, first)->x1 + slice->x2) / 2;
        *y = (top + bottom) / 2;
        break;
      }
    }
  }
  return best;
}

static void
draw_vertical_text (PlotPage *page, double x, double y, const char *text)
{
  cairo_save (page->cr);
  cairo_translate (page->cr, (int) x, (int) y);
  cairo_rotate (page->cr, -G_PI / 2);
  figure_text (page->figure, 0, 0, FIGURE_CENTRE, TEXT, FALSE, 0, text);
  cairo_restore (page->cr);
}

/* Writes the label's name into its band, upright if it is too narrow. */
static void
draw_band_name (Stack *stack, guint label)
{
  PlotPage *page = stack->page;
  const char *name = page->result->labels[label];
  double length = figure_text_width (page->figure, TEXT, FALSE, name) + 8;
  double x, y;

  figure_set_text_on_label (page->figure, label);
  if (find_place (stack, label, length, LINE, &x, &y) > 0)
    figure_text (page->figure, x, y, FIGURE_CENTRE, TEXT, FALSE, 0, name);
  else if (find_place (stack, label, LINE + 2, length, &x, &y) > 0)
    draw_vertical_text (page, x, y, name);
}

static void
draw_silence (PlotPage *page, double x1, double x2)
{
  double length = figure_text_width (page->figure, TEXT, FALSE, "silent") + 8;
  double x = (x1 + x2) / 2, y = (GENRES_TOP + GENRES_BOTTOM) / 2;
  gboolean upright = x2 - x1 < length + 4;
  double w = upright ? LINE + 4 : length, h = upright ? length : LINE + 4;

  figure_hatch (
      page->figure, x1, GENRES_TOP, x2 - x1, GENRES_BOTTOM - GENRES_TOP);
  if (x2 - x1 < w)
    return;
  cairo_rectangle (page->cr, x - w / 2, y - h / 2, w, h);
  plot_page_set_grey (page, 1);
  cairo_fill (page->cr);
  plot_page_set_grey (page, 0);
  if (upright)
    draw_vertical_text (page, x, y, "silent");
  else
    figure_text (page->figure, x, y, FIGURE_CENTRE, TEXT, FALSE, 0, "silent");
}

static gboolean
has_silence (const Stack *stack)
{
  for (guint i = 0; i < stack->slices->len; i++)
    if (!get_slice (stack, i)->probabilities)
      return TRUE;
  return FALSE;
}

/* In the order of the bands; only the most probable if not all have room. */
static void
draw_legend (Stack *stack)
{
  PlotPage *page = stack->page;
  const double *p = page->result->probabilities;
  guint room = (GENRES_BOTTOM - GENRES_TOP) / LEGEND_ROW;
  g_autofree gboolean *shown = g_new0 (gboolean, page->n_labels + 1);
  g_autofree guint *order = g_new (guint, page->n_labels + 1);
  int best = result_get_best (page->result);
  double y = GENRES_TOP + 6;
  guint n;

  if (has_silence (stack))
    room--;
  n = MIN (room, page->n_labels);
  if (p)
    result_rank (p, page->n_labels, order, n);
  for (guint i = 0; p && i < n; i++)
    shown[order[i]] = TRUE;
  plot_page_set_grey (page, 0);
  figure_text (page->figure, LEGEND_LEFT, GENRES_TOP - 12, FIGURE_LEFT, HEADING,
      FALSE, 0, n < page->n_labels ? "track's likeliest" : "whole track");
  for (guint label = 0; label < page->n_labels; label++) {
    gboolean bold = best == (int) label;
    char text[16];

    if (!shown[label])
      continue;
    plot_format_percent (text, sizeof text, p[label]);
    cairo_rectangle (page->cr, LEGEND_LEFT, y - 6, 12, 12);
    figure_fill_label (page->figure, label);
    plot_page_set_grey (page, 0);
    figure_text (page->figure, LEGEND_LEFT + 20, y, FIGURE_LEFT, TEXT, bold,
        LEGEND_RIGHT - LEGEND_LEFT - 60, page->result->labels[label]);
    figure_text (
        page->figure, LEGEND_RIGHT, y, FIGURE_RIGHT, TEXT, bold, 0, text);
    y += LEGEND_ROW;
  }
  if (has_silence (stack)) {
    figure_hatch (page->figure, LEGEND_LEFT, y - 6, 12, 12);
    plot_page_set_grey (page, 0);
    figure_text (page->figure, LEGEND_LEFT + 20, y, FIGURE_LEFT, TEXT, FALSE, 0,
        "silent");
  }
}

void
plot_page_draw_genres (PlotPage *page)
{
  Stack stack = { page, gather_slices (page) };
  guint n_ticks = 4, end;

  plot_page_draw_axes (
      page, GENRES_TOP, GENRES_BOTTOM, "probability of each genre");
  for (guint i = 0; i <= n_ticks; i++) {
    char text[16];

    g_snprintf (text, sizeof text, "%u %%", 100 * i / n_ticks);
    plot_page_draw_y_tick (page,
        GENRES_BOTTOM - (GENRES_BOTTOM - GENRES_TOP) * i / (double) n_ticks,
        text);
  }
  for (guint first = 0; first < stack.slices->len; first = end) {
    end = find_run_end (&stack, first);
    if (get_slice (&stack, first)->probabilities)
      draw_bands (&stack, first, end);
    else
      draw_silence (
          page, get_slice (&stack, first)->x1, get_slice (&stack, end - 1)->x2);
  }
  for (guint label = 0; label < page->n_labels; label++)
    draw_band_name (&stack, label);
  draw_legend (&stack);
  g_array_unref (stack.slices);
}
