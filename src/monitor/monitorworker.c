/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "monitorworker.h"

#include <stdlib.h>

#include "monitor/listening/fetcher.h"

/* the arguments of a process that decodes, in this order */
enum
{
  ARG_PROGRAM,
  ARG_KIND,
  ARG_MODEL,
  ARG_WINDOW,
  ARG_THREADS,
  ARG_STATIONS,
  ARG_PATIENCE,
  ARG_ACCESS,
  ARG_INSTEAD,
  N_ARGS
};

char **
monitor_worker_make_arguments (const DecoderSettings *settings)
{
  char **argv = g_new0 (char *, N_ARGS + 1);

  argv[ARG_PROGRAM] = g_strdup ("/proc/self/exe");
  argv[ARG_KIND] = g_strdup (
      settings ? MONITOR_DECODER_ARGUMENT : MONITOR_FETCHER_ARGUMENT);
  if (!settings)
    return argv;
  argv[ARG_MODEL] = g_strdup (settings->model);
  argv[ARG_WINDOW] = g_strdup_printf ("%" G_GUINT64_FORMAT, settings->window);
  argv[ARG_THREADS] = g_strdup_printf ("%u", settings->threads);
  argv[ARG_STATIONS] = g_strdup_printf ("%u", settings->max_stations);
  argv[ARG_PATIENCE] = g_strdup_printf ("%u", settings->patience);
  argv[ARG_ACCESS] = g_strdup_printf ("%d", settings->access);
  argv[ARG_INSTEAD] = g_strdup (settings->instead);
  return argv;
}

int
monitor_worker_main (int argc, char **argv)
{
  DecoderSettings settings = { 0 };

  if (argc < ARG_INSTEAD)
    return fetcher_main (DECODER_SOCKET);
  settings.model = argv[ARG_MODEL];
  settings.window = strtoull (argv[ARG_WINDOW], NULL, 10);
  settings.threads = atoi (argv[ARG_THREADS]);
  settings.max_stations = atoi (argv[ARG_STATIONS]);
  settings.patience = atoi (argv[ARG_PATIENCE]);
  settings.access = atoi (argv[ARG_ACCESS]);
  settings.instead = argc > ARG_INSTEAD ? argv[ARG_INSTEAD] : NULL;
  return decoder_process_main (&settings);
}
