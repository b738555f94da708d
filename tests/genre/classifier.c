/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A classifier: its arguments, chunks, reset and probabilities. */

#include <math.h>

#include "fixture.h"
#include "genre/standardise.h"
#include "support.h"

static GByteArray *
analyse_in_chunks (const gint16 *samples, gsize n, gsize chunk)
{
  GenreClassifier *classifier = new_classifier (
      load_small_model (), 44100, 4 * SECOND, 1500 * MS, 0);
  GByteArray *result;

  while (n > 0) {
    gsize part = MIN (n, chunk);

    genre_classifier_push (classifier, GENRE_SAMPLE_S16, 1, samples, part);
    samples += part;
    n -= part;
  }
  genre_classifier_finish (classifier);
  result = take_all (classifier);
  genre_classifier_unref (classifier);
  return result;
}

static void
test_chunks (void)
{
  static const gsize chunks[] = { 1, 7, 1024, 1025, 100000 };
  gsize n = 9 * 44100 + 17;
  g_autofree gint16 *noise = make_noise (n, 1);
  g_autoptr (GByteArray) whole = analyse_in_chunks (noise, n, n);

  for (gsize i = 0; i < G_N_ELEMENTS (chunks); i++) {
    g_autoptr (GByteArray) result = analyse_in_chunks (noise, n, chunks[i]);

    assert_same (result, whole);
  }
}

static void
push_noise (GenreClassifier *classifier, guint32 seed)
{
  g_autofree gint16 *noise = make_noise (5 * 44100, seed);

  genre_classifier_push (classifier, GENRE_SAMPLE_S16, 1, noise, 5 * 44100);
}

/* After a reset nothing is left of what was before. */
static void
test_reset (void)
{
  GenreClassifier *classifier = new_classifier (
      load_small_model (), 44100, 4 * SECOND, 0, 0);
  g_autoptr (GByteArray) first = NULL;

  push_noise (classifier, 1);
  genre_classifier_finish (classifier);
  first = take_all (classifier);

  for (guint i = 0; i < 3; i++) {
    g_autoptr (GByteArray) again = NULL;
    g_autoptr (GError) error = NULL;

    genre_classifier_reset (classifier);
    push_noise (classifier, 2);
    if (i == 1)
      genre_classifier_finish (classifier);
    genre_classifier_reset (classifier);
    g_assert_cmpuint (genre_classifier_get_length (classifier), ==, 0);
    g_assert_null (genre_classifier_take_segment (classifier));
    push_noise (classifier, 1);
    genre_classifier_finish (classifier);
    g_assert_false (genre_classifier_push_bytes (
        classifier, GENRE_SAMPLE_S16, 1, (const guint8 *) "1234", 4, &error));
    g_assert_error (error, GENRE_ERROR, GENRE_ERROR_ARGUMENT);
    again = take_all (classifier);
    assert_same (again, first);
  }
  genre_classifier_unref (classifier);
}

static void
test_new_arguments (void)
{
  static const struct
  {
    guint rate;
    guint64 window;
    const char *word; /* NULL: good */
  } cases[] = {
    { 4000, 3 * SECOND, NULL },
    { 384000, 300 * SECOND, NULL },
    { 0, 30 * SECOND, "0 Hz" },
    { 3999, 30 * SECOND, "3999 Hz, expected 4000 to 384000" },
    { 384001, 30 * SECOND, "384001 Hz" },
    { G_MAXUINT, 30 * SECOND, "4294967295 Hz" },
    { 44100, 0, "window of 0 s" },
    { 44100, 3 * SECOND - 1, "expected 3 to 300" },
    { 44100, 300 * SECOND + 1, "expected 3 to 300" },
    { 44100, G_MAXUINT64, "expected 3 to 300" },
  };
  GenreModel *model = load_model ();

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    GError *error = NULL;
    const GenreClassifierConfig config = { .window = cases[i].window };
    GenreClassifier *classifier = genre_classifier_new (
        model, cases[i].rate, &config, &error);

    if (cases[i].word)
      assert_argument_error (classifier != NULL, error, cases[i].word);
    else
      g_assert_no_error (error);
    genre_classifier_unref (classifier);
  }
  genre_model_unref (model);
}

/* The network needs 100 columns, 7.75 s. */
static void
test_window_too_short_for_network (void)
{
  g_autofree char *path = fixture_write_model ("pooled", "layers",
      "[{`type`:`max_pool`,`bands`:1,`frames`:100},{`type`:`mean`},"
      "{`type`:`dense`,`name`:`dense`,`units`:2},{`type`:`softmax`}]");
  GError *error = NULL;
  GenreModel *model = genre_model_load (path, &error);
  GenreClassifierConfig config = { 0 };
  GenreClassifier *classifier;

  g_assert_no_error (error);
  config.window = 7 * SECOND;
  classifier = genre_classifier_new (model, 44100, &config, &error);
  assert_argument_error (classifier != NULL, error, "needs 7.75");
  error = NULL;
  config.window = 8 * SECOND;
  classifier = genre_classifier_new (model, 44100, &config, &error);
  g_assert_no_error (error);
  genre_classifier_unref (classifier);
  genre_model_unref (model);
}

static void
test_predict_arguments (void)
{
  GenreModel *model = load_model ();
  gsize min = genre_mel_column_at (genre_model_get_min_window (model));
  guint n_labels = genre_model_get_n_labels (model);
  GenreClassifier *classifier = new_classifier (model, 44100, 3 * SECOND, 0, 0);
  const gsize too_many = 3872;
  g_autofree float *columns = g_new0 (float, too_many *GENRE_MEL_BANDS);
  g_autofree float *probabilities = g_new (float, n_labels);
  GError *error = NULL;
  gboolean ok;

  ok = predict (classifier, columns, min - 1, probabilities, &error);
  assert_argument_error (ok, error, "columns, expected");
  error = NULL;
  ok = predict (classifier, columns, too_many, probabilities, &error);
  assert_argument_error (ok, error, "3872 columns");
  error = NULL;
  /* longer than its own window, as for 30 s read from a file */
  ok = predict (classifier, columns, 387, probabilities, &error);
  g_assert_no_error (error);
  assert_probabilities (probabilities, n_labels);
  ok = predict (classifier, columns, min, probabilities, &error);
  g_assert_no_error (error);
  g_assert_true (ok);
  assert_probabilities (probabilities, n_labels);
  genre_classifier_unref (classifier);
}

/* predict is what classify does after the front end, and neither cares for the
 * gain. */
static void
test_predict (void)
{
  GenreModel *model = load_model ();
  guint n_labels = genre_model_get_n_labels (model);
  GenreClassifier *classifier = new_classifier (model, 22050, 6 * SECOND, 0, 0);
  GenreSegment *segment = make_segment (classifier, 1);
  gsize n_values;
  const float *columns = genre_segment_get_columns (segment, &n_values);
  gsize n = n_values / GENRE_MEL_BANDS;
  g_autofree float *louder = g_new (float, n_values);
  g_autofree float *classified = g_new (float, n_labels);
  g_autofree float *predicted = g_new (float, n_labels);

  g_assert_true (classify (classifier, segment, classified, NULL));
  assert_probabilities (classified, n_labels);
  g_assert_true (predict (classifier, columns, n, predicted, NULL));
  g_assert_cmpmem (predicted, n_labels * 4, classified, n_labels * 4);

  for (gsize i = 0; i < n_values; i++)
    louder[i] = columns[i] + 25;
  g_assert_true (predict (classifier, louder, n, predicted, NULL));
  /* fast kernels may compute with rounded numbers, and these round otherwise */
  for (guint i = 0; i < n_labels; i++)
    g_assert_cmpfloat_with_epsilon (predicted[i], classified[i], 2e-4);
  genre_segment_unref (segment);
  genre_classifier_unref (classifier);
}

/* What other languages call: bytes from anywhere, of whole columns.  With an error
 * there are no probabilities. */
static void
test_predict_bytes (void)
{
  GenreClassifier *classifier = new_classifier (
      load_model (), 22050, 6 * SECOND, 0, 0);
  GenreSegment *segment = make_segment (classifier, 1);
  gsize n_values, n;
  const float *columns = genre_segment_get_columns (segment, &n_values);
  const gsize size = n_values * sizeof (float);
  g_autofree guint8 *bytes = g_malloc (size + 1);
  g_autofree float *expected = genre_classifier_classify (
      classifier, segment, &n, NULL);
  g_autofree float *predicted = NULL;
  g_autoptr (GenrePrediction) analysed = NULL;
  g_autoptr (GError) error = NULL;

  memcpy (bytes + 1, columns, size);
  predicted = genre_classifier_predict_bytes (
      classifier, bytes + 1, size, &n, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (predicted, n * 4, expected, n * 4);
  analysed = genre_classifier_analyse_bytes (
      classifier, bytes + 1, size, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (
      genre_prediction_get_values (analysed, 0, NULL), n * 4, expected, n * 4);
  g_assert_null (genre_classifier_predict_bytes (
      classifier, bytes + 1, size - 4, &n, &error));
  g_assert_error (error, GENRE_ERROR, GENRE_ERROR_ARGUMENT);
  g_assert_cmpuint (n, ==, 0);
  g_clear_error (&error);
  n = 1;
  g_assert_null (genre_classifier_predict (classifier, columns, 0, &n, &error));
  g_assert_error (error, GENRE_ERROR, GENRE_ERROR_ARGUMENT);
  g_assert_cmpuint (n, ==, 0);
  genre_segment_unref (segment);
  genre_classifier_unref (classifier);
}

/* Numbers of columns that fill no square and no part: what the formula gives. */
static void
test_standardise (void)
{
  for (gsize n_columns = 1; n_columns < 40; n_columns++) {
    const gsize n = n_columns * GENRE_MEL_BANDS;
    g_autofree gint16 *noise = make_noise (n, n_columns);
    g_autofree float *columns = g_new (float, n);
    g_autofree float *input = g_new (float, n);
    double max = -INFINITY, sum = 0, square = 0, deviation;

    for (gsize i = 0; i < n; i++) {
      columns[i] = noise[i] / 500.0;
      max = MAX (max, columns[i]);
    }
    columns[1] = NAN; /* counts as the lowest */
    genre_standardise (columns, n_columns, input);
    columns[1] = -1000;
    for (gsize i = 0; i < n; i++) {
      columns[i] = MAX (columns[i], max - GENRE_MEL_TOP_DB);
      sum += columns[i];
      square += (double) columns[i] * columns[i];
    }
    deviation = sqrt (square / n - sum / n * sum / n) + 1e-5;
    for (gsize c = 0; c < n_columns; c++)
      for (gsize band = 0; band < GENRE_MEL_BANDS; band++)
        g_assert_cmpfloat_with_epsilon (input[band * n_columns + c],
            (columns[c * GENRE_MEL_BANDS + band] - sum / n) / deviation, 2e-6);
  }
}

static void
assert_same_prediction (GenrePrediction *a, GenrePrediction *b, guint n_heads)
{
  gsize n, n_other;
  const float *values, *other;

  for (guint head = 0; head < n_heads; head++) {
    values = genre_prediction_get_values (a, head, &n);
    other = genre_prediction_get_values (b, head, &n_other);
    g_assert_cmpmem (values, n * 4, other, n_other * 4);
  }
  values = genre_prediction_get_embedding (a, &n);
  other = genre_prediction_get_embedding (b, &n_other);
  g_assert_cmpmem (values, n * 4, other, n_other * 4);
  g_assert_cmpfloat (
      genre_prediction_get_music (a), ==, genre_prediction_get_music (b));
}

/* Segments together give, to the bit, what each gives alone; all or none. */
static void
test_batch (void)
{
  enum
  {
    N = 3
  };
  GenreModel *model = load_model ();
  const guint n_heads = genre_model_get_n_heads (model);
  GenreClassifier *classifier = new_classifier (model, 22050, 6 * SECOND, 0, 0);
  GenreSegment *segments[N];
  g_autoptr (GPtrArray) all = NULL, none = NULL;
  g_autoptr (GError) error = NULL;

  push_noise (classifier, 1);
  push_noise (classifier, 2);
  push_noise (classifier, 3);
  genre_classifier_finish (classifier);
  for (guint i = 0; i < N; i++) {
    segments[i] = genre_classifier_take_segment (classifier);
    g_assert_nonnull (segments[i]);
  }
  all = genre_classifier_analyse_batch (classifier, segments, N, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (all->len, ==, N);
  for (guint i = 0; i < N; i++) {
    g_autoptr (GenrePrediction)
        alone = genre_classifier_analyse (classifier, segments[i], &error);

    g_assert_no_error (error);
    assert_same_prediction (all->pdata[i], alone, n_heads);
  }
  none = genre_classifier_analyse_batch (classifier, NULL, 0, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (none->len, ==, 0);

  genre_classifier_set_cancelled (classifier, TRUE);
  g_assert_null (
      genre_classifier_analyse_batch (classifier, segments, N, &error));
  g_assert_error (error, GENRE_ERROR, GENRE_ERROR_CANCELLED);
  for (guint i = 0; i < N; i++)
    genre_segment_unref (segments[i]);
  genre_classifier_unref (classifier);
}

/* The level at which the network is tried when it is loaded is not that of
 * every window. */
static void
test_overflow (void)
{
  g_autofree char *path = fixture_write_model ("pair", "layers",
      "[{`type`:`mean`},{`type`:`dense`,`name`:`pair`,`units`:2},"
      "{`type`:`softmax`}]");
  g_autoptr (GError) error = NULL;
  GenreModel *model = genre_model_load (path, &error);
  GenreClassifier *classifier;
  float columns[40 * GENRE_MEL_BANDS], probabilities[2];

  g_assert_no_error (error);
  classifier = new_classifier (model, 22050, 30 * SECOND, 0, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (columns); i++)
    columns[i] = i % GENRE_MEL_BANDS < 2 ? 0 : -60;
  g_assert_false (predict (classifier, columns, 40, probabilities, &error));
  g_assert_error (error, GENRE_ERROR, GENRE_ERROR_FORMAT);
  genre_classifier_unref (classifier);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/classifier/chunks", test_chunks);
  g_test_add_func ("/classifier/reset", test_reset);
  g_test_add_func ("/classifier/arguments/new", test_new_arguments);
  g_test_add_func ("/classifier/arguments/window-too-short",
      test_window_too_short_for_network);
  g_test_add_func ("/classifier/arguments/predict", test_predict_arguments);
  g_test_add_func ("/classifier/predict", test_predict);
  g_test_add_func ("/classifier/predict-bytes", test_predict_bytes);
  g_test_add_func ("/classifier/standardise", test_standardise);
  g_test_add_func ("/classifier/batch", test_batch);
  g_test_add_func ("/classifier/overflow", test_overflow);
  return fixture_run ();
}
