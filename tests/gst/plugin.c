/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The plugin as the registry sees it.  This test runs first and fills the
 * registry that the others read. */

#include "support.h"

GST_START_TEST (test_plugin)
{
  GstRegistry *registry = gst_registry_get ();
  g_autoptr (GstPlugin)
      plugin = gst_registry_find_plugin (registry, "genreclassify");
  g_autoptr (GstPluginFeature)
      feature = gst_registry_lookup_feature (registry, "genreclassify");

  fail_unless (plugin != NULL && feature != NULL);
  fail_unless_equals_string (gst_plugin_get_license (plugin), "GPL");
  fail_unless_equals_string (
      gst_plugin_get_version (plugin), g_getenv ("TEST_VERSION"));
  fail_unless_equals_string (
      gst_plugin_get_origin (plugin), g_getenv ("TEST_ORIGIN"));
  fail_unless_equals_int (gst_plugin_feature_get_rank (feature), GST_RANK_NONE);
}

GST_END_TEST;

static Suite *
plugin_suite (void)
{
  Suite *suite = suite_create ("plugin");
  TCase *chain = tcase_create ("general");

  suite_add_tcase (suite, chain);
  tcase_add_test (chain, test_plugin);
  return suite;
}

GST_CHECK_MAIN (plugin);
