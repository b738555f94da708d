/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "record.h"

#include "analysis/jsontext.h"

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

static void
add_key (GString *json, const char *key)
{
  g_string_append_printf (json, "%s\"%s\":", json->len > 1 ? "," : "", key);
}

static void
add_string (GString *json, const char *key, const char *value)
{
  add_key (json, key);
  json_append_string (json, value);
}

static void
add_number (GString *json, const char *key, const char *format, double value)
{
  add_key (json, key);
  json_append_number (json, format, value);
}

static void
add_time (GString *json, const char *key, gint64 time)
{
  g_autofree char *text = record_format_time (time);

  add_string (json, key, text);
}

static void
add_values (GString *json, const char *key, const RecordValues *values)
{
  add_key (json, key);
  g_string_append_c (json, '{');
  for (guint i = 0; i < values->n; i++) {
    if (i > 0)
      g_string_append_c (json, ',');
    json_append_string (json, values->labels[i]);
    g_string_append_c (json, ':');
    json_append_number (json, "%.4g", values->values[i]);
  }
  g_string_append_c (json, '}');
}

static void
add_title (GString *json, const Record *record)
{
  add_time (json, "start", record->start);
  add_time (json, "end", record->end);
  add_string (json, "ended", record->ended);
  add_key (json, "continues");
  g_string_append (json, record->continues ? "true" : "false");
  add_number (json, "seconds", "%.1f", record->seconds);
  add_string (json, "title", record->title);
  add_string (json, "artist", record->artist);
  add_string (json, "stream_title", record->stream_title);
  add_string (json, "genre", record->genre);
  add_number (
      json, "confidence", "%.4g", record->genre ? record->confidence : 0);
  add_values (json, "probabilities", &record->probabilities);
  add_values (json, "tags", &record->tags);
  add_number (json, "music", "%.3f", record->music);
  add_number (json, "speech", "%.3f", record->speech);
  add_number (json, "silence", "%.3f", record->silence);
  add_string (json, "model", record->model);
}

char *
record_to_json (const Record *record)
{
  GString *json = g_string_new ("{");

  add_string (json, "type", record->kind == RECORD_TITLE ? "title" : "state");
  add_string (json, "station", record->station);
  add_string (json, "name", record->name);
  if (record->kind == RECORD_TITLE) {
    add_title (json, record);
  } else {
    add_time (json, "time", record->start);
    add_string (json, "state", station_state_to_string (record->state));
    add_string (json, "reason", record->reason);
  }
  g_string_append_c (json, '}');
  return g_string_free (json, FALSE);
}
