/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "worker.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <gst/gst.h>

#include "plot.h"

/* WorkerOptions */
#define OPTIONS_TYPE "(maytttbmay)"
#define OPTIONS_FORMAT "(m^aytttbm^ay)"

char **
worker_get_argv (const WorkerOptions *options)
{
  const AnalysisOptions *analysis = &options->analysis;
  g_autoptr (GVariant) value = g_variant_ref_sink (g_variant_new (
      OPTIONS_FORMAT, analysis->model, analysis->window, analysis->hop,
      analysis->max_duration, options->with_segments, options->plot));
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

static gboolean
parse_options (const char *text, WorkerOptions *options)
{
  AnalysisOptions *analysis = &options->analysis;
  g_autoptr (GVariant) value = g_variant_parse (
      G_VARIANT_TYPE (OPTIONS_TYPE), text, NULL, NULL, NULL);

  if (!value)
    return FALSE;
  /* the strings live as long as the process */
  g_variant_get (value, OPTIONS_FORMAT, &analysis->model, &analysis->window,
      &analysis->hop, &analysis->max_duration, &options->with_segments,
      &options->plot);
  return TRUE;
}

static void
say (FILE *replies, const char *line)
{
  if (fputs (line, replies) < 0 || fputc ('\n', replies) < 0 ||
      fflush (replies) < 0)
    exit (1); /* nobody listens */
}

static void
say_segment (const Result *result, guint index, gpointer user_data)
{
  (void) result;
  (void) index;
  say (user_data, "");
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
  failure = result_new_error ((*result)->name, message);
  result_free (*result);
  *result = failure;
}

static gboolean
work (const char *request, const WorkerOptions *options, FILE *replies)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Result) result = result_from_json (request, &error);
  g_autofree char *reply = NULL;

  if (!result)
    return FALSE;
  if (!result->labels) {
    Result *found = analysis_run (
        result->name, &options->analysis, say_segment, replies);

    result_free (result);
    result = found;
  }
  if (options->plot)
    draw (&result, options);
  reply = result_to_json (result, options->with_segments);
  say (replies, reply);
  return TRUE;
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
  prctl (PR_SET_PDEATHSIG, SIGTERM);
  if (getppid () != atoi (argv[2]) || !(replies = take_stdout ()))
    return 1;
  gst_init (NULL, NULL);
  warm = keep_warm (&options);
  while (ok && getline (&request, &size, stdin) > 0)
    ok = work (request, &options, replies);
  free (request);
  fclose (replies);
  if (warm) {
    gst_element_set_state (warm, GST_STATE_NULL);
    gst_object_unref (warm);
  }
  return ok ? 0 : 1;
}
