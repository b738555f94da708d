/* SPDX-License-Identifier: GPL-2.0-or-later */

/* genreclassify: chooses between its commands. */

#include <locale.h>

#include <glib.h>

#include "cli/command.h"
#include "cli/evaluation.h"
#include "cli/modelscommand.h"
#include "cli/worker.h"
#ifdef HAVE_WEB
#include "web/serve.h"
#endif

#ifndef HAVE_WEB
static int
serve_main (int argc, char **argv)
{
  (void) argc;
  (void) argv;
  g_printerr ("genreclassify: This program was built without the service "
              "(-Dweb=disabled).\n");
  return 2;
}
#endif

/* What the first argument names.  A command's argv[0] is its own name. */
static const struct
{
  const char *name;
  int (*run) (int argc, char **argv);
} commands[] = {
  { "eval", evaluation_main },
  { "models", models_main },
  { "serve", serve_main },
};

int
main (int argc, char **argv)
{
  setlocale (LC_ALL, "");
  if (argc > 1 && g_str_equal (argv[1], WORKER_ARGUMENT))
    return worker_main (argc, argv);
  for (guint i = 0; argc > 1 && i < G_N_ELEMENTS (commands); i++)
    if (g_str_equal (argv[1], commands[i].name))
      return commands[i].run (argc - 1, argv + 1);
  /* anything else is an option or a file */
  return command_main (argc, argv);
}
