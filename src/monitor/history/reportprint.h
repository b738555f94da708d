/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The report as text for people and as JSON. */

#pragma once

#include "dayrecords.h"

/* Prints a day of a station to stdout: its titles, its hours and its sums. */
void report_print_day (const DayRecords *records);
/* (transfer full): the same as one JSON object, without a newline. */
char *report_day_to_json (const DayRecords *records);

/* The table of all stations.  A day of a thousand of them fills no memory, as one after
 * the other is printed. */
typedef struct
{
  guint id_width, name_width;
} ReportColumns;

/* @stations: (element-type HistoryStation): which will be in the table */
ReportColumns report_begin_stations (const GPtrArray *stations, const Day *day);
void
report_print_station (const DayRecords *records, const ReportColumns *columns);

/* The same as JSON: (transfer full): an object that is not ended yet. */
GString *report_begin_stations_json (const Day *day);
void report_add_station_json (GString *json, const DayRecords *records);
/* Ends it; (transfer full). @json: (transfer full) */
char *report_end_stations_json (GString *json);
