/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "plugin.h"

#include <gst/gst.h>

#include "reason.h"

gboolean
plugin_init (GError **error)
{
  g_autoptr (GstPluginFeature) element = NULL;
  g_autoptr (GError) fault = NULL;

  if (!gst_init_check (NULL, NULL, &fault)) {
    g_set_error (error, ANALYSIS_ERROR, REASON_INTERNAL,
        "GStreamer cannot be used: %s",
        fault ? fault->message : "it gives no reason.");
    return FALSE;
  }
  element = gst_registry_lookup_feature (gst_registry_get (), "genreclassify");
  if (!element)
    gst_registry_scan_path (gst_registry_get (), PLUGIN_DIR);
  return TRUE;
}
