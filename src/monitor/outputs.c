/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "outputs.h"

#include "monitor/history/history.h"

/* s that the broker has to take what waits at the end */
#define MQTT_PATIENCE 5

struct _Outputs
{
  LogFile *log; /* each of them may be NULL */
  Mqtt *mqtt;
  History *history;
  gboolean history_is_stuck; /* and it was said */
};

Outputs *
outputs_new (
    const MonitorOptions *options, gboolean with_stdout, GError **error)
{
  Outputs *outputs = g_new0 (Outputs, 1);
  gboolean ok = TRUE;

  if (options->log || with_stdout)
    ok = (outputs->log = log_file_new (
              options->log, &options->rotation, error)) != NULL;
  if (ok && options->database) {
    ok = (outputs->history = history_open (options->database, error)) != NULL;
    if (ok)
      history_set_keep (outputs->history, options->keep_days);
    if (ok && options->is_recorded)
      history_set_recorded (outputs->history, options->recorded_start);
  }
  if (ok && options->has_mqtt)
    ok = (outputs->mqtt = mqtt_new (&options->mqtt, error)) != NULL;
  if (ok)
    return outputs;
  outputs_free (outputs);
  return NULL;
}

gboolean
outputs_free (Outputs *outputs)
{
  gboolean is_whole = TRUE;

  if (!outputs)
    return TRUE;
  if (outputs->log) {
    log_file_flush (outputs->log);
    is_whole = log_file_get_n_waiting (outputs->log) == 0 &&
        log_file_get_n_lost (outputs->log) == 0;
  }
  log_file_free (outputs->log);
  history_close (outputs->history);
  mqtt_free (outputs->mqtt, MQTT_PATIENCE);
  g_free (outputs);
  return is_whole;
}

/* Says once that the history cannot be written, and that it can be again. */
static void
check_history (Outputs *outputs, gboolean ok, const GError *error)
{
  if (!ok && !outputs->history_is_stuck)
    g_printerr (
        "genreclassify: %s What is to be kept waits.\n", error->message);
  else if (ok && outputs->history_is_stuck)
    g_printerr ("genreclassify: The history can be written again.\n");
  outputs->history_is_stuck = !ok;
}

void
outputs_add (Outputs *outputs, const Record *record)
{
  g_autoptr (GError) error = NULL;

  if (outputs->log) {
    g_autofree char *line = record_to_json (record);

    log_file_add (outputs->log, line);
  }
  if (outputs->mqtt)
    mqtt_add (outputs->mqtt, record);
  if (outputs->history) {
    gboolean ok = history_add (outputs->history, record, &error);

    check_history (outputs, ok, error);
  }
}

void
outputs_remove_station (Outputs *outputs, const char *station)
{
  if (outputs->mqtt)
    mqtt_remove_station (outputs->mqtt, station);
}

void
outputs_flush (Outputs *outputs)
{
  if (outputs->log)
    log_file_flush (outputs->log);
  /* it tries by itself */
  if (outputs->history && history_get_n_waiting (outputs->history) == 0)
    check_history (outputs, TRUE, NULL);
}

void
outputs_reopen (Outputs *outputs)
{
  if (outputs->log)
    log_file_reopen (outputs->log);
}

gboolean
outputs_are_cut_off (const Outputs *outputs)
{
  return outputs->log && log_file_is_cut_off (outputs->log);
}

void
outputs_get_figures (Outputs *outputs, MonitorFigures *figures)
{
  if (outputs->log) {
    figures->n_log_lost = log_file_get_n_lost (outputs->log);
    figures->n_log_waiting = log_file_get_n_waiting (outputs->log);
  }
  figures->has_mqtt = outputs->mqtt != NULL;
  if (outputs->mqtt) {
    figures->mqtt_is_connected = mqtt_is_connected (outputs->mqtt);
    figures->mqtt_waiting = mqtt_get_n_waiting (outputs->mqtt);
    figures->mqtt_lost = mqtt_get_n_lost (outputs->mqtt);
  }
  figures->has_history = outputs->history != NULL;
  if (outputs->history) {
    figures->history_waiting = history_get_n_waiting (outputs->history);
    figures->history_lost = history_get_n_lost (outputs->history);
  }
}
