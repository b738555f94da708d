/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The state of one stream: the front end with its ring of mel columns, out of
 * which segments are cut.  What classifies them reads only the model, so that it
 * can be done in another thread. */

#include <math.h>
#include <string.h>

#include "downmix.h"
#include "genre/weights/error.h"
#include "melspectrogram.h"
#include "model.h"

#define SECOND G_GUINT64_CONSTANT (1000000000)
#define MAX_HOP ((guint64) 1 << 62)
#define CHUNK 1024 /* samples mixed at a time */
/* Columns beyond a window's that the ring keeps: those of one chunk of silence,
 * 256 ms at the lowest rate, that finish appends, and one more. */
#define RING_SLACK 6
#define SQUARE 16 /* columns transposed at a time */

struct _GenreSegment
{
  guint64 start, duration;
  gboolean partial;
  double mean_square;
  gsize n_columns;
  float columns[]; /* [n_columns][GENRE_MEL_BANDS], dB */
};

struct _GenreClassifier
{
  GenreModel *model;
  guint rate;
  guint64 window, hop, min_window;

  /* front end */
  GenreMelSpectrogram *mel;
  guint64 origin;       /* ns: where the present rate began */
  guint64 n_samples;    /* pushed since then */
  GenreMelColumn *ring; /* [ring_size]; column c is ring[c % ring_size] */
  gsize ring_size;
  guint64 n_segments; /* cut so far */
  GQueue segments;    /* cut and not taken */

  gint cancelled; /* atomic */
};

static gboolean
check_rate (guint rate, GError **error)
{
  return (rate >= GENRE_MIN_RATE && rate <= GENRE_MAX_RATE) ||
      genre_refuse (error, GENRE_ERROR_ARGUMENT,
          "sample rate %u Hz, expected %d to %d", rate, GENRE_MIN_RATE,
          GENRE_MAX_RATE);
}

/* Starts the front end where the stream stands. */
static void
start_mel (GenreClassifier *classifier, guint64 n_columns)
{
  genre_mel_spectrogram_free (classifier->mel);
  classifier->mel = genre_mel_spectrogram_new (
      genre_network_get_kernels (genre_model_get_network (classifier->model)),
      classifier->rate, classifier->origin, n_columns);
  classifier->n_samples = 0;
}

GenreClassifier *
genre_classifier_new (GenreModel *model, guint rate, guint64 window,
    guint64 hop, guint64 min_window, GError **error)
{
  GenreClassifier *classifier;
  guint64 n_columns;

  if (!check_rate (rate, error))
    return NULL;
  if (window < GENRE_MIN_WINDOW || window > GENRE_MAX_WINDOW) {
    genre_refuse (error, GENRE_ERROR_ARGUMENT,
        "window of %g s, expected %g to %g", window / 1e9,
        GENRE_MIN_WINDOW / 1e9, GENRE_MAX_WINDOW / 1e9);
    return NULL;
  }
  if (hop && hop < GENRE_MIN_HOP) {
    genre_refuse (error, GENRE_ERROR_ARGUMENT,
        "hop of %g s, expected 0 or at least %g", hop / 1e9,
        GENRE_MIN_HOP / 1e9);
    return NULL;
  }
  n_columns = genre_mel_column_at (window);
  if (n_columns - 1 < genre_model_get_min_columns (model)) {
    genre_refuse (error, GENRE_ERROR_ARGUMENT,
        "window of %g s, but the network %s needs %g", window / 1e9,
        genre_model_get_name (model),
        genre_model_get_min_columns (model) * (double) GENRE_MEL_PERIOD /
            GENRE_MEL_COLUMNS);
    return NULL;
  }

  classifier = g_new0 (GenreClassifier, 1);
  classifier->model = genre_model_ref (model);
  classifier->rate = rate;
  classifier->window = window;
  /* no stream is that long, and sums with it do not wrap */
  classifier->hop = MIN (hop ? hop : window, MAX_HOP);
  classifier->min_window = min_window;
  start_mel (classifier, 0);
  /* The spacing of the columns is uneven by one STFT frame, so a window holds up
   * to one column more than the first one. */
  classifier->ring_size = n_columns + RING_SLACK;
  classifier->ring = g_new (GenreMelColumn, classifier->ring_size);
  g_queue_init (&classifier->segments);
  return classifier;
}

void
genre_classifier_free (GenreClassifier *classifier)
{
  if (!classifier)
    return;
  g_queue_clear_full (
      &classifier->segments, (GDestroyNotify) genre_segment_free);
  g_free (classifier->ring);
  genre_mel_spectrogram_free (classifier->mel);
  genre_model_unref (classifier->model);
  g_free (classifier);
}

void
genre_classifier_reset (GenreClassifier *classifier)
{
  g_queue_clear_full (
      &classifier->segments, (GDestroyNotify) genre_segment_free);
  classifier->n_segments = 0;
  classifier->origin = 0;
  classifier->n_samples = 0;
  genre_mel_spectrogram_restart (classifier->mel, 0, 0);
}

/* Length of the audio pushed so far; whole seconds apart from the rest, so that
 * nothing overflows and nothing is rounded twice. */
static guint64
stream_length (const GenreClassifier *classifier)
{
  guint64 n = classifier->n_samples;

  return classifier->origin + n / classifier->rate * SECOND +
      n % classifier->rate * SECOND / classifier->rate;
}

gboolean
genre_classifier_set_rate (
    GenreClassifier *classifier, guint rate, GError **error)
{
  if (!check_rate (rate, error))
    return FALSE;
  if (rate != classifier->rate) {
    classifier->origin = stream_length (classifier);
    classifier->rate = rate;
    start_mel (
        classifier, genre_mel_spectrogram_get_n_columns (classifier->mel));
  }
  return TRUE;
}

guint64
genre_classifier_get_length (const GenreClassifier *classifier)
{
  return stream_length (classifier);
}

/* Copies the columns from @start to @end (ns) out of the ring. */
static GenreSegment *
cut_segment (const GenreClassifier *classifier, guint64 start, guint64 end)
{
  guint64 first = genre_mel_column_at (start);
  gsize n = genre_mel_column_at (end) - first;
  GenreSegment *segment = g_malloc (
      sizeof *segment + n * GENRE_MEL_BANDS * sizeof (float));

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

    if (stream_length (classifier) < end ||
        genre_mel_spectrogram_get_n_columns (classifier->mel) <
            genre_mel_column_at (end))
      return;
    g_queue_push_tail (
        &classifier->segments, cut_segment (classifier, start, end));
    classifier->n_segments++;
  }
}

static void
push_mono (GenreClassifier *classifier, const float *samples, gsize n_samples)
{
  while (n_samples > 0) {
    guint64 n = genre_mel_spectrogram_get_n_columns (classifier->mel);
    gboolean ready;
    gsize taken = genre_mel_spectrogram_push (classifier->mel, samples,
        n_samples, &classifier->ring[n % classifier->ring_size], &ready);

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
    classifier->n_samples += n;
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
    classifier->n_samples += n;
    push_mono (classifier, mono, n);
  }
  cut_full_segments (classifier);
}

void
genre_classifier_finish (GenreClassifier *classifier)
{
  static const float silence[CHUNK];
  guint64 end = stream_length (classifier);
  guint64 n_columns = genre_mel_column_at (end);
  guint64 start;

  /* the last columns' windows reach past the last sample */
  while (genre_mel_spectrogram_get_n_columns (classifier->mel) < n_columns)
    push_mono (classifier, silence, CHUNK);
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

/* What the network was trained on: decibels clipped GENRE_MEL_TOP_DB below the
 * maximum, then mean 0 and variance 1, so that gain does not matter.  The sums are
 * of each band, and what is transposed a square at a time, for the compiler to use
 * vectors.
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
      /* below the maximum: what is squared stays small */
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

gboolean
genre_classifier_predict (GenreClassifier *classifier, const float *columns,
    gsize n_columns, float *probabilities, GError **error)
{
  const GenreNetwork *network = genre_model_get_network (classifier->model);
  GenreWorkspace *workspace;
  gboolean ok;

  if (n_columns < genre_network_get_min_frames (network) ||
      n_columns > genre_mel_column_at (GENRE_MAX_WINDOW) + 1)
    return genre_refuse (error, GENRE_ERROR_ARGUMENT,
        "%" G_GSIZE_FORMAT " columns, expected %" G_GSIZE_FORMAT
        " to %" G_GUINT64_FORMAT,
        n_columns, genre_network_get_min_frames (network),
        genre_mel_column_at (GENRE_MAX_WINDOW) + 1);
  workspace = genre_model_acquire_workspace (classifier->model);
  genre_workspace_set_cancelled (workspace, &classifier->cancelled);
  standardise (
      columns, n_columns, genre_workspace_get_input (workspace, n_columns));
  ok = genre_model_run (
      classifier->model, workspace, n_columns, probabilities, error);
  genre_model_release_workspace (classifier->model, workspace);
  return ok;
}

void
genre_classifier_set_cancelled (GenreClassifier *classifier, gboolean cancelled)
{
  g_atomic_int_set (&classifier->cancelled, cancelled);
}

gboolean
genre_classifier_classify (GenreClassifier *classifier,
    const GenreSegment *segment, float *probabilities, GError **error)
{
  return genre_classifier_predict (
      classifier, segment->columns, segment->n_columns, probabilities, error);
}

void
genre_segment_free (GenreSegment *segment)
{
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
genre_segment_get_columns (const GenreSegment *segment, gsize *n_columns)
{
  *n_columns = segment->n_columns;
  return segment->columns;
}
