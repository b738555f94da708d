/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "exporter.h"

#include <math.h>
#include <string.h>

#include "exporterserver.h"
#include "process/processmetrics.h"

#define TYPE "text/plain; version=0.0.4; charset=utf-8"
/* 2^53: up to it a double has each whole number */
#define MAX_WHOLE 9007199254740992.

/* What was said of a station the last time. */
typedef struct
{
  double audio, other; /* s */
} Said;

struct _Exporter
{
  ExporterServer *server;
  ExporterFunc func;
  gpointer user_data;
  GHashTable
      *said; /* id -> Said, of the stations that there were the last time */
};

/* A station, and its label: station="ID". */
typedef struct
{
  const StationView *view;
  char *label;
  double other;
} Row;

static void
clear_row (gpointer data)
{
  g_free (((Row *) data)->label);
}

/* Numbers and labels */

static void
append_head (
    GString *text, const char *name, const char *type, const char *help)
{
  g_string_append_printf (
      text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Most are whole. */
static void
append_number (GString *text, double value)
{
  char digits[G_ASCII_DTOSTR_BUF_SIZE];

  if (value >= 0 && value <= MAX_WHOLE && value == floor (value))
    g_string_append_printf (text, "%" G_GUINT64_FORMAT, (guint64) value);
  else if (isnan (value))
    g_string_append (text, "NaN");
  else
    g_string_append (
        text, g_ascii_formatd (digits, sizeof digits, "%.15g", value));
  g_string_append_c (text, '\n');
}

/* @labels: such as "station=\"a\"", or NULL. */
static void
append_value (GString *text, const char *name, const char *labels, double value)
{
  g_string_append (text, name);
  if (labels) {
    g_string_append_c (text, '{');
    g_string_append (text, labels);
    g_string_append_c (text, '}');
  }
  g_string_append_c (text, ' ');
  append_number (text, value);
}

static void
append_single (GString *text, const char *name, const char *type,
    const char *help, double value)
{
  append_head (text, name, type, help);
  append_value (text, name, NULL, value);
}

/* (transfer full): NAME="VALUE".  One that is no UTF-8 would cost all metrics:
 * Prometheus drops the page. */
static char *
make_label (const char *name, const char *value)
{
  g_autofree char *valid = g_utf8_make_valid (value, -1);
  GString *label = g_string_new (name);

  g_string_append (label, "=\"");
  for (const char *at = valid; *at; at++)
    if (*at == '\n')
      g_string_append (label, "\\n");
    else if (*at == '"' || *at == '\\')
      g_string_append_printf (label, "\\%c", *at);
    else
      g_string_append_c (label, *at);
  g_string_append_c (label, '"');
  return g_string_free (label, FALSE);
}

/* Stations */

/* What is no music, speech or silence.  A difference of sums that do not all grow at
 * once may shrink a little, which Prometheus would take for a counter that has begun
 * anew. */
static double
count_other (const StationView *view, const Said *last)
{
  double other = MAX (view->audio_seconds - view->music_seconds -
          view->speech_seconds - view->silence_seconds,
      0);

  if (last && view->audio_seconds >= last->audio)
    other = MAX (other, last->other);
  return other;
}

/* (element-type Row): each station once, whatever the monitor thinks: Prometheus drops a
 * page that has a value twice. */
static GArray *
make_rows (Exporter *exporter, const GArray *views)
{
  GArray *rows = g_array_sized_new (FALSE, FALSE, sizeof (Row), views->len);
  GHashTable *said = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, g_free);

  g_array_set_clear_func (rows, clear_row);
  for (guint i = 0; i < views->len; i++) {
    const StationView *view = &g_array_index (views, StationView, i);
    Row row = { .view = view };
    Said *now;

    if (g_hash_table_contains (said, view->id))
      continue;
    row.label = make_label ("station", view->id);
    row.other = count_other (
        view, g_hash_table_lookup (exporter->said, view->id));
    now = g_new (Said, 1);
    *now = (Said){ view->audio_seconds, row.other };
    g_hash_table_insert (said, g_strdup (view->id), now);
    g_array_append_val (rows, row);
  }
  g_hash_table_unref (exporter->said);
  exporter->said = said;
  return rows;
}

static gboolean
is_up (const StationView *view)
{
  return view->state != STATE_WAITING && view->state != STATE_CONNECTING &&
      view->state != STATE_LOST;
}

static double
get_up (const StationView *view)
{
  return is_up (view) ? 1 : 0;
}

static double
get_since (const StationView *view)
{
  return (double) (view->since / 1000) / 1000;
}

#define DEFINE_GET(member)                                                     \
  static double get_##member (const StationView *view)                         \
  {                                                                            \
    return (double) view->member;                                              \
  }

DEFINE_GET (n_titles)
DEFINE_GET (n_connects)
DEFINE_GET (n_losses)
DEFINE_GET (n_segments)
DEFINE_GET (n_dropped)
DEFINE_GET (inference_seconds)

/* What a station has one number of. */
static const struct
{
  const char *name, *type, *help;
  double (*get) (const StationView *view);
} numbers[] = {
  { "genreclassify_station_up", "gauge",
      "Whether audio of the station comes in.", get_up },
  { "genreclassify_station_state_start_time_seconds", "gauge",
      "Since when the station has been in its state, since 1970.", get_since },
  { "genreclassify_station_titles_total", "counter", "Titles that have ended.",
      get_n_titles },
  { "genreclassify_station_connects_total", "counter",
      "Connections to the station.", get_n_connects },
  { "genreclassify_station_losses_total", "counter",
      "Connections that were lost.", get_n_losses },
  { "genreclassify_station_segments_total", "counter",
      "Segments that were classified.", get_n_segments },
  { "genreclassify_station_segments_dropped_total", "counter",
      "Segments that were dropped because the machine was too slow.",
      get_n_dropped },
  { "genreclassify_station_inference_seconds_total", "counter",
      "Time that the network took.", get_inference_seconds },
};

static void
append_numbers (GString *text, const GArray *rows)
{
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++) {
    append_head (text, numbers[i].name, numbers[i].type, numbers[i].help);
    for (guint j = 0; j < rows->len; j++) {
      const Row *row = &g_array_index (rows, Row, j);

      append_value (
          text, numbers[i].name, row->label, numbers[i].get (row->view));
    }
  }
}

static void
append_kind (GString *text, const Row *row, const char *kind, double seconds)
{
  g_string_append (text, "genreclassify_station_seconds_total{");
  g_string_append (text, row->label);
  g_string_append_printf (text, ",kind=\"%s\"} ", kind);
  append_number (text, seconds);
}

static void
append_kinds (GString *text, const GArray *rows)
{
  append_head (text, "genreclassify_station_seconds_total", "counter",
      "Audio that was heard, by what it was.");
  for (guint i = 0; i < rows->len; i++) {
    const Row *row = &g_array_index (rows, Row, i);

    append_kind (text, row, "music", row->view->music_seconds);
    append_kind (text, row, "speech", row->view->speech_seconds);
    append_kind (text, row, "silence", row->view->silence_seconds);
    append_kind (text, row, "other", row->other);
  }
}

/* Texts of a station: its name, and its state.  Not its URI, which may have a
 * password. */
static void
append_texts (GString *text, const GArray *rows)
{
  append_head (
      text, "genreclassify_station_info", "gauge", "The name of the station.");
  for (guint i = 0; i < rows->len; i++) {
    const Row *row = &g_array_index (rows, Row, i);
    g_autofree char *name = make_label ("name", row->view->name);

    g_string_append_printf (
        text, "genreclassify_station_info{%s,%s} 1\n", row->label, name);
  }
  append_head (text, "genreclassify_station_state", "gauge",
      "1, with the state of the station.");
  for (guint i = 0; i < rows->len; i++) {
    const Row *row = &g_array_index (rows, Row, i);

    g_string_append_printf (text,
        "genreclassify_station_state{%s,state=\"%s\"} 1\n", row->label,
        station_state_to_string (row->view->state));
  }
}

static void
append_stations (GString *text, const GArray *rows)
{
  guint counts[N_STATES] = { 0 };

  for (guint i = 0; i < rows->len; i++)
    counts[g_array_index (rows, Row, i).view->state]++;
  append_head (
      text, "genreclassify_stations", "gauge", "Stations, by their state.");
  for (guint i = 0; i < N_STATES; i++)
    g_string_append_printf (text, "genreclassify_stations{state=\"%s\"} %u\n",
        station_state_to_string ((StationState) i), counts[i]);
}

/* The monitor */

static void
append_records (GString *text, const char *where, const char *name,
    guint n_waiting, guint64 n_lost)
{
  g_autofree char *waiting = g_strdup_printf (
                      "genreclassify_%s_records_waiting", name),
                  *lost = g_strdup_printf (
                      "genreclassify_%s_records_lost_total", name),
                  *waiting_help = g_strdup_printf (
                      "Records that wait for %s.", where),
                  *lost_help = g_strdup_printf (
                      "Records that %s did not get.", where);

  append_single (text, waiting, "gauge", waiting_help, n_waiting);
  append_single (text, lost, "counter", lost_help, (double) n_lost);
}

static void
append_figures (GString *text, const MonitorFigures *figures)
{
  append_single (text, "genreclassify_processes", "gauge",
      "Processes that decode.", figures->n_processes);
  append_single (text, "genreclassify_process_crashes_total", "counter",
      "Processes that have crashed.", (double) figures->n_crashes);
  append_records (
      text, "the log", "log", figures->n_log_waiting, figures->n_log_lost);
  if (figures->has_mqtt) {
    append_single (text, "genreclassify_mqtt_connected", "gauge",
        "Whether the MQTT broker is there.", figures->mqtt_is_connected);
    append_records (text, "the MQTT broker", "mqtt", figures->mqtt_waiting,
        figures->mqtt_lost);
  }
  if (figures->has_history)
    append_records (text, "the history", "history", figures->history_waiting,
        figures->history_lost);
  append_head (
      text, "genreclassify_build_info", "gauge", "The version of the program.");
  append_value (text, "genreclassify_build_info", "version=\"" VERSION "\"", 1);
}

static char *
make_page (gpointer user_data)
{
  Exporter *exporter = user_data;
  g_autoptr (GArray) views = g_array_new (FALSE, TRUE, sizeof (StationView)),
                     rows = NULL;
  MonitorFigures figures = { 0 };
  GString *text;

  exporter->func (views, &figures, exporter->user_data);
  rows = make_rows (exporter, views);
  text = g_string_sized_new (8192 + (gsize) rows->len * 1500);
  append_stations (text, rows);
  append_texts (text, rows);
  append_numbers (text, rows);
  append_kinds (text, rows);
  append_figures (text, &figures);
  process_metrics_append (text, (gint64) (figures.start_time * 1e6));
  return g_string_free (text, FALSE);
}

Exporter *
exporter_new (
    const char *address, ExporterFunc func, gpointer user_data, GError **error)
{
  Exporter *exporter = g_new0 (Exporter, 1);

  exporter->func = func;
  exporter->user_data = user_data;
  exporter->said = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, g_free);
  exporter->server = exporter_server_new (
      address, "/metrics", TYPE, make_page, exporter, error);
  if (exporter->server)
    return exporter;
  exporter_free (exporter);
  return NULL;
}

void
exporter_free (Exporter *exporter)
{
  if (!exporter)
    return;
  exporter_server_free (exporter->server);
  g_hash_table_unref (exporter->said);
  g_free (exporter);
}
