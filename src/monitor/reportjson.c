/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "reportprint.h"

#include <math.h>

/* Of each list of what was played most. */
#define MAX_PLAYS 100

static void
add_string (JsonBuilder *json, const char *name, const char *value)
{
  json_builder_set_member_name (json, name);
  if (value)
    json_builder_add_string_value (json, value);
  else
    json_builder_add_null_value (json);
}

static void
add_integer (JsonBuilder *json, const char *name, gint64 value)
{
  json_builder_set_member_name (json, name);
  json_builder_add_int_value (json, value);
}

static void
add_number (JsonBuilder *json, const char *name, double value, double digits)
{
  json_builder_set_member_name (json, name);
  json_builder_add_double_value (json, round (value * digits) / digits);
}

static void
add_time (JsonBuilder *json, const char *name, gint64 time)
{
  g_autofree char *text = record_format_time (time);

  add_string (json, name, text);
}

/* @text: JSON, or NULL */
static void
add_json (JsonBuilder *json, const char *name, const char *text)
{
  JsonNode *node = text ? json_from_string (text, NULL) : NULL;

  json_builder_set_member_name (json, name);
  json_builder_add_value (json, node ? node : json_node_new (JSON_NODE_NULL));
}

static void
add_seconds (JsonBuilder *json, const DayRecords *records, const DaySpan *span)
{
  json_builder_set_member_name (json, "seconds");
  json_builder_begin_object (json);
  add_number (json, "heard", span->heard, 1e3);
  add_number (json, "music", span->music, 1e3);
  add_number (json, "speech", span->speech, 1e3);
  add_number (json, "silence", span->silence, 1e3);
  add_number (json, "not_connected", span->lost, 1e3);
  add_number (json, "not_recorded", span->unknown, 1e3);
  json_builder_end_object (json);
  json_builder_set_member_name (json, "genres");
  json_builder_begin_object (json);
  for (guint i = 0; i < records->labels->len; i++)
    add_number (json, records->labels->pdata[i], span->genres[i], 1e3);
  json_builder_end_object (json);
}

/* A span with its times. */
static void
add_span (JsonBuilder *json, const DayRecords *records, const DaySpan *span)
{
  g_autofree char *local = day_format (
      records->day, span->start, "%Y-%m-%dT%H:%M:%S%:z");

  add_string (json, "clock", local);
  add_time (json, "start", span->start);
  add_time (json, "end", span->end);
  add_integer (json, "n_titles", span->n_titles);
  add_seconds (json, records, span);
}

static void
add_plays (JsonBuilder *json, const DayRecords *records, gboolean artists)
{
  g_autoptr (GPtrArray) plays = day_records_count_plays (records, artists);

  json_builder_set_member_name (
      json, artists ? "most_played_artists" : "most_played_titles");
  json_builder_begin_array (json);
  for (guint i = 0; i < MIN (plays->len, MAX_PLAYS); i++) {
    const DayPlay *play = plays->pdata[i];

    json_builder_begin_object (json);
    if (!artists)
      add_string (json, "title", play->title);
    add_string (json, "artist", play->artist);
    add_integer (json, "plays", play->n);
    add_number (json, "seconds", play->seconds, 1e3);
    json_builder_end_object (json);
  }
  json_builder_end_array (json);
}

/* As it is in the log. */
static void
add_title (
    JsonBuilder *json, const DayRecords *records, const HistoryTitle *title)
{
  g_autofree char *local = day_format (
      records->day, title->start, "%Y-%m-%dT%H:%M:%S%:z");

  json_builder_begin_object (json);
  add_string (json, "clock", local);
  add_time (json, "start", title->start);
  add_time (json, "end", title->end);
  add_string (json, "ended", title->ended);
  json_builder_set_member_name (json, "continues");
  json_builder_add_boolean_value (json, title->continues);
  add_number (json, "seconds", title->seconds, 1e3);
  add_string (json, "title", title->title);
  add_string (json, "artist", title->artist);
  add_string (json, "stream_title", title->stream_title);
  add_string (json, "genre", title->genre);
  add_number (json, "confidence", title->confidence, 1e4);
  add_json (json, "probabilities", title->probabilities);
  add_json (json, "tags", title->tags);
  add_number (json, "music", title->music, 1e4);
  add_number (json, "speech", title->speech, 1e4);
  add_number (json, "silence", title->silence, 1e4);
  add_string (json, "model", title->model);
  json_builder_end_object (json);
}

static void
add_state (JsonBuilder *json, const HistoryState *state)
{
  json_builder_begin_object (json);
  add_time (json, "start", state->start);
  add_time (json, "end", state->end);
  add_string (json, "state", station_state_to_string (state->state));
  add_string (json, "reason", state->reason);
  json_builder_end_object (json);
}

static void
add_day (JsonBuilder *json, const DayRecords *records)
{
  g_autoptr (DaySpan) total = day_records_measure (
      records, records->day->start, records->until);

  add_string (json, "station", records->station);
  add_string (json, "name", records->name);
  add_string (json, "day", records->day->date);
  add_span (json, records, total);
}

static void
add_lists (JsonBuilder *json, const DayRecords *records)
{
  g_autoptr (GPtrArray) hours = day_records_measure_hours (records);

  add_plays (json, records, FALSE);
  add_plays (json, records, TRUE);
  json_builder_set_member_name (json, "hours");
  json_builder_begin_array (json);
  for (guint i = 0; i < hours->len; i++) {
    json_builder_begin_object (json);
    add_span (json, records, hours->pdata[i]);
    json_builder_end_object (json);
  }
  json_builder_end_array (json);
  json_builder_set_member_name (json, "titles");
  json_builder_begin_array (json);
  for (guint i = 0; i < records->titles->len; i++)
    add_title (json, records, records->titles->pdata[i]);
  json_builder_end_array (json);
  json_builder_set_member_name (json, "states");
  json_builder_begin_array (json);
  for (guint i = 0; i < records->states->len; i++)
    add_state (json, records->states->pdata[i]);
  json_builder_end_array (json);
}

static char *
finish (JsonBuilder *json)
{
  g_autoptr (JsonNode) root = json_builder_get_root (json);

  return json_to_string (root, TRUE);
}

char *
report_day_to_json (const DayRecords *records)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();

  json_builder_begin_object (json);
  add_day (json, records);
  add_lists (json, records);
  json_builder_end_object (json);
  return finish (json);
}

char *
report_stations_to_json (const GPtrArray *stations, const Day *day)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();

  json_builder_begin_object (json);
  add_string (json, "day", day->date);
  add_time (json, "start", day->start);
  add_time (json, "end", day->end);
  json_builder_set_member_name (json, "stations");
  json_builder_begin_array (json);
  for (guint i = 0; i < stations->len; i++) {
    json_builder_begin_object (json);
    add_day (json, stations->pdata[i]);
    json_builder_end_object (json);
  }
  json_builder_end_array (json);
  json_builder_end_object (json);
  return finish (json);
}
