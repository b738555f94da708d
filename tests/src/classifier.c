/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The public interface, from samples to probabilities. */

#include "genre/melspectrogram.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"

#define MS G_GUINT64_CONSTANT (1000000)
#define SECOND G_GUINT64_CONSTANT (1000000000)
#define MAX_LABELS 1024 /* that a model can have */

/* The model that ships. */
static GenreModel *
load_model (void)
{
  g_autofree char *path = fixture_shipped_model ();
  g_autoptr (GError) error = NULL;
  GenreModel *model = genre_model_load (path, &error);

  if (!model)
    g_error ("%s", error->message);
  return model;
}

/* One of few weights, for tests of anything but them; accepts any window. */
static GenreModel *
load_small_model (void)
{
  g_autofree char *path = fixture_write_model ("small", NULL, NULL);
  g_autoptr (GError) error = NULL;
  GenreModel *model = genre_model_load (path, &error);

  if (!model)
    g_error ("%s", error->message);
  return model;
}

/* A classifier that holds the only reference to @model. */
static GenreClassifier *
new_classifier (GenreModel *model, guint rate, guint64 window, guint64 hop,
    guint64 min_window)
{
  g_autoptr (GError) error = NULL;
  GenreClassifier *classifier = genre_classifier_new (
      model, rate, window, hop, min_window, &error);

  if (!classifier)
    g_error ("%s", error->message);
  genre_model_unref (model);
  return classifier;
}

/* Noise in full scale, 16 bits. */
static gint16 *
make_noise (gsize n, guint32 seed)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  gint16 *noise = g_new (gint16, n);

  for (gsize i = 0; i < n; i++)
    noise[i] = g_rand_int_range (rand, -32768, 32768);
  return noise;
}

/* All that the segments say, in bytes; takes them. */
static GByteArray *
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
    g_byte_array_append (
        bytes, (const guint8 *) columns, n * GENRE_MEL_BANDS * sizeof *columns);
    genre_segment_free (segment);
  }
  return bytes;
}

static void
assert_same (GByteArray *a, GByteArray *b)
{
  /* g_assert_cmpmem would say as much, in megabytes */
  g_assert_cmpuint (a->len, ==, b->len);
  g_assert_true (a->len == b->len && !memcmp (a->data, b->data, a->len));
}

static void
assert_segment (
    GenreSegment *segment, guint64 start, guint64 duration, gboolean partial)
{
  g_assert_nonnull (segment);
  if (!segment)
    return;
  g_assert_cmpuint (genre_segment_get_start (segment), ==, start);
  g_assert_cmpuint (genre_segment_get_duration (segment), ==, duration);
  g_assert_cmpint (genre_segment_is_partial (segment), ==, partial);
  genre_segment_free (segment);
}

static void
assert_probabilities (const float *probabilities, guint n)
{
  double sum = 0;

  for (guint i = 0; i < n; i++) {
    g_assert_true (probabilities[i] >= 0 && probabilities[i] <= 1);
    sum += probabilities[i];
  }
  g_assert_cmpfloat_with_epsilon (sum, 1, 1e-5);
}

/* Streams of @ms milliseconds, and @samples samples more, and what segments
 * they give, in milliseconds; the last one takes the samples. */
static const struct
{
  const char *name;
  guint64 window, hop, min_window;
  guint64 ms;
  guint samples;
  guint n;
  struct
  {
    guint64 start, duration;
    gboolean partial;
  } segments[6];
} streams[] = {
  { "nothing", 30000, 0, 0, 0, 0, 0, { { 0 } } },
  { "full", 30000, 0, 5000, 30000, 0, 1, { { 0, 30000, FALSE } } },
  { "full-and-a-sample", 30000, 0, 5000, 30000, 1, 1, { { 0, 30000, FALSE } } },
  { "full-and-min-window", 30000, 0, 5000, 35000, 0, 2,
      { { 0, 30000, FALSE }, { 30000, 5000, TRUE } } },
  { "short", 30000, 0, 5000, 4900, 0, 0, { { 0 } } },
  { "min-window", 30000, 0, 5000, 5000, 0, 1, { { 0, 5000, TRUE } } },
  { "min-window-and-a-sample", 30000, 0, 5000, 5000, 1, 1,
      { { 0, 5000, TRUE } } },
  { "short-without-minimum", 30000, 0, 0, 4900, 0, 1, { { 0, 4900, TRUE } } },
  { "two-and-a-bit", 30000, 0, 5000, 65000, 0, 3,
      { { 0, 30000, FALSE }, { 30000, 30000, FALSE }, { 60000, 5000, TRUE } } },
  { "two-and-less", 30000, 0, 5000, 64000, 0, 2,
      { { 0, 30000, FALSE }, { 30000, 30000, FALSE } } },
  { "overlap", 10000, 3000, 5000, 21000, 0, 5,
      { { 0, 10000, FALSE }, { 3000, 10000, FALSE }, { 6000, 10000, FALSE },
          { 9000, 10000, FALSE }, { 12000, 9000, TRUE } } },
  { "gap", 5000, 8000, 1000, 20000, 0, 3,
      { { 0, 5000, FALSE }, { 8000, 5000, FALSE }, { 16000, 4000, TRUE } } },
  { "ends-in-gap", 5000, 8000, 0, 14000, 0, 2,
      { { 0, 5000, FALSE }, { 8000, 5000, FALSE } } },
  { "shortest-window", 3000, 1000, 3000, 5000, 0, 3,
      { { 0, 3000, FALSE }, { 1000, 3000, FALSE }, { 2000, 3000, FALSE } } },
};

static void
test_segments (gconstpointer data)
{
  static const guint rates[] = { 4000, 8000, 11025, 22050, 44100, 48000 };
  gsize s = GPOINTER_TO_SIZE (data);

  for (gsize r = 0; r < G_N_ELEMENTS (rates); r++) {
    guint rate = rates[r];
    guint64 n = streams[s].ms * rate / 1000 + streams[s].samples;
    GenreClassifier *classifier = new_classifier (load_small_model (), rate,
        streams[s].window * MS, streams[s].hop * MS,
        streams[s].min_window * MS);

    genre_classifier_push (classifier, GENRE_SAMPLE_F32, 1, NULL, n);
    genre_classifier_finish (classifier);
    g_assert_cmpuint (
        genre_classifier_get_length (classifier), ==, n * SECOND / rate);
    for (guint i = 0; i < streams[s].n; i++) {
      guint64 start = streams[s].segments[i].start * MS;
      gboolean partial = streams[s].segments[i].partial;

      assert_segment (genre_classifier_take_segment (classifier), start,
          partial ? n * SECOND / rate - start
                  : streams[s].segments[i].duration * MS,
          partial);
    }
    g_assert_null (genre_classifier_take_segment (classifier));
    genre_classifier_free (classifier);
  }
}

/* One column, of which the first stands at 23.2 ms, is too short for the CRNN
 * whatever the minimum, but not for a network that needs no more. */
static void
test_too_short_for_network (void)
{
  GenreClassifier *crnn = new_classifier (
      load_model (), 8000, 30 * SECOND, 0, 0);
  GenreClassifier *small = new_classifier (
      load_small_model (), 8000, 30 * SECOND, 0, 0);

  genre_classifier_push (crnn, GENRE_SAMPLE_F32, 1, NULL, 30 * 8000 + 192);
  genre_classifier_finish (crnn);
  assert_segment (genre_classifier_take_segment (crnn), 0, 30 * SECOND, FALSE);
  g_assert_null (genre_classifier_take_segment (crnn));
  genre_classifier_free (crnn);

  genre_classifier_push (small, GENRE_SAMPLE_F32, 1, NULL, 30 * 8000 + 192);
  genre_classifier_finish (small);
  assert_segment (genre_classifier_take_segment (small), 0, 30 * SECOND, FALSE);
  assert_segment (
      genre_classifier_take_segment (small), 30 * SECOND, 24 * MS, TRUE);
  genre_classifier_free (small);
}

/* A window is handed out when it is full: not before its last sample, even if
 * all its columns are there, and at most half an STFT window (46 ms) after. */
static void
test_latency (void)
{
  for (guint64 window = 3000; window < 3100; window += 10) {
    GenreClassifier *classifier = new_classifier (
        load_small_model (), 44100, window * MS, 0, 0);
    gsize n = window * 44100 / 1000;

    genre_classifier_push (classifier, GENRE_SAMPLE_F32, 1, NULL, n - 1);
    g_assert_null (genre_classifier_take_segment (classifier));
    genre_classifier_push (classifier, GENRE_SAMPLE_F32, 1, NULL, 1 + 2048);
    assert_segment (
        genre_classifier_take_segment (classifier), 0, window * MS, FALSE);
    genre_classifier_free (classifier);
  }
}

/* 30 s have 387 columns, wherever they begin on the raster. */
static void
test_columns (void)
{
  GenreClassifier *classifier = new_classifier (
      load_small_model (), 11025, 30 * SECOND, 0, 0);

  genre_classifier_push (classifier, GENRE_SAMPLE_F32, 1, NULL, 95 * 11025);
  for (guint i = 0; i < 3; i++) {
    GenreSegment *segment = genre_classifier_take_segment (classifier);
    gsize n;
    const float *columns = genre_segment_get_columns (segment, &n);

    g_assert_cmpuint (n, ==, 387);
    g_assert_true (
        columns[0] == -100 && columns[n * GENRE_MEL_BANDS - 1] == -100);
    g_assert_true (isinf (genre_segment_get_level (segment)));
    genre_segment_free (segment);
  }
  genre_classifier_free (classifier);
}

/* Every segment's columns are the stream's from its start on, the partial one's
 * too, which is nearly a whole window here: what finish appends to complete its
 * last column must not push out its first. */
static void
check_content (const gint16 *noise, gsize n)
{
  GenreClassifier *whole = new_classifier (
      load_small_model (), 4000, 20 * SECOND, 0, 0);
  GenreClassifier *parts = new_classifier (
      load_small_model (), 4000, 4 * SECOND, 1500 * MS, 0);
  GenreSegment *all, *segment;
  const float *expected, *columns;
  gsize n_all, n_columns, n_segments = 0;

  genre_classifier_push (whole, GENRE_SAMPLE_S16, 1, noise, n);
  genre_classifier_finish (whole);
  all = genre_classifier_take_segment (whole);
  expected = genre_segment_get_columns (all, &n_all);

  genre_classifier_push (parts, GENRE_SAMPLE_S16, 1, noise, n);
  genre_classifier_finish (parts);
  while ((segment = genre_classifier_take_segment (parts))) {
    guint64 start = genre_segment_get_start (segment);
    guint64 end = start + genre_segment_get_duration (segment);
    gsize first = genre_mel_column_at (start);

    columns = genre_segment_get_columns (segment, &n_columns);
    g_assert_cmpuint (first + n_columns, ==, genre_mel_column_at (end));
    g_assert_cmpuint (first + n_columns, <=, n_all);
    g_assert_true (!memcmp (columns, expected + first * GENRE_MEL_BANDS,
        n_columns * GENRE_MEL_BANDS * sizeof *columns));
    genre_segment_free (segment);
    n_segments++;
  }
  g_assert_cmpuint (n_segments, ==, 6);
  genre_segment_free (all);
  genre_classifier_free (whole);
  genre_classifier_free (parts);
}

static void
test_content (void)
{
  g_autofree gint16 *noise = make_noise (11500 * 4, 1);

  for (gsize ms = 11410; ms < 11500; ms += 8)
    check_content (noise, ms * 4);
}

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
  genre_classifier_free (classifier);
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

    genre_classifier_reset (classifier);
    push_noise (classifier, 2);
    if (i == 1)
      genre_classifier_finish (classifier);
    genre_classifier_reset (classifier);
    g_assert_cmpuint (genre_classifier_get_length (classifier), ==, 0);
    g_assert_null (genre_classifier_take_segment (classifier));
    push_noise (classifier, 1);
    genre_classifier_finish (classifier);
    again = take_all (classifier);
    assert_same (again, first);
  }
  genre_classifier_free (classifier);
}

static void
assert_argument_error (gboolean result, GError *error, const char *word)
{
  g_assert_false (result);
  g_assert_error (error, GENRE_ERROR, GENRE_ERROR_ARGUMENT);
  if (error)
    g_assert_nonnull (strstr (error->message, word));
  g_clear_error (&error);
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
    GenreClassifier *classifier = genre_classifier_new (
        model, cases[i].rate, cases[i].window, 0, 0, &error);

    if (cases[i].word)
      assert_argument_error (classifier != NULL, error, cases[i].word);
    else
      g_assert_no_error (error);
    genre_classifier_free (classifier);
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
  GenreClassifier *classifier;

  g_assert_no_error (error);
  classifier = genre_classifier_new (model, 44100, 7 * SECOND, 0, 0, &error);
  assert_argument_error (classifier != NULL, error, "needs 7.75");
  error = NULL;
  classifier = genre_classifier_new (model, 44100, 8 * SECOND, 0, 0, &error);
  g_assert_no_error (error);
  genre_classifier_free (classifier);
  genre_model_unref (model);
}

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
  genre_classifier_free (classifier);
}

static void
test_predict_arguments (void)
{
  GenreModel *model = load_model ();
  gsize min = genre_model_get_min_columns (model);
  guint n_labels = genre_model_get_n_labels (model);
  GenreClassifier *classifier = new_classifier (model, 44100, 3 * SECOND, 0, 0);
  const gsize too_many = 3872;
  g_autofree float *columns = g_new0 (float, too_many *GENRE_MEL_BANDS);
  g_autofree float *probabilities = g_new (float, n_labels);
  GError *error = NULL;
  gboolean ok;

  ok = genre_classifier_predict (
      classifier, columns, min - 1, probabilities, &error);
  assert_argument_error (ok, error, "columns, expected");
  error = NULL;
  ok = genre_classifier_predict (
      classifier, columns, too_many, probabilities, &error);
  assert_argument_error (ok, error, "3872 columns");
  error = NULL;
  /* longer than its own window, as for 30 s read from a file */
  ok = genre_classifier_predict (
      classifier, columns, 387, probabilities, &error);
  g_assert_no_error (error);
  assert_probabilities (probabilities, n_labels);
  ok = genre_classifier_predict (
      classifier, columns, min, probabilities, &error);
  g_assert_no_error (error);
  g_assert_true (ok);
  assert_probabilities (probabilities, n_labels);
  genre_classifier_free (classifier);
}

/* Signals that have broken analysers: value i of them. */
static double
signal_silence (GRand *rand, guint i)
{
  (void) rand;
  (void) i;
  return 0;
}

static double
signal_dc (GRand *rand, guint i)
{
  (void) rand;
  (void) i;
  return 1;
}

static double
signal_square (GRand *rand, guint i)
{
  (void) rand;
  return i / 50 % 2 ? 1 : -1;
}

static double
signal_sine (GRand *rand, guint i)
{
  (void) rand;
  return sin (2 * G_PI * i * 440 / 22050);
}

static double
signal_noise (GRand *rand, guint i)
{
  (void) i;
  return g_rand_double_range (rand, -1, 1);
}

static double
signal_click (GRand *rand, guint i)
{
  (void) rand;
  return i == 70000;
}

static double
signal_denormal (GRand *rand, guint i)
{
  (void) rand;
  return i % 2 ? 1e-40 : -1e-40;
}

static double
signal_loudest (GRand *rand, guint i)
{
  (void) rand;
  return i % 2 ? 1e9 : -1e9;
}

static double
signal_too_loud (GRand *rand, guint i)
{
  (void) rand;
  return i % 2 ? 1e38 : -1e38;
}

static double
signal_nan (GRand *rand, guint i)
{
  (void) rand;
  (void) i;
  return NAN;
}

static double
signal_infinity (GRand *rand, guint i)
{
  (void) rand;
  return i % 3 ? INFINITY : -INFINITY;
}

static double
signal_noise_with_nan (GRand *rand, guint i)
{
  return i % 1000 ? g_rand_double_range (rand, -1, 1) : NAN;
}

static const struct
{
  const char *name;
  double (*value) (GRand *rand, guint i);
  double level; /* dB; NAN: any finite one */
  gboolean counts_as_silence;
} signals[] = {
  { "silence", signal_silence, -INFINITY, TRUE },
  { "dc", signal_dc, 0, FALSE },
  { "square", signal_square, 0, FALSE },
  { "sine", signal_sine, -3.01, FALSE },
  { "noise", signal_noise, -4.77, FALSE },
  { "click", signal_click, NAN, FALSE },
  { "denormal", signal_denormal, -INFINITY, TRUE },
  { "loudest", signal_loudest, 180, FALSE },
  { "too-loud", signal_too_loud, -INFINITY, TRUE },
  { "nan", signal_nan, -INFINITY, TRUE },
  { "infinity", signal_infinity, -INFINITY, TRUE },
  { "noise-with-nan", signal_noise_with_nan, -4.77, FALSE },
};

static void
test_signal (gconstpointer data)
{
  gsize s = GPOINTER_TO_SIZE (data);
  const gsize n = 6 * 22050;
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  g_autofree float *f32 = g_new (float, n);
  g_autofree double *f64 = g_new (double, n);
  GenreModel *model = load_model ();
  guint n_labels = genre_model_get_n_labels (model);
  GenreClassifier *classifier = new_classifier (model, 22050, 6 * SECOND, 0, 0);
  g_autofree float *probabilities = g_new (float, n_labels);

  for (gsize i = 0; i < n; i++)
    f32[i] = f64[i] = signals[s].value (rand, i);
  for (guint pass = 0; pass < 2; pass++) {
    g_autoptr (GError) error = NULL;
    GenreSegment *segment;
    const float *columns;
    double level;
    gsize n_columns;

    genre_classifier_reset (classifier);
    genre_classifier_push (classifier,
        pass ? GENRE_SAMPLE_F64 : GENRE_SAMPLE_F32, 1,
        pass ? (gconstpointer) f64 : f32, n);
    genre_classifier_finish (classifier);
    segment = genre_classifier_take_segment (classifier);
    g_assert_nonnull (segment);

    columns = genre_segment_get_columns (segment, &n_columns);
    for (gsize i = 0; i < n_columns * GENRE_MEL_BANDS; i++)
      if (signals[s].counts_as_silence
              ? columns[i] != -100
              : !isfinite (columns[i]) || columns[i] < -100) {
        g_test_message ("value %" G_GSIZE_FORMAT " is %g dB", i, columns[i]);
        g_test_fail ();
      }

    level = genre_segment_get_level (segment);
    g_test_message ("%g dB", level);
    if (isnan (signals[s].level))
      g_assert_true (isfinite (level));
    else if (isinf (signals[s].level))
      g_assert_cmpfloat (level, <, -700);
    else /* the windows at both ends are not full */
      g_assert_cmpfloat_with_epsilon (level, signals[s].level, 0.1);

    genre_classifier_classify (classifier, segment, probabilities, &error);
    g_assert_no_error (error);
    assert_probabilities (probabilities, n_labels);
    genre_segment_free (segment);
  }
  genre_classifier_free (classifier);
}

/* The values of the columns of one segment each differ by no more than
 * @tolerance, dB. */
static void
assert_close (GByteArray *a, GByteArray *b, float tolerance)
{
  /* what take_all puts before the columns */
  const gsize skip = 2 * sizeof (guint64) + sizeof (gboolean) + sizeof (double);

  g_assert_cmpuint (a->len, ==, b->len);
  for (gsize i = skip; i + 4 <= MIN (a->len, b->len); i += 4) {
    float x, y;

    memcpy (&x, a->data + i, 4);
    memcpy (&y, b->data + i, 4);
    if (!(fabsf (x - y) <= tolerance)) {
      g_test_message ("%g and %g dB", x, y);
      g_test_fail ();
    }
  }
}

typedef struct
{
  GenreSampleFormat format;
  gsize size;
} Format;

static const Format formats[] = {
  { GENRE_SAMPLE_S16, 2 },
  { GENRE_SAMPLE_S32, 4 },
  { GENRE_SAMPLE_F32, 4 },
  { GENRE_SAMPLE_F64, 8 },
};

static void
store (const Format *format, void *samples, gsize i, gint16 value)
{
  switch (format->format) {
    case GENRE_SAMPLE_S16:
      ((gint16 *) samples)[i] = value;
      break;
    case GENRE_SAMPLE_S32:
      ((gint32 *) samples)[i] = value * 65536;
      break;
    case GENRE_SAMPLE_F32:
      ((float *) samples)[i] = value / 32768.0f;
      break;
    case GENRE_SAMPLE_F64:
      ((double *) samples)[i] = value / 32768.0;
      break;
  }
}

#define FRAMES (4 * 8000 + 5)

/* Analyses @noise [FRAMES][channels] in that format. */
static GByteArray *
analyse (
    const Format *format, guint channels, gboolean planar, const gint16 *noise)
{
  GenreClassifier *classifier = new_classifier (
      load_small_model (), 8000, 4 * SECOND, 0, SECOND);
  g_autofree guint8 *samples = g_malloc (FRAMES * channels * format->size);
  g_autofree gconstpointer *planes = g_new (gconstpointer, channels);
  GByteArray *result;

  for (gsize i = 0; i < FRAMES; i++)
    for (guint c = 0; c < channels; c++)
      store (format, samples, planar ? c * FRAMES + i : i * channels + c,
          noise[i * channels + c]);
  for (guint c = 0; c < channels; c++)
    planes[c] = samples + c * FRAMES * format->size;
  if (planar)
    genre_classifier_push_planar (
        classifier, format->format, channels, planes, FRAMES);
  else
    genre_classifier_push (
        classifier, format->format, channels, samples, FRAMES);
  genre_classifier_finish (classifier);
  result = take_all (classifier);
  genre_classifier_free (classifier);
  return result;
}

static void
test_formats (void)
{
  for (guint channels = 1; channels <= 6; channels++) {
    g_autofree gint16 *noise = make_noise (FRAMES * channels, channels);
    g_autoptr (GByteArray)
        expected = analyse (&formats[0], channels, FALSE, noise);

    for (gsize i = 0; i < G_N_ELEMENTS (formats); i++) {
      g_autoptr (GByteArray)
          interleaved = analyse (&formats[i], channels, FALSE, noise);
      g_autoptr (GByteArray)
          planar = analyse (&formats[i], channels, TRUE, noise);

      /* one and two channels are added and halved without rounding */
      if (channels <= 2)
        assert_same (interleaved, expected);
      assert_close (interleaved, expected, 1e-3f);
      assert_close (planar, expected, 1e-3f);
    }
  }
}

/* It is the mean of the channels that is analysed. */
static void
test_downmix (void)
{
  g_autofree gint16 *mono = make_noise (FRAMES, 1);
  g_autofree gint16 *same = g_new (gint16, 2 * FRAMES);
  g_autofree gint16 *opposite = g_new (gint16, 2 * FRAMES);
  g_autofree gint16 *silence = g_new0 (gint16, FRAMES);
  g_autofree gint16 *left = g_new0 (gint16, 2 * FRAMES);
  g_autofree gint16 *half = g_new (gint16, FRAMES);
  g_autoptr (GByteArray) of_mono = NULL, of_same = NULL, of_opposite = NULL;
  g_autoptr (GByteArray) of_silence = NULL, of_left = NULL, of_half = NULL;

  for (gsize i = 0; i < FRAMES; i++) {
    mono[i] &= ~1; /* even: can be halved and negated */
    mono[i] = MAX (mono[i], -32766);
    same[2 * i] = same[2 * i + 1] = mono[i];
    opposite[2 * i] = mono[i];
    opposite[2 * i + 1] = -mono[i];
    left[2 * i] = mono[i];
    half[i] = mono[i] / 2;
  }
  of_mono = analyse (&formats[0], 1, FALSE, mono);
  of_same = analyse (&formats[0], 2, FALSE, same);
  of_opposite = analyse (&formats[0], 2, FALSE, opposite);
  of_silence = analyse (&formats[0], 1, FALSE, silence);
  of_left = analyse (&formats[0], 2, FALSE, left);
  of_half = analyse (&formats[0], 1, FALSE, half);
  assert_same (of_same, of_mono);
  assert_same (of_opposite, of_silence);
  assert_same (of_left, of_half);
}

/* No samples at all are silence, for as long as they are said to last. */
static void
test_null_is_silence (void)
{
  g_autofree gint16 *silence = g_new0 (gint16, FRAMES);
  g_autoptr (GByteArray) expected = analyse (&formats[0], 1, FALSE, silence);
  g_autoptr (GByteArray) result = NULL;
  GenreClassifier *classifier = new_classifier (
      load_small_model (), 8000, 4 * SECOND, 0, SECOND);

  genre_classifier_push (classifier, GENRE_SAMPLE_F64, 7, NULL, FRAMES);
  genre_classifier_finish (classifier);
  result = take_all (classifier);
  assert_same (result, expected);
  genre_classifier_free (classifier);
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
  g_assert_cmpuint (n_columns, ==, 129);
  assert_segment (segment, 0, 10 * SECOND, FALSE);
  assert_segment (genre_classifier_take_segment (classifier), 10 * SECOND,
      10 * SECOND, FALSE);
  g_assert_null (genre_classifier_take_segment (classifier));

  /* a reset keeps the rate */
  genre_classifier_reset (classifier);
  genre_classifier_push (classifier, GENRE_SAMPLE_F32, 1, NULL, 22050);
  g_assert_cmpuint (genre_classifier_get_length (classifier), ==, SECOND);
  genre_classifier_free (classifier);
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
    genre_segment_free (segment);
  }
  g_assert_cmpuint (n_segments, ==, (length - 1) / (3 * SECOND) + 1);
  genre_classifier_free (classifier);
}

/* A day of stream: no time has drifted. */
static void
test_day (void)
{
  const guint n_hours = g_test_slow () ? 24 : 2;
  GenreClassifier *classifier = new_classifier (
      load_small_model (), 4000, 30 * SECOND, 0, SECOND);
  guint64 n = 0;
  GenreSegment *segment;

  for (guint hour = 0; hour < n_hours; hour++) {
    genre_classifier_push (classifier, GENRE_SAMPLE_S16, 1, NULL, 3600 * 4000);
    if (hour + 1 == n_hours) {
      genre_classifier_push (classifier, GENRE_SAMPLE_S16, 1, NULL, 29 * 4000);
      genre_classifier_finish (classifier);
    }
    while ((segment = genre_classifier_take_segment (classifier))) {
      gboolean last = n == n_hours * 120;
      gsize n_columns;

      genre_segment_get_columns (segment, &n_columns);
      g_assert_cmpuint (n_columns, ==, last ? 374 : 387);
      assert_segment (
          segment, n++ * 30 * SECOND, (last ? 29 : 30) * SECOND, last);
    }
  }
  g_assert_cmpuint (n, ==, n_hours * 120 + 1);
  g_assert_cmpuint (genre_classifier_get_length (classifier), ==,
      (n_hours * 3600 + 29) * SECOND);
  genre_classifier_free (classifier);
}

/* A segment of noise with some colour. */
static GenreSegment *
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

/* predict is what classify does after the front end, and neither cares for the
 * gain. */
static void
test_predict (void)
{
  GenreModel *model = load_model ();
  guint n_labels = genre_model_get_n_labels (model);
  GenreClassifier *classifier = new_classifier (model, 22050, 6 * SECOND, 0, 0);
  GenreSegment *segment = make_segment (classifier, 1);
  gsize n;
  const float *columns = genre_segment_get_columns (segment, &n);
  g_autofree float *louder = g_new (float, n *GENRE_MEL_BANDS);
  g_autofree float *classified = g_new (float, n_labels);
  g_autofree float *predicted = g_new (float, n_labels);

  g_assert_true (
      genre_classifier_classify (classifier, segment, classified, NULL));
  assert_probabilities (classified, n_labels);
  g_assert_true (
      genre_classifier_predict (classifier, columns, n, predicted, NULL));
  g_assert_cmpmem (predicted, n_labels * 4, classified, n_labels * 4);

  for (gsize i = 0; i < n * GENRE_MEL_BANDS; i++)
    louder[i] = columns[i] + 25;
  g_assert_true (
      genre_classifier_predict (classifier, louder, n, predicted, NULL));
  for (guint i = 0; i < n_labels; i++)
    g_assert_cmpfloat_with_epsilon (predicted[i], classified[i], 1e-5);
  genre_segment_free (segment);
  genre_classifier_free (classifier);
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
  g_assert_false (genre_classifier_predict (
      classifier, columns, 40, probabilities, &error));
  g_assert_error (error, GENRE_ERROR, GENRE_ERROR_FORMAT);
  genre_classifier_free (classifier);
}

/* What has been cancelled stays so until it is taken back. */
static void
test_cancelled (void)
{
  GenreModel *model = load_model ();
  guint n_labels = genre_model_get_n_labels (model);
  GenreClassifier *classifier = new_classifier (model, 22050, 6 * SECOND, 0, 0);
  GenreSegment *segment = make_segment (classifier, 1);
  g_autofree float *probabilities = g_new (float, n_labels);
  g_autoptr (GError) error = NULL;

  genre_classifier_set_cancelled (classifier, TRUE);
  for (guint i = 0; i < 2; i++) {
    g_assert_false (
        genre_classifier_classify (classifier, segment, probabilities, &error));
    g_assert_error (error, GENRE_ERROR, GENRE_ERROR_CANCELLED);
    g_clear_error (&error);
  }
  genre_classifier_set_cancelled (classifier, FALSE);
  genre_classifier_classify (classifier, segment, probabilities, &error);
  g_assert_no_error (error);
  assert_probabilities (probabilities, n_labels);
  genre_segment_free (segment);
  genre_classifier_free (classifier);
}

static gpointer
predict_300s (gpointer classifier)
{
  const gsize n = 3870;
  g_autofree float *columns = g_new0 (float, n *GENRE_MEL_BANDS);
  float probabilities[MAX_LABELS];
  GError *error = NULL;

  genre_classifier_predict (classifier, columns, n, probabilities, &error);
  return error;
}

/* From another thread, when the run is under way or about to be. */
static void
test_cancel_under_way (void)
{
  GenreClassifier *classifier = new_classifier (
      load_model (), 22050, 300 * SECOND, 0, 0);
  GThread *thread = g_thread_new ("network", predict_300s, classifier);
  g_autoptr (GError) error = NULL;

  g_usleep (20000);
  genre_classifier_set_cancelled (classifier, TRUE);
  error = g_thread_join (thread);
  g_assert_error (error, GENRE_ERROR, GENRE_ERROR_CANCELLED);
  genre_classifier_free (classifier);
}

#define N_SEGMENTS 4

typedef struct
{
  GenreClassifier *classifier;
  GAsyncQueue *segments;
  float sum; /* of the first label's probabilities */
} Worker;

static gpointer
classify_all (gpointer data)
{
  Worker *worker = data;
  float probabilities[MAX_LABELS];

  for (guint i = 0; i < N_SEGMENTS; i++) {
    GenreSegment *segment = g_async_queue_pop (worker->segments);

    genre_classifier_classify (
        worker->classifier, segment, probabilities, NULL);
    worker->sum += probabilities[0];
    genre_segment_free (segment);
  }
  return NULL;
}

/* The network in one thread while the front end goes on in another, in more
 * streams than a model has workspaces on a small machine. */
static void
test_threads (void)
{
  Worker workers[5];
  GThread *threads[G_N_ELEMENTS (workers)];
  float alone;

  for (gsize w = 0; w < G_N_ELEMENTS (workers); w++) {
    workers[w].classifier = new_classifier (
        load_model (), 22050, 6 * SECOND, 0, 0);
    workers[w].segments = g_async_queue_new ();
    workers[w].sum = 0;
  }
  for (guint i = 0; i < N_SEGMENTS; i++)
    g_async_queue_push (
        workers[0].segments, make_segment (workers[0].classifier, i));
  classify_all (&workers[0]);
  alone = workers[0].sum;
  workers[0].sum = 0;
  g_assert_cmpfloat (alone, >, 0);

  for (gsize w = 0; w < G_N_ELEMENTS (workers); w++)
    threads[w] = g_thread_new ("network", classify_all, &workers[w]);
  for (guint i = 0; i < N_SEGMENTS; i++)
    for (gsize w = 0; w < G_N_ELEMENTS (workers); w++)
      g_async_queue_push (
          workers[w].segments, make_segment (workers[w].classifier, i));
  for (gsize w = 0; w < G_N_ELEMENTS (workers); w++) {
    g_thread_join (threads[w]);
    g_assert_true (workers[w].sum == alone);
    g_async_queue_unref (workers[w].segments);
    genre_classifier_free (workers[w].classifier);
  }
}

static void
test_track (void)
{
  const float first[] = { 0.5f, 0.25f, 0.25f }, second[] = { 0, 1, 0 };
  float average[3] = { 9, 9, 9 };
  GenreTrack *track = genre_track_new (3);

  g_assert_false (genre_track_get (track, average));
  g_assert_true (average[0] == 0 && average[1] == 0 && average[2] == 0);

  genre_track_add (track, first, 30 * SECOND);
  g_assert_true (genre_track_get (track, average));
  g_assert_cmpmem (average, sizeof average, first, sizeof first);

  /* weighted by duration: 30 s and 10 s */
  genre_track_add (track, second, 10 * SECOND);
  g_assert_true (genre_track_get (track, average));
  g_assert_cmpfloat_with_epsilon (average[0], 0.375, 1e-6);
  g_assert_cmpfloat_with_epsilon (average[1], 0.4375, 1e-6);
  g_assert_cmpfloat_with_epsilon (average[2], 0.1875, 1e-6);

  /* what has no duration has no weight */
  genre_track_add (track, second, 0);
  g_assert_true (genre_track_get (track, average));
  g_assert_cmpfloat_with_epsilon (average[0], 0.375, 1e-6);

  genre_track_reset (track);
  g_assert_false (genre_track_get (track, average));
  genre_track_add (track, second, 0);
  g_assert_false (genre_track_get (track, average));
  for (guint i = 0; i < 100000; i++)
    genre_track_add (track, i % 2 ? first : second, 30 * SECOND);
  g_assert_true (genre_track_get (track, average));
  g_assert_cmpfloat_with_epsilon (average[0], 0.25, 1e-6);
  assert_probabilities (average, 3);
  genre_track_free (track);
}

/* A hop shorter than the columns' would be memory without end. */
static void
test_tiny_hop (void)
{
  static const guint64 hops[] = { 1, 99999999 };

  for (gsize i = 0; i < G_N_ELEMENTS (hops); i++) {
    GenreModel *model = load_small_model ();
    GError *error = NULL;

    g_assert_null (
        genre_classifier_new (model, 22050, 5 * SECOND, hops[i], 0, &error));
    g_assert_error (error, GENRE_ERROR, GENRE_ERROR_ARGUMENT);
    g_assert_nonnull (strstr (error->message, "hop"));
    g_error_free (error);
    genre_model_unref (model);
  }
}

/* A hop that no stream reaches: one segment, and no arithmetic that wraps. */
static void
test_huge_hop (void)
{
  static const guint64 hops[] = { G_MAXUINT64 / 2, G_MAXUINT64 - 1,
    G_MAXUINT64 };

  for (gsize i = 0; i < G_N_ELEMENTS (hops); i++) {
    GenreClassifier *classifier = new_classifier (
        load_small_model (), 4000, 5 * SECOND, hops[i], 0);

    alarm (10);
    genre_classifier_push (classifier, GENRE_SAMPLE_F32, 1, NULL, 60 * 4000);
    genre_classifier_finish (classifier);
    alarm (0);
    assert_segment (
        genre_classifier_take_segment (classifier), 0, 5 * SECOND, FALSE);
    g_assert_null (genre_classifier_take_segment (classifier));
    genre_classifier_free (classifier);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (streams); i++) {
    g_autofree char *name = g_strconcat (
        "/classifier/segments/", streams[i].name, NULL);

    g_test_add_data_func (name, GSIZE_TO_POINTER (i), test_segments);
  }
  g_test_add_func (
      "/classifier/segments/too-short-for-network", test_too_short_for_network);
  g_test_add_func ("/classifier/segments/latency", test_latency);
  g_test_add_func ("/classifier/segments/columns", test_columns);
  g_test_add_func ("/classifier/segments/content", test_content);
  g_test_add_func ("/classifier/segments/day", test_day);
  g_test_add_func ("/classifier/chunks", test_chunks);
  g_test_add_func ("/classifier/reset", test_reset);
  g_test_add_func ("/classifier/arguments/new", test_new_arguments);
  g_test_add_func ("/classifier/arguments/window-too-short",
      test_window_too_short_for_network);
  g_test_add_func ("/classifier/arguments/set-rate", test_set_rate_arguments);
  g_test_add_func ("/classifier/arguments/predict", test_predict_arguments);
  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++) {
    g_autofree char *name = g_strconcat (
        "/classifier/signals/", signals[i].name, NULL);

    g_test_add_data_func (name, GSIZE_TO_POINTER (i), test_signal);
  }
  g_test_add_func ("/classifier/formats", test_formats);
  g_test_add_func ("/classifier/downmix", test_downmix);
  g_test_add_func ("/classifier/null-is-silence", test_null_is_silence);
  g_test_add_func ("/classifier/predict", test_predict);
  g_test_add_func ("/classifier/overflow", test_overflow);
  g_test_add_func ("/classifier/cancelled", test_cancelled);
  g_test_add_func ("/classifier/cancel-under-way", test_cancel_under_way);
  g_test_add_func ("/classifier/threads", test_threads);
  g_test_add_func ("/classifier/track", test_track);
  g_test_add_func ("/classifier/set-rate", test_set_rate);
  g_test_add_func ("/classifier/set-rate-often", test_set_rate_often);
  g_test_add_func ("/classifier/hop/huge", test_huge_hop);
  g_test_add_func ("/classifier/hop/tiny", test_tiny_hop);
  return fixture_run ();
}
