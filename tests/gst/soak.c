/* SPDX-License-Identifier: GPL-2.0-or-later */

/* An hour of audio at a time, over and over for ten minutes (or SOAK_SECONDS):
 * from the second minute on the memory stays what it is, within 2 MB. */

#include "support.h"

#define HOUR_BUFFERS 3600
#define ALLOWED_GROWTH (2 * 1024 * 1024)

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
  guint hours = 0;

  while (g_get_monotonic_time () - begin < length) {
    play_an_hour ();
    hours++;
    if (g_get_monotonic_time () - begin > warm_up) {
      gsize size = resident_size ();

      lowest = MIN (lowest, size);
      highest = MAX (highest, size);
    }
  }
  g_print ("%u hours, memory %" G_GSIZE_FORMAT " to %" G_GSIZE_FORMAT "\n",
      hours, lowest, highest);
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
