/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Where records go: log, MQTT, history. */

#pragma once

#include "monitor/outputs/exporter.h"
#include "monitoroptions.h"

typedef struct _Outputs Outputs;

/* @with_stdout: records are also printed on stdout, if there is no --log
 * NULL with @error set if one of them cannot be used. */
Outputs *outputs_new (
    const MonitorOptions *options, gboolean with_stdout, GError **error);
/* Writes and delivers what waits, for some seconds at most.  @outputs may be NULL.  FALSE if
 * the log is not whole. */
gboolean outputs_free (Outputs *outputs);

void outputs_add (Outputs *outputs, const Record *record);
void outputs_remove_station (Outputs *outputs, const char *station);
/* Tries again what could not be written; to be called each second. */
void outputs_flush (Outputs *outputs);
/* Opens the log anew. */
void outputs_reopen (Outputs *outputs);
/* Nobody reads stdout any more. */
gboolean outputs_are_cut_off (const Outputs *outputs);
/* Fills what @figures says of them. */
void outputs_get_figures (Outputs *outputs, MonitorFigures *figures);
