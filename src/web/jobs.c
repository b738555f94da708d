/* SPDX-License-Identifier: GPL-2.0-or-later */

#define _GNU_SOURCE

#include "jobs.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib-unix.h>

#include "schedule.h"
#include "workeroutput.h"
#include "workers.h"

/* the mean time of a worker follows the latest ones: weight 1 / MEAN_LENGTH
 * each */
#define MEAN_LENGTH 8

struct _Jobs
{
  JobsLimits limits;
  ForkClient *client;
  guint advance_source; /* 0: it is known already what to do */
  Schedule *schedule;
  Workers *workers;
  GHashTable *all;     /* Job, a set */
  GHashTable *started; /* id of its worker -> Job, of those that have one */
  double mean_seconds; /* that a worker ran, lately; 0: not known yet */
};

struct _Job
{
  Jobs *jobs;
  ForkTask task;
  guint model;
  int input; /* -1: there is none */
  char *client;
  gboolean may_share; /* a worker with the client's other jobs */
  Turn *turn;
  JobSegmentFunc segment; /* or NULL */
  JobDoneFunc done;       /* NULL: the job was cancelled */
  gpointer user_data;

  /* while it has a worker */
  Worker *worker; /* NULL: it has none */
  gint64 resumed; /* µs: when it began, or last went on */
  gint64 ran;     /* µs before that, without pauses */
  gboolean is_paused, was_paused;
  gboolean is_told;     /* some of it was, by the segment function */
  WorkerOutput *output; /* NULL: no worker could be started */
  guint output_source, timeout_source;
  Reason failure;       /* why it is ended, or REASON_NONE */
  gboolean was_refused; /* there was no worker to be had */
};

static void advance (Jobs *jobs);
static gboolean start_worker (Job *job, gboolean fresh);

static void
job_free (Job *job)
{
  g_hash_table_remove (job->jobs->all, job);
  if (job->input >= 0)
    close (job->input);
  g_clear_handle_id (&job->output_source, g_source_remove);
  g_clear_handle_id (&job->timeout_source, g_source_remove);
  g_clear_pointer (&job->worker, worker_forget);
  worker_output_free (job->output);
  g_free (job->client);
  g_free (job);
}

/* The end of a job */

/* Why @job has no complete output.  @exit_status is waitpid()'s, or -1 if there
 * was no worker. */
static Reason
get_reason (const Job *job, int exit_status)
{
  if (job->failure != REASON_NONE)
    return job->failure;
  if (exit_status == -1 || !job->output || job->was_refused)
    return REASON_INTERNAL;
  if (WIFSIGNALED (exit_status))
    return WTERMSIG (exit_status) == SIGXCPU ? REASON_TIMEOUT
                                             : REASON_DECODER_CRASHED;
  if (WEXITSTATUS (exit_status) == FORK_OUT_OF_MEMORY)
    return REASON_OUT_OF_MEMORY;
  /* the worker could not enter its sandbox, or not write its output */
  if (WEXITSTATUS (exit_status) != 0)
    return REASON_INTERNAL;
  if (worker_output_get_state (job->output) != WORKER_OUTPUT_COMPLETE)
    return REASON_DECODER_CRASHED;
  return REASON_NONE;
}

/* The sentence for what get_reason() returns. */
static const char *
get_sentence (Reason reason)
{
  switch (reason) {
    case REASON_TIMEOUT:
      return "It could not be analysed within the time there is for a file.";
    case REASON_OVERTAKEN:
      return "It takes long, and others are waiting; please try again later.";
    case REASON_OUT_OF_MEMORY:
      return "It needs more memory than there is for a file.";
    case REASON_DECODER_CRASHED:
      return "Its decoder broke down at it.";
    case REASON_INTERNAL:
      return "The worker process was lost; please try again.";
    default:
      return NULL;
  }
}

/* µs that its worker has run. */
static gint64
get_time (const Job *job)
{
  return job->ran +
      (job->is_paused ? 0 : g_get_monotonic_time () - job->resumed);
}

static JobOutcome
get_outcome (const Job *job, int exit_status)
{
  Reason reason = get_reason (job, exit_status);
  JobOutcome outcome = {
    .reason = reason,
    .error = get_sentence (reason),
    .seconds = get_time (job) / 1e6,
    .was_refused = reason == REASON_INTERNAL && job->was_refused,
  };

  if (outcome.was_refused)
    outcome.error =
        "The system has no process, thread or open file left for it; "
        "please try again later.";
  if (reason != REASON_NONE)
    return outcome;
  outcome.data = worker_output_get_data (job->output);
  outcome.result = worker_output_get_result (job->output);
  if (outcome.result && outcome.result->error) {
    outcome.reason = outcome.result->reason;
    outcome.error = outcome.result->error;
    outcome.result = NULL;
  }
  return outcome;
}

static void
update_mean (Jobs *jobs, double seconds)
{
  if (jobs->mean_seconds > 0)
    jobs->mean_seconds += (seconds - jobs->mean_seconds) / MEAN_LENGTH;
  else
    jobs->mean_seconds = seconds;
}

/* Lets go of the worker, which has ended, or does so as nobody needs it. */
static void
drop_worker (Job *job)
{
  if (!job->worker)
    return;
  g_hash_table_remove (
      job->jobs->started, GUINT_TO_POINTER (worker_get_id (job->worker)));
  g_clear_pointer (&job->worker, worker_forget);
}

static void
kill_worker (Job *job)
{
  worker_signal (job->worker, FORK_KILL);
  drop_worker (job);
}

/* The output is complete.  A worker is kept only if all was as it should be. */
static void
keep_worker (Job *job)
{
  const Result *result = worker_output_get_result (job->output);

  if (!job->may_share || !job->done || job->failure != REASON_NONE ||
      job->was_paused || !result || result->error || result->is_truncated ||
      result->missing > 0) {
    kill_worker (job);
    return;
  }
  g_hash_table_remove (
      job->jobs->started, GUINT_TO_POINTER (worker_get_id (job->worker)));
  worker_keep (g_steal_pointer (&job->worker));
}

/* @exit_status is waitpid()'s, or -1 if there was no worker. */
static void
end_job (Job *job, int exit_status)
{
  Jobs *jobs = job->jobs;
  JobOutcome outcome;

  drop_worker (job);
  schedule_remove (jobs->schedule, job->turn, g_get_monotonic_time ());
  if (job->output)
    worker_output_read (job->output);
  outcome = get_outcome (job, exit_status);
  if (job->done) {
    update_mean (jobs, outcome.seconds);
    job->done (&outcome, job->user_data);
  }
  job_free (job);
}

static void
on_segment (const Result *result, gpointer user_data)
{
  Job *job = user_data;

  if (!job->segment || !job->done)
    return;
  job->is_told = TRUE;
  job->segment (result, job->user_data);
}

/* The worker has ended without an output, as @exit_status tells.  What it had played
 * before may be why: then a fresh one tries it once more.  FALSE if that may not
 * be. */
static gboolean
run_again (Job *job, int exit_status)
{
  Reason reason;

  worker_output_read (job->output);
  reason = get_reason (job, exit_status);
  if (!job->worker || !worker_is_used (job->worker) || !job->done ||
      job->failure != REASON_NONE || job->is_paused || job->is_told ||
      (reason != REASON_DECODER_CRASHED && reason != REASON_OUT_OF_MEMORY))
    return FALSE;
  drop_worker (job);
  g_clear_handle_id (&job->output_source, g_source_remove);
  g_clear_pointer (&job->output, worker_output_free);
  return start_worker (job, TRUE);
}

/* A worker whose output is invalid has nothing more to say: it is killed rather than
 * waited for.  One that only closed its output is about to exit. */
static gboolean
on_output (int fd G_GNUC_UNUSED, GIOCondition condition G_GNUC_UNUSED,
    gpointer user_data)
{
  Job *job = user_data;
  Jobs *jobs = job->jobs;
  WorkerOutputState state = worker_output_read (job->output);

  if (state == WORKER_OUTPUT_OPEN)
    return G_SOURCE_CONTINUE;
  job->output_source = 0;
  if (state == WORKER_OUTPUT_ENDED)
    return G_SOURCE_REMOVE;
  if (state == WORKER_OUTPUT_COMPLETE)
    keep_worker (job);
  else
    worker_signal (job->worker, FORK_KILL);
  end_job (job, 0);
  advance (jobs);
  return G_SOURCE_REMOVE;
}

static gboolean
on_timeout (gpointer user_data)
{
  Job *job = user_data;

  /* one that waits for its next turn has not run for so long */
  if (job->failure == REASON_NONE)
    job->failure = job->is_paused ? REASON_OVERTAKEN : REASON_TIMEOUT;
  worker_signal (job->worker, FORK_KILL);
  /* until it has ended: an order may be lost if the fork server is slow */
  job->timeout_source = g_timeout_add_seconds (1, on_timeout, job);
  return G_SOURCE_REMOVE;
}

/* Ends it after @time µs. */
static void
set_timeout (Job *job, gint64 time)
{
  g_clear_handle_id (&job->timeout_source, g_source_remove);
  job->timeout_source = g_timeout_add (
      (guint) (MAX (time, 0) / G_TIME_SPAN_MILLISECOND) + 1, on_timeout, job);
}

/* The fork server */

/* Whether it did not begin (-1), or could not have a thread. */
static gboolean
is_refusal (int status)
{
  return status == -1 ||
      (WIFEXITED (status) && WEXITSTATUS (status) == FORK_NO_THREAD);
}

static void
on_worker_exit (guint32 id, int status, gpointer user_data)
{
  Jobs *jobs = user_data;
  Job *job = g_hash_table_lookup (jobs->started, GUINT_TO_POINTER (id));

  if (job && is_refusal (status))
    job->was_refused = TRUE;
  if (!job)
    workers_note_exit (jobs->workers, id);
  else if (!run_again (job, status))
    end_job (job, status);
  advance (jobs);
}

static void
on_server_lost (gpointer user_data)
{
  Jobs *jobs = user_data;
  g_autoptr (GList) started = g_hash_table_get_values (jobs->started);

  workers_clear (jobs->workers);
  for (GList *i = started; i; i = i->next)
    end_job (i->data, -1);
}

static void
on_server_restarted (gpointer user_data)
{
  advance (user_data);
}

/* The beginning of a job */

/* Sends the input and @output, the writing end of a pipe, to a worker.  The one that
 * was kept may be gone. */
static gboolean
send_request (Job *job, int output, gboolean fresh)
{
  Workers *workers = job->jobs->workers;
  const ForkRequest request = {
    .task = job->task,
    .model = job->model,
    .max_duration = job->jobs->limits.max_duration,
  };
  /* the self-test has no input: it gets its output twice */
  const int fds[2] = { job->input >= 0 ? job->input : output, output };

  while ((job->worker = workers_take (workers, job->client, fresh)) &&
      !worker_send (job->worker, &request, fds)) {
    fresh = !worker_is_used (job->worker);
    g_clear_pointer (&job->worker, worker_forget);
    if (fresh)
      break;
    fresh = TRUE;
  }
  if (!job->worker)
    return FALSE;
  g_hash_table_insert (
      job->jobs->started, GUINT_TO_POINTER (worker_get_id (job->worker)), job);
  return TRUE;
}

static WireKind
get_expected (ForkTask task)
{
  switch (task) {
    case FORK_SPECTROGRAM:
      return WIRE_IMAGE;
    case FORK_WAVEFORM:
      return WIRE_WAVEFORM;
    case FORK_SELF_TEST:
      return WIRE_SELF_TEST;
    default:
      return WIRE_RESULT;
  }
}

static gint64
get_limit (const Jobs *jobs)
{
  return (gint64) (jobs->limits.timeout * G_TIME_SPAN_SECOND);
}

/* FALSE if there is no worker to be had. */
static gboolean
start_worker (Job *job, gboolean fresh)
{
  int fds[2];
  gboolean ok;

  job->resumed = g_get_monotonic_time ();
  job->ran = 0;
  if (pipe2 (fds, O_CLOEXEC) < 0)
    return FALSE;
  g_unix_set_fd_nonblocking (fds[0], TRUE, NULL);
  job->output = worker_output_new (
      fds[0], get_expected (job->task), on_segment, job);
  job->output_source = g_unix_fd_add (
      fds[0], G_IO_IN | G_IO_HUP, on_output, job);
  set_timeout (job, get_limit (job->jobs));
  ok = send_request (job, fds[1], fresh);
  close (fds[1]);
  return ok;
}

static void
start_job (Job *job)
{
  if (start_worker (job, !job->may_share))
    return;
  job->was_refused = TRUE;
  end_job (job, -1);
}

static void
pause_job (Job *job)
{
  job->ran = get_time (job);
  job->is_paused = job->was_paused = TRUE;
  set_timeout (job, get_limit (job->jobs));
  worker_signal (job->worker, FORK_PAUSE);
}

static void
resume_job (Job *job)
{
  job->is_paused = FALSE;
  job->resumed = g_get_monotonic_time ();
  set_timeout (job, get_limit (job->jobs) - job->ran);
  worker_signal (job->worker, FORK_RESUME);
}

static void
overtake_job (Job *job)
{
  job->failure = REASON_OVERTAKEN;
  kill_worker (job);
  end_job (job, 0);
}

static void
take_step (const ScheduleStep *step)
{
  switch (step->kind) {
    case SCHEDULE_START:
      start_job (step->job);
      break;
    case SCHEDULE_RESUME:
      resume_job (step->job);
      break;
    case SCHEDULE_PAUSE:
      pause_job (step->job);
      break;
    case SCHEDULE_OVERTAKE:
      overtake_job (step->job);
      break;
    case SCHEDULE_WAIT:
      break;
  }
}

/* How much of a processor a worker has: others wait for them as well. */
static double
get_share (void)
{
  struct sysinfo info;
  double load; /* of the last minute: processes that run or would like to */

  if (sysinfo (&info) < 0)
    return 1;
  load = info.loads[0] / (double) (1 << SI_LOAD_SHIFT);
  return MIN (1, g_get_num_processors () / MAX (load, 1));
}

static gboolean
on_advance (gpointer user_data)
{
  Jobs *jobs = user_data;

  jobs->advance_source = 0;
  advance (jobs);
  return G_SOURCE_REMOVE;
}

/* Does what the schedule says. */
static void
advance (Jobs *jobs)
{
  ScheduleStep step = { .kind = SCHEDULE_WAIT, .due = -1 };
  gint64 now = 0;

  g_clear_handle_id (&jobs->advance_source, g_source_remove);
  while (forkclient_is_ready (jobs->client)) {
    now = g_get_monotonic_time ();
    step = schedule_next (jobs->schedule, now, get_share ());
    if (step.kind == SCHEDULE_WAIT)
      break;
    take_step (&step);
  }
  /* what ended meanwhile may have asked for it, too */
  if (step.due >= 0 && !jobs->advance_source)
    jobs->advance_source = g_timeout_add (
        (guint) ((step.due - now) / G_TIME_SPAN_MILLISECOND) + 1, on_advance,
        jobs);
}

Job *
jobs_add (Jobs *jobs, ForkTask task, guint model, int input, const char *client,
    JobSegmentFunc segment, JobDoneFunc done, gpointer user_data)
{
  Job *job = g_new0 (Job, 1);

  job->jobs = jobs;
  job->task = task;
  job->model = model;
  job->input = input;
  job->client = g_strdup (client);
  job->may_share = TRUE;
  job->segment = segment;
  job->done = done;
  job->user_data = user_data;
  g_hash_table_add (jobs->all, job);
  job->turn = schedule_add (jobs->schedule, client, job);
  /* not from within this function; and a timer may be too late for it */
  g_clear_handle_id (&jobs->advance_source, g_source_remove);
  jobs->advance_source = g_idle_add_full (
      G_PRIORITY_DEFAULT, on_advance, jobs, NULL);
  return job;
}

void
job_set_alone (Job *job)
{
  job->may_share = FALSE;
}

void
job_cancel (Job *job)
{
  Jobs *jobs = job->jobs;

  job->done = NULL;
  if (job->worker) {
    worker_signal (job->worker, FORK_KILL);
    return;
  }
  schedule_remove (jobs->schedule, job->turn, g_get_monotonic_time ());
  job_free (job);
}

/* The queue */

Jobs *
jobs_new (const JobsLimits *limits, ForkClient *client)
{
  static const ForkClientCallbacks callbacks = {
    .on_exit = on_worker_exit,
    .on_lost = on_server_lost,
    .on_restarted = on_server_restarted,
  };
  Jobs *jobs = g_new0 (Jobs, 1);

  jobs->limits = *limits;
  jobs->client = client;
  jobs->schedule = schedule_new (limits->workers);
  /* a worker has several threads: each processor for all of the time */
  jobs->workers = workers_new (client, limits->workers,
      (guint) ceil (limits->timeout * g_get_num_processors ()) + 1);
  jobs->all = g_hash_table_new (NULL, NULL);
  jobs->started = g_hash_table_new (NULL, NULL);
  forkclient_set_callbacks (client, &callbacks, jobs);
  return jobs;
}

void
jobs_free (Jobs *jobs)
{
  g_autoptr (GList) all = NULL;

  if (!jobs)
    return;
  forkclient_set_callbacks (jobs->client, NULL, NULL);
  g_clear_handle_id (&jobs->advance_source, g_source_remove);
  all = g_hash_table_get_keys (jobs->all);
  g_list_foreach (all, (GFunc) (void (*) (void)) job_free, NULL);
  workers_free (jobs->workers);
  schedule_free (jobs->schedule);
  g_hash_table_unref (jobs->all);
  g_hash_table_unref (jobs->started);
  g_free (jobs);
}

gboolean
jobs_are_full (Jobs *jobs, const char *client)
{
  guint idle = jobs->limits.workers - jobs_get_running (jobs);
  guint share = jobs->limits.queue - jobs->limits.queue / 4;

  return jobs_get_waiting (jobs) >= jobs->limits.queue + idle ||
      schedule_get_waiting_of (jobs->schedule, client) >= share + idle;
}

guint
jobs_get_waiting (Jobs *jobs)
{
  return schedule_get_waiting (jobs->schedule);
}

guint
jobs_get_running (Jobs *jobs)
{
  return schedule_get_running (jobs->schedule);
}

guint
jobs_get_retry_after (Jobs *jobs)
{
  double seconds = jobs->mean_seconds;
  GHashTableIter iter;
  gpointer job;

  /* files may be longer now than they were */
  g_hash_table_iter_init (&iter, jobs->started);
  while (g_hash_table_iter_next (&iter, NULL, &job))
    seconds = MAX (seconds, get_time (job) / 1e6);
  return 1 +
      (guint) ceil (
          seconds * (jobs_get_waiting (jobs) + 1) / jobs->limits.workers);
}
