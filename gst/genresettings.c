/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "genresettings.h"

#include <genre/genre.h>

#define DEFAULT_HOP 0
#define DEFAULT_INTERIM_INTERVAL 0
#define DEFAULT_MEMORY 0
#define DEFAULT_MAX_GAP (2 * GST_SECOND)
#define DEFAULT_MIN_TRACK 0
#define DEFAULT_POST_MESSAGES TRUE
#define DEFAULT_POST_TAGS TRUE
#define DEFAULT_POST_TAG_PROBABILITIES FALSE
#define DEFAULT_POST_EMBEDDING FALSE
#define DEFAULT_TAG_MODE GST_TAG_MERGE_KEEP
#define DEFAULT_SILENCE_THRESHOLD -60.0
#define DEFAULT_TITLE_STARTS_TRACK FALSE

/* read when the element starts */
#define READY                                                                  \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)
/* read for each segment or tag */
#define PLAYING                                                                \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)

static void
install_windows (GObjectClass *klass)
{
  /**
   * GstGenreClassify:window:
   *
   * Length of a segment, in nanoseconds, 3 s to 300 s.  A change is taken up
   * when the element starts the next time.
   *
   * Since: 1.0
   */
  g_object_class_install_property (klass, GENRE_SETTING_WINDOW,
      g_param_spec_uint64 ("window", "Window",
          "Length of a segment (in nanoseconds)", GENRE_MIN_WINDOW,
          GENRE_MAX_WINDOW, GENRE_DEFAULT_WINDOW, READY));

  /**
   * GstGenreClassify:hop:
   *
   * From the start of one segment to that of the next, in nanoseconds, at least
   * 100 ms; 0 stands for #GstGenreClassify:window.  With a hop that is shorter
   * than the window, segments overlap and answers come more often.  A change is
   * taken up when the element starts the next time.
   *
   * Since: 1.0
   */
  g_object_class_install_property (klass, GENRE_SETTING_HOP,
      g_param_spec_uint64 ("hop", "Hop",
          "From the start of one segment to that of the next (in nanoseconds, "
          "at least 100 ms); 0 is the window, less makes segments overlap",
          0, GENRE_MAX_WINDOW, DEFAULT_HOP, READY));

  /**
   * GstGenreClassify:min-window:
   *
   * When a stream ends or breaks off, its last, shorter segment is classified
   * if it is at least this long, in nanoseconds, and has enough frames for the
   * network.  A change is taken up when the element starts the next time.
   *
   * Since: 1.0
   */
  g_object_class_install_property (klass, GENRE_SETTING_MIN_WINDOW,
      g_param_spec_uint64 ("min-window", "Minimum window",
          "A last, shorter segment is classified if it is at least "
          "this long (in nanoseconds) and has enough frames for the network",
          0, GENRE_MAX_WINDOW, GENRE_DEFAULT_MIN_WINDOW, READY));

  /**
   * GstGenreClassify:max-gap:
   *
   * The longest hole in the timestamps, in nanoseconds, that is closed: the window
   * goes on, and the network hears what came before and after it with nothing between.
   * After a longer one, another window begins.  What packets that were lost, or
   * damaged, left out are such holes.  A change is taken up when the element starts
   * the next time.
   *
   * Since: 1.0
   */
  g_object_class_install_property (klass, GENRE_SETTING_MAX_GAP,
      g_param_spec_uint64 ("max-gap", "Maximum gap",
          "A hole in the timestamps up to this long (in nanoseconds) does not end "
          "the window",
          0, GENRE_MAX_WINDOW, DEFAULT_MAX_GAP, READY));
}

static void
install_answers (GObjectClass *klass)
{
  /**
   * GstGenreClassify:interim-interval:
   *
   * Before a track's first window is full, provisional answers come: the first one
   * when #GstGenreClassify:min-window of audio is there, and as much as the network
   * needs, the others this many nanoseconds apart, each over the audio so far.  0
   * stands for none.  A change is taken up when the element starts the next time.
   *
   * Since: 1.0
   */
  g_object_class_install_property (klass, GENRE_SETTING_INTERIM_INTERVAL,
      g_param_spec_uint64 ("interim-interval", "Interim interval",
          "Before a track's first window is full, a provisional answer after "
          "min-window and then each interval (in nanoseconds); 0 is none",
          0, GENRE_MAX_WINDOW, DEFAULT_INTERIM_INTERVAL, READY));

  /**
   * GstGenreClassify:memory:
   *
   * #GstGenreClassify:genre, #GstGenreClassify:confidence and the tag are the average
   * over the latest so many nanoseconds of the track, as a station that names no
   * titles needs it; 0 stands for the whole track.  A change is taken up with the next
   * segment.  The track's message is always over the whole track.
   *
   * Since: 1.0
   */
  g_object_class_install_property (klass, GENRE_SETTING_MEMORY,
      g_param_spec_uint64 ("memory", "Memory",
          "The genre is the average over the latest so much audio of the track "
          "(in nanoseconds); 0 is the whole track",
          0, G_MAXUINT64, DEFAULT_MEMORY, PLAYING));
}

static void
install_outputs (GObjectClass *klass)
{
  /**
   * GstGenreClassify:post-messages:
   *
   * Whether an element message is posted for each segment and each track.
   *
   * Since: 1.0
   */
  g_object_class_install_property (klass, GENRE_SETTING_POST_MESSAGES,
      g_param_spec_boolean ("post-messages", "Post messages",
          "Post an element message for each segment and each track",
          DEFAULT_POST_MESSAGES, PLAYING));

  /**
   * GstGenreClassify:post-tags:
   *
   * Whether the genre is pushed downstream as a tag.
   *
   * Since: 1.0
   */
  g_object_class_install_property (klass, GENRE_SETTING_POST_TAGS,
      g_param_spec_boolean ("post-tags", "Post tags",
          "Push the genre downstream as a tag", DEFAULT_POST_TAGS, PLAYING));

  /**
   * GstGenreClassify:post-tag-probabilities:
   *
   * Whether the messages have a field `tags`, a #GstStructure with the probability of
   * each label of the model's head "tags", if the model has one: genres beyond
   * its own, voices, speech and noise, any number of which may apply.  A silent
   * segment has no such field.
   *
   * Since: 1.0
   */
  g_object_class_install_property (klass, GENRE_SETTING_POST_TAG_PROBABILITIES,
      g_param_spec_boolean ("post-tag-probabilities", "Post tag probabilities",
          "Add the probabilities of the model's tags to the messages",
          DEFAULT_POST_TAG_PROBABILITIES, PLAYING));

  /**
   * GstGenreClassify:post-embedding:
   *
   * Whether the messages have a field `embedding`, a #GstValueArray of doubles, the
   * sum of whose squares is 1: what sounds alike has embeddings whose scalar product is
   * near 1, if they are of one model.  A silent segment has no such field.
   *
   * Since: 1.0
   */
  g_object_class_install_property (klass, GENRE_SETTING_POST_EMBEDDING,
      g_param_spec_boolean ("post-embedding", "Post embedding",
          "Add to the messages a vector that is near that of similar music",
          DEFAULT_POST_EMBEDDING, PLAYING));

  /**
   * GstGenreClassify:tag-mode:
   *
   * How the genre is merged with one that upstream sends; by default that one
   * is kept.  Other tags of upstream always stay: `replace-all` means
   * `replace`, and `keep-all` means `keep`.
   *
   * Since: 1.0
   */
  g_object_class_install_property (klass, GENRE_SETTING_TAG_MODE,
      g_param_spec_enum ("tag-mode", "Tag mode",
          "How the genre is merged with one that upstream sends",
          GST_TYPE_TAG_MERGE_MODE, DEFAULT_TAG_MODE, PLAYING));

  /**
   * GstGenreClassify:title-starts-track:
   *
   * Whether a title tag from upstream that differs from the one before ends the
   * track and begins another, as on an internet radio.
   *
   * Since: 1.0
   */
  g_object_class_install_property (klass, GENRE_SETTING_TITLE_STARTS_TRACK,
      g_param_spec_boolean ("title-starts-track", "Title starts track",
          "A title tag from upstream that differs from the one before ends the "
          "track and begins another, as on an internet radio",
          DEFAULT_TITLE_STARTS_TRACK, PLAYING));

  /**
   * GstGenreClassify:min-track:
   *
   * With #GstGenreClassify:title-starts-track, a title that stays for less than this,
   * in nanoseconds of audio, is no track of its own, as the slogans of stations; its
   * audio belongs to the track before it, or, if it is the first title, to the one
   * after it.  Segments that such a title is in wait until it has gone or stayed so
   * long.  With 0 every title is a track.  A change is taken up when the element starts
   * the next time.
   *
   * Since: 1.0
   */
  g_object_class_install_property (klass, GENRE_SETTING_MIN_TRACK,
      g_param_spec_uint64 ("min-track", "Minimum track",
          "With title-starts-track, a title that stays for less (in nanoseconds) "
          "is no track of its own",
          0, GENRE_MAX_WINDOW, DEFAULT_MIN_TRACK, READY));
}

static void
install_thresholds (GObjectClass *klass)
{
  /**
   * GstGenreClassify:min-confidence:
   *
   * Probability of the genre, 0 to 1, below which no tag is pushed.  Messages
   * are posted all the same.  A change acts at once on the answer that stands.
   *
   * Since: 1.0
   */
  g_object_class_install_property (klass, GENRE_SETTING_MIN_CONFIDENCE,
      g_param_spec_double ("min-confidence", "Minimum confidence",
          "Probability of the genre (0 to 1) below which no tag "
          "is pushed; messages are posted all the same",
          0, 1, GENRE_DEFAULT_MIN_CONFIDENCE, PLAYING));

  /**
   * GstGenreClassify:silence-threshold:
   *
   * Level, in dBFS (RMS), below which a segment is silent and has no genre.
   *
   * Since: 1.0
   */
  g_object_class_install_property (klass, GENRE_SETTING_SILENCE_THRESHOLD,
      g_param_spec_double ("silence-threshold", "Silence threshold",
          "Level (in dBFS, RMS) below which a segment is silent "
          "and has no genre",
          -G_MAXDOUBLE, 0, DEFAULT_SILENCE_THRESHOLD, PLAYING));
}

void
genre_settings_install (GObjectClass *klass)
{
  install_windows (klass);
  install_answers (klass);
  install_outputs (klass);
  install_thresholds (klass);
}

void
genre_settings_init (GenreSettings *settings)
{
  settings->window = GENRE_DEFAULT_WINDOW;
  settings->hop = DEFAULT_HOP;
  settings->min_window = GENRE_DEFAULT_MIN_WINDOW;
  settings->interim_interval = DEFAULT_INTERIM_INTERVAL;
  settings->memory = DEFAULT_MEMORY;
  settings->max_gap = DEFAULT_MAX_GAP;
  settings->post_messages = DEFAULT_POST_MESSAGES;
  settings->post_tags = DEFAULT_POST_TAGS;
  settings->post_tag_probabilities = DEFAULT_POST_TAG_PROBABILITIES;
  settings->post_embedding = DEFAULT_POST_EMBEDDING;
  settings->tag_mode = DEFAULT_TAG_MODE;
  settings->min_confidence = GENRE_DEFAULT_MIN_CONFIDENCE;
  settings->silence_threshold = DEFAULT_SILENCE_THRESHOLD;
  settings->title_starts_track = DEFAULT_TITLE_STARTS_TRACK;
  settings->min_track = DEFAULT_MIN_TRACK;
}

GenreSettings
genre_settings_copy (const GenreSettings *settings, GstElement *element)
{
  GenreSettings copy;

  GST_OBJECT_LOCK (element);
  copy = *settings;
  GST_OBJECT_UNLOCK (element);
  return copy;
}

gboolean
genre_settings_set (GenreSettings *settings, guint id, const GValue *value)
{
  switch (id) {
    case GENRE_SETTING_WINDOW:
      settings->window = g_value_get_uint64 (value);
      return TRUE;
    case GENRE_SETTING_HOP:
      settings->hop = g_value_get_uint64 (value);
      return TRUE;
    case GENRE_SETTING_MIN_WINDOW:
      settings->min_window = g_value_get_uint64 (value);
      return TRUE;
    case GENRE_SETTING_INTERIM_INTERVAL:
      settings->interim_interval = g_value_get_uint64 (value);
      return TRUE;
    case GENRE_SETTING_MEMORY:
      settings->memory = g_value_get_uint64 (value);
      return TRUE;
    case GENRE_SETTING_MAX_GAP:
      settings->max_gap = g_value_get_uint64 (value);
      return TRUE;
    case GENRE_SETTING_POST_MESSAGES:
      settings->post_messages = g_value_get_boolean (value);
      return TRUE;
    case GENRE_SETTING_POST_TAGS:
      settings->post_tags = g_value_get_boolean (value);
      return TRUE;
    case GENRE_SETTING_POST_TAG_PROBABILITIES:
      settings->post_tag_probabilities = g_value_get_boolean (value);
      return TRUE;
    case GENRE_SETTING_POST_EMBEDDING:
      settings->post_embedding = g_value_get_boolean (value);
      return TRUE;
    case GENRE_SETTING_TAG_MODE:
      settings->tag_mode = g_value_get_enum (value);
      return TRUE;
    case GENRE_SETTING_MIN_CONFIDENCE:
      settings->min_confidence = g_value_get_double (value);
      return TRUE;
    case GENRE_SETTING_SILENCE_THRESHOLD:
      settings->silence_threshold = g_value_get_double (value);
      return TRUE;
    case GENRE_SETTING_TITLE_STARTS_TRACK:
      settings->title_starts_track = g_value_get_boolean (value);
      return TRUE;
    case GENRE_SETTING_MIN_TRACK:
      settings->min_track = g_value_get_uint64 (value);
      return TRUE;
    default:
      return FALSE;
  }
}

gboolean
genre_settings_get (const GenreSettings *settings, guint id, GValue *value)
{
  switch (id) {
    case GENRE_SETTING_WINDOW:
      g_value_set_uint64 (value, settings->window);
      return TRUE;
    case GENRE_SETTING_HOP:
      g_value_set_uint64 (value, settings->hop);
      return TRUE;
    case GENRE_SETTING_MIN_WINDOW:
      g_value_set_uint64 (value, settings->min_window);
      return TRUE;
    case GENRE_SETTING_INTERIM_INTERVAL:
      g_value_set_uint64 (value, settings->interim_interval);
      return TRUE;
    case GENRE_SETTING_MEMORY:
      g_value_set_uint64 (value, settings->memory);
      return TRUE;
    case GENRE_SETTING_MAX_GAP:
      g_value_set_uint64 (value, settings->max_gap);
      return TRUE;
    case GENRE_SETTING_POST_MESSAGES:
      g_value_set_boolean (value, settings->post_messages);
      return TRUE;
    case GENRE_SETTING_POST_TAGS:
      g_value_set_boolean (value, settings->post_tags);
      return TRUE;
    case GENRE_SETTING_POST_TAG_PROBABILITIES:
      g_value_set_boolean (value, settings->post_tag_probabilities);
      return TRUE;
    case GENRE_SETTING_POST_EMBEDDING:
      g_value_set_boolean (value, settings->post_embedding);
      return TRUE;
    case GENRE_SETTING_TAG_MODE:
      g_value_set_enum (value, settings->tag_mode);
      return TRUE;
    case GENRE_SETTING_MIN_CONFIDENCE:
      g_value_set_double (value, settings->min_confidence);
      return TRUE;
    case GENRE_SETTING_SILENCE_THRESHOLD:
      g_value_set_double (value, settings->silence_threshold);
      return TRUE;
    case GENRE_SETTING_TITLE_STARTS_TRACK:
      g_value_set_boolean (value, settings->title_starts_track);
      return TRUE;
    case GENRE_SETTING_MIN_TRACK:
      g_value_set_uint64 (value, settings->min_track);
      return TRUE;
    default:
      return FALSE;
  }
}
