/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The state of one stream: the front end with its ring of mel columns, out
 * of which segments are cut.  Classifying reads only the model, so that
 * another thread can do it. */

#include <math.h>
#include <string.h>

#include "downmix.h"
#include "genre/weights/error.h"
#include "melspectrogram.h"
#include "model.h"

#define MAX_HOP ((guint64) 1 << 62)
#define CHUNK 1024 /* samples mixed at a time */
/* The ring is longer than a window by the columns of one chunk of silence
 * (256 ms at the lowest rate), which finish appends, and one more. */
#define RING_SLACK 6
#define SQUARE 16 /* columns transposed at a time */

struct _GenreSegment
{
  gatomicrefcount refcount;
  guint64 start, duration;
  gboolean partial;
  double mean_square;
  gsize n_columns;
  float columns[]; /* [n_columns][GENRE_MEL_BANDS], dB */
};

struct _GenreClassifier
{
  gatomicrefcount refcount;
  GenreModel *model;
  guint64 window, hop, min_window; /* ns */

  /* front end */
  GenreMelSpectrogram *mel;
  GenreMelColumn *ring; /* [ring_size]; column c is ring[c % ring_size] */
  gsize ring_size;
  guint64 n_segments; /* cut so far */
  GQueue segments;    /* cut and not taken */

  gint cancelled; /* atomic */
};

G_DEFINE_BOXED_TYPE (
    GenreSegment, genre_segment, genre_segment_ref, genre_segment_unref)
G_DEFINE_BOXED_TYPE (GenreClassifier, genre_classifier, genre_classifier_ref,
    genre_classifier_unref)
G_DEFINE_BOXED_TYPE (GenreClassifierConfig, genre_classifier_config,
    genre_classifier_config_copy, genre_classifier_config_free)

void
genre_classifier_config_init (GenreClassifierConfig *config)
{
  *config = (GenreClassifierConfig){
    .window = GENRE_DEFAULT_WINDOW,
    .min_window = GENRE_DEFAULT_MIN_WINDOW,
  };
}

GenreClassifierConfig *
genre_classifier_config_copy (const GenreClassifierConfig *config)
{
  return g_memdup2 (config, sizeof *config);
}

void
genre_classifier_config_free (GenreClassifierConfig *config)
{
  g_free (config);
}

static double
in_seconds (guint64 time)
{
  return (double) time / GENRE_SECOND;
}

static gboolean
check_config (const GenreClassifierConfig *config, const GenreModel *model,
    GError **error)
{
  if (config->window < GENRE_MIN_WINDOW || config->window > GENRE_MAX_WINDOW)
    return genre_refuse (error, GENRE_ERROR_ARGUMENT,
        "window of %g s, expected %g to %g", in_seconds (config->window),
        in_seconds (GENRE_MIN_WINDOW), in_seconds (GENRE_MAX_WINDOW));
  if (config->hop && config->hop < GENRE_MIN_HOP)
    return genre_refuse (error, GENRE_ERROR_ARGUMENT,
        "hop of %g s, expected 0 or at least %g", in_seconds (config->hop),
        in_seconds (GENRE_MIN_HOP));
  /* a window may have a column less than another one of its length */
  if (genre_mel_column_at (config->window) - 1 <
      genre_model_get_min_columns (model))
    return genre_refuse (error, GENRE_ERROR_ARGUMENT,
        "window of %g s, but the network %s needs %g",
        in_seconds (config->window), genre_model_get_name (model),
        in_seconds (genre_model_get_min_window (model)));
  return TRUE;
}

GenreClassifier *
genre_classifier_new (GenreModel *model, guint rate,
    const GenreClassifierConfig *config, GError **error)
{
  GenreClassifierConfig defaults;
  GenreMelSpectrogram *mel;
  GenreClassifier *classifier;

  if (!config) {
    genre_classifier_config_init (&defaults);
    config = &defaults;
  }
  if (!check_config (config, model, error) ||
      !(mel = genre_mel_spectrogram_new (rate, error)))
    return NULL;

  classifier = g_new0 (GenreClassifier, 1);
  g_atomic_ref_count_init (&classifier->refcount);
  classifier->model = genre_model_ref (model);
  classifier->window = config->window;
  /* no stream is that long, and adding it to a time does not overflow */
  classifier->hop = MIN (config->hop ? config->hop : config->window, MAX_HOP);
  classifier->min_window = config->min_window;
  classifier->mel = mel;
  /* The spacing of the columns is uneven by one STFT frame, so a window holds up
   * to one column more than the first one. */
  classifier->ring_size = genre_mel_column_at (config->window) + RING_SLACK;
  classifier->ring = g_new (GenreMelColumn, classifier->ring_size);
  g_queue_init (&classifier->segments);
  return classifier;
}

GenreClassifier *
genre_classifier_ref (GenreClassifier *classifier)
{
  g_atomic_ref_count_inc (&classifier->refcount);
  return classifier;
}

static void
forget_segments (GenreClassifier *classifier)
{
  g_queue_clear_full (
      &classifier->segments, (GDestroyNotify) genre_segment_unref);
}

void
genre_classifier_unref (GenreClassifier *classifier)
{
  if (!classifier || !g_atomic_ref_count_dec (&classifier->refcount))
    return;
  forget_segments (classifier);
  g_free (classifier->ring);
  genre_mel_spectrogram_unref (classifier->mel);
  genre_model_unref (classifier->model);
  g_free (classifier);
}

void
genre_classifier_reset (GenreClassifier *classifier)
{
  forget_segments (classifier);
  classifier->n_segments = 0;
  genre_mel_spectrogram_reset (classifier->mel);
}

gboolean
genre_classifier_set_rate (
    GenreClassifier *classifier, guint rate, GError **error)
{
  return genre_mel_spectrogram_set_rate (classifier->mel, rate, error);
}

guint64
genre_classifier_get_length (const GenreClassifier *classifier)
{
  return genre_mel_spectrogram_get_length (classifier->mel);
}

/* Copies the columns from @start to @end (ns) out of the ring. */
static GenreSegment *
cut_segment (const GenreClassifier *classifier, guint64 start, guint64 end)
{
  guint64 first = genre_mel_column_at (start);
  gsize n = genre_mel_column_at (end) - first;
  GenreSegment *segment = g_malloc (
      sizeof *segment + n * GENRE_MEL_BANDS * sizeof (float));

  g_atomic_ref_count_init (&segment->refcount);
  segment->start = start;
  segment->duration = end - start;
  segment->partial = end - start < classifier->window;
  segment->n_columns = n;
  segment->mean_square = 0;
  for (gsize i = 0; i < n; i++) {
    const GenreMelColumn *column =
        &classifier->ring[(first + i) % classifier->ring_size];

    memcpy (
        segment->columns + i * GENRE_MEL_BANDS, column->db, sizeof column->db);
    segment->mean_square += column->mean_square / n;
  }
  return segment;
}

/* Cuts the segments whose samples and columns are all there. */
static void
cut_full_segments (GenreClassifier *classifier)
{
  for (;;) {
    guint64 start = classifier->n_segments * classifier->hop;
    guint64 end = start + classifier->window;

    if (genre_classifier_get_length (classifier) < end ||
        genre_mel_spectrogram_get_n_columns (classifier->mel) <
            genre_mel_column_at (end))
      return;
    g_queue_push_tail (
        &classifier->segments, cut_segment (classifier, start, end));
    classifier->n_segments++;
  }
}

/* Where the next column goes. */
static GenreMelColumn *
next_column (GenreClassifier *classifier)
{
  guint64 n = genre_mel_spectrogram_get_n_columns (classifier->mel);

  return &classifier->ring[n % classifier->ring_size];
}

static void
push_mono (GenreClassifier *classifier, const float *samples, gsize n_samples)
{
  while (n_samples > 0) {
    gboolean ready;
    gsize taken = genre_mel_spectrogram_push_mono (
        classifier->mel, samples, n_samples, next_column (classifier), &ready);

    samples += taken;
    n_samples -= taken;
    if (ready)
      cut_full_segments (classifier);
  }
}

void
genre_classifier_push (GenreClassifier *classifier, GenreSampleFormat format,
    guint channels, gconstpointer samples, gsize n_frames)
{
  gsize stride = genre_sample_size (format) * channels;
  float mono[CHUNK];

  g_return_if_fail (channels > 0);
  for (gsize i = 0; i < n_frames; i += CHUNK) {
    gsize n = MIN (n_frames - i, CHUNK);

    if (samples)
      genre_downmix (
          format, channels, (const guint8 *) samples + i * stride, n, mono);
    else
      memset (mono, 0, n * sizeof *mono);
    push_mono (classifier, mono, n);
  }
  cut_full_segments (classifier);
}

void
genre_classifier_push_planar (GenreClassifier *classifier,
    GenreSampleFormat format, guint channels, const gconstpointer *planes,
    gsize n_frames)
{
  float mono[CHUNK];

  g_return_if_fail (channels > 0);
  for (gsize i = 0; i < n_frames; i += CHUNK) {
    gsize n = MIN (n_frames - i, CHUNK);

    genre_downmix_planar (format, channels, planes, i, n, mono);
    push_mono (classifier, mono, n);
  }
  cut_full_segments (classifier);
}

gboolean
genre_classifier_push_bytes (GenreClassifier *classifier,
    GenreSampleFormat format, guint channels, const guint8 *samples, gsize size,
    GError **error)
{
  gsize n_frames;

  if (!genre_count_frames (format, channels, size, &n_frames, error))
    return FALSE;
  genre_classifier_push (classifier, format, channels, samples, n_frames);
  return TRUE;
}

void
genre_classifier_finish (GenreClassifier *classifier)
{
  guint64 end = genre_classifier_get_length (classifier);
  guint64 n_columns = genre_mel_column_at (end);
  guint64 start;

  while (
      genre_mel_spectrogram_finish (classifier->mel, next_column (classifier)))
    cut_full_segments (classifier);
  cut_full_segments (classifier);

  start = classifier->n_segments * classifier->hop;
  if (start < end && end - start >= classifier->min_window &&
      n_columns - genre_mel_column_at (start) >=
          genre_model_get_min_columns (classifier->model))
    g_queue_push_tail (
        &classifier->segments, cut_segment (classifier, start, end));
}

GenreSegment *
genre_classifier_take_segment (GenreClassifier *classifier)
{
  return g_queue_pop_head (&classifier->segments);
}

/* What the network was trained on: decibels clipped GENRE_MEL_TOP_DB below
 * the maximum, then mean 0 and variance 1, so that gain does not matter.
 * The sums are taken for each band, and the transposition goes by squares,
 * so that the compiler can use vectors.
 * @input: [GENRE_MEL_BANDS][n_columns] */
static void
standardise (const float *columns, gsize n_columns, float *input)
{
  const gsize n = n_columns * GENRE_MEL_BANDS;
  double sums[GENRE_MEL_BANDS] = { 0 }, squares[GENRE_MEL_BANDS] = { 0 };
  double sum = 0, square = 0, mean;
  float max = columns[0], floor_db, scale, offset;

  for (gsize i = 1; i < n; i++)
    max = columns[i] > max ? columns[i] : max;
  floor_db = max - GENRE_MEL_TOP_DB;
  for (gsize i = 0; i < n; i += GENRE_MEL_BANDS)
    for (gsize band = 0; band < GENRE_MEL_BANDS; band++) {
      /* relative to the maximum, so that the squares stay small */
      double x = MAX (columns[i + band], floor_db) - max;

      sums[band] += x;
      squares[band] += x * x;
    }
  for (gsize band = 0; band < GENRE_MEL_BANDS; band++) {
    sum += sums[band];
    square += squares[band];
  }
  mean = sum / n;
  scale = 1 / (sqrt (MAX (square / n - mean * mean, 0)) + 1e-5);
  offset = mean + max;
  for (gsize first = 0; first < n_columns; first += SQUARE) {
    const gsize end = MIN (first + SQUARE, n_columns);

    for (gsize band = 0; band < GENRE_MEL_BANDS; band++)
      for (gsize c = first; c < end; c++)
        input[band * n_columns + c] =
            (MAX (columns[c * GENRE_MEL_BANDS + band], floor_db) - offset) *
            scale;
  }
}

float *
genre_classifier_predict (GenreClassifier *classifier, const float *columns,
    gsize n_columns, gsize *n_probabilities, GError **error)
{
  const gsize min = genre_model_get_min_columns (classifier->model);
  const gsize max = genre_model_get_max_columns ();
  GenreWorkspace *workspace;
  float *probabilities;

  if (n_probabilities)
    *n_probabilities = 0;
  if (n_columns < min || n_columns > max) {
    genre_refuse (error, GENRE_ERROR_ARGUMENT,
        "%" G_GSIZE_FORMAT " columns, expected %" G_GSIZE_FORMAT
        " to %" G_GSIZE_FORMAT,
        n_columns, min, max);
    return NULL;
  }
  workspace = genre_model_acquire_workspace (classifier->model);
  genre_workspace_set_cancelled (workspace, &classifier->cancelled);
  standardise (
      columns, n_columns, genre_workspace_get_input (workspace, n_columns));
  probabilities = genre_model_run (
      classifier->model, workspace, n_columns, error);
  genre_model_release_workspace (classifier->model, workspace);
  if (probabilities && n_probabilities)
    *n_probabilities = genre_model_get_n_labels (classifier->model);
  return probabilities;
}

float *
genre_classifier_predict_bytes (GenreClassifier *classifier,
    const guint8 *columns, gsize size, gsize *n_probabilities, GError **error)
{
  const gsize column = GENRE_MEL_BANDS * sizeof (float);
  /* the bytes may begin anywhere, floats may not */
  g_autofree float *copy = NULL;

  if (n_probabilities)
    *n_probabilities = 0;
  if (size % column > 0) {
    genre_refuse (error, GENRE_ERROR_ARGUMENT,
        "%" G_GSIZE_FORMAT " bytes, expected whole columns of %" G_GSIZE_FORMAT,
        size, column);
    return NULL;
  }
  copy = g_memdup2 (columns, size);
  return genre_classifier_predict (
      classifier, copy, size / column, n_probabilities, error);
}

void
genre_classifier_set_cancelled (GenreClassifier *classifier, gboolean cancelled)
{
  g_atomic_int_set (&classifier->cancelled, cancelled);
}

float *
genre_classifier_classify (GenreClassifier *classifier,
    const GenreSegment *segment, gsize *n_probabilities, GError **error)
{
  return genre_classifier_predict (
      classifier, segment->columns, segment->n_columns, n_probabilities, error);
}

GenreSegment *
genre_segment_ref (GenreSegment *segment)
{
  g_atomic_ref_count_inc (&segment->refcount);
  return segment;
}

void
genre_segment_unref (GenreSegment *segment)
{
  if (segment && g_atomic_ref_count_dec (&segment->refcount))
    g_free (segment);
}

guint64
genre_segment_get_start (const GenreSegment *segment)
{
  return segment->start;
}

guint64
genre_segment_get_duration (const GenreSegment *segment)
{
  return segment->duration;
}

gboolean
genre_segment_is_partial (const GenreSegment *segment)
{
  return segment->partial;
}

double
genre_segment_get_level (const GenreSegment *segment)
{
  return 10 * log10 (segment->mean_square);
}

const float *
genre_segment_get_columns (const GenreSegment *segment, gsize *n_values)
{
  *n_values = segment->n_columns * GENRE_MEL_BANDS;
  return segment->columns;
}
