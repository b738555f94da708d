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

/* Decoders that cost less than those that decodebin would take, and do the same; in
 * this process only.  tests/bench/decoders.py measures all of them: the others that
 * decodebin prefers are the cheapest, but for avdec_opus, which GStreamer ranks as
 * marginal. */
static const char *const cheap_decoders[] = { "mpg123audiodec" };

static void
prefer_cheap_decoders (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cheap_decoders); i++) {
    g_autoptr (GstPluginFeature) decoder = gst_registry_lookup_feature (
        gst_registry_get (), cheap_decoders[i]);

    /* GST_PLUGIN_FEATURE_RANK may have ruled it out, or another one in */
    if (decoder && gst_plugin_feature_get_rank (decoder) >= GST_RANK_MARGINAL)
      gst_plugin_feature_set_rank (decoder,
          MAX (gst_plugin_feature_get_rank (decoder), GST_RANK_PRIMARY + 1));
  }
}

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
  prefer_cheap_decoders ();
  return TRUE;
}
