/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The options of "genreclassify monitor". */

#pragma once

#include "decoders.h"
#include "monitor/outputs/logfile.h"
#include "monitor/outputs/mqtt.h"

typedef struct
{
  char **lists; /* names of lists, and URIs */
  char *log;    /* or NULL */
  LogRotation rotation;
  char *database;       /* or NULL */
  guint keep_days;      /* of it; 0: all */
  char *listen;         /* address for the metrics, or NULL */
  gboolean has_mqtt;
  MqttOptions mqtt;
  DecodersOptions decoders;
  gint64 every, min_title, silence; /* µs, as StationSettings has them */
  gboolean is_recorded;
  gint64 recorded_start; /* UTC, µs */
  gboolean is_resumed;   /* see StationSettings */
  gboolean no_table;     /* JSON also on a terminal */
} MonitorOptions;

/* NULL with @error (G_OPTION_ERROR) set.  --help ends the process. */
MonitorOptions *monitor_options_new (int argc, char **argv, GError **error);
void monitor_options_free (MonitorOptions *options);
