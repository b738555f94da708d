/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "genreanswer.h"

#include <math.h>

#include "genredebug.h"
#include "genrememory.h"
#include "genremessage.h"

/* the least probability of what counts as music */
#define MIN_MUSIC 0.5

/* What the property "stats" shows. */
typedef struct
{
  guint64 segments, silent, dropped;
  guint64 audio, gaps, discarded; /* ns */
  guint64 inferences;
  GstClockTime inference_sum, inference_max;
} Stats;

struct _GenreAnswer
{
  GstElement *element;

  /* from start to stop */
  GenreModel *model;
  GenreClassifier *classifier; /* only its network is used here */
  gint tags_head;              /* of the model; -1: it has none */

  /* queue's thread; any thread while that is idle */
  GenreTrack *genres; /* average of the segments so far that have a genre */
  GenreTrack *others; /* of those that are neither silent nor music */
  GenreTrack *music; /* of all that are not silent; its only label is "music" */
  GenreTrack *tags;  /* of all that are not silent: the head "tags" */
  GenreTrack *embedding; /* of the same */
  GenreMemory *memory;   /* the latest ones */
  GenreMessage message;  /* times and flags of the track so far */
  guint64 n_segments;    /* of the track so far */
  gboolean has_failed;   /* the track's error was posted */

  /* protected by the lock */
  GMutex lock;
  char *genre; /* the track's answer, or NULL */
  double confidence;
  const char *label;     /* the same genre, while the model is there, or NULL */
  double min_confidence; /* of a tag */
  Stats stats;
};

GenreAnswerItem *
genre_answer_item_new (
    GenreSegment *segment, const GenrePlace *place, gboolean interim)
{
  GenreAnswerItem *item = g_new0 (GenreAnswerItem, 1);

  item->segment = segment;
  item->place = *place;
  item->interim = interim;
  return item;
}

GenreAnswerItem *
genre_answer_item_new_end (GstStructure *song)
{
  GenreAnswerItem *item = g_new0 (GenreAnswerItem, 1);

  item->song = song;
  return item;
}

void
genre_answer_item_free (gpointer data)
{
  GenreAnswerItem *item = data;

  g_clear_pointer (&item->segment, genre_segment_unref);
  gst_clear_structure (&item->song);
  g_free (item);
}

gboolean
genre_answer_item_is_segment (gconstpointer item)
{
  return ((const GenreAnswerItem *) item)->segment != NULL;
}

GenreAnswer *
genre_answer_new (GstElement *element)
{
  GenreAnswer *answer = g_new0 (GenreAnswer, 1);

  answer->element = element;
  g_mutex_init (&answer->lock);
  return answer;
}

void
genre_answer_free (GenreAnswer *answer)
{
  if (!answer)
    return;
  genre_answer_stop (answer);
  g_mutex_clear (&answer->lock);
  g_free (answer->genre);
  g_free (answer);
}

/* The track has no segment. */
static void
reset_track (GenreAnswer *answer)
{
  genre_track_reset (answer->genres);
  genre_track_reset (answer->others);
  genre_track_reset (answer->music);
  genre_track_reset (answer->tags);
  genre_track_reset (answer->embedding);
  genre_memory_reset (answer->memory);
  answer->n_segments = 0;
  answer->has_failed = FALSE;
}

static guint
n_tags (const GenreAnswer *answer)
{
  return answer->tags_head < 0
      ? 0
      : g_strv_length ((char **) genre_model_get_head_labels (
            answer->model, answer->tags_head));
}

void
genre_answer_start (
    GenreAnswer *answer, GenreModel *model, GenreClassifier *classifier)
{
  const guint n_labels = genre_model_get_n_labels (model);

  answer->model = model;
  answer->classifier = classifier;
  answer->genres = genre_track_new (n_labels);
  answer->others = genre_track_new (n_labels);
  answer->music = genre_track_new (1);
  answer->tags_head = genre_model_find_head (model, "tags");
  answer->tags = genre_track_new (n_tags (answer));
  answer->embedding = genre_track_new (genre_model_get_embedding_size (model));
  answer->memory = genre_memory_new (n_labels);
  g_mutex_lock (&answer->lock);
  answer->stats = (Stats){ 0 };
  g_mutex_unlock (&answer->lock);
  reset_track (answer);
  genre_answer_forget (answer);
}

void
genre_answer_stop (GenreAnswer *answer)
{
  g_mutex_lock (&answer->lock);
  answer->label = NULL;
  g_mutex_unlock (&answer->lock);
  g_clear_pointer (&answer->genres, genre_track_unref);
  g_clear_pointer (&answer->others, genre_track_unref);
  g_clear_pointer (&answer->music, genre_track_unref);
  g_clear_pointer (&answer->tags, genre_track_unref);
  g_clear_pointer (&answer->embedding, genre_track_unref);
  g_clear_pointer (&answer->memory, genre_memory_free);
  answer->model = NULL;
  answer->classifier = NULL;
}

/* Publishes the answer: @label of the model, or NULL if nothing is known. */
static void
set_answer (GenreAnswer *answer, const char *label, double confidence)
{
  gboolean new_genre, new_confidence;

  g_mutex_lock (&answer->lock);
  new_genre = g_strcmp0 (label, answer->genre) != 0;
  new_confidence = confidence != answer->confidence;
  if (new_genre) {
    g_free (answer->genre);
    answer->genre = g_strdup (label);
  }
  answer->confidence = confidence;
  answer->label = label;
  g_mutex_unlock (&answer->lock);

  if (new_genre)
    g_object_notify (G_OBJECT (answer->element), "genre");
  if (new_confidence)
    g_object_notify (G_OBJECT (answer->element), "confidence");
}

void
genre_answer_forget (GenreAnswer *answer)
{
  set_answer (answer, NULL, 0);
}

guint64
genre_answer_get_n_segments (const GenreAnswer *answer)
{
  return answer->n_segments;
}

static void
post (GenreAnswer *answer, GstStructure *structure)
{
  gst_element_post_message (answer->element,
      gst_message_new_element (GST_OBJECT (answer->element), structure));
}

static const float *
get_tags (const GenreAnswer *answer, const GenrePrediction *prediction)
{
  return answer->tags_head < 0
      ? NULL
      : genre_prediction_get_values (prediction, answer->tags_head, NULL);
}

/* Adds to the track what the network said of @heard ns of it. */
static void
add_prediction (GenreAnswer *answer, const GenreMessage *segment,
    const GenrePrediction *prediction, GstClockTime heard)
{
  const float music = segment->music;
  const float *embedding;
  gsize n;

  genre_track_add (segment->has_genre ? answer->genres : answer->others,
      segment->probabilities, genre_model_get_n_labels (answer->model), heard);
  genre_track_add (answer->music, &music, 1, heard);
  genre_track_add (
      answer->tags, get_tags (answer, prediction), n_tags (answer), heard);
  embedding = genre_prediction_get_embedding (prediction, &n);
  genre_track_add (answer->embedding, embedding, n, heard);
}

/* Adds the item's segment to the track.  @prediction: NULL if it is silent. */
static void
add_to_track (GenreAnswer *answer, const GenreAnswerItem *item,
    const GenreMessage *segment, const GenrePrediction *prediction,
    GstClockTime memory)
{
  const GstClockTime fresh = segment->duration - item->place.overlap;
  GenreMessage *track = &answer->message;

  if (answer->n_segments++ == 0) {
    *track = *segment;
  } else {
    track->duration += fresh;
    track->missing += fresh - genre_segment_get_fresh (item->segment);
    track->silent &= segment->silent;
    track->partial = segment->partial;
  }
  genre_memory_add (answer->memory,
      segment->has_genre ? segment->probabilities : NULL, segment->duration,
      fresh, memory);
  if (prediction)
    add_prediction (
        answer, segment, prediction, segment->duration - segment->missing);
}

/* Publishes @average [n_labels] (nullable). */
static void
publish (GenreAnswer *answer, const float *average)
{
  guint n = genre_model_get_n_labels (answer->model);
  guint best = average ? genre_message_best_label (average, n) : 0;

  if (average)
    set_answer (
        answer, genre_model_get_label (answer->model, best), average[best]);
  else
    genre_answer_forget (answer);
}

/* Publishes the average of the segments so far, or of the latest @memory ns. */
static void
update_answer (GenreAnswer *answer, GstClockTime memory)
{
  g_autofree float *average = memory ? genre_memory_get (answer->memory, memory)
                                     : genre_track_get (answer->genres, NULL);

  publish (answer, average);
}

static void
count_segment (
    GenreAnswer *answer, const GenreMessage *message, GstClockTime elapsed)
{
  Stats *stats = &answer->stats;

  g_mutex_lock (&answer->lock);
  stats->segments += !message->interim;
  stats->silent += !message->interim && message->silent;
  if (!message->silent) {
    stats->inferences++;
    stats->inference_sum += elapsed;
    stats->inference_max = MAX (stats->inference_max, elapsed);
  }
  g_mutex_unlock (&answer->lock);
}

/* What the network says of the item's segment (transfer full).  NULL, with the error
 * posted once a track, if it failed or was cancelled by a flush. */
static GenrePrediction *
analyse (GenreAnswer *answer, const GenreAnswerItem *item, GenreQueue *queue)
{
  g_autoptr (GError) error = NULL;
  GenrePrediction *prediction = genre_classifier_analyse (
      answer->classifier, item->segment, &error);

  if (prediction)
    return prediction;
  if (!answer->has_failed && !genre_queue_is_flushed (queue)) {
    GST_ELEMENT_ERROR (
        answer->element, STREAM, FORMAT, ("%s", error->message), (NULL));
    answer->has_failed = TRUE;
  }
  return NULL;
}

static void
process_segment (GenreAnswer *answer, const GenreAnswerItem *item,
    const GenreSettings *settings, GenreQueue *queue)
{
  GenreMessage message = {
    .timestamp = item->place.timestamp,
    .stream_time = item->place.stream_time,
    .running_time = item->place.running_time,
    .duration = genre_segment_get_duration (item->segment),
    .missing = genre_segment_get_missing (item->segment),
    .partial = genre_segment_is_partial (item->segment),
    .interim = item->interim,
    .silent = genre_segment_get_level (item->segment) <
        settings->silence_threshold,
  };
  g_autoptr (GenrePrediction) prediction = NULL;
  gint64 begin = g_get_monotonic_time ();
  GstStructure *structure;
  GstClockTime elapsed;

  if (!message.silent) {
    prediction = analyse (answer, item, queue);
    if (!prediction)
      return;
    message.probabilities = genre_prediction_get_values (prediction, 0, NULL);
    message.music = genre_prediction_get_music (prediction);
    if (settings->post_tag_probabilities)
      message.tags = get_tags (answer, prediction);
    if (settings->post_embedding)
      message.embedding = genre_prediction_get_embedding (prediction, NULL);
  }
  message.has_genre = !message.silent && message.music >= MIN_MUSIC;
  elapsed = (g_get_monotonic_time () - begin) * GST_USECOND;
  GST_LOG_OBJECT (answer->element,
      "segment %" G_GUINT64_FORMAT " at %" GST_TIME_FORMAT
      " took %" GST_TIME_FORMAT,
      item->place.number, GST_TIME_ARGS (message.timestamp),
      GST_TIME_ARGS (elapsed));
  if (genre_queue_is_flushed (queue))
    return;

  count_segment (answer, &message, elapsed);
  structure = genre_message_segment (
      answer->model, &message, item->place.number);
  if (!item->interim) {
    add_to_track (answer, item, &message, prediction, settings->memory);
    update_answer (answer, settings->memory);
  } else if (message.has_genre) {
    publish (answer, message.probabilities);
  }
  /* Posting comes last: a handler of what was notified may seek, and after a flush
   * nothing that is known here is true any more. */
  if (settings->post_messages && !genre_queue_is_past (queue))
    post (answer, structure);
  else
    gst_structure_free (structure);
}

/* That of the track so far, of length 1 as those of its segments.  NULL if there is
 * none. */
static float *
mean_embedding (const GenreAnswer *answer)
{
  gsize n;
  float *mean = genre_track_get (answer->embedding, &n);
  double square = 0;

  for (gsize i = 0; i < n; i++)
    square += (double) mean[i] * mean[i];
  for (gsize i = 0; i < n && square > 0; i++)
    mean[i] /= sqrt (square);
  return mean;
}

void
genre_answer_end_track (GenreAnswer *answer, const GstStructure *song,
    const GenreSettings *settings)
{
  if (answer->n_segments > 0 && settings->post_messages) {
    GenreMessage *message = &answer->message;
    g_autofree float *genres = genre_track_get (answer->genres, NULL);
    g_autofree float *others = genre_track_get (answer->others, NULL);
    g_autofree float *music = genre_track_get (answer->music, NULL);
    g_autofree float *tags = genre_track_get (answer->tags, NULL);
    g_autofree float *embedding = mean_embedding (answer);

    message->probabilities = genres ? genres : others;
    message->music = music ? music[0] : 0;
    message->has_genre = genres != NULL;
    message->tags = settings->post_tag_probabilities ? tags : NULL;
    message->embedding = settings->post_embedding ? embedding : NULL;
    post (answer,
        genre_message_track (answer->model, message, answer->n_segments, song));
  }
  reset_track (answer);
}

void
genre_answer_process (GenreAnswer *answer, const GenreAnswerItem *item,
    const GenreSettings *settings, GenreQueue *queue)
{
  if (item->segment)
    process_segment (answer, item, settings, queue);
  else
    genre_answer_end_track (answer, item->song, settings);
}

const char *
genre_answer_get_tag (GenreAnswer *answer)
{
  const char *tag;

  g_mutex_lock (&answer->lock);
  tag = answer->confidence >= answer->min_confidence ? answer->label : NULL;
  g_mutex_unlock (&answer->lock);
  return tag;
}

void
genre_answer_set_min_confidence (GenreAnswer *answer, double min_confidence)
{
  g_mutex_lock (&answer->lock);
  answer->min_confidence = min_confidence;
  g_mutex_unlock (&answer->lock);
}

void
genre_answer_count_audio (GenreAnswer *answer, GstClockTime duration)
{
  g_mutex_lock (&answer->lock);
  answer->stats.audio += duration;
  g_mutex_unlock (&answer->lock);
}

void
genre_answer_count_dropped (GenreAnswer *answer, guint n_segments)
{
  g_mutex_lock (&answer->lock);
  answer->stats.dropped += n_segments;
  g_mutex_unlock (&answer->lock);
}

void
genre_answer_count_gap (GenreAnswer *answer, GstClockTime duration)
{
  g_mutex_lock (&answer->lock);
  answer->stats.gaps += duration;
  g_mutex_unlock (&answer->lock);
}

void
genre_answer_set_discarded (GenreAnswer *answer, GstClockTime duration)
{
  g_mutex_lock (&answer->lock);
  answer->stats.discarded = duration;
  g_mutex_unlock (&answer->lock);
}

char *
genre_answer_get_genre (GenreAnswer *answer)
{
  char *genre;

  g_mutex_lock (&answer->lock);
  genre = g_strdup (answer->genre);
  g_mutex_unlock (&answer->lock);
  return genre;
}

double
genre_answer_get_confidence (GenreAnswer *answer)
{
  double confidence;

  g_mutex_lock (&answer->lock);
  confidence = answer->confidence;
  g_mutex_unlock (&answer->lock);
  return confidence;
}

GstStructure *
genre_answer_get_stats (GenreAnswer *answer)
{
  Stats stats;

  g_mutex_lock (&answer->lock);
  stats = answer->stats;
  g_mutex_unlock (&answer->lock);
  return gst_structure_new ("genreclassify-stats", "segments", G_TYPE_UINT64,
      stats.segments, "silent", G_TYPE_UINT64, stats.silent, "dropped",
      G_TYPE_UINT64, stats.dropped, "audio-seconds", G_TYPE_DOUBLE,
      stats.audio / (double) GST_SECOND, "gaps", G_TYPE_DOUBLE,
      stats.gaps / (double) GST_SECOND, "discarded", G_TYPE_DOUBLE,
      stats.discarded / (double) GST_SECOND, "inference-mean", G_TYPE_UINT64,
      stats.inferences ? stats.inference_sum / stats.inferences : 0,
      "inference-max", G_TYPE_UINT64, stats.inference_max, NULL);
}
