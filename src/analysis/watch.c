/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "watch.h"

#include <time.h>

#include "reason.h"

/* how often a pipeline that says nothing is looked at */
#define TICK (100 * GST_MSECOND)
/* µs without a sign of life after which it stands still: if no thread is there that
 * could give one, and if one is there, but waits */
#define PATIENCE (2 * G_TIME_SPAN_SECOND)
#define PATIENCE_WITH_THREADS (5 * G_TIME_SPAN_SECOND)
/* µs that are nothing: less than a thread needs that does anything */
#define IDLE_TIME 100
/* µs after which this thread was not late, but stopped, and all others with it */
#define STOPPED (10 * 100 * G_TIME_SPAN_MILLISECOND)
#define TYPES                                                                  \
  (GST_MESSAGE_ELEMENT | GST_MESSAGE_TAG | GST_MESSAGE_ERROR |                 \
      GST_MESSAGE_WARNING | GST_MESSAGE_EOS)

/* watch_limit_work() */
static struct
{
  double base, share, max_audio;
} work_limit;

void
watch_limit_work (double base, double share, double max_audio)
{
  work_limit.base = base;
  work_limit.share = share;
  work_limit.max_audio = max_audio;
}

void
watch_note_progress (Watch *watch)
{
  g_atomic_int_inc (&watch->n_moved);
}

static gint64
get_time (clockid_t clock)
{
  struct timespec now;

  if (clock_gettime (clock, &now) < 0)
    return 0;
  return now.tv_sec * G_TIME_SPAN_SECOND + now.tv_nsec / 1000;
}

/* Processor time of the other threads. */
static gint64
get_work (void)
{
  return get_time (CLOCK_PROCESS_CPUTIME_ID) -
      get_time (CLOCK_THREAD_CPUTIME_ID);
}

static void
note_progress (Watch *watch)
{
  watch->progressed = watch->moved = g_get_monotonic_time ();
  watch->worked = watch->work = get_work ();
}

static guint64
count_progress (Watch *watch)
{
  return watch->get_progress ? watch->get_progress (watch->user_data)
                             : (guint64) g_atomic_int_get (&watch->n_moved);
}

void
watch_begin (Watch *watch)
{
  watch->n_seen = count_progress (watch);
  watch->checked = g_get_monotonic_time ();
  /* one pipeline may be waited for several times */
  if (!watch->begun)
    watch->begun = get_time (CLOCK_PROCESS_CPUTIME_ID);
  note_progress (watch);
}

static gboolean
take_message (Watch *watch, GstMessage *message, GError **error)
{
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_WARNING) {
    watch->has_warned = TRUE;
    return TRUE;
  }
  note_progress (watch);
  if (!source_check_message (watch->source, message, error))
    return FALSE;
  if (watch->on_message &&
      (GST_MESSAGE_TYPE (message) == GST_MESSAGE_TAG ||
          GST_MESSAGE_TYPE (message) == GST_MESSAGE_ELEMENT))
    watch->on_message (message, watch->user_data);
  return TRUE;
}

/* How long it may go on without a sign of life. */
static gint64
get_patience (Watch *watch, gint64 now)
{
  gboolean has_threads = source_has_threads (watch->source, watch->pipeline);
  gint64 work = get_work ();

  /* who waits for a server or a disk does nothing wrong */
  if (now - watch->checked > STOPPED ||
      (has_threads &&
          (work - watch->work > IDLE_TIME ||
              source_is_reading (watch->pipeline)))) {
    watch->work = work;
    watch->moved = now;
  }
  return has_threads ? PATIENCE_WITH_THREADS : PATIENCE;
}

static gboolean
give_up (GError **error, Reason reason, const char *format, guint seconds)
{
  g_set_error (error, ANALYSIS_ERROR, reason, format, seconds);
  return FALSE;
}

/* FALSE with @error set if it has worked for longer than its audio explains. */
static gboolean
check_work (Watch *watch, GError **error)
{
  guint64 audio = watch->get_progress ? watch->get_progress (watch->user_data)
                                      : watch->audio;
  double work = (double) (get_time (CLOCK_PROCESS_CPUTIME_ID) - watch->begun) /
      G_TIME_SPAN_SECOND;

  if (work_limit.base == 0 ||
      work <= work_limit.base +
              work_limit.share *
                  MIN ((double) audio / GST_SECOND, work_limit.max_audio))
    return TRUE;
  g_set_error (error, ANALYSIS_ERROR, REASON_TOO_MUCH_WORK,
      "It was given up: after %.0f s of work, %.0f s of audio had been decoded.",
      work, (double) audio / GST_SECOND);
  return FALSE;
}

/* FALSE with @error set if it stands still or hangs. */
static gboolean
check_progress (Watch *watch, GError **error)
{
  gint64 now = g_get_monotonic_time ();
  guint64 n = count_progress (watch);
  gint64 patience = get_patience (watch, now);

  watch->checked = now;
  if (n != watch->n_seen) {
    watch->n_seen = n;
    note_progress (watch);
    if (watch->on_progress)
      watch->on_progress (watch->user_data);
  }
  if (now - watch->moved >= patience) {
    source_set_stopped (watch->source, error);
    return FALSE;
  }
  if (watch->effort &&
      watch->work - watch->worked > watch->effort * G_TIME_SPAN_SECOND &&
      source_is_local (watch->pipeline))
    return give_up (error, REASON_DECODER_FAILED,
        "Its decoder was given up: it worked for %u s and brought nothing.",
        watch->effort);
  if (watch->timeout &&
      now - watch->progressed > watch->timeout * G_TIME_SPAN_SECOND)
    return give_up (error, REASON_TIMEOUT,
        "Its decoder was given up after %u s without progress.",
        watch->timeout);
  return check_work (watch, error);
}

gboolean
watch_wait (Watch *watch, GstMessageType type, GError **error)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (watch->pipeline);

  watch_begin (watch);
  for (;;) {
    g_autoptr (GstMessage)
        message = gst_bus_timed_pop_filtered (bus, TICK, TYPES | type);

    if (message && !take_message (watch, message, error))
      return FALSE;
    if (message && GST_MESSAGE_TYPE (message) & (type | GST_MESSAGE_EOS))
      return TRUE;
    if (!check_progress (watch, error))
      return FALSE;
  }
}

gboolean
watch_check (Watch *watch, GError **error)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (watch->pipeline);
  GstMessage *message;
  gboolean ok = TRUE;

  while (ok && (message = gst_bus_pop_filtered (bus, TYPES))) {
    ok = take_message (watch, message, error);
    gst_message_unref (message);
  }
  return ok && check_progress (watch, error);
}
