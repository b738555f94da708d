/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What waits to be published over MQTT.  libmosquitto has a queue, too, but one without
 * a limit: it gets only what this one lets go.  No function locks anything. */

#pragma once

#include <glib.h>

typedef struct _MqttQueue MqttQueue;

typedef struct
{
  char *topic;
  char *payload;
  gboolean is_state; /* retained */
  int id;            /* libmosquitto's, while it is in flight */
} MqttMessage;

/* @max_titles that wait; of the states there is one for each topic. */
MqttQueue *mqtt_queue_new (guint max_titles);
void mqtt_queue_free (MqttQueue *queue);
/* (transfer full): takes both.  The oldest title is given up if there are too many. */
void mqtt_queue_add_title (MqttQueue *queue, char *topic, char *payload);
/* (transfer full): takes both.  A state that waits is replaced: the latest one counts.
 * "" stands for none, as in MQTT. */
void mqtt_queue_set_state (MqttQueue *queue, char *topic, char *payload);
/* (transfer none) (nullable): the next message, which is in flight from now on: it
 * stays until mqtt_queue_acknowledge() or mqtt_queue_drop(). */
MqttMessage *mqtt_queue_send (MqttQueue *queue);
/* FALSE if no message with @id is in flight. */
gboolean mqtt_queue_acknowledge (MqttQueue *queue, int id);
/* @message, which is in flight, cannot be published at all, and is lost. */
void mqtt_queue_drop (MqttQueue *queue, MqttMessage *message);
/* The connection is gone: what was in flight waits again, in its old order. */
void mqtt_queue_reset (MqttQueue *queue);
/* There is a new connection, maybe to a broker that has forgotten the states: all wait
 * again. */
void mqtt_queue_repeat_states (MqttQueue *queue);
/* Messages that wait or are in flight. */
guint mqtt_queue_get_n (const MqttQueue *queue);
guint mqtt_queue_get_n_in_flight (const MqttQueue *queue);
guint64 mqtt_queue_get_n_lost (const MqttQueue *queue);
/* One more record is lost, which is not in the queue. */
void mqtt_queue_count_lost (MqttQueue *queue);
