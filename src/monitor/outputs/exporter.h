/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The monitor's metrics, as Prometheus reads them: --listen. */

#pragma once

#include "monitor/record/stationview.h"

/* Of the monitor itself. */
typedef struct
{
  double start_time;  /* s since 1970 */
  guint n_processes;  /* that decode */
  guint64 n_crashes;  /* of these */
  guint64 n_log_lost; /* records that no log could take */
  guint n_log_waiting;
  gboolean has_mqtt, mqtt_is_connected;
  guint mqtt_waiting;
  guint64 mqtt_lost;
  gboolean has_history;
  guint history_waiting;
  guint64 history_lost;
} MonitorFigures;

typedef struct _Exporter Exporter;

/* Fills @views (element-type StationView, by value) and @figures; called from the main
 * context when somebody asks for the metrics. */
typedef void (*ExporterFunc) (
    GArray *views, MonitorFigures *figures, gpointer user_data);

/* Listens at @address ("127.0.0.1:9155", "[::1]:9155", ":9155" for all) for GET
 * /metrics, in the thread-default main context.  NULL with @error (G_IO_ERROR) set. */
Exporter *exporter_new (
    const char *address, ExporterFunc func, gpointer user_data, GError **error);
/* @exporter may be NULL. */
void exporter_free (Exporter *exporter);
