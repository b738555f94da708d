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
/* The first with the network "steered" (see Tone), for which a last segment of a
 * second is long enough. */
GstHarness *harness_new_steered (guint window, const char *properties);
void harness_free (GstHarness *h);

/* Tones and noise that no window finds silent, S16 at RATE, from sample @from
 * on, with its timestamp. */
GstBuffer *make_buffer (guint64 from, guint n_samples);
/* Pushes buffers of 1000 samples, until sample @end. */
void push_until (GstHarness *h, guint64 from, guint64 end);

/* What the network "steered" (make_small_model.py) takes for hiphop, for classical,
 * and for no music at all. */
typedef enum
{
  TONE_HIPHOP = 250, /* Hz */
  TONE_CLASSICAL = 1000,
  TONE_NO_MUSIC = 3000,
} Tone;

/* A sine wave, S16 at @rate, from sample @from on, with its timestamp. */
GstBuffer *make_tone (Tone tone, guint rate, guint64 from, guint n_samples);
/* Pushes a sine wave at RATE, a buffer each tenth of a second, from and until that
 * second. */
void push_tone (GstHarness *h, Tone tone, double from, double end);
/* The same of digital silence. */
void push_silence (GstHarness *h, double from, double end);
/* A tag event from upstream: pairs of tag and value, then NULL. */
void push_tags (GstHarness *h, GstTagScope scope, const char *tag,
    ...) G_GNUC_NULL_TERMINATED;
/* FLUSH_START and FLUSH_STOP, as of a seek. */
void push_flush (GstHarness *h);
/* A GstSegment in time that plays from timestamp @start on. */
void push_segment (GstHarness *h, GstClockTime start, GstClockTime base);
/* STREAM_START, without a group if that is 0, and a GstSegment from 0 on. */
void
push_stream (GstHarness *h, const char *id, guint group, GstClockTime base);
void push_eos (GstHarness *h);

/* The next message of the element of that name, popped; NULL if there is none. */
GstMessage *pop_answer (GstHarness *h, const char *name);
/* The same, which is waited for. */
GstMessage *wait_answer (GstHarness *h, const char *name);
guint64 get_uint64 (GstMessage *message, const char *field);
double get_double (GstMessage *message, const char *field);
gboolean get_boolean (GstMessage *message, const char *field);
/* NULL if the field is absent; the message's own. */
const char *get_string (GstMessage *message, const char *field);
/* The probability of a label. */
double get_probability (GstMessage *message, const char *label);
/* A field of the element's "stats" that is a double. */
double get_stat (GstHarness *h, const char *field);
/* The element's "genre"; free with g_free(). */
char *get_genre (GstHarness *h);
/* Checks every field against the contract, but for the times. */
void check_answer (GstMessage *message);
/* The number of messages of the element of that name that are left, popped. */
guint count_answers (GstHarness *h, const char *name);
/* The next track's message, popped with all before it: checked, of so many
 * segments, and with that "end". */
GstMessage *next_track (GstHarness *h, guint64 segments, const char *end);
/* What a track's message, which is unreffed, tells of upstream; NULL for nothing. */
void check_told (GstMessage *track, const char *id, const char *uri,
    const char *title, const char *artist, const char *organization);

/* Bytes of this process that are in memory. */
gsize resident_size (void);
/* Built with a sanitizer, or run under valgrind: slower, and larger. */
gboolean is_instrumented (void);
