/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "watch.h"

#include "reason.h"

/* how often a pipeline that says nothing is looked at */
#define TICK (100 * GST_MSECOND)
/* µs without a sign of life after which it stands still */
#define PATIENCE (2 * G_TIME_SPAN_SECOND)
#define TYPES                                                                  \
  (GST_MESSAGE_ELEMENT | GST_MESSAGE_TAG | GST_MESSAGE_ERROR | GST_MESSAGE_EOS)

void
watch_note_progress (Watch *watch)
{
  g_atomic_int_inc (&watch->n_moved);
}

void
watch_begin (Watch *watch)
{
  watch->n_seen = g_atomic_int_get (&watch->n_moved);
  watch->progressed = watch->moved = g_get_monotonic_time ();
}

static gboolean
take_message (Watch *watch, GstMessage *message, GError **error)
{
  watch->progressed = watch->moved = g_get_monotonic_time ();
  if (!source_check_message (watch->source, message, error))
    return FALSE;
  if (watch->on_message &&
      (GST_MESSAGE_TYPE (message) == GST_MESSAGE_TAG ||
          GST_MESSAGE_TYPE (message) == GST_MESSAGE_ELEMENT))
    watch->on_message (message, watch->user_data);
  return TRUE;
}

/* FALSE with @error set if it stands still or hangs. */
static gboolean
check_progress (Watch *watch, GError **error)
{
  gint64 now = g_get_monotonic_time ();
  int n = g_atomic_int_get (&watch->n_moved);

  if (n != watch->n_seen) {
    watch->n_seen = n;
    watch->progressed = watch->moved = now;
    if (watch->on_progress)
      watch->on_progress (watch->user_data);
  } else if (source_is_moving (watch->source, watch->pipeline)) {
    watch->moved = now;
  }
  if (now - watch->moved >= PATIENCE) {
    g_set_error (error, ANALYSIS_ERROR, REASON_DECODER_FAILED,
        "Its decoder stopped without a reason.");
    return FALSE;
  }
  if (watch->timeout &&
      now - watch->progressed > watch->timeout * G_TIME_SPAN_SECOND) {
    g_set_error (error, ANALYSIS_ERROR, REASON_TIMEOUT,
        "Its decoder was given up after %u s without progress.",
        watch->timeout);
    return FALSE;
  }
  return TRUE;
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
