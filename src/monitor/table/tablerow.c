/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tablerow.h"

#include <math.h>
#include <string.h>

#include "celltext.h"

#define BOLD "\033[1m"
#define DIM "\033[2m"
#define REVERSE "\033[7m"
#define RED "\033[31m"
#define GREEN "\033[32m"
#define YELLOW "\033[33m"
#define CYAN "\033[36m"
#define PLAIN "\033[0m"

/* ---- Where the columns are. ---- */

/* The widest name, which is the same all the time: columns that follow what is on the
 * air would jump. */
static guint
get_name_width (const RowLayout *layout, const StationView *views, guint n)
{
  const guint max = CLAMP (layout->n_columns / 6, 16, 40);
  guint width = 8;

  for (guint i = 0; i < n && width < max; i++)
    width = MAX (width, celltext_get_width (views[i].name, layout->utf8));
  return MIN (width, max);
}

/* Columns that are there only if the terminal is wide enough. */
static void
choose_cells (RowLayout *layout)
{
  static const struct
  {
    CellKind kind;
    guint width, least_columns;
  } cells[] = {
    { CELL_GENRE, 10, 64 },
    { CELL_CONFIDENCE, 5, 72 },
    { CELL_TIME, 7, 96 },
    { CELL_SHARES, 12, 136 },
    { CELL_N_TITLES, 6, 160 },
    { CELL_N_LOSSES, 6, 160 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cells); i++)
    if (layout->n_columns >= cells[i].least_columns)
      layout->widths[cells[i].kind] = cells[i].width;
  layout->widths[CELL_STATE] = layout->n_columns >= 64 ? 11 : 7;
  if (layout->n_columns >= 110)
    layout->widths[CELL_GENRE] = 14;
  if (layout->n_columns >= 180)
    layout->widths[CELL_SHARES] = 20;
}

/* Gives name, artist and title what the other cells leave. */
static void
share_width (RowLayout *layout, guint name_width)
{
  const gboolean has_artist = layout->n_columns >= 150;
  guint used = 1, n_cells = has_artist ? 3 : 2, left;

  for (guint i = 0; i < N_CELLS; i++) {
    used += layout->widths[i];
    n_cells += layout->widths[i] > 0;
  }
  used += (n_cells - 1) * layout->gap;
  /* the last column stays free; see draw_cells() */
  left = layout->n_columns > used + 1 ? layout->n_columns - used - 1 : 0;
  layout->widths[CELL_NAME] = MIN (name_width, left * 2 / 5);
  left -= layout->widths[CELL_NAME];
  if (has_artist) {
    layout->widths[CELL_ARTIST] = MIN (left * 2 / 5, 40);
    left -= layout->widths[CELL_ARTIST];
    layout->widths[CELL_TITLE] = MIN (left, 80);
  } else {
    layout->widths[CELL_ON_AIR] = left;
  }
}

void
tablerow_lay_out (RowLayout *layout, const StationView *views, guint n)
{
  guint start = 1;

  layout->gap = layout->n_columns < 100 ? 1 : 2;
  choose_cells (layout);
  share_width (layout, get_name_width (layout, views, n));
  for (guint i = 0; i < N_CELLS; i++) {
    layout->starts[i] = start;
    if (layout->widths[i] > 0)
      start += layout->widths[i] + layout->gap;
  }
}

/* ---- Cells. ---- */

/* "5s", "12m", "3h" or "2d": (transfer full) */
static char *
format_age (gint64 age)
{
  const gint64 s = MAX (age, 0) / G_USEC_PER_SEC;

  if (s < 60)
    return g_strdup_printf ("%ds", (int) s);
  if (s < 3600)
    return g_strdup_printf ("%dm", (int) (s / 60));
  if (s < 86400)
    return g_strdup_printf ("%dh", (int) (s / 3600));
  return g_strdup_printf ("%dd", (int) MIN (s / 86400, 9999));
}

/* "3:05" or "1:03:05": (transfer full) */
static char *
format_duration (gint64 duration)
{
  const gint64 s = CLAMP (duration / G_USEC_PER_SEC, 0, 99 * 3600);

  if (s < 3600)
    return g_strdup_printf ("%d:%02d", (int) (s / 60), (int) (s % 60));
  return g_strdup_printf (
      "%d:%02d:%02d", (int) (s / 3600), (int) (s / 60 % 60), (int) (s % 60));
}

static gboolean
is_good (StationState state)
{
  return state == STATE_MUSIC || state == STATE_TALK;
}

static gboolean
is_connected (StationState state)
{
  return state != STATE_LOST && state != STATE_WAITING &&
      state != STATE_CONNECTING;
}

/* "music", or "lost 12m": (transfer full).  Waiting is what one does who has lost. */
static char *
format_state (const StationView *view, guint width, gint64 now)
{
  const char *word = station_state_to_string (view->state);
  g_autofree char *age = format_age (now - view->since);

  if (width < strlen (word))
    word = view->state == STATE_CONNECTING ? "joining" : "joined";
  if (is_good (view->state) || view->since <= 0 ||
      strlen (word) + 1 + strlen (age) > width)
    return g_strdup (word);
  return g_strdup_printf ("%s %s", word, age);
}

static const char *
get_state_style (const RowLayout *layout, StationState state)
{
  static const char *const styles[N_STATES] = { RED, DIM, DIM, BOLD RED, YELLOW,
    CYAN, GREEN };

  if (layout->has_colours)
    return styles[state];
  return state == STATE_LOST ? BOLD : "";
}

/* (transfer full), or NULL */
static char *
format_on_air (const StationView *view)
{
  if (!is_connected (view->state))
    return g_strdup (view->reason);
  if (view->artist && *view->artist && view->title && *view->title)
    return g_strdup_printf ("%s - %s", view->artist, view->title);
  return g_strdup (view->title && *view->title ? view->title : view->artist);
}

/* As a probability or a share, whatever a model or a division gives. */
static double
limit (double value)
{
  return fmin (fmax (value, 0), 1); /* 0 for NaN */
}

/* What is on the air; a reason takes the place of the title. */
static char *
format_text (const StationView *view, CellKind kind, guint width, gint64 now)
{
  const gboolean is_on_air = is_connected (view->state);

  switch (kind) {
    case CELL_NAME:
      /* of which nothing may be left */
      return g_strdup (view->name && celltext_get_width (view->name, TRUE) > 0
              ? view->name
              : view->id);
    case CELL_STATE:
      return format_state (view, width, now);
    case CELL_ON_AIR:
      return format_on_air (view);
    case CELL_ARTIST:
      return g_strdup (is_on_air ? view->artist : NULL);
    case CELL_TITLE:
      return g_strdup (is_on_air ? view->title : view->reason);
    case CELL_TIME:
      return is_on_air && view->title_start > 0
          ? format_duration (now - view->title_start)
          : NULL;
    case CELL_GENRE:
      return g_strdup (is_on_air ? view->genre : NULL);
    case CELL_CONFIDENCE:
      return is_on_air && view->genre
          ? g_strdup_printf ("%.0f %%", 100 * limit (view->confidence))
          : NULL;
    case CELL_N_TITLES:
      return g_strdup_printf ("%" G_GUINT64_FORMAT, view->n_titles);
    case CELL_N_LOSSES:
      return view->n_losses > 0
          ? g_strdup_printf ("%" G_GUINT64_FORMAT, view->n_losses)
          : NULL;
    default:
      return NULL;
  }
}

/* Of numbers, which end in the same column. */
static gboolean
is_right_aligned (CellKind kind)
{
  return kind == CELL_TIME || kind == CELL_CONFIDENCE ||
      kind == CELL_N_TITLES || kind == CELL_N_LOSSES;
}

static void
append_text (const RowLayout *layout, GString *row, CellKind kind,
    const char *text, guint width)
{
  guint used = text && is_right_aligned (kind) ? strlen (text) : width;

  if (used < width)
    g_string_append_printf (row, "%*s", (int) (width - used), "");
  celltext_append (row, text, MIN (used, width), layout->utf8);
}

static void
append_repeated (GString *row, const char *text, guint n)
{
  while (n-- > 0)
    g_string_append (row, text);
}

/* "█████▒▒░": music, talk and silence; what is left is noise. */
static void
append_shares (
    const RowLayout *layout, GString *row, const StationView *view, guint width)
{
  static const char *const blocks[] = { "█", "▒", "░" };
  static const char *const letters[] = { "#", "=", "." };
  static const StationState states[] = { STATE_MUSIC, STATE_TALK,
    STATE_SILENT };
  const double shares[] = { view->music, view->speech, view->silence };
  double sum = 0;
  guint end = 0;

  for (guint i = 0; i < G_N_ELEMENTS (shares); i++) {
    guint start = end;

    sum += limit (shares[i]);
    end = MIN (width, (guint) lrint (sum * width));
    if (end > start)
      g_string_append (row, get_state_style (layout, states[i]));
    append_repeated (row, layout->utf8 ? blocks[i] : letters[i], end - start);
  }
  g_string_append (row, PLAIN);
  append_repeated (row, " ", width - end);
}

static const char *
get_cell_style (const RowLayout *layout, const StationView *view, CellKind kind)
{
  if (kind == CELL_STATE)
    return get_state_style (layout, view->state);
  if (!layout->has_colours)
    return "";
  if (kind == CELL_NAME && !is_connected (view->state))
    return DIM;
  if ((kind == CELL_TITLE || kind == CELL_ON_AIR) &&
      !is_connected (view->state))
    return DIM;
  return "";
}

static void
append_cell (const RowLayout *layout, GString *row, const StationView *view,
    CellKind kind, guint width, gint64 now)
{
  g_autofree char *text = NULL;

  if (kind == CELL_SHARES && is_connected (view->state)) {
    append_shares (layout, row, view, width);
  } else {
    text = format_text (view, kind, width, now);
    append_text (layout, row, kind, text, width);
  }
}

static const char *
get_header (const RowLayout *layout, CellKind kind, guint width)
{
  static const char *const headers[N_CELLS] = { "station", "state",
    "on the air", "artist", "title", "for", "genre", "", "", "titles",
    "losses" };

  if (kind != CELL_SHARES)
    return headers[kind];
  if (!layout->utf8)
    return width >= 20 ? "#music =talk .silent" : "#music =talk";
  return width >= 20 ? "█music ▒talk ░silent" : "█music ▒talk";
}

/* The gap is written with the cell that follows, at a column that is given in figures:
 * where a terminal finds a character wider or narrower than we do, the error ends
 * with the cell.  The last column is not written to, as the cursor would stay in it,
 * and what wipes the rest of the line would wipe it. */
static void
start_cell (GString *row, const RowLayout *layout, CellKind kind)
{
  const guint gap = layout->starts[kind] > 1 ? layout->gap : 1;

  g_string_append_printf (
      row, "\033[%uG%*s", layout->starts[kind] + 1 - gap, (int) gap, "");
}

char *
tablerow_make (const RowLayout *layout, const StationView *view, gint64 now)
{
  GString *row = g_string_new (PLAIN);

  for (guint kind = 0; kind < N_CELLS; kind++) {
    const guint width = layout->widths[kind];
    const char *style = view ? get_cell_style (layout, view, kind) : BOLD;

    if (width == 0)
      continue;
    start_cell (row, layout, kind);
    g_string_append (row, style);
    if (view)
      append_cell (layout, row, view, kind, width, now);
    else
      append_text (layout, row, kind, get_header (layout, kind, width), width);
    if (*style)
      g_string_append (row, PLAIN);
  }
  g_string_append (row, "\033[K");
  return g_string_free (row, FALSE);
}
