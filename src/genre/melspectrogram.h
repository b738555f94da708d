/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the classifier uses of the mel spectrogram beyond its public functions. */

#pragma once

#include "genre.h"

/* genre_mel_spectrogram_push() of planes [channels], each samples [n_frames], from
 * @first on */
gsize genre_mel_spectrogram_push_planar (GenreMelSpectrogram *mel,
    GenreSampleFormat format, guint channels, const gconstpointer *planes,
    gsize first, gsize n_frames, GenreMelColumn *column, gboolean *ready);
/* %TRUE if samples may follow; otherwise @error is set: %GENRE_ERROR_ARGUMENT */
gboolean
genre_mel_spectrogram_is_open (const GenreMelSpectrogram *mel, GError **error);
/* Begins another stream at the same rate; plan, window and filterbank stay. */
void genre_mel_spectrogram_reset (GenreMelSpectrogram *mel);

/* Says that audio of @duration ns is missing here.  The columns stay where they are
 * in the stream's time: the network takes one in 77.5 ms, and if those after a hole
 * fell elsewhere on the music, it would give other answers.  Samples are faded out and in
 * at the hole, and windows that would have it in their middle are moved to its nearer
 * side. */
void genre_mel_spectrogram_skip (GenreMelSpectrogram *mel, guint64 duration);
/* How much audio there was until @time of the stream, ns. */
guint64
genre_mel_spectrogram_heard_at (const GenreMelSpectrogram *mel, guint64 time);
/* That will not be asked for a time before @time any more. */
void genre_mel_spectrogram_forget (GenreMelSpectrogram *mel, guint64 time);
