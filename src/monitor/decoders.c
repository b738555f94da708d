/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "decoders.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib-unix.h>

#include "monitor/listening/decoderprocess.h"
#include "monitor/listening/listenersource.h"
#include "monitorworker.h"
#include "process/packet.h"

/* events that are taken before others have their turn in the main loop */
#define MAX_EVENTS 64
/* s in which a process must have started */
#define MAX_START 60
/* s that it may take to read an order when many wait */
#define MAX_BLOCKED 2
/* orders that a process may have before it reads them: they must fit into the socket */
#define MAX_UNREAD 100
/* processes of stations that may make them crash */
#define MAX_SUSPECT 16
/* s between two looks at that; after much more, this process itself was stopped */
#define CHECK_INTERVAL 1

/* what sentences begin with */
#define DECODES "A process that decodes stations"
#define FETCHES "A process that fetches stations"

/* A process that decodes, and the one that fetches for it. */
typedef struct
{
  Decoders *decoders;
  GPid decoder, fetcher;
  int socket;
  guint source;
  gboolean is_ready;     /* it has said so */
  ListenerAccess access; /* that all its stations need */
  guint capacity;
  GHashTable *stations; /* ids */
  gint64 heard;         /* µs, monotonic, when the last event came */
  const char *fault;    /* why it was killed, a sentence, or NULL */
} Pair;

struct _Decoders
{
  const DecodersOptions *options;
  const DecodersCallbacks *callbacks;
  gpointer user_data;
  GPtrArray *pairs;
  GHashTable *pair_of; /* station -> Pair */
  guint64 n_crashes;
  gboolean has_worked; /* a process was ready */
  gboolean is_failing; /* none can be started, and it was said */
  guint check;         /* source */
  gint64 checked;      /* µs, monotonic */
};

/* Starting a pair */

/* Libraries may write warnings about what a station sends, which nobody is to read but who
 * asks for it. */
static GSpawnFlags
get_stderr (void)
{
  return g_getenv ("GST_DEBUG") || g_getenv ("G_MESSAGES_DEBUG")
      ? G_SPAWN_CHILD_INHERITS_STDERR
      : G_SPAWN_STDERR_TO_DEV_NULL;
}

/* OpenBLAS, which comes with libav, starts its threads when it is loaded, and a process
 * with threads cannot enter the sandbox as a whole. */
static char **
make_environment (void)
{
  return g_environ_setenv (g_get_environ (), "OPENBLAS_NUM_THREADS", "1", TRUE);
}

static gboolean
spawn (const char *const *argv, int socket, int fetch_socket, GPid *pid,
    GError **error)
{
  const int sources[] = { socket, fetch_socket };
  const int targets[] = { DECODER_SOCKET, DECODER_FETCH_SOCKET };
  g_auto (GStrv) environment = make_environment ();

  return g_spawn_async_with_pipes_and_fds (NULL, argv,
      (const char *const *) environment,
      G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL | get_stderr (),
      NULL, NULL, -1, -1, -1, sources, targets, fetch_socket >= 0 ? 2 : 1, pid,
      NULL, NULL, NULL, error);
}

static gboolean
make_sockets (int type, int *ends, GError **error)
{
  if (socketpair (AF_UNIX, type | SOCK_CLOEXEC, 0, ends) == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
      "No more processes can be started: %s.", g_strerror (errno));
  return FALSE;
}

static gboolean
spawn_pair (Pair *pair, GError **error)
{
  const DecodersOptions *options = pair->decoders->options;
  const DecoderSettings settings = { .model = (char *) options->model,
    .window = options->window,
    .threads = options->threads,
    .max_stations = pair->capacity,
    .patience = options->patience,
    .access = pair->access,
    .instead = (char *) options->instead };
  g_auto (GStrv) decoder = monitor_worker_make_arguments (&settings);
  g_auto (GStrv) fetcher = monitor_worker_make_arguments (NULL);
  const struct timeval patience = { MAX_BLOCKED, 0 };
  int ends[2], fetch_ends[2];
  gboolean ok;

  if (!make_sockets (SOCK_SEQPACKET, ends, error))
    return FALSE;
  if (!make_sockets (SOCK_SEQPACKET, fetch_ends, error)) {
    close (ends[0]);
    close (ends[1]);
    return FALSE;
  }
  pair->socket = ends[0];
  /* one that hangs must not hold up the others */
  setsockopt (
      pair->socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  ok = spawn ((const char *const *) decoder, ends[1], fetch_ends[0],
           &pair->decoder, error) &&
      spawn ((const char *const *) fetcher, fetch_ends[1], -1, &pair->fetcher,
          error);
  close (ends[1]);
  close (fetch_ends[0]);
  close (fetch_ends[1]);
  return ok;
}

/* Ends it.  Returns how it has ended, as waitpid() tells it: one that was ending already
 * keeps its own reason. */
static int
reap (GPid *pid)
{
  int status = 0;

  if (*pid) {
    kill (*pid, SIGKILL);
    waitpid (*pid, &status, 0);
    *pid = 0;
  }
  return status;
}

static void
pair_free (gpointer data)
{
  Pair *pair = data;

  if (pair->source)
    g_source_remove (pair->source);
  reap (&pair->decoder);
  reap (&pair->fetcher);
  if (pair->socket >= 0)
    close (pair->socket);
  g_hash_table_unref (pair->stations);
  g_free (pair);
}

/* Processes cannot be started.  Where they could before, that may pass. */
static void
fail (Decoders *decoders, const char *reason)
{
  if (decoders->has_worked && !decoders->is_failing)
    g_printerr ("genreclassify: %s\n", reason);
  decoders->is_failing = TRUE;
  if (!decoders->has_worked)
    decoders->callbacks->on_failed (reason, decoders->user_data);
}

static gboolean on_socket (int fd, GIOCondition condition, gpointer user_data);

static Pair *
pair_new (Decoders *decoders, ListenerAccess access, guint capacity)
{
  Pair *pair = g_new0 (Pair, 1);
  g_autoptr (GError) error = NULL;

  pair->decoders = decoders;
  pair->socket = -1;
  pair->access = access;
  pair->capacity = capacity;
  pair->heard = g_get_monotonic_time ();
  pair->stations = g_hash_table_new (NULL, NULL);
  if (!spawn_pair (pair, &error)) {
    pair_free (pair);
    fail (decoders, error->message);
    return NULL;
  }
  pair->source = g_unix_fd_add (
      pair->socket, G_IO_IN | G_IO_HUP, on_socket, pair);
  g_ptr_array_add (decoders->pairs, pair);
  return pair;
}

/* Hearing of it */

static void
forget_station (Decoders *decoders, Pair *pair, guint32 station)
{
  g_hash_table_remove (pair->stations, GUINT_TO_POINTER (station));
  g_hash_table_remove (decoders->pair_of, GUINT_TO_POINTER (station));
}

/* @what: begins the sentence; @status: as waitpid() tells it */
static char *
describe_status (const char *what, int status)
{
  if (WIFSIGNALED (status))
    return g_strdup_printf ("%s was ended by signal %d (%s).", what,
        WTERMSIG (status), g_strsignal (WTERMSIG (status)));
  return g_strdup_printf (
      "%s has ended by itself, with status %d.", what, WEXITSTATUS (status));
}

/* A sentence on why the process that decodes has closed its socket; ends it. */
static char *
describe_end (Pair *pair)
{
  const int status = reap (&pair->decoder);

  switch (WIFEXITED (status) ? WEXITSTATUS (status) : 0) {
    case DECODER_EXIT_STUCK:
      return g_strdup_printf (
          DECODES " could not end a station for %d s.", MAX_ENDING);
    case DECODER_EXIT_UNHEARD:
      return g_strdup_printf (
          FETCHES " has given no sign of life for %d s.", MAX_MUTE);
    case DECODER_EXIT_ALONE:
      return describe_status (FETCHES, reap (&pair->fetcher));
    default:
      return describe_status (DECODES, status);
  }
}

/* The pair is of no more use: ends it, and tells of all its stations.
 * @why: a sentence, or NULL if one of the pair has ended */
static void
lose_pair (Decoders *decoders, Pair *pair, const char *why)
{
  g_autoptr (GList) stations = g_hash_table_get_keys (pair->stations);
  const gboolean was_ready = pair->is_ready;
  g_autofree char *end = why ? g_strdup (why) : describe_end (pair);

  if (!was_ready) {
    g_autofree char *reason = g_strconcat (
        end, why ? "" : "  With GST_DEBUG=1 it says more.", NULL);

    fail (decoders, reason);
  } else {
    g_printerr ("genreclassify: %s  %u stations are lost for a moment.\n", end,
        g_hash_table_size (pair->stations));
  }
  decoders->n_crashes++;
  for (GList *i = stations; i; i = i->next)
    g_hash_table_remove (decoders->pair_of, i->data);
  g_ptr_array_remove (decoders->pairs, pair);
  for (GList *i = stations; i; i = i->next)
    decoders->callbacks->on_crash (
        GPOINTER_TO_UINT (i->data), was_ready, decoders->user_data);
}

/* A sum of probabilities may be off by a rounding. */
static gboolean
is_share (double value)
{
  return value >= 0 && value <= 1.001;
}

/* Whether all numbers of @event can be. */
static gboolean
has_sound_values (const StationEvent *event)
{
  gboolean sound = is_share (event->music) && event->inference >= 0 &&
      isfinite (event->inference);

  for (guint i = 0; i < event->n_probabilities + event->n_tags; i++)
    sound = sound && is_share (event->values[i]);
  return sound;
}

/* An event of a process that a station may have taken over is believed no more than the
 * station itself: it is whole, of one of its own stations, its numbers can be, and its
 * texts end. */
static gboolean
is_sound (const Pair *pair, StationEvent *event, gssize size)
{
  if (size < (gssize) offsetof (StationEvent, values) ||
      event->n_probabilities > STATION_MAX_VALUES ||
      event->n_tags > STATION_MAX_VALUES - event->n_probabilities ||
      size != (gssize) station_event_get_size (event) ||
      event->silent > event->position || event->silent_run > event->position ||
      event->position > G_MAXINT64 || event->duration > G_MAXINT64)
    return FALSE;
  event->title[STATION_MAX_TEXT - 1] = '\0';
  event->artist[STATION_MAX_TEXT - 1] = '\0';
  return has_sound_values (event) && g_utf8_validate (event->title, -1, NULL) &&
      g_utf8_validate (event->artist, -1, NULL) &&
      (event->kind == EVENT_READY || !pair->is_ready ||
          g_hash_table_contains (
              pair->stations, GUINT_TO_POINTER (event->station)));
}

/* FALSE if the pair is no more. */
static gboolean
take_event (Pair *pair, StationEvent *event, gssize size)
{
  Decoders *decoders = pair->decoders;

  if (!is_sound (pair, event, size)) {
    lose_pair (decoders, pair, DECODES " has sent what it cannot mean.");
    return FALSE;
  }
  pair->heard = g_get_monotonic_time ();
  if (!pair->is_ready) {
    pair->is_ready = event->kind == EVENT_READY;
    decoders->has_worked |= pair->is_ready;
    decoders->is_failing &= !pair->is_ready;
    if (pair->is_ready)
      return TRUE;
    lose_pair (decoders, pair, event->title);
    return FALSE;
  }
  if (event->kind == EVENT_READY)
    return TRUE;
  if (event->kind == EVENT_END)
    forget_station (decoders, pair, event->station);
  decoders->callbacks->on_event (event, decoders->user_data);
  /* one that has no station any more is kept only if it is the last */
  if (event->kind != EVENT_END || g_hash_table_size (pair->stations) > 0 ||
      (pair->capacity == decoders->options->per_process &&
          decoders->pairs->len == 1))
    return TRUE;
  g_ptr_array_remove (decoders->pairs, pair);
  return FALSE;
}

static gboolean
on_socket (int fd, GIOCondition condition, gpointer user_data)
{
  Pair *pair = user_data;
  StationEvent event;

  (void) condition;
  for (guint i = 0; i < MAX_EVENTS; i++) {
    gssize size = recv (fd, &event, sizeof event, MSG_DONTWAIT);

    if (size < 0 && (errno == EAGAIN || errno == EINTR))
      return G_SOURCE_CONTINUE;
    if (size <= 0) {
      lose_pair (pair->decoders, pair, pair->fault);
      return G_SOURCE_REMOVE;
    }
    if (!take_event (pair, &event, size))
      return G_SOURCE_REMOVE;
  }
  return G_SOURCE_CONTINUE;
}

/* Gives up the processes that hang. */
static gboolean
check_pairs (gpointer user_data)
{
  Decoders *decoders = user_data;
  const gint64 now = g_get_monotonic_time ();
  const gboolean was_away = now - decoders->checked >
      MAX_MUTE / 2 * G_TIME_SPAN_SECOND;

  decoders->checked = now;
  for (guint i = decoders->pairs->len; i-- > 0;) {
    Pair *pair = g_ptr_array_index (decoders->pairs, i);
    const gint64 patience = pair->is_ready ? MAX_MUTE : MAX_START;

    if (was_away)
      pair->heard = now;
    else if (now - pair->heard > patience * G_TIME_SPAN_SECOND)
      lose_pair (decoders, pair,
          pair->is_ready ? DECODES
              " has given no sign of life for " G_STRINGIFY (MAX_MUTE) " s."
                         : DECODES " has not begun within " G_STRINGIFY (
                               MAX_START) " s; with GST_DEBUG=1 it says more.");
  }
  return G_SOURCE_CONTINUE;
}

/* Giving orders */

/* If that fails, the process has ended or hangs, and the socket will tell so. */
static void
send_order (Pair *pair, const StationOrder *order, int file)
{
  if (packet_send (pair->socket, order, station_order_get_size (order), &file,
          file >= 0 ? 1 : 0))
    return;
  if (errno == EAGAIN)
    pair->fault = DECODES
        " has taken no order for " G_STRINGIFY (MAX_BLOCKED) " s.";
  /* 0, when it has ended and its stations are about to be told, would mean all of the
   * monitor's group */
  if (pair->decoder)
    kill (pair->decoder, SIGKILL);
}

/* How many stations a process takes if they are as suspect as that.  One crash may have
 * any reason.  After more, the one station that makes them crash is to be found without
 * that each of the others needs a process. */
static guint
get_capacity (const Decoders *decoders, guint suspicion)
{
  guint shift = suspicion > 1 ? MIN (3 * (suspicion - 1), 30) : 0;

  return MAX (decoders->options->per_process >> shift, 1);
}

/* Whether a station of that kind has to wait: for a process that is still starting, which
 * reads no orders yet, or because there are many processes of suspects. */
static gboolean
must_wait (const Decoders *decoders, const Pair *pair, guint capacity)
{
  guint n_suspect = 0;

  if (pair)
    return !pair->is_ready && g_hash_table_size (pair->stations) >= MAX_UNREAD;
  for (guint i = 0; i < decoders->pairs->len; i++) {
    const Pair *other = g_ptr_array_index (decoders->pairs, i);

    n_suspect += other->capacity < decoders->options->per_process;
  }
  return capacity < decoders->options->per_process && n_suspect >= MAX_SUSPECT;
}

static Pair *
find_pair (Decoders *decoders, ListenerAccess access, guint capacity)
{
  for (guint i = 0; i < decoders->pairs->len; i++) {
    Pair *pair = g_ptr_array_index (decoders->pairs, i);

    if (pair->access == access && pair->capacity == capacity &&
        g_hash_table_size (pair->stations) < pair->capacity)
      return pair;
  }
  return NULL;
}

DecodersStart
decoders_start (Decoders *decoders, guint32 station, const char *uri, int file,
    gboolean is_recorded, guint suspicion)
{
  StationOrder order = {
    .kind = ORDER_START, .station = station, .is_recorded = is_recorded
  };
  const ListenerAccess access = listener_source_get_access (uri);
  const guint capacity = get_capacity (decoders, suspicion);
  Pair *pair = find_pair (decoders, access, capacity);

  if (must_wait (decoders, pair, capacity))
    return DECODERS_WAIT;
  if (!pair && !(pair = pair_new (decoders, access, capacity)))
    return DECODERS_FAILED;
  g_strlcpy (order.uri, uri, sizeof order.uri);
  g_hash_table_add (pair->stations, GUINT_TO_POINTER (station));
  g_hash_table_insert (decoders->pair_of, GUINT_TO_POINTER (station), pair);
  send_order (pair, &order, file);
  return DECODERS_STARTED;
}

void
decoders_stop (Decoders *decoders, guint32 station)
{
  const StationOrder order = { .kind = ORDER_STOP, .station = station };
  Pair *pair = g_hash_table_lookup (
      decoders->pair_of, GUINT_TO_POINTER (station));

  if (pair)
    send_order (pair, &order, -1);
}

Decoders *
decoders_new (const DecodersOptions *options,
    const DecodersCallbacks *callbacks, gpointer user_data)
{
  Decoders *decoders = g_new0 (Decoders, 1);

  decoders->options = options;
  decoders->callbacks = callbacks;
  decoders->user_data = user_data;
  decoders->pairs = g_ptr_array_new_with_free_func (pair_free);
  decoders->pair_of = g_hash_table_new (NULL, NULL);
  decoders->checked = g_get_monotonic_time ();
  decoders->check = g_timeout_add_seconds (
      CHECK_INTERVAL, check_pairs, decoders);
  return decoders;
}

void
decoders_free (Decoders *decoders)
{
  if (!decoders)
    return;
  g_source_remove (decoders->check);
  g_ptr_array_unref (decoders->pairs);
  g_hash_table_unref (decoders->pair_of);
  g_free (decoders);
}

guint
decoders_get_n_processes (const Decoders *decoders)
{
  return decoders->pairs->len;
}

guint64
decoders_get_n_crashes (const Decoders *decoders)
{
  return decoders->n_crashes;
}
