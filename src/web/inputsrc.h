/* SPDX-License-Identifier: GPL-2.0-or-later */

/* GStreamer's source of an input: a regular file that is open already.  Its URI is
 * "input://N", N its descriptor.
 *
 * For "fd://N" uridecodebin takes it for a stream from elsewhere, with a queue and a
 * thread more; this one is read like a file that has a name, where it is needed. */

#pragma once

#include <glib.h>

/* Registers it.  FALSE if GStreamer refuses. */
gboolean input_src_register (void);
