/* SPDX-License-Identifier: GPL-2.0-or-later */

/* libgenre: classifiers. */

#pragma once

#include "genremodel.h"
#include "genreprediction.h"
#include "genresegment.h"

G_BEGIN_DECLS

/**
 * GenreClassifierConfig:
 * @window: length of a segment, ns, %GENRE_MIN_WINDOW to %GENRE_MAX_WINDOW
 * @hop: from one segment's start to the next one's, ns, at least %GENRE_MIN_HOP;
 *     0 means @window
 * @min_window: shortest partial segment that genre_classifier_finish() gives, ns.
 *     What is shorter than the network accepts is never given.
 * @max_hold: how long genre_classifier_hold() holds segments back, ns, at most
 *     %GENRE_MAX_WINDOW; the mel columns of that time are kept, 6.7 KB per second
 *
 * How a stream is cut into segments.  Call genre_classifier_config_init() first:
 * later versions may have more members in the place of what is reserved.
 *
 * Since: 1.0
 */
typedef struct
{
  guint64 window;
  guint64 hop;
  guint64 min_window;
  guint64 max_hold;

  /*< private >*/
  guint64 reserved[4];
} GenreClassifierConfig;

#define GENRE_TYPE_CLASSIFIER_CONFIG (genre_classifier_config_get_type ())
GENRE_API GType genre_classifier_config_get_type (void) G_GNUC_CONST;

/**
 * genre_classifier_config_init:
 * @config: a config, of any content
 *
 * Sets the defaults: a window of %GENRE_DEFAULT_WINDOW, no overlap, and a last
 * segment of at least %GENRE_DEFAULT_MIN_WINDOW.
 *
 * Since: 1.0
 */
GENRE_API void genre_classifier_config_init (GenreClassifierConfig *config);

/**
 * genre_classifier_config_copy:
 * @config: a config
 *
 * Copies a config.
 *
 * Returns: (transfer full): a copy, to be freed with genre_classifier_config_free()
 *
 * Since: 1.0
 */
GENRE_API GenreClassifierConfig *
genre_classifier_config_copy (const GenreClassifierConfig *config);

/**
 * genre_classifier_config_free:
 * @config: (transfer full) (nullable): a copy, or %NULL
 *
 * Frees what genre_classifier_config_copy() gave.
 *
 * Since: 1.0
 */
GENRE_API void genre_classifier_config_free (GenreClassifierConfig *config);

/**
 * GenreClassifier:
 *
 * The state of one stream.  classify and predict belong to one thread at a time, and
 * all other functions, but for set_cancelled, to one thread at a time, which may be
 * another: the two halves share nothing that changes.
 *
 * Since: 1.0
 */
typedef struct _GenreClassifier GenreClassifier;

#define GENRE_TYPE_CLASSIFIER (genre_classifier_get_type ())
GENRE_API GType genre_classifier_get_type (void) G_GNUC_CONST;

/**
 * genre_classifier_new:
 * @model: the model; a reference is taken
 * @rate: sample rate, Hz, %GENRE_MIN_RATE to %GENRE_MAX_RATE
 * @config: (nullable): how the stream is cut; %NULL: by the defaults
 * @error: return location for an error
 *
 * Begins a stream.
 *
 * Errors: %GENRE_ERROR_ARGUMENT if the rate or the config is out of its range, or
 * the window is shorter than what the network accepts.
 *
 * Returns: (transfer full) (nullable): the classifier, or %NULL with @error set
 *
 * Since: 1.0
 */
GENRE_API GenreClassifier *genre_classifier_new (GenreModel *model, guint rate,
    const GenreClassifierConfig *config, GError **error);

/**
 * genre_classifier_ref:
 * @classifier: a classifier
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @classifier
 *
 * Since: 1.0
 */
GENRE_API GenreClassifier *genre_classifier_ref (GenreClassifier *classifier);

/**
 * genre_classifier_unref:
 * @classifier: (transfer full) (nullable): a classifier, or %NULL
 *
 * Drops a reference; the last one frees it.
 *
 * Since: 1.0
 */
GENRE_API void genre_classifier_unref (GenreClassifier *classifier);

/**
 * genre_classifier_push: (skip)
 * @classifier: a classifier
 * @format: format of the samples
 * @channels: number of interleaved channels, at least 1; their mean is analysed
 * @samples: (nullable): samples [n_frames][channels], aligned for their type;
 *     %NULL stands for silence
 * @n_frames: number of samples per channel
 *
 * Takes samples.  Those that are not finite, beyond +-1e9 or within +-1e-10 count as 0.
 *
 * Since: 1.0
 */
GENRE_API void
genre_classifier_push (GenreClassifier *classifier, GenreSampleFormat format,
    guint channels, gconstpointer samples, gsize n_frames);

/**
 * genre_classifier_push_planar: (skip)
 * @classifier: a classifier
 * @format: format of the samples
 * @channels: number of planes, at least 1; their mean is analysed
 * @planes: [channels], each samples [n_frames]
 * @n_frames: number of samples per channel
 *
 * Takes samples of channels that are not interleaved.  Those that are not finite, beyond
 * +-1e9 or within +-1e-10 count as 0.
 *
 * Since: 1.0
 */
GENRE_API void genre_classifier_push_planar (GenreClassifier *classifier,
    GenreSampleFormat format, guint channels, const gconstpointer *planes,
    gsize n_frames);

/**
 * genre_classifier_push_bytes: (rename-to genre_classifier_push)
 * @classifier: a classifier
 * @format: format of the samples
 * @channels: number of interleaved channels, at least 1; their mean is analysed
 * @samples: (array length=size): samples of whole frames
 * @size: bytes of them
 * @error: return location for an error
 *
 * Takes samples, in a form for other languages.
 *
 * Errors: %GENRE_ERROR_ARGUMENT if there are no channels, @size is not that of whole
 * frames, or it comes after genre_classifier_finish().
 *
 * Returns: %FALSE with @error set, and nothing taken
 *
 * Since: 1.0
 */
GENRE_API gboolean genre_classifier_push_bytes (GenreClassifier *classifier,
    GenreSampleFormat format, guint channels, const guint8 *samples, gsize size,
    GError **error);

/**
 * genre_classifier_finish:
 * @classifier: a classifier
 *
 * Says that the stream has ended: the segment under way becomes a partial one
 * if it is long enough.  Push no more before genre_classifier_reset().
 *
 * Since: 1.0
 */
GENRE_API void genre_classifier_finish (GenreClassifier *classifier);

/**
 * genre_classifier_reset:
 * @classifier: a classifier
 *
 * Forgets all samples and all segments not yet taken; time begins at 0 again.
 *
 * Since: 1.0
 */
GENRE_API void genre_classifier_reset (GenreClassifier *classifier);

/**
 * genre_classifier_skip:
 * @classifier: a classifier
 * @duration: length of the hole, ns
 *
 * Says that audio is missing here.  Time goes on, and so a segment with a hole in it
 * has less audio than its length says; the network hears what came before and after
 * the hole with nothing between.  A segment of which less than half was heard is left
 * out.  A hole takes as long to analyse as audio of its length.
 *
 * Since: 1.0
 */
GENRE_API void
genre_classifier_skip (GenreClassifier *classifier, guint64 duration);

/**
 * genre_classifier_hold:
 * @classifier: a classifier
 *
 * Says that another piece of music may begin here: segments that end later are held
 * back until genre_classifier_release() or genre_classifier_split(), or until the
 * stream is more than #GenreClassifierConfig.max_hold and a second longer.
 *
 * Since: 1.0
 */
GENRE_API void genre_classifier_hold (GenreClassifier *classifier);

/**
 * genre_classifier_get_held:
 * @classifier: a classifier
 *
 * Tells how much longer the stream is than when genre_classifier_hold() was called.
 *
 * Returns: length of what came since then, holes included, ns; 0 if no segments are
 *     held back
 *
 * Since: 1.0
 */
GENRE_API guint64 genre_classifier_get_held (const GenreClassifier *classifier);

/**
 * genre_classifier_release:
 * @classifier: a classifier
 *
 * Lets the segments that were held back be taken.
 *
 * Since: 1.0
 */
GENRE_API void genre_classifier_release (GenreClassifier *classifier);

/**
 * genre_classifier_split:
 * @classifier: a classifier
 *
 * Says that another piece of music began when genre_classifier_hold() was called: the
 * segment that was under way then ends there, as with genre_classifier_finish(), and
 * the next one begins there.  Those after it are held back until
 * genre_classifier_release(), so that they can be told apart.  Does nothing if no
 * segments are held back.
 *
 * Since: 1.0
 */
GENRE_API void genre_classifier_split (GenreClassifier *classifier);

/**
 * genre_classifier_set_rate:
 * @classifier: a classifier
 * @rate: sample rate, Hz, of the samples to come
 * @error: return location for an error
 *
 * Lets the stream go on at another rate, and the segment under way, too.
 *
 * Errors: %GENRE_ERROR_ARGUMENT if the rate is out of its range.
 *
 * Returns: %FALSE with @error set, and nothing changed
 *
 * Since: 1.0
 */
GENRE_API gboolean genre_classifier_set_rate (
    GenreClassifier *classifier, guint rate, GError **error);

/**
 * genre_classifier_get_length:
 * @classifier: a classifier
 *
 * Tells how long the stream is.
 *
 * Returns: length of the audio pushed, and of the holes, since the start or the last
 *     reset, ns
 *
 * Since: 1.0
 */
GENRE_API guint64 genre_classifier_get_length (
    const GenreClassifier *classifier);

/**
 * genre_classifier_get_discarded:
 * @classifier: a classifier
 *
 * Tells how much audio was pushed in vain: what was left when the stream ended, was
 * reset or split and was too short for a segment; what lies between windows with a
 * longer hop; and that of windows with too little in them.
 *
 * Returns: length of the audio that is in no segment, since the classifier was made, ns
 *
 * Since: 1.0
 */
GENRE_API guint64 genre_classifier_get_discarded (
    const GenreClassifier *classifier);

/**
 * genre_classifier_take_segment:
 * @classifier: a classifier
 *
 * Takes a segment out of the classifier.  Those that are not taken wait there, each
 * with its columns: 198 KB for 30 s.
 *
 * Returns: (transfer full) (nullable): the oldest complete segment that was not
 *     taken yet, or %NULL
 *
 * Since: 1.0
 */
GENRE_API GenreSegment *
genre_classifier_take_segment (GenreClassifier *classifier);

/**
 * genre_classifier_peek_segment:
 * @classifier: a classifier
 *
 * Takes a snapshot of the segment that is under way, for an answer before its window
 * is full.
 *
 * Returns: (transfer full) (nullable): the audio so far, or %NULL if that is shorter
 *     than the least length of a partial segment, or as long as a full one
 *
 * Since: 1.0
 */
GENRE_API GenreSegment *
genre_classifier_peek_segment (const GenreClassifier *classifier);

/**
 * genre_classifier_classify:
 * @classifier: a classifier
 * @segment: a segment of this classifier, or of one with the same model
 * @n_probabilities: (out) (optional): number of them: genre_model_get_n_labels(), or
 *     0 with @error set
 * @error: return location for an error
 *
 * Runs the network, which takes milliseconds.
 *
 * Errors: %GENRE_ERROR_FORMAT if the network's weights overflow,
 * %GENRE_ERROR_CANCELLED.
 *
 * Returns: (transfer full) (array length=n_probabilities) (nullable): one
 *     probability for each label, finite, sum 1, to be freed with g_free(); or
 *     %NULL with @error set
 *
 * Since: 1.0
 */
GENRE_API float *genre_classifier_classify (GenreClassifier *classifier,
    const GenreSegment *segment, gsize *n_probabilities, GError **error);

/**
 * genre_classifier_analyse:
 * @classifier: a classifier
 * @segment: as for genre_classifier_classify()
 * @error: return location for an error
 *
 * Runs the network, and gives all that it says: the probabilities of every head,
 * whether it is music at all, and an embedding.
 *
 * Errors: as for genre_classifier_classify().
 *
 * Returns: (transfer full) (nullable): the prediction, or %NULL with @error set
 *
 * Since: 1.0
 */
GENRE_API GenrePrediction *genre_classifier_analyse (
    GenreClassifier *classifier, const GenreSegment *segment, GError **error);

/**
 * genre_classifier_analyse_batch:
 * @classifier: a classifier
 * @segments: (array length=n_segments): segments, each as for
 *     genre_classifier_classify()
 * @n_segments: number of segments
 * @error: return location for an error
 *
 * Runs the network on one segment after the other.  The predictions are those of
 * genre_classifier_analyse().
 *
 * Errors: the first one of a segment, as for genre_classifier_classify().
 *
 * Returns: (transfer container) (element-type GenrePrediction) (nullable): the
 *     predictions, in the order of the segments, which go with the array; or %NULL
 *     with @error set
 *
 * Since: 1.0
 */
GENRE_API GPtrArray *
genre_classifier_analyse_batch (GenreClassifier *classifier,
    GenreSegment *const *segments, gsize n_segments, GError **error);

/**
 * genre_classifier_predict: (skip)
 * @classifier: a classifier
 * @columns: mel columns in dB, [n_columns][GENRE_MEL_BANDS]; the reference level
 *     does not matter
 * @n_columns: number of columns
 * @n_probabilities: (out) (optional): as for genre_classifier_classify()
 * @error: return location for an error
 *
 * Classifies columns that were computed before: what classify does after the front
 * end.
 *
 * Errors: %GENRE_ERROR_ARGUMENT if there are fewer columns than the network accepts
 * (those of genre_model_get_min_window()) or more than the longest window has;
 * otherwise as for genre_classifier_classify().
 *
 * Returns: (transfer full) (array length=n_probabilities) (nullable): as
 *     genre_classifier_classify()
 *
 * Since: 1.0
 */
GENRE_API float *
genre_classifier_predict (GenreClassifier *classifier, const float *columns,
    gsize n_columns, gsize *n_probabilities, GError **error);

/**
 * genre_classifier_predict_bytes: (rename-to genre_classifier_predict)
 * @classifier: a classifier
 * @columns: (array length=size): 32-bit floats in the byte order of the host, as
 *     for genre_classifier_predict()
 * @size: bytes of them
 * @n_probabilities: (out) (optional): as for genre_classifier_classify()
 * @error: return location for an error
 *
 * Classifies columns that were computed before, in a form for other languages.
 *
 * Errors: as for genre_classifier_predict(), and %GENRE_ERROR_ARGUMENT if @size is
 * not that of whole columns.
 *
 * Returns: (transfer full) (array length=n_probabilities) (nullable): as
 *     genre_classifier_classify()
 *
 * Since: 1.0
 */
GENRE_API float *genre_classifier_predict_bytes (GenreClassifier *classifier,
    const guint8 *columns, gsize size, gsize *n_probabilities, GError **error);

/**
 * genre_classifier_analyse_bytes:
 * @classifier: a classifier
 * @columns: (array length=size): as for genre_classifier_predict_bytes()
 * @size: bytes of them
 * @error: return location for an error
 *
 * Runs the network on columns that were computed before, and gives all that it says.
 *
 * Errors: as for genre_classifier_predict_bytes().
 *
 * Returns: (transfer full) (nullable): as genre_classifier_analyse()
 *
 * Since: 1.0
 */
GENRE_API GenrePrediction *
genre_classifier_analyse_bytes (GenreClassifier *classifier,
    const guint8 *columns, gsize size, GError **error);

/**
 * genre_classifier_set_cancelled:
 * @classifier: a classifier
 * @cancelled: whether classify and predict are to return at once
 *
 * From any thread: a classification under way, and any later one, ends early with
 * %GENRE_ERROR_CANCELLED, until this is called with %FALSE.
 *
 * Since: 1.0
 */
GENRE_API void genre_classifier_set_cancelled (
    GenreClassifier *classifier, gboolean cancelled);

#ifndef __GI_SCANNER__
G_DEFINE_AUTOPTR_CLEANUP_FUNC (
    GenreClassifierConfig, genre_classifier_config_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GenreClassifier, genre_classifier_unref)
#endif

G_END_DECLS
