/* SPDX-License-Identifier: GPL-2.0-or-later */

/* exporterdriver ADDRESS N: serves the metrics of N stations for test_exporter.py, until
 * its input ends.  Each byte of the input is one more second of time, which it
 * prints. */

#include "monitor/outputs/exporter.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <glib-unix.h>

typedef struct
{
  GMainLoop *loop;
  GPtrArray *ids;
  guint seconds;
} Driver;

static void
fill (GArray *views, MonitorFigures *figures, gpointer user_data)
{
  Driver *driver = user_data;
  double seconds = driver->seconds;

  g_array_set_size (views, driver->ids->len);
  for (guint i = 0; i < views->len; i++)
    g_array_index (views, StationView, i) = (StationView){
      .id = driver->ids->pdata[i],
      .name = "A \"name\" with \\ and\nlines, \xff and \xc3\xbc",
      .uri = "http://me:secret@radio.example/",
      .state = (StationState) (i % N_STATES),
      .since = G_GINT64_CONSTANT (1700000000123456),
      .n_titles = 3,
      .n_connects = 2,
      .n_losses = 1,
      .n_segments = 40,
      .n_dropped = 4,
      /* in the last second it is known what the one before was */
      .audio_seconds = 100 + seconds,
      .music_seconds = seconds >= 2 ? 71.25 : 70,
      .speech_seconds = 20,
      .silence_seconds = 5,
      .inference_seconds = 1.0 / 3,
    };
  *figures = (MonitorFigures){ .start_time = 1700000000.5,
    .n_processes = 4,
    .n_crashes = 1,
    .n_log_lost = 2,
    .n_log_waiting = 3,
    .has_mqtt = TRUE,
    .mqtt_is_connected = TRUE,
    .mqtt_waiting = 5,
    .mqtt_lost = G_GUINT64_CONSTANT (1) << 50,
    .has_history = driver->ids->len != 1 };
}

static gboolean
on_input (int fd, GIOCondition condition G_GNUC_UNUSED, gpointer user_data)
{
  Driver *driver = user_data;
  char data;

  if (read (fd, &data, 1) <= 0) {
    g_main_loop_quit (driver->loop);
    return G_SOURCE_REMOVE;
  }
  driver->seconds++;
  printf ("%u\n", driver->seconds);
  fflush (stdout);
  return G_SOURCE_CONTINUE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  Driver driver = { 0 };
  Exporter *exporter;

  if (argc != 3)
    return 2;
  driver.ids = g_ptr_array_new_with_free_func (g_free);
  for (int i = 0; i < atoi (argv[2]); i++)
    g_ptr_array_add (driver.ids, g_strdup_printf ("station-%d", i));
  /* one that is there twice */
  if (driver.ids->len > 1)
    g_ptr_array_add (driver.ids, g_strdup ("station-0"));
  exporter = exporter_new (argv[1], fill, &driver, &error);
  if (!exporter) {
    g_printerr ("genreclassify: %s\n", error->message);
    g_ptr_array_unref (driver.ids);
    return 2;
  }
  driver.loop = g_main_loop_new (NULL, FALSE);
  g_unix_fd_add (STDIN_FILENO, G_IO_IN | G_IO_HUP, on_input, &driver);
  printf ("0\n");
  fflush (stdout);
  g_main_loop_run (driver.loop);
  g_main_loop_unref (driver.loop);
  exporter_free (exporter);
  g_ptr_array_unref (driver.ids);
  return 0;
}
