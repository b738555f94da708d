/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The HTTP service: which requests there are, who may send them, and what
 * answers them.  openapi/, beside this file, describes it to its users. */

#pragma once

#include <glib.h>

#include "jobs.h"

typedef struct _Service Service;

typedef struct
{
  const char *address;
  guint16 port;          /* 0: any that is free */
  const char *token;     /* that requests must have; NULL: none */
  guint64 max_size;      /* of a file, bytes */
  double client_timeout; /* s that the service waits for a client */
  guint keep_seconds;    /* that uploads are kept; 0: none is */
  JobsLimits jobs;
} ServiceOptions;

/* Serves from the default main context.  NULL with @error set if it cannot be
 * started. */
Service *service_new (const ServiceOptions *options, GError **error);
void service_free (Service *service);
guint16 service_get_port (Service *service);
/* Takes no more requests; those that have begun are still answered. */
void service_drain (Service *service);
/* After service_drain(): whether the last request has been answered. */
gboolean service_is_idle (Service *service);
