/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Streams whose sample rate changes. */

#include <math.h>

#include "fixture.h"
#include "support.h"

static void
test_set_rate_arguments (void)
{
  GenreClassifier *classifier = new_classifier (
      load_small_model (), 44100, 4 * SECOND, 0, 0);
  GError *error = NULL;
  gboolean ok;

  genre_classifier_push (classifier, GENRE_SAMPLE_F32, 1, NULL, 44100);
  ok = genre_classifier_set_rate (classifier, 3999, &error);
  assert_argument_error (ok, error, "3999 Hz");
  error = NULL;
  ok = genre_classifier_set_rate (classifier, 384001, &error);
  assert_argument_error (ok, error, "384001 Hz");
  /* and the rate is what it was */
  genre_classifier_push (classifier, GENRE_SAMPLE_F32, 1, NULL, 44100);
  g_assert_cmpuint (genre_classifier_get_length (classifier), ==, 2 * SECOND);
  genre_classifier_unref (classifier);
}

/* The segment under way goes on at the other rate. */
static void
test_set_rate (void)
{
  static const guint rates[] = { 44100, 48000, 8000, 192000, 4000, 22050 };
  GenreClassifier *classifier = new_classifier (
      load_small_model (), 96000, 10 * SECOND, 0, 0);
  GenreSegment *segment;
  gsize n_columns;

  genre_classifier_push (classifier, GENRE_SAMPLE_F32, 1, NULL, 2 * 96000);
  for (gsize i = 0; i < G_N_ELEMENTS (rates); i++) {
    g_assert_true (genre_classifier_set_rate (classifier, rates[i], NULL));
    genre_classifier_push (classifier, GENRE_SAMPLE_F32, 1, NULL, 3 * rates[i]);
    g_assert_cmpuint (genre_classifier_get_length (classifier), ==,
        (2 + 3 * (i + 1)) * SECOND);
  }
  genre_classifier_finish (classifier);
  segment = genre_classifier_take_segment (classifier);
  genre_segment_get_columns (segment, &n_columns);
  g_assert_cmpuint (n_columns, ==, 129 * GENRE_MEL_BANDS);
  assert_segment (segment, 0, 10 * SECOND, FALSE);
  assert_segment (genre_classifier_take_segment (classifier), 10 * SECOND,
      10 * SECOND, FALSE);
  g_assert_null (genre_classifier_take_segment (classifier));

  /* a reset keeps the rate */
  genre_classifier_reset (classifier);
  genre_classifier_push (classifier, GENRE_SAMPLE_F32, 1, NULL, 22050);
  g_assert_cmpuint (genre_classifier_get_length (classifier), ==, SECOND);
  genre_classifier_unref (classifier);
}

/* However often it changes, and after any number of samples, each change costs
 * at most the fraction of a nanosecond. */
static void
test_set_rate_often (void)
{
  static const guint rates[] = { 44100, 48000, 12000, 384000, 11025, 4011 };
  GenreClassifier *classifier = new_classifier (
      load_small_model (), 4000, 3 * SECOND, 0, 0);
  double exact = 0;
  guint n_segments = 0;
  guint64 length;
  GenreSegment *segment;

  for (guint i = 0; i < 600; i++) {
    guint rate = rates[i % G_N_ELEMENTS (rates)];
    guint n = rate / 100 + i * 37 % 1009;

    genre_classifier_set_rate (classifier, rate, NULL);
    genre_classifier_push (classifier, GENRE_SAMPLE_S16, 2, NULL, n);
    exact += (double) n / rate * SECOND;
    length = genre_classifier_get_length (classifier);
    g_assert_cmpfloat (fabs (length - exact), <=, i + 1);
  }
  genre_classifier_finish (classifier);
  while ((segment = genre_classifier_take_segment (classifier))) {
    g_assert_cmpuint (
        genre_segment_get_start (segment), ==, n_segments++ * 3 * SECOND);
    genre_segment_unref (segment);
  }
  g_assert_cmpuint (n_segments, ==, (length - 1) / (3 * SECOND) + 1);
  genre_classifier_unref (classifier);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rate/arguments", test_set_rate_arguments);
  g_test_add_func ("/rate/change", test_set_rate);
  g_test_add_func ("/rate/many-changes", test_set_rate_often);
  return fixture_run ();
}
