/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "decoderprocess.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib-unix.h>
#include <gst/gst.h>
#include <gst/pbutils/pbutils.h>

#include "analysis/plugin.h"
#include "fetchsrc.h"
#include "genre/genre.h"
#include "listener.h"
#include "listenersource.h"
#include "process/packet.h"
#include "process/preload.h"
#include "process/sandbox.h"

/* bytes of address space, for the process and for each station: mostly the stacks of
 * threads, of which little is ever touched */
#define MEMORY (G_GUINT64_CONSTANT (4) << 30)
#define STATION_MEMORY (G_GUINT64_CONSTANT (64) << 20)

/* threads that wait for stations to end */
#define ENDING_THREADS 4

/* ms between two looks at the stations, and how many of them to a sign of life */
#define CHECK_INTERVAL 500
#define SIGN_INTERVAL 6

typedef struct
{
  GMainLoop *loop;
  ListenerOptions options;
  GHashTable *listeners; /* station -> Listener */
  GThreadPool *ending;   /* frees listeners */
  guint n_checks;
  gint64 checked,
      heard; /* µs, monotonic: the last look, and sign of the fetcher */
} DecoderProcess;

/* Stations that are ending. */
static struct
{
  GMutex lock;
  guint n;
  gint64 moved; /* µs: when one last began while there was none, or was done */
} endings;

static GMutex send_lock;

static void
send_event (const StationEvent *event)
{
  gsize size = station_event_get_size (event);
  gssize n;

  g_mutex_lock (&send_lock);
  do
    n = write (DECODER_SOCKET, event, size);
  while (n < 0 && errno == EINTR);
  g_mutex_unlock (&send_lock);
  /* the monitor is gone, and this process will be */
}

static void
send_text (StationEventKind kind, const char *text)
{
  StationEvent event = { .kind = kind };

  station_event_set_text (event.title, text);
  send_event (&event);
}

/* Ending stations */

static void
end_listener (gpointer data, gpointer user_data)
{
  (void) user_data;
  listener_free (data);
  g_mutex_lock (&endings.lock);
  endings.n--;
  endings.moved = g_get_monotonic_time ();
  g_mutex_unlock (&endings.lock);
}

static void
begin_ending (DecoderProcess *process, Listener *listener)
{
  g_mutex_lock (&endings.lock);
  if (endings.n++ == 0)
    endings.moved = g_get_monotonic_time ();
  g_mutex_unlock (&endings.lock);
  g_thread_pool_push (process->ending, listener, NULL);
}

static void
give_up_if_stuck (void)
{
  gboolean is_stuck;

  g_mutex_lock (&endings.lock);
  is_stuck = endings.n > 0 &&
      g_get_monotonic_time () - endings.moved > MAX_ENDING * G_TIME_SPAN_SECOND;
  g_mutex_unlock (&endings.lock);
  if (is_stuck)
    _exit (DECODER_EXIT_STUCK);
}

/* It was this process that had stood still, not the stations. */
static void
forgive_endings (void)
{
  g_mutex_lock (&endings.lock);
  endings.moved = g_get_monotonic_time ();
  g_mutex_unlock (&endings.lock);
}

/* Whether this process itself has stood still since the last time. */
static gboolean
was_away (DecoderProcess *process)
{
  const gint64 now = g_get_monotonic_time ();
  const gboolean away = now - process->checked >
      MAX_MUTE / 2 * G_TIME_SPAN_SECOND;

  process->checked = now;
  return away;
}

/* A process that fetches and hangs is of no more use than one that is gone. */
static void
check_fetcher (DecoderProcess *process)
{
  if (g_get_monotonic_time () - process->heard > MAX_MUTE * G_TIME_SPAN_SECOND)
    _exit (DECODER_EXIT_UNHEARD);
}

static gboolean
check_listeners (gpointer user_data)
{
  DecoderProcess *process = user_data;
  GHashTableIter iter;
  gpointer listener;
  const gboolean away = was_away (process);

  if (away) {
    process->heard = process->checked;
    forgive_endings ();
  }
  g_hash_table_iter_init (&iter, process->listeners);
  while (g_hash_table_iter_next (&iter, NULL, &listener)) {
    if (away)
      listener_forgive (listener);
    if (listener_has_ended (listener)) {
      g_hash_table_iter_remove (&iter);
      begin_ending (process, listener);
    }
  }
  give_up_if_stuck ();
  check_fetcher (process);
  if (++process->n_checks % SIGN_INTERVAL == 0)
    send_text (EVENT_READY, "");
  return G_SOURCE_CONTINUE;
}

/* Orders */

static void
stop_listener (DecoderProcess *process, guint32 station)
{
  Listener *listener = g_hash_table_lookup (
      process->listeners, GUINT_TO_POINTER (station));

  if (!listener)
    return;
  g_hash_table_remove (process->listeners, GUINT_TO_POINTER (station));
  begin_ending (process, listener);
}

static gboolean
on_order (int socket, GIOCondition condition, gpointer user_data)
{
  DecoderProcess *process = user_data;
  StationOrder order = { 0 };
  int file;
  gssize size = packet_receive (socket, &order, sizeof order, &file, 1);

  (void) condition;
  if (size <= 0) {
    g_main_loop_quit (process->loop);
    return G_SOURCE_REMOVE;
  }
  order.uri[STATION_MAX_URI - 1] = '\0';
  stop_listener (process, order.station);
  if (order.kind == ORDER_START)
    g_hash_table_insert (process->listeners, GUINT_TO_POINTER (order.station),
        listener_new (&order, file, &process->options));
  else if (file >= 0)
    close (file);
  return G_SOURCE_CONTINUE;
}

/* It gives a sign of life.  Without it nothing can be done. */
static gboolean
on_fetcher (int socket, GIOCondition condition, gpointer user_data)
{
  DecoderProcess *process = user_data;
  char sign;

  (void) condition;
  if (read (socket, &sign, sizeof sign) <= 0)
    _exit (DECODER_EXIT_ALONE);
  process->heard = g_get_monotonic_time ();
  return G_SOURCE_CONTINUE;
}

/* Starting */

static GstTaskPool *
make_pool (guint threads)
{
  GstTaskPool *pool = gst_shared_task_pool_new ();

  gst_shared_task_pool_set_max_threads (GST_SHARED_TASK_POOL (pool), threads);
  gst_task_pool_prepare (pool, NULL);
  return gst_object_ref_sink (pool);
}

static gboolean
enter_sandbox (const DecoderSettings *settings, GError **error)
{
  const SandboxLimits limits = {
    .memory = MEMORY + settings->max_stations * STATION_MEMORY,
    .descriptors = DECODER_OWN_DESCRIPTORS +
        settings->max_stations * DECODER_STATION_DESCRIPTORS,
    .receives_on = DECODER_SOCKET,
    .sends_on = DECODER_FETCH_SOCKET,
  };

  switch (settings->access) {
    case ACCESS_FETCHED:
      sandbox_isolate ();
      return sandbox_enter (&limits, error);
    case ACCESS_NETWORK:
      return sandbox_enter_network (error);
    default:
      return TRUE;
  }
}

/* Loads all that is needed while files can be opened. */
static gboolean
prepare (const DecoderSettings *settings, GError **error)
{
  /* what stations send: fewer are faster to load, and less to break */
  static const char *const plugins[] = { "apetag", "audioparsers", "faad",
    "flac", "hls", "icydemux", "id3demux", "isomp4", "libav", "matroska",
    "mpegtsdemux", "mpg123", "ogg", "opus", "opusparse", "rtp", "speex",
    "typefindfunctions", "vorbis", "wavparse", NULL };
  static const char *const elements[] = { "parsebin", "fetchsrc", "identity",
    NULL };
  g_autoptr (GenreModel) model = NULL;

  preload_registry ();
  if (!plugin_init (error) || !preload_check_plugin (error))
    return FALSE;
  model = genre_model_load (settings->model, error);
  if (!model)
    return FALSE;
  genre_model_offer (model, settings->model);
  gst_pb_utils_init ();
  fetch_src_register (DECODER_FETCH_SOCKET);
  preload_decoders (
      settings->access == ACCESS_FETCHED ? plugins : NULL, elements);
  return enter_sandbox (settings, error);
}

int
decoder_process_main (const DecoderSettings *settings)
{
  DecoderProcess process = { 0 };
  g_autoptr (GError) error = NULL;

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  /* the signals of a terminal or a service manager are for the monitor, which ends
   * this process by closing the socket */
  signal (SIGINT, SIG_IGN);
  signal (SIGTERM, SIG_IGN);
  signal (SIGHUP, SIG_IGN);
  signal (SIGPIPE, SIG_IGN);
  /* hundreds of threads that each have a heap of their own waste most of it */
  mallopt (M_ARENA_MAX, 2);
  if (!prepare (settings, &error)) {
    send_text (EVENT_END, error->message);
    return 1;
  }
  process.options = (ListenerOptions){ .model = settings->model,
    .pool = make_pool (settings->threads),
    .window = settings->window,
    .patience = settings->patience,
    .instead = settings->instead,
    .send = send_event };
  process.listeners = g_hash_table_new (NULL, NULL);
  process.ending = g_thread_pool_new (
      end_listener, NULL, ENDING_THREADS, FALSE, NULL);
  process.loop = g_main_loop_new (NULL, FALSE);
  g_unix_fd_add (DECODER_SOCKET, G_IO_IN | G_IO_HUP, on_order, &process);
  process.checked = process.heard = g_get_monotonic_time ();
  g_unix_fd_add (
      DECODER_FETCH_SOCKET, G_IO_IN | G_IO_HUP, on_fetcher, &process);
  g_timeout_add (CHECK_INTERVAL, check_listeners, &process);
  send_text (EVENT_READY, "");
  g_main_loop_run (process.loop);
  /* the monitor is gone: nobody is to be told of any end */
  _exit (0);
}
