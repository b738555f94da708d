/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "genrestream.h"

#include "genredebug.h"
#include "genreinput.h"
#include "genrequeue.h"
#include "genretimeline.h"

/* segments that may wait while another is classified; those that a title has held
 * back come at once, and there may be so many more of them */
#define MAX_WAITING 2
#define MAX_HELD 30

struct _GenreStream
{
  GstElement *element;
  GstPad *sink;
  GenreAnswer *answer;
  const GenreSettings *settings; /* protected by the element's object lock */
  GenreStreamTitleFunc title_stays;

  /* From start to stop.  They are set and cleared under the lock, so that a
   * flush from any thread finds them alive.  The classifier's front end belongs
   * to the streaming thread, its network to the queue's. */
  GMutex lock;
  GenreQueue *queue; /* of GenreAnswerItem */
  GenreClassifier *classifier;

  /* from start to stop */
  GenreModel *model;
  guint64 min_window, interim_interval, max_gap, min_track; /* ns */

  /* streaming thread */
  GenreInput input;
  GenreTimeline *timeline;
  gboolean analyse;      /* the GstSegment is one that can be analysed */
  gboolean in_track;     /* samples came since the track began */
  guint64 next_interim;  /* classifier's time of the next interim answer */
  gboolean is_announced; /* a title, which the classifier holds segments for */
  gboolean is_staying;   /* title_stays is called for it */
  guint64 title_age;     /* ns of it before the last jump of the stream */
  guint64 title_length;  /* ns of audio under the title before it */
  gboolean warned_dropped;
};

GenreStream *
genre_stream_new (GstElement *element, GstPad *sink, GenreAnswer *answer,
    const GenreSettings *settings, GenreStreamTitleFunc title_stays)
{
  GenreStream *stream = g_new0 (GenreStream, 1);

  stream->element = element;
  stream->sink = sink;
  stream->answer = answer;
  stream->settings = settings;
  stream->title_stays = title_stays;
  stream->timeline = genre_timeline_new ();
  g_mutex_init (&stream->lock);
  genre_input_init (&stream->input);
  return stream;
}

void
genre_stream_free (GenreStream *stream)
{
  if (!stream)
    return;
  genre_input_clear (&stream->input);
  genre_timeline_free (stream->timeline);
  g_mutex_clear (&stream->lock);
  g_free (stream);
}

/* Start and stop. */

/* The first window of a track, or what may become that, begins at the classifier's
 * @time. */
static void
begin_interim (GenreStream *stream, guint64 time)
{
  stream->next_interim = stream->interim_interval ? time + stream->min_window
                                                  : G_MAXUINT64;
}

/* In the queue's thread. */
static void
process_item (gpointer item, gpointer user_data)
{
  GenreStream *stream = user_data;
  GenreSettings settings = genre_settings_copy (
      stream->settings, stream->element);

  genre_answer_process (stream->answer, item, &settings, stream->queue);
}

gboolean
genre_stream_start (
    GenreStream *stream, GenreModel *model, GstTaskPool *pool, GError **error)
{
  GenreSettings settings = genre_settings_copy (
      stream->settings, stream->element);
  const guint64 hop = settings.hop ? settings.hop : settings.window;
  const guint n_held = MIN (settings.min_track / hop, MAX_HELD);
  GenreClassifierConfig config;
  GenreClassifier *classifier;
  GenreQueue *queue;

  genre_classifier_config_init (&config);
  config.window = settings.window;
  config.hop = settings.hop;
  config.min_window = settings.min_window;
  config.max_hold = settings.min_track;
  /* the rate is not known before the caps */
  classifier = genre_classifier_new (model, GENRE_MIN_RATE, &config, error);
  if (!classifier)
    return FALSE;
  queue = genre_queue_new ("genreclassify", pool, MAX_WAITING + n_held,
      process_item, genre_answer_item_free, stream, error);
  if (!queue) {
    genre_classifier_unref (classifier);
    return FALSE;
  }
  stream->model = genre_model_ref (model);
  stream->min_window = settings.min_window;
  stream->interim_interval = settings.interim_interval;
  stream->max_gap = settings.max_gap;
  stream->min_track = settings.min_track;
  stream->analyse = FALSE;
  stream->in_track = FALSE;
  stream->warned_dropped = FALSE;
  stream->is_announced = FALSE;
  stream->is_staying = FALSE;
  stream->title_age = 0;
  stream->title_length = 0;
  genre_timeline_reset (stream->timeline);
  genre_answer_start (stream->answer, model, classifier);
  begin_interim (stream, 0);
  g_mutex_lock (&stream->lock);
  stream->classifier = classifier;
  stream->queue = queue;
  g_mutex_unlock (&stream->lock);
  return TRUE;
}

static void
update_discarded (GenreStream *stream)
{
  genre_answer_set_discarded (
      stream->answer, genre_classifier_get_discarded (stream->classifier));
}

void
genre_stream_stop (GenreStream *stream, const GstStructure *song)
{
  GenreSettings settings = genre_settings_copy (
      stream->settings, stream->element);
  GenreQueue *queue;
  GenreClassifier *classifier;

  /* whoever processes an item reads both pointers, so they stay set until the
   * queue is idle */
  genre_stream_flush_start (stream);
  genre_queue_flush_stop (stream->queue);
  genre_answer_end_track (stream->answer, song, &settings);
  genre_classifier_reset (stream->classifier);
  update_discarded (stream);
  g_mutex_lock (&stream->lock);
  queue = g_steal_pointer (&stream->queue);
  classifier = g_steal_pointer (&stream->classifier);
  g_mutex_unlock (&stream->lock);
  genre_queue_free (queue);
  genre_answer_stop (stream->answer);
  genre_classifier_unref (classifier);
  g_clear_pointer (&stream->model, genre_model_unref);
  genre_input_clear (&stream->input);
}

void
genre_stream_flush_start (GenreStream *stream)
{
  g_mutex_lock (&stream->lock);
  if (stream->queue)
    genre_queue_flush_start (stream->queue);
  if (stream->classifier)
    genre_classifier_set_cancelled (stream->classifier, TRUE);
  g_mutex_unlock (&stream->lock);
}

/* The next samples do not follow the last ones. */
static void
reset_samples (GenreStream *stream)
{
  stream->title_age += genre_classifier_get_held (stream->classifier);
  genre_classifier_reset (stream->classifier);
  update_discarded (stream);
  genre_timeline_interrupt (stream->timeline);
  begin_interim (stream, 0);
  if (stream->is_announced)
    genre_classifier_hold (stream->classifier);
}

void
genre_stream_flush_stop (GenreStream *stream)
{
  if (!stream->queue)
    return;
  genre_queue_flush_stop (stream->queue);
  genre_classifier_set_cancelled (stream->classifier, FALSE);
  reset_samples (stream);
  genre_timeline_clear (stream->timeline);
  /* those that the flush has dropped never were */
  genre_timeline_set_number (
      stream->timeline, genre_answer_get_n_segments (stream->answer));
}

/* From samples to items of the queue; these functions return FALSE if there is
 * a flush. */

static gboolean
is_live (GenreStream *stream)
{
  g_autoptr (GstQuery) query = gst_query_new_latency ();
  gboolean live = FALSE;

  if (gst_pad_peer_query (stream->sink, query))
    gst_query_parse_latency (query, &live, NULL, NULL);
  return live;
}

/* Waits while the queue is full; in a live stream, drops a segment instead. */
static gboolean
queue_item (GenreStream *stream, GenreAnswerItem *item)
{
  GenreAnswerItem *dropped;

  if (!genre_queue_is_full (stream->queue) || !is_live (stream))
    return genre_queue_push (stream->queue, item);
  dropped = item->interim ? item
                          : genre_queue_push_dropping (stream->queue, item,
                                genre_answer_item_is_segment);
  /* nobody misses an interim answer */
  if (dropped && !dropped->interim) {
    genre_answer_count_dropped (stream->answer, 1);
    if (!stream->warned_dropped)
      GST_ELEMENT_WARNING (stream->element, STREAM, TOO_LAZY,
          ("Segments are dropped: this machine classifies them more slowly "
           "than they come."),
          (NULL));
    stream->warned_dropped = TRUE;
  }
  if (dropped)
    genre_answer_item_free (dropped);
  return TRUE;
}

/* Queues every segment that is complete. */
static gboolean
queue_segments (GenreStream *stream)
{
  GenreSegment *segment;

  while ((segment = genre_classifier_take_segment (stream->classifier))) {
    GenrePlace place;

    genre_timeline_place_segment (stream->timeline,
        genre_segment_get_start (segment), genre_segment_get_duration (segment),
        &place);
    stream->next_interim = G_MAXUINT64;
    update_discarded (stream);
    if (!queue_item (stream, genre_answer_item_new (segment, &place, FALSE)))
      return FALSE;
  }
  return TRUE;
}

/* Queues what there is of the track's first window. */
static gboolean
queue_interim (GenreStream *stream)
{
  const guint64 late = genre_classifier_get_length (stream->classifier) -
      stream->next_interim;
  GenreSegment *segment;
  GenrePlace place;

  if (genre_timeline_get_number (stream->timeline) > 0) {
    stream->next_interim = G_MAXUINT64;
    return TRUE;
  }
  /* not enough for the network, or too much of it is missing: a little later */
  segment = genre_classifier_peek_segment (stream->classifier);
  if (!segment)
    return TRUE;
  stream->next_interim += (late / stream->interim_interval + 1) *
      stream->interim_interval;
  genre_timeline_place_interim (
      stream->timeline, genre_segment_get_start (segment), &place);
  return queue_item (stream, genre_answer_item_new (segment, &place, TRUE));
}

/* ns of audio since a title was announced */
static guint64
get_title_age (const GenreStream *stream)
{
  return stream->title_age + genre_classifier_get_held (stream->classifier);
}

/* The title that was announced has stayed. */
static void
begin_title (GenreStream *stream)
{
  const guint64 age = get_title_age (stream);

  stream->is_announced = FALSE;
  stream->is_staying = TRUE;
  stream->title_stays (
      stream->element, stream->title_length >= stream->min_track);
  stream->is_staying = FALSE;
  stream->title_length = age;
  genre_classifier_release (stream->classifier);
}

/* Most streams have no interim answer to come: then the length is not asked for. */
static gboolean
is_interim_due (const GenreStream *stream)
{
  return stream->next_interim != G_MAXUINT64 &&
      genre_classifier_get_length (stream->classifier) >= stream->next_interim;
}

/* Does what is due after a few samples were pushed. */
static gboolean
settle (GenreStream *stream)
{
  if (stream->is_announced && get_title_age (stream) >= stream->min_track)
    begin_title (stream);
  return queue_segments (stream) &&
      (!is_interim_due (stream) || queue_interim (stream));
}

/* Ends the segment under way: the next samples do not follow the last ones. */
static gboolean
finish_samples (GenreStream *stream)
{
  gboolean ok = TRUE;

  if (genre_timeline_has_samples (stream->timeline)) {
    stream->title_age += genre_classifier_get_held (stream->classifier);
    /* one after the other: all that were held back are too many for the memory */
    genre_classifier_release (stream->classifier);
    ok = queue_segments (stream);
    genre_classifier_finish (stream->classifier);
    ok = ok && queue_segments (stream);
  }
  reset_samples (stream);
  return ok;
}

/* Goes on after a hole, or with another window if that is too long. */
static gboolean
pass_hole (GenreStream *stream, GstClockTime hole)
{
  genre_answer_count_gap (stream->answer, hole);
  if (hole > stream->max_gap)
    return finish_samples (stream);
  genre_classifier_skip (stream->classifier, hole);
  genre_timeline_skip (stream->timeline, hole);
  /* before the classifier finds that it holds segments for too long */
  return settle (stream);
}

/* Prepares for samples at @timestamp (or NONE): decides whether they follow the
 * last ones. */
static gboolean
begin_samples (GenreStream *stream, GstClockTime timestamp)
{
  GenreTimeline *timeline = stream->timeline;
  guint64 length = genre_classifier_get_length (stream->classifier);
  GstClockTime hole = 0;
  GenreFollow follow = GENRE_FOLLOWS;
  gboolean ok = TRUE;

  if (genre_timeline_has_samples (timeline))
    follow = genre_timeline_compare (timeline, timestamp, length, &hole);
  if (follow != GENRE_FOLLOWS) {
    GST_DEBUG_OBJECT (stream->element,
        "%" GST_TIME_FORMAT ", expected %" GST_TIME_FORMAT,
        GST_TIME_ARGS (timestamp),
        GST_TIME_ARGS (genre_timeline_get_expected (timeline)));
    ok = follow == GENRE_JUMPS ? finish_samples (stream)
                               : pass_hole (stream, hole);
    length = genre_classifier_get_length (stream->classifier);
  }
  genre_timeline_begin_samples (timeline, timestamp, length);
  stream->in_track = TRUE;
  return ok;
}

/* Notes that @n_frames were pushed, the first one at @timestamp (or NONE). */
static void
end_samples (GenreStream *stream, GstClockTime timestamp, guint64 n_frames)
{
  GstClockTime duration = gst_util_uint64_scale (
      n_frames, GST_SECOND, GST_AUDIO_INFO_RATE (&stream->input.info));

  genre_timeline_end_samples (stream->timeline, timestamp, duration);
  genre_answer_count_audio (stream->answer, duration);
  if (!stream->is_announced)
    stream->title_length += duration;
}

static gboolean
push_samples (GenreStream *stream, const GstAudioBuffer *audio)
{
  for (gsize i = 0; i < audio->n_samples;) {
    i += genre_input_push (&stream->input, stream->classifier, audio, i);
    if (!settle (stream))
      return FALSE;
  }
  return TRUE;
}

static gboolean
push_silence (GenreStream *stream, guint64 n_frames)
{
  while (n_frames > 0) {
    n_frames -= genre_input_push_silence (
        &stream->input, stream->classifier, n_frames);
    if (!settle (stream))
      return FALSE;
  }
  return TRUE;
}

GstFlowReturn
genre_stream_push_buffer (GenreStream *stream, GstBuffer *buffer)
{
  const GstAudioInfo *info = &stream->input.info;
  const GstAudioMeta *meta = gst_buffer_get_audio_meta (buffer);
  gsize n_frames;
  gboolean ok;

  if (!GST_AUDIO_INFO_BPF (info))
    return GST_FLOW_NOT_NEGOTIATED;
  n_frames = meta ? meta->samples
                  : gst_buffer_get_size (buffer) / GST_AUDIO_INFO_BPF (info);
  if (!stream->analyse || n_frames == 0)
    return GST_FLOW_OK;

  ok = begin_samples (stream, GST_BUFFER_PTS (buffer));
  if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_GAP)) {
    ok = ok && push_silence (stream, n_frames);
  } else {
    GstAudioBuffer audio;

    if (!gst_audio_buffer_map (&audio, info, buffer, GST_MAP_READ)) {
      GST_ELEMENT_ERROR (stream->element, RESOURCE, READ,
          ("A buffer of audio cannot be read."), (NULL));
      return GST_FLOW_ERROR;
    }
    ok = ok && push_samples (stream, &audio);
    gst_audio_buffer_unmap (&audio);
  }
  end_samples (stream, GST_BUFFER_PTS (buffer), n_frames);
  return ok ? GST_FLOW_OK : GST_FLOW_FLUSHING;
}

void
genre_stream_push_gap (
    GenreStream *stream, GstClockTime timestamp, GstClockTime duration)
{
  guint rate = GST_AUDIO_INFO_RATE (&stream->input.info);
  guint64 n_frames;
  gboolean ok;

  if (!stream->analyse || !rate || !duration ||
      !GST_CLOCK_TIME_IS_VALID (duration))
    return;
  if (duration > GENRE_TIMELINE_MAX_GAP) {
    finish_samples (stream);
    genre_timeline_clear (stream->timeline);
    return;
  }
  ok = begin_samples (stream, timestamp);
  n_frames = genre_timeline_gap_to_samples (stream->timeline, duration, rate);
  if (ok)
    push_silence (stream, n_frames);
  end_samples (stream, timestamp, n_frames);
}

gboolean
genre_stream_set_caps (GenreStream *stream, const GstCaps *caps)
{
  return genre_input_set_caps (&stream->input, caps) &&
      genre_classifier_set_rate (
          stream->classifier, GST_AUDIO_INFO_RATE (&stream->input.info), NULL);
}

void
genre_stream_set_segment (GenreStream *stream, const GstSegment *segment)
{
  genre_timeline_set_segment (stream->timeline, segment);
  stream->analyse = segment->format == GST_FORMAT_TIME && segment->rate > 0;
  if (!stream->analyse) {
    GST_INFO_OBJECT (stream->element,
        "nothing is analysed in a segment of format %s and rate %g",
        gst_format_get_name (segment->format), segment->rate);
    finish_samples (stream);
  }
}

void
genre_stream_begin_title (GenreStream *stream)
{
  stream->title_length = 0;
}

void
genre_stream_announce_title (GenreStream *stream)
{
  genre_stream_withdraw_title (stream);
  genre_classifier_hold (stream->classifier);
  stream->is_announced = TRUE;
  stream->title_age = 0;
  settle (stream);
}

void
genre_stream_withdraw_title (GenreStream *stream)
{
  stream->is_announced = FALSE;
  genre_classifier_release (stream->classifier);
  settle (stream);
}

gboolean
genre_stream_is_in_track (const GenreStream *stream)
{
  return stream->in_track;
}

/* Ends the segment under way where the title that stays was announced. */
static gboolean
split_samples (GenreStream *stream)
{
  guint64 held = genre_classifier_get_held (stream->classifier);

  genre_classifier_split (stream->classifier);
  update_discarded (stream);
  stream->in_track = held > 0;
  if (!queue_segments (stream))
    return FALSE;
  begin_interim (
      stream, genre_classifier_get_length (stream->classifier) - held);
  return TRUE;
}

gboolean
genre_stream_finish_track (GenreStream *stream, GstStructure *song)
{
  const gboolean goes_on = stream->is_staying;

  stream->is_announced = FALSE;
  if (!(goes_on ? split_samples (stream) : finish_samples (stream))) {
    gst_structure_free (song);
    return FALSE;
  }
  if (!genre_queue_push (stream->queue, genre_answer_item_new_end (song)) ||
      !genre_queue_drain (stream->queue))
    return FALSE;
  genre_timeline_set_number (stream->timeline, 0);
  if (!goes_on) {
    genre_timeline_clear (stream->timeline);
    stream->in_track = FALSE;
  }
  return TRUE;
}
