/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "day.h"

#include <stdio.h>

/* no zone is further from UTC, and none was moved by more */
#define MAX_OFFSET (30 * 3600)

static GDateTime *
to_clock (const Day *day, gint64 time)
{
  g_autoptr (GDateTime)
      utc = g_date_time_new_from_unix_utc (time / G_USEC_PER_SEC);

  return utc ? g_date_time_to_timezone (utc, day->zone) : NULL;
}

/* The second at which the clock first shows the date: 00:00, or 01:00 where midnight
 * is left out, and the earlier one of two midnights. */
static gint64
find_start (GTimeZone *zone, const GDate *date)
{
  g_autoptr (GDateTime) midnight = g_date_time_new_utc (g_date_get_year (date),
      g_date_get_month (date), g_date_get_day (date), 0, 0, 0);
  gint64 before = g_date_time_to_unix (midnight) - MAX_OFFSET;
  gint64 after = before + 2 * MAX_OFFSET;

  while (after - before > 1) {
    gint64 middle = before + (after - before) / 2;
    g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (middle);
    g_autoptr (GDateTime) clock = g_date_time_to_timezone (utc, zone);
    int year, month, day;
    GDate shown;

    g_date_time_get_ymd (clock, &year, &month, &day);
    g_date_clear (&shown, 1);
    g_date_set_dmy (&shown, day, month, year);
    if (g_date_compare (&shown, date) < 0)
      before = middle;
    else
      after = middle;
  }
  return after;
}

/* FALSE if @text is no date. */
static gboolean
parse_date (const char *text, gint64 now, GTimeZone *zone, GDate *date)
{
  g_autoptr (GDateTime)
      utc = g_date_time_new_from_unix_utc (now / G_USEC_PER_SEC);
  g_autoptr (GDateTime) clock = g_date_time_to_timezone (utc, zone);
  gboolean is_yesterday = g_strcmp0 (text, "yesterday") == 0;
  int year, month, day, length = 0;

  if (!text || is_yesterday || g_str_equal (text, "today"))
    g_date_time_get_ymd (clock, &year, &month, &day);
  else if (sscanf (text, "%4d-%2d-%2d%n", &year, &month, &day, &length) != 3 ||
      text[length] || year < 1970 || month < 1 || month > 12 || day < 1 ||
      !g_date_valid_dmy (day, month, year))
    return FALSE;
  g_date_clear (date, 1);
  g_date_set_dmy (date, day, month, year);
  if (is_yesterday)
    g_date_subtract_days (date, 1);
  return TRUE;
}

Day *
day_new (const char *text, gboolean utc, gint64 now, GError **error)
{
  g_autoptr (Day) day = g_new0 (Day, 1);
  GDate date;

  day->zone = utc ? g_time_zone_new_utc () : g_time_zone_new_local ();
  if (!parse_date (text, now, day->zone, &date)) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "A day is a date such as 2026-11-30, \"today\" or \"yesterday\", not "
        "\"%s\".",
        text);
    return NULL;
  }
  day->date = g_strdup_printf ("%04d-%02d-%02d", g_date_get_year (&date),
      g_date_get_month (&date), g_date_get_day (&date));
  day->start = find_start (day->zone, &date) * G_USEC_PER_SEC;
  g_date_add_days (&date, 1);
  day->end = find_start (day->zone, &date) * G_USEC_PER_SEC;
  if (day->end > day->start)
    return g_steal_pointer (&day);
  /* where the date line was moved */
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
      "There was no %s in the local time.", day->date);
  return NULL;
}

void
day_free (Day *day)
{
  if (!day)
    return;
  g_clear_pointer (&day->zone, g_time_zone_unref);
  g_free (day->date);
  g_free (day);
}

char *
day_format (const Day *day, gint64 time, const char *format)
{
  g_autoptr (GDateTime) clock = to_clock (day, time);
  char *text = clock ? g_date_time_format (clock, format) : NULL;

  return text ? text : g_strdup ("?");
}

gint64
day_get_next_hour (const Day *day, gint64 time)
{
  g_autoptr (GDateTime) clock = to_clock (day, time);
  gint64 passed = clock
      ? (g_date_time_get_minute (clock) * 60 + g_date_time_get_second (clock)) *
          G_USEC_PER_SEC
      : 0;
  gint64 next = time + G_TIME_SPAN_HOUR - passed;

  return MIN (next, day->end);
}

gboolean
day_is_odd (const Day *day)
{
  g_autoptr (GDateTime) first = to_clock (day, day->start);
  g_autoptr (GDateTime) last = to_clock (day, day->end - 1);

  return g_date_time_get_utc_offset (first) !=
      g_date_time_get_utc_offset (last);
}

char *
day_describe_clock (const Day *day)
{
  g_autofree char *first = day_format (day, day->start, "%Z");
  g_autofree char *last = day_format (day, day->end - 1, "%Z");

  if (g_str_equal (first, "UTC") && g_str_equal (last, "UTC"))
    return g_strdup ("UTC");
  if (day_is_odd (day))
    return g_strdup_printf ("local time, %s and then %s", first, last);
  return g_strdup_printf ("local time, %s", first);
}

char *
day_describe_date (const Day *day)
{
  static const char *const weekdays[] = { "Monday", "Tuesday", "Wednesday",
    "Thursday", "Friday", "Saturday", "Sunday" };
  static const char *const months[] = { "January", "February", "March", "April",
    "May", "June", "July", "August", "September", "October", "November",
    "December" };
  g_autoptr (GDateTime) clock = to_clock (day, day->start);

  return g_strdup_printf ("%s, %d %s %d",
      weekdays[g_date_time_get_day_of_week (clock) - 1],
      g_date_time_get_day_of_month (clock),
      months[g_date_time_get_month (clock) - 1], g_date_time_get_year (clock));
}
