/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "part.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "analysis/filename.h"
#include "cli/classification.h"
#include "partcommand.h"
#include "partfiles.h"
#include "partlock.h"
#include "partstate.h"

/* the state is written no more often than that, µs, but for the beginning, when
 * nobody knows yet how fast it is */
#define STATE_INTERVAL (10 * G_TIME_SPAN_SECOND)
#define FIRST_INTERVAL (2 * G_TIME_SPAN_SECOND)
#define BEGINNING (20 * G_TIME_SPAN_SECOND)
/* and the rate is that of the last one to two of these */
#define RATE_INTERVAL (60 * G_TIME_SPAN_SECOND)

typedef struct
{
  const Plan *plan;
  guint part;
  FILE *results;
  const char *path; /* of the results, for people */
  ResultParts parts;
  guint64 n_absent; /* files that do not exist */
  int fault;        /* errno of the results, or 0 */
  PartState state;
  gint64 begun, saved; /* µs, monotonic, the latter when the state was */
  struct
  {
    gint64 time; /* µs, monotonic */
    guint64 n_files;
  } marks[2]; /* the earlier one first */
} Run;

/* How it stands */

static void
save_state (Run *run, gint64 now)
{
  const guint64 n_files = part_state_sum (&run->state);
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
  run->begun = run->marks[0].time = run->marks[1].time = now;
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
  const OutcomeKind kind = outcome_get_kind (outcome);
  const gint64 now = g_get_monotonic_time ();
  g_autofree char *json = outcome_to_json (outcome, run->parts);

  (void) total;
  if (fprintf (run->results, "%s\n", json) < 0) {
    run->fault = errno;
    return FALSE;
  }
  run->state.n[kind]++;
  run->n_absent += outcome->result->reason == REASON_NOT_FOUND;
  if (kind == OUTCOME_FAILED)
    print_failure (outcome);
  if (now - run->saved >=
      (now - run->begun < BEGINNING ? FIRST_INTERVAL : STATE_INTERVAL))
    save_state (run, now);
  return TRUE;
}

/* Gives cache and results the names of whole ones, the results at last. */
static gboolean
publish (const Run *run, const char *cache, GError **error)
{
  g_autofree char *whole_cache = plan_make_path (
      run->plan, "parts", run->part, PART_CACHE);
  g_autofree char *whole = plan_make_path (
      run->plan, "parts", run->part, PART_RESULTS);

  if (rename (cache, whole_cache) == 0 && rename (run->path, whole) == 0)
    return TRUE;
  if (errno != ENOENT)
    return part_set_error (error, whole, "written", errno);
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
      "Another process has begun part %u as well, and has removed what this one "
      "has done.",
      run->part);
  return FALSE;
}

static gboolean
flush (Run *run, GError **error)
{
  if (!run->fault && fflush (run->results) == 0 &&
      fsync (fileno (run->results)) == 0)
    return TRUE;
  return part_set_error (
      error, run->path, "written", run->fault ? run->fault : errno);
}

/* That most files are gone is rather their disk, which is not mounted here: as results
 * that would look like work well done, in a moment. */
static gboolean
check_presence (const Run *run, const CommandOptions *command, GError **error)
{
  const guint64 n_files = run->plan->parts[run->part].n_files;

  if (run->n_absent <= n_files / 2 || run->n_absent <= run->plan->n_missing ||
      command->report.ok_if_failed)
    return TRUE;
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
      "%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
      " files are not there: is their disk mounted on this machine?  A plan "
      "with --ok-if-failed among the options of its parts takes that as it is.",
      run->n_absent, n_files);
  return FALSE;
}

static gboolean
check_key (const Run *run, const Classification *classification, GError **error)
{
  const char *key = classification_get_key (classification);
  const char *expected = run->plan->key;

  if (!expected || g_str_equal (key, expected))
    return TRUE;
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
      "The model is not the one that the plan was made for, and one result would "
      "have answers of both: expected is %s, but there is %s.",
      expected, key);
  return FALSE;
}

/* Gives what part_run() does. */
static int
classify (Run *run, const CommandOptions *command, GError **error)
{
  g_autoptr (Classification)
      classification = classification_new (command, error);
  int signal_number;

  if (!classification || !check_key (run, classification, error))
    return -1;
  run->parts = report_get_parts (&command->report);
  signal_number = classification_run (classification, add, run, error);
  if (signal_number < 0 || !flush (run, error))
    return -1;
  if (signal_number > 0)
    return signal_number;
  if (!check_presence (run, command, error))
    return -1;
  return classification_finish (g_steal_pointer (&classification), error) &&
          publish (run, command->cache, error)
      ? 0
      : -1;
}

static void
print_summary (const Run *run)
{
  const guint64 *n = run->state.n;

  g_printerr ("genreclassify: part %u is done: %" G_GUINT64_FORMAT
              " files, %" G_GUINT64_FORMAT " classified, %" G_GUINT64_FORMAT
              " silent, %" G_GUINT64_FORMAT " not music, %" G_GUINT64_FORMAT
              " skipped, %" G_GUINT64_FORMAT " failed\n",
      run->part, part_state_sum (&run->state), n[OUTCOME_CLASSIFIED],
      n[OUTCOME_SILENT], n[OUTCOME_NOT_MUSIC], n[OUTCOME_SKIPPED],
      n[OUTCOME_FAILED]);
}

/* Whether so many files may fail.  If nobody has said how many, a batch as a whole is to
 * go on, and tells at its end what has failed. */
static gboolean
is_ok (const CommandOptions *command, guint64 n_failed)
{
  return command->max_failures == OPTIONS_NOT_GIVEN ||
      command->report.ok_if_failed || n_failed <= command->report.max_failures;
}

/* A cache that an attempt has left in a state that SQLite does not take is no reason to
 * fail for ever. */
static void
take_over_cache (const Run *run, const char *path)
{
  g_autoptr (Cache) cache = NULL;

  part_take_over (run->plan, run->part, path);
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return;
  cache = cache_open_alone (path, NULL);
  if (!cache) {
    g_printerr ("genreclassify: What an earlier attempt at part %u has left "
                "cannot be used; it begins anew.\n",
        run->part);
    (void) unlink (path);
  }
}

/* The whole work.  Gives what part_run() does. */
static int
do_files (Run *run, CommandOptions *command, GError **error)
{
  g_autofree char *cache = part_make_unfinished (
      run->plan, run->part, PART_CACHE);

  if (chdir (run->plan->directory) < 0) {
    part_set_error (error, run->plan->directory,
        "entered, where the plan's names and options start", errno);
    return -1;
  }
  if (!part_command_parse (command, run->plan, run->part, cache, error))
    return -1;
  take_over_cache (run, cache);
  run->results = fopen (run->path, "we");
  if (!run->results) {
    part_set_error (error, run->path, "written", errno);
    return -1;
  }
  return classify (run, command, error);
}

static int
do_part (Run *run, int *status, GError **error)
{
  g_auto (CommandOptions) command = { 0 };
  g_autoptr (GError) fault = NULL;
  int signal_number;

  begin_state (run);
  signal_number = do_files (run, &command, &fault);
  run->state.status = !fault && signal_number == 0 &&
      !is_ok (&command, run->state.n[OUTCOME_FAILED]);
  end_state (run, signal_number, fault);
  if (run->results)
    fclose (run->results);
  if (fault) {
    g_propagate_error (error, g_steal_pointer (&fault));
    return -1;
  }
  *status = run->state.status;
  if (signal_number == 0)
    print_summary (run);
  return signal_number;
}

int
part_run (const Plan *plan, guint part, int *status, GError **error)
{
  g_autofree char *path = part_make_unfinished (plan, part, PART_RESULTS);
  Run run = { .plan = plan, .part = part, .path = path };
  int lock, signal_number;

  *status = 0;
  lock = part_is_whole (plan, part) ? PART_LOCK_NOT_NEEDED
                                    : part_lock (plan, part, error);
  if (lock == PART_LOCK_NOT_NEEDED) {
    g_printerr ("genreclassify: part %u was done before.\n", part);
    if (part_state_load (&run.state, plan, part))
      *status = run.state.status;
    part_state_clear (&run.state);
  }
  if (lock < 0)
    return lock == PART_LOCK_NOT_NEEDED ? 0 : -1;
  signal_number = do_part (&run, status, error);
  close (lock);
  part_state_clear (&run.state);
  return signal_number;
}
