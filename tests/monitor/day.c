/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A day of the history: when it begins and ends in the local time, which records are
 * of it, how its time was spent, and its picture. */

#include "monitor/history/dayrecords.h"

#include <stdlib.h>
#include <string.h>

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <sqlite3.h>

#include "monitor/history/dayplot.h"
#include "monitor/history/history.h"

#define HOUR (3600 * (gint64) G_USEC_PER_SEC)
#define MINUTE (60 * (gint64) G_USEC_PER_SEC)
/* 2026-11-29 23:00 UTC: midnight in Berlin */
#define MIDNIGHT (G_GINT64_CONSTANT (1795993200) * G_USEC_PER_SEC)
/* of the day after */
#define LATER (MIDNIGHT + 48 * HOUR)

static char *folder;

/* Days */

static Day *
make_day (const char *zone, const char *text)
{
  g_autoptr (GError) error = NULL;
  Day *day;

  g_setenv ("TZ", zone, TRUE);
  day = day_new (text, FALSE, LATER, &error);
  g_assert_no_error (error);
  return day;
}

static void
assert_day (const char *zone, const char *date, const char *start, double hours)
{
  g_autoptr (Day) day = make_day (zone, date);
  g_autofree char *text = record_format_time (day->start);

  g_assert_cmpstr (day->date, ==, date);
  g_assert_cmpstr (text, ==, start);
  g_assert_cmpfloat ((double) (day->end - day->start) / HOUR, ==, hours);
}

static void
test_days (void)
{
  assert_day ("UTC", "2026-11-30", "2026-11-30T00:00:00.000Z", 24);
  assert_day ("Europe/Berlin", "2026-11-30", "2026-11-29T23:00:00.000Z", 24);
  assert_day ("Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00.000Z", 23);
  assert_day ("Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00.000Z", 25);
  /* changed by half an hour */
  assert_day (
      "Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00:00.000Z", 24.5);
  /* 00:00 is left out */
  assert_day (
      "America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00.000Z", 23);
  /* ... and is there twice, on the same day and on two */
  assert_day ("America/Havana", "2026-11-01", "2026-11-01T04:00:00.000Z", 25);
  assert_day (
      "America/Sao_Paulo", "2018-02-17", "2018-02-17T02:00:00.000Z", 25);
  assert_day ("Asia/Kathmandu", "2026-11-30", "2026-11-29T18:15:00.000Z", 24);
}

/* No second is of two days, or of none; and the hours are the whole day. */
static void
test_year (void)
{
  static const char *const zones[] = { "Europe/London", "America/Havana",
    "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Beirut",
    "Africa/Casablanca", "Pacific/Auckland" };

  for (guint i = 0; i < G_N_ELEMENTS (zones); i++) {
    GDate date;
    gint64 end = 0;

    g_date_clear (&date, 1);
    g_date_set_dmy (&date, 1, 1, 2018);
    for (guint n = 0; n < 366; n++, g_date_add_days (&date, 1)) {
      g_autofree char *text = g_strdup_printf ("%04d-%02d-%02d",
          g_date_get_year (&date), g_date_get_month (&date),
          g_date_get_day (&date));
      g_autoptr (Day) day = make_day (zones[i], text);
      gint64 hours = 0, next;

      g_assert_true (n == 0 || day->start == end);
      end = day->end;
      for (gint64 time = day->start; time < day->end; time = next) {
        next = day_get_next_hour (day, time);
        g_assert_true (next > time && next - time <= HOUR);
        hours += next - time;
      }
      g_assert_cmpint (hours, ==, day->end - day->start);
    }
  }
}

static void
test_words (void)
{
  g_autoptr (Day) auckland = make_day ("Pacific/Auckland", "today");
  g_autoptr (Day) none = make_day ("Pacific/Auckland", NULL);
  g_autoptr (Day) hawaii = make_day ("Pacific/Honolulu", "yesterday");
  g_autoptr (Day) utc = day_new ("today", TRUE, LATER, NULL);

  /* it is 23:00 UTC on 1 December */
  g_assert_cmpstr (auckland->date, ==, "2026-12-02");
  g_assert_cmpstr (none->date, ==, "2026-12-02");
  g_assert_cmpstr (hawaii->date, ==, "2026-11-30");
  g_assert_cmpstr (utc->date, ==, "2026-12-01");
}

static void
test_no_days (void)
{
  static const char *const texts[] = { "", "2026", "2026-13-01", "2026-02-29",
    "2026-11-30x", "30.11.2026", "tomorrow", "0000-00-00", "-2026-11-30",
    "2026-1-1-1", "99999-01-01" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (day_new (texts[i], FALSE, LATER, &error));
    g_assert_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
  }
  /* Samoa went over the date line */
  g_setenv ("TZ", "Pacific/Apia", TRUE);
  g_assert_null (day_new ("2011-12-30", FALSE, LATER, NULL));
}

static void
test_clock (void)
{
  g_autoptr (Day) odd = make_day ("Europe/Berlin", "2026-10-25");
  g_autoptr (Day) even = make_day ("Europe/Berlin", "2026-11-30");
  g_autofree char *first = day_format (odd, odd->start + 2 * HOUR, "%H:%M %Z");
  g_autofree char *second = day_format (odd, odd->start + 3 * HOUR, "%H:%M %Z");
  g_autofree char *clock = day_describe_clock (odd);
  g_autofree char *date = day_describe_date (odd);

  g_assert_cmpstr (first, ==, "02:00 CEST");
  g_assert_cmpstr (second, ==, "02:00 CET");
  g_assert_cmpstr (clock, ==, "local time, CEST and then CET");
  g_assert_cmpstr (date, ==, "Sunday, 25 October 2026");
  g_assert_true (day_is_odd (odd));
  g_assert_false (day_is_odd (even));
}

/* Records */

/* A history with one run from @start to @end, and what the SQL @more adds; times in it
 * are minutes after MIDNIGHT. */
static char *
make_history (gint64 start, gint64 end, const char *more)
{
  static guint n;
  char *path = g_strdup_printf ("%s/%u.db", folder, n++);
  g_autofree char *run = g_strdup_printf (
      "DELETE FROM runs; INSERT INTO runs VALUES (1, %" G_GINT64_FORMAT
      ", %" G_GINT64_FORMAT "); INSERT INTO stations VALUES ('a', 'Radio A');",
      start / 1000, end / 1000);
  sqlite3 *db;

  history_close (history_open (path, NULL));
  g_assert_cmpint (sqlite3_open (path, &db), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (db, run, NULL, NULL, NULL), ==, SQLITE_OK);
  if (sqlite3_exec (db, more, NULL, NULL, NULL) != SQLITE_OK)
    g_error ("%s", sqlite3_errmsg (db));
  sqlite3_close (db);
  return path;
}

/* SQL of a title between two minutes; free with g_free(). */
static char *
sql_title (gint64 start, gint64 end, const char *title, const char *genre,
    const char *ended, gboolean continues)
{
  const gint64 base = MIDNIGHT / 1000;

  return g_strdup_printf (
      "INSERT INTO titles (station, run, start, end, ended, continues, seconds,"
      " title, artist, genre, confidence, probabilities, music, speech, silence,"
      " model) VALUES ('a', 1, %" G_GINT64_FORMAT ", %" G_GINT64_FORMAT
      ", '%s', %d, %" G_GINT64_FORMAT ", '%s', 'Artist', %s%s%s, 0.9,"
      " '{\"jazz\":0.1,\"rock\":0.9}', 0.8, 0.1, 0.05, 'crnn 5');",
      base + start * 60000, base + end * 60000, ended, continues,
      (end - start) * 60, title, genre ? "'" : "", genre ? genre : "NULL",
      genre ? "'" : "");
}

static char *
sql_state (gint64 time, const char *state)
{
  return g_strdup_printf (
      "INSERT INTO states (station, run, time, state) VALUES ('a', 1,"
      " %" G_GINT64_FORMAT ", '%s');",
      MIDNIGHT / 1000 + time * 60000, state);
}

/* @parts: (transfer full): SQL, NULL-terminated */
static DayRecords *
read_day (const Day *day, gint64 run_end, char **parts)
{
  g_autofree char *sql = g_strjoinv ("", parts);
  g_autofree char *path = make_history (MIDNIGHT - 24 * HOUR, run_end, sql);
  g_autoptr (GError) error = NULL;
  g_autoptr (HistoryReader) reader = history_reader_open (path, &error);
  DayRecords *records;

  g_assert_no_error (error);
  records = day_records_new (reader, "a", "Radio A", day, LATER, &error);
  g_assert_no_error (error);
  g_strfreev (parts);
  return records;
}

static char **
make_parts (char *first, ...)
{
  GPtrArray *parts = g_ptr_array_new ();
  va_list rest;

  va_start (rest, first);
  for (char *part = first; part; part = va_arg (rest, char *))
    g_ptr_array_add (parts, part);
  va_end (rest);
  g_ptr_array_add (parts, NULL);
  return (char **) g_ptr_array_free (parts, FALSE);
}

#define assert_near(a, b) g_assert_cmpfloat_with_epsilon (a, b, 0.01)

/* Titles reach over both ends of the day: of each only its part counts. */
static void
test_midnight (void)
{
  g_autoptr (Day) day = make_day ("Europe/Berlin", "2026-11-30");
  g_autoptr (DayRecords) records = read_day (day, LATER,
      make_parts (sql_title (-20, -10, "before", "rock", "title", FALSE),
          sql_title (-10, 20, "first", "rock", "title", FALSE),
          sql_title (20, 30, "second", "jazz", "title", FALSE),
          sql_title (1430, 1450, "last", "jazz", "title", FALSE),
          sql_title (1450, 1460, "after", "rock", "title", FALSE), NULL));
  g_autoptr (DaySpan)
      total = day_records_measure (records, day->start, day->end);
  const HistoryTitle *first;

  g_assert_cmpuint (records->titles->len, ==, 3);
  first = records->titles->pdata[0];
  g_assert_cmpstr (first->title, ==, "first");
  g_assert_cmpuint (total->n_titles, ==, 2);
  assert_near (total->heard, 40 * 60);
  assert_near (total->music, 40 * 60 * 0.8);
  assert_near (total->speech, 40 * 60 * 0.1);
  g_assert_cmpint (day_records_find_label (records, "jazz"), ==, 0);
  g_assert_cmpint (day_records_find_label (records, "rock"), ==, 1);
  assert_near (total->genres[0], 20 * 60 * 0.8);
  assert_near (total->genres[1], 20 * 60 * 0.8);
  assert_near (total->unknown, 1400 * 60);
}

/* A station that was lost before midnight is still lost; a monitor that was stopped
 * says nothing of what came then. */
static void
test_states (void)
{
  g_autoptr (Day) day = make_day ("Europe/Berlin", "2026-11-30");
  g_autoptr (DayRecords) records = read_day (day, MIDNIGHT + 180 * MINUTE,
      make_parts (sql_state (-30, "music"), sql_state (-20, "lost"),
          sql_state (60, "connected"), sql_state (61, "music"),
          sql_state (120, "lost"), NULL));
  g_autoptr (DaySpan)
      total = day_records_measure (records, day->start, day->end);
  const HistoryState *state;

  g_assert_cmpuint (records->states->len, ==, 4);
  state = records->states->pdata[0];
  g_assert_cmpint (state->state, ==, STATE_LOST);
  g_assert_true (state->start == day->start);
  g_assert_true (state->end == day->start + HOUR);
  state = records->states->pdata[3];
  g_assert_true (state->end == MIDNIGHT + 180 * MINUTE);
  assert_near (total->lost, 2 * 3600);
  assert_near (total->unknown, 22 * 3600);
}

/* The hours of a day of 25 are 25, and none gets the music of another. */
static void
test_odd_day (void)
{
  g_autoptr (Day) day = make_day ("Europe/Berlin", "2026-10-25");
  int begin = (int) ((day->start - MIDNIGHT) / MINUTE);
  g_autoptr (DayRecords) records = read_day (day, LATER,
      make_parts (
          sql_title (begin + 150, begin + 210, "x", "rock", "title", FALSE),
          NULL));
  g_autoptr (GPtrArray) hours = day_records_measure_hours (records);

  g_assert_cmpuint (hours->len, ==, 25);
  for (guint i = 0; i < hours->len; i++) {
    const DaySpan *hour = hours->pdata[i];

    assert_near (hour->heard, i == 2 || i == 3 ? 1800 : 0);
  }
}

/* A clock that was set back, and audio that came faster than time has passed. */
static void
test_odd_times (void)
{
  g_autoptr (Day) day = make_day ("Europe/Berlin", "2026-11-30");
  g_autoptr (DayRecords) records = read_day (day, LATER,
      make_parts (sql_title (30, 20, "back", "rock", "title", FALSE),
          sql_title (40, 40, "nothing", "rock", "title", FALSE),
          sql_title (50, 60, "more", "rock", "title", FALSE),
          g_strdup ("UPDATE titles SET seconds = 99999 WHERE title = 'more'"),
          NULL));
  g_autoptr (DaySpan)
      total = day_records_measure (records, day->start, day->end);

  g_assert_cmpuint (records->titles->len, ==, 3);
  assert_near (total->heard, 600);
}

/* What was played twice counts twice; what was cut, once. */
static void
test_plays (void)
{
  g_autoptr (Day) day = make_day ("Europe/Berlin", "2026-11-30");
  g_autoptr (DayRecords) records = read_day (day, LATER,
      make_parts (sql_title (0, 3, "Song", "rock", "title", FALSE),
          sql_title (3, 6, "other", "rock", "title", FALSE),
          sql_title (6, 9, "SONG", "rock", "title", FALSE),
          sql_title (9, 70, "Mix", "rock", "interval", FALSE),
          sql_title (70, 90, "Mix", "rock", "lost", TRUE),
          sql_title (91, 92, "Mix", "rock", "stopped", TRUE),
          sql_title (93, 95, "Mix", "rock", "title", FALSE),
          sql_title (95, 99, "Mix", "rock", "title", FALSE), NULL));
  g_autoptr (GPtrArray) titles = day_records_count_plays (records, FALSE);
  g_autoptr (GPtrArray) artists = day_records_count_plays (records, TRUE);
  const DayPlay *play = titles->pdata[0];

  g_assert_cmpuint (titles->len, ==, 3);
  g_assert_cmpstr (play->title, ==, "Mix");
  g_assert_cmpuint (play->n, ==, 2);
  play = titles->pdata[1];
  g_assert_cmpstr (play->title, ==, "Song");
  g_assert_cmpuint (play->n, ==, 2);
  assert_near (play->seconds, 360);
  g_assert_cmpuint (artists->len, ==, 1);
  play = artists->pdata[0];
  g_assert_cmpuint (play->n, ==, 5);
}

/* Reading */

/* What a reader gives does not change while a monitor writes. */
static void
test_snapshot (void)
{
  g_autofree char *path = make_history (MIDNIGHT, LATER, "");
  g_autofree char *title = sql_title (0, 3, "x", "rock", "title", FALSE);
  g_autoptr (HistoryReader) reader = history_reader_open (path, NULL);
  g_autoptr (GPtrArray) stations = history_reader_get_stations (reader, NULL);
  g_autoptr (GPtrArray) titles = NULL;
  sqlite3 *db;

  g_assert_cmpint (sqlite3_open (path, &db), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (db, title, NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close (db);
  titles = history_reader_get_titles (reader, "a", MIDNIGHT, LATER, NULL);
  g_assert_cmpuint (titles->len, ==, 0);
  g_assert_cmpuint (stations->len, ==, 1);
}

/* A copy on a medium that cannot be written to. */
static void
test_read_only (void)
{
  g_autofree char *title = sql_title (0, 3, "x", "rock", "title", FALSE);
  g_autofree char *path = make_history (MIDNIGHT, LATER, title);
  g_autofree char *medium = g_build_filename (folder, "medium", NULL);
  g_autofree char *copy = g_build_filename (medium, "a?b#c.db", NULL);
  g_autoptr (HistoryReader) reader = NULL;
  g_autoptr (GPtrArray) titles = NULL;
  g_autoptr (GError) error = NULL;

  g_mkdir (medium, 0700);
  g_assert_cmpint (g_rename (path, copy), ==, 0);
  g_chmod (copy, 0400);
  g_chmod (medium, 0500);
  reader = history_reader_open (copy, &error);
  g_assert_no_error (error);
  titles = history_reader_get_titles (reader, "a", MIDNIGHT, LATER, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (titles->len, ==, 1);
  g_clear_pointer (&reader, history_reader_close);
  g_chmod (medium, 0700);
}

static void
test_no_history (void)
{
  g_autofree char *path = g_build_filename (folder, "none.db", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (history_reader_open (path, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  g_clear_error (&error);
  g_file_set_contents (path, "", 0, NULL);
  g_assert_null (history_reader_open (path, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
}

/* Pictures */

static void
assert_plot (const DayRecords *records, const char *suffix, const char *begin)
{
  g_autofree char *path = g_strconcat (folder, "/day", suffix, NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *data = NULL;
  gsize size;

  dayplot_save (records, path, &error);
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (path, &data, &size, NULL));
  g_assert_cmpuint (size, >, 1000);
  g_assert_cmpmem (data, strlen (begin), begin, strlen (begin));
}

static void
test_plot (void)
{
  g_autoptr (Day) day = make_day ("Europe/Berlin", "2026-11-30");
  g_autoptr (Day) odd = make_day ("Europe/Berlin", "2026-03-29");
  g_autoptr (DayRecords) full = read_day (day, LATER,
      make_parts (sql_state (-30, "music"), sql_state (-20, "lost"),
          sql_title (-10, 90, "x", "rock", "title", FALSE),
          sql_title (90, 91, "x", NULL, "title", FALSE),
          sql_title (91, 92, "x", "of no model", "title", FALSE), NULL));
  g_autoptr (DayRecords) empty = read_day (odd, LATER, make_parts (NULL));

  assert_plot (full, ".png", "\x89PNG");
  assert_plot (full, ".svg", "<?xml");
  assert_plot (empty, ".svg", "<?xml");
  g_assert_false (dayplot_save (full, "day.gif", NULL));
}

int
main (int argc, char **argv)
{
  g_autofree char *remove = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("day-XXXXXX", NULL);
  g_test_add_func ("/day/days", test_days);
  g_test_add_func ("/day/year", test_year);
  g_test_add_func ("/day/words", test_words);
  g_test_add_func ("/day/no-days", test_no_days);
  g_test_add_func ("/day/clock", test_clock);
  g_test_add_func ("/day/midnight", test_midnight);
  g_test_add_func ("/day/states", test_states);
  g_test_add_func ("/day/odd-day", test_odd_day);
  g_test_add_func ("/day/odd-times", test_odd_times);
  g_test_add_func ("/day/plays", test_plays);
  g_test_add_func ("/day/snapshot", test_snapshot);
  g_test_add_func ("/day/read-only", test_read_only);
  g_test_add_func ("/day/no-history", test_no_history);
  g_test_add_func ("/day/plot", test_plot);
  status = g_test_run ();
  remove = g_strdup_printf ("rm -r '%s'", folder);
  if (system (remove) != 0)
    status = 1;
  g_free (folder);
  return status;
}
