/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "serve.h"

#include <stdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include <glib-unix.h>

#include "arguments.h"
#include "forkserver.h"
#include "genre/genre.h"
#include "sandbox.h"
#include "service.h"

#define TOKEN_VARIABLE "GENRECLASSIFY_TOKEN"
/* ms from one look whether the last request is answered to the next */
#define DRAIN_PERIOD 50
/* Each connection has a socket and a file, each worker a pipe and a file: some
 * thousands at most.  No limit would be dangerous, too: some libraries close
 * all descriptors that there could be. */
#define MAX_DESCRIPTORS 65536

typedef struct
{
  char *bind, *token, *token_file, *max_size;
  int port, workers, queue, keep_uploads;
  double timeout, client_timeout, max_duration;
  gboolean self_test, fork_server;
} Options;

/* @format has one %s, for @value. */
static gboolean
set_bad_value (GError **error, const char *format, const char *value)
{
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, format, value);
  return FALSE;
}

/* Parses a size such as "200M": bytes, KiB, MiB or GiB. */
static gboolean
parse_size (const char *text, guint64 *size, GError **error)
{
  static const char units[] = "KMG";
  char *end;
  const char *unit;
  guint shift = 0;

  *size = g_ascii_strtoull (text, &end, 10);
  if (end > text && *end && (unit = strchr (units, g_ascii_toupper (*end)))) {
    shift = 10 * (unit - units + 1);
    end++;
  }
  if (!g_ascii_isdigit (*text) || *end || *size == 0 ||
      *size > (guint64) G_MAXINT64 >> (shift + 1))
    return set_bad_value (
        error, "--max-size: %s: it is not a size such as 200M or 2G.", text);
  *size <<= shift;
  return TRUE;
}

/* Finds the token, in --token, --token-file or the environment; *token stays
 * NULL if there is none. */
static gboolean
find_token (const Options *options, char **token, GError **error)
{
  if (options->token) {
    *token = g_strdup (options->token);
  } else if (options->token_file) {
    if (!g_file_get_contents (options->token_file, token, NULL, error))
      return FALSE;
    g_strstrip (*token);
  } else {
    *token = g_strdup (g_getenv (TOKEN_VARIABLE));
  }
  if (*token && !**token)
    return set_bad_value (error, "%s", "The token is empty.");
  return TRUE;
}

static gboolean
check_options (const Options *options, GError **error)
{
  if (options->port < 0 || options->port > 65535)
    return set_bad_value (error, "%s", "--port: it is 0 to 65535.");
  if (options->workers < 1 || options->workers > 256)
    return set_bad_value (error, "%s", "--jobs: it is 1 to 256.");
  if (options->queue < 0 || options->queue > 10000)
    return set_bad_value (error, "%s", "--queue: it is 0 to 10000.");
  if (!(options->timeout > 0 && options->timeout <= 86400))
    return set_bad_value (
        error, "%s", "--timeout: it is more than 0 s, up to 86400 s.");
  if (!(options->client_timeout > 0 && options->client_timeout <= 86400))
    return set_bad_value (
        error, "%s", "--client-timeout: it is more than 0 s, up to 86400 s.");
  if (!(options->max_duration >= 0 && options->max_duration <= 1e9))
    return set_bad_value (
        error, "%s", "--max-duration: it is 0 s (all) to 1000000000 s.");
  if (options->keep_uploads < 0 || options->keep_uploads > 3600)
    return set_bad_value (
        error, "%s", "--keep-uploads: it is 0 s (none) to 3600 s.");
  return TRUE;
}

static gboolean
parse_options (int argc, char **argv, Options *options, GError **error)
{
  const GOptionEntry entries[] = {
    { "bind", 0, 0, G_OPTION_ARG_STRING, &options->bind,
        "the IP address to listen at (127.0.0.1)", "ADDRESS" },
    { "port", 0, 0, G_OPTION_ARG_INT, &options->port,
        "the port; 0: any that is free (8080)", "PORT" },
    { "token", 0, 0, G_OPTION_ARG_STRING, &options->token,
        "what requests must bear; others see it in the list of processes",
        "TOKEN" },
    { "token-file", 0, 0, G_OPTION_ARG_FILENAME, &options->token_file,
        "the same from a file; " TOKEN_VARIABLE
        " in the environment is another way",
        "PATH" },
    { "max-size", 0, 0, G_OPTION_ARG_STRING, &options->max_size,
        "the largest file, with K, M or G (512M)", "SIZE" },
    { "max-duration", 0, 0, G_OPTION_ARG_DOUBLE, &options->max_duration,
        "analyse only so much of the middle of a file", "SECONDS" },
    { "jobs", 'j', 0, G_OPTION_ARG_INT, &options->workers,
        "files that are decoded at once (one for each processor)", "N" },
    { "queue", 0, 0, G_OPTION_ARG_INT, &options->queue,
        "files that may wait for it (32)", "N" },
    { "timeout", 0, 0, G_OPTION_ARG_DOUBLE, &options->timeout,
        "the time for one file (300)", "SECONDS" },
    { "client-timeout", 0, 0, G_OPTION_ARG_DOUBLE, &options->client_timeout,
        "how long a client may keep us waiting (15)", "SECONDS" },
    { "keep-uploads", 0, 0, G_OPTION_ARG_INT, &options->keep_uploads,
        "how long an upload is kept for more requests; 0: not at all (60)",
        "SECONDS" },
    { "self-test", 0, 0, G_OPTION_ARG_NONE, &options->self_test,
        "try from inside a worker what it must not be able to do", NULL },
    { "fork-server", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE,
        &options->fork_server, NULL, NULL },
    G_OPTION_ENTRY_NULL
  };
  const GOptionEntry *const tables[] = { entries, NULL };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_auto (GStrv) names = NULL;

  g_set_prgname ("genreclassify serve");
  g_option_context_set_summary (context,
      "Serves HTTP: upload a file, and see its genres.  What there is to request, "
      "/openapi.json\nof the service tells.");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!(names = arguments_parse (context, tables, argc, argv, error)))
    return FALSE;
  if (names[0])
    return set_bad_value (error, "%s: serve takes no files.", names[0]);
  return check_options (options, error);
}

/* The service */

typedef struct
{
  GMainLoop *loop;
  Service *service;
  double drain_seconds;
  gboolean draining;
} Run;

static gboolean
on_drain (gpointer user_data)
{
  Run *run = user_data;

  if (!service_is_idle (run->service))
    return G_SOURCE_CONTINUE;
  g_main_loop_quit (run->loop);
  return G_SOURCE_REMOVE;
}

static gboolean
on_drained_long (gpointer user_data)
{
  g_main_loop_quit (((Run *) user_data)->loop);
  return G_SOURCE_REMOVE;
}

/* The first signal lets requests end, the second ends the service at once. */
static gboolean
on_signal (gpointer user_data)
{
  Run *run = user_data;

  if (run->draining) {
    g_main_loop_quit (run->loop);
  } else {
    run->draining = TRUE;
    service_drain (run->service);
    g_timeout_add (DRAIN_PERIOD, on_drain, run);
    g_timeout_add ((guint) (run->drain_seconds * 1000), on_drained_long, run);
  }
  return G_SOURCE_CONTINUE;
}

static void
raise_descriptor_limit (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = MIN (limit.rlim_max, MAX_DESCRIPTORS);
    setrlimit (RLIMIT_NOFILE, &limit);
  }
}

static int
serve (const ServiceOptions *options)
{
  /* a client may be uploading; then its file is analysed, and it takes the
   * answer */
  Run run = { .drain_seconds = options->client_timeout + options->jobs.timeout +
        options->client_timeout };
  g_autoptr (GError) error = NULL;

  raise_descriptor_limit ();
  signal (SIGPIPE, SIG_IGN);
  run.service = service_new (options, &error);
  if (!run.service) {
    g_printerr ("genreclassify: %s\n", error->message);
    return 1;
  }
  run.loop = g_main_loop_new (NULL, FALSE);
  g_unix_signal_add (SIGTERM, on_signal, &run);
  g_unix_signal_add (SIGINT, on_signal, &run);
  g_print (
      strchr (options->address, ':') ? "http://[%s]:%u/\n" : "http://%s:%u/\n",
      options->address, service_get_port (run.service));
  fflush (stdout); /* a program may wait for this line */
  g_main_loop_run (run.loop);
  service_free (run.service);
  g_main_loop_unref (run.loop);
  return 0;
}

/* The self-test */

typedef struct
{
  GMainLoop *loop;
  int status;
} SelfTest;

/* Prints a line for each attempt.  FALSE if there is none, or one was possible. */
static gboolean
print_attempts (GBytes *data)
{
  g_autoptr (GVariant) attempts = g_variant_ref_sink (g_variant_new_from_bytes (
      G_VARIANT_TYPE (SANDBOX_ATTEMPTS_TYPE), data, FALSE));
  gboolean ok = g_variant_n_children (attempts) > 0, possible;
  GVariantIter iter;
  const char *name;

  g_variant_iter_init (&iter, attempts);
  while (g_variant_iter_next (&iter, "(&sb)", &name, &possible)) {
    g_print ("%s: %s\n", name, possible ? "POSSIBLE" : "refused");
    ok &= !possible;
  }
  return ok;
}

static void
on_tested (const JobOutcome *outcome, gpointer user_data)
{
  SelfTest *test = user_data;

  if (outcome->data)
    test->status = print_attempts (outcome->data) ? 0 : 1;
  else
    g_printerr ("genreclassify: %s\n", outcome->error);
  g_main_loop_quit (test->loop);
}

static int
test_sandbox (const JobsLimits *limits)
{
  SelfTest test = { .status = 1 };
  g_autoptr (GError) error = NULL;
  ForkClient *fork_client = forkclient_new (&error);
  Jobs *jobs;

  if (!fork_client) {
    g_printerr ("genreclassify: %s\n", error->message);
    return 1;
  }
  jobs = jobs_new (limits, fork_client);
  test.loop = g_main_loop_new (NULL, FALSE);
  jobs_add (jobs, FORK_SELF_TEST, 0, -1, "", NULL, on_tested, &test);
  g_main_loop_run (test.loop);
  g_main_loop_unref (test.loop);
  jobs_free (jobs);
  forkclient_free (fork_client);
  return test.status;
}

int
serve_main (int argc, char **argv)
{
  Options options = { .port = 8080,
    .workers = g_get_num_processors (),
    .queue = 32,
    .timeout = 300,
    .client_timeout = 15,
    .keep_uploads = 60 };
  ServiceOptions service = { 0 };
  g_autofree char *token = NULL;
  g_autoptr (GError) error = NULL;
  gboolean ok;
  int status = 2;

  ok = parse_options (argc, argv, &options, &error) &&
      parse_size (options.max_size ? options.max_size : "512M",
          &service.max_size, &error) &&
      find_token (&options, &token, &error);
  service.address = options.bind ? options.bind : "127.0.0.1";
  service.port = options.port;
  service.token = token;
  service.client_timeout = options.client_timeout;
  service.keep_seconds = options.keep_uploads;
  service.jobs = (JobsLimits){ .workers = options.workers,
    .queue = options.queue,
    .timeout = options.timeout,
    .max_duration = (guint64) (options.max_duration * GENRE_SECOND) };
  if (!ok)
    g_printerr ("genreclassify: %s\n", error->message);
  else if (options.fork_server)
    status = forkserver_main ();
  else if (options.self_test)
    status = test_sandbox (&service.jobs);
  else
    status = serve (&service);
  g_free (options.bind);
  g_free (options.token);
  g_free (options.token_file);
  g_free (options.max_size);
  return status;
}
