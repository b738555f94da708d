/* SPDX-License-Identifier: GPL-2.0-or-later */

/* From buffers of raw audio, in any of GStreamer's formats and in either
 * layout, to a classifier.  The four formats that it takes are passed on as
 * they are; the others are unpacked first.  All of it belongs to the streaming
 * thread. */

#pragma once

#include <genre/genre.h>
#include <gst/audio/audio.h>

#define GENRE_INPUT_MAX_CHANNELS 64

typedef struct
{
  GstAudioInfo info;
  GenreSampleFormat format; /* of what the classifier gets */
  gboolean unpack;          /* the buffers have another format */
  guint8 *unpacked;         /* [channels][frames of a step], or interleaved */
} GenreInput;

/* No format is known: the rate is 0. */
void genre_input_init (GenreInput *input);
void genre_input_clear (GenreInput *input);

/* The buffers to come are as @caps say.  FALSE if these are not raw audio, or
 * of a format that cannot be unpacked. */
gboolean genre_input_set_caps (GenreInput *input, const GstCaps *caps);

/* Both push one step, short enough that only a few segments become complete,
 * and return its number of frames; the caller takes the segments between the
 * steps. */

/* Pushes samples of @audio, from frame @first on. */
gsize genre_input_push (GenreInput *input, GenreClassifier *classifier,
    const GstAudioBuffer *audio, gsize first);
/* Pushes silence, @n_frames at most. */
guint64 genre_input_push_silence (
    GenreInput *input, GenreClassifier *classifier, guint64 n_frames);
