/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "options.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "analysis/filename.h"
#include "arguments.h"
#include "genre/genre.h"
#include "plot/figure.h"
#include "tags/undolog.h"

#define MAX_SECONDS 1e6

G_STATIC_ASSERT (OPTIONS_MIN_WINDOW == GENRE_MIN_WINDOW / GENRE_SECOND);
G_STATIC_ASSERT (OPTIONS_MAX_WINDOW == GENRE_MAX_WINDOW / GENRE_SECOND);
G_STATIC_ASSERT (OPTIONS_DEFAULT_WINDOW == GENRE_DEFAULT_WINDOW / GENRE_SECOND);
G_STATIC_ASSERT (
    OPTIONS_MIN_DURATION == GENRE_DEFAULT_MIN_WINDOW / GENRE_SECOND);

/* The tables.  An option's value goes to a member of CommandOptions: TO gives
 * the member's offset, of which add_entries() makes a pointer. */

#define TO(member) ((gpointer) G_STRUCT_OFFSET (CommandOptions, member))

/* clang-format off */
#define WINDOW_HELP "Length of a segment, " \
  G_STRINGIFY (OPTIONS_MIN_WINDOW) " to " \
  G_STRINGIFY (OPTIONS_MAX_WINDOW) \
  " (" G_STRINGIFY (OPTIONS_DEFAULT_WINDOW) ")"
#define TIMEOUT_HELP "Give up a file that stands still " \
  "(" G_STRINGIFY (OPTIONS_DEFAULT_TIMEOUT) ")"
#define MIN_CONFIDENCE_HELP "The least probability of what is written " \
  "(" G_STRINGIFY (GENRE_DEFAULT_MIN_CONFIDENCE) ")"
/* clang-format on */

static const GOptionEntry main_entries[] = {
  { "json", 0, 0, G_OPTION_ARG_NONE, TO (report.json),
      "JSON Lines: an object for each file", NULL },
  { "plot", 0, 0, G_OPTION_ARG_FILENAME, TO (pool.worker.plot),
      "Draw the file as a picture: .svg or .png", "OUT" },
  { "cache", 0, 0, G_OPTION_ARG_FILENAME, TO (cache),
      "Keep results there, and take from there", "FILE" },
  { "write", 'w', 0, G_OPTION_ARG_NONE, TO (pool.worker.write),
      "Write the genre where none is; --undo takes it back", NULL },
  { "dry-run", 'n', 0, G_OPTION_ARG_NONE, TO (pool.worker.tags.dry_run),
      "Only show what would be written or undone", NULL },
  { "jobs", 'j', 0, G_OPTION_ARG_INT, TO (pool.jobs),
      "Files at a time (as many as processors)", "N" },
  { "quiet", 'q', 0, G_OPTION_ARG_NONE, TO (report.quiet),
      "Say nothing but what failed", NULL },
  { "verbose", 'v', 0, G_OPTION_ARG_NONE, TO (report.verbose),
      "Name the files that are skipped", NULL },
  { "version", 'V', 0, G_OPTION_ARG_NONE, TO (version),
      "Name this version and model; with -v, all parts", NULL },
  G_OPTION_ENTRY_NULL
};

static const GOptionEntry analysis_entries[] = {
  { "model", 'm', 0, G_OPTION_ARG_FILENAME, TO (model),
      "A model that \"models\" lists, or a weights file", "NAME|PATH" },
  { "window", 0, 0, G_OPTION_ARG_DOUBLE, TO (window), WINDOW_HELP, "SECONDS" },
  { "hop", 0, 0, G_OPTION_ARG_DOUBLE, TO (hop),
      "From one segment's start to the next's", "SECONDS" },
  { "max-duration", 0, 0, G_OPTION_ARG_DOUBLE, TO (max_duration),
      "Analyse only the middle of a longer file", "SECONDS" },
  { "segments", 0, 0, G_OPTION_ARG_NONE, TO (report.segments),
      "Show every segment as well", NULL },
  { "embedding", 0, 0, G_OPTION_ARG_NONE, TO (report.embedding),
      "Add to the JSON a vector that is near that of similar music", NULL },
  { "tags", 0, 0, G_OPTION_ARG_NONE, TO (report.tags_of_model),
      "Show the model's tags: other genres, voices, speech", NULL },
  { "top", 0, 0, G_OPTION_ARG_INT, TO (report.top),
      "How many genres the text names", "N" },
  { "timeout", 0, 0, G_OPTION_ARG_DOUBLE, TO (timeout), TIMEOUT_HELP,
      "SECONDS" },
  G_OPTION_ENTRY_NULL
};

static const GOptionEntry library_entries[] = {
  { "files-from", 0, 0, G_OPTION_ARG_FILENAME, TO (listing.files_from),
      "Read names, one a line or NUL between", "FILE|-" },
  { "null", '0', 0, G_OPTION_ARG_NONE, TO (listing.null),
      "Names in lists end in NUL, not newlines", NULL },
  { "shard", 0, 0, G_OPTION_ARG_STRING, TO (shard),
      "The K-th of N parts, for jobs side by side", "K/N|auto" },
  { "shard-index", 0, 0, G_OPTION_ARG_STRING, TO (shard_index),
      "The same, but the first part is 0", "I" },
  { "shard-count", 0, 0, G_OPTION_ARG_STRING, TO (shard_count),
      "How many parts there are, with index or auto", "N" },
  { "unordered", 0, 0, G_OPTION_ARG_NONE, TO (pool.unordered),
      "Give results as they come, one for each name", NULL },
  { "retries", 0, 0, G_OPTION_ARG_INT, TO (retries),
      "Try again, at last, what may pass (" G_STRINGIFY (
          OPTIONS_DEFAULT_RETRIES) ")",
      "N" },
  { "group", 0, 0, G_OPTION_ARG_STRING, TO (group),
      "One answer for all tracks of an album", "album" },
  { "cache-root", 0, 0, G_OPTION_ARG_FILENAME, TO (cache_root),
      "Names in the cache are relative to this", "DIR" },
  { "cache-prune", 0, 0, G_OPTION_ARG_NONE, TO (cache_prune),
      "Forget files in the cache that are gone", NULL },
  { "export", 0, 0, G_OPTION_ARG_STRING, TO (export),
      "Print all that is in the cache", "json|csv" },
  { "errors", 0, 0, G_OPTION_ARG_FILENAME, TO (report.errors_path),
      "Write what failed there, as JSON Lines", "FILE" },
  { "strict", 0, 0, G_OPTION_ARG_NONE, TO (report.strict),
      "Exit status 3 if files were skipped", NULL },
  { "max-failures", 0, 0, G_OPTION_ARG_INT, TO (max_failures),
      "Exit status 0 with up to N failed files (0)", "N" },
  { "ok-if-failed", 0, 0, G_OPTION_ARG_NONE, TO (report.ok_if_failed),
      "Exit status 0 however many files failed", NULL },
  G_OPTION_ENTRY_NULL
};

static const GOptionEntry tags_entries[] = {
  { "overwrite", 0, 0, G_OPTION_ARG_NONE, TO (overwrite),
      "Replace a genre that is there", NULL },
  { "append", 0, 0, G_OPTION_ARG_NONE, TO (append),
      "Add to the genres that are there", NULL },
  { "min-confidence", 0, 0, G_OPTION_ARG_DOUBLE,
      TO (pool.worker.min_confidence), MIN_CONFIDENCE_HELP, "P" },
  { "placeholder", 0, 0, G_OPTION_ARG_STRING,
      TO (pool.worker.tags.placeholders),
      "Genres that count as none (" TAGWRITER_PLACEHOLDERS ")", "LIST" },
  { "write-confidence", 0, 0, G_OPTION_ARG_NONE,
      TO (pool.worker.write_confidence), "Write model and confidence as well",
      NULL },
  { "write-top", 0, 0, G_OPTION_ARG_INT, TO (write_top),
      "Write up to N genres, not only one", "N" },
  { "write-tags", 0, 0, G_OPTION_ARG_NONE, TO (pool.worker.write_tags),
      "Write the model's tags as further genres", NULL },
  { "genre-map", 0, 0, G_OPTION_ARG_FILENAME, TO (genre_map_path),
      "Write names of your own, \"from = to; to\"", "FILE" },
  { "id3v23", 0, 0, G_OPTION_ARG_NONE, TO (pool.worker.tags.id3v23),
      "New tags of MP3 are ID3v2.3", NULL },
  { "force", 0, 0, G_OPTION_ARG_NONE, TO (pool.worker.force),
      "Write also into files that are cut off", NULL },
  { "preserve-times", 0, 0, G_OPTION_ARG_NONE,
      TO (pool.worker.tags.preserve_times), "Keep the times of the files",
      NULL },
  { "log", 0, 0, G_OPTION_ARG_FILENAME, TO (pool.worker.tags.undo_log),
      "Note there what is written, to undo it", "LOG" },
  { "undo", 0, 0, G_OPTION_ARG_FILENAME, TO (undo),
      "Give files in the log their genres back", "LOG" },
  G_OPTION_ENTRY_NULL
};

/* The groups of --help-all; --help shows the options of the first one, and only
 * names the others. */
static const struct
{
  const char *name, *title;
  const GOptionEntry *entries;
} groups[] = {
  { NULL, NULL, main_entries },
  { "analysis", "the analysis", analysis_entries },
  { "library", "many files", library_entries },
  { "tags", "writing tags", tags_entries },
};

/* What GOption makes of the groups' names. */
static const GOptionEntry group_help_entries[] = {
  { "help-analysis", 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
  { "help-library", 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
  { "help-tags", 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
  G_OPTION_ENTRY_NULL
};

static void
add_entries (
    GOptionGroup *group, const GOptionEntry *entries, CommandOptions *options)
{
  for (const GOptionEntry *entry = entries; entry->long_name; entry++) {
    GOptionEntry added[] = { *entry, G_OPTION_ENTRY_NULL };

    added[0].arg_data = (guint8 *) options + GPOINTER_TO_SIZE (entry->arg_data);
    g_option_group_add_entries (group, added);
  }
}

static void
add_group (GOptionContext *context, guint i, CommandOptions *options)
{
  const char *title = groups[i].title;
  GOptionGroup *group;

  if (title) {
    g_autofree char *heading = g_strdup_printf ("Options of %s:", title);
    g_autofree char *help = g_strdup_printf ("Show the options of %s", title);

    group = g_option_group_new (groups[i].name, heading, help, NULL, NULL);
    g_option_context_add_group (context, group);
  } else {
    group = g_option_group_new (NULL, NULL, NULL, NULL, NULL);
    g_option_context_set_main_group (context, group);
  }
  add_entries (group, groups[i].entries, options);
}

/* Checks of values */

static gboolean
set_bad_value (GError **error, const char *option, const char *expected)
{
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
      "%s is to be %s.", option, expected);
  return FALSE;
}

/* @unit: " seconds", or "" */
static gboolean
check_range (const char *option, double value, double min, double max,
    const char *unit, GError **error)
{
  g_autofree char *expected = NULL;

  /* not for NAN */
  if (value >= min && value <= max)
    return TRUE;
  expected = g_strdup_printf ("%.10g to %.10g%s", min, max, unit);
  return set_bad_value (error, option, expected);
}

/* Gives @ns; 0 stands for a time that was not given. */
static gboolean
check_time (const char *option, double seconds, double min, double max,
    guint64 *ns, GError **error)
{
  if (seconds != 0 &&
      !check_range (option, seconds, min, max, " seconds", error))
    return FALSE;
  *ns = llrint (seconds * GENRE_SECOND);
  return TRUE;
}

static gboolean
check_analysis (CommandOptions *options, GError **error)
{
  AnalysisOptions *analysis = &options->pool.worker.analysis;

  return check_time ("--window", options->window, OPTIONS_MIN_WINDOW,
             OPTIONS_MAX_WINDOW, &analysis->window, error) &&
      check_time ("--hop", options->hop, (double) GENRE_MIN_HOP / GENRE_SECOND,
          OPTIONS_MAX_WINDOW, &analysis->hop, error) &&
      check_time ("--max-duration", options->max_duration, OPTIONS_MIN_DURATION,
          MAX_SECONDS, &analysis->max_duration, error);
}

static gboolean
check_shard (CommandOptions *options, GError **error)
{
  return shard_parse (&options->listing.shard, options->shard,
      options->shard_index, options->shard_count, error);
}

static gboolean
check_group (CommandOptions *options, GError **error)
{
  if (options->group && !g_str_equal (options->group, "album"))
    return set_bad_value (error, "--group", "\"album\"");
  if (options->group && options->pool.unordered) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "--group needs the order in which an album's tracks come together: not "
        "with --unordered.");
    return FALSE;
  }
  options->pool.worker.group = options->listing.by_album = options->group !=
      NULL;
  return TRUE;
}

static gboolean
check_timeout (CommandOptions *options, GError **error)
{
  if (!check_range (
          "--timeout", options->timeout, 1, MAX_SECONDS, " seconds", error))
    return FALSE;
  options->pool.timeout = ceil (options->timeout);
  return TRUE;
}

static gboolean
check_failures (CommandOptions *options, GError **error)
{
  const int max = options->max_failures;

  if (!check_range (
          "--retries", options->retries, 0, OPTIONS_MAX_RETRIES, "", error))
    return FALSE;
  options->pool.retries = options->retries;
  options->listing.one_each = options->pool.unordered;
  if (max != OPTIONS_NOT_GIVEN && options->report.ok_if_failed) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "--ok-if-failed knows no number, and --max-failures names one.");
    return FALSE;
  }
  if (max == OPTIONS_NOT_GIVEN)
    return TRUE;
  options->report.max_failures = max;
  return check_range ("--max-failures", max, 0, G_MAXINT, "", error);
}

gboolean
options_check_jobs (int *jobs, GError **error)
{
  if (*jobs == OPTIONS_NOT_GIVEN)
    *jobs = MIN (g_get_num_processors (), OPTIONS_MAX_JOBS);
  return check_range ("--jobs", *jobs, 1, OPTIONS_MAX_JOBS, "", error);
}

static gboolean
check_top (CommandOptions *options, GError **error)
{
  int *top = &options->report.top;

  if (*top == OPTIONS_NOT_GIVEN)
    *top = 0;
  else if (*top < 1)
    return set_bad_value (error, "--top", "at least 1");
  return TRUE;
}

/* Checks of what goes together */

/* The name of a new log for a run of which the user names none, so that every
 * write can be undone. */
static char *
make_log_name (void)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *time = g_date_time_format (now, "%Y-%m-%dT%H%M%S");
  g_autofree char *name = g_strdup_printf ("%s-%d.jsonl", time, getpid ());

  return g_build_filename (
      g_get_user_state_dir (), "genreclassify", name, NULL);
}

/* An unusable log is reported now: later, each file would be analysed first and
 * then fail. */
static gboolean
prepare_log (CommandOptions *options, GError **error)
{
  TagOptions *tags = &options->pool.worker.tags;
  char *given = (char *) tags->undo_log;

  if (!given) {
    options->report.log_is_own = TRUE;
    tags->undo_log = make_log_name ();
    return TRUE;
  }
  /* the report names it, and may be read in another directory */
  tags->undo_log = g_canonicalize_filename (given, NULL);
  g_free (given);
  return undolog_check (tags->undo_log, error);
}

/* Whether an option is given that means something only with --write. */
static gboolean
has_write_options (const CommandOptions *options)
{
  const TagOptions *tags = &options->pool.worker.tags;

  return options->overwrite || options->append || tags->id3v23 ||
      tags->preserve_times || options->pool.worker.write_confidence ||
      options->pool.worker.write_tags || options->pool.worker.force ||
      tags->dry_run || tags->undo_log || tags->placeholders ||
      options->genre_map_path || options->write_top != OPTIONS_NOT_GIVEN ||
      options->pool.worker.min_confidence != OPTIONS_NOT_GIVEN;
}

static gboolean
check_write_top (CommandOptions *options, GError **error)
{
  if (options->write_top == OPTIONS_NOT_GIVEN)
    options->write_top = 1;
  else if (options->write_top < 1)
    return set_bad_value (error, "--write-top", "at least 1");
  options->pool.worker.write_top = options->write_top;
  return TRUE;
}

/* Reads the map here once, as it may be a pipe, and so that a mistake in it is
 * found before a file is analysed. */
static gboolean
check_genre_map (CommandOptions *options, GError **error)
{
  const char *path = options->genre_map_path;
  g_autofree char *name = path ? filename_display (path) : NULL;
  g_autoptr (GError) fault = NULL;
  char *text = NULL;
  gsize length;

  if (!path)
    return TRUE;
  if (!g_file_get_contents (path, &text, &length, &fault)) {
    g_set_error (error, fault->domain, fault->code,
        "The genre map cannot be read: %s.", fault->message);
    return FALSE;
  }
  options->pool.worker.genre_map = text;
  options->pool.worker.map = vocabulary_parse (text, length, name, error);
  return options->pool.worker.map != NULL;
}

static gboolean
check_write (CommandOptions *options, GError **error)
{
  WorkerOptions *worker = &options->pool.worker;
  TagOptions *tags = &worker->tags;

  if (options->overwrite && options->append) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "--overwrite and --append cannot both be done.");
    return FALSE;
  }
  if (!worker->write && has_write_options (options)) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "Nothing is written without --write.");
    return FALSE;
  }
  options->listing.spare_root = worker->write;
  if (worker->min_confidence == OPTIONS_NOT_GIVEN)
    worker->min_confidence = GENRE_DEFAULT_MIN_CONFIDENCE;
  if (!check_range (
          "--min-confidence", worker->min_confidence, 0, 1, "", error))
    return FALSE;
  if (!check_write_top (options, error) || !check_genre_map (options, error))
    return FALSE;
  tags->mode = options->overwrite ? TAG_OVERWRITE
      : options->append           ? TAG_APPEND
                                  : TAG_KEEP;
  return !worker->write || tags->dry_run || prepare_log (options, error);
}

/* Whether exactly one name is given, and it is neither a folder nor a list. */
static gboolean
is_single (const CommandOptions *options)
{
  const ListingOptions *listing = &options->listing;

  return !listing->files_from && g_strv_length (listing->names) == 1 &&
      !g_str_equal (listing->names[0], "-") &&
      !g_file_test (listing->names[0], G_FILE_TEST_IS_DIR);
}

/* FALSE, with @error set, if there is no such file and what was meant may be a
 * command: it would go on with the other names as if nothing were amiss. */
static gboolean
check_is_no_command (const char *name, GError **error)
{
  const char *const commands[] = { OPTIONS_COMMANDS, NULL };
  const char *command = arguments_suggest (name, commands);

  if (!command || strpbrk (name, "./:") ||
      g_file_test (name, G_FILE_TEST_EXISTS))
    return TRUE;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
      g_str_equal (name, command)
          ? "There is no file \"%s\"; the command of that name, %s, comes "
            "before all options."
          : "There is neither a file nor a command \"%s\"; did you mean %s?",
      name, command);
  return FALSE;
}

static gboolean
check_names (CommandOptions *options, GError **error)
{
  const char *first = options->listing.names[0];

  if (!first && !options->listing.files_from) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "No file is named; see genreclassify --help.");
    return FALSE;
  }
  if (first && !check_is_no_command (first, error))
    return FALSE;
  options->report.single = is_single (options);
  return TRUE;
}

static gboolean
check_plot (CommandOptions *options, GError **error)
{
  if (!options->pool.worker.plot)
    return TRUE;
  if (!options->report.single) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "--plot draws one file; a folder, a list or several were given.");
    return FALSE;
  }
  return figure_check_path (options->pool.worker.plot, error);
}

static gboolean
needs_tags (const CommandOptions *options)
{
  return options->report.tags_of_model || options->pool.worker.write_tags;
}

static gboolean
check_embedding (CommandOptions *options, GError **error)
{
  options->pool.needs_embedding = options->report.embedding;
  options->pool.needs_tags = needs_tags (options);
  if (!options->report.embedding || options->report.json)
    return TRUE;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
      "--embedding adds to the JSON: --json is missing.");
  return FALSE;
}

static gboolean
check_classify (CommandOptions *options, GError **error)
{
  /* a later run may ask the cache for them */
  options->pool.worker.parts =
      (options->report.segments || options->cache ? RESULT_SEGMENTS : 0) |
      (options->report.embedding || options->cache ? RESULT_EMBEDDING : 0) |
      (needs_tags (options) || options->cache ? RESULT_TAGS : 0);
  return check_embedding (options, error) && check_analysis (options, error) &&
      check_shard (options, error) && check_group (options, error) &&
      check_failures (options, error) && check_timeout (options, error) &&
      check_write (options, error) &&
      options_check_jobs (&options->pool.jobs, error) &&
      check_top (options, error) && check_names (options, error) &&
      check_plot (options, error);
}

static gboolean
check_export (CommandOptions *options, GError **error)
{
  if (options->report.embedding || options->report.tags_of_model) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "--export prints what is in the cache, without --embedding and --tags.");
    return FALSE;
  }
  if (options->cache)
    return TRUE;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
      "--export is of a cache: --cache is missing.");
  return FALSE;
}

static gboolean
check_prune (CommandOptions *options, GError **error)
{
  const char *missing = !options->cache ? "--cache is missing"
      : options->listing.names[0] || options->listing.files_from ||
          options->pool.worker.write || options->export
      ? "it takes no files, and does nothing else beside that"
      : NULL;

  if (!missing)
    return TRUE;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
      "--cache-prune is of a cache: %s.", missing);
  return FALSE;
}

static gboolean
check_undo (CommandOptions *options, GError **error)
{
  const WorkerOptions *worker = &options->pool.worker;

  if (options->listing.names[0] || options->listing.files_from ||
      worker->tags.undo_log || worker->write || options->export) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "--undo takes the files' names from its log, and does nothing else "
        "beside that.");
    return FALSE;
  }
  return check_timeout (options, error);
}

/* Chooses the action, and checks the options that it takes. */
static gboolean
check (CommandOptions *options, GError **error)
{
  if (options->version) {
    options->action = COMMAND_PRINT_VERSION;
    return TRUE;
  }
  if (options->undo) {
    options->action = COMMAND_UNDO;
    return check_undo (options, error);
  }
  if (options->cache_root && !options->cache) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "--cache-root is of a cache: --cache is missing.");
    return FALSE;
  }
  if (options->cache_prune) {
    options->action = COMMAND_PRUNE_CACHE;
    return check_prune (options, error);
  }
  if (options->export) {
    options->action = COMMAND_EXPORT_CACHE;
    return check_export (options, error);
  }
  options->action = COMMAND_CLASSIFY;
  return check_classify (options, error);
}

gboolean
options_parse (CommandOptions *options, int argc, char **argv, GError **error)
{
  g_autoptr (GOptionContext)
      context = g_option_context_new ("FILE|FOLDER|URI|-... | COMMAND");
  const GOptionEntry *tables[G_N_ELEMENTS (groups) + 2] = { NULL };

  *options = (CommandOptions){ .pool.jobs = OPTIONS_NOT_GIVEN,
    .report.top = OPTIONS_NOT_GIVEN,
    .write_top = OPTIONS_NOT_GIVEN,
    .max_failures = OPTIONS_NOT_GIVEN,
    .retries = OPTIONS_DEFAULT_RETRIES,
    .report.tags = &options->pool.worker.tags,
    .timeout = OPTIONS_DEFAULT_TIMEOUT,
    .pool.worker.min_confidence = OPTIONS_NOT_GIVEN };
  g_set_prgname ("genreclassify");
  g_option_context_set_summary (context,
      "Tells the genre of music files, and writes it into them.  Commands: batch,\n"
      "eval, learn, models, monitor, serve, train; \"help COMMAND\" has their options.");
  for (guint i = 0; i < G_N_ELEMENTS (groups); i++) {
    add_group (context, i, options);
    tables[i] = groups[i].entries;
  }
  tables[G_N_ELEMENTS (groups)] = group_help_entries;
  options->listing.names = arguments_parse (context, tables, argc, argv, error);
  return options->listing.names && check (options, error);
}

void
options_clear (CommandOptions *options)
{
  g_free (options->model);
  g_free (options->cache);
  g_free (options->cache_root);
  g_free (options->export);
  g_free (options->undo);
  g_free (options->shard);
  g_free (options->shard_index);
  g_free (options->shard_count);
  g_free (options->genre_map_path);
  g_free (options->group);
  g_free ((char *) options->report.errors_path);
  g_strfreev (options->listing.names);
  g_free ((char *) options->listing.files_from);
  worker_options_clear (&options->pool.worker);
}
