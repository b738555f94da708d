/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "analysis.h"

#include <math.h>
#include <string.h>

#include <gst/gst.h>

#include "genre/genre.h"
#include "ranges.h"
#include "reason.h"
#include "source.h"
#include "truncation.h"
#include "watch.h"

/* ns: years; a file that declares more is not believed */
#define MAX_DECLARED (1e8 * GST_SECOND)

typedef struct
{
  const AnalysisOptions *options;
  AnalysisSegmentFunc func;
  gpointer user_data;
  Result *result;
  Source source;
  Watch watch;
  GstElement *pipeline, *classifier;
  /* ns that went into the probabilities and into result->music, which are means */
  double weight, music_weight;
  double *
      embedding; /* [n_embedding of the result]: sum of the tracks' by ns, or NULL */
  guint64 heard;  /* ns that have passed before a limit or up to it */
  int is_limited; /* atomic: only the beginning is analysed */
  gboolean
      was_cut; /* the stream was ended while a demultiplexer turned in a circle */
} Analysis;

/* FALSE with @error set if @name is a URL without a server: nothing would be asked
 * for it, however often it were tried. */
static gboolean
check_url (const char *name, GError **error)
{
  g_autofree char *scheme = gst_uri_is_valid (name)
      ? gst_uri_get_protocol (name)
      : NULL;
  g_autoptr (GUri) url = NULL;

  if (!scheme || !g_str_has_prefix (scheme, "http") ||
      g_file_test (name, G_FILE_TEST_EXISTS))
    return TRUE;
  url = g_uri_parse (
      name, G_URI_FLAGS_PARSE_RELAXED | G_URI_FLAGS_ENCODED, NULL);
  if (url && g_uri_get_host (url) && *g_uri_get_host (url))
    return TRUE;
  g_set_error (error, ANALYSIS_ERROR, REASON_UNREADABLE,
      "It is no valid URL, such as http://host/song.mp3.");
  return FALSE;
}

/* decoder ! queue ! audioconvert ! audioresample ! genreclassify ! fakesink.
 * audioconvert and audioresample change only what the element does not take, such as
 * 768 kHz, and are passed by otherwise.  The queue is there only if the duration has to be known at the start. */
static gboolean
build (Analysis *analysis, GError **error)
{
  const AnalysisOptions *options = analysis->options;
  GstBin *bin = GST_BIN (analysis->pipeline);
  GstElement *queue = NULL, *convert, *resample, *classify, *sink;

  if ((options->max_duration &&
          !(queue = source_add_element (bin, "queue", error))) ||
      !(convert = source_add_element (bin, "audioconvert", error)) ||
      !(resample = source_add_element (bin, "audioresample", error)) ||
      !(classify = source_add_element (bin, "genreclassify", error)) ||
      !(sink = source_add_element (bin, "fakesink", error)) ||
      !source_init (&analysis->source, bin, analysis->result->name,
          queue ? queue : convert, error))
    return FALSE;
  analysis->classifier = classify;
  /* without the tags of the element, those at the sink are the file's */
  g_object_set (classify, "model", options->model, "post-tags", FALSE,
      "post-embedding", TRUE, "post-tag-probabilities", TRUE, NULL);
  if (queue) {
    g_object_set (queue, "max-size-buffers", 0, "max-size-bytes", 0,
        "max-size-time", 5 * GST_SECOND, NULL);
    gst_element_link (queue, convert);
  } else {
    analysis->source.direct = classify;
  }
  if (options->window)
    g_object_set (classify, "window", options->window, NULL);
  if (options->hop)
    g_object_set (classify, "hop", options->hop, NULL);
  g_object_set (sink, "sync", FALSE, "enable-last-sample", FALSE, NULL);
  return gst_element_link_many (convert, resample, classify, sink, NULL);
}

/* The element's messages */

/* A field that messages of earlier versions do not have: what they tell of is
 * music. */
static double
get_music (const GstStructure *answer)
{
  double music = 1;

  gst_structure_get_double (answer, "music", &music);
  return music;
}

static double *
get_probabilities (const GstStructure *answer)
{
  const GValue *array = gst_structure_get_value (answer, "probabilities");
  guint n = gst_value_array_get_size (array);
  double *probabilities = g_new (double, n);

  for (guint i = 0; i < n; i++)
    probabilities[i] = g_value_get_double (
        gst_value_array_get_value (array, i));
  return probabilities;
}

static void
take_model (Result *result, const GstStructure *answer)
{
  const GValue *labels = gst_structure_get_value (answer, "labels");
  guint n = gst_value_array_get_size (labels);

  if (result->labels)
    return;
  result->labels = g_new0 (char *, n + 1);
  for (guint i = 0; i < n; i++)
    result->labels[i] = g_value_dup_string (
        gst_value_array_get_value (labels, i));
  result->model = g_strdup (gst_structure_get_string (answer, "model"));
}

static void
take_segment (Analysis *analysis, const GstStructure *answer)
{
  Result *result = analysis->result;
  ResultSegment segment = { 0 };

  /* the time within the file, which a live source has none of */
  gst_structure_get_uint64 (answer, "stream-time", &segment.start);
  if (!GST_CLOCK_TIME_IS_VALID (segment.start))
    gst_structure_get_uint64 (answer, "timestamp", &segment.start);
  gst_structure_get_uint64 (answer, "duration", &segment.duration);
  gst_structure_get_boolean (answer, "silent", &segment.silent);
  if (!segment.silent) {
    segment.probabilities = get_probabilities (answer);
    segment.music = get_music (answer);
  }
  g_array_append_val (result->segments, segment);
  if (analysis->func)
    analysis->func (result, result->segments->len - 1, analysis->user_data);
}

/* Takes the probabilities of a track of @duration ns into the mean.  Those of what is
 * no music count only as long as there are no others. */
static void
take_probabilities (
    Analysis *analysis, const GstStructure *answer, guint64 duration)
{
  Result *result = analysis->result;
  guint n = g_strv_length (result->labels);
  gboolean has_genre = gst_structure_has_field (answer, "genre");
  g_autofree double *probabilities = NULL;

  if (result->probabilities && !has_genre)
    return;
  probabilities = get_probabilities (answer);
  if (!result->probabilities)
    result->probabilities = g_new0 (double, n);
  if (has_genre)
    analysis->weight += duration;
  for (guint i = 0; i < n; i++)
    result->probabilities[i] += (probabilities[i] - result->probabilities[i]) *
        (has_genre ? duration / analysis->weight : 1);
}

/* Takes the embedding of a track of @duration ns into that of the file, which is the
 * direction of their sum. */
static void
take_embedding (
    Analysis *analysis, const GstStructure *answer, guint64 duration)
{
  const GValue *array = gst_structure_get_value (answer, "embedding");
  Result *result = analysis->result;
  double square = 0;

  if (!array)
    return;
  if (!analysis->embedding) {
    result->n_embedding = gst_value_array_get_size (array);
    result->embedding = g_new (float, result->n_embedding);
    analysis->embedding = g_new0 (double, result->n_embedding);
  }
  for (guint i = 0; i < result->n_embedding; i++) {
    analysis->embedding[i] += duration *
        g_value_get_double (gst_value_array_get_value (array, i));
    square += analysis->embedding[i] * analysis->embedding[i];
  }
  for (guint i = 0; i < result->n_embedding; i++)
    result->embedding[i] = square > 0 ? analysis->embedding[i] / sqrt (square)
                                      : 0;
}

typedef struct
{
  Result *result;
  guint n;      /* of the tags so far */
  double share; /* of the track in what has come of the file */
} TagsSoFar;

static gboolean
take_one_tag (GQuark field, const GValue *value, gpointer user_data)
{
  TagsSoFar *so_far = user_data;
  double *mean = &so_far->result->tags[so_far->n];

  if (!so_far->result->tag_labels[so_far->n])
    so_far->result->tag_labels[so_far->n] = g_strdup (
        g_quark_to_string (field));
  *mean += (g_value_get_double (value) - *mean) * so_far->share;
  so_far->n++;
  return TRUE;
}

/* Takes the model's tags of a track of @duration ns into the mean. */
static void
take_model_tags (
    Analysis *analysis, const GstStructure *answer, guint64 duration)
{
  const GValue *field = gst_structure_get_value (answer, "tags");
  TagsSoFar so_far = { analysis->result, 0, duration / analysis->music_weight };
  const GstStructure *tags;

  if (!field)
    return;
  tags = gst_value_get_structure (field);
  if (!analysis->result->tags) {
    const guint n = gst_structure_n_fields (tags);

    analysis->result->tags = g_new0 (double, n);
    analysis->result->tag_labels = g_new0 (char *, n + 1);
  }
  gst_structure_foreach (tags, take_one_tag, &so_far);
}

/* A chained file has several tracks; its result is their mean, weighted by their
 * durations. */
static void
take_track (Analysis *analysis, const GstStructure *answer)
{
  Result *result = analysis->result;
  gboolean silent = FALSE;
  guint64 duration = 0, missing = 0;

  gst_structure_get_uint64 (answer, "duration", &duration);
  gst_structure_get_uint64 (answer, "missing", &missing);
  gst_structure_get_boolean (answer, "silent", &silent);
  result->duration += duration;
  result->missing += missing;
  if (silent)
    return;
  take_probabilities (analysis, answer, duration);
  take_embedding (analysis, answer, duration);
  analysis->music_weight += duration;
  result->music += (get_music (answer) - result->music) * duration /
      analysis->music_weight;
  take_model_tags (analysis, answer, duration);
}

static void
take_answer (Analysis *analysis, const GstStructure *answer)
{
  if (gst_structure_has_name (answer, "genreclassify")) {
    take_model (analysis->result, answer);
    take_segment (analysis, answer);
  } else if (gst_structure_has_name (answer, "genreclassify-track")) {
    take_model (analysis->result, answer);
    take_track (analysis, answer);
  }
}

/* what GStreamer calls a frame of ID3v2 that it has no tag for */
#define ID3V2_FRAME "private-id3v2-frame"

/* Sets *@text to the tag's values, joined by "; ", if there are some. */
static void
take_tag (const GstTagList *tags, const char *tag, char **text)
{
  guint n = gst_tag_list_get_tag_size (tags, tag);
  GString *values;

  if (n == 0)
    return;
  values = g_string_new (NULL);
  for (guint i = 0; i < n; i++) {
    const char *value;

    if (gst_tag_list_peek_string_index (tags, tag, i, &value))
      g_string_append_printf (values, "%s%s", i == 0 ? "" : "; ", value);
  }
  g_free (*text);
  *text = g_string_free (values, FALSE);
}

/* GStreamer has no tag for a part of a compilation: in ID3v2 it is the frame TCMP
 * with the text "1", and in Vorbis comments COMPILATION=1. */
static gboolean
is_compilation_frame (GstSample *sample)
{
  GstBuffer *frame = gst_sample_get_buffer (sample);
  GstMapInfo map;
  gboolean found;

  if (!frame || !gst_buffer_map (frame, &map, GST_MAP_READ))
    return FALSE;
  /* behind a header of 10 bytes, in any encoding */
  found = map.size > 10 && !memcmp (map.data, "TCMP", 4) &&
      memchr (map.data + 10, '1', map.size - 10);
  gst_buffer_unmap (frame, &map);
  return found;
}

static gboolean
is_compilation (const GstTagList *tags)
{
  guint n = gst_tag_list_get_tag_size (tags, GST_TAG_EXTENDED_COMMENT);
  guint n_frames = gst_tag_list_get_tag_size (tags, ID3V2_FRAME);

  for (guint i = 0; i < n; i++) {
    const char *comment;

    if (gst_tag_list_peek_string_index (
            tags, GST_TAG_EXTENDED_COMMENT, i, &comment) &&
        !g_ascii_strcasecmp (comment, "COMPILATION=1"))
      return TRUE;
  }
  for (guint i = 0; i < n_frames; i++) {
    g_autoptr (GstSample) frame = NULL;

    if (gst_tag_list_get_sample_index (tags, ID3V2_FRAME, i, &frame) &&
        is_compilation_frame (frame))
      return TRUE;
  }
  return FALSE;
}

/* Keeps the file's genre, and the tags that tell of its album. */
static void
take_tags (Result *result, GstMessage *message)
{
  g_autoptr (GstTagList) tags = NULL;

  gst_message_parse_tag (message, &tags);
  take_tag (tags, GST_TAG_GENRE, &result->old_genre);
  take_tag (tags, GST_TAG_ARTIST, &result->artist);
  take_tag (tags, GST_TAG_ALBUM, &result->album);
  take_tag (tags, GST_TAG_ALBUM_ARTIST, &result->album_artist);
  result->compilation |= is_compilation (tags);
}

/* Playing */

static void
on_message (GstMessage *message, gpointer user_data)
{
  Analysis *analysis = user_data;

  if (analysis->options->http_stamp)
    httpstamp_compare (analysis->options->http_stamp, message);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_TAG)
    take_tags (analysis->result, message);
  else
    take_answer (analysis, gst_message_get_structure (message));
}

/* The duration of an MP3 without a table is known only after some of it was parsed,
 * which happens while the queue fills. */
static gboolean
query_duration (Analysis *analysis, gint64 *duration)
{
  for (guint i = 0; i < 20; i++) {
    if (gst_element_query_duration (
            analysis->pipeline, GST_FORMAT_TIME, duration) &&
        *duration > 0)
      return TRUE;
    g_usleep (10 * G_TIME_SPAN_MILLISECOND);
  }
  return FALSE;
}

/* FALSE if the file is not seekable or its duration is not known. */
static gboolean
seek_to_middle (Analysis *analysis)
{
  guint64 wanted = analysis->options->max_duration, start;
  gint64 duration;

  /* some demultiplexers and parsers together take a seek that came to nothing for one
   * that was done */
  if (ranges_are_missing (analysis->source.reader) ||
      !query_duration (analysis, &duration))
    return FALSE;
  if ((guint64) duration <= wanted)
    return TRUE;
  start = (duration - wanted) / 2;
  return gst_element_seek (analysis->pipeline, 1, GST_FORMAT_TIME,
      GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE, GST_SEEK_TYPE_SET, start,
      GST_SEEK_TYPE_SET, start + wanted);
}

/* Ends a limited stream after max_duration of audio. */
static GstPadProbeReturn
limit (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  Analysis *analysis = user_data;
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);

  if (!g_atomic_int_get (&analysis->is_limited) ||
      analysis->heard < analysis->options->max_duration) {
    if (GST_BUFFER_DURATION_IS_VALID (buffer))
      analysis->heard += GST_BUFFER_DURATION (buffer);
    return GST_PAD_PROBE_OK;
  }
  gst_pad_send_event (pad, gst_event_new_eos ());
  gst_buffer_unref (buffer);
  GST_PAD_PROBE_INFO_FLOW_RETURN (info) = GST_FLOW_EOS;
  return GST_PAD_PROBE_HANDLED;
}

static gboolean
find_middle (Analysis *analysis, GError **error)
{
  g_autoptr (GstPad)
      pad = gst_element_get_static_pad (analysis->source.sink, "sink");
  GstStateChangeReturn change;

  /* from the beginning: the queue fills while the pipeline starts */
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, limit, analysis, NULL);
  change = gst_element_set_state (analysis->pipeline, GST_STATE_PAUSED);
  if (change != GST_STATE_CHANGE_NO_PREROLL &&
      !watch_wait (&analysis->watch, GST_MESSAGE_ASYNC_DONE, error))
    return FALSE;
  if (change == GST_STATE_CHANGE_NO_PREROLL || !seek_to_middle (analysis))
    g_atomic_int_set (&analysis->is_limited, TRUE);
  return TRUE;
}

/* Seconds of audio that the network of the model at @path needs at least; 0 if that
 * is not known. */
static double
get_model_minimum (const char *path)
{
  GenreModel *model = path ? genre_model_load (path, NULL) : NULL;
  double seconds;

  if (!model)
    return 0;
  seconds = (double) genre_model_get_min_window (model) / GENRE_SECOND;
  genre_model_unref (model);
  return seconds;
}

/* The least audio, in seconds, that the element makes a segment of: a whole window
 * always, and a part of one from "min-window" on. */
static double
get_minimum (const Analysis *analysis)
{
  guint64 window, min_window;

  g_object_get (
      analysis->classifier, "window", &window, "min-window", &min_window, NULL);
  return MAX ((double) MIN (window, min_window) / GENRE_SECOND,
      get_model_minimum (analysis->options->model));
}

/* FALSE with @error set if there was not enough audio for one segment. */
static gboolean
check_length (Analysis *analysis, GError **error)
{
  g_autoptr (GstPad)
      input = gst_element_get_static_pad (analysis->source.sink, "sink");

  if (analysis->result->segments->len > 0)
    return TRUE;
  if (!gst_pad_has_current_caps (input)) {
    source_set_stopped (&analysis->source, error);
    return FALSE;
  }
  /* rounded up to tenths */
  g_set_error (error, ANALYSIS_ERROR, REASON_TOO_SHORT,
      "It is too short: at least %g s of audio are needed.",
      ceil (get_minimum (analysis) * 10 - 1e-6) / 10);
  return FALSE;
}

/* ns of audio that has reached the element. */
static guint64
get_decoded (gpointer user_data)
{
  const Analysis *analysis = user_data;
  g_autoptr (GstStructure) stats = NULL;
  double seconds = 0;

  g_object_get (analysis->classifier, "stats", &stats, NULL);
  gst_structure_get_double (stats, "audio-seconds", &seconds);
  return (guint64) (seconds * GST_SECOND);
}

static void
find_truncation (Analysis *analysis)
{
  guint64 decoded = get_decoded (analysis);
  double share = truncation_find (
      analysis->source.reader, analysis->options->max_duration ? 0 : decoded);

  analysis->result->is_truncated = share < 1;
  /* what a header says may be anything */
  if (share < 1 && !analysis->options->max_duration &&
      decoded / share < MAX_DECLARED)
    analysis->result->declared_duration = (guint64) (decoded / share);
}

/* Whether all of the audio came, but for the last second. */
static gboolean
has_all (Analysis *analysis)
{
  gint64 duration;

  return gst_element_query_duration (
             analysis->pipeline, GST_FORMAT_TIME, &duration) &&
      get_decoded (analysis) + GST_SECOND >= (guint64) duration;
}

/* Some demultiplexers do not end where a file ends that is cut off, if only by a few
 * bytes, but turn in a circle until they are given up.  Then what came is all that
 * there is.  TRUE if the stream could be ended there. */
static gboolean
end_cut_off (Analysis *analysis, const GError *failure)
{
  if (!g_error_matches (failure, ANALYSIS_ERROR, REASON_DECODER_FAILED) ||
      get_decoded (analysis) == 0 ||
      (truncation_find (analysis->source.reader, 0) >= 1 &&
          !has_all (analysis)))
    return FALSE;
  analysis->was_cut = TRUE;
  return gst_element_send_event (analysis->classifier, gst_event_new_eos ()) &&
      watch_wait (&analysis->watch, GST_MESSAGE_EOS, NULL);
}

/* Waits for the end of the stream. */
static gboolean
wait_for_end (Analysis *analysis, GError **error)
{
  GError *failure = NULL;

  if (watch_wait (&analysis->watch, GST_MESSAGE_EOS, &failure))
    return TRUE;
  if (end_cut_off (analysis, failure)) {
    g_error_free (failure);
    return TRUE;
  }
  g_propagate_error (error, failure);
  return FALSE;
}

static gboolean
play (Analysis *analysis, GError **error)
{
  if (analysis->options->max_duration && !find_middle (analysis, error))
    return FALSE;
  gst_element_set_state (analysis->pipeline, GST_STATE_PLAYING);
  if (!wait_for_end (analysis, error) ||
      !source_check_numbers (&analysis->source, error) ||
      !check_length (analysis, error))
    return FALSE;
  find_truncation (analysis);
  return TRUE;
}

Result *
analysis_run (const char *name, const AnalysisOptions *options,
    AnalysisSegmentFunc func, gpointer user_data)
{
  g_autoptr (GstElement)
      pipeline = gst_object_ref_sink (gst_pipeline_new (NULL));
  g_autoptr (Result) result = result_new (name);
  g_autoptr (GError) error = NULL;
  Analysis *analysis = g_new (Analysis, 1);
  gboolean ok;

  *analysis = (Analysis){
    .options = options,
    .func = func,
    .user_data = user_data,
    .result = result,
    .pipeline = pipeline,
  };

  result->has_tags = TRUE;
  analysis->watch = (Watch){
    .pipeline = pipeline,
    .source = &analysis->source,
    .effort = WATCH_EFFORT,
    .on_message = on_message,
    .get_progress = get_decoded,
    .user_data = analysis,
  };
  ok = check_url (name, &error) && build (analysis, &error) &&
      play (analysis, &error);
  /* After a failure, such as that there is no memory for a thread, its threads might be
   * waited for in vain.  They, and what they use, are kept until the process ends. */
  if (options->is_odd &&
      (!ok || analysis->was_cut || analysis->watch.has_warned)) {
    *options->is_odd = TRUE;
    gst_object_ref (pipeline);
  } else {
    gst_element_set_state (pipeline, GST_STATE_NULL);
    source_clear (&analysis->source);
    g_free (analysis->embedding);
    g_free (analysis);
  }
  if (ok)
    return g_steal_pointer (&result);
  result_free (g_steal_pointer (&result));
  result = result_new_error (name, reason_from_error (error, REASON_INTERNAL),
      error ? error->message : "Its pipeline cannot be built.");
  return g_steal_pointer (&result);
}
