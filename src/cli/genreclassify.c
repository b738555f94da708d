/* SPDX-License-Identifier: GPL-2.0-or-later */

/* genreclassify FILE|DIRECTORY|URI|- ...: plays each through the element, and
 * says its genre. */

#include <locale.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "figure.h"
#include "genre.h"
#include "pool.h"
#include "report.h"

#define NS 1e9

enum
{
  STATUS_OK = 0,
  STATUS_FAILED = 1,
  STATUS_USAGE = 2
};

typedef struct
{
  double window, hop, max_duration, timeout; /* s */
  int jobs, top;
  gboolean version;
  char *model, *shard;
  char *files_from, *plot, *errors;
  char **names;
  ReportOptions report;
  ListingOptions listing;
  PoolOptions pool;
} Command;

static gboolean
bad_value (GError **error, const char *option, const char *expected)
{
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
      "%s is to be %s.", option, expected);
  return FALSE;
}

/* 0 stands for what was not given. */
static gboolean
check_seconds (const char *option, double seconds, double min, double max,
    guint64 *ns, GError **error)
{
  g_autofree char *expected = NULL;

  if (seconds == 0 || (seconds >= min && seconds <= max)) {
    *ns = llrint (seconds * NS);
    return TRUE;
  }
  expected = g_strdup_printf ("%g to %g seconds", min, max);
  return bad_value (error, option, expected);
}

static gboolean
check_shard (const char *shard, ListingOptions *listing, GError **error)
{
  char end;

  if (!shard)
    return TRUE;
  if (g_ascii_isdigit (*shard) &&
      sscanf (shard, "%u/%u%c", &listing->shard, &listing->n_shards, &end) ==
          2 &&
      listing->shard >= 1 && listing->shard <= listing->n_shards)
    return TRUE;
  return bad_value (
      error, "--shard", "K/N, two numbers with K from 1 to N, such as 3/16");
}

/* Whether it is one file, whatever becomes of it. */
static gboolean
is_single (const Command *command)
{
  return !command->files_from && g_strv_length (command->names) == 1 &&
      !g_str_equal (command->names[0], "-") &&
      !g_file_test (command->names[0], G_FILE_TEST_IS_DIR);
}

static gboolean
check_plot (const Command *command, GError **error)
{
  if (!command->plot)
    return TRUE;
  if (!command->report.single) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "--plot draws one file; a folder, a list or several were given.");
    return FALSE;
  }
  return figure_check_path (command->plot, error);
}

/* Completes what the options mean. */
static gboolean
check (Command *command, GError **error)
{
  AnalysisOptions *analysis = &command->pool.worker.analysis;

  if (!check_seconds (
          "--window", command->window, 3, 300, &analysis->window, error) ||
      !check_seconds ("--hop", command->hop, 0.1, 300, &analysis->hop, error) ||
      !check_seconds ("--max-duration", command->max_duration, 5, 1e6,
          &analysis->max_duration, error) ||
      !check_shard (command->shard, &command->listing, error))
    return FALSE;
  if (command->jobs < 0 || command->jobs > 1024)
    return bad_value (error, "--jobs", "1 to 1024");
  if (command->top < 0)
    return bad_value (error, "--top", "at least 1");
  if (!(command->timeout >= 1 && command->timeout <= 1e6))
    return bad_value (error, "--timeout", "1 to 1000000 seconds");
  if (!command->names && !command->files_from) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "No file is named; see genreclassify --help.");
    return FALSE;
  }

  analysis->model = command->model;
  command->report.single = is_single (command);
  command->report.top = command->top;
  command->report.errors_path = command->errors;
  command->listing.names = command->names;
  command->listing.files_from = command->files_from;
  command->pool.jobs = command->jobs ? (guint) command->jobs
                                     : g_get_num_processors ();
  command->pool.timeout = ceil (command->timeout);
  command->pool.worker.with_segments = command->report.segments;
  command->pool.worker.plot = command->plot;
  return check_plot (command, error);
}

static gboolean
parse (Command *command, int *argc, char ***argv, GError **error)
{
  ReportOptions *report = &command->report;
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &report->json,
        "JSON Lines: an object for each file", NULL },
    { "segments", 0, 0, G_OPTION_ARG_NONE, &report->segments,
        "every segment's genres as well", NULL },
    { "top", 0, 0, G_OPTION_ARG_INT, &command->top,
        "how many genres the text names", "N" },
    { "plot", 0, 0, G_OPTION_ARG_FILENAME, &command->plot,
        "draw the one file to an .svg or .png", "OUT" },
    { "model", 0, 0, G_OPTION_ARG_FILENAME, &command->model,
        "an installed model or a weights file", "NAME|PATH" },
    { "window", 0, 0, G_OPTION_ARG_DOUBLE, &command->window,
        "length of a segment, 3 to 300 (30)", "SECONDS" },
    { "hop", 0, 0, G_OPTION_ARG_DOUBLE, &command->hop,
        "from one's start to the next (the window)", "SECONDS" },
    { "max-duration", 0, 0, G_OPTION_ARG_DOUBLE, &command->max_duration,
        "only the middle of each file", "SECONDS" },
    { "files-from", 0, 0, G_OPTION_ARG_FILENAME, &command->files_from,
        "read names, one a line or NUL between", "FILE|-" },
    { "null", '0', 0, G_OPTION_ARG_NONE, &command->listing.null,
        "it is NUL, which is else found out", NULL },
    { "shard", 0, 0, G_OPTION_ARG_STRING, &command->shard,
        "every N-th file, for the K-th of N jobs", "K/N" },
    { "jobs", 'j', 0, G_OPTION_ARG_INT, &command->jobs,
        "files at a time (as many as processors)", "N" },
    { "timeout", 0, 0, G_OPTION_ARG_DOUBLE, &command->timeout,
        "give up a file that stands still (300)", "SECONDS" },
    { "errors", 0, 0, G_OPTION_ARG_FILENAME, &command->errors,
        "write what failed there, as JSON Lines", "FILE" },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &report->quiet,
        "say nothing but what failed", NULL },
    { "verbose", 'v', 0, G_OPTION_ARG_NONE, &report->verbose,
        "name the files that are skipped", NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &command->version,
        "name this version and the model's", NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &command->names,
        NULL, "FILE|DIRECTORY|URI|- ..." },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_add_main_entries (context, entries, NULL);
  return g_option_context_parse (context, argc, argv, error) &&
      (command->version || check (command, error));
}

static int
run (Command *command, GError **error)
{
  g_autoptr (Report) report = report_new (&command->report, error);
  int signal_number, status;

  if (!report)
    return STATUS_USAGE;
  signal_number = pool_run (
      &command->listing, &command->pool, report_add, report, error);
  status = report_finish (report);
  if (signal_number < 0)
    return STATUS_USAGE;
  if (signal_number > 0)
    return 128 + signal_number;
  return report_is_cut_off (report) ? 128 + SIGPIPE : status;
}

static void
command_clear (Command *command)
{
  g_free (command->model);
  g_free (command->shard);
  g_free (command->files_from);
  g_free (command->plot);
  g_free (command->errors);
  g_strfreev (command->names);
}

int
main (int argc, char **argv)
{
  Command command = { .timeout = 300 };
  g_autoptr (GError) error = NULL;
  int status = STATUS_USAGE;

  setlocale (LC_ALL, "");
  if (argc > 1 && g_str_equal (argv[1], WORKER_ARGUMENT))
    return worker_main (argc, argv);
  /* a process or a reader that is gone shows in what write() gives */
  signal (SIGPIPE, SIG_IGN);
  if (parse (&command, &argc, &argv, &error))
    status = run (&command, &error);
  if (error)
    g_printerr ("genreclassify: %s\n", error->message);
  command_clear (&command);
  return status;
}
