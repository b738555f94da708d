/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a mel spectrogram of a sample rate is computed with.  All of that rate share it, so
 * that hundreds of streams have it in the processor's cache, and not each its own. */

#pragma once

#include <fftw3.h>

#include "filterbank.h"

/* the definition, see GenreMelSpectrogram */
#define GENRE_MEL_RATE 22050
#define GENRE_MEL_WINDOW 2048
#define GENRE_MEL_HOP 512

typedef struct
{
  guint rate;   /* Hz */
  gsize window; /* samples */
  /* How often the rate is halved first, and with which filter, see GenreKernels.  What
   * follows is of the rate that is left. */
  guint n_halvings;
  float taps[GENRE_HALVE_TAPS];
  float *hann; /* [window >> n_halvings], scaled */
  /* The transform is one of half as many complex numbers, which are pairs of samples;
   * after the window there are zeros. */
  gsize size; /* complex numbers, at least (window >> n_halvings) / 2 */
  /* for arrays that fftwf_malloc() gives: fftwf_execute_dft() */
  fftwf_plan plan;
  /* [2][the filterbank's end], see GenreKernels.real_power() */
  float *rotation;
  GenreFilterbank *filterbank;
  guint n_users;
} GenreMelTables;

/* The tables of @rate, which is one that is allowed; to be released by
 * genre_mel_tables_release(). */
const GenreMelTables *genre_mel_tables_get (guint rate);
void genre_mel_tables_release (const GenreMelTables *tables);
