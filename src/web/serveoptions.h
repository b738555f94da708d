/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The options of "genreclassify serve". */

#pragma once

#include "listeners.h"
#include "service.h"

typedef struct
{
  ServiceOptions service;
  ListenersOptions listeners;
  gboolean self_test, fork_server; /* instead of serving */
} ServeOptions;

/* Parses "serve [OPTIONS]"; argv[0] is "serve".  NULL with @error set if they are
 * not valid.  --help ends the process. */
ServeOptions *serve_options_new (int argc, char **argv, GError **error);
void serve_options_free (ServeOptions *options);
