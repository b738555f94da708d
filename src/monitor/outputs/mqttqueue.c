/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "mqttqueue.h"

struct _MqttQueue
{
  GQueue waiting, in_flight; /* MqttMessage, in the order they are to be sent */
  /* topic -> GList of waiting: the states in there */
  GHashTable *waiting_states;
  /* topic -> payload of all that were ever set.  Also those that were removed: a broker
   * that was killed comes back with what it had saved some time ago. */
  GHashTable *states;
  guint n_titles, max_titles;
  guint64 n_lost;
};

static void
message_free (gpointer data)
{
  MqttMessage *message = data;

  g_free (message->topic);
  g_free (message->payload);
  g_free (message);
}

MqttQueue *
mqtt_queue_new (guint max_titles)
{
  MqttQueue *queue = g_new0 (MqttQueue, 1);

  queue->max_titles = MAX (max_titles, 1);
  queue->waiting_states = g_hash_table_new (g_str_hash, g_str_equal);
  queue->states = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, g_free);
  return queue;
}

void
mqtt_queue_free (MqttQueue *queue)
{
  g_queue_clear_full (&queue->waiting, message_free);
  g_queue_clear_full (&queue->in_flight, message_free);
  g_hash_table_unref (queue->waiting_states);
  g_hash_table_unref (queue->states);
  g_free (queue);
}

/* What is not in a queue any more. */
static void
forget (MqttQueue *queue, MqttMessage *message)
{
  if (!message->is_state)
    queue->n_titles--;
  message_free (message);
}

static void
drop_oldest_title (MqttQueue *queue)
{
  for (GList *i = queue->waiting.head; i; i = i->next) {
    MqttMessage *message = i->data;

    if (message->is_state)
      continue;
    g_queue_delete_link (&queue->waiting, i);
    forget (queue, message);
    queue->n_lost++;
    return;
  }
}

static MqttMessage *
message_new (char *topic, char *payload, gboolean is_state)
{
  MqttMessage *message = g_new0 (MqttMessage, 1);

  message->topic = topic;
  message->payload = payload;
  message->is_state = is_state;
  return message;
}

void
mqtt_queue_add_title (MqttQueue *queue, char *topic, char *payload)
{
  g_queue_push_tail (&queue->waiting, message_new (topic, payload, FALSE));
  if (++queue->n_titles > queue->max_titles)
    drop_oldest_title (queue);
}

/* Takes @topic and @payload. */
static void
add_state (MqttQueue *queue, char *topic, char *payload)
{
  MqttMessage *message = message_new (topic, payload, TRUE);

  g_queue_push_tail (&queue->waiting, message);
  g_hash_table_insert (
      queue->waiting_states, message->topic, queue->waiting.tail);
}

void
mqtt_queue_set_state (MqttQueue *queue, char *topic, char *payload)
{
  GList *old = g_hash_table_lookup (queue->waiting_states, topic);

  g_hash_table_insert (queue->states, g_strdup (topic), g_strdup (payload));
  if (old) {
    /* to the end: behind the titles that were added before it */
    g_hash_table_remove (queue->waiting_states, topic);
    message_free (old->data);
    g_queue_delete_link (&queue->waiting, old);
  }
  add_state (queue, topic, payload);
}

MqttMessage *
mqtt_queue_send (MqttQueue *queue)
{
  MqttMessage *message = g_queue_pop_head (&queue->waiting);

  if (!message)
    return NULL;
  if (message->is_state)
    g_hash_table_remove (queue->waiting_states, message->topic);
  message->id = 0;
  g_queue_push_tail (&queue->in_flight, message);
  return message;
}

gboolean
mqtt_queue_acknowledge (MqttQueue *queue, int id)
{
  for (GList *i = queue->in_flight.head; i; i = i->next) {
    MqttMessage *message = i->data;

    if (message->id != id)
      continue;
    g_queue_delete_link (&queue->in_flight, i);
    forget (queue, message);
    return TRUE;
  }
  return FALSE;
}

void
mqtt_queue_drop (MqttQueue *queue, MqttMessage *message)
{
  if (g_queue_remove (&queue->in_flight, message))
    forget (queue, message);
  queue->n_lost++;
}

void
mqtt_queue_reset (MqttQueue *queue)
{
  MqttMessage *message;

  while ((message = g_queue_pop_tail (&queue->in_flight))) {
    /* there may be a later state */
    if (message->is_state &&
        g_hash_table_contains (queue->waiting_states, message->topic)) {
      message_free (message);
      continue;
    }
    g_queue_push_head (&queue->waiting, message);
    if (message->is_state)
      g_hash_table_insert (
          queue->waiting_states, message->topic, queue->waiting.head);
  }
}

void
mqtt_queue_repeat_states (MqttQueue *queue)
{
  GHashTableIter iter;
  gpointer topic, payload;

  g_hash_table_iter_init (&iter, queue->states);
  while (g_hash_table_iter_next (&iter, &topic, &payload))
    if (!g_hash_table_contains (queue->waiting_states, topic))
      add_state (queue, g_strdup (topic), g_strdup (payload));
}

guint
mqtt_queue_get_n (const MqttQueue *queue)
{
  return queue->waiting.length + queue->in_flight.length;
}

guint
mqtt_queue_get_n_in_flight (const MqttQueue *queue)
{
  return queue->in_flight.length;
}

guint64
mqtt_queue_get_n_lost (const MqttQueue *queue)
{
  return queue->n_lost;
}

void
mqtt_queue_count_lost (MqttQueue *queue)
{
  queue->n_lost++;
}
