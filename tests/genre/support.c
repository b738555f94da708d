/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "support.h"

#include <string.h>

#include "fixture.h"

GenreModel *
load_model (void)
{
  g_autofree char *path = fixture_shipped_model ();
  g_autoptr (GError) error = NULL;
  GenreModel *model = genre_model_load (path, &error);

  if (!model)
    g_error ("%s", error->message);
  return model;
}

GenreModel *
load_small_model (void)
{
  g_autofree char *path = fixture_write_model ("small", NULL, NULL);
  g_autoptr (GError) error = NULL;
  GenreModel *model = genre_model_load (path, &error);

  if (!model)
    g_error ("%s", error->message);
  return model;
}

GenreClassifier *
new_classifier (GenreModel *model, guint rate, guint64 window, guint64 hop,
    guint64 min_window)
{
  g_autoptr (GError) error = NULL;
  const GenreClassifierConfig config = {
    .window = window, .hop = hop, .min_window = min_window
  };
  GenreClassifier *classifier = genre_classifier_new (
      model, rate, &config, &error);

  if (!classifier)
    g_error ("%s", error->message);
  genre_model_unref (model);
  return classifier;
}

gint16 *
make_noise (gsize n, guint32 seed)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  gint16 *noise = g_new (gint16, n);

  for (gsize i = 0; i < n; i++)
    noise[i] = g_rand_int_range (rand, -32768, 32768);
  return noise;
}

static gboolean
take_probabilities (float *result, gsize n, float *probabilities)
{
  if (!result)
    return FALSE;
  memcpy (probabilities, result, n * sizeof *result);
  g_free (result);
  return TRUE;
}

gboolean
classify (GenreClassifier *classifier, const GenreSegment *segment,
    float *probabilities, GError **error)
{
  gsize n;
  float *result = genre_classifier_classify (classifier, segment, &n, error);

  return take_probabilities (result, n, probabilities);
}

gboolean
predict (GenreClassifier *classifier, const float *columns, gsize n_columns,
    float *probabilities, GError **error)
{
  gsize n;
  float *result = genre_classifier_predict (
      classifier, columns, n_columns, &n, error);

  return take_probabilities (result, n, probabilities);
}

GenreSegment *
make_segment (GenreClassifier *classifier, guint32 seed)
{
  const gsize n = 6 * 22050;
  g_autofree gint16 *noise = make_noise (n, seed);

  for (gsize i = 1; i < n; i++)
    noise[i] = noise[i - 1] * 0.9 + noise[i] * 0.1;
  genre_classifier_reset (classifier);
  genre_classifier_push (classifier, GENRE_SAMPLE_S16, 1, noise, n);
  genre_classifier_finish (classifier);
  return genre_classifier_take_segment (classifier);
}

GByteArray *
take_all (GenreClassifier *classifier)
{
  GByteArray *bytes = g_byte_array_new ();
  GenreSegment *segment;

  while ((segment = genre_classifier_take_segment (classifier))) {
    guint64 start = genre_segment_get_start (segment);
    guint64 duration = genre_segment_get_duration (segment);
    gboolean partial = genre_segment_is_partial (segment);
    double level = genre_segment_get_level (segment);
    gsize n;
    const float *columns = genre_segment_get_columns (segment, &n);

    g_byte_array_append (bytes, (const guint8 *) &start, sizeof start);
    g_byte_array_append (bytes, (const guint8 *) &duration, sizeof duration);
    g_byte_array_append (bytes, (const guint8 *) &partial, sizeof partial);
    g_byte_array_append (bytes, (const guint8 *) &level, sizeof level);
    g_byte_array_append (bytes, (const guint8 *) columns, n * sizeof *columns);
    genre_segment_unref (segment);
  }
  return bytes;
}

void
assert_same (GByteArray *a, GByteArray *b)
{
  /* g_assert_cmpmem would say as much, in megabytes */
  g_assert_cmpuint (a->len, ==, b->len);
  g_assert_true (a->len == b->len && !memcmp (a->data, b->data, a->len));
}

void
assert_segment (
    GenreSegment *segment, guint64 start, guint64 duration, gboolean partial)
{
  g_assert_nonnull (segment);
  if (!segment)
    return;
  g_assert_cmpuint (genre_segment_get_start (segment), ==, start);
  g_assert_cmpuint (genre_segment_get_duration (segment), ==, duration);
  g_assert_cmpint (genre_segment_is_partial (segment), ==, partial);
  genre_segment_unref (segment);
}

void
assert_probabilities (const float *probabilities, guint n)
{
  double sum = 0;

  for (guint i = 0; i < n; i++) {
    g_assert_true (probabilities[i] >= 0 && probabilities[i] <= 1);
    sum += probabilities[i];
  }
  g_assert_cmpfloat_with_epsilon (sum, 1, 1e-5);
}

void
assert_argument_error (gboolean result, GError *error, const char *word)
{
  g_assert_false (result);
  g_assert_error (error, GENRE_ERROR, GENRE_ERROR_ARGUMENT);
  if (error)
    g_assert_nonnull (strstr (error->message, word));
  g_clear_error (&error);
}
