/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The state of one stream: the front end with its ring of mel columns, out
 * of which segments are cut.  Classifying reads only the model, so that
 * another thread can do it. */

#include <math.h>
#include <string.h>

#include "genre/weights/error.h"
#include "melspectrogram.h"
#include "model.h"
#include "standardise.h"
#include "samples.h"

#define MAX_HOP ((guint64) 1 << 62)
/* The ring is longer than a window by the column under way, and by some that finish
 * appends. */
#define RING_SLACK 6
/* What may be pushed before the caller looks whether max_hold is over. */
#define HOLD_SLACK (2 * GENRE_SECOND)

struct _GenreSegment
{
  gatomicrefcount refcount;
  guint64 start, duration, missing, fresh;
  gboolean partial;
  double mean_square;
  gsize n_columns;
  float columns[]; /* [n_columns][GENRE_MEL_BANDS], dB */
};

struct _GenreClassifier
{
  gatomicrefcount refcount;
  GenreModel *model;
  guint64 window, hop, min_window, max_hold; /* ns */

  /* front end */
  GenreMelSpectrogram *mel;
  GenreMelColumn *ring; /* [ring_size]; column c is ring[c % ring_size] */
  gsize ring_size;

  /* where the segments are */
  guint64 first;      /* start of the first one since the last split */
  guint64 n_segments; /* cut or left out since then */
  gboolean held;      /* none is cut that ends after hold_time */
  guint64 hold_time;
  GQueue segments; /* cut and not taken */

  guint64 covered;   /* ns of audio that are in a segment, or discarded */
  guint64 discarded; /* ns of audio that is in no segment */

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
  if (config->max_hold > GENRE_MAX_WINDOW)
    return genre_refuse (error, GENRE_ERROR_ARGUMENT,
        "segments held for %g s, expected at most %g",
        in_seconds (config->max_hold), in_seconds (GENRE_MAX_WINDOW));
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
  classifier->max_hold = config->max_hold;
  classifier->mel = mel;
  /* The spacing of the columns is uneven by one STFT frame, so a window holds up
   * to one column more than the first one. */
  classifier->ring_size = genre_mel_column_at (
                              config->window + config->max_hold + HOLD_SLACK) +
      RING_SLACK;
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

/* Length of the audio until @time of the stream, without the holes. */
static guint64
heard_at (const GenreClassifier *classifier, guint64 time)
{
  return genre_mel_spectrogram_heard_at (classifier->mel, time);
}

/* The audio from @start to @end of the stream is in a segment.  What came before and
 * is in none will not be in any.  Returns how much of it was in none before, ns. */
static guint64
cover (GenreClassifier *classifier, guint64 start, guint64 end)
{
  const guint64 from = heard_at (classifier, start);
  const guint64 until = heard_at (classifier, end);
  guint64 fresh;

  if (from > classifier->covered) {
    classifier->discarded += from - classifier->covered;
    classifier->covered = from;
  }
  fresh = until > classifier->covered ? until - classifier->covered : 0;
  classifier->covered += fresh;
  return fresh;
}

void
genre_classifier_reset (GenreClassifier *classifier)
{
  const guint64 length = genre_classifier_get_length (classifier);

  cover (classifier, length, length);
  classifier->covered = 0;
  forget_segments (classifier);
  classifier->first = 0;
  classifier->n_segments = 0;
  classifier->held = FALSE;
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

guint64
genre_classifier_get_discarded (const GenreClassifier *classifier)
{
  return classifier->discarded;
}

void
genre_classifier_skip (GenreClassifier *classifier, guint64 duration)
{
  genre_mel_spectrogram_skip (classifier->mel, duration);
}

/* Start of the segment that is under way. */
static guint64
next_segment (const GenreClassifier *classifier)
{
  return classifier->first + classifier->n_segments * classifier->hop;
}

/* Copies the columns of the audio from @start to @end (ns) out of the ring, as far
 * as they are there.  NULL if less than half of it was heard, or less than the
 * network needs. */
static GenreSegment *
cut_segment (const GenreClassifier *classifier, guint64 start, guint64 end)
{
  guint64 heard = heard_at (classifier, end) - heard_at (classifier, start);
  guint64 first = genre_mel_column_at (start);
  guint64 last = MIN (genre_mel_column_at (end),
      genre_mel_spectrogram_get_n_columns (classifier->mel));
  GenreSegment *segment;
  gsize n;

  if (heard < (end - start) / 2 ||
      last < first + genre_model_get_min_columns (classifier->model))
    return NULL;
  n = last - first;
  segment = g_malloc (sizeof *segment + n * GENRE_MEL_BANDS * sizeof (float));
  g_atomic_ref_count_init (&segment->refcount);
  segment->start = start;
  segment->duration = end - start;
  segment->missing = segment->duration - heard;
  segment->fresh = heard;
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

/* Cuts the segment from @start to @end, which is to be taken next. */
static void
add_segment (GenreClassifier *classifier, guint64 start, guint64 end)
{
  GenreSegment *segment = cut_segment (classifier, start, end);

  if (!segment)
    return;
  segment->fresh = cover (classifier, start, end);
  g_queue_push_tail (&classifier->segments, segment);
}

/* Cuts the segment under way, whose window is full. */
static void
add_full_segment (GenreClassifier *classifier)
{
  const guint64 start = next_segment (classifier);
  const guint64 end = start + classifier->window;

  add_segment (classifier, start, end);
  classifier->n_segments++;
  genre_mel_spectrogram_forget (
      classifier->mel, MIN (end, next_segment (classifier)));
}

/* The same, if it is not held back, and its samples and columns are all there. */
static gboolean
cut_full_segment (GenreClassifier *classifier)
{
  const guint64 end = next_segment (classifier) + classifier->window;

  if ((classifier->held && end > classifier->hold_time) ||
      end > genre_classifier_get_length (classifier) ||
      genre_mel_column_at (end) >
          genre_mel_spectrogram_get_n_columns (classifier->mel))
    return FALSE;
  add_full_segment (classifier);
  return TRUE;
}

/* Cuts all that are complete.  They must not wait longer than the ring has
 * room. */
static void
cut_full_segments (GenreClassifier *classifier)
{
  if (genre_classifier_get_held (classifier) >
      classifier->max_hold + HOLD_SLACK)
    classifier->held = FALSE;
  while (cut_full_segment (classifier))
    ;
}

void
genre_classifier_hold (GenreClassifier *classifier)
{
  classifier->held = TRUE;
  classifier->hold_time = genre_classifier_get_length (classifier);
  cut_full_segments (classifier);
}

guint64
genre_classifier_get_held (const GenreClassifier *classifier)
{
  return classifier->held
      ? genre_classifier_get_length (classifier) - classifier->hold_time
      : 0;
}

void
genre_classifier_release (GenreClassifier *classifier)
{
  /* they are cut when they are taken, so that they need not all be in memory */
  classifier->held = FALSE;
}

/* Cuts a last segment that ends at @time, if it is long enough. */
static void
cut_last_segment (GenreClassifier *classifier, guint64 time)
{
  const guint64 start = next_segment (classifier);

  if (start < time && time - start >= classifier->min_window)
    add_segment (classifier, start, time);
  cover (classifier, time, time);
}

void
genre_classifier_split (GenreClassifier *classifier)
{
  const guint64 time = classifier->hold_time;

  if (!classifier->held)
    return;
  /* a window that was just full may wait for its last columns, which need samples
   * of the next piece */
  while (next_segment (classifier) + classifier->window <= time)
    add_full_segment (classifier);
  cut_last_segment (classifier, time);
  classifier->first = time;
  classifier->n_segments = 0;
}

/* Where the next column goes. */
static GenreMelColumn *
next_column (GenreClassifier *classifier)
{
  guint64 n = genre_mel_spectrogram_get_n_columns (classifier->mel);

  return &classifier->ring[n % classifier->ring_size];
}

void
genre_classifier_push (GenreClassifier *classifier, GenreSampleFormat format,
    guint channels, gconstpointer samples, gsize n_frames)
{
  const gsize stride = genre_sample_size (format) * channels;
  gsize done = 0;

  g_return_if_fail (channels > 0);
  while (done < n_frames) {
    gboolean ready;

    done += genre_mel_spectrogram_push (classifier->mel, format, channels,
        samples ? (const guint8 *) samples + done * stride : NULL,
        n_frames - done, next_column (classifier), &ready);
    if (ready)
      cut_full_segments (classifier);
  }
  cut_full_segments (classifier);
}

void
genre_classifier_push_planar (GenreClassifier *classifier,
    GenreSampleFormat format, guint channels, const gconstpointer *planes,
    gsize n_frames)
{
  gsize done = 0;

  g_return_if_fail (channels > 0);
  while (done < n_frames) {
    gboolean ready;

    done += genre_mel_spectrogram_push_planar (classifier->mel, format,
        channels, planes, done, n_frames - done, next_column (classifier),
        &ready);
    if (ready)
      cut_full_segments (classifier);
  }
  cut_full_segments (classifier);
}

gboolean
genre_classifier_push_bytes (GenreClassifier *classifier,
    GenreSampleFormat format, guint channels, const guint8 *samples, gsize size,
    GError **error)
{
  gsize n_frames;

  if (!genre_mel_spectrogram_is_open (classifier->mel, error) ||
      !genre_count_frames (format, channels, size, &n_frames, error))
    return FALSE;
  genre_classifier_push (classifier, format, channels, samples, n_frames);
  return TRUE;
}

void
genre_classifier_finish (GenreClassifier *classifier)
{
  const guint64 end = genre_classifier_get_length (classifier);

  classifier->held = FALSE;
  while (
      genre_mel_spectrogram_finish (classifier->mel, next_column (classifier)))
    cut_full_segments (classifier);
  cut_full_segments (classifier);
  cut_last_segment (classifier, end);
}

GenreSegment *
genre_classifier_take_segment (GenreClassifier *classifier)
{
  if (g_queue_is_empty (&classifier->segments))
    cut_full_segment (classifier);
  return g_queue_pop_head (&classifier->segments);
}

GenreSegment *
genre_classifier_peek_segment (const GenreClassifier *classifier)
{
  const guint64 start = next_segment (classifier);
  const guint64 end = genre_classifier_get_length (classifier);

  if (end <= start || end - start < classifier->min_window ||
      end - start >= classifier->window)
    return NULL;
  return cut_segment (classifier, start, end);
}

static GenreWorkspace *
acquire_workspace (GenreClassifier *classifier)
{
  GenreWorkspace *workspace = genre_model_acquire_workspace (classifier->model);

  genre_workspace_set_cancelled (workspace, &classifier->cancelled);
  return workspace;
}

static GenrePrediction *
run (GenreClassifier *classifier, GenreWorkspace *workspace,
    const float *columns, gsize n_columns, GError **error)
{
  genre_standardise (
      columns, n_columns, genre_workspace_get_input (workspace, n_columns));
  return genre_model_run (classifier->model, workspace, n_columns, error);
}

static gboolean
check_length (
    const GenreClassifier *classifier, gsize n_columns, GError **error)
{
  const gsize min = genre_model_get_min_columns (classifier->model);
  const gsize max = genre_model_get_max_columns ();

  return (n_columns >= min && n_columns <= max) ||
      genre_refuse (error, GENRE_ERROR_ARGUMENT,
          "%" G_GSIZE_FORMAT " columns, expected %" G_GSIZE_FORMAT
          " to %" G_GSIZE_FORMAT,
          n_columns, min, max);
}

static GenrePrediction *
predict (GenreClassifier *classifier, const float *columns, gsize n_columns,
    GError **error)
{
  GenreWorkspace *workspace;
  GenrePrediction *prediction;

  if (!check_length (classifier, n_columns, error))
    return NULL;
  workspace = acquire_workspace (classifier);
  prediction = run (classifier, workspace, columns, n_columns, error);
  genre_model_release_workspace (classifier->model, workspace);
  return prediction;
}

/* What @prediction (transfer full, may be NULL) says of the genres. */
static float *
take_probabilities (GenrePrediction *prediction, gsize *n_probabilities)
{
  float *probabilities = NULL;
  gsize n = 0;

  if (prediction) {
    const float *values = genre_prediction_get_values (prediction, 0, &n);

    probabilities = g_memdup2 (values, n * sizeof *values);
  }
  genre_prediction_unref (prediction);
  if (n_probabilities)
    *n_probabilities = n;
  return probabilities;
}

float *
genre_classifier_predict (GenreClassifier *classifier, const float *columns,
    gsize n_columns, gsize *n_probabilities, GError **error)
{
  return take_probabilities (
      predict (classifier, columns, n_columns, error), n_probabilities);
}

float *
genre_classifier_predict_bytes (GenreClassifier *classifier,
    const guint8 *columns, gsize size, gsize *n_probabilities, GError **error)
{
  return take_probabilities (
      genre_classifier_analyse_bytes (classifier, columns, size, error),
      n_probabilities);
}

GenrePrediction *
genre_classifier_analyse_bytes (GenreClassifier *classifier,
    const guint8 *columns, gsize size, GError **error)
{
  const gsize column = GENRE_MEL_BANDS * sizeof (float);
  /* the bytes may begin anywhere, floats may not */
  g_autofree float *copy = NULL;

  if (size % column > 0) {
    genre_refuse (error, GENRE_ERROR_ARGUMENT,
        "%" G_GSIZE_FORMAT " bytes, expected whole columns of %" G_GSIZE_FORMAT,
        size, column);
    return NULL;
  }
  copy = g_memdup2 (columns, size);
  return predict (classifier, copy, size / column, error);
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
  return take_probabilities (
      genre_classifier_analyse (classifier, segment, error), n_probabilities);
}

GenrePrediction *
genre_classifier_analyse (
    GenreClassifier *classifier, const GenreSegment *segment, GError **error)
{
  return predict (classifier, segment->columns, segment->n_columns, error);
}

static void
prediction_unref (gpointer prediction)
{
  genre_prediction_unref (prediction);
}

/* One after the other: what they could share, the way of the weights into the caches,
 * is less than a twentieth of the network's time. */
GPtrArray *
genre_classifier_analyse_batch (GenreClassifier *classifier,
    GenreSegment *const *segments, gsize n_segments, GError **error)
{
  g_autoptr (GPtrArray)
      predictions = g_ptr_array_new_with_free_func (prediction_unref);
  GenreWorkspace *workspace = acquire_workspace (classifier);
  gboolean ok = TRUE;

  for (gsize i = 0; ok && i < n_segments; i++) {
    const GenreSegment *segment = segments[i];
    GenrePrediction *prediction = NULL;

    if (check_length (classifier, segment->n_columns, error))
      prediction = run (
          classifier, workspace, segment->columns, segment->n_columns, error);
    if (prediction)
      g_ptr_array_add (predictions, prediction);
    else
      g_prefix_error (error, "segment %" G_GSIZE_FORMAT ": ", i + 1);
    ok = prediction != NULL;
  }
  genre_model_release_workspace (classifier->model, workspace);
  return ok ? g_steal_pointer (&predictions) : NULL;
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

guint64
genre_segment_get_missing (const GenreSegment *segment)
{
  return segment->missing;
}

guint64
genre_segment_get_fresh (const GenreSegment *segment)
{
  return segment->fresh;
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
