/* SPDX-License-Identifier: GPL-2.0-or-later */

/* When the columns of the mel spectrogram come.  What is in them is compared
 * with a reference by mel_reference.py. */

#include "genre/melspectrogram.h"

#include <math.h>

#define SECOND G_GUINT64_CONSTANT (1000000000)

static const GenreKernels *kernels;

/* The definition in the training data's words, not in the code's integers. */
static guint64
defined_time (guint64 column)
{
  guint64 frame = floorl ((column % 387 + 0.5L) / 387 * 1293 - 0.45L);

  return column / 387 * 30 * SECOND + frame * 512 * SECOND / 22050;
}

static void
test_column_times (void)
{
  for (guint64 i = 0; i < 3 * 387; i++) {
    /* from the start, and from a year on */
    for (guint k = 0; k < 2; k++) {
      guint64 column = i + k * 365 * 24 * 120 * 387;
      guint64 time = defined_time (column);

      g_assert_cmpuint (genre_mel_column_at (time), ==, column);
      g_assert_cmpuint (genre_mel_column_at (time + 1), ==, column + 1);
    }
  }
  g_assert_cmpuint (genre_mel_column_at (0), ==, 0);
  g_assert_cmpuint (genre_mel_column_at (30 * SECOND), ==, 387);
}

/* Pushes silence; gives the number of columns, and where each ended. */
static guint
push_silence (GenreMelSpectrogram *mel, gsize n_samples, gsize *ends, guint max)
{
  g_autofree float *silence = g_new0 (float, n_samples);
  GenreMelColumn column;
  gsize done = 0;
  guint n = 0;

  while (done < n_samples && n < max) {
    gboolean ready;

    done += genre_mel_spectrogram_push (
        mel, silence + done, n_samples - done, &column, &ready);
    if (ready)
      ends[n++] = done;
  }
  return n;
}

#define FIRST 20
#define LAST 30

static const guint rates[] = { 4000, 4011, 8000, 12000, 22050, 44100, 48000,
  384000 };

/* A column is complete when half a window of samples has come after its
 * centre. */
static void
test_column_ends (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rates); i++) {
    GenreMelSpectrogram *mel = genre_mel_spectrogram_new (
        kernels, rates[i], 0, 0);
    gsize ends[LAST + 1];

    g_assert_cmpuint (
        push_silence (mel, 4 * rates[i], ends, LAST + 1), ==, LAST + 1);
    g_assert_cmpuint (genre_mel_spectrogram_get_n_columns (mel), ==, LAST + 1);
    for (guint c = 0; c <= LAST; c++)
      g_assert_cmpfloat_with_epsilon (ends[c] / (double) rates[i],
          defined_time (c) / 1e9 + 1024 / 22050.0, 1.6 / rates[i]);
    genre_mel_spectrogram_free (mel);
  }
}

/* A stream that goes on at another rate around the end of a column's window,
 * where windows of a whole number of samples at both rates differ, loses no
 * column. */
static void
test_rate_switch (gconstpointer data)
{
  guint rate = rates[GPOINTER_TO_SIZE (data)];
  GenreMelSpectrogram *mel = genre_mel_spectrogram_new (kernels, rate, 0, 0);
  gsize ends[LAST + 1];

  push_silence (mel, 4 * rate, ends, LAST + 1);
  genre_mel_spectrogram_free (mel);
  for (gsize i = 0; i < G_N_ELEMENTS (rates); i++) {
    for (guint column = FIRST; column < LAST; column++) {
      for (guint missing = 0; missing < 3; missing++) {
        /* samples that the column still lacks */
        guint64 origin = (ends[column] - missing) * SECOND / rate;
        guint n_before = missing ? column : column + 1;
        gsize more[8];
        guint n;

        mel = genre_mel_spectrogram_new (kernels, rates[i], origin, n_before);
        n = push_silence (mel, rates[i] / 5, more, 8);
        /* columns stand 70 to 93 ms apart */
        if (n < 2 || n > 4) {
          g_test_message (
              "%u columns in 200 ms from %u Hz to %u Hz, %u samples "
              "before the end of column %u",
              n, rate, rates[i], missing, column);
          g_test_fail ();
        }
        genre_mel_spectrogram_free (mel);
      }
    }
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  kernels = genre_kernels_get (NULL);
  g_test_add_func ("/melspectrogram/column-times", test_column_times);
  g_test_add_func ("/melspectrogram/column-ends", test_column_ends);
  for (gsize i = 0; i < G_N_ELEMENTS (rates); i++) {
    g_autofree char *name = g_strdup_printf (
        "/melspectrogram/from-%u-Hz", rates[i]);

    g_test_add_data_func (name, GSIZE_TO_POINTER (i), test_rate_switch);
  }
  g_test_set_nonfatal_assertions ();
  return g_test_run ();
}
