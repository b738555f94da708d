/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "listener.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <gst/audio/audio.h>
#include <gst/gst.h>

#include "analysis/modelanswers.h"
#include "levelmeter.h"
#include "listenersource.h"

/* s that a station may be ahead of the time: servers begin with a burst, but one that
 * never ceases to hurry shall not cost more than the others */
#define MAX_AHEAD 30
/* ns of audio between two EVENT_PROGRESS */
#define PROGRESS_INTERVAL (2 * GST_SECOND)
/* s that a station has to classify its last audio when it is to stop */
#define LAST_WORDS 2

/* tag events that a second of audio may have */
#define MAX_TAGS 10

struct _Listener
{
  guint32 station;
  gboolean is_recorded;
  int file;
  const ListenerOptions *options;
  GstElement *pipeline, *classifier;
  ListenerSource source;

  /* the streaming thread's */
  guint64 tags_second; /* of audio, in which tags came last */
  guint n_tags;        /* that came in it */
  LevelMeter meter;
  guint64 reported; /* the meter's position at the last event */
  char *titles
      [2]; /* the last one of each GstTagScope, with its artist, or NULL */

  int progressed; /* atomic: s, monotonic, of the last audio */

  GMutex lock;
  GCond changed;
  gboolean is_stopping;
  gboolean has_ended;
  gboolean has_finished; /* all that came is classified */
  gboolean is_clean;     /* the station had come to its end */
  char *reason;          /* why, a sentence */
  gint64 started;        /* µs, monotonic */
};

/* Events */

static void
send_event (Listener *listener, StationEventKind kind, StationEvent *event)
{
  event->kind = kind;
  event->station = listener->station;
  listener->options->send (event);
}

static void
fill_progress (Listener *listener, StationEvent *event)
{
  event->position = listener->meter.position;
  event->silent = listener->meter.silent;
  event->silent_run = listener->meter.silent_run;
  listener->reported = listener->meter.position;
}

/* Notes the end, of which the first reason counts. */
static void
end (Listener *listener, const char *format, ...)
{
  va_list args;

  g_mutex_lock (&listener->lock);
  if (!listener->reason) {
    va_start (args, format);
    listener->reason = g_strdup_vprintf (format, args);
    va_end (args);
  }
  listener->has_ended = TRUE;
  g_cond_broadcast (&listener->changed);
  g_mutex_unlock (&listener->lock);
}

/* What the element says */

static guint
take_probabilities (const GstStructure *answer, float *values)
{
  const GValue *array = gst_structure_get_value (answer, "probabilities");
  guint n = array ? gst_value_array_get_size (array) : 0;

  n = MIN (n, STATION_MAX_VALUES);
  for (guint i = 0; i < n; i++)
    values[i] = g_value_get_double (gst_value_array_get_value (array, i));
  return n;
}

/* The tags are in the order of the model's labels. */
static guint
take_tags (const GstStructure *answer, float *values, guint max)
{
  g_autoptr (GstStructure) tags = NULL;
  guint n;

  if (!gst_structure_get (answer, MODEL_TAGS, GST_TYPE_STRUCTURE, &tags, NULL))
    return 0;
  n = MIN ((guint) gst_structure_n_fields (tags), max);
  for (guint i = 0; i < n; i++) {
    double value = 0;

    gst_structure_get_double (
        tags, gst_structure_nth_field_name (tags, i), &value);
    values[i] = value;
  }
  return n;
}

static void
take_stats (Listener *listener, StationEvent *event)
{
  g_autoptr (GstStructure) stats = NULL;
  guint64 segments = 0, silent = 0, mean = 0;

  g_object_get (listener->classifier, "stats", &stats, NULL);
  gst_structure_get (stats, "dropped", G_TYPE_UINT64, &event->n_dropped,
      "segments", G_TYPE_UINT64, &segments, "silent", G_TYPE_UINT64, &silent,
      "inference-mean", G_TYPE_UINT64, &mean, NULL);
  event->inference = (double) (segments - silent) * mean / GST_SECOND;
}

/* In a thread of the pool.  Before the element lets another title pass, it has posted
 * the segments of the last one. */
static void
on_segment (Listener *listener, const GstStructure *answer)
{
  StationEvent event = { 0 };
  gboolean is_silent = FALSE;

  gst_structure_get (answer, "duration", G_TYPE_UINT64, &event.duration,
      "silent", G_TYPE_BOOLEAN, &is_silent, "music", G_TYPE_DOUBLE,
      &event.music, NULL);
  event.is_silent = is_silent;
  event.n_probabilities = take_probabilities (answer, event.values);
  event.n_tags = take_tags (answer, event.values + event.n_probabilities,
      STATION_MAX_VALUES - event.n_probabilities);
  take_stats (listener, &event);
  send_event (listener, EVENT_SEGMENT, &event);
}

/* The bus */

/* Behind its sentence a message may have places in the source and numbers of elements. */
static int
get_sentence_length (const char *message)
{
  const char *end = strstr (message, ".: ");

  return end ? (int) (end + 1 - message) : (int) strcspn (message, "\n");
}

static GstBusSyncReply
on_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  Listener *listener = user_data;
  g_autoptr (GError) error = NULL;

  (void) bus;
  switch (GST_MESSAGE_TYPE (message)) {
    case GST_MESSAGE_ELEMENT:
      if (gst_message_has_name (message, "genreclassify"))
        on_segment (listener, gst_message_get_structure (message));
      break;
    case GST_MESSAGE_ERROR:
      gst_message_parse_error (message, &error, NULL);
      end (listener, "%.*s", get_sentence_length (error->message),
          error->message);
      break;
    case GST_MESSAGE_EOS:
      g_mutex_lock (&listener->lock);
      listener->has_finished = TRUE;
      listener->is_clean = !listener->reason;
      g_mutex_unlock (&listener->lock);
      end (listener, "The stream has ended.");
      break;
    default:
      break;
  }
  gst_message_unref (message);
  return GST_BUS_DROP;
}

/* The audio */

/* Waits while the station is too far ahead of the time. */
static void
pace (Listener *listener)
{
  gint64 due = listener->started +
      (gint64) (listener->meter.position / GST_USECOND) -
      MAX_AHEAD * G_TIME_SPAN_SECOND;

  if (listener->is_recorded || due <= g_get_monotonic_time ())
    return;
  g_mutex_lock (&listener->lock);
  while (!listener->is_stopping &&
      g_cond_wait_until (&listener->changed, &listener->lock, due))
    continue;
  g_mutex_unlock (&listener->lock);
}

static void
report_progress (Listener *listener, StationEventKind kind)
{
  StationEvent event = { 0 };

  fill_progress (listener, &event);
  send_event (listener, kind, &event);
}

static void
on_buffer (Listener *listener, GstBuffer *buffer)
{
  gboolean is_first = listener->meter.position == 0;

  g_atomic_int_set (&listener->progressed,
      (int) (g_get_monotonic_time () / G_TIME_SPAN_SECOND));
  level_meter_add (&listener->meter, buffer);
  if (is_first) {
    listener->started = g_get_monotonic_time ();
    report_progress (listener, EVENT_BEGIN);
  } else if (listener->meter.position - listener->reported >=
      PROGRESS_INTERVAL) {
    report_progress (listener, EVENT_PROGRESS);
  }
  pace (listener);
}

static gboolean
take_end (Listener *listener)
{
  gboolean is_stopping;

  g_mutex_lock (&listener->lock);
  is_stopping = listener->is_stopping;
  g_mutex_unlock (&listener->lock);
  return is_stopping || listener_source_take_end (&listener->source);
}

/* Whether more tags may pass: each may begin a title, and a station that sends thousands
 * a second shall not cost more than the others. */
static gboolean
take_tags_quota (Listener *listener)
{
  const guint64 second = listener->meter.position / GST_SECOND;

  if (second != listener->tags_second)
    listener->n_tags = 0;
  listener->tags_second = second;
  return listener->n_tags++ < MAX_TAGS;
}

/* Before the element. */
static GstPadProbeReturn
on_audio (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Listener *listener = user_data;
  GstEvent *event;
  GstCaps *caps;

  (void) pad;
  if (GST_PAD_PROBE_INFO_TYPE (info) & GST_PAD_PROBE_TYPE_BUFFER) {
    on_buffer (listener, GST_PAD_PROBE_INFO_BUFFER (info));
    return GST_PAD_PROBE_OK;
  }
  event = GST_PAD_PROBE_INFO_EVENT (info);
  if (GST_EVENT_TYPE (event) == GST_EVENT_EOS)
    return take_end (listener) ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
  if (GST_EVENT_TYPE (event) == GST_EVENT_TAG)
    return take_tags_quota (listener) ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
  if (GST_EVENT_TYPE (event) == GST_EVENT_CAPS) {
    gst_event_parse_caps (event, &caps);
    level_meter_set_caps (&listener->meter, caps);
  }
  return GST_PAD_PROBE_OK;
}

static void
take_text (const GstTagList *tags, const char *tag, char *text)
{
  g_autofree char *value = NULL;

  if (gst_tag_list_get_string (tags, tag, &value))
    station_event_set_text (text, value);
}

/* Behind the element, so that all segments of the last title have come. */
static GstPadProbeReturn
on_tags (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Listener *listener = user_data;
  GstEvent *tag = GST_PAD_PROBE_INFO_EVENT (info);
  StationEvent event = { 0 };
  g_autofree char *named = NULL;
  GstTagList *tags;
  char **last;

  (void) pad;
  if (GST_EVENT_TYPE (tag) != GST_EVENT_TAG)
    return GST_PAD_PROBE_OK;
  gst_event_parse_tag (tag, &tags);
  take_text (tags, GST_TAG_TITLE, event.title);
  take_text (tags, GST_TAG_ARTIST, event.artist);
  /* the tags of one scope are repeated between those of the other */
  last = &listener->titles[gst_tag_list_get_scope (tags)];
  named = g_strconcat (event.artist, "\n", event.title, NULL);
  if (!*event.title || g_strcmp0 (*last, named) == 0)
    return GST_PAD_PROBE_OK;
  g_free (*last);
  *last = g_steal_pointer (&named);
  fill_progress (listener, &event);
  send_event (listener, EVENT_TITLE, &event);
  return GST_PAD_PROBE_OK;
}

/* Making and ending it */

static void
on_source_failed (const char *reason, gpointer user_data)
{
  end (user_data, "%s", reason);
}

static GstElement *
make_classifier (const ListenerOptions *options)
{
  GstElement *element;

  if (options->instead)
    return gst_element_factory_make (options->instead, NULL);
  element = gst_element_factory_make ("genreclassify", NULL);
  g_object_set (element, "model", options->model, "task-pool", options->pool,
      "window", options->window, "title-starts-track", TRUE, "post-tags", FALSE,
      "post-tag-probabilities", TRUE, NULL);
  return element;
}

static void
add_probe (GstElement *element, const char *name, GstPadProbeType type,
    GstPadProbeCallback callback, Listener *listener)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (element, name);

  gst_pad_add_probe (pad, type, callback, listener, NULL);
}

static void
build (Listener *listener, const char *uri)
{
  GstElement *sink = gst_element_factory_make ("fakesink", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstBus) bus = NULL;

  listener->pipeline = gst_object_ref_sink (gst_pipeline_new (NULL));
  bus = gst_element_get_bus (listener->pipeline);
  gst_bus_set_sync_handler (bus, on_message, listener, NULL);
  listener->classifier = make_classifier (listener->options);
  g_object_set (
      sink, "sync", FALSE, "async", FALSE, "enable-last-sample", FALSE, NULL);
  gst_bin_add_many (
      GST_BIN (listener->pipeline), listener->classifier, sink, NULL);
  gst_element_link (listener->classifier, sink);
  add_probe (listener->classifier, "sink",
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_audio,
      listener);
  add_probe (listener->classifier, "src", GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
      on_tags, listener);
  listener->source = (ListenerSource){ .pipeline = GST_BIN (listener->pipeline),
    .sink = listener->classifier,
    .on_failed = on_source_failed,
    .user_data = listener };
  if (!listener_source_build (&listener->source, uri, listener->file,
          listener->is_recorded, &error)) {
    end (listener, "%s", error->message);
    return;
  }
  if (gst_element_set_state (listener->pipeline, GST_STATE_PLAYING) ==
      GST_STATE_CHANGE_FAILURE)
    end (listener, "It cannot be played.");
}

Listener *
listener_new (
    const StationOrder *order, int file, const ListenerOptions *options)
{
  Listener *listener = g_new0 (Listener, 1);

  listener->station = order->station;
  listener->is_recorded = order->is_recorded != 0;
  listener->file = file;
  listener->options = options;
  g_mutex_init (&listener->lock);
  g_cond_init (&listener->changed);
  g_atomic_int_set (&listener->progressed,
      (int) (g_get_monotonic_time () / G_TIME_SPAN_SECOND));
  build (listener, order->uri);
  return listener;
}

void
listener_forgive (Listener *listener)
{
  g_atomic_int_set (&listener->progressed,
      (int) (g_get_monotonic_time () / G_TIME_SPAN_SECOND));
}

gboolean
listener_has_ended (Listener *listener)
{
  const int patience = listener->options->patience;
  int now = (int) (g_get_monotonic_time () / G_TIME_SPAN_SECOND);
  gboolean ended;

  if (now - g_atomic_int_get (&listener->progressed) > patience)
    end (listener, "No audio came for %d s.", patience);
  g_mutex_lock (&listener->lock);
  ended = listener->has_ended;
  g_mutex_unlock (&listener->lock);
  return ended || listener_source_is_drained (&listener->source);
}

/* Lets what has come be classified. */
static void
finish (Listener *listener)
{
  gint64 due = g_get_monotonic_time () + LAST_WORDS * G_TIME_SPAN_SECOND;
  g_autoptr (GstPad)
      pad = gst_element_get_static_pad (listener->classifier, "sink");
  gboolean finished;

  g_mutex_lock (&listener->lock);
  listener->is_stopping = TRUE;
  finished = listener->has_finished;
  g_cond_broadcast (&listener->changed);
  g_mutex_unlock (&listener->lock);
  if (finished)
    return;
  gst_pad_send_event (pad, gst_event_new_eos ());
  g_mutex_lock (&listener->lock);
  while (!listener->has_finished &&
      g_cond_wait_until (&listener->changed, &listener->lock, due))
    continue;
  g_mutex_unlock (&listener->lock);
}

void
listener_free (Listener *listener)
{
  gboolean is_drained = listener_source_is_drained (&listener->source);
  StationEvent event = { 0 };

  finish (listener);
  gst_element_set_state (listener->pipeline, GST_STATE_NULL);
  listener_source_clear (&listener->source);
  fill_progress (listener, &event);
  event.is_clean = listener->is_clean || (is_drained && !listener->reason);
  station_event_set_text (event.title,
      listener->reason ? listener->reason
          : is_drained ? "The stream has ended."
                       : "It was stopped.");
  send_event (listener, EVENT_END, &event);
  gst_object_unref (listener->pipeline);
  if (listener->file >= 0)
    close (listener->file);
  g_free (listener->titles[0]);
  g_free (listener->titles[1]);
  g_free (listener->reason);
  g_cond_clear (&listener->changed);
  g_mutex_clear (&listener->lock);
  g_free (listener);
}
