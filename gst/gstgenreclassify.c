/* genreclassify: music genre of the audio that passes
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/**
 * SECTION:element-genreclassify
 * @title: genreclassify
 *
 * Classifies music by genre. Audio passes through untouched and without delay;
 * it is gathered into segments of #GstGenreClassify:window, and for each of them
 * a convolutional and recurrent network gives one probability per genre.
 *
 * For every segment the element posts an element message named `genreclassify`
 * (unless #GstGenreClassify:post-messages is %FALSE), with the fields
 *
 * * #guint64 `segment`: number of the segment within the track, from 0
 * * #guint64 `timestamp`: timestamp of its first sample, ns
 * * #guint64 `stream-time`: stream time of its first sample, ns
 * * #guint64 `running-time`: running time of its first sample, ns
 * * #guint64 `duration`: length of its audio, ns; consecutive segments that do
 *   not overlap add up exactly
 * * #gchararray `genre`: the most probable label; absent if `silent`
 * * #gdouble `confidence`: its probability; 0 if `silent`
 * * #GstValueArray of #gchararray `labels`: the labels, in the model's order
 * * #GstValueArray of #gdouble `probabilities`: one for each label, sum 1; all
 *   equal if `silent`
 * * #gboolean `partial`: the stream ended or broke off before the window was full
 * * #gboolean `silent`: the level was below #GstGenreClassify:silence-threshold
 * * #gchararray `model`: name and version of the model
 *
 * At the end of a track it posts one named `genreclassify-track`. A track ends with
 * EOS, with the start of another stream (a STREAM_START event with another stream
 * or group id) or, if #GstGenreClassify:title-starts-track is %TRUE, with another
 * title. The fields are the same over the whole track, with the probabilities
 * averaged over its segments by duration; `segments`, the number of them, stands
 * in the place of `segment`. A track that was too short for any segment has no
 * message.
 *
 * The answer so far is also pushed downstream as %GST_TAG_GENRE, together with
 * the tags that upstream sent, whenever it changes and once before EOS, as long
 * as its confidence is at least #GstGenreClassify:min-confidence.
 *
 * Inference runs in a thread of the element's own, and messages are posted from
 * it. A synchronous handler of them may set properties and do flushing seeks; a
 * seek without flush would wait for the streaming thread, which may be waiting for
 * the handler. When it cannot keep up, a
 * live stream loses the oldest waiting segment, and any other waits.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 -mt uridecodebin uri=file:///home/me/song.mp3 ! genreclassify ! fakesink
 * ]| Prints the genres of a file's segments, then that of the track.
 * |[
 * gst-launch-1.0 -m playbin uri=file:///home/me/song.mp3 audio-filter=genreclassify
 * ]| Plays a file and prints its genres on the way.
 * |[
 * gst-launch-1.0 uridecodebin uri=file:///home/me/song.mp3 ! genreclassify ! audioconvert ! vorbisenc ! matroskamux ! filesink location=song.mka
 * ]| Writes a file that has the genre among its tags: Matroska, WAV and MP4 take
 * a tag that comes at the end.
 *
 * ## Example application
 *
 * {{ tests/examples/live-genre.c }}
 */

#include "gstgenreclassify.h"

#include <genre/genre.h>
#include <gst/audio/audio.h>

#include "genremessage.h"
#include "genretag.h"
#include "genreworker.h"

GST_DEBUG_CATEGORY_STATIC (gst_genre_classify_debug);
#define GST_CAT_DEFAULT gst_genre_classify_debug

#define DEFAULT_WINDOW (30 * GST_SECOND)
#define DEFAULT_HOP 0
#define DEFAULT_MIN_WINDOW (5 * GST_SECOND)
#define DEFAULT_POST_MESSAGES TRUE
#define DEFAULT_POST_TAGS TRUE
#define DEFAULT_TAG_MODE GST_TAG_MERGE_KEEP
/* see models/README.md: the precision of what is above it, on unseen tracks */
#define DEFAULT_MIN_CONFIDENCE 0.7
#define DEFAULT_SILENCE_THRESHOLD -60.0
#define DEFAULT_TITLE_STARTS_TRACK FALSE

/* a jump in the timestamps from which on samples are not neighbours any more */
#define MAX_JITTER (40 * GST_MSECOND)
/* a longer gap is a jump, not silence */
#define MAX_GAP (3600 * GST_SECOND)
/* segments that may wait for the worker */
#define MAX_WAITING 2
#define MAX_CHANNELS 64
/* samples per channel that are unpacked at a time */
#define UNPACK_FRAMES 1024

enum
{
  PROP_0,
  PROP_MODEL,
  PROP_WINDOW,
  PROP_HOP,
  PROP_MIN_WINDOW,
  PROP_POST_MESSAGES,
  PROP_POST_TAGS,
  PROP_TAG_MODE,
  PROP_MIN_CONFIDENCE,
  PROP_SILENCE_THRESHOLD,
  PROP_TITLE_STARTS_TRACK,
  PROP_GENRE,
  PROP_CONFIDENCE,
  PROP_STATS,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

/* Samples whose timestamps follow one another within one GstSegment. */
typedef struct
{
  guint64 start;          /* ns of the classifier's time */
  GstClockTime timestamp; /* of its first sample */
  GstSegment segment;
} Run;

/* What the worker is given: a segment to classify, or the end of a track. */
typedef struct
{
  GenreSegment *segment; /* NULL: the track has ended */
  guint64 number;
  GstClockTime timestamp, stream_time, running_time;
  GstClockTime overlap; /* of its audio with that of the segment before */
} Job;

typedef struct
{
  guint64 segments, silent, dropped;
  guint64 audio; /* ns */
  guint64 inferences;
  GstClockTime inference_sum, inference_max;
} Stats;

struct _GstGenreClassify
{
  GstBaseTransform parent;

  /* protected by the object lock */
  char *model_path;
  guint64 window, hop, min_window;
  gboolean post_messages, post_tags, title_starts_track;
  GstTagMergeMode tag_mode;
  double min_confidence, silence_threshold;
  char *genre; /* the track's answer, or NULL */
  double confidence;
  int tag_label; /* label that is worth a tag, or -1 */
  Stats stats;
  /* from start to stop; set and cleared under the lock, so that a flush from any
   * thread finds them alive; the classifier's front end is the streaming
   * thread's, its network the worker's */
  GenreWorker *worker;
  GenreClassifier *classifier;

  /* from start to stop */
  GenreModel *model;

  /* streaming thread */
  GstAudioInfo info;
  GenreSampleFormat format;
  gboolean unpack;  /* format is that of the unpacked samples */
  guint8 *unpacked; /* [UNPACK_FRAMES][channels], or the planes */
  char *stream_id;
  guint group_id;
  GstSegment segment;
  gboolean analyse;            /* the segment is one we understand */
  gboolean new_segment;        /* the next samples begin a run */
  GArray *runs;                /* Run */
  GstClockTime next_timestamp; /* expected of the next buffer */
  guint64 n_segments;          /* cut from the track */
  guint64 cut_until;           /* classifier's time where the last one ended */
  guint64 gap_rest;            /* of a gap, less than a sample, in ns x rate */
  gboolean in_track;           /* samples came since the track began */
  gboolean warned_dropped;
  GstTagList *upstream_tags; /* stream scope, or NULL */
  char *title;               /* the latest that upstream named, or NULL */
  gboolean global_genre;     /* upstream has a genre of global scope */
  int pushed_label;          /* of the last tag pushed, or -1 */

  /* worker; the streaming thread while that is idle */
  GenreTrack *track;
  GenreAnswer answer; /* times and flags of the track so far */
  guint64 answer_segments;
  gboolean failed; /* the error was posted */
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

/* Worker: from a segment to messages and an answer. */

static void
job_free (gpointer data)
{
  Job *job = data;

  g_clear_pointer (&job->segment, genre_segment_unref);
  g_free (job);
}

static gboolean
job_can_be_dropped (gconstpointer job)
{
  return ((const Job *) job)->segment != NULL;
}

static void
post (GstGenreClassify *self, GstStructure *structure)
{
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self), structure));
}

/* Sets what the properties "genre" and "confidence" show, and with it the label
 * of the tag.  @label -1: nothing is known. */
static void
set_answer (GstGenreClassify *self, int label, double confidence)
{
  const char *genre = label < 0 ? NULL
                                : genre_model_get_label (self->model, label);
  gboolean new_genre, new_confidence;

  GST_OBJECT_LOCK (self);
  new_genre = g_strcmp0 (genre, self->genre) != 0;
  new_confidence = confidence != self->confidence;
  if (new_genre) {
    g_free (self->genre);
    self->genre = g_strdup (genre);
  }
  self->confidence = confidence;
  self->tag_label = confidence >= self->min_confidence ? label : -1;
  GST_OBJECT_UNLOCK (self);

  if (new_genre)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_GENRE]);
  if (new_confidence)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_CONFIDENCE]);
}

static void
forget_track (GstGenreClassify *self)
{
  genre_track_reset (self->track);
  self->answer_segments = 0;
  self->failed = FALSE;
}

/* Takes the segment's @answer into the track's; @overlap ns of its audio were in
 * the segment before. */
static void
add_to_track (
    GstGenreClassify *self, const GenreAnswer *answer, GstClockTime overlap)
{
  GenreAnswer *track = &self->answer;

  if (self->answer_segments++ == 0) {
    *track = *answer;
  } else {
    track->duration += answer->duration - overlap;
    track->silent &= answer->silent;
    track->partial = answer->partial;
  }
  if (!answer->silent)
    genre_track_add (self->track, answer->probabilities,
        genre_model_get_n_labels (self->model), answer->duration);
}

static void
classify_segment (GstGenreClassify *self, const Job *job)
{
  GenreAnswer answer = {
    .timestamp = job->timestamp,
    .stream_time = job->stream_time,
    .running_time = job->running_time,
    .duration = genre_segment_get_duration (job->segment),
    .partial = genre_segment_is_partial (job->segment),
  };
  guint n_labels = genre_model_get_n_labels (self->model), best;
  g_autofree float *probabilities = NULL;
  g_autoptr (GError) error = NULL;
  GstStructure *structure;
  gboolean post_messages;
  gint64 begin = g_get_monotonic_time ();
  GstClockTime elapsed;

  GST_OBJECT_LOCK (self);
  answer.silent = genre_segment_get_level (job->segment) <
      self->silence_threshold;
  post_messages = self->post_messages;
  GST_OBJECT_UNLOCK (self);

  if (!answer.silent &&
      !(probabilities = genre_classifier_classify (
            self->classifier, job->segment, NULL, &error))) {
    if (!self->failed && genre_worker_is_current (self->worker))
      GST_ELEMENT_ERROR (self, STREAM, FORMAT, ("%s", error->message), (NULL));
    self->failed = TRUE;
    return;
  }
  answer.probabilities = probabilities;
  elapsed = (g_get_monotonic_time () - begin) * GST_USECOND;
  GST_LOG_OBJECT (self,
      "segment %" G_GUINT64_FORMAT " at %" GST_TIME_FORMAT
      " took %" GST_TIME_FORMAT,
      job->number, GST_TIME_ARGS (job->timestamp), GST_TIME_ARGS (elapsed));
  if (!genre_worker_is_current (self->worker))
    return;

  GST_OBJECT_LOCK (self);
  self->stats.segments++;
  if (answer.silent) {
    self->stats.silent++;
  } else {
    self->stats.inferences++;
    self->stats.inference_sum += elapsed;
    self->stats.inference_max = MAX (self->stats.inference_max, elapsed);
  }
  GST_OBJECT_UNLOCK (self);

  add_to_track (self, &answer, job->overlap);
  structure = genre_message_segment (self->model, &answer, job->number);
  if (!answer.silent) {
    g_free (probabilities);
    answer.probabilities = probabilities = genre_track_get (self->track, NULL);
    best = genre_answer_best (&answer, n_labels);
    set_answer (self, best, probabilities[best]);
  }
  /* Last of all: a handler may seek, and after a flush nothing of what is known
   * here is true any more. */
  if (post_messages && genre_worker_is_current (self->worker))
    post (self, structure);
  else
    gst_structure_free (structure);
}

static void
end_track (GstGenreClassify *self)
{
  gboolean post_messages;

  GST_OBJECT_LOCK (self);
  post_messages = self->post_messages;
  GST_OBJECT_UNLOCK (self);

  if (self->answer_segments > 0 && post_messages) {
    g_autofree float *average = genre_track_get (self->track, NULL);

    self->answer.probabilities = average;
    post (self,
        genre_message_track (
            self->model, &self->answer, self->answer_segments));
  }
  forget_track (self);
}

static void
do_job (gpointer data, gpointer user_data)
{
  GstGenreClassify *self = user_data;
  const Job *job = data;

  if (job->segment)
    classify_segment (self, job);
  else
    end_track (self);
}

/* Streaming thread: tags. */

/* The tags of upstream with our genre, to be pushed; NULL if there is nothing to
 * add to them. */
static GstEvent *
merged_tags (GstGenreClassify *self, int label)
{
  GstTagMergeMode mode;
  gboolean post_tags, keeps, upstream_has_genre;

  GST_OBJECT_LOCK (self);
  mode = self->tag_mode;
  post_tags = self->post_tags;
  GST_OBJECT_UNLOCK (self);

  if (!post_tags || label < 0)
    return NULL;
  keeps = mode == GST_TAG_MERGE_KEEP || mode == GST_TAG_MERGE_KEEP_ALL;
  upstream_has_genre = self->global_genre ||
      (self->upstream_tags &&
          gst_tag_list_get_tag_size (self->upstream_tags, GST_TAG_GENRE) > 0);
  if (upstream_has_genre && keeps)
    return NULL;
  return gst_event_new_tag (genre_tag_merge (
      self->upstream_tags, genre_model_get_label (self->model, label), mode));
}

static int
get_tag_label (GstGenreClassify *self)
{
  int label;

  GST_OBJECT_LOCK (self);
  label = self->tag_label;
  GST_OBJECT_UNLOCK (self);
  return label;
}

/* Pushes the tag if the answer has changed, or if this is the @last chance; takes
 * a pushed one back if there is no answer any more. */
static void
push_tags (GstGenreClassify *self, gboolean last)
{
  int label = get_tag_label (self);
  GstEvent *event;

  if (label == self->pushed_label && !(last && label >= 0))
    return;
  event = merged_tags (self, label);
  if (event) {
    self->pushed_label = label;
  } else if (self->pushed_label >= 0) {
    self->pushed_label = -1;
    event = gst_event_new_tag (self->upstream_tags
            ? gst_tag_list_ref (self->upstream_tags)
            : gst_tag_list_new_empty ());
  }
  if (event)
    gst_pad_push_event (GST_BASE_TRANSFORM_SRC_PAD (self), event);
}

/* Streaming thread: from samples to jobs. */

static gboolean
is_live (GstGenreClassify *self)
{
  g_autoptr (GstQuery) query = gst_query_new_latency ();
  gboolean live = FALSE;

  if (gst_pad_peer_query (GST_BASE_TRANSFORM_SINK_PAD (self), query))
    gst_query_parse_latency (query, &live, NULL, NULL);
  return live;
}

/* Gives @job to the worker; FALSE if the element is flushing. */
static gboolean
give_job (GstGenreClassify *self, Job *job)
{
  guint dropped;

  if (!genre_worker_is_full (self->worker) || !is_live (self))
    return genre_worker_push (self->worker, job);

  dropped = genre_worker_push_dropping (self->worker, job, job_can_be_dropped);
  if (dropped) {
    GST_OBJECT_LOCK (self);
    self->stats.dropped += dropped;
    GST_OBJECT_UNLOCK (self);
    if (!self->warned_dropped)
      GST_ELEMENT_WARNING (self, STREAM, TOO_LAZY,
          ("Segments are dropped: this machine classifies them more slowly than "
           "they come."),
          (NULL));
    self->warned_dropped = TRUE;
  }
  return TRUE;
}

/* The run that owns the sample at @time of the classifier; earlier ones are not
 * asked for again. */
static const Run *
find_run (GstGenreClassify *self, guint64 time)
{
  guint i = 0;

  while (i + 1 < self->runs->len &&
      g_array_index (self->runs, Run, i + 1).start <= time)
    i++;
  if (i > 0)
    g_array_remove_range (self->runs, 0, i);
  return &g_array_index (self->runs, Run, 0);
}

/* Gives the worker every segment that is complete; FALSE if flushing. */
static gboolean
give_segments (GstGenreClassify *self)
{
  GenreSegment *segment;

  while ((segment = genre_classifier_take_segment (self->classifier))) {
    guint64 start = genre_segment_get_start (segment);
    const Run *run = find_run (self, start);
    Job *job = g_new0 (Job, 1);

    job->segment = segment;
    job->number = self->n_segments++;
    job->overlap = self->cut_until > start ? self->cut_until - start : 0;
    self->cut_until = start + genre_segment_get_duration (segment);
    job->timestamp = run->timestamp + (start - run->start);
    job->stream_time = gst_segment_to_stream_time (
        &run->segment, GST_FORMAT_TIME, job->timestamp);
    job->running_time = gst_segment_to_running_time (
        &run->segment, GST_FORMAT_TIME, job->timestamp);
    if (!give_job (self, job))
      return FALSE;
  }
  return TRUE;
}

static void
forget_samples (GstGenreClassify *self)
{
  if (self->classifier)
    genre_classifier_reset (self->classifier);
  g_array_set_size (self->runs, 0);
  self->next_timestamp = GST_CLOCK_TIME_NONE;
  self->cut_until = 0;
  self->gap_rest = 0;
}

/* The samples so far have no neighbour to come. */
static gboolean
finish_samples (GstGenreClassify *self)
{
  gboolean ok = TRUE;

  if (self->runs->len > 0) {
    genre_classifier_finish (self->classifier);
    ok = give_segments (self);
  }
  forget_samples (self);
  return ok;
}

/* Ends the track: waits until the worker is done with it, so that its message is
 * posted, and pushes its tag.  FALSE if flushing. */
static gboolean
finish_track (GstGenreClassify *self)
{
  if (!self->in_track)
    return TRUE;
  if (!finish_samples (self) ||
      !genre_worker_push (self->worker, g_new0 (Job, 1)) ||
      !genre_worker_drain (self->worker))
    return FALSE;
  push_tags (self, TRUE);

  GST_OBJECT_LOCK (self);
  self->tag_label = -1;
  GST_OBJECT_UNLOCK (self);
  self->n_segments = 0;
  self->in_track = FALSE;
  return TRUE;
}

/* Ends the track, and forgets its answer, which stands until another begins. */
static void
begin_track (GstGenreClassify *self)
{
  if (finish_track (self))
    set_answer (self, -1, 0);
}

static gboolean
is_close (gint64 difference)
{
  return ABS (difference) <= (gint64) MAX_JITTER;
}

/* TRUE if samples at @timestamp, in the present segment, follow the last ones. */
static gboolean
is_contiguous (GstGenreClassify *self, GstClockTime timestamp)
{
  const Run *last = &g_array_index (self->runs, Run, self->runs->len - 1);
  guint64 expected, actual;
  int expected_sign, actual_sign;

  if (!GST_CLOCK_TIME_IS_VALID (timestamp) ||
      !GST_CLOCK_TIME_IS_VALID (self->next_timestamp))
    return TRUE;
  if (!self->new_segment)
    return is_close (GST_CLOCK_DIFF (self->next_timestamp, timestamp));

  expected_sign = gst_segment_to_running_time_full (
      &last->segment, GST_FORMAT_TIME, self->next_timestamp, &expected);
  actual_sign = gst_segment_to_running_time_full (
      &self->segment, GST_FORMAT_TIME, timestamp, &actual);
  return expected_sign && actual_sign &&
      is_close (
          actual_sign * (gint64) actual - expected_sign * (gint64) expected);
}

/* TRUE if the timestamps have moved away from the counted samples, little by
 * little, as those of a live source with a clock of its own do. */
static gboolean
has_drifted (GstGenreClassify *self, GstClockTime timestamp)
{
  const Run *last = &g_array_index (self->runs, Run, self->runs->len - 1);
  GstClockTime counted = last->timestamp +
      (genre_classifier_get_length (self->classifier) - last->start);

  return GST_CLOCK_TIME_IS_VALID (timestamp) &&
      !is_close (GST_CLOCK_DIFF (counted, timestamp));
}

/* Prepares for samples at @timestamp (or NONE): decides whether they go on where
 * the last ones ended, and notes to which segment they belong. */
static gboolean
begin_samples (GstGenreClassify *self, GstClockTime timestamp, gboolean discont)
{
  GstClockTime expected = self->next_timestamp;
  gboolean ok = TRUE;

  if (self->runs->len > 0 && (discont || !is_contiguous (self, timestamp))) {
    GST_DEBUG_OBJECT (self,
        "discontinuity: %" GST_TIME_FORMAT ", expected %" GST_TIME_FORMAT,
        GST_TIME_ARGS (timestamp), GST_TIME_ARGS (expected));
    ok = finish_samples (self);
  }
  if (self->runs->len == 0 || self->new_segment ||
      has_drifted (self, timestamp)) {
    Run run = {
      .start = genre_classifier_get_length (self->classifier),
      .timestamp = timestamp,
      .segment = self->segment,
    };

    if (!GST_CLOCK_TIME_IS_VALID (timestamp))
      run.timestamp = self->new_segment || !GST_CLOCK_TIME_IS_VALID (expected)
          ? self->segment.start
          : expected;
    g_array_append_val (self->runs, run);
    self->new_segment = FALSE;
    self->next_timestamp = run.timestamp;
  }
  self->in_track = TRUE;
  return ok;
}

/* Notes that @n_frames were pushed, the first of them at @timestamp (or NONE). */
static void
end_samples (GstGenreClassify *self, GstClockTime timestamp, guint64 n_frames)
{
  GstClockTime duration = gst_util_uint64_scale (
      n_frames, GST_SECOND, GST_AUDIO_INFO_RATE (&self->info));

  if (GST_CLOCK_TIME_IS_VALID (timestamp))
    self->next_timestamp = timestamp;
  if (GST_CLOCK_TIME_IS_VALID (self->next_timestamp))
    self->next_timestamp += duration;
  GST_OBJECT_LOCK (self);
  self->stats.audio += duration;
  GST_OBJECT_UNLOCK (self);
}

/* Analyses @audio in the layout that its buffer has; FALSE if flushing. */
static gboolean
push_samples (GstGenreClassify *self, const GstAudioBuffer *audio)
{
  guint channels = GST_AUDIO_INFO_CHANNELS (&self->info);
  gboolean planar = audio->n_planes > 1;
  guint per_plane = planar ? 1 : channels;
  const GstAudioFormatInfo *finfo = self->info.finfo;
  gsize sample_size = GST_AUDIO_INFO_WIDTH (&self->info) / 8;

  for (gsize i = 0; i < audio->n_samples;) {
    gconstpointer planes[MAX_CHANNELS];
    /* little enough that segments do not pile up before they are given */
    gsize n = MIN (audio->n_samples - i, UNPACK_FRAMES);

    for (int p = 0; p < audio->n_planes; p++) {
      guint8 *plane = (guint8 *) audio->planes[p] + i * per_plane * sample_size;
      guint8 *unpacked = self->unpacked + p * UNPACK_FRAMES * sizeof (double);

      if (self->unpack)
        finfo->unpack_func (
            finfo, GST_AUDIO_PACK_FLAG_NONE, unpacked, plane, n * per_plane);
      planes[p] = self->unpack ? unpacked : plane;
    }
    if (planar)
      genre_classifier_push_planar (
          self->classifier, self->format, channels, planes, n);
    else
      genre_classifier_push (
          self->classifier, self->format, channels, planes[0], n);
    if (!give_segments (self))
      return FALSE;
    i += n;
  }
  return TRUE;
}

/* FALSE if flushing. */
static gboolean
push_silence (GstGenreClassify *self, guint64 n_frames)
{
  guint64 rate = GST_AUDIO_INFO_RATE (&self->info);

  /* a second at a time, so that the segments do not pile up */
  while (n_frames > 0) {
    guint64 n = MIN (n_frames, rate);

    genre_classifier_push (self->classifier, self->format, 1, NULL, n);
    if (!give_segments (self))
      return FALSE;
    n_frames -= n;
  }
  return TRUE;
}

static GstFlowReturn
gst_genre_classify_transform_ip (GstBaseTransform *trans, GstBuffer *buffer)
{
  GstGenreClassify *self = GST_GENRE_CLASSIFY (trans);
  const GstAudioMeta *meta = gst_buffer_get_audio_meta (buffer);
  gsize n_frames;
  gboolean ok;

  n_frames = meta
      ? meta->samples
      : gst_buffer_get_size (buffer) / GST_AUDIO_INFO_BPF (&self->info);
  if (!self->analyse || n_frames == 0)
    return GST_FLOW_OK;

  ok = begin_samples (self, GST_BUFFER_PTS (buffer),
      GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT));
  if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_GAP)) {
    ok = ok && push_silence (self, n_frames);
  } else {
    GstAudioBuffer audio;

    if (!gst_audio_buffer_map (&audio, &self->info, buffer, GST_MAP_READ)) {
      GST_ELEMENT_ERROR (
          self, RESOURCE, READ, ("A buffer of audio cannot be read."), (NULL));
      return GST_FLOW_ERROR;
    }
    ok = ok && push_samples (self, &audio);
    gst_audio_buffer_unmap (&audio);
  }
  end_samples (self, GST_BUFFER_PTS (buffer), n_frames);
  if (!ok)
    return GST_FLOW_FLUSHING;
  push_tags (self, FALSE);
  return GST_FLOW_OK;
}

static gboolean
take_gap (GstGenreClassify *self, GstEvent *event)
{
  GstClockTime timestamp, duration;
  guint64 n_frames, scaled;
  guint rate = GST_AUDIO_INFO_RATE (&self->info);
  gboolean ok;

  gst_event_parse_gap (event, &timestamp, &duration);
  if (!self->analyse || !rate || !duration ||
      !GST_CLOCK_TIME_IS_VALID (duration))
    return TRUE;
  if (duration > MAX_GAP)
    return finish_samples (self);
  ok = begin_samples (self, timestamp, FALSE);
  /* many gaps of part of a sample are some samples */
  scaled = duration * rate + self->gap_rest;
  n_frames = scaled / GST_SECOND;
  self->gap_rest = scaled % GST_SECOND;
  ok = ok && push_silence (self, n_frames);
  end_samples (self, timestamp, n_frames);
  return ok;
}

static void
take_segment (GstGenreClassify *self, GstEvent *event)
{
  gst_event_copy_segment (event, &self->segment);
  self->analyse = self->segment.format == GST_FORMAT_TIME &&
      self->segment.rate > 0;
  self->new_segment = TRUE;
  if (!self->analyse) {
    GST_INFO_OBJECT (self,
        "nothing is analysed in a segment of format %s and "
        "rate %g",
        gst_format_get_name (self->segment.format), self->segment.rate);
    finish_samples (self);
  }
}

/* TRUE if upstream's @tags name another title than before; the first one that a
 * stream has is not another. */
static gboolean
is_other_title (GstGenreClassify *self, const GstTagList *tags)
{
  const char *title;
  gboolean other;

  if (!gst_tag_list_peek_string_index (tags, GST_TAG_TITLE, 0, &title) ||
      g_strcmp0 (title, self->title) == 0)
    return FALSE;
  other = self->title != NULL;
  g_free (self->title);
  self->title = g_strdup (title);
  return other;
}

/* Keeps what upstream says of the stream, and gives the event that is to go on
 * in the place of @event (transfer full both). */
static GstEvent *
take_tags (GstGenreClassify *self, GstEvent *event)
{
  GstTagList *tags;
  GstEvent *merged;
  gboolean title_starts_track;
  int label;

  gst_event_parse_tag (event, &tags);
  if (gst_tag_list_get_scope (tags) == GST_TAG_SCOPE_GLOBAL) {
    self->global_genre = gst_tag_list_get_tag_size (tags, GST_TAG_GENRE) > 0;
    return event;
  }
  GST_OBJECT_LOCK (self);
  title_starts_track = self->title_starts_track;
  GST_OBJECT_UNLOCK (self);
  if (is_other_title (self, tags) && title_starts_track)
    begin_track (self);

  gst_clear_tag_list (&self->upstream_tags);
  self->upstream_tags = gst_tag_list_ref (tags);
  label = get_tag_label (self);
  merged = merged_tags (self, label);
  /* this event takes the place of the one that carried our genre */
  self->pushed_label = merged ? label : -1;
  if (!merged)
    return event;
  gst_event_set_seqnum (merged, gst_event_get_seqnum (event));
  gst_event_unref (event);
  return merged;
}

static void
take_stream_start (GstGenreClassify *self, GstEvent *event)
{
  const char *stream_id;
  guint group_id = GST_GROUP_ID_INVALID;

  /* the same stream in another group is the same song played again */
  gst_event_parse_stream_start (event, &stream_id);
  gst_event_parse_group_id (event, &group_id);
  if (g_strcmp0 (stream_id, self->stream_id) == 0 && group_id == self->group_id)
    return;
  begin_track (self);
  self->group_id = group_id;
  g_free (self->stream_id);
  self->stream_id = g_strdup (stream_id);
  gst_clear_tag_list (&self->upstream_tags);
  g_clear_pointer (&self->title, g_free);
  self->global_genre = FALSE;
}

static void
flush (GstGenreClassify *self)
{
  if (!self->worker)
    return;
  genre_worker_flush_stop (self->worker);
  genre_classifier_set_cancelled (self->classifier, FALSE);
  forget_samples (self);
  forget_track (self);
  set_answer (self, -1, 0);
  self->n_segments = 0;
  self->in_track = FALSE;
}

static void
flush_start (GstGenreClassify *self)
{
  /* the lock keeps both alive: this is not the streaming thread */
  GST_OBJECT_LOCK (self);
  if (self->worker)
    genre_worker_flush_start (self->worker);
  if (self->classifier)
    genre_classifier_set_cancelled (self->classifier, TRUE);
  GST_OBJECT_UNLOCK (self);
}

static gboolean
gst_genre_classify_sink_event (GstBaseTransform *trans, GstEvent *event)
{
  GstGenreClassify *self = GST_GENRE_CLASSIFY (trans);

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_STREAM_START:
      take_stream_start (self, event);
      break;
    case GST_EVENT_SEGMENT:
      take_segment (self, event);
      break;
    case GST_EVENT_TAG:
      event = take_tags (self, event);
      break;
    case GST_EVENT_GAP:
      take_gap (self, event);
      break;
    case GST_EVENT_EOS:
      /* one that a flush has overtaken is not true any more */
      if (!finish_track (self)) {
        gst_event_unref (event);
        return FALSE;
      }
      break;
    case GST_EVENT_FLUSH_START:
      flush_start (self);
      break;
    case GST_EVENT_FLUSH_STOP:
      flush (self);
      break;
    default:
      break;
  }
  return GST_BASE_TRANSFORM_CLASS (gst_genre_classify_parent_class)
      ->sink_event (trans, event);
}

/* Caps, start and stop. */

static gboolean
set_format (GstGenreClassify *self)
{
  GstAudioFormat format = GST_AUDIO_INFO_FORMAT (&self->info);

  g_clear_pointer (&self->unpacked, g_free);
  for (self->unpack = FALSE;; self->unpack = TRUE) {
    switch (format) {
      case GST_AUDIO_FORMAT_S16:
        self->format = GENRE_SAMPLE_S16;
        break;
      case GST_AUDIO_FORMAT_S32:
        self->format = GENRE_SAMPLE_S32;
        break;
      case GST_AUDIO_FORMAT_F32:
        self->format = GENRE_SAMPLE_F32;
        break;
      case GST_AUDIO_FORMAT_F64:
        self->format = GENRE_SAMPLE_F64;
        break;
      default:
        if (self->unpack)
          return FALSE;
        format = self->info.finfo->unpack_format;
        continue;
    }
    break;
  }
  if (self->unpack)
    self->unpacked = g_malloc (UNPACK_FRAMES *
        GST_AUDIO_INFO_CHANNELS (&self->info) * sizeof (double));
  return TRUE;
}

static gboolean
gst_genre_classify_set_caps (
    GstBaseTransform *trans, GstCaps *in, GstCaps *out G_GNUC_UNUSED)
{
  GstGenreClassify *self = GST_GENRE_CLASSIFY (trans);

  if (!gst_audio_info_from_caps (&self->info, in) || !set_format (self)) {
    GST_ERROR_OBJECT (self, "cannot read caps %" GST_PTR_FORMAT, in);
    return FALSE;
  }
  return genre_classifier_set_rate (
      self->classifier, GST_AUDIO_INFO_RATE (&self->info), NULL);
}

static gboolean
gst_genre_classify_start (GstBaseTransform *trans)
{
  GstGenreClassify *self = GST_GENRE_CLASSIFY (trans);
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;
  GenreClassifierConfig config;
  GenreClassifier *classifier;
  guint n_labels;

  genre_classifier_config_init (&config);
  GST_OBJECT_LOCK (self);
  path = g_strdup (self->model_path);
  config.window = self->window;
  config.hop = self->hop;
  config.min_window = self->min_window;
  self->stats = (Stats){ 0 };
  GST_OBJECT_UNLOCK (self);
  self->model = genre_model_load (path, &error);
  if (!self->model) {
    if (error->code == GENRE_ERROR_NOT_FOUND)
      GST_ELEMENT_ERROR (
          self, RESOURCE, NOT_FOUND, ("%s", error->message), (NULL));
    else if (error->code == GENRE_ERROR_READ)
      GST_ELEMENT_ERROR (self, RESOURCE, READ, ("%s", error->message), (NULL));
    else
      GST_ELEMENT_ERROR (self, STREAM, FORMAT, ("%s", error->message), (NULL));
    return FALSE;
  }
  GST_INFO_OBJECT (self, "model %s %s of %s",
      genre_model_get_name (self->model), genre_model_get_version (self->model),
      path ? path : GENRE_DEFAULT_MODEL);

  /* the rate is not known before the caps */
  classifier = genre_classifier_new (
      self->model, GENRE_MIN_RATE, &config, &error);
  if (!classifier) {
    GST_ELEMENT_ERROR (self, LIBRARY, SETTINGS, ("%s", error->message), (NULL));
    g_clear_pointer (&self->model, genre_model_unref);
    return FALSE;
  }

  n_labels = genre_model_get_n_labels (self->model);
  self->track = genre_track_new (n_labels);
  gst_segment_init (&self->segment, GST_FORMAT_UNDEFINED);
  self->analyse = FALSE;
  self->new_segment = FALSE;
  self->next_timestamp = GST_CLOCK_TIME_NONE;
  self->n_segments = 0;
  self->in_track = FALSE;
  self->global_genre = FALSE;
  self->warned_dropped = FALSE;
  self->pushed_label = -1;
  forget_track (self);
  set_answer (self, -1, 0);
  gst_audio_info_init (&self->info);
  forget_samples (self);
  GST_OBJECT_LOCK (self);
  self->classifier = classifier;
  self->worker = genre_worker_new (
      "genreclassify", MAX_WAITING, do_job, job_free, self);
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}

static gboolean
gst_genre_classify_stop (GstBaseTransform *trans)
{
  GstGenreClassify *self = GST_GENRE_CLASSIFY (trans);
  GenreWorker *worker;
  GenreClassifier *classifier;

  /* a job reads both pointers, so they stay set until the worker is idle */
  flush_start (self);
  genre_worker_flush_stop (self->worker);
  GST_OBJECT_LOCK (self);
  worker = g_steal_pointer (&self->worker);
  classifier = g_steal_pointer (&self->classifier);
  GST_OBJECT_UNLOCK (self);
  genre_worker_free (worker);
  genre_classifier_unref (classifier);

  g_clear_pointer (&self->track, genre_track_unref);
  g_clear_pointer (&self->unpacked, g_free);
  g_clear_pointer (&self->stream_id, g_free);
  g_clear_pointer (&self->model, genre_model_unref);
  gst_clear_tag_list (&self->upstream_tags);
  g_clear_pointer (&self->title, g_free);
  g_array_set_size (self->runs, 0);
  return TRUE;
}

static GstStateChangeReturn
gst_genre_classify_change_state (GstElement *element, GstStateChange transition)
{
  /* frees the streaming thread that waits for the worker, before the pads are
   * deactivated and wait for the streaming thread */
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    flush_start (GST_GENRE_CLASSIFY (element));
  return GST_ELEMENT_CLASS (gst_genre_classify_parent_class)
      ->change_state (element, transition);
}

/* GObject */

static GstStructure *
stats_to_structure (const Stats *stats)
{
  return gst_structure_new ("genreclassify-stats", "segments", G_TYPE_UINT64,
      stats->segments, "silent", G_TYPE_UINT64, stats->silent, "dropped",
      G_TYPE_UINT64, stats->dropped, "audio-seconds", G_TYPE_DOUBLE,
      stats->audio / (double) GST_SECOND, "inference-mean", G_TYPE_UINT64,
      stats->inferences ? stats->inference_sum / stats->inferences : 0,
      "inference-max", G_TYPE_UINT64, stats->inference_max, NULL);
}

static void
gst_genre_classify_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstGenreClassify *self = GST_GENRE_CLASSIFY (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_MODEL:
      g_free (self->model_path);
      self->model_path = g_value_dup_string (value);
      break;
    case PROP_WINDOW:
      self->window = g_value_get_uint64 (value);
      break;
    case PROP_HOP:
      self->hop = g_value_get_uint64 (value);
      break;
    case PROP_MIN_WINDOW:
      self->min_window = g_value_get_uint64 (value);
      break;
    case PROP_POST_MESSAGES:
      self->post_messages = g_value_get_boolean (value);
      break;
    case PROP_POST_TAGS:
      self->post_tags = g_value_get_boolean (value);
      break;
    case PROP_TAG_MODE:
      self->tag_mode = g_value_get_enum (value);
      break;
    case PROP_MIN_CONFIDENCE:
      self->min_confidence = g_value_get_double (value);
      break;
    case PROP_SILENCE_THRESHOLD:
      self->silence_threshold = g_value_get_double (value);
      break;
    case PROP_TITLE_STARTS_TRACK:
      self->title_starts_track = g_value_get_boolean (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_genre_classify_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstGenreClassify *self = GST_GENRE_CLASSIFY (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_MODEL:
      g_value_set_string (value, self->model_path);
      break;
    case PROP_WINDOW:
      g_value_set_uint64 (value, self->window);
      break;
    case PROP_HOP:
      g_value_set_uint64 (value, self->hop);
      break;
    case PROP_MIN_WINDOW:
      g_value_set_uint64 (value, self->min_window);
      break;
    case PROP_POST_MESSAGES:
      g_value_set_boolean (value, self->post_messages);
      break;
    case PROP_POST_TAGS:
      g_value_set_boolean (value, self->post_tags);
      break;
    case PROP_TAG_MODE:
      g_value_set_enum (value, self->tag_mode);
      break;
    case PROP_MIN_CONFIDENCE:
      g_value_set_double (value, self->min_confidence);
      break;
    case PROP_SILENCE_THRESHOLD:
      g_value_set_double (value, self->silence_threshold);
      break;
    case PROP_TITLE_STARTS_TRACK:
      g_value_set_boolean (value, self->title_starts_track);
      break;
    case PROP_GENRE:
      g_value_set_string (value, self->genre);
      break;
    case PROP_CONFIDENCE:
      g_value_set_double (value, self->confidence);
      break;
    case PROP_STATS:
      g_value_take_boxed (value, stats_to_structure (&self->stats));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_genre_classify_finalize (GObject *object)
{
  GstGenreClassify *self = GST_GENRE_CLASSIFY (object);

  g_array_unref (self->runs);
  g_free (self->model_path);
  g_free (self->genre);
  G_OBJECT_CLASS (gst_genre_classify_parent_class)->finalize (object);
}

static void
gst_genre_classify_class_init (GstGenreClassifyClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);
  const GParamFlags ready = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
      GST_PARAM_MUTABLE_READY;
  const GParamFlags playing = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
      GST_PARAM_MUTABLE_PLAYING;
  const GParamFlags answer = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  GST_DEBUG_CATEGORY_INIT (gst_genre_classify_debug, "genreclassify", 0,
      "music genre classification");

  object_class->set_property = gst_genre_classify_set_property;
  object_class->get_property = gst_genre_classify_get_property;
  object_class->finalize = gst_genre_classify_finalize;

  props[PROP_MODEL] = g_param_spec_string ("model", "Model",
      "Name of an installed model, such as \"cnn\", or path of a weights file; "
      "NULL is the installed default, \"" GENRE_DEFAULT_MODEL "\"",
      NULL, ready);
  props[PROP_WINDOW] = g_param_spec_uint64 ("window", "Window",
      "Length of a segment (in nanoseconds)", GENRE_MIN_WINDOW,
      GENRE_MAX_WINDOW, DEFAULT_WINDOW, ready);
  props[PROP_HOP] = g_param_spec_uint64 ("hop", "Hop",
      "From the start of one segment to that of the next (in nanoseconds, at "
      "least 100 ms); 0 is the window, less makes segments overlap",
      0, GENRE_MAX_WINDOW, DEFAULT_HOP, ready);
  props[PROP_MIN_WINDOW] = g_param_spec_uint64 ("min-window", "Minimum window",
      "A last, shorter segment is classified if it is at least "
      "this long (in nanoseconds) and has enough frames for the network",
      0, GENRE_MAX_WINDOW, DEFAULT_MIN_WINDOW, ready);
  props[PROP_POST_MESSAGES] = g_param_spec_boolean ("post-messages",
      "Post messages",
      "Post an element message for each segment and each track",
      DEFAULT_POST_MESSAGES, playing);
  props[PROP_POST_TAGS] = g_param_spec_boolean ("post-tags", "Post tags",
      "Push the genre downstream as a tag", DEFAULT_POST_TAGS, playing);
  props[PROP_TAG_MODE] = g_param_spec_enum ("tag-mode", "Tag mode",
      "How the genre is merged with one that upstream sends",
      GST_TYPE_TAG_MERGE_MODE, DEFAULT_TAG_MODE, playing);
  props[PROP_MIN_CONFIDENCE] = g_param_spec_double ("min-confidence",
      "Minimum confidence",
      "Probability of the genre (0 to 1) below which no tag "
      "is pushed; messages are posted all the same",
      0, 1, DEFAULT_MIN_CONFIDENCE, playing);
  props[PROP_SILENCE_THRESHOLD] = g_param_spec_double ("silence-threshold",
      "Silence threshold",
      "Level (in dBFS, RMS) below which a segment is silent "
      "and has no genre",
      -G_MAXDOUBLE, 0, DEFAULT_SILENCE_THRESHOLD, playing);
  props[PROP_TITLE_STARTS_TRACK] = g_param_spec_boolean ("title-starts-track",
      "Title starts track",
      "A title tag from upstream that differs from the one before ends the track "
      "and begins another, as on an internet radio",
      DEFAULT_TITLE_STARTS_TRACK, playing);
  props[PROP_GENRE] = g_param_spec_string ("genre", "Genre",
      "The track's genre so far, as the model's label; NULL while none is known",
      NULL, answer);
  props[PROP_CONFIDENCE] = g_param_spec_double ("confidence", "Confidence",
      "Probability (0 to 1) of that genre", 0, 1, 0, answer);
  /**
   * GstGenreClassify:stats:
   *
   * * #guint64 `segments`: segments that were answered
   * * #guint64 `silent`: those of them that were silent
   * * #guint64 `dropped`: segments of a live stream that were not classified
   * * #gdouble `audio-seconds`: audio analysed, s
   * * #guint64 `inference-mean`, `inference-max`: time to classify one, ns
   */
  props[PROP_STATS] = g_param_spec_boxed ("stats", "Statistics",
      "Counters since the element was started", GST_TYPE_STRUCTURE, answer);
  g_object_class_install_properties (object_class, N_PROPS, props);

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
  self->window = DEFAULT_WINDOW;
  self->hop = DEFAULT_HOP;
  self->min_window = DEFAULT_MIN_WINDOW;
  self->post_messages = DEFAULT_POST_MESSAGES;
  self->post_tags = DEFAULT_POST_TAGS;
  self->tag_mode = DEFAULT_TAG_MODE;
  self->min_confidence = DEFAULT_MIN_CONFIDENCE;
  self->silence_threshold = DEFAULT_SILENCE_THRESHOLD;
  self->title_starts_track = DEFAULT_TITLE_STARTS_TRACK;
  self->tag_label = -1;
  self->runs = g_array_new (FALSE, FALSE, sizeof (Run));
  gst_audio_info_init (&self->info);
  gst_base_transform_set_passthrough (GST_BASE_TRANSFORM (self), TRUE);
  gst_base_transform_set_in_place (GST_BASE_TRANSFORM (self), TRUE);
  gst_base_transform_set_gap_aware (GST_BASE_TRANSFORM (self), TRUE);
}
