/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A stream in packets of 8 ms that all sound alike, eight whole waves at 8 kHz, so
 * that what is left when some are lost sounds as it did.  Times are numbers of
 * packets. */

#pragma once

#include "support.h"

#define PACKET (8 * GST_MSECOND)
#define SECOND 125 /* packets */

/* Windows of @window seconds of what the network "steered" takes for classical; a
 * last segment of a second is long enough.  @properties as for harness_new(). */
GstHarness *packet_harness_new (guint window, const char *properties);
/* Other caps: 8000 Hz, or another multiple of 1000 Hz. */
void set_packet_rate (GstHarness *h, guint rate);
/* One buffer of packets at 8000 Hz, from @first on. */
GstBuffer *make_packets (guint64 first, guint n);
void push_buffer (GstHarness *h, GstBuffer *buffer);
void push_packets (GstHarness *h, guint64 first, guint n);
/* A GAP event in their place. */
void push_gap (GstHarness *h, guint64 first, guint n);

/* The confidence in so many packets between silence. */
double get_clean_confidence (guint64 n);
/* Checks that the packets were heard as if nothing was missing between them; then
 * the confidence is about that of as many in a row, or more where there are others
 * around them. */
void check_sound (GstMessage *message);
/* Checks the next segment's message. */
void check_packet_segment (GstHarness *h, guint64 from, guint64 end,
    guint64 missing, gboolean partial);
/* Checks the next track's message; any before it are dropped. */
void check_packet_track (
    GstHarness *h, guint64 segments, guint64 duration, guint64 missing);
/* Checks the element's "stats". */
void check_stats (GstHarness *h, guint64 gaps, guint64 discarded);
