/* SPDX-License-Identifier: GPL-2.0-or-later */

#define _GNU_SOURCE

#include "jobs.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib-unix.h>

#include "workeroutput.h"

/* the mean time of a worker follows the latest ones: weight 1 / MEAN_LENGTH
 * each */
#define MEAN_LENGTH 8

struct _Jobs
{
  JobsLimits limits;
  ForkClient *client;
  guint start_source;
  GQueue waiting;      /* Job */
  GHashTable *running; /* id -> Job */
  guint32 last_id;
  double mean_seconds; /* that a worker ran, lately; 0: not known yet */
};

struct _Job
{
  Jobs *jobs;
  ForkTask task;
  guint model;
  int input; /* -1: there is none, or the worker has it */
  char *client;
  JobSegmentFunc segment; /* or NULL */
  JobDoneFunc done;       /* NULL: the job was cancelled */
  gpointer user_data;

  /* while it runs */
  guint32 id;
  gint64 started;       /* µs */
  WorkerOutput *output; /* NULL: no worker could be started */
  guint output_source, timeout_source;
  gboolean timed_out;
};

static void start_next (Jobs *jobs);

static void
job_free (Job *job)
{
  if (job->input >= 0)
    close (job->input);
  g_clear_handle_id (&job->output_source, g_source_remove);
  g_clear_handle_id (&job->timeout_source, g_source_remove);
  worker_output_free (job->output);
  g_free (job->client);
  g_free (job);
}

static gboolean
send_request (Job *job, ForkTask task, const int *fds, guint n_fds)
{
  const JobsLimits *limits = &job->jobs->limits;
  const ForkRequest request = {
    .id = job->id,
    .task = task,
    .model = job->model,
    /* the worker has several threads: each processor for all of the time */
    .cpu_seconds = (guint32) ceil (limits->timeout * g_get_num_processors ()) +
        1,
    .max_duration = limits->max_duration,
  };

  return forkclient_send (job->jobs->client, &request, fds, n_fds);
}

/* The end of a job */

/* Why @job has no complete output.  @exit_status is waitpid()'s, or -1 if there
 * was no worker. */
static Reason
get_reason (const Job *job, int exit_status)
{
  if (job->timed_out)
    return REASON_TIMEOUT;
  if (exit_status == -1 || !job->output)
    return REASON_INTERNAL;
  if (WIFSIGNALED (exit_status))
    return WTERMSIG (exit_status) == SIGXCPU ? REASON_TIMEOUT
                                             : REASON_DECODER_CRASHED;
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
    case REASON_DECODER_CRASHED:
      return "Its decoder broke down at it.";
    case REASON_INTERNAL:
      return "The worker process was lost; please try again.";
    default:
      return NULL;
  }
}

static JobOutcome
get_outcome (const Job *job, int exit_status)
{
  Reason reason = get_reason (job, exit_status);
  JobOutcome outcome = {
    .reason = reason,
    .error = get_sentence (reason),
    .seconds = (g_get_monotonic_time () - job->started) / 1e6,
  };

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

/* @exit_status is waitpid()'s, or -1 if there was no worker. */
static void
end_job (Job *job, int exit_status)
{
  Jobs *jobs = job->jobs;
  JobOutcome outcome;

  g_hash_table_remove (jobs->running, GUINT_TO_POINTER (job->id));
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

  if (job->segment && job->done)
    job->segment (result, job->user_data);
}

/* A worker whose output is complete or invalid has nothing more to say: it is
 * killed rather than waited for.  One that only closed its output is about to
 * exit. */
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
  if (state != WORKER_OUTPUT_ENDED) {
    send_request (job, FORK_KILL, NULL, 0);
    end_job (job, 0);
    start_next (jobs);
  }
  return G_SOURCE_REMOVE;
}

static gboolean
on_timeout (gpointer user_data)
{
  Job *job = user_data;

  job->timeout_source = 0;
  job->timed_out = TRUE;
  send_request (job, FORK_KILL, NULL, 0);
  return G_SOURCE_REMOVE;
}

/* The fork server */

static void
on_worker_exit (guint32 id, int status, gpointer user_data)
{
  Jobs *jobs = user_data;
  Job *job = g_hash_table_lookup (jobs->running, GUINT_TO_POINTER (id));

  if (job)
    end_job (job, status);
  start_next (jobs);
}

static void
on_server_lost (gpointer user_data)
{
  Jobs *jobs = user_data;
  g_autoptr (GList) running = g_hash_table_get_values (jobs->running);

  for (GList *i = running; i; i = i->next)
    end_job (i->data, -1);
}

static void
on_server_restarted (gpointer user_data)
{
  start_next (user_data);
}

/* The beginning of a job */

static void
choose_id (Job *job)
{
  Jobs *jobs = job->jobs;

  do
    job->id = ++jobs->last_id;
  while (g_hash_table_contains (jobs->running, GUINT_TO_POINTER (job->id)));
}

/* Sends the input and @output, the writing end of a pipe, to the fork
 * server. */
static gboolean
start_worker (Job *job, int output)
{
  /* the self-test has no input: it gets its output twice */
  const int fds[2] = { job->input >= 0 ? job->input : output, output };
  gboolean ok = send_request (job, job->task, fds, 2);

  if (job->input >= 0)
    close (job->input);
  job->input = -1;
  return ok;
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

static void
start_job (Job *job)
{
  Jobs *jobs = job->jobs;
  int fds[2];
  gboolean ok;

  choose_id (job);
  g_hash_table_insert (jobs->running, GUINT_TO_POINTER (job->id), job);
  job->started = g_get_monotonic_time ();
  if (pipe2 (fds, O_CLOEXEC) < 0) {
    end_job (job, -1);
    return;
  }
  g_unix_set_fd_nonblocking (fds[0], TRUE, NULL);
  job->output = worker_output_new (
      fds[0], get_expected (job->task), on_segment, job);
  job->output_source = g_unix_fd_add (
      fds[0], G_IO_IN | G_IO_HUP, on_output, job);
  job->timeout_source = g_timeout_add (
      (guint) ceil (jobs->limits.timeout * 1000), on_timeout, job);
  ok = start_worker (job, fds[1]);
  close (fds[1]);
  if (!ok)
    end_job (job, -1);
}

static guint
count_running (Jobs *jobs, const char *client)
{
  GHashTableIter iter;
  gpointer job;
  guint n = 0;

  g_hash_table_iter_init (&iter, jobs->running);
  while (g_hash_table_iter_next (&iter, NULL, &job))
    n += !strcmp (((Job *) job)->client, client);
  return n;
}

/* Takes the next job from the queue, which is not empty. */
static Job *
pop_fairest (Jobs *jobs)
{
  GList *best = NULL;
  guint fewest = G_MAXUINT;
  Job *job;

  for (GList *i = jobs->waiting.head; i; i = i->next) {
    guint n = count_running (jobs, ((Job *) i->data)->client);

    if (n < fewest) {
      fewest = n;
      best = i;
    }
  }
  job = best->data;
  g_queue_delete_link (&jobs->waiting, best);
  return job;
}

static void
start_next (Jobs *jobs)
{
  while (forkclient_is_ready (jobs->client) &&
      !g_queue_is_empty (&jobs->waiting) &&
      jobs_get_running (jobs) < jobs->limits.workers)
    start_job (pop_fairest (jobs));
}

static gboolean
on_added (gpointer user_data)
{
  Jobs *jobs = user_data;

  jobs->start_source = 0;
  start_next (jobs);
  return G_SOURCE_REMOVE;
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
  job->segment = segment;
  job->done = done;
  job->user_data = user_data;
  g_queue_push_tail (&jobs->waiting, job);
  if (!jobs->start_source)
    jobs->start_source = g_idle_add (on_added, jobs);
  return job;
}

void
job_cancel (Job *job)
{
  job->done = NULL;
  if (g_queue_remove (&job->jobs->waiting, job))
    job_free (job);
  else
    send_request (job, FORK_KILL, NULL, 0);
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
  jobs->running = g_hash_table_new (NULL, NULL);
  forkclient_set_callbacks (client, &callbacks, jobs);
  return jobs;
}

void
jobs_free (Jobs *jobs)
{
  g_autoptr (GList) running = NULL;

  if (!jobs)
    return;
  forkclient_set_callbacks (jobs->client, NULL, NULL);
  g_clear_handle_id (&jobs->start_source, g_source_remove);
  g_queue_clear_full (&jobs->waiting, (GDestroyNotify) job_free);
  running = g_hash_table_get_values (jobs->running);
  g_list_foreach (running, (GFunc) (void (*) (void)) job_free, NULL);
  g_hash_table_unref (jobs->running);
  g_free (jobs);
}

gboolean
jobs_are_full (Jobs *jobs, const char *client)
{
  guint idle = jobs->limits.workers - jobs_get_running (jobs);
  guint share = jobs->limits.queue - jobs->limits.queue / 4;
  guint n = 0;

  for (GList *i = jobs->waiting.head; i; i = i->next)
    n += !strcmp (((Job *) i->data)->client, client);
  return jobs_get_waiting (jobs) >= jobs->limits.queue + idle ||
      n >= share + idle;
}

guint
jobs_get_waiting (Jobs *jobs)
{
  return g_queue_get_length (&jobs->waiting);
}

guint
jobs_get_running (Jobs *jobs)
{
  return g_hash_table_size (jobs->running);
}

guint
jobs_get_retry_after (Jobs *jobs)
{
  double seconds = jobs->mean_seconds;
  gint64 now = g_get_monotonic_time ();
  GHashTableIter iter;
  gpointer job;

  /* files may be longer now than they were */
  g_hash_table_iter_init (&iter, jobs->running);
  while (g_hash_table_iter_next (&iter, NULL, &job))
    seconds = MAX (seconds, (now - ((Job *) job)->started) / 1e6);
  return 1 +
      (guint) ceil (
          seconds * (jobs_get_waiting (jobs) + 1) / jobs->limits.workers);
}
