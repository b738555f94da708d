/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the process uses, under the names that Prometheus has for it
 * (https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics). */

#pragma once

#include <glib.h>

/* Appends the metrics; @start: when the program was started, µs since 1970.
 * What cannot be read from /proc is left out. */
void process_metrics_append (GString *text, gint64 start);
