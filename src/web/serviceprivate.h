/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a service is made of, for service.c and request.c. */

#pragma once

#include "connections.h"
#include "counters.h"
#include "forkclient.h"
#include "page.h"
#include "requestlog.h"
#include "uploads.h"

typedef struct _Service Service;

struct _Service
{
  SoupServer *server;
  Connections *connections;
  ForkClient *fork_client;
  Jobs *jobs;
  Uploads *uploads;
  Counters *counters;
  Page *page;
  RequestLog *log; /* borrowed */
  char *token;     /* or NULL */
  char **public_hosts;
  char *base_path;
  guint64 max_size;
};
