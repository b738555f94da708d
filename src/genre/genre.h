/* libgenre: music genre classification of audio
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/**
 * SECTION:genre
 * @short_description: music genre classification of a stream of samples
 *
 * The way of a sample: it is mixed to mono, gathered into columns of a mel
 * spectrogram as it arrives, and when a window of them is full, the window is
 * handed out as a #GenreSegment, which the network turns into one probability
 * per genre.
 *
 * |[<!-- language="C" -->
 * GError *error = NULL;
 * GenreModel *model = genre_model_load ("crnn.safetensors", &error);
 * GenreClassifier *classifier = genre_classifier_new (model, 44100,
 *     30 * G_USEC_PER_SEC * 1000ULL, 0, 5 * G_USEC_PER_SEC * 1000ULL, &error);
 * float *probabilities = g_new (float, genre_model_get_n_labels (model));
 * GenreSegment *segment;
 *
 * genre_classifier_push (classifier, GENRE_SAMPLE_S16, 2, samples, n_frames);
 * genre_classifier_finish (classifier);
 * while ((segment = genre_classifier_take_segment (classifier))) {
 *   genre_classifier_classify (classifier, segment, probabilities, &error);
 *   genre_segment_free (segment);
 * }
 * ]|
 *
 * Nothing in the library prints, exits or aborts on input; what it refuses, it
 * refuses with a #GError that names the file, the tensor or the value and says
 * what was expected.  Times are nanoseconds.
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#if defined(__GNUC__)
#define GENRE_API __attribute__ ((visibility ("default"))) extern
#else
#define GENRE_API extern
#endif

#define GENRE_ERROR (genre_error_quark ())

/**
 * GenreError:
 * @GENRE_ERROR_NOT_FOUND: the weights file does not exist
 * @GENRE_ERROR_READ: the weights file could not be read
 * @GENRE_ERROR_FORMAT: the file is not a weights file, is damaged, or describes
 *     a network that this library cannot run
 * @GENRE_ERROR_ARGUMENT: a value is out of its documented range
 * @GENRE_ERROR_CANCELLED: genre_classifier_set_cancelled() was called
 */
typedef enum
{
  GENRE_ERROR_NOT_FOUND,
  GENRE_ERROR_READ,
  GENRE_ERROR_FORMAT,
  GENRE_ERROR_ARGUMENT,
  GENRE_ERROR_CANCELLED
} GenreError;

/**
 * GenreSampleFormat:
 * @GENRE_SAMPLE_S16: signed 16-bit integers
 * @GENRE_SAMPLE_S32: signed 32-bit integers
 * @GENRE_SAMPLE_F32: 32-bit floats, full scale 1.0
 * @GENRE_SAMPLE_F64: 64-bit floats, full scale 1.0
 *
 * Format of samples, in the byte order of the host.
 */
typedef enum
{
  GENRE_SAMPLE_S16,
  GENRE_SAMPLE_S32,
  GENRE_SAMPLE_F32,
  GENRE_SAMPLE_F64
} GenreSampleFormat;

/* bands of a mel spectrogram's column */
#define GENRE_MEL_BANDS 128

/* sample rates that can be analysed, Hz */
#define GENRE_MIN_RATE 4000
#define GENRE_MAX_RATE 384000

/* lengths of a window, ns */
#define GENRE_MIN_WINDOW G_GUINT64_CONSTANT (3000000000)
#define GENRE_MAX_WINDOW G_GUINT64_CONSTANT (300000000000)
/* from one window's start to the next one's, ns: a mel column is 77.5 ms */
#define GENRE_MIN_HOP G_GUINT64_CONSTANT (100000000)

typedef struct _GenreModel GenreModel;
typedef struct _GenreClassifier GenreClassifier;
typedef struct _GenreSegment GenreSegment;
typedef struct _GenreTrack GenreTrack;

GENRE_API GQuark genre_error_quark (void);

/* A model: a network and its weights.  Immutable once loaded and reference
 * counted, so that any number of classifiers in any threads share one. */

/**
 * genre_model_load:
 * @path: a weights file (safetensors), in the file system's encoding
 * @error: return location: any code of #GenreError but ARGUMENT
 *
 * A file that is in use already is not loaded again: its model is shared.
 *
 * Returns: (transfer full) (nullable): the model, or %NULL with @error set
 */
GENRE_API GenreModel *genre_model_load (const char *path, GError **error);
GENRE_API GenreModel *genre_model_ref (GenreModel *model);
GENRE_API void genre_model_unref (GenreModel *model);
/* name and version as the file states them; owned by the model */
GENRE_API const char *genre_model_get_name (const GenreModel *model);
GENRE_API const char *genre_model_get_version (const GenreModel *model);
/* labels [n_labels], in the order of the probabilities; owned by the model */
GENRE_API guint genre_model_get_n_labels (const GenreModel *model);
GENRE_API const char *
genre_model_get_label (const GenreModel *model, guint index);
/* number of trained values in the network as it runs */
GENRE_API gsize genre_model_get_n_parameters (const GenreModel *model);
/* shortest window that the network accepts, in mel columns of 77.5 ms */
GENRE_API gsize genre_model_get_min_columns (const GenreModel *model);

/* A classifier: the state of one stream.  push, finish, reset and take_segment
 * belong to one thread at a time, and classify and predict to one thread at a
 * time, which may be another: the two halves share nothing that changes. */

/**
 * genre_classifier_new:
 * @model: the model; a reference is taken
 * @rate: sample rate, Hz, GENRE_MIN_RATE to GENRE_MAX_RATE
 * @window: length of a segment, ns, GENRE_MIN_WINDOW to GENRE_MAX_WINDOW
 * @hop: from one segment's start to the next one's, ns, at least GENRE_MIN_HOP;
 *     0 means @window
 * @min_window: shortest partial segment that genre_classifier_finish() gives,
 *     ns.  What is shorter than the network accepts is never given.
 * @error: return location: GENRE_ERROR_ARGUMENT
 *
 * Returns: (transfer full) (nullable): the classifier, or %NULL
 */
GENRE_API GenreClassifier *genre_classifier_new (GenreModel *model, guint rate,
    guint64 window, guint64 hop, guint64 min_window, GError **error);
GENRE_API void genre_classifier_free (GenreClassifier *classifier);

/**
 * genre_classifier_push:
 * @format: format of the samples
 * @channels: number of interleaved channels, at least 1; their mean is analysed
 * @samples: (nullable): samples [n_frames][channels], aligned for their type;
 *     %NULL stands for silence
 * @n_frames: number of samples per channel
 *
 * Samples that are not finite, or beyond +-1e9, count as 0.
 */
GENRE_API void
genre_classifier_push (GenreClassifier *classifier, GenreSampleFormat format,
    guint channels, gconstpointer samples, gsize n_frames);

/**
 * genre_classifier_push_planar:
 * @planes: [channels], each samples [n_frames]
 *
 * The same for channels that are not interleaved.
 */
GENRE_API void genre_classifier_push_planar (GenreClassifier *classifier,
    GenreSampleFormat format, guint channels, const gconstpointer *planes,
    gsize n_frames);

/**
 * genre_classifier_finish:
 *
 * Says that the stream has ended: the segment under way becomes a partial one
 * if it is long enough.  Push no more before genre_classifier_reset().
 */
GENRE_API void genre_classifier_finish (GenreClassifier *classifier);

/**
 * genre_classifier_reset:
 *
 * Forgets all samples and all segments not yet taken; time begins at 0 again.
 */
GENRE_API void genre_classifier_reset (GenreClassifier *classifier);

/**
 * genre_classifier_set_rate:
 * @rate: sample rate, Hz, of the samples to come
 * @error: return location: GENRE_ERROR_ARGUMENT
 *
 * The stream goes on at another rate, and so does the segment under way.
 *
 * Returns: %FALSE with @error set, and nothing changed
 */
GENRE_API gboolean genre_classifier_set_rate (
    GenreClassifier *classifier, guint rate, GError **error);

/* length of the audio pushed since the start or the last reset, ns */
GENRE_API guint64 genre_classifier_get_length (
    const GenreClassifier *classifier);

/**
 * genre_classifier_take_segment:
 *
 * Returns: (transfer full) (nullable): the oldest complete segment that was not
 *     taken yet, or %NULL
 */
GENRE_API GenreSegment *
genre_classifier_take_segment (GenreClassifier *classifier);

/**
 * genre_classifier_classify:
 * @segment: a segment of this classifier
 * @probabilities: (out caller-allocates): [n_labels], finite, sum 1
 * @error: return location: GENRE_ERROR_FORMAT if the network's weights overflow,
 *     GENRE_ERROR_CANCELLED
 *
 * Returns: %FALSE with @error set
 */
GENRE_API gboolean genre_classifier_classify (GenreClassifier *classifier,
    const GenreSegment *segment, float *probabilities, GError **error);

/**
 * genre_classifier_predict:
 * @columns: mel spectrogram in dB, [n_columns][GENRE_MEL_BANDS]; the reference
 *     level does not matter
 * @n_columns: at least genre_model_get_min_columns()
 * @probabilities: (out caller-allocates): [n_labels], finite, sum 1
 * @error: return location: GENRE_ERROR_ARGUMENT if @n_columns is too small or is
 *     more than the longest window has; GENRE_ERROR_FORMAT as for classify
 *
 * Classifies columns that were computed before; what classify does after the
 * front end.
 *
 * Returns: %FALSE with @error set
 */
GENRE_API gboolean genre_classifier_predict (GenreClassifier *classifier,
    const float *columns, gsize n_columns, float *probabilities,
    GError **error);

/**
 * genre_classifier_set_cancelled:
 * @cancelled: whether classify and predict are to return at once
 *
 * From any thread: a classification under way, and any later one, ends early with
 * GENRE_ERROR_CANCELLED, until this is called with %FALSE.
 */
GENRE_API void genre_classifier_set_cancelled (
    GenreClassifier *classifier, gboolean cancelled);

/* A segment: a snapshot of one window's mel columns. */

GENRE_API void genre_segment_free (GenreSegment *segment);
/* start, ns since the first sample, and length of its audio, ns */
GENRE_API guint64 genre_segment_get_start (const GenreSegment *segment);
GENRE_API guint64 genre_segment_get_duration (const GenreSegment *segment);
/* TRUE if the stream ended before the window was full */
GENRE_API gboolean genre_segment_is_partial (const GenreSegment *segment);
/* level of the mono mix, dB below a full-scale square wave (RMS 1.0 is 0);
 * minus infinity for digital silence */
GENRE_API double genre_segment_get_level (const GenreSegment *segment);
/* mel columns in dB, [n_columns][GENRE_MEL_BANDS], owned by the segment */
GENRE_API const float *
genre_segment_get_columns (const GenreSegment *segment, gsize *n_columns);

/* A track: the average of its segments' probabilities, by their durations. */

GENRE_API GenreTrack *genre_track_new (guint n_labels);
GENRE_API void genre_track_free (GenreTrack *track);
GENRE_API void genre_track_reset (GenreTrack *track);
/* probabilities [n_labels]; duration in ns is the weight */
GENRE_API void genre_track_add (
    GenreTrack *track, const float *probabilities, guint64 duration);
/* Gives the average, [n_labels], sum 1; FALSE and zeros if nothing was added */
GENRE_API gboolean genre_track_get (
    const GenreTrack *track, float *probabilities);

G_END_DECLS
