/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The report as text for people and as JSON. */

#pragma once

#include "dayrecords.h"

/* Prints a day of a station to stdout: its titles, its hours and its sums. */
void report_print_day (const DayRecords *records);
/* Prints one line for each station (element-type DayRecords), all of one day. */
void report_print_stations (const GPtrArray *stations, const Day *day);

/* (transfer full): the same as one JSON object, without a newline. */
char *report_day_to_json (const DayRecords *records);
char *report_stations_to_json (const GPtrArray *stations, const Day *day);
