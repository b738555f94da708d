/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the service has done, as Prometheus reads it. */

#pragma once

#include <glib.h>

typedef struct _Metrics Metrics;

Metrics *metrics_new (void);
void metrics_free (Metrics *metrics);

/* @route is one of a few literals. */
void metrics_add_request (Metrics *metrics, const char *route, guint status);
/* @code is that of the answer's error, a literal. */
void metrics_add_error (Metrics *metrics, const char *code);
/* A file with @audio seconds was decoded and classified within @seconds. */
void metrics_add_analysis (Metrics *metrics, double audio, double seconds);

/* The text format, version 0.0.4. */
char *metrics_to_text (
    Metrics *metrics, guint waiting, guint running, guint connections);
