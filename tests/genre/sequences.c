/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Streams to which anything happens, in any order: holes, other rates, pieces of
 * music that may begin, snapshots, ends.  Whatever it is, segments have the columns
 * that a front end of its own finds at their times, and no audio is lost or counted
 * twice. */

#include <string.h>

#include "genre/melspectrogram.h"
#include "support.h"

#define MAX_PUSH 40000

typedef struct
{
  GRand *rand;
  GenreClassifierConfig config;
  GenreClassifier *classifier;
  float noise[MAX_PUSH];

  /* what is expected */
  GenreMelSpectrogram *mel;
  GArray *columns; /* GenreMelColumn, all of the stream */
  guint rate;
  guint64 heard; /* ns before the last change of rate */
  guint64 n_samples;
  gsize n_before; /* columns that may have a part before that change */
  guint64 missing;
  gboolean held;
  guint64 hold_time;
  guint64 next; /* start of the next segment */

  guint64 fresh, total; /* ns, of all streams */
} Stream;

static guint64
get_heard (const Stream *s)
{
  return s->heard + s->n_samples / s->rate * SECOND +
      s->n_samples % s->rate * SECOND / s->rate;
}

static guint64
get_length (const Stream *s)
{
  return get_heard (s) + s->missing;
}

static void
add_column (Stream *s, const GenreMelColumn *column)
{
  float loudest = -200;

  for (guint b = 0; b < GENRE_MEL_BANDS; b++)
    loudest = MAX (loudest, column->db[b]);
  /* of noise, at least half a window of it, and of nothing else */
  if (s->columns->len >= s->n_before && s->n_samples >= s->rate / 10)
    g_assert_cmpfloat (loudest, >, -20);
  g_assert_cmpfloat (loudest, <, 40);
  g_array_append_vals (s->columns, column, 1);
}

static void
push (Stream *s, gsize n)
{
  const float *samples = s->noise + g_rand_int_range (s->rand, 0, 1000);
  gsize done = 0;

  genre_classifier_push (s->classifier, GENRE_SAMPLE_F32, 1, samples, n);
  s->n_samples += n;
  while (done < n) {
    GenreMelColumn column;
    gboolean ready;

    done += genre_mel_spectrogram_push (
        s->mel, GENRE_SAMPLE_F32, 1, samples + done, n - done, &column, &ready);
    if (ready)
      add_column (s, &column);
  }
}

static void
skip (Stream *s, guint64 duration)
{
  genre_classifier_skip (s->classifier, duration);
  genre_mel_spectrogram_skip (s->mel, duration);
  s->missing += duration;
}

static void
set_rate (Stream *s)
{
  static const guint rates[] = { 4000, 8000, 22050, 48000, 384000 };
  const guint rate = rates[g_rand_int_range (s->rand, 0, G_N_ELEMENTS (rates))];

  g_assert_true (genre_classifier_set_rate (s->classifier, rate, NULL));
  g_assert_true (genre_mel_spectrogram_set_rate (s->mel, rate, NULL));
  if (rate == s->rate)
    return;
  s->heard = get_heard (s);
  s->n_samples = 0;
  s->rate = rate;
  s->n_before = genre_mel_column_at (get_length (s));
}

/* The columns of @segment are those of its time, as far as they are there. */
static void
check_columns (const Stream *s, const GenreSegment *segment)
{
  const guint64 start = genre_segment_get_start (segment);
  const guint64 first = genre_mel_column_at (start);
  const guint64 end = genre_mel_column_at (
      start + genre_segment_get_duration (segment));
  gsize n;
  const float *columns = genre_segment_get_columns (segment, &n);

  n /= GENRE_MEL_BANDS;
  g_assert_cmpuint (n, ==, MIN (end, s->columns->len) - first);
  for (gsize i = 0; i < n; i++)
    g_assert_true (!memcmp (columns + i * GENRE_MEL_BANDS,
        g_array_index (s->columns, GenreMelColumn, first + i).db,
        GENRE_MEL_BANDS * sizeof *columns));
}

static void
check_segment (Stream *s, const GenreSegment *segment)
{
  const guint64 duration = genre_segment_get_duration (segment);
  const guint64 missing = genre_segment_get_missing (segment);

  if (genre_segment_is_partial (segment)) {
    g_assert_cmpuint (duration, >=, s->config.min_window);
    g_assert_cmpuint (duration, <, s->config.window);
  } else {
    g_assert_cmpuint (duration, ==, s->config.window);
  }
  g_assert_cmpuint (
      genre_segment_get_start (segment) + duration, <=, get_length (s));
  g_assert_cmpuint (missing, <=, duration / 2 + 1);
  g_assert_cmpuint (genre_segment_get_fresh (segment), <=, duration - missing);
  check_columns (s, segment);
}

static void
take (Stream *s)
{
  GenreSegment *segment;

  while ((segment = genre_classifier_take_segment (s->classifier))) {
    const guint64 start = genre_segment_get_start (segment);

    check_segment (s, segment);
    /* one after the other, each hop; some are left out */
    g_assert_cmpuint (start, >=, s->next);
    g_assert_cmpuint ((start - s->next) % s->config.hop, ==, 0);
    s->next = start + s->config.hop;
    if (s->held)
      g_assert_cmpuint (
          start + genre_segment_get_duration (segment), <=, s->hold_time);
    s->fresh += genre_segment_get_fresh (segment);
    genre_segment_unref (segment);
  }
}

static void
peek (Stream *s)
{
  g_autoptr (GenreSegment)
      segment = genre_classifier_peek_segment (s->classifier);

  if (!segment)
    return;
  g_assert_true (genre_segment_is_partial (segment));
  check_segment (s, segment);
}

static void
hold (Stream *s)
{
  genre_classifier_hold (s->classifier);
  s->held = TRUE;
  s->hold_time = get_length (s);
}

static void
split (Stream *s)
{
  genre_classifier_split (s->classifier);
  take (s);
  if (s->held)
    s->next = s->hold_time;
}

static void
release (Stream *s)
{
  genre_classifier_release (s->classifier);
  s->held = FALSE;
}

/* All audio is in a segment, or was discarded. */
static void
finish (Stream *s)
{
  GenreMelColumn column;

  genre_classifier_finish (s->classifier);
  s->held = FALSE;
  while (genre_mel_spectrogram_finish (s->mel, &column))
    add_column (s, &column);
  g_assert_cmpuint (
      genre_classifier_get_length (s->classifier), ==, get_length (s));
  take (s);
  g_assert_cmpuint (s->fresh + genre_classifier_get_discarded (s->classifier),
      ==, s->total + get_heard (s));
}

static void
reset (Stream *s)
{
  genre_classifier_reset (s->classifier);
  genre_mel_spectrogram_reset (s->mel);
  g_array_set_size (s->columns, 0);
  s->total += get_heard (s);
  s->heard = s->n_samples = s->missing = s->next = s->n_before = 0;
  s->held = FALSE;
  g_assert_cmpuint (
      s->fresh + genre_classifier_get_discarded (s->classifier), ==, s->total);
}

static void
run_stream (Stream *s)
{
  const guint n = g_rand_int_range (s->rand, 1, 60);

  for (guint i = 0; i < n; i++) {
    static const guint lengths[] = { 2, 60, 300, 3000, 9000, 40000 }; /* ms */
    const guint ms = lengths[g_rand_int_range (s->rand, 0, 6)];

    switch (g_rand_int_range (s->rand, 0, 12)) {
      case 0:
        skip (s, g_rand_int_range (s->rand, 1, ms) * MS);
        break;
      case 1:
        set_rate (s);
        break;
      case 2:
        hold (s);
        break;
      case 3:
        split (s);
        break;
      case 4:
        release (s);
        break;
      case 5:
        peek (s);
        break;
      case 6:
        take (s);
        break;
      default:
        push (s, g_rand_int_range (s->rand, 0, ms * (MAX_PUSH - 1000) / 40000));
        break;
    }
    g_assert_cmpuint (
        genre_classifier_get_length (s->classifier), ==, get_length (s));
    if (s->held &&
        genre_classifier_get_held (s->classifier) !=
            get_length (s) - s->hold_time) {
      /* too much came */
      g_assert_cmpuint (
          get_length (s) - s->hold_time, >, s->config.max_hold + SECOND);
      s->held = FALSE;
    }
  }
  if (g_rand_boolean (s->rand))
    finish (s);
  take (s);
  reset (s);
}

static void
test_sequences (void)
{
  /* who emulates a processor calculates slowly */
  guint n = g_getenv ("TEST_EMULATED") ? 10 : 40;

  for (guint seed = 0; seed < n; seed++) {
    Stream *s = g_new0 (Stream, 1);
    GenreModel *model = load_small_model ();

    s->rand = g_rand_new_with_seed (seed);
    for (gsize i = 0; i < MAX_PUSH; i++)
      s->noise[i] = g_rand_double_range (s->rand, -1, 1);
    genre_classifier_config_init (&s->config);
    s->config.window = g_rand_int_range (s->rand, 3000, 6000) * MS;
    s->config.hop = g_rand_int_range (s->rand, 100, 9000) * MS;
    s->config.min_window = g_rand_int_range (s->rand, 0, 6000) * MS;
    s->config.max_hold = g_rand_int_range (s->rand, 0, 9000) * MS;
    s->rate = 4000;
    s->classifier = genre_classifier_new (model, s->rate, &s->config, NULL);
    s->mel = genre_mel_spectrogram_new (s->rate, NULL);
    s->columns = g_array_new (FALSE, FALSE, sizeof (GenreMelColumn));
    genre_model_unref (model);
    for (guint i = 0; i < 5; i++)
      run_stream (s);
    genre_classifier_unref (s->classifier);
    genre_mel_spectrogram_unref (s->mel);
    g_array_unref (s->columns);
    g_rand_free (s->rand);
    g_free (s);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sequences", test_sequences);
  return g_test_run ();
}
