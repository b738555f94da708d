/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "plugin.h"

#include <gst/gst.h>

#include "reason.h"

#ifdef STATIC_PLUGIN
GST_PLUGIN_STATIC_DECLARE (genreclassify);

/* Ours, even if another one is installed: that would bring a libgenre of its
 * own. */
static void
add_plugin (void)
{
  GST_PLUGIN_STATIC_REGISTER (genreclassify);
}
#else
static void
add_plugin (void)
{
  GstRegistry *registry = gst_registry_get ();
  g_autoptr (GstPluginFeature)
      element = gst_registry_lookup_feature (registry, "genreclassify");

  if (!element)
    gst_registry_scan_path (registry, PLUGIN_DIR);
}
#endif

gboolean
plugin_init (GError **error)
{
  g_autoptr (GError) fault = NULL;

  if (!gst_init_check (NULL, NULL, &fault)) {
    g_set_error (error, ANALYSIS_ERROR, REASON_INTERNAL,
        "GStreamer cannot be used: %s",
        fault ? fault->message : "it gives no reason.");
    return FALSE;
  }
  add_plugin ();
  return TRUE;
}
