/* SPDX-License-Identifier: GPL-2.0-or-later */

/* genreclassify FILE|DIRECTORY|URI|- ...: plays each through the element, and
 * says its genre. */

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <gst/gst.h>

#include "analysis/models.h"
#include "cli/evaluation.h"
#include "cli/report.h"
#include "cli/workerpool.h"
#include "genre/genre.h"
#include "plot/figure.h"
#include "tags/undo.h"
#include "tags/undolog.h"
#include "web/serve.h"

#define NS 1e9
#define DEFAULT_MODEL "crnn"
#define NOT_GIVEN G_MININT

enum
{
  STATUS_OK = 0,
  STATUS_FAILED = 1,
  STATUS_USAGE = 2
};

typedef struct
{
  double window, hop, max_duration, timeout; /* s */
  int jobs, top;                             /* NOT_GIVEN */
  gboolean version;
  char *model, *shard;
  char *model_path, *cache_key;
  char *files_from, *plot, *errors, *log, *undo, *cache, *export;
  char **names;
  gboolean overwrite, append;
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

/* Every write can be undone: a run that names no log gets one of its own. */
static char *
make_log (GError **error)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *time = g_date_time_format (now, "%Y-%m-%dT%H%M%S");
  g_autofree char *name = g_strdup_printf ("%s-%d.jsonl", time, getpid ());
  g_autofree char *folder = g_build_filename (
      g_get_user_state_dir (), "genreclassify", NULL);

  if (g_mkdir_with_parents (folder, 0700) < 0) {
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno),
        "The folder %s, for the log of what is written, cannot be made: %s; "
        "--log names another file.",
        folder, g_strerror (errno));
    return NULL;
  }
  return g_build_filename (folder, name, NULL);
}

/* What is wrong with the log is not to be said of every file, once it has been
 * analysed. */
static gboolean
prepare_log (Command *command, GError **error)
{
  char *log;

  if (!command->log) {
    command->report.log_is_own = TRUE;
    return (command->log = make_log (error)) != NULL;
  }
  /* so that what is said of it in the end is right in other directories */
  log = g_canonicalize_filename (command->log, NULL);
  g_free (command->log);
  command->log = log;
  return undolog_check (log, error);
}

static gboolean
check_write (Command *command, GError **error)
{
  WorkerOptions *worker = &command->pool.worker;
  TagOptions *tags = &worker->tags;

  if (command->overwrite && command->append) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "--overwrite and --append cannot both be done.");
    return FALSE;
  }
  if (!worker->write &&
      (command->overwrite || command->append || tags->id3v23 ||
          tags->preserve_times || tags->write_confidence || tags->dry_run ||
          command->log)) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "Nothing is written without --write.");
    return FALSE;
  }
  if (!(worker->min_confidence >= 0 && worker->min_confidence <= 1))
    return bad_value (error, "--min-confidence", "0 to 1");
  tags->mode = command->overwrite ? TAG_OVERWRITE
      : command->append           ? TAG_APPEND
                                  : TAG_KEEP;
  if (worker->write && !tags->dry_run && !prepare_log (command, error))
    return FALSE;
  tags->undo_log = command->log;
  command->report.log = command->log;
  command->report.dry_run = tags->dry_run;
  return TRUE;
}

static gboolean
check_timeout (Command *command, GError **error)
{
  if (!(command->timeout >= 1 && command->timeout <= 1e6))
    return bad_value (error, "--timeout", "1 to 1000000 seconds");
  command->pool.timeout = ceil (command->timeout);
  return TRUE;
}

static gboolean
check_undo (Command *command, GError **error)
{
  if (command->names || command->files_from || command->log ||
      command->export || command->pool.worker.write) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "--undo takes the files' names from its log, and does nothing else "
        "beside that.");
    return FALSE;
  }
  return check_timeout (command, error);
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
      !check_shard (command->shard, &command->listing, error) ||
      !check_timeout (command, error) || !check_write (command, error))
    return FALSE;
  if (command->jobs != NOT_GIVEN && (command->jobs < 1 || command->jobs > 1024))
    return bad_value (error, "--jobs", "1 to 1024");
  if (command->top != NOT_GIVEN && command->top < 1)
    return bad_value (error, "--top", "at least 1");
  if (!command->names && !command->files_from) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "No file is named; see genreclassify --help.");
    return FALSE;
  }

  command->report.single = is_single (command);
  command->report.top = MAX (command->top, 0);
  command->report.errors_path = command->errors;
  command->listing.names = command->names;
  command->listing.files_from = command->files_from;
  command->pool.jobs = command->jobs == NOT_GIVEN ? g_get_num_processors ()
                                                  : (guint) command->jobs;
  /* a cached one may be wanted with them another time */
  command->pool.worker.with_segments = command->report.segments ||
      command->cache;
  command->pool.worker.plot = command->plot;
  return check_plot (command, error);
}

/* Adds a group of options that --help only points to. */
static void
add_group (GOptionContext *context, const char *name, const char *title,
    const GOptionEntry *entries)
{
  g_autofree char *help = g_strdup_printf ("Show the options of %s", title);
  g_autofree char *heading = g_strdup_printf ("Options of %s:", title);
  GOptionGroup *group = g_option_group_new (name, heading, help, NULL, NULL);

  g_option_group_add_entries (group, entries);
  g_option_context_add_group (context, group);
}

static gboolean
parse (Command *command, int *argc, char ***argv, GError **error)
{
  ReportOptions *report = &command->report;
  WorkerOptions *worker = &command->pool.worker;
  const GOptionEntry main_entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &report->json,
        "JSON Lines: an object for each file", NULL },
    { "plot", 0, 0, G_OPTION_ARG_FILENAME, &command->plot,
        "Draw the one file, to an .svg or .png", "OUT" },
    { "cache", 0, 0, G_OPTION_ARG_FILENAME, &command->cache,
        "Keep results there, and take from there", "FILE" },
    { "write", 'w', 0, G_OPTION_ARG_NONE, &worker->write,
        "Write the genre into files that have none", NULL },
    { "dry-run", 'n', 0, G_OPTION_ARG_NONE, &worker->tags.dry_run,
        "Only show what would be written or undone", NULL },
    { "jobs", 'j', 0, G_OPTION_ARG_INT, &command->jobs,
        "Files at a time (as many as processors)", "N" },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &report->quiet,
        "Say nothing but what failed", NULL },
    { "verbose", 'v', 0, G_OPTION_ARG_NONE, &report->verbose,
        "Name the files that are skipped", NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &command->version,
        "Name this version and the model's", NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &command->names,
        NULL, NULL },
    G_OPTION_ENTRY_NULL
  };
  const GOptionEntry analysis_entries[] = {
    { "model", 'm', 0, G_OPTION_ARG_FILENAME, &command->model,
        "An installed model or a weights file", "NAME|PATH" },
    { "window", 0, 0, G_OPTION_ARG_DOUBLE, &command->window,
        "Length of a segment, 3 to 300 (30)", "SECONDS" },
    { "hop", 0, 0, G_OPTION_ARG_DOUBLE, &command->hop,
        "From one's start to the next (the window)", "SECONDS" },
    { "max-duration", 0, 0, G_OPTION_ARG_DOUBLE, &command->max_duration,
        "Only the middle of each file", "SECONDS" },
    { "segments", 0, 0, G_OPTION_ARG_NONE, &report->segments,
        "Every segment's genres as well", NULL },
    { "top", 0, 0, G_OPTION_ARG_INT, &command->top,
        "How many genres the text names", "N" },
    { "timeout", 0, 0, G_OPTION_ARG_DOUBLE, &command->timeout,
        "Give up a file that stands still (300)", "SECONDS" },
    G_OPTION_ENTRY_NULL
  };
  const GOptionEntry library_entries[] = {
    { "files-from", 0, 0, G_OPTION_ARG_FILENAME, &command->files_from,
        "Read names, one a line or NUL between", "FILE|-" },
    { "null", '0', 0, G_OPTION_ARG_NONE, &command->listing.null,
        "It is NUL, which is else found out", NULL },
    { "shard", 0, 0, G_OPTION_ARG_STRING, &command->shard,
        "Every N-th file, for the K-th of N jobs", "K/N" },
    { "export", 0, 0, G_OPTION_ARG_STRING, &command->export,
        "Print all that is in the cache", "json|csv" },
    { "errors", 0, 0, G_OPTION_ARG_FILENAME, &command->errors,
        "Write what failed there, as JSON Lines", "FILE" },
    G_OPTION_ENTRY_NULL
  };
  const GOptionEntry write_entries[] = {
    { "overwrite", 0, 0, G_OPTION_ARG_NONE, &command->overwrite,
        "In the place of the genre that is there", NULL },
    { "append", 0, 0, G_OPTION_ARG_NONE, &command->append,
        "Beside the genre that is there", NULL },
    { "min-confidence", 0, 0, G_OPTION_ARG_DOUBLE, &worker->min_confidence,
        "If it is at least so probable (0.7)", "P" },
    { "write-confidence", 0, 0, G_OPTION_ARG_NONE,
        &worker->tags.write_confidence, "And model and confidence", NULL },
    { "id3v23", 0, 0, G_OPTION_ARG_NONE, &worker->tags.id3v23,
        "New tags of MP3 are ID3v2.3", NULL },
    { "preserve-times", 0, 0, G_OPTION_ARG_NONE, &worker->tags.preserve_times,
        "Keep the times of the files", NULL },
    { "log", 0, 0, G_OPTION_ARG_FILENAME, &command->log,
        "Note there what is written, to undo it", "LOG" },
    { "undo", 0, 0, G_OPTION_ARG_FILENAME, &command->undo,
        "Give the files of a log their former genres", "LOG" },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (GOptionContext) context = g_option_context_new (
      "FILE|DIRECTORY|URI|-... | eval DIR | models | serve");

  g_option_context_set_summary (
      context, "Tells the genre of music files, and writes it into them.");
  g_option_context_add_main_entries (context, main_entries, NULL);
  add_group (context, "analysis", "the analysis", analysis_entries);
  add_group (context, "library", "many files", library_entries);
  add_group (context, "tags", "writing tags", write_entries);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  return command->version ||
      (command->undo ? check_undo (command, error)
                     : command->export || check (command, error));
}

/* The model */

/* Finds it and looks into it: what is none is not to be said of every file.  Gives
 * its name and version. */
static char *
find_model (Command *command, GError **error)
{
  GenreModel *model;
  char *label;

  command->model_path = models_find (
      command->model ? command->model : DEFAULT_MODEL, error);
  if (!command->model_path ||
      !(model = genre_model_load (command->model_path, error)))
    return NULL;
  label = g_strdup_printf (
      "%s %s", genre_model_get_name (model), genre_model_get_version (model));
  genre_model_unref (model);
  return label;
}

/* What decides the results beside the files. */
static char *
make_cache_key (const Command *command, const char *model_label, GError **error)
{
  const AnalysisOptions *analysis = &command->pool.worker.analysis;
  g_autofree char *weights = NULL, *digest = NULL;
  gsize length;

  if (!g_file_get_contents (command->model_path, &weights, &length, error))
    return NULL;
  digest = g_compute_checksum_for_data (
      G_CHECKSUM_SHA256, (const guchar *) weights, length);
  return g_strdup_printf ("%s %s window %" G_GUINT64_FORMAT
                          " hop %" G_GUINT64_FORMAT
                          " max-duration %" G_GUINT64_FORMAT,
      model_label, digest, analysis->window, analysis->hop,
      analysis->max_duration);
}

/* What is asked for */

static int
print_version (Command *command, GError **error)
{
  g_autofree char *label = find_model (command, error);

  g_print ("genreclassify %s\n", VERSION);
  if (!label)
    return STATUS_FAILED;
  g_print ("model %s (%s)\n", label, command->model_path);
  return STATUS_OK;
}

static int
undo (const Command *command)
{
  gst_init (NULL, NULL);
  return undo_run (
      command->undo, command->pool.timeout, command->pool.worker.tags.dry_run);
}

static int
export_cache (const Command *command, GError **error)
{
  g_autoptr (Cache) cache = NULL;

  if (!command->cache) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "--export is of a cache: --cache is missing.");
    return STATUS_USAGE;
  }
  /* there is nothing to be finished if nobody reads it */
  signal (SIGPIPE, SIG_DFL);
  cache = cache_open_to_export (command->cache, error);
  return cache && cache_export (cache, command->export, error) ? STATUS_OK
                                                               : STATUS_USAGE;
}

static int
classify (Command *command, GError **error)
{
  g_autofree char *label = find_model (command, error);
  g_autoptr (Cache) cache = NULL;
  g_autoptr (Report) report = NULL;
  int signal_number, status;

  if (!label)
    return STATUS_USAGE;
  command->pool.worker.analysis.model = command->model_path;
  if (command->cache) {
    if (!(cache = cache_open (command->cache, error)) ||
        !(command->cache_key = make_cache_key (command, label, error)))
      return STATUS_USAGE;
    command->pool.cache = cache;
    command->pool.cache_key = command->cache_key;
  }
  if (!(report = report_new (&command->report, error)))
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
  g_free (command->log);
  g_free (command->undo);
  g_free (command->cache);
  g_free (command->export);
  g_free (command->model_path);
  g_free (command->cache_key);
  g_strfreev (command->names);
}

int
main (int argc, char **argv)
{
  Command command = { .jobs = NOT_GIVEN,
    .top = NOT_GIVEN,
    .timeout = 300,
    .pool.worker.min_confidence = 0.7 };
  g_autoptr (GError) error = NULL;
  int status = STATUS_USAGE;

  if (argc > 1 && !strcmp (argv[1], "serve"))
    return serve_main (argc - 1, argv + 1);
  setlocale (LC_ALL, "");
  if (argc > 1 && g_str_equal (argv[1], WORKER_ARGUMENT))
    return worker_main (argc, argv);
  if (argc > 1 && g_str_equal (argv[1], "models"))
    return models_main (argc - 1, argv + 1);
  /* a process or a reader that is gone shows in what write() gives */
  signal (SIGPIPE, SIG_IGN);
  if (argc > 1 && g_str_equal (argv[1], "eval"))
    return evaluation_main (argc - 1, argv + 1);
  if (parse (&command, &argc, &argv, &error))
    status = command.version ? print_version (&command, &error)
        : command.undo       ? undo (&command)
        : command.export     ? export_cache (&command, &error)
                             : classify (&command, &error);
  if (error)
    g_printerr ("genreclassify: %s\n", error->message);
  command_clear (&command);
  return status;
}
