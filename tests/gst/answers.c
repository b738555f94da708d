/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the answers are: provisional ones, the latest ones of an endless stream,
 * and those to what is no music. */

#include "support.h"

#include <math.h>

static void
check_current (GstHarness *h, const char *expected)
{
  g_autofree char *genre = get_genre (h);
  double confidence;

  gst_harness_get (h, "genreclassify", "confidence", &confidence, NULL);
  fail_unless_equals_string (genre, expected);
  fail_unless ((confidence > 0) == (expected != NULL), "%g", confidence);
}

/* Waits until that segment of the track is answered. */
static void
wait_segment (GstHarness *h, guint64 number)
{
  GstMessage *message;
  gboolean done;

  do {
    message = wait_answer (h, "genreclassify");
    done = !get_boolean (message, "interim") &&
        get_uint64 (message, "segment") == number;
    gst_message_unref (message);
  } while (!done);
}

/* The next message is an interim one over @seconds from @from on. */
static void
check_interim (GstHarness *h, double from, double seconds, const char *genre)
{
  const double slack = 0.1; /* less than two columns */
  GstMessage *message = pop_answer (h, "genreclassify");
  double length;

  fail_unless (message != NULL, "no answer after %g s", seconds);
  check_answer (message);
  fail_unless (get_boolean (message, "interim"));
  fail_unless (get_boolean (message, "partial"));
  fail_unless_equals_uint64 (get_uint64 (message, "segment"), 0);
  fail_unless_equals_uint64 (
      get_uint64 (message, "timestamp"), (guint64) (from * 1e9));
  length = get_uint64 (message, "duration") / 1e9;
  fail_unless (length >= seconds - 1e-6 && length < seconds + slack,
      "%g s, not %g", length, seconds);
  fail_unless_equals_string (get_string (message, "genre"), genre);
  gst_message_unref (message);
}

/* The next message is not an interim one. */
static void
check_segment (GstHarness *h, guint64 number, double seconds, gboolean partial)
{
  GstMessage *message = pop_answer (h, "genreclassify");

  fail_unless (message != NULL, "no segment");
  check_answer (message);
  fail_unless (!get_boolean (message, "interim"));
  fail_unless_equals_uint64 (get_uint64 (message, "segment"), number);
  fail_unless_equals_uint64 (
      get_uint64 (message, "duration"), (guint64) (seconds * 1e9));
  fail_unless_equals_int (get_boolean (message, "partial"), partial);
  gst_message_unref (message);
}

/* Until the first window is full there is an answer after min-window and then each
 * interval, over the audio so far; it never counts in the track. */
GST_START_TEST (test_interim)
{
  GstHarness *h = harness_new_steered (6, "interim-interval=1000000000");
  GstMessage *message;

  push_tone (h, TONE_HIPHOP, 0, 2);
  push_tone (h, TONE_CLASSICAL, 2, 13.5);
  push_eos (h);
  check_interim (h, 0, 1, "hiphop");
  check_interim (h, 0, 2, "hiphop");
  check_interim (h, 0, 3, "hiphop");
  /* half and half */
  gst_message_unref (pop_answer (h, "genreclassify"));
  check_interim (h, 0, 5, "classical");
  check_segment (h, 0, 6, FALSE);
  check_segment (h, 1, 6, FALSE);
  check_segment (h, 2, 1.5, TRUE);
  message = pop_answer (h, "genreclassify-track");
  fail_unless (message != NULL);
  check_answer (message);
  fail_unless_equals_uint64 (get_uint64 (message, "segments"), 3);
  fail_unless (!get_boolean (message, "interim"));
  gst_message_unref (message);
  harness_free (h);
}

GST_END_TEST;

/* The properties follow interim answers, and the first full window's is alone in
 * the average. */
GST_START_TEST (test_interim_is_current)
{
  GstHarness *h = harness_new_steered (6, "interim-interval=2000000000");
  GstMessage *segment, *track;

  push_tone (h, TONE_HIPHOP, 0, 0.9);
  check_current (h, NULL);
  push_tone (h, TONE_HIPHOP, 0.9, 1.2);
  gst_message_unref (wait_answer (h, "genreclassify"));
  check_current (h, "hiphop");
  push_tone (h, TONE_CLASSICAL, 1.2, 6);
  push_eos (h);
  check_interim (h, 0, 3, "classical");
  check_interim (h, 0, 5, "classical");
  segment = pop_answer (h, "genreclassify");
  track = pop_answer (h, "genreclassify-track");
  fail_unless (segment != NULL && track != NULL);
  fail_unless_equals_uint64 (get_uint64 (track, "segments"), 1);
  fail_unless_equals_float (
      get_probability (track, "hiphop"), get_probability (segment, "hiphop"));
  fail_unless_equals_float (get_probability (track, "classical"),
      get_probability (segment, "classical"));
  check_current (h, "classical");
  gst_message_unref (segment);
  gst_message_unref (track);
  harness_free (h);
}

GST_END_TEST;

/* Each track's first window has interim answers, and no other one. */
GST_START_TEST (test_interim_of_tracks)
{
  GstHarness *h = harness_new_steered (
      4, "interim-interval=2000000000 title-starts-track=true");

  push_tags (h, GST_TAG_SCOPE_STREAM, GST_TAG_TITLE, "First", NULL);
  push_tone (h, TONE_HIPHOP, 0, 10);
  push_tags (h, GST_TAG_SCOPE_STREAM, GST_TAG_TITLE, "Second", NULL);
  push_tone (h, TONE_CLASSICAL, 10, 12);
  fail_unless (
      gst_harness_push_event (h, gst_event_new_stream_start ("another")));
  push_segment (h, 0, 12 * GST_SECOND);
  push_tone (h, TONE_HIPHOP, 0, 3.5);
  push_eos (h);
  check_interim (h, 0, 1, "hiphop");
  check_interim (h, 0, 3, "hiphop");
  check_segment (h, 0, 4, FALSE);
  check_segment (h, 1, 4, FALSE);
  check_segment (h, 2, 2, TRUE);
  check_interim (h, 10, 1, "classical");
  check_segment (h, 0, 2, TRUE);
  check_interim (h, 0, 1, "hiphop");
  check_interim (h, 0, 3, "hiphop");
  check_segment (h, 0, 3.5, TRUE);
  harness_free (h);
}

GST_END_TEST;

/* Where min-window is shorter than what the network needs, the first one comes as
 * soon as there is so much. */
GST_START_TEST (test_interim_at_once)
{
  GstHarness *h = harness_new (
      30, "model=steered min-window=0 interim-interval=20000000000");
  GstMessage *message;

  push_tone (h, TONE_HIPHOP, 0, 3);
  message = wait_answer (h, "genreclassify");
  check_answer (message);
  fail_unless (get_boolean (message, "interim"));
  fail_unless (get_uint64 (message, "duration") < 3 * GST_SECOND);
  gst_message_unref (message);
  harness_free (h);
}

GST_END_TEST;

/* A seek in the first window begins it anew; one after it does not. */
GST_START_TEST (test_interim_and_seeks)
{
  GstHarness *h = harness_new_steered (4, "interim-interval=2000000000");

  push_tone (h, TONE_HIPHOP, 0, 1.5);
  gst_message_unref (wait_answer (h, "genreclassify"));
  push_flush (h);
  push_segment (h, 50 * GST_SECOND, 0);
  push_tone (h, TONE_CLASSICAL, 50, 54.5);
  for (guint i = 0; i < 2; i++) {
    GstMessage *message = wait_answer (h, "genreclassify");

    fail_unless (get_boolean (message, "interim"));
    fail_unless_equals_uint64 (
        get_uint64 (message, "timestamp"), 50 * GST_SECOND);
    gst_message_unref (message);
  }
  wait_segment (h, 0);
  push_flush (h);
  push_segment (h, 100 * GST_SECOND, 0);
  push_tone (h, TONE_CLASSICAL, 100, 104);
  push_eos (h);
  check_segment (h, 1, 4, FALSE);
  harness_free (h);
}

GST_END_TEST;

/* Interim answers tell of silence, of no music, and of what is missing, too. */
GST_START_TEST (test_interim_of_anything)
{
  GstHarness *h = harness_new_steered (6, "interim-interval=1000000000");
  GstMessage *message;

  push_silence (h, 0, 1.5);
  push_tone (h, TONE_NO_MUSIC, 1.5, 3.5);
  push_tone (h, TONE_NO_MUSIC, 4, 6);
  push_eos (h);
  message = pop_answer (h, "genreclassify");
  check_answer (message);
  fail_unless (get_boolean (message, "silent"));
  gst_message_unref (message);
  for (guint i = 2; i <= 5; i++) {
    message = pop_answer (h, "genreclassify");
    fail_unless (message != NULL);
    check_answer (message);
    fail_unless (get_boolean (message, "interim"));
    fail_unless (!get_boolean (message, "silent"));
    fail_unless (get_double (message, "music") < 0.5);
    fail_unless (get_string (message, "genre") == NULL);
    fail_unless_equals_uint64 (
        get_uint64 (message, "missing"), i > 3 ? GST_SECOND / 2 : 0);
    gst_message_unref (message);
  }
  check_current (h, NULL);
  check_segment (h, 0, 6, FALSE);
  harness_free (h);
}

GST_END_TEST;

/* Without an interval, or where min-window is no shorter than the window, there are
 * none; an interval of nothing ends as well. */
GST_START_TEST (test_no_interim)
{
  GstHarness *h = harness_new_steered (3, NULL);

  push_tone (h, TONE_HIPHOP, 0, 6);
  push_eos (h);
  check_segment (h, 0, 3, FALSE);
  check_segment (h, 1, 3, FALSE);
  harness_free (h);

  h = harness_new (
      3, "model=steered min-window=5000000000 interim-interval=1000000000");
  push_tone (h, TONE_HIPHOP, 0, 6);
  push_eos (h);
  check_segment (h, 0, 3, FALSE);
  check_segment (h, 1, 3, FALSE);
  harness_free (h);

  h = harness_new_steered (3, "interim-interval=1");
  push_tone (h, TONE_HIPHOP, 0, 3);
  push_eos (h);
  wait_segment (h, 0);
  harness_free (h);
}

GST_END_TEST;

/* What the message says of the tag @label; -1 if it has no tags. */
static double
get_tag (GstMessage *message, const char *label)
{
  const GValue *field = gst_structure_get_value (
      gst_message_get_structure (message), "tags");
  double value = -1;

  if (field) {
    const GstStructure *tags = gst_value_get_structure (field);

    fail_unless_equals_int (gst_structure_n_fields (tags), 2);
    fail_unless (gst_structure_get_double (tags, label, &value));
  }
  return value;
}

/* The message's embedding into @values; FALSE if it has none. */
static gboolean
get_embedding (GstMessage *message, double values[24])
{
  const GValue *field = gst_structure_get_value (
      gst_message_get_structure (message), "embedding");
  double square = 0;

  if (!field)
    return FALSE;
  fail_unless_equals_int (gst_value_array_get_size (field), 24);
  for (guint i = 0; i < 24; i++) {
    values[i] = g_value_get_double (gst_value_array_get_value (field, i));
    square += values[i] * values[i];
  }
  fail_unless (fabs (square - 1) < 1e-5, "%g", square);
  return TRUE;
}

static double
product (const double a[24], const double b[24])
{
  double sum = 0;

  for (guint i = 0; i < 24; i++)
    sum += a[i] * b[i];
  return sum;
}

/* On request each message also has the model's tags and an embedding; they are over
 * all of a track that is not silent, be it music or not. */
GST_START_TEST (test_tags_and_embedding)
{
  static const char *const labels[] = { "low", "high" };
  GstHarness *h = harness_new_steered (
      3, "post-tag-probabilities=true post-embedding=true");
  GstMessage *messages[4], *track;
  double values[4][24], whole[24];

  push_tone (h, TONE_HIPHOP, 0, 6);
  push_tone (h, TONE_NO_MUSIC, 6, 8.8);
  push_silence (h, 8.8, 12);
  push_eos (h);
  for (guint i = 0; i < 4; i++) {
    messages[i] = pop_answer (h, "genreclassify");
    check_answer (messages[i]);
    fail_unless_equals_int (get_embedding (messages[i], values[i]), i < 3);
  }
  fail_unless (get_tag (messages[0], "low") > 0.5);
  fail_unless (get_tag (messages[0], "high") < 0.2);
  fail_unless (get_tag (messages[2], "low") < 0.2);
  fail_unless (get_tag (messages[2], "high") > 0.5);
  fail_unless (get_tag (messages[3], "high") == -1);
  fail_unless (product (values[0], values[1]) > 0.99);
  fail_unless (product (values[0], values[2]) < 0.9);

  track = pop_answer (h, "genreclassify-track");
  check_answer (track);
  for (guint i = 0; i < 2; i++) {
    double mean = 0;

    for (guint k = 0; k < 3; k++)
      mean += get_tag (messages[k], labels[i]) / 3;
    fail_unless (fabs (get_tag (track, labels[i]) - mean) < 1e-6);
  }
  fail_unless (get_embedding (track, whole));
  fail_unless (product (whole, values[0]) > product (whole, values[2]));
  for (guint i = 0; i < 4; i++)
    gst_message_unref (messages[i]);
  gst_message_unref (track);

  /* the next track has nothing of the one before */
  push_stream (h, "another", 2, 0);
  push_tone (h, TONE_NO_MUSIC, 0, 3);
  push_eos (h);
  gst_message_unref (pop_answer (h, "genreclassify"));
  track = pop_answer (h, "genreclassify-track");
  fail_unless (get_embedding (track, whole));
  fail_unless (product (whole, values[2]) > 0.999);
  gst_message_unref (track);
  harness_free (h);
}

GST_END_TEST;

/* Otherwise they have neither, and no tags where the model has none; a change acts on
 * the next message. */
GST_START_TEST (test_no_tags_and_embedding)
{
  GstHarness *h = harness_new_steered (3, NULL);
  GstMessage *message;
  double values[24];

  push_tone (h, TONE_HIPHOP, 0, 4);
  message = wait_answer (h, "genreclassify");
  fail_unless (get_tag (message, "low") == -1);
  fail_unless (!get_embedding (message, values));
  gst_message_unref (message);
  gst_harness_set (h, "genreclassify", "post-tag-probabilities", TRUE, NULL);
  push_tone (h, TONE_HIPHOP, 4, 7);
  push_eos (h);
  message = pop_answer (h, "genreclassify");
  fail_unless (get_tag (message, "low") > 0.5);
  fail_unless (!get_embedding (message, values));
  gst_message_unref (message);
  harness_free (h);

  h = harness_new (3, "post-tag-probabilities=true");
  push_tone (h, TONE_HIPHOP, 0, 3);
  push_eos (h);
  message = pop_answer (h, "genreclassify");
  fail_unless (get_tag (message, "low") == -1);
  gst_message_unref (message);
  harness_free (h);
}

GST_END_TEST;

/* A station that names no titles: with memory the answer is that of the latest
 * audio, while the track's message stays over all of it. */
GST_START_TEST (test_memory)
{
  for (guint seconds = 0; seconds <= 9; seconds += 9) {
    g_autofree char *memory = g_strdup_printf ("memory=%u000000000", seconds);
    GstHarness *h = harness_new_steered (3, memory);
    GstMessage *track;

    push_tone (h, TONE_HIPHOP, 0, 21);
    push_tone (h, TONE_CLASSICAL, 21, 24.5);
    wait_segment (h, 7);
    check_current (h, "hiphop"); /* two of three, or seven of eight */
    push_tone (h, TONE_CLASSICAL, 24.5, 27.5);
    wait_segment (h, 8);
    check_current (h, seconds ? "classical" : "hiphop");
    push_tone (h, TONE_CLASSICAL, 27.5, 30);
    push_eos (h);
    check_current (h, seconds ? "classical" : "hiphop");
    track = pop_answer (h, "genreclassify-track");
    fail_unless (track != NULL);
    fail_unless_equals_string (get_string (track, "genre"), "hiphop");
    fail_unless_equals_uint64 (get_uint64 (track, "segments"), 10);
    gst_message_unref (track);
    harness_free (h);
  }
}

GST_END_TEST;

/* The average is that of exactly so much audio, and at least the latest
 * segment. */
GST_START_TEST (test_memory_length)
{
  static const guint seconds[] = { 1, 3, 6, 12 };

  for (gsize i = 0; i < G_N_ELEMENTS (seconds); i++) {
    g_autofree char *memory = g_strdup_printf (
        "memory=%u000000000", seconds[i]);
    const guint n = MAX (1, seconds[i] / 3);
    double confidence, hiphop = 0, classical = 0;
    GstHarness *h = harness_new_steered (3, memory);

    push_tone (h, TONE_HIPHOP, 0, 10);
    push_tone (h, TONE_CLASSICAL, 10, 17);
    push_tone (h, TONE_HIPHOP, 17, 18);
    push_eos (h);
    for (guint k = 0; k < 6; k++) {
      GstMessage *message = pop_answer (h, "genreclassify");

      if (k >= 6 - n) {
        hiphop += get_probability (message, "hiphop") / n;
        classical += get_probability (message, "classical") / n;
      }
      gst_message_unref (message);
    }
    gst_harness_get (h, "genreclassify", "confidence", &confidence, NULL);
    fail_unless (fabs (confidence - MAX (hiphop, classical)) < 1e-6,
        "%g, not %g of the last %u segments", confidence,
        MAX (hiphop, classical), n);
    check_current (h, hiphop > classical ? "hiphop" : "classical");
    harness_free (h);
  }
}

GST_END_TEST;

/* Memory can be set while playing. */
GST_START_TEST (test_memory_while_playing)
{
  GstHarness *h = harness_new_steered (3, NULL);

  push_tone (h, TONE_HIPHOP, 0, 18);
  push_tone (h, TONE_CLASSICAL, 18, 21.5);
  wait_segment (h, 6);
  check_current (h, "hiphop");
  gst_harness_set (h, "genreclassify", "memory", 3 * GST_SECOND, NULL);
  push_tone (h, TONE_CLASSICAL, 21.5, 24.5);
  wait_segment (h, 7);
  check_current (h, "classical");
  gst_harness_set (h, "genreclassify", "memory", G_GUINT64_CONSTANT (0), NULL);
  push_tone (h, TONE_CLASSICAL, 24.5, 27.5);
  wait_segment (h, 8);
  check_current (h, "hiphop");
  harness_free (h);
}

GST_END_TEST;

/* Silence and speech take their time in memory, until there is no answer. */
GST_START_TEST (test_memory_runs_out)
{
  for (guint silent = 0; silent <= 1; silent++) {
    GstHarness *h = harness_new_steered (3, "memory=6000000000");

    push_tone (h, TONE_HIPHOP, 0, 6);
    if (silent)
      push_silence (h, 6, 9.5);
    else
      push_tone (h, TONE_NO_MUSIC, 6, 9.5);
    wait_segment (h, 2);
    check_current (h, "hiphop");
    if (silent)
      push_silence (h, 9.5, 12.5);
    else
      push_tone (h, TONE_NO_MUSIC, 9.5, 12.5);
    wait_segment (h, 3);
    check_current (h, NULL);
    push_tone (h, TONE_CLASSICAL, 12.5, 15.5);
    wait_segment (h, 4);
    check_current (h, "classical");
    harness_free (h);
  }
}

GST_END_TEST;

/* What is no music, and silence, neither have a genre nor change the track's. */
GST_START_TEST (test_music)
{
  GstHarness *h = harness_new_steered (3, NULL);
  double music[3], confidence = 0;
  GstMessage *message;

  /* windows reach a little into one another */
  push_silence (h, 0, 3.1);
  push_tone (h, TONE_CLASSICAL, 3.1, 5.9);
  push_silence (h, 5.9, 6.1);
  push_tone (h, TONE_NO_MUSIC, 6.1, 9);
  push_eos (h);
  for (guint i = 0; i < 3; i++) {
    message = pop_answer (h, "genreclassify");
    fail_unless (message != NULL, "no segment %u", i);
    check_answer (message);
    music[i] = get_double (message, "music");
    fail_unless_equals_string (
        get_string (message, "genre"), i == 1 ? "classical" : NULL);
    fail_unless_equals_int (get_boolean (message, "silent"), i == 0);
    if (i == 1)
      confidence = get_double (message, "confidence");
    else if (i == 2) /* the probabilities stay what they are */
      fail_unless (fabs (get_probability (message, "hiphop") - 0.1) < 0.02);
    gst_message_unref (message);
  }
  fail_unless (music[0] == 0, "music %g", music[0]);
  fail_unless (music[1] > 0.9, "music %g", music[1]);
  fail_unless (music[2] < 0.1, "music %g", music[2]);

  message = pop_answer (h, "genreclassify-track");
  fail_unless (message != NULL);
  check_answer (message);
  fail_unless_equals_uint64 (get_uint64 (message, "segments"), 3);
  fail_unless_equals_uint64 (get_uint64 (message, "duration"), 9 * GST_SECOND);
  fail_unless_equals_string (get_string (message, "genre"), "classical");
  fail_unless (fabs (get_double (message, "confidence") - confidence) < 1e-9);
  fail_unless (
      fabs (get_double (message, "music") - (music[1] + music[2]) / 2) < 1e-6);
  fail_unless (!get_boolean (message, "silent"));
  gst_message_unref (message);
  check_current (h, "classical");
  harness_free (h);
}

GST_END_TEST;

/* A track of speech alone, or of silence alone, has no genre. */
GST_START_TEST (test_no_music)
{
  for (guint silent = 0; silent <= 1; silent++) {
    GstHarness *h = harness_new_steered (3, NULL);
    GstMessage *track;

    if (silent)
      push_silence (h, 0, 6);
    else
      push_tone (h, TONE_NO_MUSIC, 0, 6);
    push_eos (h);
    track = pop_answer (h, "genreclassify-track");
    fail_unless (track != NULL);
    check_answer (track);
    fail_unless (get_string (track, "genre") == NULL);
    fail_unless_equals_int (get_boolean (track, "silent"), silent);
    fail_unless (get_double (track, "music") < 0.2);
    gst_message_unref (track);
    check_current (h, NULL);
    harness_free (h);
  }
}

GST_END_TEST;

/* A network that knows of nothing but music takes all for it. */
GST_START_TEST (test_only_music)
{
  GstHarness *h = harness_new (3, NULL);

  push_silence (h, 0, 3.1);
  push_tone (h, TONE_NO_MUSIC, 3.1, 6);
  push_eos (h);
  for (guint i = 0; i < 2; i++) {
    GstMessage *message = pop_answer (h, "genreclassify");

    fail_unless (message != NULL);
    check_answer (message);
    fail_unless_equals_float (get_double (message, "music"), i == 1);
    gst_message_unref (message);
  }
  harness_free (h);
}

GST_END_TEST;

/* The genre as ID3 spells it, in every message. */
GST_START_TEST (test_genre_name)
{
  static const struct
  {
    Tone tone;
    const char *name;
  } cases[] = { { TONE_HIPHOP, "Hip-Hop" }, { TONE_CLASSICAL, "Classical" } };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstHarness *h = harness_new_steered (3, "interim-interval=1000000000");
    g_autoptr (GstBus) bus = gst_element_get_bus (h->element);
    GstMessage *message;
    guint n = 0;

    push_tone (h, cases[i].tone, 0, 3);
    push_eos (h);
    while ((message = gst_bus_pop_filtered (bus, GST_MESSAGE_ELEMENT))) {
      fail_unless_equals_string (
          get_string (message, "genre-name"), cases[i].name);
      gst_message_unref (message);
      n++;
    }
    fail_unless_equals_int (n, 4);
    harness_free (h);
  }
}

GST_END_TEST;

static void
on_notify (GObject *object, GParamSpec *spec, gpointer user_data)
{
  (void) object;
  (void) spec;
  g_atomic_int_inc ((gint *) user_data);
}

/* "genre" and "confidence" are notified when they change, and only then. */
GST_START_TEST (test_notify)
{
  GstHarness *h = harness_new_steered (3, "memory=3000000000");
  GstElement *element = gst_harness_find_element (h, "genreclassify");
  gint genres = 0, confidences = 0;

  g_signal_connect (element, "notify::genre", G_CALLBACK (on_notify), &genres);
  g_signal_connect (
      element, "notify::confidence", G_CALLBACK (on_notify), &confidences);
  push_silence (h, 0, 3.5);
  wait_segment (h, 0);
  fail_unless_equals_int (g_atomic_int_get (&genres), 0);
  fail_unless_equals_int (g_atomic_int_get (&confidences), 0);
  push_tone (h, TONE_HIPHOP, 3.5, 9.5);
  wait_segment (h, 2);
  check_current (h, "hiphop");
  fail_unless_equals_int (g_atomic_int_get (&genres), 1);
  push_flush (h);
  push_segment (h, 0, 0);
  push_tone (h, TONE_CLASSICAL, 0, 2);
  fail_unless_equals_int (g_atomic_int_get (&genres), 1);
  push_tone (h, TONE_CLASSICAL, 2, 3.5);
  wait_segment (h, 3);
  fail_unless_equals_int (g_atomic_int_get (&genres), 2);
  push_tone (h, TONE_NO_MUSIC, 3.5, 9.5);
  wait_segment (h, 5);
  check_current (h, NULL);
  fail_unless_equals_int (g_atomic_int_get (&genres), 3);
  push_tone (h, TONE_HIPHOP, 9.5, 15.5);
  wait_segment (h, 7);
  fail_unless_equals_int (g_atomic_int_get (&genres), 4);
  fail_unless (
      gst_harness_push_event (h, gst_event_new_stream_start ("another")));
  check_current (h, NULL);
  fail_unless_equals_int (g_atomic_int_get (&genres), 5);
  fail_unless (g_atomic_int_get (&confidences) >= 5);
  gst_object_unref (element);
  harness_free (h);
}

GST_END_TEST;

typedef struct
{
  GstElement *element;
  gint stop;
} Setter;

static gpointer
set_properties (gpointer data)
{
  Setter *setter = data;

  for (guint64 i = 0; !g_atomic_int_get (&setter->stop); i++) {
    g_autofree char *genre = NULL;
    g_autoptr (GstStructure) stats = NULL;
    double confidence;

    g_object_set (setter->element, "memory", i % 3 * 3 * GST_SECOND,
        "min-confidence", i % 2 ? 1.0 : 0.0, NULL);
    g_object_get (setter->element, "genre", &genre, "confidence", &confidence,
        "stats", &stats, NULL);
    fail_unless (confidence >= 0 && confidence <= 1);
    g_usleep (100);
  }
  return NULL;
}

/* Another thread may set and read what it likes, while segments come. */
GST_START_TEST (test_any_thread)
{
  GstHarness *h = harness_new_steered (3, "hop=500000000");
  Setter setter = { gst_harness_find_element (h, "genreclassify"), 0 };
  GThread *thread = g_thread_new ("setter", set_properties, &setter);
  guint n;

  for (n = 0; n < 60; n += 3)
    push_tone (h, n % 2 ? TONE_HIPHOP : TONE_CLASSICAL, n, n + 3);
  push_eos (h);
  g_atomic_int_set (&setter.stop, 1);
  g_thread_join (thread);
  n = count_answers (h, "genreclassify");
  fail_unless (n >= 2 * (60 - 3) + 1, "%u answers", n);
  gst_object_unref (setter.element);
  harness_free (h);
}

GST_END_TEST;

static Suite *
answers_suite (void)
{
  Suite *suite = suite_create ("answers");
  TCase *chain = tcase_create ("general");

  suite_add_tcase (suite, chain);
  tcase_set_timeout (chain, 120);
  tcase_add_test (chain, test_interim);
  tcase_add_test (chain, test_interim_is_current);
  tcase_add_test (chain, test_interim_of_tracks);
  tcase_add_test (chain, test_interim_at_once);
  tcase_add_test (chain, test_interim_and_seeks);
  tcase_add_test (chain, test_interim_of_anything);
  tcase_add_test (chain, test_no_interim);
  tcase_add_test (chain, test_tags_and_embedding);
  tcase_add_test (chain, test_no_tags_and_embedding);
  tcase_add_test (chain, test_memory);
  tcase_add_test (chain, test_memory_length);
  tcase_add_test (chain, test_memory_while_playing);
  tcase_add_test (chain, test_memory_runs_out);
  tcase_add_test (chain, test_music);
  tcase_add_test (chain, test_no_music);
  tcase_add_test (chain, test_only_music);
  tcase_add_test (chain, test_genre_name);
  tcase_add_test (chain, test_notify);
  tcase_add_test (chain, test_any_thread);
  return suite;
}

GST_CHECK_MAIN (answers);
