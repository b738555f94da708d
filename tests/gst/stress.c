/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a player does to an element in a year, in a few seconds. */

#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glib/gstdio.h>

#include <gst/pbutils/pbutils.h>

/* as long as libcheck waits for slow machines */
#define WAIT (20 * GST_SECOND * get_patience ())

static guint
get_patience (void)
{
  const char *factor = g_getenv ("CK_TIMEOUT_MULTIPLIER");

  return factor ? MAX (1, atoi (factor)) : 1;
}

static GstElement *
launch (const char *format, ...)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  GstElement *pipeline;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  pipeline = gst_parse_launch (text, &error);
  fail_unless (
      pipeline != NULL && !error, "%s: %s", text, error ? error->message : "");
  return pipeline;
}

static void
set_state (GstElement *pipeline, GstState state)
{
  fail_unless (
      gst_element_set_state (pipeline, state) != GST_STATE_CHANGE_FAILURE);
  fail_unless (gst_element_get_state (pipeline, NULL, NULL, WAIT) !=
      GST_STATE_CHANGE_FAILURE);
}

static void
stop (GstElement *pipeline)
{
  set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
}

/* The next message of the given kind or an error, which is none of ours. */
static GstMessage *
wait_for (GstElement *pipeline, GstMessageType types)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  GstMessage *message = gst_bus_timed_pop_filtered (
      bus, WAIT, types | GST_MESSAGE_ERROR);

  fail_unless (message != NULL, "nothing happens");
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    fail ("%" GST_PTR_FORMAT, message);
  return message;
}

/* The last track's message before EOS. */
static GstMessage *
wait_for_track (GstElement *pipeline)
{
  GstMessage *track = NULL;

  for (;;) {
    GstMessage *message = wait_for (
        pipeline, GST_MESSAGE_ELEMENT | GST_MESSAGE_EOS);
    gboolean eos = GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS;

    if (gst_message_has_name (message, "genreclassify-track"))
      gst_message_replace (&track, message);
    gst_message_unref (message);
    if (eos)
      return track;
  }
}

/* 200 flushing seeks: none hangs, and the rest of the file is then analysed as
 * if there had been none; the track is all of what was heard. */
GST_START_TEST (test_seeks)
{
  GstElement *pipeline = launch ("filesrc location=%s ! oggdemux ! vorbisdec "
                                 "! genreclassify window=3000000000 ! fakesink",
      g_getenv ("TEST_CLIP"));
  GRand *rand = g_rand_new_with_seed (1);
  guint64 next = 0;
  gboolean done = FALSE;

  set_state (pipeline, GST_STATE_PAUSED);
  for (guint i = 0; i < 200; i++) {
    GstClockTime position = i == 199
        ? 0
        : g_rand_int_range (rand, 0, 36) * GST_SECOND;

    if (i % 3 == 0)
      gst_element_set_state (
          pipeline, i % 2 ? GST_STATE_PLAYING : GST_STATE_PAUSED);
    fail_unless (gst_element_seek_simple (
        pipeline, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, position));
    if (i % 7 == 0)
      gst_element_get_state (pipeline, NULL, NULL, WAIT);
  }
  gst_element_get_state (pipeline, NULL, NULL, WAIT);
  /* a file that came to its end in between has posted EOS and its track */
  {
    g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);

    gst_element_set_state (pipeline, GST_STATE_PAUSED);
    gst_element_get_state (pipeline, NULL, NULL, WAIT);
    fail_unless (gst_element_seek_simple (
        pipeline, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, 0));
    gst_element_get_state (pipeline, NULL, NULL, WAIT);
    gst_bus_set_flushing (bus, TRUE);
    gst_bus_set_flushing (bus, FALSE);
  }
  set_state (pipeline, GST_STATE_PLAYING);
  while (!done) {
    GstMessage *message = wait_for (pipeline, GST_MESSAGE_ELEMENT);

    done = gst_message_has_name (message, "genreclassify-track");
    if (done) {
      fail_unless (get_uint64 (message, "segments") >= 12);
    } else {
      fail_unless_equals_uint64 (get_uint64 (message, "timestamp"), next);
      next += get_uint64 (message, "duration");
    }
    gst_message_unref (message);
  }
  fail_unless_equals_uint64 (next, 36 * GST_SECOND);
  g_rand_free (rand);
  stop (pipeline);
}

GST_END_TEST;

/* 500 times up and down, at every stage of the work. */
GST_START_TEST (test_states)
{
  GstElement *pipeline = launch (
      "audiotestsrc wave=pink-noise samplesperbuffer=22050 "
      "! genreclassify window=3000000000 ! fakesink");

  for (guint i = 0; i < 500; i++) {
    gst_element_set_state (pipeline, GST_STATE_PLAYING);
    if (i % 5 == 0)
      gst_element_get_state (pipeline, NULL, NULL, WAIT);
    gst_element_set_state (pipeline, GST_STATE_NULL);
  }
  stop (pipeline);
}

GST_END_TEST;

/* A stop in the middle of the longest window's inference is prompt. */
GST_START_TEST (test_prompt_stop)
{
  GstElement *pipeline = launch (
      "audiotestsrc wave=pink-noise samplesperbuffer=441000 "
      "! audio/x-raw, rate=8000 ! genreclassify "
      "window=300000000000 ! fakesink");
  gint64 longest = 0;

  for (guint i = 0; i < 8; i++) {
    gint64 begin;

    set_state (pipeline, GST_STATE_PLAYING);
    g_usleep (150000 + i * 50000);
    begin = g_get_monotonic_time ();
    gst_element_set_state (pipeline, GST_STATE_NULL);
    longest = MAX (longest, g_get_monotonic_time () - begin);
  }
  GST_INFO ("the longest stop took %" G_GINT64_FORMAT " us", longest);
  /* 100 ms is the promise; a loaded machine gets some more */
  stop (pipeline);
  if (!is_instrumented ())
    fail_unless (longest < 1000000, "%" G_GINT64_FORMAT " us", longest);
}

GST_END_TEST;

/* A handler in the thread that posts may set any property, and seek. */
typedef struct
{
  GstElement *pipeline;
  GThread *posting;
  guint n_messages;
} Handler;

static GstBusSyncReply
on_sync_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  Handler *handler = user_data;

  (void) bus;
  if (gst_message_has_name (message, "genreclassify")) {
    g_autofree char *genre = NULL;
    g_autoptr (GstStructure) stats = NULL;

    handler->posting = g_thread_self ();
    /* back to the beginning, at the second message */
    if (handler->n_messages++ == 1) {
      g_autofree char *before = NULL;
      g_autofree char *after = NULL;

      g_object_get (GST_MESSAGE_SRC (message), "genre", &before, NULL);
      fail_unless (gst_element_seek_simple (
          handler->pipeline, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, 0));
      g_object_get (GST_MESSAGE_SRC (message), "genre", &after, NULL);
      fail_unless (before != NULL);
      fail_unless_equals_string (after, before);
    }
    g_object_set (GST_MESSAGE_SRC (message), "window", 4 * GST_SECOND, "hop",
        GST_SECOND, "min-window", GST_SECOND, "post-tags", FALSE, "tag-mode", 1,
        "min-confidence", 0.5, "silence-threshold", -70.0, "memory",
        10 * GST_SECOND, NULL);
    g_object_get (
        GST_MESSAGE_SRC (message), "genre", &genre, "stats", &stats, NULL);
  }
  return GST_BUS_PASS;
}

static GstPadProbeReturn
on_buffer (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  (void) pad;
  (void) info;
  *(GThread **) user_data = g_thread_self ();
  return GST_PAD_PROBE_OK;
}

GST_START_TEST (test_sync_handler)
{
  GstElement *pipeline = launch (
      "filesrc location=%s ! oggdemux ! vorbisdec "
      "! genreclassify name=g window=3000000000 ! fakesink name=sink",
      g_getenv ("TEST_CLIP"));
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  GstElement *classifier = gst_bin_get_by_name (GST_BIN (pipeline), "g");
  g_autoptr (GstPad) pad = gst_element_get_static_pad (classifier, "src");
  Handler handler = { pipeline, NULL, 0 };
  GThread *streaming = NULL;
  GstMessage *track;

  gst_bus_set_sync_handler (bus, on_sync_message, &handler, NULL);
  gst_pad_add_probe (
      pad, GST_PAD_PROBE_TYPE_BUFFER, on_buffer, &streaming, NULL);
  set_state (pipeline, GST_STATE_PLAYING);
  track = wait_for_track (pipeline);
  fail_unless (track != NULL);
  /* two before the seek */
  fail_unless_equals_uint64 (get_uint64 (track, "segments"), 2 + 12);
  fail_unless_equals_uint64 (get_uint64 (track, "timestamp"), 0);
  gst_message_unref (track);
  fail_unless (handler.posting != NULL && streaming != NULL);
  fail_unless (
      handler.posting != streaming, "inference on the streaming thread");
  gst_object_unref (classifier);
  stop (pipeline);
}

GST_END_TEST;

/* Weights are in memory once, and a stream more costs little. */
GST_START_TEST (test_many_elements)
{
  const guint n = 32;
  GString *text = g_string_new (NULL);
  GstElement *pipeline;
  gsize one, many;

  for (guint i = 0; i < n; i++)
    g_string_append (text,
        "audiotestsrc num-buffers=160 wave=pink-noise "
        "! genreclassify window=3000000000 ! fakesink ");
  pipeline = launch ("audiotestsrc num-buffers=400 wave=pink-noise "
                     "! genreclassify window=3000000000 ! fakesink");
  set_state (pipeline, GST_STATE_PLAYING);
  gst_clear_message (&(GstMessage *){ wait_for_track (pipeline) });
  one = resident_size ();
  stop (pipeline);

  pipeline = launch ("%s", text->str);
  set_state (pipeline, GST_STATE_PLAYING);
  gst_clear_message (&(GstMessage *){ wait_for_track (pipeline) });
  many = resident_size ();
  GST_INFO (
      "one: %" G_GSIZE_FORMAT " bytes, %u: %" G_GSIZE_FORMAT, one, n, many);
  stop (pipeline);
  /* under a sanitizer or valgrind the memory says nothing */
  if (!is_instrumented ())
    fail_unless (many < one + (n - 1) * 4000000,
        "one: %" G_GSIZE_FORMAT " bytes, %u: %" G_GSIZE_FORMAT, one, n, many);
  g_string_free (text, TRUE);
}

GST_END_TEST;

/* Two models side by side do not meet. */
GST_START_TEST (test_two_models)
{
  g_autofree char *model = g_build_filename (
      g_getenv ("GENRECLASSIFY_MODELS"), "crnn.safetensors", NULL);
  g_autofree char *bytes = NULL;
  g_autofree char *copy = NULL;
  GstElement *pipeline;
  char *version;
  gsize length;
  int fd;

  /* the same weights under another version of the same length */
  fail_unless (g_file_get_contents (model, &bytes, &length, NULL));
  version = g_strstr_len (bytes + 8, 4000, "\"version\": \"");
  fail_unless (version != NULL);
  version[12] = 'Z';
  fd = g_file_open_tmp ("genreXXXXXX", &copy, NULL);
  fail_unless (fd >= 0 && g_close (fd, NULL));
  fail_unless (g_file_set_contents (copy, bytes, length, NULL));

  pipeline = launch ("filesrc location=%s ! oggdemux ! vorbisdec ! tee name=t "
                     "! queue ! genreclassify ! fakesink "
                     "t. ! queue ! genreclassify model=%s ! fakesink",
      g_getenv ("TEST_CLIP"), copy);
  set_state (pipeline, GST_STATE_PLAYING);
  {
    g_autoptr (GHashTable)
        models = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

    for (guint tracks = 0; tracks < 2;) {
      GstMessage *message = wait_for (pipeline, GST_MESSAGE_ELEMENT);

      if (gst_message_has_name (message, "genreclassify-track")) {
        tracks++;
        g_hash_table_add (models,
            g_strdup (gst_structure_get_string (
                gst_message_get_structure (message), "model")));
      }
      gst_message_unref (message);
    }
    fail_unless_equals_int (g_hash_table_size (models), 2);
  }
  stop (pipeline);
  fail_unless (remove (copy) == 0);
}

GST_END_TEST;

/* Damaged data ahead of the decoder: whatever comes of it, no crash or hang. */
GST_START_TEST (test_broken_data)
{
  for (guint seed = 1; seed <= 5; seed++) {
    GstElement *pipeline = launch ("filesrc location=%s ! oggdemux "
                                   "! breakmydata probability=0.001 seed=%u "
                                   "skip=5000 ! vorbisdec max-errors=-1 "
                                   "! genreclassify window=3000000000 "
                                   "! fakesink",
        g_getenv ("TEST_CLIP"), seed);
    g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
    GstMessage *message;

    gst_element_set_state (pipeline, GST_STATE_PLAYING);
    message = gst_bus_timed_pop_filtered (
        bus, WAIT, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    fail_unless (message != NULL, "nothing happens");
    gst_message_unref (message);
    stop (pipeline);
  }
}

GST_END_TEST;

/* Played backwards: passed on, not analysed. */
GST_START_TEST (test_reverse)
{
  GstElement *pipeline = launch ("audiotestsrc ! genreclassify "
                                 "window=3000000000 ! fakesink");
  GstMessage *track;

  set_state (pipeline, GST_STATE_PAUSED);
  fail_unless (
      gst_element_seek (pipeline, -1, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH,
          GST_SEEK_TYPE_SET, 0, GST_SEEK_TYPE_SET, 10 * GST_SECOND));
  set_state (pipeline, GST_STATE_PLAYING);
  track = wait_for_track (pipeline);
  fail_unless (track == NULL);
  stop (pipeline);
}

GST_END_TEST;

/* The genre reaches the file that is written in the same pass. */
static void
check_written (const char *muxer, const char *extension)
{
  g_autofree char *name = g_strdup_printf ("genreXXXXXX.%s", extension);
  g_autofree char *path = NULL;
  g_autofree char *uri = NULL;
  g_autofree char *genre = NULL;
  g_autofree char *title = NULL;
  g_autoptr (GstDiscoverer) discoverer = gst_discoverer_new (WAIT, NULL);
  g_autoptr (GstDiscovererInfo) info = NULL;
  GstElement *pipeline;
  const GstTagList *tags;
  int fd = g_file_open_tmp (name, &path, NULL);

  fail_unless (fd >= 0 && g_close (fd, NULL));
  pipeline = launch (
      "filesrc location=%s ! oggdemux ! vorbisdec ! taginject "
      "tags=\"title=(string)Own\" ! genreclassify min-confidence=0 "
      "! audioconvert ! %s ! filesink location=%s",
      g_getenv ("TEST_CLIP"), muxer, path);
  set_state (pipeline, GST_STATE_PLAYING);
  gst_clear_message (&(GstMessage *){ wait_for_track (pipeline) });
  stop (pipeline);

  uri = gst_filename_to_uri (path, NULL);
  info = gst_discoverer_discover_uri (discoverer, uri, NULL);
  fail_unless (info != NULL);
  tags = gst_discoverer_info_get_tags (info);
  fail_unless (tags != NULL, "%s: no tags", muxer);
  fail_unless (gst_tag_list_get_string (tags, GST_TAG_GENRE, &genre),
      "%s: no genre in %" GST_PTR_FORMAT, muxer, tags);
  fail_unless (gst_tag_list_get_string (tags, GST_TAG_TITLE, &title));
  fail_unless_equals_string (title, "Own");
  fail_unless (remove (path) == 0);
}

GST_START_TEST (test_files)
{
  check_written ("wavenc", "wav");
  check_written ("vorbisenc ! matroskamux", "mka");
  check_written ("avenc_aac ! mp4mux", "m4a");
}

GST_END_TEST;

static void
on_about_to_finish (GstElement *playbin, gpointer user_data)
{
  guint *n = user_data;
  g_autofree char *uri = NULL;

  if (++*n == 1) {
    g_object_get (playbin, "current-uri", &uri, NULL);
    g_object_set (playbin, "uri", uri, NULL);
  }
}

/* Two songs without a gap between them are two tracks. */
GST_START_TEST (test_gapless)
{
  g_autofree char *uri = gst_filename_to_uri (g_getenv ("TEST_CLIP"), NULL);
  GstElement *player = launch ("playbin uri=%s audio-sink=fakesink "
                               "video-sink=fakesink audio-filter=genreclassify",
      uri);
  guint n_ends = 0, n_tracks = 0;
  gboolean done = FALSE;

  g_signal_connect (
      player, "about-to-finish", G_CALLBACK (on_about_to_finish), &n_ends);
  gst_element_set_state (player, GST_STATE_PLAYING);
  while (!done) {
    GstMessage *message = wait_for (
        player, GST_MESSAGE_ELEMENT | GST_MESSAGE_EOS);

    done = GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS;
    if (gst_message_has_name (message, "genreclassify-track")) {
      fail_unless_equals_uint64 (get_uint64 (message, "segments"), 2);
      fail_unless_equals_uint64 (get_uint64 (message, "timestamp"), 0);
      n_tracks++;
    }
    gst_message_unref (message);
  }
  fail_unless_equals_int (n_tracks, 2);
  stop (player);
}

GST_END_TEST;

static Suite *
stress_suite (void)
{
  Suite *suite = suite_create ("stress");
  TCase *chain = tcase_create ("general");

  suite_add_tcase (suite, chain);
  tcase_set_timeout (chain, 180);
  tcase_add_test (chain, test_seeks);
  tcase_add_test (chain, test_states);
  tcase_add_test (chain, test_prompt_stop);
  tcase_add_test (chain, test_sync_handler);
  tcase_add_test (chain, test_many_elements);
  tcase_add_test (chain, test_two_models);
  tcase_add_test (chain, test_broken_data);
  tcase_add_test (chain, test_reverse);
  tcase_add_test (chain, test_files);
  tcase_add_test (chain, test_gapless);
  return suite;
}

GST_CHECK_MAIN (stress);
