/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Which segments a stream is cut into, and which columns they have. */

#include "genre/melspectrogram.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "support.h"

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
    genre_classifier_unref (classifier);
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
  genre_classifier_unref (crnn);

  genre_classifier_push (small, GENRE_SAMPLE_F32, 1, NULL, 30 * 8000 + 192);
  genre_classifier_finish (small);
  assert_segment (genre_classifier_take_segment (small), 0, 30 * SECOND, FALSE);
  assert_segment (
      genre_classifier_take_segment (small), 30 * SECOND, 24 * MS, TRUE);
  genre_classifier_unref (small);
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
    genre_classifier_unref (classifier);
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

    g_assert_cmpuint (n, ==, 387 * GENRE_MEL_BANDS);
    g_assert_true (columns[0] == -100 && columns[n - 1] == -100);
    g_assert_true (isinf (genre_segment_get_level (segment)));
    genre_segment_unref (segment);
  }
  genre_classifier_unref (classifier);
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
  n_all /= GENRE_MEL_BANDS;

  genre_classifier_push (parts, GENRE_SAMPLE_S16, 1, noise, n);
  genre_classifier_finish (parts);
  while ((segment = genre_classifier_take_segment (parts))) {
    guint64 start = genre_segment_get_start (segment);
    guint64 end = start + genre_segment_get_duration (segment);
    gsize first = genre_mel_column_at (start);

    columns = genre_segment_get_columns (segment, &n_columns);
    n_columns /= GENRE_MEL_BANDS;
    g_assert_cmpuint (first + n_columns, ==, genre_mel_column_at (end));
    g_assert_cmpuint (first + n_columns, <=, n_all);
    g_assert_true (!memcmp (columns, expected + first * GENRE_MEL_BANDS,
        n_columns * GENRE_MEL_BANDS * sizeof *columns));
    genre_segment_unref (segment);
    n_segments++;
  }
  g_assert_cmpuint (n_segments, ==, 6);
  genre_segment_unref (all);
  genre_classifier_unref (whole);
  genre_classifier_unref (parts);
}

static void
test_content (void)
{
  g_autofree gint16 *noise = make_noise (11500 * 4, 1);

  for (gsize ms = 11410; ms < 11500; ms += 8)
    check_content (noise, ms * 4);
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
      g_assert_cmpuint (n_columns, ==, (last ? 374 : 387) * GENRE_MEL_BANDS);
      assert_segment (
          segment, n++ * 30 * SECOND, (last ? 29 : 30) * SECOND, last);
    }
  }
  g_assert_cmpuint (n, ==, n_hours * 120 + 1);
  g_assert_cmpuint (genre_classifier_get_length (classifier), ==,
      (n_hours * 3600 + 29) * SECOND);
  genre_classifier_unref (classifier);
}

/* A hop shorter than the columns' would be memory without end. */
static void
test_tiny_hop (void)
{
  static const guint64 hops[] = { 1, 99999999 };

  for (gsize i = 0; i < G_N_ELEMENTS (hops); i++) {
    const GenreClassifierConfig config = { .window = 5 * SECOND,
      .hop = hops[i] };
    GenreModel *model = load_small_model ();
    GError *error = NULL;

    g_assert_null (genre_classifier_new (model, 22050, &config, &error));
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
    genre_classifier_unref (classifier);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (streams); i++) {
    g_autofree char *name = g_strconcat ("/segments/", streams[i].name, NULL);

    g_test_add_data_func (name, GSIZE_TO_POINTER (i), test_segments);
  }
  g_test_add_func (
      "/segments/too-short-for-network", test_too_short_for_network);
  g_test_add_func ("/segments/latency", test_latency);
  g_test_add_func ("/segments/columns", test_columns);
  g_test_add_func ("/segments/content", test_content);
  g_test_add_func ("/segments/day", test_day);
  g_test_add_func ("/segments/hop/huge", test_huge_hop);
  g_test_add_func ("/segments/hop/tiny", test_tiny_hop);
  return fixture_run ();
}
