/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <math.h>

#include "genre/genre.h"
#include "plotpanels.h"

/* px */
#define HEIGHT (PLOT_GENRES_BOTTOM - PLOT_GENRES_TOP)
#define LINE_HEIGHT 14 /* of text */
#define LEGEND_ROW 16
#define LEGEND_BOX 12

/* Consecutive segments that are at least one pixel wide together: what is
 * narrower cannot be drawn. */
typedef struct
{
  double x1, x2;         /* px */
  double duration;       /* s of what has a genre */
  double *probabilities; /* [labels], sum 1; NULL if there is no genre */
  const char *nothing;   /* then: "silent" or "not music" */
} Slice;

/* The slices and, in each, the labels' bands one above the other: a band is as
 * high as the label is probable. */
typedef struct
{
  PlotPage *page;
  GArray *slices; /* Slice */
} Stack;

/* Slices */

static void
clear_slice (gpointer data)
{
  g_free (((Slice *) data)->probabilities);
}

/* Takes the segment into the slice's mean, which is weighted by durations. */
static void
add_to_slice (Slice *slice, const ResultSegment *segment, guint n_labels)
{
  double duration = MAX ((double) segment->duration / GENRE_SECOND, 1e-9);
  double weight = duration / (slice->duration + duration);

  if (!result_filter_music (segment->probabilities, segment->music)) {
    slice->nothing = result_name_nothing (segment->probabilities);
    return;
  }
  if (!slice->probabilities)
    slice->probabilities = g_new0 (double, n_labels);
  for (guint i = 0; i < n_labels; i++)
    slice->probabilities[i] += weight *
        (segment->probabilities[i] - slice->probabilities[i]);
  slice->duration += duration;
}

/* Where the segment @i ends in the picture, ns: if segments overlap, each is
 * shown up to where the next one begins. */
static guint64
get_visible_end (const GArray *segments, guint i)
{
  const ResultSegment *segment = &g_array_index (segments, ResultSegment, i);
  guint64 end = segment->start + segment->duration;

  if (i + 1 < segments->len)
    end = MIN (end, g_array_index (segments, ResultSegment, i + 1).start);
  return end;
}

static double
time_to_pixel (const PlotPage *page, guint64 ns)
{
  return round (plot_page_time_to_x (page, (double) ns / GENRE_SECOND));
}

static GArray *
make_slices (const PlotPage *page)
{
  const GArray *segments = page->result->segments;
  GArray *slices = g_array_new (FALSE, FALSE, sizeof (Slice));
  Slice slice = { 0 };
  gboolean open = FALSE;

  g_array_set_clear_func (slices, clear_slice);
  for (guint i = 0; i < segments->len; i++) {
    const ResultSegment *segment = &g_array_index (segments, ResultSegment, i);

    if (!open)
      slice = (Slice){ .x1 = time_to_pixel (page, segment->start) };
    open = TRUE;
    slice.x2 = time_to_pixel (page, get_visible_end (segments, i));
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

/* Whether there is a gap between the slice @i and the one before it. */
static gboolean
is_after_gap (const Stack *stack, guint i)
{
  return get_slice (stack, i)->x1 > get_slice (stack, i - 1)->x2;
}

/* Why the slice @i has no genre; NULL if it has one. */
static const char *
get_nothing (const Stack *stack, guint i)
{
  const Slice *slice = get_slice (stack, i);

  return slice->probabilities ? NULL : slice->nothing;
}

/* Gives the index after the last slice that follows @first without a gap and has a
 * genre as @first has, or has none for the same reason. */
static guint
find_run_end (const Stack *stack, guint first)
{
  guint end = first + 1;

  while (end < stack->slices->len &&
      !g_strcmp0 (get_nothing (stack, end), get_nothing (stack, first)) &&
      !is_after_gap (stack, end))
    end++;
  return end;
}

/* Whether any slice has bands. */
static gboolean
has_genres (const Stack *stack)
{
  for (guint i = 0; i < stack->slices->len; i++)
    if (!get_nothing (stack, i))
      return TRUE;
  return FALSE;
}

/* What the hatching in this picture stands for; NULL if there is none. */
static const char *
name_hatching (const Stack *stack)
{
  const char *name = NULL;

  for (guint i = 0; i < stack->slices->len; i++) {
    const char *nothing = get_nothing (stack, i);

    if (name && nothing && !g_str_equal (name, nothing))
      return "no genre";
    if (nothing)
      name = nothing;
  }
  return name;
}

/* Bands */

/* Where the label's band is in the slice, px; the first label is at the top. */
static void
get_band (const Slice *slice, guint label, double *top, double *bottom)
{
  double above = 0;

  for (guint i = 0; i < label; i++)
    above += slice->probabilities[i];
  *top = PLOT_GENRES_TOP + HEIGHT * MIN (above, 1);
  *bottom = PLOT_GENRES_TOP +
      HEIGHT * MIN (above + slice->probabilities[label], 1);
}

/* Fills the label's band in the slices from @first up to @end: its outline goes
 * to the right along the top and back along the bottom. */
static void
fill_band (Stack *stack, guint label, guint first, guint end)
{
  cairo_t *cr = stack->page->cr;
  double top, bottom;

  for (guint i = first; i < end; i++) {
    get_band (get_slice (stack, i), label, &top, &bottom);
    cairo_line_to (cr, get_slice (stack, i)->x1, top);
    cairo_line_to (cr, get_slice (stack, i)->x2, top);
  }
  for (guint i = end; i > first; i--) {
    get_band (get_slice (stack, i - 1), label, &top, &bottom);
    cairo_line_to (cr, get_slice (stack, i - 1)->x2, bottom);
    cairo_line_to (cr, get_slice (stack, i - 1)->x1, bottom);
  }
  cairo_close_path (cr);
  figure_fill_label (stack->page->figure, label);
}

/* Draws a white line along the top of the band. */
static void
draw_band_edge (Stack *stack, guint label, guint first, guint end)
{
  cairo_t *cr = stack->page->cr;
  double top, bottom;

  for (guint i = first; i < end; i++) {
    get_band (get_slice (stack, i), label, &top, &bottom);
    cairo_move_to (cr, get_slice (stack, i)->x1, top);
    cairo_line_to (cr, get_slice (stack, i)->x2, top);
  }
  plot_page_set_grey (stack->page, 1);
  cairo_set_line_width (cr, 0.6);
  cairo_stroke (cr);
}

static void
draw_bands (Stack *stack, guint first, guint end)
{
  guint n = stack->page->n_labels;

  for (guint label = 0; label < n; label++)
    fill_band (stack, label, first, end);
  /* the lines separate bands whose colours look alike to some people */
  for (guint label = 1; label < n; label++)
    draw_band_edge (stack, label, first, end);
}

/* Where there is no genre, and in a word why. */
static void
draw_nothing (PlotPage *page, double x1, double x2, const char *word)
{
  double length = 8 +
      figure_text_width (page->figure, PLOT_TEXT_SIZE, FALSE, word);
  double x = (x1 + x2) / 2, y = (PLOT_GENRES_TOP + PLOT_GENRES_BOTTOM) / 2;
  gboolean upright = x2 - x1 < length + 4;
  double w = upright ? LINE_HEIGHT + 4 : length;
  double h = upright ? length : LINE_HEIGHT + 4;

  figure_hatch (page->figure, x1, PLOT_GENRES_TOP, x2 - x1, HEIGHT);
  if (x2 - x1 < w)
    return;
  cairo_rectangle (page->cr, x - w / 2, y - h / 2, w, h);
  plot_page_set_grey (page, 1);
  cairo_fill (page->cr);
  plot_page_set_grey (page, 0);
  if (upright)
    plot_page_draw_upright_text (page, x, y, word);
  else
    plot_page_draw_text (page, x, y, FIGURE_CENTRE, word);
}

/* The labels' names in their bands */

/* A rectangle within the band of one label. */
typedef struct
{
  double x, y; /* its middle */
  double height;
} Place;

/* Looks for a rectangle that is at least @width wide, begins with the slice
 * @first and is higher than @place; that is then @place. */
static void
improve_place (const Stack *stack, guint label, guint first, double width,
    double min_height, Place *place)
{
  double top = PLOT_GENRES_TOP, bottom = PLOT_GENRES_BOTTOM;
  double x1 = get_slice (stack, first)->x1;

  for (guint i = first; i < stack->slices->len; i++) {
    const Slice *slice = get_slice (stack, i);
    double slice_top, slice_bottom;

    if (!slice->probabilities || (i > first && is_after_gap (stack, i)))
      return;
    get_band (slice, label, &slice_top, &slice_bottom);
    top = MAX (top, slice_top);
    bottom = MIN (bottom, slice_bottom);
    if (bottom - top < min_height || bottom - top <= place->height)
      return;
    if (slice->x2 - x1 >= width) {
      *place = (Place){ (x1 + slice->x2) / 2, (top + bottom) / 2,
        bottom - top };
      return;
    }
  }
}

/* Finds the highest rectangle in the label's band that is at least so wide and
 * so high; FALSE if there is none. */
static gboolean
find_place (
    const Stack *stack, guint label, double width, double height, Place *place)
{
  *place = (Place){ 0 };
  for (guint first = 0; first < stack->slices->len; first++)
    improve_place (stack, label, first, width, height, place);
  return place->height > 0;
}

/* Writes the label's name into its band, upright if the band is too narrow.  If
 * it does not fit at all, only the legend has it. */
static void
draw_band_name (Stack *stack, guint label)
{
  PlotPage *page = stack->page;
  const char *name = page->result->labels[label];
  double length = 8 +
      figure_text_width (page->figure, PLOT_TEXT_SIZE, FALSE, name);
  Place place;

  figure_set_text_on_label (page->figure, label);
  if (find_place (stack, label, length, LINE_HEIGHT, &place))
    plot_page_draw_text (page, place.x, place.y, FIGURE_CENTRE, name);
  else if (find_place (stack, label, LINE_HEIGHT + 2, length, &place))
    plot_page_draw_upright_text (page, place.x, place.y, name);
}

/* The legend */

/* Marks the @n most probable labels in @shown, [n_labels], if there are bands. */
static void
choose_labels (const Stack *stack, guint n, gboolean *shown)
{
  const PlotPage *page = stack->page;
  const double *p = page->result->probabilities;
  g_autofree guint *order = g_new (guint, n + 1);

  if (!p || !has_genres (stack))
    return;
  result_rank (p, page->n_labels, order, n);
  for (guint i = 0; i < n; i++)
    shown[order[i]] = TRUE;
}

static void
draw_legend_label (PlotPage *page, guint label, double y)
{
  gboolean bold = result_get_best (page->result) == (int) label;
  char percent[16];

  plot_format_percent (
      percent, sizeof percent, page->result->probabilities[label]);
  cairo_rectangle (page->cr, PLOT_LEGEND_LEFT, y - 6, LEGEND_BOX, LEGEND_BOX);
  figure_fill_label (page->figure, label);
  plot_page_set_grey (page, 0);
  figure_text (page->figure, PLOT_LEGEND_LEFT + 20, y, FIGURE_LEFT,
      PLOT_TEXT_SIZE, bold, PLOT_LEGEND_RIGHT - PLOT_LEGEND_LEFT - 60,
      page->result->labels[label]);
  figure_text (page->figure, PLOT_LEGEND_RIGHT, y, FIGURE_RIGHT, PLOT_TEXT_SIZE,
      bold, 0, percent);
}

/* The labels are in the order of the bands.  If there is no room for all, the
 * most probable ones are shown. */
static void
draw_legend (Stack *stack)
{
  PlotPage *page = stack->page;
  const char *hatching = name_hatching (stack);
  guint room = HEIGHT / LEGEND_ROW - (hatching ? 1 : 0);
  guint n = MIN (room, page->n_labels);
  g_autofree gboolean *shown = g_new0 (gboolean, page->n_labels + 1);
  double y = PLOT_GENRES_TOP + 6;

  choose_labels (stack, n, shown);
  plot_page_set_grey (page, 0);
  figure_text (page->figure, PLOT_LEGEND_LEFT, PLOT_GENRES_TOP - 12,
      FIGURE_LEFT, PLOT_HEADING_SIZE, FALSE, 0,
      n < page->n_labels ? "track's likeliest" : "whole track");
  for (guint label = 0; label < page->n_labels; label++) {
    if (!shown[label])
      continue;
    draw_legend_label (page, label, y);
    y += LEGEND_ROW;
  }
  if (hatching) {
    figure_hatch (
        page->figure, PLOT_LEGEND_LEFT, y - 6, LEGEND_BOX, LEGEND_BOX);
    plot_page_set_grey (page, 0);
    plot_page_draw_text (page, PLOT_LEGEND_LEFT + 20, y, FIGURE_LEFT, hatching);
  }
}

static void
draw_axes (PlotPage *page)
{
  const guint n_ticks = 4;

  plot_page_draw_axes (
      page, PLOT_GENRES_TOP, PLOT_GENRES_BOTTOM, "probability of each genre");
  for (guint i = 0; i <= n_ticks; i++) {
    char text[16];

    g_snprintf (text, sizeof text, "%u %%", 100 * i / n_ticks);
    plot_page_draw_y_tick (
        page, PLOT_GENRES_BOTTOM - HEIGHT * i / (double) n_ticks, text);
  }
}

void
plot_draw_genres (PlotPage *page)
{
  Stack stack = { page, make_slices (page) };
  guint end;

  draw_axes (page);
  for (guint first = 0; first < stack.slices->len; first = end) {
    end = find_run_end (&stack, first);
    if (get_slice (&stack, first)->probabilities)
      draw_bands (&stack, first, end);
    else
      draw_nothing (page, get_slice (&stack, first)->x1,
          get_slice (&stack, end - 1)->x2, get_nothing (&stack, first));
  }
  for (guint label = 0; label < page->n_labels; label++)
    draw_band_name (&stack, label);
  draw_legend (&stack);
  g_array_unref (stack.slices);
}
