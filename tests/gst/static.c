/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The plugin linked into the program: there is no element before it is
 * registered, and then it finds its model and passes audio on.  GStreamer's
 * folders of plugins are empty in this test. */

#include <gst/audio/audio.h>
#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>

GST_PLUGIN_STATIC_DECLARE (genreclassify);

GST_START_TEST (test_static)
{
  g_autoptr (GstPlugin) plugin = NULL;
  GstHarness *h;

  fail_unless (gst_element_factory_find ("genreclassify") == NULL,
      "another plugin has registered the element");
  GST_PLUGIN_STATIC_REGISTER (genreclassify);
  plugin = gst_registry_find_plugin (gst_registry_get (), "genreclassify");
  fail_unless (plugin != NULL);
  fail_unless (gst_plugin_get_filename (plugin) == NULL);

  h = gst_harness_new ("genreclassify");
  gst_harness_set_src_caps_str (h,
      "audio/x-raw, format=" GST_AUDIO_NE (
          S16) ", rate=22050, channels=1, layout=interleaved");
  fail_unless_equals_int (
      gst_harness_push (h, gst_harness_create_buffer (h, 2000)), GST_FLOW_OK);
  gst_buffer_unref (gst_harness_pull (h));
  fail_unless (gst_harness_push_event (h, gst_event_new_eos ()));
  gst_harness_teardown (h);
}

GST_END_TEST;

static Suite *
static_suite (void)
{
  Suite *suite = suite_create ("static");
  TCase *chain = tcase_create ("general");

  suite_add_tcase (suite, chain);
  tcase_add_test (chain, test_static);
  return suite;
}

GST_CHECK_MAIN (static);
