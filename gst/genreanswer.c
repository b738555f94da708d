/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "genreanswer.h"

#include "genredebug.h"
#include "genremessage.h"

/* What the property "stats" shows. */
typedef struct
{
  guint64 segments, silent, dropped;
  guint64 audio; /* ns */
  guint64 inferences;
  GstClockTime inference_sum, inference_max;
} Stats;

struct _GenreAnswer
{
  GstElement *element;

  /* from start to stop */
  GenreModel *model;
  GenreClassifier *classifier; /* only its network is used here */

  /* queue's thread; any thread while that is idle */
  GenreTrack *track;    /* average of the segments so far */
  GenreMessage message; /* times and flags of the track so far */
  guint64 n_segments;   /* of the track so far */
  gboolean has_failed;  /* the track's error was posted */

  /* protected by the lock */
  GMutex lock;
  char *genre; /* the track's answer, or NULL */
  double confidence;
  const char *tag; /* the model's label that is sure enough, or NULL */
  Stats stats;
};

GenreAnswerItem *
genre_answer_item_new (GenreSegment *segment, const GenrePlace *place)
{
  GenreAnswerItem *item = g_new0 (GenreAnswerItem, 1);

  item->segment = segment;
  if (place)
    item->place = *place;
  return item;
}

void
genre_answer_item_free (gpointer data)
{
  GenreAnswerItem *item = data;

  g_clear_pointer (&item->segment, genre_segment_unref);
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

void
genre_answer_start (
    GenreAnswer *answer, GenreModel *model, GenreClassifier *classifier)
{
  answer->model = model;
  answer->classifier = classifier;
  answer->track = genre_track_new (genre_model_get_n_labels (model));
  g_mutex_lock (&answer->lock);
  answer->stats = (Stats){ 0 };
  g_mutex_unlock (&answer->lock);
  genre_answer_forget_track (answer);
}

void
genre_answer_stop (GenreAnswer *answer)
{
  genre_answer_forget_tag (answer);
  g_clear_pointer (&answer->track, genre_track_unref);
  answer->model = NULL;
  answer->classifier = NULL;
}

/* Publishes the answer: @label of the model, or NULL if nothing is known. */
static void
set_answer (GenreAnswer *answer, const char *label, double confidence,
    double min_confidence)
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
  answer->tag = confidence >= min_confidence ? label : NULL;
  g_mutex_unlock (&answer->lock);

  if (new_genre)
    g_object_notify (G_OBJECT (answer->element), "genre");
  if (new_confidence)
    g_object_notify (G_OBJECT (answer->element), "confidence");
}

void
genre_answer_forget (GenreAnswer *answer)
{
  set_answer (answer, NULL, 0, 0);
}

static void
reset_track (GenreAnswer *answer)
{
  genre_track_reset (answer->track);
  answer->n_segments = 0;
  answer->has_failed = FALSE;
}

void
genre_answer_forget_track (GenreAnswer *answer)
{
  reset_track (answer);
  genre_answer_forget (answer);
}

static void
post (GenreAnswer *answer, GstStructure *structure)
{
  gst_element_post_message (answer->element,
      gst_message_new_element (GST_OBJECT (answer->element), structure));
}

/* Adds a segment to the track; @overlap ns of it are in the one before, too. */
static void
add_to_track (
    GenreAnswer *answer, const GenreMessage *segment, GstClockTime overlap)
{
  GenreMessage *track = &answer->message;

  if (answer->n_segments++ == 0) {
    *track = *segment;
  } else {
    track->duration += segment->duration - overlap;
    track->silent &= segment->silent;
    track->partial = segment->partial;
  }
  if (!segment->silent)
    genre_track_add (answer->track, segment->probabilities,
        genre_model_get_n_labels (answer->model), segment->duration);
}

/* Publishes the average of the segments so far. */
static void
update_answer (GenreAnswer *answer, double min_confidence)
{
  gsize n;
  g_autofree float *average = genre_track_get (answer->track, &n);
  guint best = genre_message_best_label (average, n);

  set_answer (answer, genre_model_get_label (answer->model, best),
      average[best], min_confidence);
}

static void
count_segment (GenreAnswer *answer, gboolean silent, GstClockTime elapsed)
{
  Stats *stats = &answer->stats;

  g_mutex_lock (&answer->lock);
  stats->segments++;
  if (silent) {
    stats->silent++;
  } else {
    stats->inferences++;
    stats->inference_sum += elapsed;
    stats->inference_max = MAX (stats->inference_max, elapsed);
  }
  g_mutex_unlock (&answer->lock);
}

/* The probabilities of the item's segment, [n_labels], to be freed with g_free().
 * NULL, with the error posted once a track, if the network failed or was cancelled
 * by a flush. */
static float *
classify (GenreAnswer *answer, const GenreAnswerItem *item, GenreQueue *queue)
{
  g_autoptr (GError) error = NULL;
  float *probabilities = genre_classifier_classify (
      answer->classifier, item->segment, NULL, &error);

  if (probabilities)
    return probabilities;
  if (!answer->has_failed && !genre_queue_is_flushed (queue))
    GST_ELEMENT_ERROR (
        answer->element, STREAM, FORMAT, ("%s", error->message), (NULL));
  answer->has_failed = TRUE;
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
    .partial = genre_segment_is_partial (item->segment),
    .silent = genre_segment_get_level (item->segment) <
        settings->silence_threshold,
  };
  g_autofree float *probabilities = NULL;
  gint64 begin = g_get_monotonic_time ();
  GstStructure *structure;
  GstClockTime elapsed;

  if (!message.silent && !(probabilities = classify (answer, item, queue)))
    return;
  message.probabilities = probabilities;
  elapsed = (g_get_monotonic_time () - begin) * GST_USECOND;
  GST_LOG_OBJECT (answer->element,
      "segment %" G_GUINT64_FORMAT " at %" GST_TIME_FORMAT
      " took %" GST_TIME_FORMAT,
      item->place.number, GST_TIME_ARGS (message.timestamp),
      GST_TIME_ARGS (elapsed));
  if (genre_queue_is_flushed (queue))
    return;

  count_segment (answer, message.silent, elapsed);
  add_to_track (answer, &message, item->place.overlap);
  structure = genre_message_segment (
      answer->model, &message, item->place.number);
  if (!message.silent)
    update_answer (answer, settings->min_confidence);
  /* Posting comes last: a handler may seek, and after a flush nothing that is
   * known here is true any more. */
  if (settings->post_messages && !genre_queue_is_flushed (queue))
    post (answer, structure);
  else
    gst_structure_free (structure);
}

static void
end_track (GenreAnswer *answer, const GenreSettings *settings)
{
  if (answer->n_segments > 0 && settings->post_messages) {
    g_autofree float *average = genre_track_get (answer->track, NULL);

    answer->message.probabilities = average;
    post (answer,
        genre_message_track (
            answer->model, &answer->message, answer->n_segments));
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
    end_track (answer, settings);
}

const char *
genre_answer_get_tag (GenreAnswer *answer)
{
  const char *tag;

  g_mutex_lock (&answer->lock);
  tag = answer->tag;
  g_mutex_unlock (&answer->lock);
  return tag;
}

void
genre_answer_forget_tag (GenreAnswer *answer)
{
  g_mutex_lock (&answer->lock);
  answer->tag = NULL;
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
      stats.audio / (double) GST_SECOND, "inference-mean", G_TYPE_UINT64,
      stats.inferences ? stats.inference_sum / stats.inferences : 0,
      "inference-max", G_TYPE_UINT64, stats.inference_max, NULL);
}
