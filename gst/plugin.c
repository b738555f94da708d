/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "gstgenreclassify.h"

static gboolean
plugin_init (GstPlugin *plugin)
{
  return GST_ELEMENT_REGISTER (genreclassify, plugin);
}

/* FFTW3 is under the GPL, and so is what is linked with it. */
GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, genreclassify,
    "Music genre classification", plugin_init, PACKAGE_VERSION, "GPL",
    GST_PACKAGE_NAME, GST_PACKAGE_ORIGIN)
