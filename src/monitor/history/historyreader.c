/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "historyreader.h"

#include "historyfile.h"

struct _HistoryReader
{
  char *path;
  sqlite3 *db;
};

static const char stations_sql[] = //
    "SELECT id, name FROM stations ORDER BY name COLLATE NOCASE, id";
/* Titles of a station follow each other, so only the last one that has begun before the
 * time can reach into it. */
static const char titles_sql[] = //
    "SELECT start, end, ended, seconds, title, artist, stream_title, genre,"
    " confidence, probabilities, tags, music, speech, silence, model,"
    " continues"
    " FROM titles WHERE station = ?1 AND start < ?3 AND start >= coalesce("
    "(SELECT max(start) FROM titles WHERE station = ?1 AND start <= ?2), ?2)"
    " AND (end > ?2 OR start >= ?2) ORDER BY start, id";
static const char states_sql[] = //
    "SELECT time, state, reason, runs.end"
    " FROM states LEFT JOIN runs ON runs.id = states.run"
    " WHERE station = ?1 AND time < ?3 AND time >= coalesce("
    "(SELECT max(time) FROM states WHERE station = ?1 AND time <= ?2), ?2)"
    " ORDER BY time, states.id";

static gboolean
set_error (HistoryReader *reader, GError **error)
{
  return history_file_set_error (reader->path, reader->db, "read", error);
}

HistoryReader *
history_reader_open (const char *path, GError **error)
{
  g_autoptr (HistoryReader) reader = g_new0 (HistoryReader, 1);

  reader->path = g_canonicalize_filename (path, NULL);
  reader->db = history_file_open (reader->path, FALSE, error);
  if (!reader->db)
    return NULL;
  /* one transaction, which begins with the first row that is read */
  if (sqlite3_exec (reader->db,
          "PRAGMA query_only = 1; BEGIN; SELECT count(*) FROM sqlite_schema",
          NULL, NULL, NULL) != SQLITE_OK) {
    set_error (reader, error);
    return NULL;
  }
  return g_steal_pointer (&reader);
}

void
history_reader_close (HistoryReader *reader)
{
  if (!reader)
    return;
  sqlite3_close (reader->db);
  g_free (reader->path);
  g_free (reader);
}

static void
station_free (gpointer data)
{
  HistoryStation *station = data;

  g_free (station->id);
  g_free (station->name);
  g_free (station);
}

static void
title_free (gpointer data)
{
  HistoryTitle *title = data;

  g_free (title->ended);
  g_free (title->title);
  g_free (title->artist);
  g_free (title->stream_title);
  g_free (title->genre);
  g_free (title->probabilities);
  g_free (title->tags);
  g_free (title->model);
  g_free (title);
}

static void
state_free (gpointer data)
{
  HistoryState *state = data;

  g_free (state->reason);
  g_free (state);
}

/* Free with g_free(); valid UTF-8, whoever has written it. */
static char *
get_text (sqlite3_stmt *statement, int column)
{
  const char *text = (const char *) sqlite3_column_text (statement, column);

  return text ? g_utf8_make_valid (text, -1) : NULL;
}

static gint64
get_time (sqlite3_stmt *statement, int column)
{
  return sqlite3_column_int64 (statement, column) * 1000;
}

static double
get_share (sqlite3_stmt *statement, int column)
{
  return CLAMP (sqlite3_column_double (statement, column), 0, 1);
}

static gpointer
read_station (sqlite3_stmt *statement)
{
  HistoryStation *station = g_new0 (HistoryStation, 1);

  station->id = get_text (statement, 0);
  station->name = get_text (statement, 1);
  return station;
}

static gpointer
read_title (sqlite3_stmt *statement)
{
  HistoryTitle *title = g_new0 (HistoryTitle, 1);

  title->start = get_time (statement, 0);
  /* a clock that was set back gives an end before the start */
  title->end = MAX (get_time (statement, 1), title->start);
  title->ended = get_text (statement, 2);
  title->seconds = MAX (sqlite3_column_double (statement, 3), 0);
  title->title = get_text (statement, 4);
  title->artist = get_text (statement, 5);
  title->stream_title = get_text (statement, 6);
  title->genre = get_text (statement, 7);
  title->confidence = get_share (statement, 8);
  title->probabilities = get_text (statement, 9);
  title->tags = get_text (statement, 10);
  title->music = get_share (statement, 11);
  title->speech = get_share (statement, 12);
  title->silence = get_share (statement, 13);
  title->model = get_text (statement, 14);
  title->continues = sqlite3_column_int (statement, 15) != 0;
  return title;
}

static gpointer
read_state (sqlite3_stmt *statement)
{
  HistoryState *state = g_new0 (HistoryState, 1);
  g_autofree char *name = get_text (statement, 1);

  state->start = get_time (statement, 0);
  state->end = MAX (get_time (statement, 3), state->start);
  for (state->state = N_STATES - 1; state->state > STATE_WAITING;
       state->state--)
    if (g_strcmp0 (station_state_to_string (state->state), name) == 0)
      break;
  state->reason = get_text (statement, 2);
  return state;
}

/* All rows of @sql; @station may be NULL. */
static GPtrArray *
read_rows (HistoryReader *reader, const char *sql, const char *station,
    gint64 from, gint64 to, gpointer (*read) (sqlite3_stmt *),
    GDestroyNotify free_func, GError **error)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func (free_func);
  sqlite3_stmt *statement = NULL;
  gboolean ok = sqlite3_prepare_v2 (reader->db, sql, -1, &statement, NULL) ==
      SQLITE_OK;
  int result = SQLITE_DONE;

  if (ok && station) {
    sqlite3_bind_text (statement, 1, station, -1, SQLITE_STATIC);
    sqlite3_bind_int64 (statement, 2, from / 1000);
    sqlite3_bind_int64 (statement, 3, to / 1000);
  }
  while (ok && (result = sqlite3_step (statement)) == SQLITE_ROW)
    g_ptr_array_add (rows, read (statement));
  ok = (ok && result == SQLITE_DONE) || set_error (reader, error);
  sqlite3_finalize (statement);
  return ok ? g_steal_pointer (&rows) : NULL;
}

GPtrArray *
history_reader_get_stations (HistoryReader *reader, GError **error)
{
  return read_rows (
      reader, stations_sql, NULL, 0, 0, read_station, station_free, error);
}

GPtrArray *
history_reader_get_titles (HistoryReader *reader, const char *station,
    gint64 from, gint64 to, GError **error)
{
  return read_rows (
      reader, titles_sql, station, from, to, read_title, title_free, error);
}

/* Ends each state where the next one begins. */
static void
cut_states (GPtrArray *states, gint64 from, gint64 to)
{
  for (guint i = 0; i < states->len; i++) {
    HistoryState *state = states->pdata[i];

    if (i + 1 < states->len)
      state->end = MIN (
          state->end, ((const HistoryState *) states->pdata[i + 1])->start);
    state->start = MAX (state->start, from);
    state->end = MIN (state->end, to);
  }
  for (guint i = states->len; i > 0; i--) {
    const HistoryState *state = states->pdata[i - 1];

    if (state->end <= state->start)
      g_ptr_array_remove_index (states, i - 1);
  }
}

GPtrArray *
history_reader_get_states (HistoryReader *reader, const char *station,
    gint64 from, gint64 to, GError **error)
{
  GPtrArray *states = read_rows (
      reader, states_sql, station, from, to, read_state, state_free, error);

  if (states)
    cut_states (states, from, to);
  return states;
}
