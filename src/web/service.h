/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The HTTP service: which requests there are, who may send them, and what
 * answers them.  openapi/, beside this file, describes it to its users. */

#pragma once

#include <gio/gio.h>

#include "clientaddress.h"
#include "jobs.h"
#include "requestlog.h"

typedef struct _Service Service;

typedef struct
{
  TrustedProxies *proxies; /* must live longer than the service */
  RequestLog *log;         /* likewise */
  char **public_hosts;   /* names, with ports that are not the default ones, by
                            which browsers know it; NULL: only local ones */
  char *base_path;       /* before all paths, such as "/genre", or "" */
  char *token;           /* that requests must have; NULL: none */
  guint64 max_size;      /* of a file, bytes */
  double client_timeout; /* s that the service waits for a client */
  guint keep_seconds;    /* that uploads are kept; 0: none is */
  JobsLimits jobs;
} ServiceOptions;

/* Serves from the default main context.  NULL with @error set if it cannot be
 * started. */
Service *service_new (const ServiceOptions *options, GError **error);
void service_free (Service *service);
/* A client has come.  @is_local: only this machine can reach the socket that it
 * came by. */
void service_add_client (
    Service *service, GSocketConnection *client, gboolean is_local);
/* The service is to end: the requests of the clients that have come are still
 * answered. */
void service_drain (Service *service);
/* After service_drain(): whether the last request has been answered. */
gboolean service_is_idle (Service *service);
