/* SPDX-License-Identifier: GPL-2.0-or-later */

/* mqttdriver URI MAX_WAITING CREDENTIALS CA_FILE, the last two "" for none: publishes
 * what it reads, a command a line, for test_mqtt.py.  It answers each command with a
 * line.  To look up the name "slow.invalid" takes a minute. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>

#include "monitor/outputs/mqtt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib-unix.h>

typedef int (*LookUpFunc) (
    const char *, const char *, const struct addrinfo *, struct addrinfo **);

/* Stands before the C library's. */
int
getaddrinfo (const char *node, const char *service,
    const struct addrinfo *hints, struct addrinfo **result)
{
  LookUpFunc next = (LookUpFunc) dlsym (RTLD_NEXT, "getaddrinfo");

  if (node && !strcmp (node, "slow.invalid"))
    sleep (60);
  return next (node, service, hints, result);
}

typedef struct
{
  Mqtt *mqtt;
  GMainLoop *loop;
  GString *input;
  guint seconds;  /* to deliver what is left */
  gint64 slowest; /* µs, that a call took */
} Driver;

static void
add_title (Driver *driver, const char *station, const char *title)
{
  const Record record = { .kind = RECORD_TITLE,
    .station = station,
    .name = station,
    .title = title,
    .ended = "title" };

  mqtt_add (driver->mqtt, &record);
}

static void
add_state (Driver *driver, const char *station, const char *state)
{
  Record record = { .kind = RECORD_STATE, .station = station, .name = station };

  while (strcmp (station_state_to_string (record.state), state) != 0)
    record.state++;
  mqtt_add (driver->mqtt, &record);
}

static void
obey (Driver *driver, char **words)
{
  gint64 start = g_get_monotonic_time ();
  const char *station = words[1];

  if (!strcmp (words[0], "title"))
    add_title (driver, station, words[2]);
  else if (!strcmp (words[0], "state"))
    add_state (driver, station, words[2]);
  else if (!strcmp (words[0], "remove"))
    mqtt_remove_station (driver->mqtt, station);
  else if (!strcmp (words[0], "end"))
    driver->seconds = (guint) atoi (words[1]);
  driver->slowest = MAX (driver->slowest, g_get_monotonic_time () - start);
  printf ("connected=%d waiting=%u lost=%" G_GUINT64_FORMAT
          " slowest=%" G_GINT64_FORMAT "\n",
      mqtt_is_connected (driver->mqtt), mqtt_get_n_waiting (driver->mqtt),
      mqtt_get_n_lost (driver->mqtt), driver->slowest);
  fflush (stdout);
  if (!strcmp (words[0], "end"))
    g_main_loop_quit (driver->loop);
}

static gboolean
on_input (int fd, GIOCondition condition G_GNUC_UNUSED, gpointer user_data)
{
  Driver *driver = user_data;
  char data[4096], *end;
  gssize n = read (fd, data, sizeof data);

  if (n <= 0) {
    g_main_loop_quit (driver->loop);
    return G_SOURCE_REMOVE;
  }
  g_string_append_len (driver->input, data, n);
  while ((end = strchr (driver->input->str, '\n'))) {
    g_autofree char *line = g_strndup (
        driver->input->str, (gsize) (end - driver->input->str));
    g_auto (GStrv) words = g_strsplit (line, " ", 3);

    g_string_erase (driver->input, 0, (gssize) strlen (line) + 1);
    obey (driver, words);
  }
  return G_SOURCE_CONTINUE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  Driver driver = { 0 };
  MqttOptions options = { 0 };
  gint64 start;

  if (argc != 5)
    return 2;
  options.uri = argv[1];
  options.max_waiting = (guint) atoi (argv[2]);
  options.credentials = *argv[3] ? argv[3] : NULL;
  options.ca_file = *argv[4] ? argv[4] : NULL;
  start = g_get_monotonic_time ();
  driver.mqtt = mqtt_new (&options, &error);
  driver.slowest = g_get_monotonic_time () - start;
  if (!driver.mqtt) {
    g_printerr ("genreclassify: %s\n", error->message);
    return 2;
  }
  driver.loop = g_main_loop_new (NULL, FALSE);
  driver.input = g_string_new (NULL);
  g_unix_fd_add (STDIN_FILENO, G_IO_IN | G_IO_HUP, on_input, &driver);
  g_main_loop_run (driver.loop);
  mqtt_free (driver.mqtt, driver.seconds);
  g_string_free (driver.input, TRUE);
  g_main_loop_unref (driver.loop);
  return 0;
}
