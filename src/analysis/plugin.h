/* SPDX-License-Identifier: GPL-2.0-or-later */

/* GStreamer with our plugin. */

#pragma once

#include <glib.h>

/* Initialises GStreamer, and has the plugin found where it was installed with this
 * program even if GStreamer does not look there, as it does not in /usr/local.
 * FALSE with @error set if GStreamer cannot be used. */
gboolean plugin_init (GError **error);
