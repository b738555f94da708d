/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a stream does that is not whole: audio is missing in it, another piece of
 * music may begin in it, and somebody asks before a window is full. */

#include <string.h>

#include "genre/holes.h"
#include "support.h"

#define RATE 8000
#define N(ms) ((gsize) (ms) *RATE / 1000)

/* A classifier with small windows, which holds segments for up to 6 s. */
static GenreClassifier *
make_classifier (guint64 window, guint64 hop, guint64 min_window)
{
  GenreModel *model = load_small_model ();
  GenreClassifierConfig config;
  GenreClassifier *classifier;

  genre_classifier_config_init (&config);
  config.window = window * MS;
  config.hop = hop * MS;
  config.min_window = min_window * MS;
  config.max_hold = 6 * SECOND;
  classifier = genre_classifier_new (model, RATE, &config, NULL);
  g_assert_nonnull (classifier);
  genre_model_unref (model);
  return classifier;
}

static void
push (GenreClassifier *classifier, const gint16 *samples, gsize n)
{
  genre_classifier_push (classifier, GENRE_SAMPLE_S16, 1, samples, n);
}

static void
push_silence (GenreClassifier *classifier, guint64 ms)
{
  genre_classifier_push (classifier, GENRE_SAMPLE_S16, 1, NULL, N (ms));
}

/* From time to heard time, and back to nothing. */
static void
test_map (void)
{
  GenreHoles holes;

  genre_holes_init (&holes);
  g_assert_cmpuint (genre_holes_heard_at (&holes, 7), ==, 7);
  genre_holes_add (&holes, 100, 50);
  genre_holes_add (&holes, 150, 10);
  genre_holes_add (&holes, 200, 100);
  g_assert_cmpuint (holes.missing, ==, 160);
  for (guint i = 0; i < 2; i++) {
    static const guint64 times[][2] = { { 160, 100 }, { 200, 140 },
      { 250, 140 }, { 300, 140 }, { 1000, 840 } };

    for (gsize k = 0; k < G_N_ELEMENTS (times); k++)
      g_assert_cmpuint (
          genre_holes_heard_at (&holes, times[k][0]), ==, times[k][1]);
    if (i == 0) {
      g_assert_cmpuint (genre_holes_heard_at (&holes, 99), ==, 99);
      g_assert_cmpuint (genre_holes_heard_at (&holes, 120), ==, 100);
    }
    genre_holes_forget (&holes, 160);
  }
  g_assert_cmpuint (holes.holes->len, ==, 1);
  genre_holes_reset (&holes);
  g_assert_cmpuint (genre_holes_heard_at (&holes, 250), ==, 250);
  genre_holes_clear (&holes);
}

/* Columns stay where they are in the stream's time: those that do not touch the hole
 * are the same as without it, and nothing in it is silence. */
static void
test_columns (void)
{
  static const guint holes[] = { 1, 8, 77, 100, 1000, 2000 }; /* ms */
  const gsize n = N (10000), at = N (4000);
  g_autofree gint16 *samples = make_noise (n, 1);
  GenreClassifier *whole = make_classifier (10000, 0, 1000);
  GenreSegment *expected;
  gsize n_values;
  const float *columns;

  push (whole, samples, n);
  genre_classifier_finish (whole);
  expected = genre_classifier_take_segment (whole);
  columns = genre_segment_get_columns (expected, &n_values);
  g_assert_cmpuint (genre_segment_get_missing (expected), ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (holes); i++) {
    GenreClassifier *classifier = make_classifier (10000, 0, 1000);
    gsize hole = N (holes[i]), n_heard, n_touched = 0;
    GenreSegment *segment;
    const float *heard;

    push (classifier, samples, at);
    genre_classifier_skip (classifier, holes[i] * MS);
    push (classifier, samples + at + hole, n - at - hole);
    g_assert_cmpuint (
        genre_classifier_get_length (classifier), ==, 10 * SECOND);
    genre_classifier_finish (classifier);
    segment = genre_classifier_take_segment (classifier);
    g_assert_cmpuint (genre_segment_get_duration (segment), ==, 10 * SECOND);
    g_assert_cmpuint (genre_segment_get_missing (segment), ==, holes[i] * MS);
    g_assert_false (genre_segment_is_partial (segment));
    heard = genre_segment_get_columns (segment, &n_heard);
    g_assert_cmpuint (n_heard, ==, n_values);
    for (gsize c = 0; c < n_values; c += GENRE_MEL_BANDS) {
      float loudest = -100;

      n_touched += memcmp (heard + c, columns + c,
                       GENRE_MEL_BANDS * sizeof (float)) != 0;
      for (gsize b = 0; b < GENRE_MEL_BANDS; b++)
        loudest = MAX (loudest, heard[c + b]);
      g_assert_cmpfloat (loudest, >, -20);
    }
    /* an STFT window is 93 ms */
    g_assert_cmpuint (n_touched, >, 0);
    g_assert_cmpuint (n_touched, <=, (holes[i] + 93) / 77 + 1);
    genre_segment_unref (segment);
    g_assert_cmpuint (genre_classifier_get_discarded (classifier), ==, 0);
    genre_classifier_unref (classifier);
  }
  genre_segment_unref (expected);
  genre_classifier_unref (whole);
}

/* Windows stay where they are; one of which less than half was heard is left out. */
static void
test_windows (void)
{
  GenreClassifier *classifier = make_classifier (4000, 0, 2000);

  push_silence (classifier, 3000);
  genre_classifier_skip (classifier, 2000 * MS); /* 1 s in each window */
  push_silence (classifier, 3500);               /* 0.5 s into the third */
  genre_classifier_skip (classifier, 2100 * MS);
  push_silence (classifier, 1900);
  genre_classifier_skip (classifier, 500 * MS); /* 1 s into the fourth */
  push_silence (classifier, 2000);
  genre_classifier_finish (classifier);
  g_assert_cmpuint (genre_classifier_get_length (classifier), ==, 15000 * MS);
  assert_segment (
      genre_classifier_take_segment (classifier), 0, 4 * SECOND, FALSE);
  assert_segment (genre_classifier_take_segment (classifier), 4 * SECOND,
      4 * SECOND, FALSE);
  assert_segment (genre_classifier_take_segment (classifier), 12 * SECOND,
      3 * SECOND, TRUE);
  g_assert_null (genre_classifier_take_segment (classifier));
  /* the third has 0.5 s and 1.4 s */
  g_assert_cmpuint (genre_classifier_get_discarded (classifier), ==, 1900 * MS);
  genre_classifier_unref (classifier);
}

/* Audio that is in no segment is counted, whatever the reason. */
static void
test_discarded (void)
{
  GenreClassifier *classifier = make_classifier (4000, 5000, 2000);

  push_silence (classifier, 15000 + 1500);
  genre_classifier_finish (classifier); /* 1 s between, and 1.5 s */
  for (guint i = 0; i < 3; i++)
    assert_segment (genre_classifier_take_segment (classifier), i * 5 * SECOND,
        4 * SECOND, FALSE);
  g_assert_null (genre_classifier_take_segment (classifier));
  g_assert_cmpuint (genre_classifier_get_discarded (classifier), ==, 4500 * MS);
  genre_classifier_reset (classifier);
  push_silence (classifier, 3000);
  genre_classifier_reset (classifier);
  g_assert_cmpuint (genre_classifier_get_discarded (classifier), ==, 7500 * MS);
  genre_classifier_unref (classifier);
}

/* Segments are held back until it is clear whether another piece has begun. */
static void
test_hold (void)
{
  for (guint split = 0; split < 2; split++) {
    GenreClassifier *classifier = make_classifier (4000, 2000, 1000);

    push_silence (classifier, 7500);
    assert_segment (
        genre_classifier_take_segment (classifier), 0, 4 * SECOND, FALSE);
    assert_segment (genre_classifier_take_segment (classifier), 2 * SECOND,
        4 * SECOND, FALSE);
    genre_classifier_hold (classifier);
    push_silence (classifier, 5500); /* until 13 s */
    g_assert_null (genre_classifier_take_segment (classifier));
    g_assert_cmpuint (genre_classifier_get_held (classifier), ==, 5500 * MS);
    if (split) {
      genre_classifier_split (classifier);
      assert_segment (genre_classifier_take_segment (classifier), 4 * SECOND,
          3500 * MS, TRUE);
      g_assert_null (genre_classifier_take_segment (classifier));
    }
    genre_classifier_release (classifier);
    g_assert_cmpuint (genre_classifier_get_held (classifier), ==, 0);
    if (split) {
      assert_segment (genre_classifier_take_segment (classifier), 7500 * MS,
          4 * SECOND, FALSE);
    } else {
      for (guint i = 2; i < 5; i++)
        assert_segment (genre_classifier_take_segment (classifier),
            i * 2 * SECOND, 4 * SECOND, FALSE);
    }
    g_assert_null (genre_classifier_take_segment (classifier));
    genre_classifier_unref (classifier);
  }
}

/* A window that is full where the other piece begins is whole, although its last
 * columns need samples of that. */
static void
test_split_of_full_window (void)
{
  GenreClassifier *classifier = make_classifier (4000, 0, 1000);

  push_silence (classifier, 4001);
  g_assert_null (genre_classifier_take_segment (classifier));
  genre_classifier_hold (classifier);
  genre_classifier_split (classifier);
  assert_segment (
      genre_classifier_take_segment (classifier), 0, 4 * SECOND, FALSE);
  g_assert_null (genre_classifier_take_segment (classifier));
  g_assert_cmpuint (genre_classifier_get_discarded (classifier), ==, MS);
  genre_classifier_release (classifier);
  push_silence (classifier, 4100);
  assert_segment (
      genre_classifier_take_segment (classifier), 4001 * MS, 4 * SECOND, FALSE);
  genre_classifier_unref (classifier);
}

/* Nothing is lost if nobody decides in time. */
static void
test_expired_hold (void)
{
  g_autofree gint16 *samples = make_noise (N (20000), 2);
  GenreClassifier *held = make_classifier (4000, 0, 1000);
  GenreClassifier *other = make_classifier (4000, 0, 1000);
  g_autoptr (GByteArray) expected = NULL, actual = NULL;

  genre_classifier_hold (held);
  for (gsize i = 0; i < 20; i++)
    push (held, samples + i * N (1000), N (1000));
  g_assert_cmpuint (genre_classifier_get_held (held), ==, 0);
  actual = take_all (held);
  push (other, samples, N (20000));
  expected = take_all (other);
  assert_same (actual, expected);
  genre_classifier_unref (held);
  genre_classifier_unref (other);
}

/* A snapshot has the columns that are there, and takes nothing away. */
static void
test_peek (void)
{
  g_autofree gint16 *samples = make_noise (N (20000), 3);
  GenreClassifier *classifier = make_classifier (10000, 0, 5000);
  GenreSegment *early, *full;
  gsize n_early, n_full;
  const float *columns;

  push (classifier, samples, N (5000) - 1);
  g_assert_null (genre_classifier_peek_segment (classifier));
  push (classifier, samples + N (5000) - 1, N (2000) + 1);
  early = genre_classifier_peek_segment (classifier);
  columns = genre_segment_get_columns (early, &n_early);
  g_assert_cmpuint (genre_segment_get_start (early), ==, 0);
  g_assert_cmpuint (genre_segment_get_duration (early), ==, 7 * SECOND);
  g_assert_true (genre_segment_is_partial (early));
  g_assert_cmpuint (n_early / GENRE_MEL_BANDS, >=, 89);
  push (classifier, samples + N (7000), N (5000));
  full = genre_classifier_take_segment (classifier);
  g_assert_cmpmem (columns, n_early * sizeof (float),
      genre_segment_get_columns (full, &n_full), n_early * sizeof (float));
  /* the second window */
  g_assert_null (genre_classifier_peek_segment (classifier));
  push (classifier, samples + N (12000), N (4000));
  assert_segment (genre_classifier_peek_segment (classifier), 10 * SECOND,
      6 * SECOND, TRUE);
  genre_segment_unref (early);
  genre_segment_unref (full);
  genre_classifier_unref (classifier);
}

/* The model that ships knows noise from music; one without "other" does not. */
static void
test_music (void)
{
  GenreClassifier *classifier = new_classifier (
      load_model (), 22050, 6 * SECOND, 0, 0);
  GenreClassifier *small = new_classifier (
      load_small_model (), 22050, 6 * SECOND, 0, 0);
  GenreSegment *segment = make_segment (classifier, 1);
  g_autoptr (GenrePrediction)
      prediction = genre_classifier_analyse (classifier, segment, NULL);
  g_autoptr (GenrePrediction)
      others = genre_classifier_analyse (small, segment, NULL);
  g_autofree float *plain = genre_classifier_classify (
      classifier, segment, NULL, NULL);
  const float *probabilities;
  gsize n;

  probabilities = genre_prediction_get_values (prediction, 0, &n);
  assert_probabilities (probabilities, n);
  g_assert_cmpmem (probabilities, n * 4, plain, n * 4);
  g_assert_cmpfloat (genre_prediction_get_music (prediction), >=, 0);
  g_assert_cmpfloat (genre_prediction_get_music (prediction), <, 0.5);
  probabilities = genre_prediction_get_values (others, 0, &n);
  assert_probabilities (probabilities, n);
  g_assert_cmpfloat (genre_prediction_get_music (others), ==, 1);
  genre_segment_unref (segment);
  genre_classifier_unref (classifier);
  genre_classifier_unref (small);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/holes/map", test_map);
  g_test_add_func ("/holes/columns", test_columns);
  g_test_add_func ("/holes/windows", test_windows);
  g_test_add_func ("/holes/discarded", test_discarded);
  g_test_add_func ("/holes/hold", test_hold);
  g_test_add_func ("/holes/hold/full", test_split_of_full_window);
  g_test_add_func ("/holes/hold/expired", test_expired_hold);
  g_test_add_func ("/holes/peek", test_peek);
  g_test_add_func ("/holes/music", test_music);
  return g_test_run ();
}
