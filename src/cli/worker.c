/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "worker.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <gst/gst.h>

#include "analysis/plugin.h"
#include "outcome.h"
#include "plot/plot.h"

/* WorkerOptions */
#define OPTIONS_TYPE "(maytttbmaybdubbbbmay)"
#define OPTIONS_FORMAT "(m^aytttbm^aybdubbbbm^ay)"

/* Set while a file is being written, and by SIGTERM in that time. */
static volatile sig_atomic_t writing, told_to_end;

char **
worker_get_argv (const WorkerOptions *options)
{
  const AnalysisOptions *analysis = &options->analysis;
  const TagOptions *tags = &options->tags;
  g_autoptr (GVariant) value = g_variant_ref_sink (
      g_variant_new (OPTIONS_FORMAT, analysis->model, analysis->window,
          analysis->hop, analysis->max_duration, options->with_segments,
          options->plot, options->write, options->min_confidence,
          (guint) tags->mode, tags->id3v23, tags->preserve_times,
          tags->write_confidence, tags->dry_run, tags->undo_log));
  GStrvBuilder *builder = g_strv_builder_new ();
  g_autofree char *parent = g_strdup_printf ("%d", (int) getpid ());
  g_autofree char *text = g_variant_print (value, FALSE);
  char **argv;

  g_strv_builder_add_many (
      builder, "/proc/self/exe", WORKER_ARGUMENT, parent, text, NULL);
  argv = g_strv_builder_end (builder);
  g_strv_builder_unref (builder);
  return argv;
}

/* The strings are to be freed by clear_options(). */
static gboolean
parse_options (const char *text, WorkerOptions *options)
{
  AnalysisOptions *analysis = &options->analysis;
  TagOptions *tags = &options->tags;
  guint mode;
  g_autoptr (GVariant) value = g_variant_parse (
      G_VARIANT_TYPE (OPTIONS_TYPE), text, NULL, NULL, NULL);

  if (!value)
    return FALSE;
  g_variant_get (value, OPTIONS_FORMAT, &analysis->model, &analysis->window,
      &analysis->hop, &analysis->max_duration, &options->with_segments,
      &options->plot, &options->write, &options->min_confidence, &mode,
      &tags->id3v23, &tags->preserve_times, &tags->write_confidence,
      &tags->dry_run, &tags->undo_log);
  tags->mode = mode;
  return TRUE;
}

static void
clear_options (WorkerOptions *options)
{
  g_free ((char *) options->analysis.model);
  g_free ((char *) options->plot);
  g_free ((char *) options->tags.undo_log);
}

static void
say (FILE *replies, char kind, const char *line)
{
  if (fprintf (replies, "%c%s\n", kind, line) < 0 || fflush (replies) < 0)
    exit (1); /* nobody listens */
}

static void
say_alive (gpointer replies)
{
  say (replies, '.', "");
}

static void
say_segment (const Result *result, guint index, gpointer replies)
{
  (void) result;
  (void) index;
  say_alive (replies);
}

static void
draw (Result **result, const WorkerOptions *options)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *message = NULL;
  Result *failure;

  if ((*result)->error || plot_file (options->plot, *result, &error))
    return;
  message = g_strdup_printf ("Its plot cannot be drawn: %s", error->message);
  failure = result_new_error ((*result)->name, REASON_PLOT_FAILED, message);
  result_free (*result);
  *result = failure;
}

/* The path of what is named, or NULL if it is not on this machine. */
static char *
get_path (const char *name)
{
  if (g_file_test (name, G_FILE_TEST_EXISTS))
    return g_strdup (name);
  return g_filename_from_uri (name, NULL, NULL);
}

static void
write_tags (Outcome *outcome, const WorkerOptions *options)
{
  const Result *result = outcome->result;
  double confidence = result_get_confidence (result);
  int best = result_get_best (result);
  g_autofree char *path = get_path (result->name);
  g_autoptr (GError) error = NULL;

  if (best < 0) {
    outcome->change.note = g_strdup ("It is silent.");
  } else if (confidence < options->min_confidence) {
    outcome->change.note = g_strdup_printf (
        "The confidence, %.2f, is below %.2f.", confidence,
        options->min_confidence);
  } else if (!path) {
    outcome->write_error = g_strdup ("It is not a file of this machine.");
    outcome->write_reason = REASON_WRITE_FAILED;
  } else if (!tagwriter_write (path, result->labels[best], confidence,
                 result->model, &options->tags, &outcome->change, &error)) {
    outcome->write_error = g_strdup (error->message);
    outcome->write_reason = reason_from_error (error, REASON_WRITE_FAILED);
  }
}

static void
find_genre (Outcome *outcome, const WorkerOptions *options, FILE *replies)
{
  if (!outcome->result->labels) {
    Result *found = analysis_run (
        outcome->result->name, &options->analysis, say_segment, replies);

    result_free (outcome->result);
    outcome->result = found;
  }
  if (options->plot)
    draw (&outcome->result, options);
}

static gboolean
work (const char *request, const WorkerOptions *options, FILE *replies)
{
  Outcome outcome = { .result = result_from_json (request, NULL) };
  gboolean write;
  g_autofree char *result = NULL;

  if (!outcome.result)
    return FALSE;
  find_genre (&outcome, options, replies);
  write = options->write && !outcome.result->error;
  result = result_to_json (outcome.result, options->with_segments);
  say (replies, write ? '+' : '=', result);
  if (write) {
    g_autofree char *change = NULL;

    writing = TRUE;
    write_tags (&outcome, options);
    change = outcome_change_to_json (&outcome);
    say (replies, '*', change);
    writing = FALSE;
  }
  outcome_clear (&outcome);
  return !told_to_end;
}

static void
on_terminated (int signal_number)
{
  told_to_end = TRUE;
  if (!writing)
    _exit (128 + signal_number);
}

/* An element that has started holds the weights and the memory for inference,
 * which the elements of the files then share. */
static GstElement *
keep_warm (const WorkerOptions *options)
{
  GstElement *element = gst_element_factory_make ("genreclassify", NULL);

  if (element) {
    gst_object_ref_sink (element);
    g_object_set (element, "model", options->analysis.model, NULL);
    gst_element_set_state (element, GST_STATE_PAUSED);
  }
  return element;
}

/* Decoders that print to stdout must not disturb the replies. */
static FILE *
take_stdout (void)
{
  int fd = fcntl (1, F_DUPFD_CLOEXEC, 3);

  dup2 (2, 1);
  return fd < 0 ? NULL : fdopen (fd, "w");
}

int
worker_main (int argc, char **argv)
{
  WorkerOptions options = { 0 };
  g_autoptr (GError) error = NULL;
  FILE *replies;
  GstElement *warm;
  char *request = NULL;
  size_t size = 0;
  gboolean ok = TRUE;

  if (argc != 4 || !parse_options (argv[3], &options))
    return 2;
  /* what comes from the terminal is for the parent to deal with */
  signal (SIGINT, SIG_IGN);
  signal (SIGHUP, SIG_IGN);
  signal (SIGTERM, on_terminated);
  prctl (PR_SET_PDEATHSIG, SIGTERM);
  if (getppid () != atoi (argv[2]) || !(replies = take_stdout ()))
    return 1;
  options.tags.watch = (AudioSumWatch){ 0, say_alive, replies };
  if (!plugin_init (&error)) {
    g_printerr ("genreclassify: %s\n", error->message);
    return 1;
  }
  warm = keep_warm (&options);
  while (ok && getline (&request, &size, stdin) > 0)
    ok = work (request, &options, replies);
  free (request);
  fclose (replies);
  if (warm) {
    gst_element_set_state (warm, GST_STATE_NULL);
    gst_object_unref (warm);
  }
  clear_options (&options);
  return ok ? 0 : 1;
}
