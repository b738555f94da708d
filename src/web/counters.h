/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the service has done, as Prometheus reads it. */

#pragma once

#include <glib.h>

typedef struct _Counters Counters;

Counters *counters_new (void);
void counters_free (Counters *counters);

/* @route is one of a few literals. */
void counters_add_request (Counters *counters, const char *route, guint status);
/* @code is that of the answer's error, a literal. */
void counters_add_error (Counters *counters, const char *code);
/* A file with @audio seconds was decoded and classified within @seconds. */
void counters_add_analysis (Counters *counters, double audio, double seconds);

/* The text format, version 0.0.4. */
char *counters_to_text (
    Counters *counters, guint waiting, guint running, guint connections);
