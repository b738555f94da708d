/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A day of the calendar, in the local time or in UTC: one of 23 or of 25 hours too. */

#pragma once

#include <glib.h>

typedef struct
{
  char *date;        /* "2026-11-30" */
  gint64 start, end; /* UTC, µs since 1970; @end is the start of the next day */
  GTimeZone *zone;
} Day;

/* The day @text: "2026-11-30", "today" or "yesterday"; NULL is "today".  @now: UTC, µs.
 * NULL with @error set (G_OPTION_ERROR_BAD_VALUE) if that is none. */
Day *day_new (const char *text, gboolean utc, gint64 now, GError **error);
void day_free (Day *day);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Day, day_free)

/* @time, UTC, µs, as the clock of that day shows it; @format as in
 * g_date_time_format(). */
char *day_format (const Day *day, gint64 time, const char *format);
/* The next full hour of that clock after @time, at most the day's end. */
gint64 day_get_next_hour (const Day *day, gint64 time);
/* Whether the clock was changed on that day. */
gboolean day_is_odd (const Day *day);
/* "local time, CET", "UTC" or, of an odd day, "local time, CEST and then CET" */
char *day_describe_clock (const Day *day);
/* "Monday, 30 November 2026" */
char *day_describe_date (const Day *day);
