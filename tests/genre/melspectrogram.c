/* SPDX-License-Identifier: GPL-2.0-or-later */

/* When the columns of the mel spectrogram come.  What is in them is compared
 * with a reference by mel_reference.py. */

#include "genre/melspectrogram.h"

#include <math.h>

#define SECOND GENRE_SECOND

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

    done += genre_mel_spectrogram_push (mel, GENRE_SAMPLE_F32, 1,
        silence + done, n_samples - done, &column, &ready);
    if (ready)
      ends[n++] = done;
  }
  return n;
}

#define FIRST 4
#define LAST 12

static const guint rates[] = { 4000, 4011, 8000, 12000, 22050, 44100, 48000,
  384000 };

/* A column is complete when half a window of samples has come after its
 * centre. */
static void
test_column_ends (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rates); i++) {
    GenreMelSpectrogram *mel = genre_mel_spectrogram_new (rates[i], NULL);
    gsize ends[LAST + 1];

    g_assert_cmpuint (
        push_silence (mel, 4 * rates[i], ends, LAST + 1), ==, LAST + 1);
    g_assert_cmpuint (genre_mel_spectrogram_get_n_columns (mel), ==, LAST + 1);
    for (guint c = 0; c <= LAST; c++)
      g_assert_cmpfloat_with_epsilon (ends[c] / (double) rates[i],
          defined_time (c) / 1e9 + 1024 / 22050.0, 1.6 / rates[i]);
    genre_mel_spectrogram_unref (mel);
  }
}

/* A stream that goes on at another rate around the end of a column's window,
 * where windows of a whole number of samples at both rates differ, loses no
 * column. */
static void
test_rate_switch (gconstpointer data)
{
  guint rate = rates[GPOINTER_TO_SIZE (data)];
  GenreMelSpectrogram *mel = genre_mel_spectrogram_new (rate, NULL);
  gsize ends[LAST + 1], before[LAST + 1], after[8];

  push_silence (mel, 4 * rate, ends, LAST + 1);
  genre_mel_spectrogram_unref (mel);
  for (gsize i = 0; i < G_N_ELEMENTS (rates); i++) {
    for (guint column = FIRST; column < LAST; column++) {
      for (guint missing = 0; missing < 3; missing++) {
        guint n;

        mel = genre_mel_spectrogram_new (rate, NULL);
        n = push_silence (mel, ends[column] - missing, before, LAST + 1);
        g_assert_cmpuint (n, ==, missing ? column : column + 1);
        g_assert_true (genre_mel_spectrogram_set_rate (mel, rates[i], NULL));
        n = push_silence (mel, rates[i] / 5, after, 8);
        /* columns stand 70 to 93 ms apart */
        if (n < 2 || n > 4) {
          g_test_message (
              "%u columns in 200 ms from %u Hz to %u Hz, %u samples "
              "before the end of column %u",
              n, rate, rates[i], missing, column);
          g_test_fail ();
        }
        genre_mel_spectrogram_unref (mel);
      }
    }
  }
}

/* Finishing gives the columns whose windows reach past the last sample, and does
 * not change the length. */
static void
test_finish (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rates); i++) {
    GenreMelSpectrogram *mel = genre_mel_spectrogram_new (rates[i], NULL);
    GenreMelColumn column;
    gsize ends[LAST + 1];
    guint n = push_silence (mel, rates[i] / 2, ends, LAST + 1);

    g_assert_cmpuint (n, ==, 6);
    while (genre_mel_spectrogram_finish (mel, &column)) {
      g_assert_cmpfloat (column.db[0], ==, -100);
      n++;
    }
    g_assert_cmpuint (genre_mel_spectrogram_get_length (mel), ==,
        rates[i] / 2 * SECOND / rates[i]);
    g_assert_cmpuint (n, ==, genre_mel_column_at (SECOND / 2));
    g_assert_cmpuint (genre_mel_spectrogram_get_n_columns (mel), ==, n);
    genre_mel_spectrogram_unref (mel);
  }
}

/* What other languages call: the same columns, and whole frames only. */
static void
test_push_bytes (void)
{
  GenreMelSpectrogram *a = genre_mel_spectrogram_new (22050, NULL);
  GenreMelSpectrogram *b = genre_mel_spectrogram_new (22050, NULL);
  const gsize n = 22050;
  g_autofree gint16 *samples = g_new (gint16, 2 * n);
  g_autofree float *columns = NULL;
  g_autofree float *none = NULL;
  g_autoptr (GError) error = NULL;
  gsize n_values, done = 0, c = 0;
  GenreMelColumn last;

  for (gsize i = 0; i < 2 * n; i++)
    samples[i] = (gint16) (i * 7919);
  columns = genre_mel_spectrogram_push_bytes (a, GENRE_SAMPLE_S16, 2,
      (const guint8 *) samples, 4 * n, &n_values, &error);
  g_assert_no_error (error);
  while (done < n) {
    GenreMelColumn column;
    gboolean ready;

    done += genre_mel_spectrogram_push (
        b, GENRE_SAMPLE_S16, 2, samples + 2 * done, n - done, &column, &ready);
    if (ready) {
      g_assert_cmpmem (
          columns + c, sizeof column.db, column.db, sizeof column.db);
      c += GENRE_MEL_BANDS;
    }
  }
  g_assert_cmpuint (c, ==, n_values);
  g_assert_cmpuint (c, >, 10 * GENRE_MEL_BANDS);
  g_assert_null (genre_mel_spectrogram_push_bytes (
      a, GENRE_SAMPLE_S16, 2, (const guint8 *) samples, 6, &n_values, &error));
  g_assert_error (error, GENRE_ERROR, GENRE_ERROR_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (genre_mel_spectrogram_push_bytes (
      a, GENRE_SAMPLE_S16, 0, (const guint8 *) samples, 8, &n_values, &error));
  g_assert_error (error, GENRE_ERROR, GENRE_ERROR_ARGUMENT);
  g_clear_error (&error);
  /* no column is an answer, and NULL is not */
  none = genre_mel_spectrogram_push_bytes (
      a, GENRE_SAMPLE_S16, 2, (const guint8 *) samples, 4, &n_values, &error);
  g_assert_no_error (error);
  g_assert_nonnull (none);
  g_assert_cmpuint (n_values, ==, 0);
  while (genre_mel_spectrogram_finish (a, &last))
    continue;
  g_assert_null (genre_mel_spectrogram_push_bytes (
      a, GENRE_SAMPLE_S16, 2, (const guint8 *) samples, 4, &n_values, &error));
  g_assert_error (error, GENRE_ERROR, GENRE_ERROR_ARGUMENT);
  genre_mel_spectrogram_unref (a);
  genre_mel_spectrogram_unref (b);
}

static void
test_bands (void)
{
  g_assert_cmpfloat_with_epsilon (genre_mel_band_at (0), -1, 1e-9);
  g_assert_cmpfloat_with_epsilon (
      genre_mel_band_at (GENRE_MEL_F_MAX), GENRE_MEL_BANDS, 1e-9);
}

/* Products of samples that nobody hears would be denormal numbers, with which
 * processors are slow. */
static void
test_tiny_samples (void)
{
  const float levels[] = { 1e-9f, 1e-11f, 1e-40f };

  for (gsize i = 0; i < G_N_ELEMENTS (levels); i++) {
    GenreMelSpectrogram *mel = genre_mel_spectrogram_new (22050, NULL);
    float samples[4096];
    GenreMelColumn column;
    gboolean ready;

    for (gsize k = 0; k < G_N_ELEMENTS (samples); k++)
      samples[k] = k % 2 ? levels[i] : -levels[i];
    genre_mel_spectrogram_push (mel, GENRE_SAMPLE_F32, 1, samples,
        G_N_ELEMENTS (samples), &column, &ready);
    g_assert_true (ready);
    g_assert_true ((column.mean_square > 0) == (i == 0));
    genre_mel_spectrogram_unref (mel);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/melspectrogram/column-times", test_column_times);
  g_test_add_func ("/melspectrogram/column-ends", test_column_ends);
  g_test_add_func ("/melspectrogram/finish", test_finish);
  g_test_add_func ("/melspectrogram/push-bytes", test_push_bytes);
  g_test_add_func ("/melspectrogram/bands", test_bands);
  g_test_add_func ("/melspectrogram/tiny-samples", test_tiny_samples);
  for (gsize i = 0; i < G_N_ELEMENTS (rates); i++) {
    g_autofree char *name = g_strdup_printf (
        "/melspectrogram/from-%u-Hz", rates[i]);

    g_test_add_data_func (name, GSIZE_TO_POINTER (i), test_rate_switch);
  }
  g_test_set_nonfatal_assertions ();
  return g_test_run ();
}
