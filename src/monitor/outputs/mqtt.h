/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Publishes records over MQTT, by libmosquitto. */

#pragma once

#include "monitor/record/record.h"
#include "mqttbroker.h"

typedef struct _Mqtt Mqtt;

/* Starts to connect, in a thread of the library's, and goes on trying for ever.  NULL
 * with @error (G_IO_ERROR) set if the options make no sense. */
Mqtt *mqtt_new (const MqttOptions *options, GError **error);
/* Waits up to @seconds until all is delivered, and disconnects.  @mqtt may be NULL. */
void mqtt_free (Mqtt *mqtt, guint seconds);
/* Publishes @record: a title to TOPIC/ID/title, a state, retained, to TOPIC/ID/state;
 * QoS 1.  TOPIC/online has, retained, "1", and by the last will "0". */
void mqtt_add (Mqtt *mqtt, const Record *record);
/* @station is not watched any more: its retained state is removed. */
void mqtt_remove_station (Mqtt *mqtt, const char *station);

gboolean mqtt_is_connected (Mqtt *mqtt);
guint mqtt_get_n_waiting (Mqtt *mqtt);
/* Records that were given up because too many waited. */
guint64 mqtt_get_n_lost (Mqtt *mqtt);
