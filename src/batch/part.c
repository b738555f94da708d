/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "part.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "analysis/filename.h"
#include "cli/classification.h"
#include "partcommand.h"
#include "partfiles.h"
#include "partlock.h"
#include "partstate.h"

/* the state is written no more often than that, µs */
#define STATE_INTERVAL (2 * G_TIME_SPAN_SECOND)
/* and the rate is that of the last one to two of these */
#define RATE_INTERVAL (60 * G_TIME_SPAN_SECOND)

typedef struct
{
  const Plan *plan;
  guint part;
  FILE *results;
  const char *path; /* of the results, for people */
  ResultParts parts;
  int fault; /* errno of the results, or 0 */
  PartState state;
  gint64 saved; /* µs, monotonic, when the state was */
  struct
  {
    gint64 time; /* µs, monotonic */
    guint64 n_files;
  } marks[2]; /* the earlier one first */
} Run;

/* With the text of errno.  Gives -1. */
static int
set_error (GError **error, const char *path, int fault)
{
  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (fault),
      "%s cannot be written: %s.", path, g_strerror (fault));
  return -1;
}

/* How it stands */

static void
save_state (Run *run, gint64 now)
{
  const guint64 n_files = part_counts_sum (&run->state.counts);
  const double seconds = (double) (now - run->marks[0].time) /
      G_TIME_SPAN_SECOND;

  run->state.updated = g_get_real_time () / G_TIME_SPAN_SECOND;
  run->state.rate = seconds > 0 ? (n_files - run->marks[0].n_files) / seconds
                                : 0;
  if (now - run->marks[1].time >= RATE_INTERVAL) {
    run->marks[0] = run->marks[1];
    run->marks[1].time = now;
    run->marks[1].n_files = n_files;
  }
  part_state_save (&run->state, run->plan, run->part);
  run->saved = now;
}

static void
begin_state (Run *run)
{
  const gint64 now = g_get_monotonic_time ();

  run->state.host = g_strdup (g_get_host_name ());
  run->state.started = g_get_real_time () / G_TIME_SPAN_SECOND;
  run->marks[0].time = run->marks[1].time = now;
  save_state (run, now);
}

static void
end_state (Run *run, int signal_number, const GError *error)
{
  if (error)
    run->state.error = g_strdup (error->message);
  else if (signal_number > 0)
    run->state.error = g_strdup_printf (
        "It was ended by a signal: %s.", g_strsignal (signal_number));
  save_state (run, g_get_monotonic_time ());
}

/* Results */

static void
count (PartCounts *counts, const Outcome *outcome)
{
  const Result *result = outcome->result;

  if (result_is_skipped (result))
    counts->skipped++;
  else if (result->error || (outcome->write_error && !outcome->write_skipped))
    counts->failed++;
  else if (!result->probabilities)
    counts->silent++;
  else if (result_get_best (result) < 0)
    counts->not_music++;
  else
    counts->classified++;
}

/* For who reads the log of the task. */
static void
print_failure (const Outcome *outcome)
{
  const Result *result = outcome->result;
  const char *why = result->error ? result->error : outcome->write_error;
  g_autofree char *name = filename_display (result->name);
  g_autofree char *reason = filename_display (why);

  g_printerr ("genreclassify: %s: %s\n", name, reason);
}

/* A PoolFunc. */
static gboolean
add (const Outcome *outcome, gint64 total, gpointer user_data)
{
  Run *run = user_data;
  const guint64 n_failed = run->state.counts.failed;
  const gint64 now = g_get_monotonic_time ();
  g_autofree char *json = outcome_to_json (outcome, run->parts);

  (void) total;
  if (fprintf (run->results, "%s\n", json) < 0) {
    run->fault = errno;
    return FALSE;
  }
  count (&run->state.counts, outcome);
  if (run->state.counts.failed > n_failed)
    print_failure (outcome);
  if (now - run->saved >= STATE_INTERVAL)
    save_state (run, now);
  return TRUE;
}

/* A process that was ended between the two names has left a cache that is whole, of a
 * part that is not. */
static void
reuse_cache (const Run *run, const char *cache)
{
  g_autofree char *whole_cache = plan_make_path (
      run->plan, "parts", run->part, PART_CACHE);

  if (!g_file_test (cache, G_FILE_TEST_EXISTS))
    (void) rename (whole_cache, cache);
}

/* Gives cache and results the names of whole ones, the results at last. */
static gboolean
publish (const Run *run, const char *cache, GError **error)
{
  g_autofree char *whole_cache = plan_make_path (
      run->plan, "parts", run->part, PART_CACHE);
  g_autofree char *whole = plan_make_path (
      run->plan, "parts", run->part, PART_RESULTS);

  if (rename (cache, whole_cache) < 0 || rename (run->path, whole) < 0) {
    set_error (error, whole, errno);
    return FALSE;
  }
  return TRUE;
}

static gboolean
flush (Run *run, GError **error)
{
  if (!run->fault && fflush (run->results) == 0 &&
      fsync (fileno (run->results)) == 0)
    return TRUE;
  set_error (error, run->path, run->fault ? run->fault : errno);
  return FALSE;
}

/* Gives what part_run() does. */
static int
classify (Run *run, const CommandOptions *command, GError **error)
{
  g_autoptr (Classification)
      classification = classification_new (command, error);
  int signal_number;

  if (!classification)
    return -1;
  run->parts = report_get_parts (&command->report);
  signal_number = classification_run (classification, add, run, error);
  if (signal_number < 0 || !flush (run, error))
    return -1;
  if (signal_number > 0)
    return signal_number;
  return classification_finish (g_steal_pointer (&classification), error) &&
          publish (run, command->cache, error)
      ? 0
      : -1;
}

static void
print_summary (const Run *run)
{
  const PartCounts *n = &run->state.counts;

  g_printerr ("genreclassify: part %u is done: %" G_GUINT64_FORMAT
              " files, %" G_GUINT64_FORMAT " classified, %" G_GUINT64_FORMAT
              " silent, %" G_GUINT64_FORMAT " not music, %" G_GUINT64_FORMAT
              " skipped, %" G_GUINT64_FORMAT " failed\n",
      run->part, part_counts_sum (n), n->classified, n->silent, n->not_music,
      n->skipped, n->failed);
}

/* Whether so many files may fail.  If nobody has said how many, a batch as a whole is to
 * go on, and tells at its end what has failed. */
static gboolean
is_ok (const CommandOptions *command, guint64 n_failed)
{
  return command->max_failures == OPTIONS_NOT_GIVEN ||
      command->report.ok_if_failed || n_failed <= command->report.max_failures;
}

static int
do_part (Run *run, int *status, GError **error)
{
  g_auto (CommandOptions) command = { 0 };
  g_autoptr (GError) fault = NULL;
  int signal_number = -1;

  if (ftruncate (fileno (run->results), 0) < 0)
    return set_error (error, run->path, errno);
  begin_state (run);
  if (part_command_parse (&command, run->plan, run->part, &fault)) {
    reuse_cache (run, command.cache);
    signal_number = classify (run, &command, &fault);
  }
  end_state (run, signal_number, fault);
  if (fault) {
    g_propagate_error (error, g_steal_pointer (&fault));
    return -1;
  }
  *status = signal_number > 0 || is_ok (&command, run->state.counts.failed) ? 0
                                                                            : 1;
  if (signal_number == 0)
    print_summary (run);
  return signal_number;
}

int
part_run (const Plan *plan, guint part, int *status, GError **error)
{
  g_autofree char *path = plan_make_path (
      plan, "parts", part, PART_RESULTS PART_UNFINISHED);
  Run run = { .plan = plan, .part = part, .path = path };
  int fd, signal_number;

  *status = 0;
  if (chdir (plan->directory) < 0) {
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno),
        "%s, where the plan's names and options start, cannot be entered: %s.",
        plan->directory, g_strerror (errno));
    return -1;
  }
  if (part_is_whole (plan, part) ||
      (fd = part_lock (plan, part, path, error)) == PART_LOCK_NOT_NEEDED) {
    g_printerr ("genreclassify: part %u was done before.\n", part);
    return 0;
  }
  if (fd < 0)
    return -1;
  run.results = fdopen (fd, "w");
  signal_number = do_part (&run, status, error);
  fclose (run.results);
  part_state_clear (&run.state);
  return signal_number;
}
