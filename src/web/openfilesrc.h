/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A GStreamer source that reads a regular file which is open already.  Its URI
 * is "openfile://N" with N the descriptor.
 *
 * Why not GStreamer's own "fd://N": uridecodebin takes it for a stream, and
 * adds a queue and a thread.  This source is read at any position, like a file
 * that has a name. */

#pragma once

#include <glib.h>

/* Registers the element "openfilesrc"; FALSE if GStreamer refuses. */
gboolean open_file_src_register (void);
