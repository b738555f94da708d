/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Which broker, and how: MqttOptions, read. */

#pragma once

#include <glib.h>

typedef struct
{
  /* mqtt://HOST[:PORT][/TOPIC] or mqtts://...; TOPIC is the first part of all topics,
   * "genreclassify" by default */
  const char *uri;
  const char *credentials; /* file: user name in the first line, password in the
                              second; or NULL */
  const char *ca_file;     /* for mqtts; NULL: the system's */
  guint max_waiting;       /* records that are kept while the broker is away */
} MqttOptions;

typedef struct
{
  char *host; /* without brackets */
  int port;
  char *label; /* for people: host, and the port if it is not the usual one */
  char *topic; /* the first part of all topics */
  gboolean is_encrypted;
  char *ca_file;         /* or NULL: the system's */
  char *user, *password; /* or NULL */
} MqttBroker;

/* NULL with @error (G_IO_ERROR) set if the options make no sense. */
MqttBroker *mqtt_broker_new (const MqttOptions *options, GError **error);
void mqtt_broker_free (MqttBroker *broker);
