/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the element's tests share: a harness that is not live, music to push, and
 * the element's messages. */

#pragma once

#include <gst/audio/audio.h>
#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>

#define RATE 22050
#define N_LABELS 10

/* genreclassify with windows of @window seconds, a bus, and caps of mono S16 at
 * RATE; upstream is not live, so nothing is dropped.  @properties, as for
 * gst-launch, or NULL. */
GstHarness *harness_new (guint window, const char *properties);
/* The same without caps, so that a test can say what is pushed. */
GstHarness *harness_new_without_caps (guint window, const char *properties);
void harness_free (GstHarness *h);

/* Tones and noise that no window finds silent, S16 at RATE, from sample @from
 * on, with its timestamp. */
GstBuffer *make_buffer (guint64 from, guint n_samples);
/* Pushes buffers of 1000 samples, until sample @end. */
void push_until (GstHarness *h, guint64 from, guint64 end);

/* The next message of the element of that name, popped; NULL if there is none. */
GstMessage *pop_answer (GstHarness *h, const char *name);
guint64 get_uint64 (GstMessage *message, const char *field);
double get_double (GstMessage *message, const char *field);
gboolean get_boolean (GstMessage *message, const char *field);
/* Checks every field against the contract, but for the times. */
void check_answer (GstMessage *message);

/* Bytes of this process that are in memory. */
gsize resident_size (void);
