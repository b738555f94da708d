/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "reportprint.h"

#include <string.h>

#include "analysis/filename.h"

/* rows of the most played */
#define MAX_PLAYS 10
/* columns, at most */
#define MAX_NAME_WIDTH 40
#define MAX_TITLE_WIDTH 60

/* Text */

/* Whether it changes the order of what stands around it. */
static gboolean
is_bidi_control (gunichar c)
{
  return c == 0x061c || (c >= 0x200e && c <= 0x200f) ||
      (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/* A station's text as a terminal may show it: in one line, without control characters
 * and without those that turn around the rest of the line; free with g_free(). */
static char *
make_safe (const char *text)
{
  g_autofree char *shown = filename_display (text);
  GString *safe = g_string_new (NULL);

  for (const char *p = shown; *p; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    if (is_bidi_control (c) || c == 0x2028 || c == 0x2029)
      g_string_append_printf (safe, "\\u%04x", c);
    else
      g_string_append_unichar (safe, c);
  }
  return g_string_free (safe, FALSE);
}

/* Columns that a terminal takes for it. */
static guint
get_char_width (gunichar c)
{
  return g_unichar_iszerowidth (c) ? 0 : g_unichar_iswide (c) ? 2 : 1;
}

static guint
get_width (const char *text)
{
  guint width = 0;

  for (const char *p = text; *p; p = g_utf8_next_char (p))
    width += get_char_width (g_utf8_get_char (p));
  return width;
}

/* Prints @text in @width columns, cut off or followed by spaces. */
static void
print_padded (const char *text, guint width)
{
  gboolean fits = get_width (text) <= width;
  guint limit = fits ? width : width - 1, used = 0;
  const char *p;
  g_autofree char *part = NULL;

  for (p = text; *p; p = g_utf8_next_char (p)) {
    guint columns = get_char_width (g_utf8_get_char (p));

    if (used + columns > limit)
      break;
    used += columns;
  }
  part = g_strndup (text, p - text);
  g_print ("%s%s%*s", part,
      fits                       ? ""
          : g_get_charset (NULL) ? "…"
                                 : "~",
      (int) (width - used - (fits ? 0 : 1)), "");
}

/* "Artist - Title", safe for a terminal; free with g_free(). */
static char *
name_title (const char *artist, const char *title)
{
  g_autofree char *name = NULL;

  if (artist && title)
    name = g_strdup_printf ("%s - %s", artist, title);
  else
    name = g_strdup (title ? title : artist ? artist : "(no title)");
  return make_safe (name);
}

/* "3:42", or "1:03:42"; free with g_free(). */
static char *
format_length (double seconds)
{
  guint s = (guint) (seconds + 0.5);

  if (s >= 3600)
    return g_strdup_printf ("%u:%02u:%02u", s / 3600, s / 60 % 60, s % 60);
  return g_strdup_printf ("%u:%02u", s / 60, s % 60);
}

/* "61 %", "<1 %" for what is not quite nothing, and "-" for nothing. */
static void
format_share (char *text, gsize size, double part, double whole)
{
  double share = whole > 0 ? part / whole : 0;

  if (part < 0.5)
    g_strlcpy (text, "-", size);
  else if (share < 0.005)
    g_strlcpy (text, "<1 %", size);
  else
    g_snprintf (text, size, "%.0f %%", 100 * share);
}

/* @part of @whole in @width columns, at the right of them. */
static void
print_share (double part, double whole, guint width)
{
  char text[16];

  format_share (text, sizeof text, part, whole);
  g_print ("%*s%s", (int) (width - get_width (text)), "", text);
}

static double
get_length (const DaySpan *span)
{
  return (double) (span->end - span->start) / G_USEC_PER_SEC;
}

static const char *
get_clock_format (const Day *day)
{
  /* an hour may be there twice */
  return day_is_odd (day) ? "%H:%M:%S %Z" : "%H:%M:%S";
}

/* A day of a station */

static void
print_heading (const DayRecords *records)
{
  g_autofree char *name = make_safe (records->name);
  g_autofree char *id = make_safe (records->station);
  g_autofree char *date = day_describe_date (records->day);
  g_autofree char *clock = day_describe_clock (records->day);

  g_print ("%s (%s)\n%s, %s\n\n", name, id, date, clock);
}

static guint
get_title_width (const DayRecords *records)
{
  guint width = 0;

  for (guint i = 0; i < records->titles->len; i++) {
    const HistoryTitle *title = records->titles->pdata[i];
    g_autofree char *name = name_title (title->artist, title->title);

    width = MAX (width, get_width (name));
  }
  return MIN (width, MAX_TITLE_WIDTH);
}

/* What a title without a genre mostly was. */
static const char *
describe_kind (const HistoryTitle *title)
{
  double noise = 1 - title->music - title->speech - title->silence;

  if (title->speech >= MAX (title->music, MAX (title->silence, noise)))
    return "(talk)";
  if (title->silence >= MAX (title->music, noise))
    return "(silence)";
  return title->music >= noise ? "(no genre)" : "(noise)";
}

static void
print_title (const DayRecords *records, const HistoryTitle *title, guint width)
{
  g_autofree char *time = day_format (
      records->day, title->start, get_clock_format (records->day));
  g_autofree char *length = format_length (title->seconds);
  g_autofree char *name = name_title (title->artist, title->title);
  g_autofree char *genre = title->genre ? make_safe (title->genre) : NULL;

  /* it has begun the day before */
  g_print ("%s%s  %8s  ", title->start < records->day->start ? "<" : " ", time,
      length);
  print_padded (name, width);
  if (genre)
    g_print ("  %s %.0f %%\n", genre, 100 * title->confidence);
  else
    g_print ("  %s\n", describe_kind (title));
}

static void
print_titles (const DayRecords *records)
{
  guint width = get_title_width (records);

  for (guint i = 0; i < records->titles->len; i++)
    print_title (records, records->titles->pdata[i], width);
  if (records->titles->len > 0)
    g_print ("\n");
}

/* The genre with most music in the span, or NULL. */
static const char *
get_main_genre (const DayRecords *records, const DaySpan *span)
{
  const char *genre = NULL;
  double most = 0.5;

  for (guint i = 0; i < records->labels->len; i++)
    if (span->genres[i] > most) {
      most = span->genres[i];
      genre = records->labels->pdata[i];
    }
  return genre;
}

static void
print_span (const DaySpan *span, double length)
{
  print_share (span->music, length, 8);
  print_share (span->speech, length, 8);
  print_share (span->silence, length, 9);
  print_share (span->lost, length, 15);
}

static void
print_hours (const DayRecords *records)
{
  g_autoptr (GPtrArray) hours = day_records_measure_hours (records);
  const Day *day = records->day;
  gboolean is_odd = day_is_odd (day);

  g_print ("hour %*stitles   music    talk  silence  not connected  most\n",
      is_odd ? 6 : 0, "");
  for (guint i = 0; i < hours->len; i++) {
    const DaySpan *hour = hours->pdata[i];
    g_autofree char *time = day_format (
        day, hour->start, is_odd ? "%H:%M %Z" : "%H:%M");
    const char *genre = get_main_genre (records, hour);
    g_autofree char *shown = make_safe (genre ? genre : "");

    if (hour->start >= records->until ||
        hour->heard + hour->lost + hour->n_titles < 0.5)
      continue;
    print_padded (time, is_odd ? 11 : 5);
    g_print ("%6u", hour->n_titles);
    print_span (hour, get_length (hour));
    g_print ("  %s\n", shown);
  }
  g_print ("\n");
}

static void
print_genres (const DayRecords *records, const DaySpan *total)
{
  double rest = total->music;

  for (guint i = 0; i < records->labels->len; i++) {
    g_autofree char *name = make_safe (records->labels->pdata[i]);

    rest -= total->genres[i];
    if (total->genres[i] < 0.5)
      continue;
    g_print ("  ");
    print_share (total->genres[i], total->music, 5);
    g_print ("  %s\n", name);
  }
  if (rest >= 0.5) {
    g_print ("  ");
    print_share (rest, total->music, 5);
    g_print ("  (no genre)\n");
  }
}

/* Those that were played more than once; nothing if there is none. */
static void
print_plays (const DayRecords *records, gboolean artists, const char *heading)
{
  g_autoptr (GPtrArray) plays = day_records_count_plays (records, artists);

  for (guint i = 0; i < MIN (plays->len, MAX_PLAYS); i++) {
    const DayPlay *play = plays->pdata[i];
    g_autofree char *name = name_title (play->artist, play->title);

    if (play->n < 2)
      break;
    if (i == 0)
      g_print ("\n%s\n", heading);
    g_print ("  %4u x  %s\n", play->n, name);
  }
}

static void
print_sum (const char *name, double part, double whole)
{
  g_autofree char *length = format_length (part);

  if (part < 0.5)
    return;
  g_print ("  ");
  print_share (part, whole, 5);
  g_print ("  %s, %s\n", name, length);
}

static void
print_sums (const DayRecords *records, const DaySpan *total)
{
  double length = get_length (total);
  double noise = total->heard - total->music - total->speech - total->silence;

  g_print ("the day%s\n", records->until < records->day->end ? " so far" : "");
  print_sum ("music", total->music, length);
  print_sum ("talk", total->speech, length);
  print_sum ("silence", total->silence, length);
  print_sum ("noise", noise, length);
  print_sum ("not connected", total->lost, length);
  print_sum ("not recorded", total->unknown, length);
  if (total->music >= 0.5)
    g_print ("\nthe music\n");
  print_genres (records, total);
}

void
report_print_day (const DayRecords *records)
{
  g_autoptr (DaySpan) total = day_records_measure (
      records, records->day->start, records->until);

  print_heading (records);
  if (records->titles->len == 0 && records->states->len == 0) {
    g_print ("There is no record of this day.\n");
    return;
  }
  print_titles (records);
  print_hours (records);
  print_sums (records, total);
  print_plays (records, FALSE, "most played titles");
  print_plays (records, TRUE, "most played artists");
}

/* All stations */

ReportColumns
report_begin_stations (const GPtrArray *stations, const Day *day)
{
  ReportColumns columns = { strlen ("station"), strlen ("name") };
  g_autofree char *date = day_describe_date (day);
  g_autofree char *clock = day_describe_clock (day);

  for (guint i = 0; i < stations->len; i++) {
    const HistoryStation *station = stations->pdata[i];
    g_autofree char *id = make_safe (station->id);
    g_autofree char *name = make_safe (station->name);

    columns.id_width = MAX (columns.id_width, get_width (id));
    columns.name_width = MAX (columns.name_width, get_width (name));
  }
  columns.name_width = MIN (columns.name_width, MAX_NAME_WIDTH);
  g_print ("%s, %s\n\n", date, clock);
  print_padded ("station", columns.id_width);
  g_print ("  ");
  print_padded ("name", columns.name_width);
  g_print (" titles   music    talk  silence  not connected  most\n");
  return columns;
}

void
report_print_station (const DayRecords *records, const ReportColumns *columns)
{
  g_autoptr (DaySpan) total = day_records_measure (
      records, records->day->start, records->until);
  const char *genre = get_main_genre (records, total);
  g_autofree char *id = make_safe (records->station);
  g_autofree char *name = make_safe (records->name);
  g_autofree char *shown = make_safe (genre ? genre : "");

  print_padded (id, columns->id_width);
  g_print ("  ");
  print_padded (name, columns->name_width);
  g_print ("%7u", total->n_titles);
  print_span (total, get_length (total));
  g_print ("  %s\n", shown);
}
