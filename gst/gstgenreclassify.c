/* genreclassify: music genre of the audio that passes
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/**
 * SECTION:element-genreclassify
 * @title: genreclassify
 *
 * Classifies music by genre. Audio passes through untouched and without delay;
 * it is gathered into segments of #GstGenreClassify:window, and for each of
 * them a convolutional and recurrent network gives one probability per genre.
 *
 * For every segment the element posts an element message named `genreclassify`
 * (unless #GstGenreClassify:post-messages is %FALSE), with the fields
 *
 * * #guint64 `segment`: number of the segment within the track, from 0
 * * #guint64 `timestamp`: timestamp of its first sample, ns
 * * #guint64 `stream-time`: stream time of its first sample, ns
 * * #guint64 `running-time`: running time of its first sample, ns
 * * #guint64 `duration`: length of its span, ns; consecutive segments that do
 *   not overlap add up exactly
 * * #guint64 `missing`: how much of the span no sample covered, ns
 * * #gchararray `genre`: the most probable label; absent if `silent`, or if it is
 *   rather no music
 * * #gchararray `genre-name`: the same as ID3 spells it, and so the tag
 * * #gdouble `confidence`: its probability; 0 if there is no `genre`
 * * #GstValueArray of #gchararray `labels`: the labels, in the model's order
 * * #GstValueArray of #gdouble `probabilities`: one for each label, sum 1; all
 *   equal if `silent`
 * * #gdouble `music`: the probability that it is music at all, and not speech or
 *   noise; 0 if `silent`, 1 if the model knows nothing else.  Below 0.5 there is no
 *   `genre`, and the segment does not count in the track's answer
 * * #gboolean `partial`: the stream ended or broke off before the window was
 *   full
 * * #gboolean `silent`: the level was below #GstGenreClassify:silence-threshold
 * * #gboolean `interim`: a provisional answer, see
 *   #GstGenreClassify:interim-interval; the segment will be answered again, and this
 *   answer does not count in the track's
 * * #gchararray `model`: name and version of the model
 * * #GstStructure `tags`: on request, see #GstGenreClassify:post-tag-probabilities
 * * #GstValueArray of #gdouble `embedding`: on request, see
 *   #GstGenreClassify:post-embedding
 *
 * At the end of a track it posts one named `genreclassify-track`.  The fields are
 * the same over the whole track, with the probabilities averaged by duration over what
 * is music in it, and `music`, `tags` and `embedding` over all that is not silent:
 * speech between the music does not change the genre, but is told.  In place of `segment` there is `segments`,
 * the number of them.  A track that was too short for any segment has no message.
 * Beside them there are
 *
 * * #gchararray `end`: why it ended: `eos`; `stream`, another one began, with
 *   another group id or, where one of the two has none, another stream id; `title`,
 *   if #GstGenreClassify:title-starts-track is %TRUE; or `stopped`, the element was
 *   set to READY
 * * #gchararray `stream-id`: that of the STREAM_START event
 * * #gchararray `uri`: of what upstream plays, if it answers the query for it
 * * #gchararray `title`, `artist`, `organization`: as upstream named them last during
 *   the track; absent if it never did
 *
 * The answer so far, #GstGenreClassify:genre, is also pushed downstream as
 * %GST_TAG_GENRE, together with the tags that upstream sent, whenever it changes and
 * once before EOS, as long as its confidence is at least
 * #GstGenreClassify:min-confidence.  A flushing seek drops the window that is under
 * way; the track goes on, and its answer stands.
 *
 * Packets that were lost leave holes in the timestamps.  Up to
 * #GstGenreClassify:max-gap the window goes on over them.  GAP events and buffers
 * are silence, but for events whose flags say that data is missing: they leave a hole.
 *
 * Inference runs in a thread of the element's own, or of #GstGenreClassify:task-pool,
 * and messages are posted from it. A synchronous handler of them may set properties and do flushing seeks. It
 * must neither seek without flush nor set the element to READY or NULL: both wait
 * for a thread that may be waiting for the handler. When the thread cannot keep up,
 * a live stream loses the oldest waiting segment, and any other stream waits.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 -mt uridecodebin uri=file:///home/me/song.mp3 ! \
 *     genreclassify ! fakesink
 * ]| Prints the genres of a file's segments, then that of the track.
 * |[
 * gst-launch-1.0 -m playbin uri=file:///home/me/song.mp3 \
 *     audio-filter=genreclassify
 * ]| Plays a file and prints its genres on the way.
 * |[
 * gst-launch-1.0 -m playbin uri=http://localhost:8000/radio \
 *     audio-filter="genreclassify title-starts-track=true min-track=20000000000 \
 *         window=10000000000 hop=5000000000 interim-interval=1000000000 \
 *         memory=60000000000"
 * ]| Listens to a station: something to see after 5 s, the genre of the last minute,
 * and a track for each title that is no slogan.
 * |[
 * gst-launch-1.0 uridecodebin uri=file:///home/me/song.mp3 ! genreclassify ! \
 *     audioconvert ! vorbisenc ! matroskamux ! filesink location=song.mka
 * ]| Writes a file that has the genre among its tags: Matroska, WAV and MP4
 * take a tag that comes at the end.
 *
 * ## Example application
 *
 * {{ tests/examples/live-genre.c }}
 *
 * ## Known limits
 *
 * * The first answer comes when the first window is full, by default after 30 s
 *   of audio, or at the end of the stream, unless #GstGenreClassify:interim-interval
 *   is set.
 * * Music of a genre that is not among the model's labels still gets one of
 *   them.  Singing without instruments, and drones, may be taken for no music.
 * * Nothing in the sound begins another track: a mix of songs, or a radio
 *   without titles, is one track; #GstGenreClassify:memory has its genre follow.
 * * A slogan that is shown between two songs counts with the first of them.
 *   Where no title stays for #GstGenreClassify:min-track, there is one track.
 * * Audio that is played backwards, or in a segment whose format is not TIME,
 *   passes and is not analysed.
 * * Where timestamps jitter, by 1 ms to 40 ms, holes as short are seen when they have
 *   added up to 40 ms, and the times of messages may be off by as much.  The time that
 *   a live source with a slow clock lacks counts as missing.
 * * A window of which less than half was heard is not classified; its audio counts
 *   as `discarded`.
 * * A GAP event without a duration, or before the caps, is ignored; one of more
 *   than an hour is a jump, not silence.
 * * A buffer that is stamped too late leaves a hole that was none, as long as those
 *   after it are in time again: until then times are off by as much.  Nor is a step
 *   back of up to 200 ms a jump: a decoder makes it that finds its way again in
 *   damaged data.
 * * `uri` is what upstream answers; concat always answers for its first input.
 * * The songs of a chained Ogg station are streams of one group, and so one track
 *   without #GstGenreClassify:title-starts-track.
 * * Segments that a live stream has lost are missing in the track's average and
 *   in its duration.
 * * A tag at the end comes too late for flacenc, oggmux with Vorbis and
 *   id3v2mux, which write theirs at the start.
 */

#include "gstgenreclassify.h"

#include <genre/genre.h>
#include <gst/audio/audio.h>

#include "genreanswer.h"
#include "genredebug.h"
#include "genresettings.h"
#include "genresong.h"
#include "genrestream.h"
#include "genretag.h"

GST_DEBUG_CATEGORY (genre_classify_debug);

/* after the settings' */
enum
{
  PROP_MODEL = GENRE_N_SETTINGS,
  PROP_TASK_POOL,
  PROP_GENRE,
  PROP_CONFIDENCE,
  PROP_STATS
};

struct _GstGenreClassify
{
  GstBaseTransform parent;

  /* protected by the object lock */
  GenreSettings settings;
  char *model_name;       /* the property "model" */
  GstTaskPool *task_pool; /* or NULL */

  GenreAnswer *answer; /* can be read from any thread */
  GenreStream *stream; /* can be flushed from any thread */

  /* streaming thread */
  GenreTags *tags;
  GenreSong *song;
};

#define CAPS                                                                   \
  "audio/x-raw, format = (string) " GST_AUDIO_FORMATS_ALL                      \
  ", rate = (int) [ 4000, 384000 ], channels = (int) [ 1, 64 ]"                \
  ", layout = (string) { interleaved, non-interleaved }"

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE (
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (CAPS));

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE (
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (CAPS));

G_DEFINE_TYPE (GstGenreClassify, gst_genre_classify, GST_TYPE_BASE_TRANSFORM);
GST_ELEMENT_REGISTER_DEFINE (
    genreclassify, "genreclassify", GST_RANK_NONE, GST_TYPE_GENRE_CLASSIFY);

/* Tracks and tags. */

static GenreSettings
get_settings (GstGenreClassify *self)
{
  return genre_settings_copy (&self->settings, GST_ELEMENT (self));
}

/* Pushes a tag event if the genre has changed, or, for muxers that look at the
 * end, if this is the @last chance. */
static void
push_tags (GstGenreClassify *self, gboolean last)
{
  const char *label = genre_answer_get_tag (self->answer);
  GenreSettings settings;
  GstEvent *event;

  if (genre_tags_is_pushed (self->tags, label) && !(last && label))
    return;
  settings = get_settings (self);
  event = genre_tags_update (self->tags, label, &settings);
  if (event)
    gst_pad_push_event (GST_BASE_TRANSFORM_SRC_PAD (self), event);
}

/* Asks upstream what it plays, once a track. */
static void
ask_uri (GstGenreClassify *self)
{
  g_autoptr (GstQuery) query = NULL;
  char *uri = NULL;

  if (!genre_song_needs_uri (self->song))
    return;
  query = gst_query_new_uri ();
  if (gst_pad_peer_query (GST_BASE_TRANSFORM_SINK_PAD (self), query))
    gst_query_parse_uri (query, &uri);
  genre_song_set_uri (self->song, uri);
}

/* What upstream says of the track, which ends for the reason @end.  (transfer full) */
static GstStructure *
describe_track (const GstGenreClassify *self, const char *end)
{
  GstStructure *song = gst_structure_new (
      "song", "end", G_TYPE_STRING, end, NULL);

  genre_song_describe (self->song, song);
  return song;
}

/* Ends the track, if there is one: waits until all of it is answered, so that
 * its message is posted, and pushes its tag.  FALSE if there is a flush. */
static gboolean
finish_track (GstGenreClassify *self, const char *end)
{
  if (!genre_stream_is_in_track (self->stream))
    return TRUE;
  if (!genre_stream_finish_track (self->stream, describe_track (self, end)))
    return FALSE;
  push_tags (self, TRUE);
  return TRUE;
}

/* Ends the track because another one begins, and forgets its answer, which
 * would stand until then. */
static void
start_next_track (GstGenreClassify *self, const char *end)
{
  if (finish_track (self, end))
    genre_answer_forget (self->answer);
}

/* The title that was announced has stayed. */
static void
title_stays (gpointer user_data, gboolean ends_track)
{
  GstGenreClassify *self = user_data;

  if (ends_track)
    start_next_track (self, "title");
  genre_song_begin_next (self->song);
}

static GstFlowReturn
gst_genre_classify_transform_ip (GstBaseTransform *trans, GstBuffer *buffer)
{
  GstGenreClassify *self = GST_GENRE_CLASSIFY (trans);
  GstFlowReturn flow;

  ask_uri (self);
  flow = genre_stream_push_buffer (self->stream, buffer);
  if (flow == GST_FLOW_OK)
    push_tags (self, FALSE);
  return flow;
}

/* Events. */

static void
handle_gap_event (GstGenreClassify *self, GstEvent *event)
{
  GstClockTime timestamp, duration;
  GstGapFlags flags;

  gst_event_parse_gap (event, &timestamp, &duration);
  gst_event_parse_gap_flags (event, &flags);
  /* what was lost is no silence: the next buffer's timestamp tells of the hole */
  if (flags & GST_GAP_FLAG_MISSING_DATA)
    return;
  genre_stream_push_gap (self->stream, timestamp, duration);
}

static void
handle_segment_event (GstGenreClassify *self, GstEvent *event)
{
  const GstSegment *segment;

  gst_event_parse_segment (event, &segment);
  genre_stream_set_segment (self->stream, segment);
}

/* Returns what is to go on in the place of @event.  (transfer full for both) */
static GstEvent *
handle_tag_event (GstGenreClassify *self, GstEvent *event)
{
  GenreSettings settings;
  GstTagList *list;

  gst_event_parse_tag (event, &list);
  switch (genre_song_take_tags (
      self->song, list, get_settings (self).title_starts_track)) {
    case GENRE_TITLE_FIRST:
      genre_stream_begin_title (self->stream);
      break;
    case GENRE_TITLE_ANOTHER:
      genre_stream_announce_title (self->stream);
      break;
    case GENRE_TITLE_BACK:
      genre_stream_withdraw_title (self->stream);
      break;
    case GENRE_TITLE_SAME:
      break;
  }
  if (gst_tag_list_get_scope (list) == GST_TAG_SCOPE_GLOBAL) {
    genre_tags_set_global (self->tags, list);
    return event;
  }
  /* again: the handler of the track's message may have changed them */
  settings = get_settings (self);
  return genre_tags_replace_event (
      self->tags, event, genre_answer_get_tag (self->answer), &settings);
}

static void
handle_stream_start (GstGenreClassify *self, GstEvent *event)
{
  if (genre_song_is_another (self->song, event)) {
    start_next_track (self, "stream");
    genre_song_reset (self->song);
  }
  genre_song_set_stream (self->song, event);
  genre_tags_start_stream (self->tags);
}

static gboolean
gst_genre_classify_sink_event (GstBaseTransform *trans, GstEvent *event)
{
  GstGenreClassify *self = GST_GENRE_CLASSIFY (trans);

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_STREAM_START:
      handle_stream_start (self, event);
      break;
    case GST_EVENT_SEGMENT:
      handle_segment_event (self, event);
      break;
    case GST_EVENT_TAG:
      event = handle_tag_event (self, event);
      break;
    case GST_EVENT_GAP:
      handle_gap_event (self, event);
      break;
    case GST_EVENT_EOS:
      /* an EOS that a flush has overtaken is not true any more */
      if (!finish_track (self, "eos")) {
        gst_event_unref (event);
        return FALSE;
      }
      break;
    case GST_EVENT_FLUSH_START:
      genre_stream_flush_start (self->stream);
      break;
    case GST_EVENT_FLUSH_STOP:
      genre_stream_flush_stop (self->stream);
      break;
    default:
      break;
  }
  return GST_BASE_TRANSFORM_CLASS (gst_genre_classify_parent_class)
      ->sink_event (trans, event);
}

/* Caps, start and stop. */

static gboolean
gst_genre_classify_set_caps (
    GstBaseTransform *trans, GstCaps *in, GstCaps *out G_GNUC_UNUSED)
{
  GstGenreClassify *self = GST_GENRE_CLASSIFY (trans);

  if (!genre_stream_set_caps (self->stream, in)) {
    GST_ERROR_OBJECT (self, "cannot analyse caps %" GST_PTR_FORMAT, in);
    return FALSE;
  }
  return TRUE;
}

static void
post_model_error (GstGenreClassify *self, const GError *error)
{
  if (error->code == GENRE_ERROR_NOT_FOUND)
    GST_ELEMENT_ERROR (
        self, RESOURCE, NOT_FOUND, ("%s", error->message), (NULL));
  else if (error->code == GENRE_ERROR_READ)
    GST_ELEMENT_ERROR (self, RESOURCE, READ, ("%s", error->message), (NULL));
  else
    GST_ELEMENT_ERROR (self, STREAM, FORMAT, ("%s", error->message), (NULL));
}

/* NULL, with the error posted, if there is no such model.  (transfer full) */
static GenreModel *
load_model (GstGenreClassify *self)
{
  g_autofree char *name = NULL;
  g_autoptr (GError) error = NULL;
  GenreModel *model;

  GST_OBJECT_LOCK (self);
  name = g_strdup (self->model_name);
  GST_OBJECT_UNLOCK (self);
  model = genre_model_load (name, &error);
  if (!model) {
    post_model_error (self, error);
    return NULL;
  }
  GST_INFO_OBJECT (self, "model %s %s of %s", genre_model_get_name (model),
      genre_model_get_version (model), name ? name : GENRE_DEFAULT_MODEL);
  return model;
}

static gboolean
gst_genre_classify_start (GstBaseTransform *trans)
{
  GstGenreClassify *self = GST_GENRE_CLASSIFY (trans);
  GenreModel *model = load_model (self);
  g_autoptr (GstTaskPool) pool = NULL;
  g_autoptr (GError) error = NULL;
  gboolean ok;

  if (!model)
    return FALSE;
  GST_OBJECT_LOCK (self);
  if (self->task_pool)
    pool = gst_object_ref (self->task_pool);
  GST_OBJECT_UNLOCK (self);
  ok = genre_stream_start (self->stream, model, pool, &error);
  if (!ok)
    GST_ELEMENT_ERROR (self, LIBRARY, SETTINGS, ("%s", error->message), (NULL));
  genre_model_unref (model);
  return ok;
}

static gboolean
gst_genre_classify_stop (GstBaseTransform *trans)
{
  GstGenreClassify *self = GST_GENRE_CLASSIFY (trans);
  g_autoptr (GstStructure) song = describe_track (self, "stopped");

  genre_stream_stop (self->stream, song);
  genre_tags_reset (self->tags);
  genre_song_reset (self->song);
  return TRUE;
}

static GstStateChangeReturn
gst_genre_classify_change_state (GstElement *element, GstStateChange transition)
{
  /* frees the streaming thread that waits for the queue, before the pads are
   * deactivated and wait for the streaming thread */
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    genre_stream_flush_start (GST_GENRE_CLASSIFY (element)->stream);
  return GST_ELEMENT_CLASS (gst_genre_classify_parent_class)
      ->change_state (element, transition);
}

/* GObject */

static void
gst_genre_classify_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstGenreClassify *self = GST_GENRE_CLASSIFY (object);

  GST_OBJECT_LOCK (self);
  if (id == PROP_MODEL) {
    g_free (self->model_name);
    self->model_name = g_value_dup_string (value);
  } else if (id == PROP_TASK_POOL) {
    gst_object_replace (
        (GstObject **) &self->task_pool, g_value_get_object (value));
  } else if (!genre_settings_set (&self->settings, id, value)) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
  if (id == GENRE_SETTING_MIN_CONFIDENCE)
    genre_answer_set_min_confidence (self->answer, g_value_get_double (value));
}

static void
gst_genre_classify_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstGenreClassify *self = GST_GENRE_CLASSIFY (object);

  switch (id) {
    case PROP_GENRE:
      g_value_take_string (value, genre_answer_get_genre (self->answer));
      return;
    case PROP_CONFIDENCE:
      g_value_set_double (value, genre_answer_get_confidence (self->answer));
      return;
    case PROP_STATS:
      g_value_take_boxed (value, genre_answer_get_stats (self->answer));
      return;
    default:
      break;
  }
  GST_OBJECT_LOCK (self);
  if (id == PROP_MODEL)
    g_value_set_string (value, self->model_name);
  else if (id == PROP_TASK_POOL)
    g_value_set_object (value, self->task_pool);
  else if (!genre_settings_get (&self->settings, id, value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_genre_classify_finalize (GObject *object)
{
  GstGenreClassify *self = GST_GENRE_CLASSIFY (object);

  genre_stream_free (self->stream);
  genre_answer_free (self->answer);
  genre_tags_free (self->tags);
  genre_song_free (self->song);
  g_free (self->model_name);
  gst_clear_object (&self->task_pool);
  G_OBJECT_CLASS (gst_genre_classify_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *klass)
{
  const GParamFlags answer = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  genre_settings_install (klass);

  /**
   * GstGenreClassify:model:
   *
   * Name of a model, such as `cnn` or one of your own, or path of a weights file in the
   * format safetensors; %NULL stands for `crnn`.  A change is taken up when the
   * element starts the next time.
   *
   * Since: 1.0
   */
  g_object_class_install_property (klass, PROP_MODEL,
      g_param_spec_string ("model", "Model",
          "Name of a model, such as cnn, or path of a weights file "
          "(safetensors); NULL is " GENRE_DEFAULT_MODEL,
          NULL,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
              GST_PARAM_MUTABLE_READY));

  /**
   * GstGenreClassify:task-pool:
   *
   * Where segments are classified, such as a #GstSharedTaskPool that many elements
   * share, so that hundreds of them do not have a thread each; it must be prepared.
   * With %NULL, each element has a thread of its own.  Messages are posted from the
   * pool's threads then.  A change is taken up when the element starts the next time.
   *
   * Since: 1.0
   */
  g_object_class_install_property (klass, PROP_TASK_POOL,
      g_param_spec_object ("task-pool", "Task pool",
          "Where segments are classified; NULL is a thread of its own",
          GST_TYPE_TASK_POOL,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
              GST_PARAM_MUTABLE_READY));

  /**
   * GstGenreClassify:genre:
   *
   * The track's genre so far, as the model's label; %NULL while none is known.  It is
   * the average over the track, or over the latest #GstGenreClassify:memory of it, and
   * before the first window is full that of an interim answer.  A change is notified
   * from the thread that classifies.
   *
   * Since: 1.0
   */
  g_object_class_install_property (klass, PROP_GENRE,
      g_param_spec_string ("genre", "Genre",
          "The track's genre so far, as the model's label; NULL while none is "
          "known",
          NULL, answer));

  /**
   * GstGenreClassify:confidence:
   *
   * Probability of #GstGenreClassify:genre, 0 to 1; 0 while none is known.  A
   * change is notified from the thread that classifies.
   *
   * Since: 1.0
   */
  g_object_class_install_property (klass, PROP_CONFIDENCE,
      g_param_spec_double ("confidence", "Confidence",
          "Probability (0 to 1) of the track's genre so far", 0, 1, 0, answer));

  /**
   * GstGenreClassify:stats:
   *
   * Counters since the element was started, a #GstStructure with the fields
   *
   * * #guint64 `segments`: segments that were answered
   * * #guint64 `silent`: those of them that were silent
   * * #guint64 `dropped`: segments of a live stream that were not classified
   * * #gdouble `audio-seconds`: audio that came, s
   * * #gdouble `gaps`: what its timestamps say is missing between, s
   * * #gdouble `discarded`: audio that is in no segment: what was left before an end, a
   *   jump or a seek and was too short for one, s
   * * #guint64 `inference-mean`, `inference-max`: time to classify one, ns
   *
   * Since: 1.0
   */
  g_object_class_install_property (klass, PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics",
          "Counters since the element was started", GST_TYPE_STRUCTURE,
          answer));
}

static void
gst_genre_classify_class_init (GstGenreClassifyClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (
      genre_classify_debug, "genreclassify", 0, "music genre classification");

  object_class->set_property = gst_genre_classify_set_property;
  object_class->get_property = gst_genre_classify_get_property;
  object_class->finalize = gst_genre_classify_finalize;
  install_properties (object_class);

  element_class->change_state = gst_genre_classify_change_state;
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Genre classifier",
      "Filter/Analyzer/Audio",
      "Tells the music genre of the audio that passes, by a neural network",
      "The genreclassify developers");

  trans_class->start = gst_genre_classify_start;
  trans_class->stop = gst_genre_classify_stop;
  trans_class->set_caps = gst_genre_classify_set_caps;
  trans_class->sink_event = gst_genre_classify_sink_event;
  trans_class->transform_ip = gst_genre_classify_transform_ip;
  trans_class->transform_ip_on_passthrough = TRUE;
  trans_class->passthrough_on_same_caps = TRUE;
}

static void
gst_genre_classify_init (GstGenreClassify *self)
{
  genre_settings_init (&self->settings);
  self->answer = genre_answer_new (GST_ELEMENT (self));
  genre_answer_set_min_confidence (self->answer, self->settings.min_confidence);
  self->stream = genre_stream_new (GST_ELEMENT (self),
      GST_BASE_TRANSFORM_SINK_PAD (self), self->answer, &self->settings,
      title_stays);
  self->tags = genre_tags_new ();
  self->song = genre_song_new ();
  gst_base_transform_set_passthrough (GST_BASE_TRANSFORM (self), TRUE);
  gst_base_transform_set_in_place (GST_BASE_TRANSFORM (self), TRUE);
  gst_base_transform_set_gap_aware (GST_BASE_TRANSFORM (self), TRUE);
}
