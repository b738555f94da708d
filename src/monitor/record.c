/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "record.h"

static const char *const states[N_STATES] = { "waiting", "connecting",
  "connected", "lost", "silent", "talk", "music" };

const char *
station_state_to_string (StationState state)
{
  return states[state];
}

char *
record_format_time (gint64 time)
{
  g_autoptr (GDateTime)
      utc = g_date_time_new_from_unix_utc (time / G_USEC_PER_SEC);
  g_autofree char *seconds = utc ? g_date_time_format (utc, "%Y-%m-%dT%H:%M:%S")
                                 : g_strdup ("1970-01-01T00:00:00");

  return g_strdup_printf (
      "%s.%03dZ", seconds, (int) (time % G_USEC_PER_SEC / 1000));
}

/* A number with @digits decimals, the rest cut off by rounding: nobody reads sixteen. */
static void
add_number (JsonBuilder *json, const char *name, double value, double digits)
{
  json_builder_set_member_name (json, name);
  json_builder_add_double_value (
      json, (gint64) (value * digits + 0.5) / digits);
}

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
add_time (JsonBuilder *json, const char *name, gint64 time)
{
  g_autofree char *text = record_format_time (time);

  add_string (json, name, text);
}

static void
add_values (JsonBuilder *json, const char *name, const RecordValues *values)
{
  json_builder_set_member_name (json, name);
  json_builder_begin_object (json);
  for (guint i = 0; i < values->n; i++)
    add_number (json, values->labels[i], values->values[i], 1e4);
  json_builder_end_object (json);
}

static void
add_title (JsonBuilder *json, const Record *record)
{
  add_time (json, "start", record->start);
  add_time (json, "end", record->end);
  add_string (json, "ended", record->ended);
  json_builder_set_member_name (json, "continues");
  json_builder_add_boolean_value (json, record->continues);
  add_number (json, "seconds", record->seconds, 1e3);
  add_string (json, "title", record->title);
  add_string (json, "artist", record->artist);
  if (record->stream_title)
    add_string (json, "stream_title", record->stream_title);
  add_string (json, "genre", record->genre);
  add_number (json, "confidence", record->genre ? record->confidence : 0, 1e4);
  add_values (json, "probabilities", &record->probabilities);
  add_values (json, "tags", &record->tags);
  add_number (json, "music", record->music, 1e4);
  add_number (json, "speech", record->speech, 1e4);
  add_number (json, "silence", record->silence, 1e4);
  add_string (json, "model", record->model);
}

static void
add_state (JsonBuilder *json, const Record *record)
{
  add_time (json, "time", record->start);
  add_string (json, "state", station_state_to_string (record->state));
  if (record->reason)
    add_string (json, "reason", record->reason);
}

char *
record_to_json (const Record *record)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;

  json_builder_begin_object (json);
  add_string (json, "type", record->kind == RECORD_TITLE ? "title" : "state");
  add_string (json, "station", record->station);
  add_string (json, "name", record->name);
  if (record->kind == RECORD_TITLE)
    add_title (json, record);
  else
    add_state (json, record);
  json_builder_end_object (json);
  root = json_builder_get_root (json);
  return json_to_string (root, FALSE);
}
