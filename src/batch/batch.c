/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "batch.h"

#include <math.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <gio/gio.h>

#include "analysis/filename.h"
#include "analysis/jsontext.h"
#include "arguments.h"
#include "batchoptions.h"
#include "cli/shard.h"
#include "genre/genre.h"
#include "merge.h"
#include "part.h"
#include "partcommand.h"
#include "partlock.h"
#include "planner.h"
#include "slurm.h"
#include "survey.h"

enum
{
  STATUS_OK = 0,
  STATUS_FAILED = 1, /* something of what was to be done */
  STATUS_USAGE = 2,  /* nothing could be begun */
  STATUS_SIGNAL = 128
};

/* What --resume submits. */
static const PartStanding missing[] = { PART_NOT_BEGUN, PART_FAILED };

/* Planning */

static void
print_plan (const Plan *plan)
{
  double longest = 0;

  for (guint i = 0; i < plan->n_parts; i++)
    longest = MAX (longest, plan->parts[i].seconds);
  g_printerr ("genreclassify: %" G_GUINT64_FORMAT " %s in %u %s in %s",
      plan->whole.n_files, plan->whole.n_files == 1 ? "file" : "files",
      plan->n_parts, plan->n_parts == 1 ? "part" : "parts", plan->folder);
  /* what no size is known of has no time either */
  if (plan->whole.seconds > 0)
    g_printerr ("; some %.3g hours of audio by their sizes, the longest part "
                "%.1f %% above the mean",
        plan->whole.seconds / 3600,
        100 * (longest * plan->n_parts / plan->whole.seconds - 1));
  g_printerr (".\n");
  if (plan->n_repeated > 0)
    g_printerr ("genreclassify: %" G_GUINT64_FORMAT
                " names came more than once, and are taken once.\n",
        plan->n_repeated);
  if (plan->n_missing > 0) {
    g_autofree char *name = filename_display (plan->missing);

    g_printerr ("genreclassify: %" G_GUINT64_FORMAT
                " names are not there now, such as %s; relative ones start at "
                "%s.\n",
        plan->n_missing, name, plan->directory);
  }
}

static Plan *
make_plan (const BatchOptions *options, PartNeeds *needs, GError **error)
{
  const char *const *part_options = (const char *const *) options->part_options;
  Plan *plan;

  if (!part_command_check (part_options, needs, error))
    return NULL;
  plan = planner_run (
      &(PlannerOptions){ .folder = options->folder,
          .n_parts = options->n_parts,
          .names = options->names,
          .null = options->null,
          .by_album = needs->by_album,
          .max_duration = (double) needs->max_duration / GENRE_SECOND,
          .options = part_options,
          .key = needs->key },
      error);
  if (plan)
    print_plan (plan);
  return plan;
}

static int
run_plan (const BatchOptions *options, GError **error)
{
  g_auto (PartNeeds) needs = { 0 };
  g_autoptr (Plan) plan = make_plan (options, &needs, error);

  return plan ? STATUS_OK : STATUS_USAGE;
}

/* Slurm */

/* Writes job.sh, unless it is there: the user may have adapted it. */
static gboolean
write_script (const Plan *plan, const BatchOptions *options, guint processors,
    const char *path, GError **error)
{
  g_autofree char *script = slurm_make_script (
      plan, (const char *const *) options->sbatch, processors);

  return g_file_set_contents (path, script, -1, error);
}

static int
print_script (const char *path, const BatchOptions *options, GError **error)
{
  g_autofree char *script = NULL;
  g_autofree char *folder = g_shell_quote (options->folder);

  if (!g_file_get_contents (path, &script, NULL, error))
    return STATUS_USAGE;
  g_print ("%s", script);
  g_printerr ("genreclassify: This is %s, and was not submitted; "
              "\"genreclassify batch slurm --resume --out %s\" does it.\n",
      path, folder);
  return STATUS_OK;
}

/* Submits the parts that neither are whole nor in the queue. */
static int
submit_missing (const Plan *plan, const char *path, const BatchOptions *options,
    GError **error)
{
  const int lock = plan_lock (plan);
  Survey *survey = survey_new (plan);
  g_autofree char *parts = survey_name_parts (
      survey, plan, G_N_ELEMENTS (missing), missing);
  g_autofree char *job = NULL;
  int status = STATUS_OK;

  if (survey->no_queue) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s", survey->no_queue);
    status = STATUS_USAGE;
  } else if (!*parts) {
    g_printerr ("genreclassify: No part is missing: %u of %u are whole, %u "
                "run, and %u wait.\n",
        survey->n[PART_WHOLE], plan->n_parts, survey->n[PART_RUNNING],
        survey->n[PART_WAITING]);
  } else {
    /* those of the first time are in the script */
    job = slurm_submit (plan, path, parts, options->n_at_once,
        options->resume ? (const char *const *) options->sbatch : NULL, error);
    if (job) {
      g_print ("%s\n", job);
    } else {
      g_printerr (
          "genreclassify: The plan is made; once what follows is mended, "
          "perhaps in %s, \"batch slurm --resume\" submits it.\n",
          path);
      status = STATUS_USAGE;
    }
  }
  if (lock >= 0)
    close (lock);
  survey_free (survey, plan);
  return status;
}

/* The file of a task's output is named in a way that these break. */
static gboolean
check_folder (const BatchOptions *options, GError **error)
{
  g_autofree char *folder = g_canonicalize_filename (options->folder, NULL);

  if (!strpbrk (folder, "\\\n\r"))
    return TRUE;
  return arguments_set_error (error,
      "--out is to be a folder without backslashes and line ends in its path, as "
      "Slurm does not take them.");
}

static int
run_slurm (const BatchOptions *options, GError **error)
{
  g_auto (PartNeeds) needs = { 0 };
  g_autoptr (Plan) plan = NULL;
  g_autofree char *path = NULL;

  if (!check_folder (options, error))
    return STATUS_USAGE;
  /* before the long work of a plan that could not be submitted */
  if (!options->resume && !options->dry_run &&
      !slurm_check (
          options->n_parts, (const char *const *) options->sbatch, error))
    return STATUS_USAGE;
  plan = options->resume ? plan_load (options->folder, error)
                         : make_plan (options, &needs, error);
  if (!plan ||
      (options->resume &&
          !part_command_check (
              (const char *const *) plan->options, &needs, error)))
    return STATUS_USAGE;
  path = g_build_filename (plan->folder, PLAN_SCRIPT, NULL);
  if (!g_file_test (path, G_FILE_TEST_EXISTS) &&
      !write_script (plan, options, needs.jobs, path, error))
    return STATUS_USAGE;
  return options->dry_run ? print_script (path, options, error)
                          : submit_missing (plan, path, options, error);
}

static int
run_cancel (const BatchOptions *options, GError **error)
{
  g_autoptr (Plan) plan = plan_load (options->folder, error);

  return plan && slurm_cancel (plan, error) ? STATUS_OK : STATUS_USAGE;
}

/* One part */

static gboolean
find_part (const Plan *plan, const char *given, guint *part, GError **error)
{
  guint64 number;

  if (!given || g_str_equal (given, "auto")) {
    if (shard_find_index (part, plan->n_parts, error))
      return TRUE;
    g_prefix_error (error, "Which part is it?  --part names it by hand.  ");
    return FALSE;
  }
  if (g_ascii_string_to_unsigned (
          given, 10, 0, plan->n_parts - 1, &number, NULL)) {
    *part = number;
    return TRUE;
  }
  return arguments_set_error (error,
      "--part is to be auto or 0 to %u, as the plan has %u parts.",
      plan->n_parts - 1, plan->n_parts);
}

static int
run_part (const BatchOptions *options, GError **error)
{
  g_autoptr (Plan) plan = plan_load (options->folder, error);
  guint part;
  int status, signal_number;

  if (!plan || !find_part (plan, options->part, &part, error))
    return STATUS_USAGE;
  signal_number = part_run (plan, part, &status, error);
  if (signal_number < 0)
    return STATUS_USAGE;
  return signal_number > 0 ? STATUS_SIGNAL + signal_number : status;
}

/* All parts */

/* Each part that has failed: what its job ended with, and what it has said itself. */
static void
print_failed (const Survey *survey, const Plan *plan)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) ends = survey->has_script && !survey->no_queue
      ? slurm_query_ends (plan, &error)
      : NULL;

  for (guint i = 0; i < plan->n_parts; i++) {
    const char *end = ends ? ends->pdata[i] : NULL;
    const char *fault = survey->states[i].error;

    if (survey->standings[i] != PART_FAILED)
      continue;
    g_print ("    part %u on %s%s%s: %s\n", i, survey->states[i].host,
        end ? ", " : "", end ? end : "",
        fault ? fault : "It was ended without a chance to say why.");
  }
  if (error)
    g_print ("    How their jobs ended is not known: %s\n", error->message);
}

static void
print_status (const Survey *survey, const Plan *plan)
{
  const guint64 n_files = plan->whole.n_files;

  for (guint i = N_PART_STANDINGS; i-- > 0;) {
    const PartStanding standing = i;
    g_autofree char *parts = survey_name_parts (survey, plan, 1, &standing);

    if (survey->n[i] == 0)
      continue;
    g_print (
        "  %-10s %6u   %s\n", part_standing_get_name (i), survey->n[i], parts);
    if (i == PART_FAILED)
      print_failed (survey, plan);
  }
  g_print ("%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
           " files done (%.1f %%), %" G_GUINT64_FORMAT " failed",
      survey->n_done, n_files, 100.0 * survey->n_done / MAX (n_files, 1),
      survey->n_failed);
  if (survey->rate > 0)
    g_print ("; %.1f files a second", survey->rate);
  if (survey->left >= 3600)
    g_print (", about %.0f:%02d h left", floor (survey->left / 3600),
        (int) fmod (survey->left / 60, 60));
  else if (survey->left >= 60)
    g_print (", about %.0f min left", survey->left / 60);
  else if (survey->left > 0)
    g_print (", less than a minute left");
  g_print ("\n");
  if (survey->no_queue)
    g_print ("What waits in a queue is not known: %s\n", survey->no_queue);
}

static void
print_status_json (const Survey *survey, const Plan *plan)
{
  g_autoptr (GString) json = g_string_new (NULL);

  g_string_append_printf (json,
      "{\"parts\":%u,\"files\":%" G_GUINT64_FORMAT
      ",\"done\":%" G_GUINT64_FORMAT ",\"failed_files\":%" G_GUINT64_FORMAT
      ",\"files_per_second\":",
      plan->n_parts, plan->whole.n_files, survey->n_done, survey->n_failed);
  json_append_number (json, "%.6g", survey->rate);
  g_string_append (json, ",\"seconds_left\":");
  if (survey->left >= 0)
    json_append_number (json, "%.0f", survey->left);
  else
    g_string_append (json, "null");
  for (guint i = 0; i < N_PART_STANDINGS; i++) {
    const PartStanding standing = i;
    g_autofree char *parts = survey_name_parts (survey, plan, 1, &standing);
    g_autofree char *name = g_strdelimit (
        g_strdup (part_standing_get_name (i)), " ", '_');

    g_string_append_printf (
        json, ",\"%s\":{\"n\":%u,\"parts\":", name, survey->n[i]);
    json_append_string (json, parts);
    g_string_append_c (json, '}');
  }
  g_string_append (json, ",\"queue_error\":");
  json_append_string (json, survey->no_queue);
  g_print ("%s}\n", json->str);
}

static int
run_status (const BatchOptions *options, GError **error)
{
  g_autoptr (Plan) plan = plan_load (options->folder, error);
  Survey *survey;

  if (!plan)
    return STATUS_USAGE;
  survey = survey_new (plan);
  if (options->json)
    print_status_json (survey, plan);
  else
    print_status (survey, plan);
  survey_free (survey, plan);
  return STATUS_OK;
}

static int
run_merge (const BatchOptions *options, GError **error)
{
  g_autoptr (Plan) plan = plan_load (options->folder, error);
  g_autofree char *report = NULL;

  if (!plan)
    return STATUS_USAGE;
  report = merge_run (plan, !options->no_cache, error);
  if (!report)
    return STATUS_FAILED;
  g_print ("%s", report);
  return STATUS_OK;
}

static int (*const run[]) (const BatchOptions *options, GError **error) = {
  [BATCH_PLAN] = run_plan,
  [BATCH_SLURM] = run_slurm,
  [BATCH_RUN] = run_part,
  [BATCH_STATUS] = run_status,
  [BATCH_MERGE] = run_merge,
  [BATCH_CANCEL] = run_cancel,
};

int
batch_main (int argc, char **argv)
{
  g_auto (BatchOptions) options = { 0 };
  g_autoptr (GError) error = NULL;
  int status = STATUS_USAGE;

  /* when a worker is gone or a file must not grow, write() says so */
  signal (SIGPIPE, SIG_IGN);
  signal (SIGXFSZ, SIG_IGN);
  if (batch_options_parse (&options, argc, argv, &error))
    status = run[options.action](&options, &error);
  if (error)
    g_printerr ("genreclassify: %s\n", error->message);
  return status;
}
