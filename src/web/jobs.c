/* SPDX-License-Identifier: GPL-2.0-or-later */

#define _GNU_SOURCE

#include "jobs.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib-unix.h>

#include "packet.h"

/* what a worker may tell; more is not from the code that we wrote */
#define MAX_OUTPUT (64 << 20)
/* days of audio have no more */
#define MAX_JSON (16 << 20)
/* between two attempts to start a fork server that does not stay, s */
#define RESTART_DELAY 1

struct _Jobs
{
  JobsLimits limits;
  JsonNode *models; /* an array */
  int socket;       /* of the fork server; -1 while there is none */
  guint socket_source;
  guint restart_source;
  guint start_source;
  GQueue waiting;      /* Job */
  GHashTable *running; /* id -> Job */
  guint32 last_id;
  double mean_seconds; /* of the latest workers */
};

struct _Job
{
  Jobs *jobs;
  ForkTask task;
  guint model;
  int input;
  char *client;
  JobSegmentFunc segment;
  JobDoneFunc done; /* NULL: cancelled */
  gpointer user_data;

  /* while it runs */
  guint32 id;
  gint64 started; /* µs */
  int output;
  guint output_source, timeout_source;
  GByteArray *told; /* what was not understood yet */
  gsize n_told;
  gboolean timed_out;
  gboolean finished; /* it has told all */
  gboolean foolish;  /* it told what none of ours tells */
  Result *result;
  GBytes *data;
};

static gboolean start_server (Jobs *jobs, GError **error);
static void start_next (Jobs *jobs);

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

static void
job_free (Job *job)
{
  close_fd (&job->input);
  close_fd (&job->output);
  g_clear_handle_id (&job->output_source, g_source_remove);
  g_clear_handle_id (&job->timeout_source, g_source_remove);
  g_free (job->client);
  g_byte_array_unref (job->told);
  result_free (job->result);
  g_clear_pointer (&job->data, g_bytes_unref);
  g_free (job);
}

/* What a worker tells.  It may have been taken over by its file: nothing of it is
 * used that is not what it should be. */

static void
take_message (Job *job, guint32 kind, const guint8 *data, gsize size)
{
  g_autofree char *json = NULL;
  g_autoptr (Result) result = NULL;

  if (kind == WORKER_IMAGE || kind == WORKER_TEXT) {
    g_clear_pointer (&job->data, g_bytes_unref);
    job->data = g_bytes_new (data, size);
    job->finished = TRUE;
    return;
  }
  if (size <= MAX_JSON) {
    json = g_strndup ((const char *) data, size);
    result = result_from_json (json, NULL);
  }
  if (!result || kind > WORKER_RESULT) {
    job->foolish = TRUE;
  } else if (kind == WORKER_RESULT) {
    result_free (job->result);
    job->result = g_steal_pointer (&result);
    job->finished = TRUE;
  } else if (result->segments->len != 1) {
    job->foolish = TRUE;
  } else if (job->segment && job->done) {
    job->segment (result, job->user_data);
  }
}

static void
take_messages (Job *job)
{
  WorkerHeader header;
  gsize at = 0;

  while (
      !job->foolish && !job->finished && job->told->len - at >= sizeof header) {
    memcpy (&header, job->told->data + at, sizeof header);
    if (header.size > MAX_OUTPUT)
      job->foolish = TRUE;
    if (job->foolish || job->told->len - at - sizeof header < header.size)
      break;
    at += sizeof header;
    take_message (job, header.kind, job->told->data + at, header.size);
    at += header.size;
  }
  g_byte_array_remove_range (job->told, 0, at);
}

/* Reads what there is; FALSE if there will be no more. */
static gboolean
read_output (Job *job)
{
  guint8 buffer[16384];

  for (;;) {
    gssize n = read (job->output, buffer, sizeof buffer);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0 && errno == EAGAIN)
      return TRUE;
    if (n <= 0)
      return FALSE;
    job->n_told += n;
    if (job->n_told > MAX_OUTPUT)
      job->foolish = TRUE;
    g_byte_array_append (job->told, buffer, n);
    take_messages (job);
    if (job->foolish || job->finished)
      return FALSE;
  }
}

/* The end of a job */

static gboolean
send_request (Job *job, ForkTask task, const int *fds, guint n_fds)
{
  const JobsLimits *limits = &job->jobs->limits;
  const ForkRequest request = {
    .id = job->id,
    .task = task,
    .model = job->model,
    /* all the processors for all its time; a pipeline has several threads */
    .cpu_seconds = (guint32) ceil (limits->timeout * g_get_num_processors ()) +
        1,
    .max_duration = limits->max_duration,
  };

  return packet_send (job->jobs->socket, &request, sizeof request, fds, n_fds);
}

static JobOutcome
get_outcome (const Job *job, int status)
{
  if (job->timed_out)
    return JOB_TIMED_OUT;
  if (status == -1)
    return JOB_LOST;
  if (WIFSIGNALED (status))
    return WTERMSIG (status) == SIGXCPU ? JOB_TIMED_OUT : JOB_CRASHED;
  /* the sandbox could not be made, or its answer could not be told */
  if (WEXITSTATUS (status) != 0)
    return JOB_LOST;
  if (job->foolish || (!job->result && !job->data))
    return JOB_CRASHED;
  return job->result && job->result->error ? JOB_FAILED : JOB_DONE;
}

/* @status is waitpid()'s, or -1 if there was no worker. */
static void
end_job (Job *job, int status)
{
  Jobs *jobs = job->jobs;
  JobAnswer answer;

  if (job->output >= 0)
    read_output (job);
  g_hash_table_remove (jobs->running, GUINT_TO_POINTER (job->id));
  answer = (JobAnswer){
    .outcome = get_outcome (job, status),
    .result = job->result,
    .data = job->data,
    .seconds = (g_get_monotonic_time () - job->started) / 1e6,
  };
  if (job->done) {
    jobs->mean_seconds += (answer.seconds - jobs->mean_seconds) /
        (jobs->mean_seconds > 0 ? 8 : 1);
    job->done (&answer, job->user_data);
  }
  job_free (job);
}

/* Who has told all, or nonsense, is not waited for until it has ended. */
static gboolean
on_output (int fd G_GNUC_UNUSED, GIOCondition condition G_GNUC_UNUSED,
    gpointer user_data)
{
  Job *job = user_data;
  Jobs *jobs = job->jobs;

  if (read_output (job))
    return G_SOURCE_CONTINUE;
  job->output_source = 0;
  if (job->finished || job->foolish) {
    send_request (job, FORK_KILL, NULL, 0);
    end_job (job, 0);
    start_next (jobs);
  }
  return G_SOURCE_REMOVE;
}

/* The fork server */

static void
lose_server (Jobs *jobs)
{
  g_autoptr (GList) running = g_hash_table_get_values (jobs->running);

  close_fd (&jobs->socket);
  for (GList *i = running; i; i = i->next)
    end_job (i->data, -1);
}

static gboolean
restart_server (gpointer user_data)
{
  Jobs *jobs = user_data;
  g_autoptr (GError) error = NULL;

  if (!start_server (jobs, &error)) {
    g_printerr ("genreclassify: %s\n", error->message);
    return G_SOURCE_CONTINUE;
  }
  jobs->restart_source = 0;
  start_next (jobs);
  return G_SOURCE_REMOVE;
}

static gboolean
on_server (int fd, GIOCondition condition G_GNUC_UNUSED, gpointer user_data)
{
  Jobs *jobs = user_data;
  ForkExit message;
  gssize size = packet_receive (fd, &message, sizeof message, NULL, 0);
  Job *job;

  if (size < 0 && errno == EAGAIN)
    return G_SOURCE_CONTINUE;
  if (size != sizeof message) {
    g_printerr (
        "genreclassify: The fork server has ended; another is started.\n");
    jobs->socket_source = 0;
    jobs->restart_source = g_timeout_add_seconds (
        RESTART_DELAY, restart_server, jobs);
    lose_server (jobs);
    return G_SOURCE_REMOVE;
  }
  job = g_hash_table_lookup (jobs->running, GUINT_TO_POINTER (message.id));
  if (job)
    end_job (job, message.status);
  start_next (jobs);
  return G_SOURCE_CONTINUE;
}

static gboolean
take_models (Jobs *jobs, const char *json, GError **error)
{
  g_autoptr (JsonNode) root = json_from_string (json, error);
  JsonObject *object = root && JSON_NODE_HOLDS_OBJECT (root)
      ? json_node_get_object (root)
      : NULL;

  if (!object || !json_object_has_member (object, "models")) {
    g_clear_error (error);
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s",
        object ? json_object_get_string_member_with_default (
                     object, "error", "The fork server could not start.")
               : "The fork server could not start.");
    return FALSE;
  }
  g_clear_pointer (&jobs->models, json_node_unref);
  jobs->models = json_object_dup_member (object, "models");
  return TRUE;
}

static void
on_server_reaped (
    GPid pid, int status G_GNUC_UNUSED, gpointer user_data G_GNUC_UNUSED)
{
  g_spawn_close_pid (pid);
}

static gboolean
start_server (Jobs *jobs, GError **error)
{
  static const char *const argv[] = { "/proc/self/exe", "genreclassify",
    "serve", "--fork-server", NULL };
  g_auto (GStrv) environment = g_get_environ ();
  g_autofree char *hello = g_malloc0 (FORKSERVER_MAX_PACKET + 1);
  const int target = FORKSERVER_SOCKET;
  int sockets[2];
  GPid pid;
  gboolean ok;

  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0) {
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
        "No socket can be opened: %s.", g_strerror (errno));
    return FALSE;
  }
  /* workers are many; each has one thread for its sums, and one heap or two */
  environment = g_environ_setenv (
      environment, "OPENBLAS_NUM_THREADS", "1", TRUE);
  environment = g_environ_setenv (environment, "MALLOC_ARENA_MAX", "1", TRUE);
  /* each is forked with what was looked up, and gets its memory in large pages
   * rather than by a thousand faults */
  environment = g_environ_setenv (environment, "LD_BIND_NOW", "1", TRUE);
  environment = g_environ_setenv (
      environment, "MALLOC_TOP_PAD_", "4194304", TRUE);
  environment = g_environ_setenv (
      environment, "GLIBC_TUNABLES", "glibc.malloc.hugetlb=1", TRUE);
  environment = g_environ_setenv (environment, "LC_ALL", "C.UTF-8", TRUE);
  ok = g_spawn_async_with_pipes_and_fds (NULL, argv,
      (const char *const *) environment,
      G_SPAWN_FILE_AND_ARGV_ZERO | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, -1,
      -1, -1, &sockets[1], &target, 1, &pid, NULL, NULL, NULL, error);
  if (ok)
    g_child_watch_add (pid, on_server_reaped, NULL);
  close (sockets[1]);
  if (ok &&
      packet_receive (sockets[0], hello, FORKSERVER_MAX_PACKET, NULL, 0) < 0)
    hello[0] = '\0';
  if (!ok || !take_models (jobs, hello, error)) {
    close (sockets[0]);
    return FALSE;
  }
  g_unix_set_fd_nonblocking (sockets[0], TRUE, NULL);
  jobs->socket = sockets[0];
  jobs->socket_source = g_unix_fd_add (
      jobs->socket, G_IO_IN | G_IO_HUP, on_server, jobs);
  return TRUE;
}

Jobs *
jobs_new (const JobsLimits *limits, GError **error)
{
  Jobs *jobs = g_new0 (Jobs, 1);

  jobs->limits = *limits;
  jobs->socket = -1;
  jobs->running = g_hash_table_new (NULL, NULL);
  if (start_server (jobs, error))
    return jobs;
  jobs_free (jobs);
  return NULL;
}

void
jobs_free (Jobs *jobs)
{
  g_autoptr (GList) running = g_hash_table_get_values (jobs->running);

  g_clear_handle_id (&jobs->socket_source, g_source_remove);
  g_clear_handle_id (&jobs->restart_source, g_source_remove);
  g_clear_handle_id (&jobs->start_source, g_source_remove);
  close_fd (&jobs->socket);
  g_queue_clear_full (&jobs->waiting, (GDestroyNotify) job_free);
  g_list_foreach (running, (GFunc) (void (*) (void)) job_free, NULL);
  g_hash_table_unref (jobs->running);
  g_clear_pointer (&jobs->models, json_node_unref);
  g_free (jobs);
}

JsonArray *
jobs_get_models (Jobs *jobs)
{
  return json_node_get_array (jobs->models);
}

int
jobs_find_model (Jobs *jobs, const char *name)
{
  JsonArray *models = jobs_get_models (jobs);

  for (guint i = 0; i < json_array_get_length (models); i++)
    if (!strcmp (name,
            json_object_get_string_member (
                json_array_get_object_element (models, i), "name")))
      return i;
  return -1;
}

gboolean
jobs_are_full (Jobs *jobs, const char *client)
{
  guint idle = jobs->limits.workers - jobs_get_running (jobs);
  guint n = 0;

  for (GList *i = jobs->waiting.head; i; i = i->next)
    n += !strcmp (((Job *) i->data)->client, client);
  return jobs_get_waiting (jobs) >= jobs->limits.queue + idle ||
      n >= jobs->limits.queue - jobs->limits.queue / 4 + idle;
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

/* Running */

static gboolean
on_timeout (gpointer user_data)
{
  Job *job = user_data;

  job->timeout_source = 0;
  job->timed_out = TRUE;
  send_request (job, FORK_KILL, NULL, 0);
  return G_SOURCE_REMOVE;
}

static void
start_job (Job *job)
{
  Jobs *jobs = job->jobs;
  int fds[2], pipe_fds[2];
  gboolean ok;

  do
    job->id = ++jobs->last_id;
  while (g_hash_table_contains (jobs->running, GUINT_TO_POINTER (job->id)));
  g_hash_table_insert (jobs->running, GUINT_TO_POINTER (job->id), job);
  job->started = g_get_monotonic_time ();
  if (pipe2 (pipe_fds, O_CLOEXEC) < 0) {
    end_job (job, -1);
    return;
  }
  job->output = pipe_fds[0];
  g_unix_set_fd_nonblocking (job->output, TRUE, NULL);
  job->output_source = g_unix_fd_add (
      job->output, G_IO_IN | G_IO_HUP, on_output, job);
  job->timeout_source = g_timeout_add (
      (guint) ceil (jobs->limits.timeout * 1000), on_timeout, job);
  fds[0] = job->input;
  fds[1] = pipe_fds[1];
  /* the self-test has no input, and gets its output twice */
  if (fds[0] < 0)
    fds[0] = fds[1];
  ok = send_request (job, job->task, fds, 2);
  close (pipe_fds[1]);
  close_fd (&job->input);
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

static void
start_next (Jobs *jobs)
{
  while (jobs->socket >= 0 && !g_queue_is_empty (&jobs->waiting) &&
      jobs_get_running (jobs) < jobs->limits.workers) {
    GList *best = NULL;
    guint fewest = G_MAXUINT;

    for (GList *i = jobs->waiting.head; i; i = i->next) {
      guint n = count_running (jobs, ((Job *) i->data)->client);

      if (n < fewest) {
        fewest = n;
        best = i;
      }
    }
    start_job (g_queue_pop_nth (
        &jobs->waiting, g_queue_link_index (&jobs->waiting, best)));
  }
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
  job->output = -1;
  job->client = g_strdup (client);
  job->segment = segment;
  job->done = done;
  job->user_data = user_data;
  job->told = g_byte_array_new ();
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
