/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The element in real pipelines, over a real file. */

#include "support.h"

#include <math.h>
#include <string.h>

/* Runs @launch until EOS; returns the tracks' messages, in their order. */
static GList *
run (const char *launch)
{
  g_autoptr (GError) error = NULL;
  GstElement *pipeline = gst_parse_launch (launch, &error);
  g_autoptr (GstBus) bus = NULL;
  GList *tracks = NULL;
  gboolean done = FALSE;

  fail_unless (pipeline != NULL && !error, "%s: %s", launch,
      error ? error->message : "");
  bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  while (!done) {
    GstMessage *message = gst_bus_timed_pop_filtered (bus, 60 * GST_SECOND,
        GST_MESSAGE_ELEMENT | GST_MESSAGE_EOS | GST_MESSAGE_ERROR);

    fail_unless (message != NULL, "%s: nothing happens", launch);
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
      fail ("%s: %" GST_PTR_FORMAT, launch, message);
    done = GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS;
    if (gst_message_has_name (message, "genreclassify-track"))
      tracks = g_list_append (tracks, gst_message_ref (message));
    gst_message_unref (message);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
  return tracks;
}

static void
free_messages (GList *messages)
{
  g_list_free_full (messages, (GDestroyNotify) gst_message_unref);
}

static void
get_probabilities (GstMessage *message, double *p)
{
  const GValue *array = gst_structure_get_value (
      gst_message_get_structure (message), "probabilities");

  for (guint i = 0; i < N_LABELS; i++)
    p[i] = g_value_get_double (gst_value_array_get_value (array, i));
}

/* The same music in other formats gives the same genre, and the probabilities
 * nearly; where the band is cut, only the genre. */
GST_START_TEST (test_formats)
{
  static const struct
  {
    const char *caps;
    double tolerance;
  } cases[] = {
    { "format=S16LE, rate=44100, channels=2", 0.05 },
    { "format=S24LE, rate=48000, channels=2", 0.05 },
    { "format=F32LE, rate=22050, channels=1", 0.05 },
    { "format=S16LE, rate=48000, channels=6", 0.05 },
    { "format=F32LE, rate=96000, channels=1", 0.05 },
    { "format=S16LE, rate=16000, channels=1", 1 },
  };
  g_autofree char *genre = NULL;
  double reference[N_LABELS], p[N_LABELS];

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *launch = g_strdup_printf (
        "filesrc location=%s ! decodebin "
        "! audioconvert ! audioresample ! audio/x-raw, %s ! genreclassify "
        "! fakesink",
        g_getenv ("TEST_CLIP"), cases[i].caps);
    GList *tracks = run (launch);

    fail_unless_equals_int (g_list_length (tracks), 1);
    check_answer (tracks->data);
    get_probabilities (tracks->data, i == 0 ? reference : p);
    if (i == 0) {
      genre = g_strdup (gst_structure_get_string (
          gst_message_get_structure (tracks->data), "genre"));
    } else {
      fail_unless_equals_string (
          gst_structure_get_string (
              gst_message_get_structure (tracks->data), "genre"),
          genre);
      for (guint k = 0; k < N_LABELS; k++)
        fail_unless (fabs (p[k] - reference[k]) <= cases[i].tolerance,
            "%s: %s %g, expected %g", cases[i].caps, genre, p[k], reference[k]);
    }
    free_messages (tracks);
  }
}

GST_END_TEST;

/* Each of the models that ship, by the property. */
GST_START_TEST (test_models)
{
  const char *folder = g_getenv ("TEST_SHIPPED_MODELS");
  GDir *dir = g_dir_open (folder, 0, NULL);
  const char *name;
  guint n = 0;

  fail_unless (dir != NULL);
  while ((name = g_dir_read_name (dir))) {
    g_autofree char *launch = g_strdup_printf (
        "filesrc location=%s ! oggdemux ! vorbisdec ! genreclassify "
        "model=%s/%s ! fakesink",
        g_getenv ("TEST_CLIP"), folder, name);
    g_autofree char *stem = g_strndup (name, strcspn (name, "."));
    const GstStructure *answer;
    GList *tracks;

    if (!g_str_has_suffix (name, ".safetensors"))
      continue;
    tracks = run (launch);
    fail_unless_equals_int (g_list_length (tracks), 1);
    check_answer (tracks->data);
    answer = gst_message_get_structure (tracks->data);
    fail_unless (
        g_str_has_prefix (gst_structure_get_string (answer, "model"), stem),
        "%s: %" GST_PTR_FORMAT, name, answer);
    free_messages (tracks);
    n++;
  }
  fail_unless (n > 0);
  g_dir_close (dir);
}

GST_END_TEST;

/* Two streams one after another are two tracks; branches do not meet. */
GST_START_TEST (test_topologies)
{
  g_autofree char *concat = g_strdup_printf (
      "concat name=c ! genreclassify "
      "! fakesink filesrc location=%s ! oggdemux ! vorbisdec ! c. "
      "filesrc location=%s ! oggdemux ! vorbisdec ! c.",
      g_getenv ("TEST_CLIP"), g_getenv ("TEST_CLIP"));
  g_autofree char *tee = g_strdup_printf (
      "filesrc location=%s ! decodebin "
      "! tee name=t ! queue ! genreclassify window=10000000000 ! fakesink "
      "t. ! queue ! genreclassify ! fakesink",
      g_getenv ("TEST_CLIP"));
  GList *tracks = run (concat);

  fail_unless_equals_int (g_list_length (tracks), 2);
  for (GList *l = tracks; l; l = l->next) {
    check_answer (l->data);
    fail_unless_equals_uint64 (get_uint64 (l->data, "segments"), 2);
  }
  fail_unless_equals_float (get_double (tracks->data, "confidence"),
      get_double (tracks->next->data, "confidence"));
  free_messages (tracks);

  tracks = run (tee);
  fail_unless_equals_int (g_list_length (tracks), 2);
  fail_unless_equals_uint64 (get_uint64 (tracks->data, "segments") +
          get_uint64 (tracks->next->data, "segments"),
      2 + 4);
  free_messages (tracks);
}

GST_END_TEST;

/* Stopped in mid-stream, with work in the queue: no hang, no leak. */
GST_START_TEST (test_stop)
{
  for (guint i = 0; i < 10; i++) {
    g_autoptr (GError) error = NULL;
    GstElement *pipeline = gst_parse_launch (
        "audiotestsrc wave=pink-noise "
        "samplesperbuffer=44100 ! genreclassify window=3000000000 ! fakesink",
        &error);

    fail_unless (pipeline != NULL && !error);
    gst_element_set_state (pipeline, GST_STATE_PLAYING);
    fail_unless_equals_int (
        gst_element_get_state (pipeline, NULL, NULL, 10 * GST_SECOND),
        GST_STATE_CHANGE_SUCCESS);
    g_usleep (i * 3000);
    gst_element_set_state (pipeline, GST_STATE_NULL);
    gst_object_unref (pipeline);
  }
}

GST_END_TEST;

static Suite *
pipelines_suite (void)
{
  Suite *suite = suite_create ("pipelines");
  TCase *chain = tcase_create ("general");

  suite_add_tcase (suite, chain);
  tcase_set_timeout (chain, 120);
  tcase_add_test (chain, test_formats);
  tcase_add_test (chain, test_models);
  tcase_add_test (chain, test_topologies);
  tcase_add_test (chain, test_stop);
  return suite;
}

GST_CHECK_MAIN (pipelines);
