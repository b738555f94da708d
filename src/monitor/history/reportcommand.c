/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "reportcommand.h"

#include <errno.h>
#include <stdio.h>

#include <gio/gio.h>

#include "arguments.h"
#include "dayplot.h"
#include "plot/figure.h"
#include "reportprint.h"

typedef struct
{
  char *db, *station, *day, *plot;
  gboolean utc, json;
} Options;

static void
options_clear (Options *options)
{
  g_free (options->db);
  g_free (options->station);
  g_free (options->day);
  g_free (options->plot);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static gboolean
set_bad_value (GError **error, const char *message)
{
  g_set_error_literal (
      error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, message);
  return FALSE;
}

static gboolean
check_options (const Options *options, char *const *names, GError **error)
{
  if (names[0]) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "monitor report takes no names, but \"%s\" was given.", names[0]);
    return FALSE;
  }
  if (!options->db)
    return set_bad_value (
        error, "monitor report needs --db, the history that it reads.");
  if (!options->plot)
    return TRUE;
  if (!options->station)
    return set_bad_value (
        error, "--plot draws the day of one station, so it needs --station.");
  return figure_check_path (options->plot, error);
}

static gboolean
parse_options (int argc, char **argv, Options *options, GError **error)
{
  const GOptionEntry entries[] = {
    { "db", 0, 0, G_OPTION_ARG_FILENAME, &options->db,
        "the history that monitor --db has written", "FILE" },
    { "station", 0, 0, G_OPTION_ARG_STRING, &options->station,
        "the station; without it, all are listed", "ID" },
    { "day", 0, 0, G_OPTION_ARG_STRING, &options->day,
        "such as 2026-11-30, today or yesterday (default: today)", "DAY" },
    { "utc", 0, 0, G_OPTION_ARG_NONE, &options->utc,
        "days and times are of UTC, not of the local time", NULL },
    { "plot", 0, 0, G_OPTION_ARG_FILENAME, &options->plot,
        "draw the day; the name must end in .svg or .png", "FILE" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &options->json, "one JSON object",
        NULL },
    G_OPTION_ENTRY_NULL
  };
  const GOptionEntry *const tables[] = { entries, NULL };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_auto (GStrv) names = NULL;

  g_set_prgname ("genreclassify monitor report");
  g_option_context_set_summary (context,
      "Tells what a station has played in a day, from the history of a monitor.");
  g_option_context_add_main_entries (context, entries, NULL);
  names = arguments_parse (context, tables, argc, argv, error);
  return names && check_options (options, names, error);
}

static const HistoryStation *
find_station (const GPtrArray *stations, const Options *options, GError **error)
{
  g_autoptr (GPtrArray) known = g_ptr_array_new ();
  const char *suggestion;

  for (guint i = 0; i < stations->len; i++) {
    const HistoryStation *station = stations->pdata[i];

    if (g_str_equal (station->id, options->station))
      return station;
    g_ptr_array_add (known, station->id);
  }
  g_ptr_array_add (known, NULL);
  suggestion = arguments_suggest (
      options->station, (const char *const *) known->pdata);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
      "The history %s has no station \"%s\"%s%s%s", options->db,
      options->station, suggestion ? "; did you mean \"" : "",
      suggestion ? suggestion : "; without --station all are listed.",
      suggestion ? "\"?" : "");
  return NULL;
}

static DayRecords *
read_day (HistoryReader *reader, const HistoryStation *station, const Day *day,
    GError **error)
{
  return day_records_new (
      reader, station->id, station->name, day, g_get_real_time (), error);
}

static gboolean
report_station (HistoryReader *reader, const GPtrArray *stations,
    const Options *options, const Day *day, GError **error)
{
  const HistoryStation *station = find_station (stations, options, error);
  g_autoptr (DayRecords)
      records = station ? read_day (reader, station, day, error) : NULL;
  g_autofree char *json = NULL;

  if (!records)
    return FALSE;
  if (options->json) {
    json = report_day_to_json (records);
    g_print ("%s\n", json);
  } else {
    report_print_day (records);
  }
  return !options->plot || dayplot_save (records, options->plot, error);
}

/* @json: NULL for text */
static gboolean
report_each (HistoryReader *reader, const GPtrArray *stations, const Day *day,
    GString *json, GError **error)
{
  ReportColumns columns = { 0 };

  if (!json)
    columns = report_begin_stations (stations, day);
  for (guint i = 0; i < stations->len; i++) {
    g_autoptr (DayRecords)
        records = read_day (reader, stations->pdata[i], day, error);

    if (!records)
      return FALSE;
    if (json)
      report_add_station_json (json, records);
    else
      report_print_station (records, &columns);
  }
  return TRUE;
}

static gboolean
report_all (HistoryReader *reader, const GPtrArray *stations,
    const Options *options, const Day *day, GError **error)
{
  GString *json = options->json ? report_begin_stations_json (day) : NULL;
  gboolean ok = report_each (reader, stations, day, json, error);
  g_autofree char *text = json ? report_end_stations_json (json) : NULL;

  if (ok && text)
    g_print ("%s\n", text);
  return ok;
}

static gboolean
report (const Options *options, const Day *day, GError **error)
{
  g_autoptr (HistoryReader) reader = history_reader_open (options->db, error);
  g_autoptr (GPtrArray)
      stations = reader ? history_reader_get_stations (reader, error) : NULL;

  if (!stations ||
      !(options->station
              ? report_station (reader, stations, options, day, error)
              : report_all (reader, stations, options, day, error)))
    return FALSE;
  if (fflush (stdout) == 0 && !ferror (stdout))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
      "The output cannot be written: %s.", g_strerror (errno));
  return FALSE;
}

int
reportcommand_main (int argc, char **argv)
{
  g_auto (Options) options = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (Day) day = NULL;

  if (!parse_options (argc, argv, &options, &error) ||
      !(day = day_new (options.day, options.utc, g_get_real_time (), &error))) {
    g_printerr ("genreclassify: %s\n", error->message);
    return 2;
  }
  if (report (&options, day, &error))
    return 0;
  g_printerr ("genreclassify: %s\n", error->message);
  return 1;
}
