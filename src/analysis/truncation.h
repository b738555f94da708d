/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Whether a file ends before its container says that it does.
 *
 * Only what a container declares counts, never an estimate: an MP3 without a table of
 * Xing's or VBRI's kind, Ogg, whose last page is missing from every recorded stream,
 * raw AAC and AC-3, and what was written to a pipe, with a size that was not known, may
 * end anywhere. */

#pragma once

#include <gst/gst.h>

/**
 * truncation_find:
 * @source: an element that reads the file, after all of it was played and before its
 *     pipeline is stopped
 * @decoded: ns of audio that came; 0 if it was not all played
 *
 * Returns: the share of the file that is there, below 1, if it is cut off; else 1,
 *     also if that is not known: of a stream, or a format that does not tell
 */
double truncation_find (GstElement *source, guint64 decoded);
