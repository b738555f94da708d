/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "reportprint.h"

#include <string.h>

#include <json-glib/json-glib.h>

#include "analysis/jsontext.h"

/* Of each list of what was played most. */
#define MAX_PLAYS 100

/* A member, or an element if @key is NULL, begins. */
static void
add_key (GString *json, const char *key)
{
  if (json->len > 0 && !strchr ("{[", json->str[json->len - 1]))
    g_string_append_c (json, ',');
  if (!key)
    return;
  json_append_string (json, key);
  g_string_append_c (json, ':');
}

static void
begin (GString *json, const char *key, char bracket)
{
  add_key (json, key);
  g_string_append_c (json, bracket);
}

static void
end (GString *json, char bracket)
{
  g_string_append_c (json, bracket);
}

static void
add_string (GString *json, const char *key, const char *value)
{
  add_key (json, key);
  json_append_string (json, value);
}

static void
add_integer (GString *json, const char *key, guint value)
{
  add_key (json, key);
  g_string_append_printf (json, "%u", value);
}

/* @value: to milliseconds */
static void
add_seconds (GString *json, const char *key, double value)
{
  add_key (json, key);
  json_append_number (json, "%.3f", value);
}

static void
add_share (GString *json, const char *key, double value)
{
  add_key (json, key);
  json_append_number (json, "%.4g", value);
}

static void
add_boolean (GString *json, const char *key, gboolean value)
{
  add_key (json, key);
  g_string_append (json, value ? "true" : "false");
}

static void
add_time (GString *json, const char *key, gint64 time)
{
  g_autofree char *text = record_format_time (time);

  add_string (json, key, text);
}

/* @time as the clock shows it, with its distance from UTC. */
static void
add_clock (GString *json, const DayRecords *records, gint64 time)
{
  g_autofree char *text = day_format (
      records->day, time, "%Y-%m-%dT%H:%M:%S%:z");

  add_string (json, "clock", text);
}

/* @text: JSON as it is in the history, or NULL; anyone may have written it */
static void
add_json (GString *json, const char *key, const char *text)
{
  g_autoptr (JsonNode) node = text ? json_from_string (text, NULL) : NULL;

  add_key (json, key);
  g_string_append (json, node ? text : "{}");
}

/* How the time was spent; its times; and the genres. */
static void
add_span (GString *json, const DayRecords *records, const DaySpan *span)
{
  add_clock (json, records, span->start);
  add_time (json, "start", span->start);
  add_time (json, "end", span->end);
  add_integer (json, "n_titles", span->n_titles);
  begin (json, "seconds", '{');
  add_seconds (json, "heard", span->heard);
  add_seconds (json, "music", span->music);
  add_seconds (json, "speech", span->speech);
  add_seconds (json, "silence", span->silence);
  add_seconds (json, "not_connected", span->lost);
  add_seconds (json, "not_recorded", span->unknown);
  end (json, '}');
  begin (json, "genres", '{');
  for (guint i = 0; i < records->labels->len; i++)
    add_seconds (json, records->labels->pdata[i], span->genres[i]);
  end (json, '}');
}

static void
add_plays (GString *json, const DayRecords *records, gboolean artists)
{
  g_autoptr (GPtrArray) plays = day_records_count_plays (records, artists);

  begin (json, artists ? "most_played_artists" : "most_played_titles", '[');
  for (guint i = 0; i < MIN (plays->len, MAX_PLAYS); i++) {
    const DayPlay *play = plays->pdata[i];

    begin (json, NULL, '{');
    if (!artists)
      add_string (json, "title", play->title);
    add_string (json, "artist", play->artist);
    add_integer (json, "plays", play->n);
    add_seconds (json, "seconds", play->seconds);
    end (json, '}');
  }
  end (json, ']');
}

/* As it is in the log. */
static void
add_title (GString *json, const DayRecords *records, const HistoryTitle *title)
{
  begin (json, NULL, '{');
  add_clock (json, records, title->start);
  add_time (json, "start", title->start);
  add_time (json, "end", title->end);
  add_string (json, "ended", title->ended);
  add_boolean (json, "continues", title->continues);
  add_seconds (json, "seconds", title->seconds);
  add_string (json, "title", title->title);
  add_string (json, "artist", title->artist);
  add_string (json, "stream_title", title->stream_title);
  add_string (json, "genre", title->genre);
  add_share (json, "confidence", title->confidence);
  add_json (json, "probabilities", title->probabilities);
  add_json (json, "tags", title->tags);
  add_share (json, "music", title->music);
  add_share (json, "speech", title->speech);
  add_share (json, "silence", title->silence);
  add_string (json, "model", title->model);
  end (json, '}');
}

static void
add_state (GString *json, const HistoryState *state)
{
  begin (json, NULL, '{');
  add_time (json, "start", state->start);
  add_time (json, "end", state->end);
  add_string (json, "state", station_state_to_string (state->state));
  add_string (json, "reason", state->reason);
  end (json, '}');
}

static void
add_day (GString *json, const DayRecords *records)
{
  g_autoptr (DaySpan) total = day_records_measure (
      records, records->day->start, records->until);

  add_string (json, "station", records->station);
  add_string (json, "name", records->name);
  add_string (json, "day", records->day->date);
  add_span (json, records, total);
}

static void
add_lists (GString *json, const DayRecords *records)
{
  g_autoptr (GPtrArray) hours = day_records_measure_hours (records);

  add_plays (json, records, FALSE);
  add_plays (json, records, TRUE);
  begin (json, "hours", '[');
  for (guint i = 0; i < hours->len; i++) {
    begin (json, NULL, '{');
    add_span (json, records, hours->pdata[i]);
    end (json, '}');
  }
  end (json, ']');
  begin (json, "titles", '[');
  for (guint i = 0; i < records->titles->len; i++)
    add_title (json, records, records->titles->pdata[i]);
  end (json, ']');
  begin (json, "states", '[');
  for (guint i = 0; i < records->states->len; i++)
    add_state (json, records->states->pdata[i]);
  end (json, ']');
}

char *
report_day_to_json (const DayRecords *records)
{
  GString *json = g_string_new ("{");

  add_day (json, records);
  add_lists (json, records);
  end (json, '}');
  return g_string_free (json, FALSE);
}

GString *
report_begin_stations_json (const Day *day)
{
  GString *json = g_string_new ("{");

  add_string (json, "day", day->date);
  add_time (json, "start", day->start);
  add_time (json, "end", day->end);
  begin (json, "stations", '[');
  return json;
}

void
report_add_station_json (GString *json, const DayRecords *records)
{
  begin (json, NULL, '{');
  add_day (json, records);
  end (json, '}');
}

char *
report_end_stations_json (GString *json)
{
  end (json, ']');
  end (json, '}');
  return g_string_free (json, FALSE);
}
