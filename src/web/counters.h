/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the service has done, as Prometheus reads it. */

#pragma once

#include <glib.h>

typedef struct _Counters Counters;

Counters *counters_new (void);
void counters_free (Counters *counters);

/* Counts an answered request; @route is a literal, one of a few. */
void counters_add_request (Counters *counters, const char *route, guint status);
/* Counts an error; @code is a literal, one of a few. */
void counters_add_error (Counters *counters, const char *code);
/* Counts a file: @audio seconds of it were decoded and classified in
 * @seconds. */
void counters_add_analysis (Counters *counters, double audio, double seconds);

/* The present state, which others count. */
typedef struct
{
  guint waiting, running; /* files that wait for a worker, or are in one */
  guint connections;
  guint kept;        /* uploads */
  guint64 kept_size; /* bytes of them */
} CountersGauges;

/* All counters, and @gauges, in the text
 * format of Prometheus, version 0.0.4; free with g_free(). */
char *counters_to_text (Counters *counters, const CountersGauges *gauges);
