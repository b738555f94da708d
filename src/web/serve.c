/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "serve.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <glib-unix.h>

#include "forkserver.h"
#include "listeners.h"
#include "process/sandbox.h"
#include "service.h"
#include "serveoptions.h"

/* ms from one look whether the last request is answered to the next */
#define DRAIN_PERIOD 50
/* Each connection has a socket and a file, each worker a pipe and a file: some
 * thousands at most.  No limit would be dangerous, too: some libraries close
 * all descriptors that there could be. */
#define MAX_DESCRIPTORS 65536

/* The service */

typedef struct
{
  GMainLoop *loop;
  Listeners *listeners;
  Service *service;
  double drain_seconds;
  gboolean draining;
  gboolean restarting; /* after it was drained the program is started anew */
  gboolean has_terminal;
  gboolean outlives_terminal; /* nohup says so */
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

static void
drain (Run *run)
{
  run->draining = TRUE;
  service_drain (run->service);
  g_timeout_add (DRAIN_PERIOD, on_drain, run);
  g_timeout_add ((guint) (run->drain_seconds * 1000), on_drained_long, run);
}

/* The first signal lets requests end, the second ends the service at once. */
static void
end (Run *run)
{
  if (run->draining && !run->restarting) {
    g_main_loop_quit (run->loop);
    return;
  }
  run->restarting = FALSE;
  listeners_close (run->listeners);
  if (!run->draining)
    drain (run);
}

static gboolean
has_terminal (void)
{
  int terminal = open ("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);

  if (terminal >= 0)
    close (terminal);
  return terminal >= 0;
}

/* SIGHUP: requests end, while clients that come wait to be accepted, and the
 * program is started anew.  It is also what a terminal sends when it is
 * closed. */
static gboolean
is_ignored (int number)
{
  struct sigaction action;

  return sigaction (number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static void
hang_up (Run *run)
{
  if (run->has_terminal && !has_terminal ()) {
    if (!run->outlives_terminal)
      end (run);
  } else if (!run->draining) {
    run->restarting = TRUE;
    listeners_stop (run->listeners);
    drain (run);
  }
}

/* Signals are blocked and read from a descriptor: those that come while there is
 * nobody to read them, as while the program is started anew, wait. */
static int
open_signals (void)
{
  sigset_t set;

  sigemptyset (&set);
  sigaddset (&set, SIGTERM);
  sigaddset (&set, SIGINT);
  sigaddset (&set, SIGHUP);
  pthread_sigmask (SIG_BLOCK, &set, NULL);
  return signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static gboolean
on_signal (int fd, GIOCondition condition G_GNUC_UNUSED, gpointer user_data)
{
  struct signalfd_siginfo signal;

  if (read (fd, &signal, sizeof signal) != sizeof signal)
    return G_SOURCE_CONTINUE;
  if (signal.ssi_signo == SIGHUP)
    hang_up (user_data);
  else
    end (user_data);
  return G_SOURCE_CONTINUE;
}

static void
on_client (GSocketConnection *client, gboolean is_local, gpointer user_data)
{
  service_add_client (((Run *) user_data)->service, client, is_local);
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

static void
print_addresses (Run *run, const char *base_path)
{
  g_auto (GStrv) urls = listeners_get_urls (run->listeners);

  for (guint i = 0; urls[i]; i++)
    if (g_str_has_prefix (urls[i], "http:"))
      g_print ("%s%s/\n", urls[i], base_path);
    else
      g_print ("%s\n", urls[i]);
  fflush (stdout); /* a program may wait for this */
}

/* Executes @program, which takes the sockets; returns if that is not possible.
 * @arguments: those of serve_main(). */
static int
restart (Run *run, const char *program, char **arguments)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();

  g_ptr_array_add (argv, (gpointer) "genreclassify");
  for (guint i = 0; arguments[i]; i++)
    g_ptr_array_add (argv, arguments[i]);
  g_ptr_array_add (argv, NULL);
  if (listeners_hand_on (run->listeners))
    execv (program, (char **) argv->pdata);
  g_printerr ("genreclassify: %s: It cannot be started anew: %s.\n", program,
      g_strerror (errno));
  return 1;
}

static int
serve (const ServeOptions *options, char **arguments)
{
  const ServiceOptions *service = &options->service;
  /* a client may be uploading; then its file is analysed, and it takes the
   * answer */
  Run run = { .drain_seconds = service->client_timeout + service->jobs.timeout +
        service->client_timeout,
    .has_terminal = has_terminal (),
    .outlives_terminal = is_ignored (SIGHUP) };
  /* the path: there may be another program when it is started anew */
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  g_autoptr (GError) error = NULL;
  int signals = open_signals (), status = 0;

  raise_descriptor_limit ();
  signal (SIGPIPE, SIG_IGN);
  run.listeners = listeners_new (&options->listeners, &error);
  if (run.listeners)
    run.service = service_new (service, &error);
  if (!run.service) {
    g_printerr ("genreclassify: %s\n", error->message);
    listeners_free (run.listeners);
    return g_error_matches (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE)
        ? 2
        : 1;
  }
  run.loop = g_main_loop_new (NULL, FALSE);
  g_unix_fd_add (signals, G_IO_IN, on_signal, &run);
  listeners_start (run.listeners, on_client, &run);
  print_addresses (&run, service->base_path);
  request_log_begin (service->log);
  g_main_loop_run (run.loop);
  service_free (run.service);
  g_main_loop_unref (run.loop);
  if (run.restarting)
    status = restart (&run, program, arguments);
  listeners_free (run.listeners);
  return status;
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
  g_autoptr (GError) error = NULL;
  ServeOptions *options = serve_options_new (argc, argv, &error);
  int status = 2;

  if (!options) {
    g_printerr ("genreclassify: %s\n", error->message);
    return status;
  }
  if (options->fork_server)
    status = forkserver_main ();
  else if (options->self_test)
    status = test_sandbox (&options->service.jobs);
  else
    status = serve (options, argv);
  serve_options_free (options);
  return status;
}
