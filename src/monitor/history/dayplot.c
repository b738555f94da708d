/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "dayplot.h"

#include <math.h>

#include "plot/figure.h"

/* px */
#define WIDTH 1040
#define HEIGHT 600
#define LEFT 64
#define RIGHT 808
#define GENRES_TOP 104
#define GENRES_BOTTOM 384
#define TALK_TOP 424
#define TALK_BOTTOM 474
#define STATES_TOP 512
#define STATES_BOTTOM 536
/* the legend beside the panels */
#define LEGEND_LEFT 826
#define LEGEND_RIGHT 1028
#define LEGEND_ROW 17
#define LEGEND_BOX 12
#define MAX_LEGEND_ROWS 17 /* beside the genres */
#define LEAST_GAP 2        /* that is shown in the band of the states */
/* sizes of text */
#define TITLE_SIZE 17
#define HEADING_SIZE 13
#define TEXT_SIZE 12

#define BIN (15 * 60 * G_USEC_PER_SEC)

typedef struct
{
  const DayRecords *records;
  Figure *figure;
  cairo_t *cr;     /* the figure's */
  GPtrArray *bins; /* DaySpan */
  DaySpan *total;
} Page;

/* How a state is shown: greys that differ in lightness, and colours for what is not
 * known of the station. */
typedef struct
{
  const char *name;
  double r, g, b;
  gboolean light; /* its text is black */
} Look;

static const Look looks[N_STATES] = {
  [STATE_CONNECTED] = { "connected", 0.72, 0.86, 1, TRUE },
  [STATE_LOST] = { "not connected", 0.84, 0.37, 0, FALSE },
  [STATE_SILENT] = { "silent", 0.84, 0.84, 0.84, TRUE },
  [STATE_TALK] = { "talk", 0.6, 0.6, 0.6, TRUE },
  [STATE_MUSIC] = { "music", 0.25, 0.25, 0.25, FALSE },
};

/* Drawing */

static double
time_to_x (const Page *page, gint64 time)
{
  const Day *day = page->records->day;
  double share = (double) (time - day->start) /
      (double) (day->end - day->start);

  return LEFT + (RIGHT - LEFT) * CLAMP (share, 0, 1);
}

static void
set_grey (Page *page, double grey)
{
  cairo_set_source_rgb (page->cr, grey, grey, grey);
}

static void
draw_line (Page *page, double x1, double y1, double x2, double y2)
{
  /* along the middle of pixels: between them it would be two pixels wide and
   * grey */
  cairo_move_to (page->cr, floor (x1) + 0.5, floor (y1) + 0.5);
  cairo_line_to (page->cr, floor (x2) + 0.5, floor (y2) + 0.5);
  cairo_set_line_width (page->cr, 1);
  cairo_stroke (page->cr);
}

static void
draw_text (Page *page, double x, double y, FigureAlign align, double max_width,
    const char *text)
{
  figure_text (page->figure, x, y, align, TEXT_SIZE, FALSE, max_width, text);
}

static void
format_percent (char *text, gsize size, double share)
{
  if (share > 0 && share < 0.005)
    g_snprintf (text, size, "< 1 %%");
  else
    g_snprintf (text, size, "%.0f %%", 100 * share);
}

/* Lines across the panel, with their percents at the left. */
static void
draw_panel (
    Page *page, double top, double bottom, guint n_ticks, const char *heading)
{
  set_grey (page, 0);
  figure_text (page->figure, LEFT, top - 14, FIGURE_LEFT, HEADING_SIZE, FALSE,
      RIGHT - LEFT, heading);
  for (guint i = 0; i <= n_ticks; i++) {
    double y = bottom - (bottom - top) * i / n_ticks;
    char text[16];

    set_grey (page, i == 0 ? 0.25 : 0.88);
    draw_line (page, LEFT, y, RIGHT, y);
    set_grey (page, 0);
    g_snprintf (text, sizeof text, "%u %%", 100 * i / n_ticks);
    draw_text (page, LEFT - 8, y, FIGURE_RIGHT, LEFT - 10, text);
  }
}

/* Genres */

/* A part of a bar; gives its upper end.  @label: -1 for music without a genre */
static double
fill_part (
    Page *page, const DaySpan *bin, int label, double bottom, double seconds)
{
  double length = (double) (bin->end - bin->start) / G_USEC_PER_SEC;
  double x1 = round (time_to_x (page, bin->start));
  double x2 = round (time_to_x (page, bin->end));
  double top = bottom -
      (GENRES_BOTTOM - GENRES_TOP) * MIN (seconds / length, 1);

  if (seconds <= 0)
    return bottom;
  top = MAX (top, GENRES_TOP);
  if (label < 0) {
    figure_hatch (page->figure, x1, top, x2 - x1, bottom - top);
  } else {
    cairo_rectangle (page->cr, x1, top, x2 - x1, bottom - top);
    figure_fill_label (page->figure, (guint) label);
  }
  /* the lines separate what looks alike to some people */
  if (bottom - top > 2) {
    cairo_move_to (page->cr, x1, top);
    cairo_line_to (page->cr, x2, top);
    cairo_set_source_rgb (page->cr, 1, 1, 1);
    cairo_set_line_width (page->cr, 0.6);
    cairo_stroke (page->cr);
  }
  return top;
}

/* Seconds of music that are of no genre. */
static double
get_rest (const Page *page, const DaySpan *span)
{
  double rest = span->music;

  for (guint i = 0; i < page->records->labels->len; i++)
    rest -= span->genres[i];
  return rest < 0.5 ? 0 : rest;
}

/* The first label is at the top, as in the legend. */
static void
draw_bar (Page *page, const DaySpan *bin)
{
  double y = fill_part (page, bin, -1, GENRES_BOTTOM, get_rest (page, bin));

  for (guint i = page->records->labels->len; i > 0; i--)
    y = fill_part (page, bin, (int) i - 1, y, bin->genres[i - 1]);
}

static void
draw_genres (Page *page)
{
  draw_panel (page, GENRES_TOP, GENRES_BOTTOM, 4,
      "music of each genre, share of each quarter of an hour");
  for (guint i = 0; i < page->bins->len; i++)
    draw_bar (page, page->bins->pdata[i]);
  set_grey (page, 0.25);
  draw_line (page, LEFT, GENRES_BOTTOM, RIGHT, GENRES_BOTTOM);
}

/* The legend of the genres */

/* How many labels of the day have more music than @seconds. */
static guint
count_above (const Page *page, double seconds)
{
  guint n = 0;

  for (guint i = 0; i < page->records->labels->len; i++)
    n += page->total->genres[i] > seconds;
  return n;
}

/* Least seconds of music of a label in the legend, so that they fit. */
static double
get_least (const Page *page, guint n)
{
  double least = 0;

  while (count_above (page, least) > n) {
    double next = G_MAXDOUBLE;

    for (guint i = 0; i < page->records->labels->len; i++)
      if (page->total->genres[i] > least)
        next = MIN (next, page->total->genres[i]);
    least = next;
  }
  return least;
}

/* @share: below 0 for none */
static void
draw_legend_text (Page *page, double y, const char *name, double share)
{
  double x = LEGEND_LEFT + LEGEND_BOX + 8;
  char percent[16] = "";

  set_grey (page, 0);
  if (share >= 0)
    format_percent (percent, sizeof percent, share);
  draw_text (page, LEGEND_RIGHT, y, FIGURE_RIGHT, 0, percent);
  draw_text (
      page, x, y, FIGURE_LEFT, LEGEND_RIGHT - x - (*percent ? 44 : 0), name);
}

static void
draw_legend_label (Page *page, int label, double y, double share)
{
  const char *name = label < 0 ? "no genre"
                               : page->records->labels->pdata[label];

  if (label < 0) {
    figure_hatch (page->figure, LEGEND_LEFT, y - LEGEND_BOX / 2.0, LEGEND_BOX,
        LEGEND_BOX);
  } else {
    cairo_rectangle (
        page->cr, LEGEND_LEFT, y - LEGEND_BOX / 2.0, LEGEND_BOX, LEGEND_BOX);
    figure_fill_label (page->figure, (guint) label);
  }
  draw_legend_text (page, y, name, share);
}

static void
draw_legend (Page *page)
{
  double music = page->total->music, rest = get_rest (page, page->total);
  guint n = count_above (page, 0), n_rows = MAX_LEGEND_ROWS - (rest > 0);
  double least = n > n_rows ? get_least (page, n_rows - 1) : 0;
  double y = GENRES_TOP + 6;
  g_autofree char *more = g_strdup_printf (
      "and %u more", n - count_above (page, least));

  if (music <= 0)
    return;
  set_grey (page, 0);
  figure_text (page->figure, LEGEND_LEFT, GENRES_TOP - 14, FIGURE_LEFT,
      HEADING_SIZE, FALSE, LEGEND_RIGHT - LEGEND_LEFT, "share of the music");
  for (guint i = 0; i < page->records->labels->len; i++) {
    double seconds = page->total->genres[i];

    if (seconds <= least)
      continue;
    draw_legend_label (page, (int) i, y, seconds / music);
    y += LEGEND_ROW;
  }
  if (least > 0) {
    draw_legend_text (page, y, more, -1);
    y += LEGEND_ROW;
  }
  if (rest > 0)
    draw_legend_label (page, -1, y, rest / music);
}

/* Talk */

static void
draw_talk (Page *page)
{
  draw_panel (page, TALK_TOP, TALK_BOTTOM, 2, "talk");
  for (guint i = 0; i < page->bins->len; i++) {
    const DaySpan *bin = page->bins->pdata[i];
    double length = (double) (bin->end - bin->start) / G_USEC_PER_SEC;
    double x1 = round (time_to_x (page, bin->start));
    double x2 = round (time_to_x (page, bin->end));
    double h = (TALK_BOTTOM - TALK_TOP) * MIN (bin->speech / length, 1);

    cairo_rectangle (page->cr, x1, TALK_BOTTOM - h, x2 - x1, h);
    set_grey (page, 0.6);
    cairo_fill (page->cr);
  }
  set_grey (page, 0.25);
  draw_line (page, LEFT, TALK_BOTTOM, RIGHT, TALK_BOTTOM);
}

/* States */

static void
fill_state (
    Page *page, StationState state, double x, double y, double w, double h)
{
  const Look *look = &looks[state];

  cairo_rectangle (page->cr, x, y, w, h);
  cairo_set_source_rgb (page->cr, look->r, look->g, look->b);
  cairo_fill (page->cr);
}

static void
draw_state (Page *page, const HistoryState *state)
{
  const Look *look = &looks[state->state];
  double x1 = time_to_x (page, state->start);
  double x2 = time_to_x (page, MIN (state->end, page->records->until));

  if (!look->name || x2 <= x1)
    return;
  /* a loss is seen, however short it was */
  if (state->state == STATE_LOST)
    x2 = MAX (x2, x1 + 1.5);
  fill_state (
      page, state->state, x1, STATES_TOP, x2 - x1, STATES_BOTTOM - STATES_TOP);
}

/* The name of the state in its part of the band, if there is room. */
static void
draw_state_name (Page *page, const HistoryState *state)
{
  const Look *look = &looks[state->state];
  double x1 = time_to_x (page, state->start);
  double x2 = time_to_x (page, MIN (state->end, page->records->until));

  if (!look->name ||
      figure_text_width (page->figure, TEXT_SIZE, FALSE, look->name) + 8 >
          x2 - x1)
    return;
  set_grey (page, look->light ? 0 : 1);
  draw_text (page, (x1 + x2) / 2, (STATES_TOP + STATES_BOTTOM) / 2.0,
      FIGURE_CENTRE, 0, look->name);
}

/* Those of the states that are in the picture, one below the other. */
static void
draw_states_legend (Page *page, gboolean has_gaps)
{
  static const StationState order[] = { STATE_MUSIC, STATE_TALK, STATE_SILENT,
    STATE_LOST, STATE_CONNECTED };
  double y = TALK_TOP + 6;

  for (guint i = 0; i < G_N_ELEMENTS (order); i++) {
    gboolean is_there = FALSE;

    for (guint k = 0; k < page->records->states->len; k++)
      is_there |=
          ((const HistoryState *) page->records->states->pdata[k])->state ==
          order[i];
    if (!is_there)
      continue;
    fill_state (page, order[i], LEGEND_LEFT, y - LEGEND_BOX / 2.0, LEGEND_BOX,
        LEGEND_BOX);
    draw_legend_text (page, y, looks[order[i]].name, -1);
    y += LEGEND_ROW;
  }
  if (!has_gaps)
    return;
  figure_hatch (
      page->figure, LEGEND_LEFT, y - LEGEND_BOX / 2.0, LEGEND_BOX, LEGEND_BOX);
  draw_legend_text (page, y, "not recorded", -1);
}

/* What no state covers is hatched; gives whether there is such a time.  Of the last
 * minute nobody can tell yet. */
static gboolean
draw_gaps (Page *page)
{
  const GPtrArray *states = page->records->states;
  double x = LEFT;
  gboolean has_gaps = FALSE;

  for (guint i = 0; i <= states->len; i++) {
    const HistoryState *state = i < states->len ? states->pdata[i] : NULL;
    double next = time_to_x (page, state ? state->start : page->records->until);

    if (next - x > LEAST_GAP) {
      has_gaps = TRUE;
      figure_hatch (
          page->figure, x, STATES_TOP, next - x, STATES_BOTTOM - STATES_TOP);
    }
    if (state)
      x = MAX (x, time_to_x (page, state->end));
  }
  return has_gaps;
}

static void
draw_states (Page *page)
{
  const GPtrArray *states = page->records->states;
  gboolean has_gaps;

  set_grey (page, 0);
  figure_text (page->figure, LEFT, STATES_TOP - 14, FIGURE_LEFT, HEADING_SIZE,
      FALSE, RIGHT - LEFT, "state of the station");
  has_gaps = draw_gaps (page);
  for (guint i = 0; i < states->len; i++)
    draw_state (page, states->pdata[i]);
  for (guint i = 0; i < states->len; i++)
    draw_state_name (page, states->pdata[i]);
  set_grey (page, 0.25);
  draw_line (page, LEFT, STATES_BOTTOM, RIGHT, STATES_BOTTOM);
  draw_states_legend (page, has_gaps);
}

/* The whole */

/* The marks of the hours at all panels; an hour that the clock shows twice is there
 * twice. */
static void
draw_hours (Page *page)
{
  const Day *day = page->records->day;
  g_autofree char *clock = day_describe_clock (day);
  g_autofree char *caption = g_strconcat ("hour, ", clock, NULL);
  gint64 time = day->start;

  for (gboolean is_last = FALSE; !is_last;
       time = day_get_next_hour (day, time)) {
    double x = time_to_x (page, time);
    g_autofree char *text = NULL;

    is_last = time >= day->end;
    text = is_last ? g_strdup ("24") : day_format (day, time, "%-H");
    set_grey (page, 0.25);
    draw_line (page, x, GENRES_BOTTOM, x, GENRES_BOTTOM + 3);
    draw_line (page, x, TALK_BOTTOM, x, TALK_BOTTOM + 3);
    draw_line (page, x, STATES_BOTTOM, x, STATES_BOTTOM + 5);
    set_grey (page, 0);
    draw_text (page, x, STATES_BOTTOM + 15, FIGURE_CENTRE, 0, text);
  }
  figure_text (page->figure, (LEFT + RIGHT) / 2.0, STATES_BOTTOM + 36,
      FIGURE_CENTRE, HEADING_SIZE, FALSE, 0, caption);
}

static void
append_share (const Page *page, GString *text, const char *name, double seconds)
{
  double length = (double) (page->total->end - page->total->start) /
      G_USEC_PER_SEC;
  char percent[16];

  if (seconds < 1)
    return;
  format_percent (percent, sizeof percent, seconds / length);
  g_string_append_printf (
      text, "%s%s %s", text->len ? "   " : "", name, percent);
}

/* "music 74 %   talk 12 %   ..." of the day so far; free with g_free(). */
static char *
describe (const Page *page)
{
  const DaySpan *total = page->total;
  GString *text = g_string_new (NULL);

  if (page->records->titles->len == 0 && page->records->states->len == 0)
    g_string_append (text, "There is no record of this day.");
  append_share (page, text, "music", total->music);
  append_share (page, text, "talk", total->speech);
  append_share (page, text, "silence", total->silence);
  append_share (page, text, "not connected", total->lost);
  if (text->len > 0 && total->n_titles > 0)
    g_string_append_printf (text, "   %u title%s", total->n_titles,
        total->n_titles == 1 ? "" : "s");
  return g_string_free (text, FALSE);
}

static void
draw_page (Page *page, const char *date, const char *description)
{
  set_grey (page, 0);
  figure_text (page->figure, LEFT, 24, FIGURE_LEFT, TITLE_SIZE, TRUE,
      LEGEND_RIGHT - LEFT, page->records->name);
  figure_text (page->figure, LEFT, 47, FIGURE_LEFT, HEADING_SIZE, FALSE,
      LEGEND_RIGHT - LEFT, date);
  set_grey (page, 0.3);
  figure_text (page->figure, LEFT, 66, FIGURE_LEFT, TEXT_SIZE, FALSE,
      LEGEND_RIGHT - LEFT, description);
  draw_genres (page);
  draw_legend (page);
  draw_talk (page);
  draw_states (page);
  draw_hours (page);
}

static void
page_clear (Page *page)
{
  g_clear_pointer (&page->bins, g_ptr_array_unref);
  g_clear_pointer (&page->total, day_span_free);
  g_clear_pointer (&page->figure, figure_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Page, page_clear)

static void
page_measure (Page *page)
{
  const Day *day = page->records->day;

  page->bins = g_ptr_array_new_with_free_func ((GDestroyNotify) day_span_free);
  for (gint64 time = day->start; time < day->end; time += BIN)
    g_ptr_array_add (page->bins,
        day_records_measure (page->records, time, MIN (time + BIN, day->end)));
  page->total = day_records_measure (
      page->records, day->start, MAX (page->records->until, day->start + 1));
}

gboolean
dayplot_save (const DayRecords *records, const char *path, GError **error)
{
  g_auto (Page) page = { .records = records };
  g_autofree char *date = day_describe_date (records->day);
  g_autofree char *title = g_strdup_printf ("%s, %s", records->name, date);
  g_autofree char *description = NULL;

  if (!figure_check_path (path, error))
    return FALSE;
  page_measure (&page);
  description = describe (&page);
  page.figure = figure_new (path, WIDTH, HEIGHT);
  page.cr = page.figure->cr;
  draw_page (&page, date, description);
  return figure_save (page.figure, path, title, description, error);
}
