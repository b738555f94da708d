/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Whether a web server sends parts of a file, which demultiplexers ask for that look
 * at its end first.  GStreamer's souphttpsrc believes it of every server that does not
 * deny it, and fails for good at the first part that is not sent. */

#pragma once

#include <gst/gst.h>

/* Lets @reader, if it is a souphttpsrc that has not started, ask for the file as a part
 * from its beginning on, and refuse to seek if the answer shows that the server knows
 * no parts.  Demultiplexers then take the file as it comes. */
void ranges_watch (GstElement *reader);

/* Whether seeking was refused, or would have been if it were asked for; @reader may be
 * NULL.  From any thread. */
gboolean ranges_are_missing (GstElement *reader);

/* Whether an element has sought, and that was not refused.  A reader asks for a part of
 * its own accord as well, when a connection was cut.  As above. */
gboolean ranges_were_sought (GstElement *reader);
