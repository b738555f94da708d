/* SPDX-License-Identifier: GPL-2.0-or-later */

/* GStreamer with our plugin. */

#pragma once

#include <glib.h>

/* Initialises GStreamer.  If that does not find our plugin by itself, as in
 * /usr/local, the folder is added in which the plugin was installed with this
 * program; or the plugin is a part of this program (-Ddefault_library=static).
 * FALSE with @error (ANALYSIS_ERROR) set if GStreamer cannot be used. */
gboolean plugin_init (GError **error);
