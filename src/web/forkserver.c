/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "forkserver.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gst/gst.h>
#include <gst/pbutils/pbutils.h>
#include <gio/gio.h>
#include <json-glib/json-glib.h>

#include "about/about.h"
#include "analysis/modelanswers.h"
#include "analysis/plugin.h"
#include "analysis/provenance.h"
#include "genre/genre.h"
#include "process/nothread.h"
#include "process/packet.h"
#include "process/preload.h"
#include "process/sandbox.h"
#include "forkprotocol.h"
#include "openfilesrc.h"
#include "outofmemory.h"
#include "workertask.h"

/* bytes of address space of a worker: libraries, stacks of threads and
 * buffers */
#define WORKER_MEMORY (G_GUINT64_CONSTANT (2) << 30)

/* the most descriptors of a worker; decoders open a few pipes */
#define WORKER_DESCRIPTORS 256

/* bytes of a model's figures, which are a handful of numbers; it also limits how deep
 * JSON of that name can be, which json-glib parses by recursion */
#define MAX_FIGURES 4096

/* s of processor time after which a worker gets no further file: as that limit is of
 * the process, its last file has at least what is for one, and at most so much more */
#define WORKER_MAX_USED 10

/* exit status of a worker, beside those of forkprotocol.h */
#define STATUS_SANDBOX_FAILED 2

typedef struct
{
  GPtrArray *models; /* char *, the names */
  JsonArray *about;  /* of them, until it is sent */
  GHashTable *pids;  /* id of a worker -> its pid */
  int signals;       /* signalfd that tells when a worker has ended */
  int null;          /* descriptor of /dev/null */
} ForkServer;

/* Loading, while files can still be opened */

/* Adds what share of so many tracks the model was right on, if its file says so.
 * Nothing has checked that; it is left out if it is no such thing. */
static void
add_figures (JsonBuilder *models, const GenreModel *model)
{
  const char *text = genre_model_get_metadata (model, "figures");
  g_autoptr (JsonNode) root = text && strlen (text) <= MAX_FIGURES
      ? json_from_string (text, NULL)
      : NULL;
  JsonObject *figures = root && JSON_NODE_HOLDS_OBJECT (root)
      ? json_node_get_object (root)
      : NULL;
  double accuracy = figures
      ? json_object_get_double_member_with_default (figures, "accuracy", -1)
      : -1;
  gint64 n = figures ? json_object_get_int_member_with_default (figures, "n", 0)
                     : 0;

  json_builder_set_member_name (models, "figures");
  if (!(accuracy >= 0 && accuracy <= 1 && n > 0)) {
    json_builder_add_null_value (models);
    return;
  }
  json_builder_begin_object (models);
  json_builder_set_member_name (models, "accuracy");
  json_builder_add_double_value (models, accuracy);
  json_builder_set_member_name (models, "n");
  json_builder_add_int_value (models, n);
  json_builder_set_member_name (models, "new_artists");
  json_builder_add_boolean_value (models,
      json_object_get_boolean_member_with_default (
          figures, "new_artists", FALSE));
  json_builder_end_object (models);
}

static void
add_model (JsonBuilder *models, const char *name, const GenreModel *model)
{
  json_builder_begin_object (models);
  json_builder_set_member_name (models, "name");
  json_builder_add_string_value (models, name);
  json_builder_set_member_name (models, "version");
  json_builder_add_string_value (models, genre_model_get_version (model));
  json_builder_set_member_name (models, "parameters");
  json_builder_add_int_value (models, genre_model_get_n_parameters (model));
  model_add_answers (models, model);
  add_figures (models, model);
  provenance_add (models, model);
  json_builder_end_object (models);
}

/* Loads all weights files and adds each to @models.  The elements of the workers get
 * them by their names, without a file.  A file that cannot be loaded is reported and left
 * out.  FALSE with @error set if there is no model at all. */
static gboolean
load_models (ForkServer *server, JsonBuilder *models, GError **error)
{
  g_auto (GStrv) names = genre_model_list (error);

  for (guint i = 0; names && names[i]; i++) {
    g_autoptr (GError) fault = NULL;
    g_autoptr (GenreModel) model = genre_model_load (names[i], &fault);

    if (model) {
      genre_model_offer (model, names[i]);
      g_ptr_array_add (server->models, g_strdup (names[i]));
      add_model (models, names[i], model);
      about_add_model (server->about, names[i], model);
    } else {
      g_printerr ("genreclassify: %s\n", fault->message);
    }
  }
  if (names && server->models->len == 0)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
        "There is no model in any of the folders of models.");
  return server->models->len > 0;
}

/* Serving */

/* Does what the next request asks.  FALSE if there are to be no more. */
static gboolean
serve_file (ForkServer *server)
{
  ForkRequest request;
  int fds[2];
  gboolean more;

  if (packet_receive (FORK_SOCKET, &request, sizeof request, fds, 2) !=
          sizeof request ||
      request.model >= server->models->len)
    return FALSE;
  more = workertask_run (&request,
      g_ptr_array_index (server->models, request.model), fds[0], fds[1],
      WORKER_MAX_USED);
  close (fds[0]);
  close (fds[1]);
  return more;
}

/* The worker's process: does not return. */
static void
run_worker (ForkServer *server, guint cpu_seconds, int requests)
{
  const SandboxLimits limits = {
    .cpu_seconds = cpu_seconds + WORKER_MAX_USED,
    .memory = WORKER_MEMORY,
    .descriptors = WORKER_DESCRIPTORS,
    .receives_on = FORK_SOCKET,
    .sends_on = -1,
  };
  g_autoptr (GError) error = NULL;
  sigset_t none;

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  g_log_set_default_handler (g_log_default_handler, NULL);
  /* libraries may write warnings about the file: nobody is to read them */
  for (int fd = 0; fd <= 2; fd++)
    dup2 (server->null, fd);
  /* otherwise it would read others' orders */
  if (dup2 (requests, FORK_SOCKET) < 0)
    _exit (STATUS_SANDBOX_FAILED);
  close (requests);
  close (server->signals);
  close (server->null);
  out_of_memory_catch (FORK_OUT_OF_MEMORY, FORK_NO_THREAD);
  if (!sandbox_enter (&limits, &error))
    _exit (STATUS_SANDBOX_FAILED);
  while (serve_file (server))
    continue;
  _exit (0);
}

static void
send_exit (guint32 id, int status)
{
  const ForkExit message = { id, status };

  packet_send (FORK_SOCKET, &message, sizeof message, NULL, 0);
}

static void
start_worker (ForkServer *server, const ForkOrder *order, int requests)
{
  pid_t pid = fork ();

  if (pid == 0)
    run_worker (server, order->cpu_seconds, requests);
  if (pid > 0)
    g_hash_table_insert (
        server->pids, GUINT_TO_POINTER (order->id), GINT_TO_POINTER (pid));
  else
    send_exit (order->id, -1);
}

/* The signal for a worker that there is; 0 if @kind is for a new one. */
static int
get_signal (guint32 kind)
{
  switch (kind) {
    case FORK_KILL:
      return SIGKILL;
    case FORK_PAUSE:
      return SIGSTOP;
    case FORK_RESUME:
      return SIGCONT;
    default:
      return 0;
  }
}

static void
signal_worker (ForkServer *server, guint32 id, int number)
{
  pid_t pid = GPOINTER_TO_INT (
      g_hash_table_lookup (server->pids, GUINT_TO_POINTER (id)));

  if (pid > 0)
    kill (pid, number);
}

/* FALSE if the socket was closed. */
static gboolean
take_order (ForkServer *server)
{
  ForkOrder order;
  int requests;
  gssize size = packet_receive (
      FORK_SOCKET, &order, sizeof order, &requests, 1);

  if (size == sizeof order && get_signal (order.kind))
    signal_worker (server, order.id, get_signal (order.kind));
  else if (size == sizeof order && requests >= 0)
    start_worker (server, &order, requests);
  else if (size == sizeof order)
    send_exit (order.id, -1);
  if (requests >= 0)
    close (requests);
  return size > 0;
}

static void
report_exit (ForkServer *server, pid_t pid, int status)
{
  GHashTableIter iter;
  gpointer id, value;

  g_hash_table_iter_init (&iter, server->pids);
  while (g_hash_table_iter_next (&iter, &id, &value))
    if (GPOINTER_TO_INT (value) == pid) {
      send_exit (GPOINTER_TO_UINT (id), status);
      g_hash_table_iter_remove (&iter);
      return;
    }
}

static void
reap_workers (ForkServer *server)
{
  struct signalfd_siginfo info;
  pid_t pid;
  int status;

  if (read (server->signals, &info, sizeof info) < 0)
    return;
  while ((pid = waitpid (-1, &status, WNOHANG)) > 0)
    report_exit (server, pid, status);
}

static void
serve (ForkServer *server)
{
  struct pollfd polled[] = {
    { .fd = FORK_SOCKET, .events = POLLIN },
    { .fd = server->signals, .events = POLLIN },
  };
  gboolean more = TRUE;

  while (more) {
    if (poll (polled, G_N_ELEMENTS (polled), -1) < 0 && errno != EINTR)
      break;
    if (polled[1].revents)
      reap_workers (server);
    if (polled[0].revents)
      more = take_order (server);
  }
}

/* The signals of a terminal or a service manager are for the service's
 * process.  This one ends when its socket is closed. */
static void
prepare_signals (ForkServer *server)
{
  sigset_t children;

  signal (SIGINT, SIG_IGN);
  signal (SIGTERM, SIG_IGN);
  signal (SIGHUP, SIG_IGN);
  /* when nobody reads a worker's output any more, write() says so */
  signal (SIGPIPE, SIG_IGN);
  sigemptyset (&children);
  sigaddset (&children, SIGCHLD);
  sigprocmask (SIG_BLOCK, &children, NULL);
  server->signals = signalfd (-1, &children, SFD_CLOEXEC);
}

/* Takes @hello. */
static gboolean
send_hello (JsonObject *hello, GError **error)
{
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);
  g_autofree char *json = NULL;
  gsize length;
  guint32 told;
  gboolean ok;

  json_node_take_object (root, hello);
  json = json_to_string (root, FALSE);
  length = strlen (json);
  if (length > FORK_MAX_HELLO) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE,
        "What the files of the models say of themselves is too long: %" G_GSIZE_FORMAT
        " bytes in all, and the service takes %d. Fewer models have to be in its "
        "folders.",
        length, FORK_MAX_HELLO);
    return FALSE;
  }
  told = (guint32) length;
  ok = packet_send (FORK_SOCKET, &told, sizeof told, NULL, 0);
  for (gsize i = 0; ok && i < length; i += FORK_MAX_PACKET)
    ok = packet_send (
        FORK_SOCKET, json + i, MIN (length - i, FORK_MAX_PACKET), NULL, 0);
  if (!ok)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
        "The service cannot be told of the models: %s.", g_strerror (errno));
  return ok;
}

/* Tells the service why there is no fork server; returns the exit status. */
static int
refuse (const GError *why)
{
  JsonObject *hello = json_object_new ();
  g_autoptr (GError) error = NULL;

  json_object_set_string_member (hello, "error", why->message);
  if (!send_hello (hello, &error))
    g_printerr ("genreclassify: %s\n", error->message);
  return 1;
}

static void
set_no_thread (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED,
      "The service can start no thread: its user or its group of processes may have no "
      "more (ulimit -u, TasksMax=), or there is no memory for one.");
}

static gboolean
check_thread (GError **error)
{
  if (!no_thread_is_left ())
    return TRUE;
  set_no_thread (error);
  return FALSE;
}

/* What is preloaded plays, and an element that gets no thread would abort or wait. */
static void
on_message (const char *domain, GLogLevelFlags level, const char *message,
    gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (!no_thread_is_said (message)) {
    g_log_default_handler (domain, level, message, user_data);
    return;
  }
  set_no_thread (&error);
  _exit (refuse (error));
}

int
forkserver_main (void)
{
  ForkServer server = { 0 };
  g_autoptr (JsonBuilder) models = json_builder_new ();
  g_autoptr (GError) error = NULL;
  JsonNode *about;
  JsonObject *hello;
  static const char *const elements[] = { "uridecodebin", "openfilesrc",
    "queue2", "audioconvert", "audioresample", "appsink", NULL };

  server.null = open ("/dev/null", O_RDWR | O_CLOEXEC);
  server.models = g_ptr_array_new_with_free_func (g_free);
  server.about = json_array_new ();
  server.pids = g_hash_table_new (NULL, NULL);
  prepare_signals (&server);
  g_log_set_default_handler (on_message, NULL);
  json_builder_begin_array (models);
  if (!check_thread (&error) || !plugin_init (&error) ||
      !preload_check_plugin (&error) ||
      !load_models (&server, models, &error) ||
      !(about = about_new (g_steal_pointer (&server.about), &error)))
    return refuse (error);
  gst_pb_utils_init ();
  open_file_src_register ();
  preload_decoders (NULL, elements);
  json_builder_end_array (models);
  hello = json_object_new ();
  json_object_set_member (hello, "models", json_builder_get_root (models));
  json_object_set_member (hello, "about", about);
  sandbox_isolate ();
  if (!send_hello (hello, &error))
    return refuse (error);
  /* a smaller process is forked faster */
  malloc_trim (0);
  serve (&server);
  /* the workers end with this process: PR_SET_PDEATHSIG */
  return 0;
}
