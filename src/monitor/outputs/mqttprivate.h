/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the two sides of an Mqtt share: mqtt.c, in the main thread, and mqttthread.c. */

#pragma once

#include <mosquitto.h>

#include "mqttbroker.h"
#include "mqttqueue.h"

typedef struct _Mqtt Mqtt; /* as mqtt.h has it */

struct _Mqtt
{
  gint n_refs; /* atomic: the caller's and the thread's */
  MqttBroker *broker;
  char *online_topic;
  /* The same for all connections: a broker that still has the last one, which is dead,
   * ends that, and publishes its will before our "1" and not after it. */
  char client_id[24];
  int wake_fd;
  GThread *thread;
  GMainContext *context; /* where messages for people are printed */

  GMutex mutex;
  GCond ended_cond;
  /* with mutex */
  MqttQueue *queue;
  gboolean is_connected, ending, ended;
  gint64 deadline; /* once it is ending */
  GPtrArray *said; /* messages for people */
  GSource *say_source;

  /* The thread's own */
  gboolean outage_is_said;
  guint64 n_lost_before; /* the outage */
  double delay;          /* s, until the next attempt */
  guint n_fruitless;
  /* of this connection */
  struct mosquitto *client;
  gboolean answered;    /* the broker, whether it wants us, ... */
  gboolean is_accepted; /* ... and it does */
  gboolean greeted;     /* "1" was sent */
  gboolean saying_bye;  /* "0" was sent */
  gboolean is_over;     /* all that there was is done */
  gboolean was_useful;  /* a record was acknowledged */
  int online_id; /* of the last message to online_topic; 0: acknowledged */
  char *reason;  /* why it failed, as far as that is known */
};

void mqtt_unref (Mqtt *mqtt);
/* (transfer full): takes @text, which follows the name of the broker in a message for
 * people.  It is printed in the main thread: the handler of g_printerr() may draw it
 * into a table. */
void mqtt_say (Mqtt *mqtt, char *text);
/* A GThreadFunc. */
gpointer mqtt_thread_run (gpointer mqtt);
