/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "plugin.h"

#include <gst/gst.h>

gboolean
plugin_init (GError **error)
{
  g_autoptr (GstPluginFeature) element = NULL;

  if (!gst_init_check (NULL, NULL, error))
    return FALSE;
  element = gst_registry_lookup_feature (gst_registry_get (), "genreclassify");
  if (!element)
    gst_registry_scan_path (gst_registry_get (), PLUGIN_DIR);
  return TRUE;
}
