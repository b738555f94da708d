/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "table.h"

#include <stdio.h>
#include <string.h>

#include "celltext.h"
#include "tablerow.h"
#include "terminal.h"

/* All rows are written again after so long, in case that someone else (wall, the
 * kernel) has printed something. */
#define REFRESH_INTERVAL (15 * G_USEC_PER_SEC)
#define MAX_COLUMNS 1000

/* Frames that a terminal knows to show at once, others ignore that. */
#define BEGIN_FRAME "\033[?2026h"
#define END_FRAME "\033[?2026l"

#define REVERSE "\033[7m"
#define PLAIN "\033[0m"

typedef enum
{
  SORT_LIST,
  SORT_STATE,
  SORT_GENRE,
  N_SORTS
} Sort;

struct _Table
{
  Terminal *terminal;
  gboolean utf8, has_colours;
  GPtrArray *rows; /* (element-type char *): as the screen has them */
  gint64 refreshed;
  char *message;       /* or NULL */
  gint64 message_time; /* 0: it was not drawn yet */
  /* of the last frame */
  guint n_stations, n_visible;
  guint top; /* the first station that is shown */
  Sort sort;
  /* of an escape sequence that was typed: 0, ESC, '[' or 'O', and its number */
  char key_state;
  guint key_number;
};

static const char *const sort_names[N_SORTS] = { "", "by state", "by genre" };

Table *
table_new (int fd)
{
  Terminal *terminal = terminal_new (fd);
  const char *no_color = g_getenv ("NO_COLOR");
  Table *table;

  if (!terminal)
    return NULL;
  table = g_new0 (Table, 1);
  table->terminal = terminal;
  table->utf8 = g_get_charset (NULL);
  table->has_colours = !no_color || !*no_color;
  table->rows = g_ptr_array_new_with_free_func (g_free);
  return table;
}

void
table_free (Table *table)
{
  if (!table)
    return;
  terminal_free (table->terminal);
  g_ptr_array_unref (table->rows);
  g_free (table->message);
  g_free (table);
}

void
table_restore_terminal (void)
{
  terminal_restore ();
}

int
table_get_fd (const Table *table)
{
  return terminal_get_fd (table->terminal);
}

void
table_show_message (Table *table, const char *message)
{
  g_free (table->message);
  table->message = message && *message ? g_strdup (message) : NULL;
  table->message_time = 0;
}

/* Appends @part, of ASCII, or leaves it out if it does not fit in. */
static void
append_part (GString *line, gsize width, const char *part)
{
  if (line->len + strlen (part) <= width)
    g_string_append (line, part);
}

/* Where @view is counted: whoever waits for the next attempt after a loss is lost. */
static StationState
get_counted_state (const StationView *view)
{
  if (view->state == STATE_WAITING)
    return view->reason ? STATE_LOST : STATE_CONNECTING;
  return view->state;
}

/* "28 music, 6 talk", as much of it as fits in */
static void
append_states (GString *line, gsize width, const StationView *views, guint n)
{
  static const StationState order[] = { STATE_MUSIC, STATE_TALK, STATE_LOST,
    STATE_SILENT, STATE_CONNECTING, STATE_CONNECTED };
  guint counts[N_STATES] = { 0 };
  const char *separator = "";

  for (guint i = 0; i < n; i++)
    counts[get_counted_state (&views[i])]++;
  for (guint i = 0; i < G_N_ELEMENTS (order); i++) {
    g_autofree char *part = g_strdup_printf ("%s%u %s", separator,
        counts[order[i]], station_state_to_string (order[i]));

    if (counts[order[i]] == 0)
      continue;
    append_part (line, width, part);
    separator = ", ";
  }
}

/* (transfer full): the order, which stations are on the screen, and the time */
static char *
make_position (const Table *table, guint n_columns, gint64 now)
{
  g_autoptr (GDateTime)
      time = g_date_time_new_from_unix_local (now / G_USEC_PER_SEC);
  g_autofree char *clock = time ? g_date_time_format (time, "%H:%M:%S") : NULL;
  GString *position = g_string_new (NULL);

  if (table->sort != SORT_LIST)
    g_string_append_printf (position, "%s   ", sort_names[table->sort]);
  if (table->n_stations > table->n_visible)
    g_string_append_printf (position, "%u-%u%s%u   ", table->top + 1,
        table->top + table->n_visible, n_columns < 64 ? "/" : " of ",
        table->n_stations);
  g_string_append (position, clock ? clock : "");
  return g_string_free (position, FALSE);
}

/* (transfer full): "40 stations: 28 music, 6 talk, 2 lost   1204 titles", or as much
 * of it as fits in, and the position at the end.  It is ASCII: a character is a
 * column. */
static char *
make_summary (const Table *table, const RowLayout *layout,
    const StationView *views, guint n, gint64 now)
{
  g_autofree char *position = make_position (table, layout->n_columns, now),
                  *titles = NULL;
  g_autoptr (GString) line = g_string_new (NULL);
  gsize width = strlen (position) + 5; /* and spaces */
  guint64 n_titles = 0;

  width = layout->n_columns > width ? layout->n_columns - width : 0;
  for (guint i = 0; i < n; i++)
    n_titles += views[i].n_titles;
  titles = g_strdup_printf ("   %" G_GUINT64_FORMAT " %s", n_titles,
      n_titles == 1 ? "title" : "titles");
  if (layout->n_columns >= 80)
    g_string_append_printf (
        line, "%u %s%s", n, n == 1 ? "station" : "stations", n > 0 ? ": " : "");
  append_states (line, width, views, n);
  append_part (line, width, titles);
  append_part (line, width, "   q quit, s sort");
  return g_strdup_printf (PLAIN REVERSE "\033[1G %-*.*s   %s ", (int) width,
      (int) width, line->str, position);
}

/* (transfer full) */
static char *
make_message (Table *table, const RowLayout *layout, gint64 now)
{
  g_autoptr (GDateTime) time = NULL;
  g_autofree char *clock = NULL, *text = NULL;
  GString *row = g_string_new (PLAIN);

  if (table->message_time == 0)
    table->message_time = now;
  time = g_date_time_new_from_unix_local (table->message_time / G_USEC_PER_SEC);
  clock = time ? g_date_time_format (time, "%H:%M:%S") : NULL;
  text = g_strdup_printf ("%s %s", clock ? clock : "", table->message);
  g_string_append (row, "\033[1G ");
  celltext_append (row, text, layout->n_columns > 2 ? layout->n_columns - 2 : 0,
      table->utf8);
  g_string_append (row, "\033[K");
  return g_string_free (row, FALSE);
}

/* ---- The order of the stations. ---- */

static int
compare_views (gconstpointer a, gconstpointer b, gpointer user_data)
{
  /* what may need somebody comes first */
  static const guint ranks[N_STATES] = { [STATE_LOST] = 0,
    [STATE_WAITING] = 1,
    [STATE_SILENT] = 2,
    [STATE_CONNECTING] = 3,
    [STATE_CONNECTED] = 4,
    [STATE_TALK] = 5,
    [STATE_MUSIC] = 6 };
  const StationView *x = *(const StationView *const *) a;
  const StationView *y = *(const StationView *const *) b;
  const Sort *sort = user_data;
  int result = 0;

  if (*sort == SORT_STATE)
    result = (int) ranks[x->state] - (int) ranks[y->state];
  else if (x->genre && y->genre)
    result = strcmp (x->genre, y->genre);
  else
    result = (x->genre == NULL) - (y->genre == NULL);
  /* as in the list */
  return result != 0 ? result : (x > y) - (x < y);
}

/* (transfer container) (element-type StationView) */
static GPtrArray *
sort_views (Table *table, const StationView *views, guint n)
{
  GPtrArray *sorted = g_ptr_array_sized_new (n);

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (sorted, (gpointer) &views[i]);
  if (table->sort != SORT_LIST)
    g_ptr_array_sort_with_data (sorted, compare_views, &table->sort);
  return sorted;
}

/* ---- Frames. ---- */

/* Takes @text, and adds it to @frame unless the screen has it. */
static void
add_row (Table *table, GString *frame, guint row, char *text)
{
  char **old = (char **) &g_ptr_array_index (table->rows, row);

  if (g_strcmp0 (*old, text) != 0)
    g_string_append_printf (frame, "\033[%u;1H%s", row + 1, text);
  g_free (*old);
  *old = text;
}

/* Rows of stations that fit in. */
static guint
get_body_height (const Table *table, const RowLayout *layout)
{
  guint others = 2 + (table->message != NULL);

  return layout->n_rows > others ? layout->n_rows - others : 0;
}

static void
scroll_to (Table *table, gint64 top)
{
  gint64 last = (gint64) table->n_stations - table->n_visible;

  table->top = CLAMP (top, 0, MAX (last, 0));
}

static void
add_body (Table *table, GString *frame, const RowLayout *layout,
    const StationView *views, guint n, gint64 now)
{
  g_autoptr (GPtrArray) sorted = sort_views (table, views, n);
  const guint height = get_body_height (table, layout);

  for (guint i = 0; i < height; i++) {
    guint index = table->top + i;

    if (index < n)
      add_row (table, frame, 1 + i,
          tablerow_make (layout, g_ptr_array_index (sorted, index), now));
    else
      add_row (table, frame, 1 + i,
          g_strdup (n == 0 && i == 0 && layout->n_columns > 20
                  ? PLAIN " no stations\033[K"
                  : PLAIN "\033[K"));
  }
}

static void
add_rows (Table *table, GString *frame, const RowLayout *layout,
    const StationView *views, guint n, gint64 now)
{
  const guint last = layout->n_rows - 1;

  add_row (table, frame, 0, tablerow_make (layout, NULL, now));
  add_body (table, frame, layout, views, n, now);
  if (table->message && last >= 1)
    add_row (table, frame, last, make_message (table, layout, now));
  if (last >= 1 + (table->message != NULL))
    add_row (table, frame, last - (table->message != NULL),
        make_summary (table, layout, views, n, now));
}

void
table_draw (Table *table, const StationView *views, guint n, gint64 now)
{
  g_autoptr (GString) frame = g_string_new (BEGIN_FRAME);
  RowLayout layout = { .utf8 = table->utf8, .has_colours = table->has_colours };
  TerminalState state = terminal_prepare (
      table->terminal, &layout.n_columns, &layout.n_rows);

  if (state == TERMINAL_BUSY)
    return;
  layout.n_columns = MIN (layout.n_columns, MAX_COLUMNS);
  if (state == TERMINAL_EMPTY || now < table->refreshed ||
      now - table->refreshed >= REFRESH_INTERVAL) {
    g_ptr_array_set_size (table->rows, 0);
    table->refreshed = now;
  }
  g_ptr_array_set_size (table->rows, layout.n_rows);
  table->n_stations = n;
  table->n_visible = MIN (n, get_body_height (table, &layout));
  scroll_to (table, table->top);
  tablerow_lay_out (&layout, views, n);
  add_rows (table, frame, &layout, views, n, now);
  if (frame->len == strlen (BEGIN_FRAME))
    return;
  g_string_append (frame, PLAIN END_FRAME);
  terminal_write (table->terminal, frame);
}

/* ---- Keys. ---- */

/* @key: a character, or the last one of an escape sequence; @number: as in ESC [ 5 ~ */
static void
handle_special_key (Table *table, char key, guint number)
{
  const gint64 top = table->top, page = MAX (table->n_visible, 2) - 1;

  if (key == 'A')
    scroll_to (table, top - 1);
  else if (key == 'B')
    scroll_to (table, top + 1);
  else if (key == 'H' || (key == '~' && (number == 1 || number == 7)))
    scroll_to (table, 0);
  else if (key == 'F' || (key == '~' && (number == 4 || number == 8)))
    scroll_to (table, G_MAXUINT);
  else if (key == '~' && number == 5)
    scroll_to (table, top - page);
  else if (key == '~' && number == 6)
    scroll_to (table, top + page);
}

/* FALSE to quit */
static gboolean
handle_plain_key (Table *table, char key)
{
  switch (key) {
    case 'q':
    case 'Q':
      return FALSE;
    case 'k':
      handle_special_key (table, 'A', 0);
      break;
    case 'j':
      handle_special_key (table, 'B', 0);
      break;
    case 'g':
      handle_special_key (table, 'H', 0);
      break;
    case 'G':
      handle_special_key (table, 'F', 0);
      break;
    case ' ':
      handle_special_key (table, '~', 6);
      break;
    case 's':
      table->sort = (table->sort + 1) % N_SORTS;
      scroll_to (table, 0);
      break;
    case 'L' & 0x1f: /* Ctrl-L */
      table->refreshed = G_MAXINT64;
      break;
  }
  return TRUE;
}

/* One byte of what was typed; an escape sequence may come in pieces.  FALSE to quit */
static gboolean
handle_byte (Table *table, char c)
{
  if (c == '\033') {
    table->key_state = c;
  } else if (table->key_state == '\033' && (c == '[' || c == 'O')) {
    table->key_state = c;
    table->key_number = 0;
  } else if (table->key_state == '[' && c >= 0x20 && c < 0x40) {
    if (g_ascii_isdigit (c))
      table->key_number = MIN (table->key_number, 1000) * 10 + c - '0';
  } else if (table->key_state == '[' || table->key_state == 'O') {
    table->key_state = 0;
    handle_special_key (table, c, table->key_number);
  } else {
    table->key_state = 0;
    return handle_plain_key (table, c);
  }
  return TRUE;
}

gboolean
table_handle_input (Table *table)
{
  char buffer[256];
  gssize n = terminal_read (table->terminal, buffer, sizeof buffer);

  for (gssize i = 0; i < n; i++)
    if (!handle_byte (table, buffer[i]))
      return FALSE;
  return n >= 0;
}
