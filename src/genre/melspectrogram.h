/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the classifier uses of the mel spectrogram beyond its public functions. */

#pragma once

#include "genre.h"

/* the definition, see GenreMelSpectrogram */
#define GENRE_MEL_RATE 22050
#define GENRE_MEL_WINDOW 2048
#define GENRE_MEL_HOP 512

/* genre_mel_spectrogram_push() of samples that are mixed already, full scale 1.0
 * and finite. */
gsize
genre_mel_spectrogram_push_mono (GenreMelSpectrogram *mel, const float *samples,
    gsize n_samples, GenreMelColumn *column, gboolean *ready);
/* Begins another stream at the same rate; plan, window and filterbank stay. */
void genre_mel_spectrogram_reset (GenreMelSpectrogram *mel);
