/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The HTTP service: what each request is answered.  openapi.json, beside this file,
 * describes it to its users. */

#pragma once

#include <glib.h>

#include "jobs.h"

typedef struct _Service Service;

typedef struct
{
  const char *address;
  guint16 port;          /* 0: any that is free */
  const char *token;     /* that requests must bear; NULL: none */
  guint64 max_size;      /* of a file, bytes */
  double client_timeout; /* s that a client may keep us waiting */
  JobsLimits jobs;
} ServiceOptions;

/* Serves from the main context.  NULL with @error set if it cannot be started. */
Service *service_new (const ServiceOptions *options, GError **error);
void service_free (Service *service);
guint16 service_get_port (Service *service);
/* Takes no more requests; those that have begun are answered. */
void service_drain (Service *service);
/* After service_drain(): nobody is left. */
gboolean service_is_idle (Service *service);
