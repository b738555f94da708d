/* SPDX-License-Identifier: GPL-2.0-or-later */

/* genreclassify: chooses between its commands. */

#include <fcntl.h>
#include <locale.h>
#include <unistd.h>

#include <glib.h>

#include "batch/batch.h"
#include "cli/command.h"
#include "cli/evaluation.h"
#include "cli/modelscommand.h"
#include "cli/recipecommand.h"
#include "cli/worker.h"
#ifdef HAVE_MONITOR
#include "monitor/monitor.h"
#include "monitor/monitorworker.h"
#endif
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

#ifndef HAVE_MONITOR
static int
monitor_main (int argc, char **argv)
{
  (void) argc;
  (void) argv;
  g_printerr ("genreclassify: This program was built without the monitor "
              "(-Dmonitor=disabled).\n");
  return 2;
}
#endif

typedef int (*Command) (int argc, char **argv);

static int help_main (int argc, char **argv);

/* What the first argument names.  A command's argv[0] is its own name. */
static const struct
{
  const char *name;
  Command run;
} commands[] = {
  { "batch", batch_main },
  { "eval", evaluation_main },
  { "learn", recipe_main },
  { "models", models_main },
  { "monitor", monitor_main },
  { "serve", serve_main },
  { "train", recipe_main },
  { "help", help_main },
};

/* NULL if there is none of this name */
static Command
find_command (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (g_str_equal (name, commands[i].name))
      return commands[i].run;
  return NULL;
}

/* "help eval" is "eval --help". */
static int
help_main (int argc, char **argv)
{
  const char *name = argc > 1 ? argv[1] : "help";
  char *arguments[] = { (char *) name, "--help", NULL };
  Command command = find_command (name);

  if (!command) {
    g_printerr (
        "genreclassify: There is no command \"%s\" to show the help of; "
        "see genreclassify --help.\n",
        name);
    return 2;
  }
  return command == help_main ? command_main (2, arguments)
                              : command (2, arguments);
}

/* Keeps what is opened later from standard input, output and error, of which some may
 * be closed: reading or writing one of those fails as before. */
static void
fill_standard (void)
{
  for (int fd = 0; fd <= STDERR_FILENO; fd++)
    if (fcntl (fd, F_GETFD) < 0)
      (void) open ("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int
main (int argc, char **argv)
{
  Command command;

  fill_standard ();
  setlocale (LC_ALL, "");
  if (argc > 1 && g_str_equal (argv[1], WORKER_ARGUMENT))
    return worker_main (argc, argv);
#ifdef HAVE_MONITOR
  if (argc > 1 &&
      (g_str_equal (argv[1], MONITOR_DECODER_ARGUMENT) ||
          g_str_equal (argv[1], MONITOR_FETCHER_ARGUMENT)))
    return monitor_worker_main (argc, argv);
#endif
  if (argc > 1 && (command = find_command (argv[1])))
    return command (argc - 1, argv + 1);
  /* anything else is an option or a file */
  return command_main (argc, argv);
}
