/* SPDX-License-Identifier: GPL-2.0-or-later */

/* An hour of audio at a time, over and over for ten minutes (or SOAK_SECONDS):
 * from the second minute on the memory stays what it is, within 2 MB, and there are
 * no more files and threads than there were. */

#include "support.h"

#define HOUR_BUFFERS 3600
#define ALLOWED_GROWTH (2 * 1024 * 1024)
/* GLib keeps some that have nothing to do for a while */
#define ALLOWED_THREADS 2

/* How many entries the folder has: "/proc/self/fd" or "/proc/self/task". */
static guint
count_entries (const char *path)
{
  GDir *dir = g_dir_open (path, 0, NULL);
  guint n = 0;

  fail_unless (dir != NULL, "%s cannot be read", path);
  while (g_dir_read_name (dir))
    n++;
  g_dir_close (dir);
  return n;
}

static void
play_an_hour (void)
{
  GstElement *pipeline = gst_parse_launch (
      "audiotestsrc wave=pink-noise samplesperbuffer=22050 num-buffers=3600 "
      "! audio/x-raw, rate=22050, channels=1 ! genreclassify ! fakesink",
      NULL);
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  gboolean done = FALSE;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  while (!done) {
    GstMessage *message = gst_bus_timed_pop (bus, 60 * GST_SECOND);

    fail_unless (message != NULL, "nothing happens");
    fail_unless (GST_MESSAGE_TYPE (message) != GST_MESSAGE_ERROR);
    if (gst_message_has_name (message, "genreclassify-track"))
      fail_unless_equals_uint64 (
          get_uint64 (message, "duration"), HOUR_BUFFERS * GST_SECOND);
    done = GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS;
    gst_message_unref (message);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
}

GST_START_TEST (test_soak)
{
  const char *seconds = g_getenv ("SOAK_SECONDS");
  gint64 begin = g_get_monotonic_time ();
  gint64 length = (seconds ? atoi (seconds) : 600) * G_USEC_PER_SEC;
  gint64 warm_up = MIN (60 * G_USEC_PER_SEC, length / 2);
  gsize lowest = G_MAXSIZE, highest = 0;
  guint hours = 0, files = 0, threads = 0;

  while (g_get_monotonic_time () - begin < length) {
    play_an_hour ();
    hours++;
    if (g_get_monotonic_time () - begin > warm_up) {
      gsize size = resident_size ();

      lowest = MIN (lowest, size);
      highest = MAX (highest, size);
      if (!files) {
        files = count_entries ("/proc/self/fd");
        threads = count_entries ("/proc/self/task");
      }
    }
  }
  g_print ("%u hours, memory %" G_GSIZE_FORMAT " to %" G_GSIZE_FORMAT "\n",
      hours, lowest, highest);
  fail_unless (files > 0, "not one hour was played after the first minute");
  fail_unless (count_entries ("/proc/self/fd") <= files);
  fail_unless (count_entries ("/proc/self/task") <= threads + ALLOWED_THREADS);
  fail_unless (highest - lowest <= ALLOWED_GROWTH,
      "memory from %" G_GSIZE_FORMAT " to %" G_GSIZE_FORMAT, lowest, highest);
}

GST_END_TEST;

static Suite *
soak_suite (void)
{
  Suite *suite = suite_create ("soak");
  TCase *chain = tcase_create ("general");

  suite_add_tcase (suite, chain);
  tcase_set_timeout (chain, 0);
  tcase_add_test (chain, test_soak);
  return suite;
}

GST_CHECK_MAIN (soak);
