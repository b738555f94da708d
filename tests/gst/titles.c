/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A radio's titles: which of them are tracks, and what is told of them. */

#include "support.h"

#include <stdio.h>
#include <string.h>

/* An artist goes with the title, unless it comes with the next one; what a radio
 * is called stays. */
GST_START_TEST (test_told_of_titles)
{
  GstHarness *h = harness_new_steered (3, "title-starts-track=true");

  push_stream (h, "radio", 1, 0);
  push_tags (h, GST_TAG_SCOPE_STREAM, GST_TAG_TITLE, "First", GST_TAG_ARTIST,
      "Someone", GST_TAG_ORGANIZATION, "Radio", NULL);
  push_tone (h, TONE_CLASSICAL, 0, 4);
  push_tags (h, GST_TAG_SCOPE_STREAM, GST_TAG_TITLE, "Second", NULL);
  push_tone (h, TONE_CLASSICAL, 4, 8);
  push_tags (h, GST_TAG_SCOPE_STREAM, GST_TAG_TITLE, "Third", GST_TAG_ARTIST,
      "Other", NULL);
  push_tone (h, TONE_CLASSICAL, 8, 12);
  push_eos (h);
  check_told (
      next_track (h, 2, "title"), "radio", NULL, "First", "Someone", "Radio");
  check_told (
      next_track (h, 2, "title"), "radio", NULL, "Second", NULL, "Radio");
  check_told (
      next_track (h, 2, "eos"), "radio", NULL, "Third", "Other", "Radio");
  harness_free (h);
}

GST_END_TEST;

/* A slogan's artist is not the title's, nor does it take that away. */
GST_START_TEST (test_told_of_slogans)
{
  GstHarness *h = harness_new_steered (
      3, "title-starts-track=true min-track=6000000000");

  push_stream (h, "radio", 1, 0);
  for (guint i = 0; i < 2; i++) {
    const double base = 10 * i;

    push_tags (h, GST_TAG_SCOPE_STREAM, GST_TAG_TITLE, "First", GST_TAG_ARTIST,
        "Someone", NULL);
    push_tone (h, TONE_CLASSICAL, base, base + 7);
    push_tags (h, GST_TAG_SCOPE_STREAM, GST_TAG_TITLE, "You hear",
        GST_TAG_ARTIST, "Radio", NULL);
    push_tone (h, TONE_CLASSICAL, base + 7, base + 10);
  }
  push_tags (h, GST_TAG_SCOPE_STREAM, GST_TAG_TITLE, "Second", NULL);
  push_tone (h, TONE_CLASSICAL, 20, 29);
  push_eos (h);
  check_told (
      next_track (h, 7, "title"), "radio", NULL, "First", "Someone", NULL);
  check_told (next_track (h, 3, "eos"), "radio", NULL, "Second", NULL, NULL);
  harness_free (h);
}

GST_END_TEST;

/* Segments are told before their track, numbered from 0, one where the other
 * ends. */
static void
check_segments (GList **segments, GstMessage *track)
{
  const guint64 n = get_uint64 (track, "segments");
  GstClockTime next = get_uint64 (track, "timestamp");
  GstClockTime end = next + get_uint64 (track, "duration");

  for (guint64 i = 0; i < n; i++) {
    GstMessage *message;

    fail_unless (*segments != NULL, "not all segments were told");
    message = (*segments)->data;
    fail_unless_equals_uint64 (get_uint64 (message, "timestamp"), next);
    fail_unless_equals_uint64 (get_uint64 (message, "segment"), i);
    next += get_uint64 (message, "duration");
    gst_message_unref (message);
    *segments = g_list_delete_link (*segments, *segments);
  }
  fail_unless_equals_uint64 (next, end);
}

/* Plays titles for so many seconds, as in "A:9 gB:4.5", where g is for global
 * scope and - for none; the tracks are to be as in "A:0-9 B:9-13.5". */
static void
check_titles (const char *properties, const char *script, const char *expected)
{
  GstHarness *h = harness_new_steered (3, properties);
  g_autoptr (GstBus) bus = gst_element_get_bus (h->element);
  g_auto (GStrv) words = g_strsplit (script, " ", 0);
  GString *tracks = g_string_new (NULL);
  GList *segments = NULL;
  GstMessage *message;
  double position = 0;

  push_stream (h, "radio", 1, 0);
  for (guint i = 0; words[i]; i++) {
    GstTagScope scope = words[i][0] == 'g' ? GST_TAG_SCOPE_GLOBAL
                                           : GST_TAG_SCOPE_STREAM;
    char title[2] = { words[i][scope == GST_TAG_SCOPE_GLOBAL], 0 };
    double seconds;

    fail_unless (sscanf (words[i], "%*[^:]:%lf", &seconds) == 1);
    if (title[0] != '-')
      push_tags (
          h, scope, GST_TAG_TITLE, title, GST_TAG_ORGANIZATION, "Radio", NULL);
    push_tone (h, TONE_CLASSICAL, position, position + seconds);
    position += seconds;
  }
  push_eos (h);

  while ((message = gst_bus_pop_filtered (bus, GST_MESSAGE_ELEMENT))) {
    const char *title = get_string (message, "title");
    double begin = get_uint64 (message, "timestamp") / 1e9;

    if (gst_message_has_name (message, "genreclassify")) {
      segments = g_list_append (segments, message);
      continue;
    }
    check_answer (message);
    check_segments (&segments, message);
    g_string_append_printf (tracks, "%s%s:%g-%g", tracks->len ? " " : "",
        title ? title : "-", begin,
        begin + get_uint64 (message, "duration") / 1e9);
    if (g_strcmp0 (get_string (message, "end"), "title"))
      g_string_append_printf (tracks, " %s", get_string (message, "end"));
    gst_message_unref (message);
  }
  fail_unless (segments == NULL, "a segment after its track");
  g_string_append_printf (
      tracks, ", %g s discarded", get_stat (h, "discarded"));
  fail_unless (!strcmp (tracks->str, expected), "%s makes %s, not %s", script,
      tracks->str, expected);
  g_string_free (tracks, TRUE);
  harness_free (h);
}

/* Another title is another track, from either scope, if title-starts-track says
 * so; the first one is of the track that it comes in. */
GST_START_TEST (test_titles)
{
  static const struct
  {
    const char *script, *expected;
  } cases[] = {
    { "A:4 B:4 A:4", "A:0-4 B:4-8 A:8-12 eos" },
    { "gA:4 gB:4 gA:4", "A:0-4 B:4-8 A:8-12 eos" },
    { "gA:4 B:4 gC:4", "A:0-4 B:4-8 C:8-12 eos" },
    { "A:4 gA:4 A:4", "A:0-12 eos" },
    { "-:4 A:4 -:4 A:4 B:4", "A:0-16 B:16-20 eos" },
    { "A:4 B:0 C:4", "A:0-4 C:4-8 eos" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *expected = g_strdup_printf (
        "%s, 0 s discarded", cases[i].expected);

    check_titles ("title-starts-track=true", cases[i].script, expected);
  }
  check_titles (NULL, "A:4 gB:4 A:0 C:4", "C:0-12 eos, 0 s discarded");
}

GST_END_TEST;

/* With min-track a title that stays for less is of the track around it. */
GST_START_TEST (test_slogans)
{
  static const struct
  {
    const char *script, *expected;
  } cases[] = {
    { "A:9 B:9", "A:0-9 B:9-18 eos, 0 s discarded" },
    { "A:9 S:3 A:9", "A:0-21 eos, 0 s discarded" },
    { "gA:9 gS:3 gA:9", "A:0-21 eos, 0 s discarded" },
    { "A:9 S:3 B:9", "A:0-12 B:12-21 eos, 0 s discarded" },
    { "S:3 A:9", "A:0-12 eos, 0 s discarded" },
    { "A:9 S:3", "A:0-12 eos, 0 s discarded" },
    { "S:3", "S:0-3 eos, 0 s discarded" },
    { "-:9 S:3 A:9", "A:0-21 eos, 0 s discarded" },
    { "A:9 S:3 T:3 A:9", "A:0-24 eos, 0 s discarded" },
    { "A:9 S:3 T:3 B:9", "A:0-15 B:15-24 eos, 0 s discarded" },
    { "S:3 A:9 S:3 A:9 S:3 B:9 S:3", "A:0-27 B:27-39 eos, 0 s discarded" },
    { "A:9 S:3 A:1 S:3 A:1 B:9", "A:0-17 B:17-26 eos, 0 s discarded" },
    { "A:9 B:3 C:9 B:9", "A:0-12 C:12-21 B:21-30 eos, 0 s discarded" },
    { "A:2 B:2 A:2 B:2 A:9", "A:0-17 eos, 0 s discarded" },
    /* a title that has stayed for just so long */
    { "A:6 B:6", "A:0-6 B:6-12 eos, 0 s discarded" },
    { "A:9 S:5.9 B:9", "A:0-14.9 B:14.9-23.9 eos, 0 s discarded" },
    /* a slogan shorter than min-window, within and before a title */
    { "A:10 S:0.5 A:10", "A:0-20.5 eos, 0 s discarded" },
    { "A:9 S:0.5 B:9", "A:0-9 B:9.5-18.5 eos, 0.5 s discarded" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    check_titles ("title-starts-track=true min-track=6000000000",
        cases[i].script, cases[i].expected);
}

GST_END_TEST;

/* A title's age is that of its audio: a seek does not make it older. */
GST_START_TEST (test_titles_and_seeks)
{
  GstHarness *h = harness_new_steered (
      3, "title-starts-track=true min-track=6000000000");
  GstMessage *message;

  push_stream (h, "radio", 1, 0);
  push_tags (h, GST_TAG_SCOPE_STREAM, GST_TAG_TITLE, "First", NULL);
  push_tone (h, TONE_CLASSICAL, 0, 9.5);
  for (guint i = 0; i < 3; i++)
    gst_message_unref (wait_answer (h, "genreclassify"));
  push_tags (h, GST_TAG_SCOPE_STREAM, GST_TAG_TITLE, "Slogan", NULL);
  push_tone (h, TONE_CLASSICAL, 9.5, 10.5);
  push_flush (h);
  push_segment (h, 100 * GST_SECOND, 0);
  push_tone (h, TONE_CLASSICAL, 100, 103);
  push_tags (h, GST_TAG_SCOPE_STREAM, GST_TAG_TITLE, "First", NULL);
  push_tone (h, TONE_CLASSICAL, 103, 106);
  push_eos (h);
  message = pop_answer (h, "genreclassify-track");
  fail_unless (message != NULL);
  fail_unless_equals_string (get_string (message, "title"), "First");
  fail_unless_equals_string (get_string (message, "end"), "eos");
  fail_unless_equals_uint64 (get_uint64 (message, "timestamp"), 0);
  gst_message_unref (message);
  fail_unless (pop_answer (h, "genreclassify-track") == NULL);
  harness_free (h);
}

GST_END_TEST;

static gboolean
answer_live (GstPad *pad, GstObject *parent, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) != GST_QUERY_LATENCY)
    return gst_pad_query_default (pad, parent, query);
  gst_query_set_latency (query, TRUE, 0, GST_CLOCK_TIME_NONE);
  return TRUE;
}

/* Holds up the thread that posts, while the gate is closed. */
static GstBusSyncReply
wait_at_gate (GstBus *bus, GstMessage *message, gpointer user_data)
{
  (void) bus;
  if (gst_message_has_name (message, "genreclassify")) {
    g_mutex_lock (user_data);
    g_mutex_unlock (user_data);
  }
  return GST_BUS_PASS;
}

/* Segments that were held while a title might have been another track's are not too
 * many at once, when it is none: nothing is dropped from a live stream. */
GST_START_TEST (test_held_live)
{
  GstHarness *h = harness_new_steered (
      3, "title-starts-track=true min-track=60000000000");
  g_autoptr (GstBus) bus = gst_element_get_bus (h->element);
  g_autoptr (GstStructure) stats = NULL;
  GMutex gate;
  guint64 dropped = 0;
  double position;
  guint n = 0;

  g_mutex_init (&gate);
  gst_bus_set_sync_handler (bus, wait_at_gate, &gate, NULL);
  gst_pad_set_query_function (h->srcpad, answer_live);
  push_tags (h, GST_TAG_SCOPE_STREAM, GST_TAG_TITLE, "First", NULL);
  push_tone (h, TONE_CLASSICAL, 0, 3.5);
  gst_message_unref (wait_answer (h, "genreclassify"));
  push_tags (h, GST_TAG_SCOPE_STREAM, GST_TAG_TITLE, "Slogan", NULL);
  push_tone (h, TONE_CLASSICAL, 3.5, 33.5);
  g_mutex_lock (&gate);
  push_tags (h, GST_TAG_SCOPE_STREAM, GST_TAG_TITLE, "First", NULL);
  push_tone (h, TONE_CLASSICAL, 33.5, 33.6);
  g_mutex_unlock (&gate);
  for (position = 33.6; n < 10 && position < 50; position += 0.1) {
    GstMessage *message;

    push_tone (h, TONE_CLASSICAL, position, position + 0.1);
    message = wait_answer (h, "genreclassify");
    fail_unless_equals_uint64 (get_uint64 (message, "segment"), ++n);
    gst_message_unref (message);
  }
  fail_unless_equals_int (n, 10);
  push_eos (h);
  gst_harness_get (h, "genreclassify", "stats", &stats, NULL);
  fail_unless (gst_structure_get_uint64 (stats, "dropped", &dropped));
  fail_unless_equals_uint64 (dropped, 0);
  gst_bus_set_sync_handler (bus, NULL, NULL, NULL);
  g_mutex_clear (&gate);
  harness_free (h);
}

GST_END_TEST;

/* A title stays, too, while packets of it are lost. */
GST_START_TEST (test_titles_and_holes)
{
  for (guint i = 0; i < 8; i++) {
    GstHarness *h = harness_new_steered (
        3, "title-starts-track=true min-track=6000000000 max-gap=10000000000");
    const double hole = 13 + i / 10.;
    GstMessage *message;

    push_stream (h, "radio", 1, 0);
    push_tags (h, GST_TAG_SCOPE_STREAM, GST_TAG_TITLE, "First", NULL);
    push_tone (h, TONE_CLASSICAL, 0, 9);
    push_tags (h, GST_TAG_SCOPE_STREAM, GST_TAG_TITLE, "Second", NULL);
    push_tone (h, TONE_CLASSICAL, 9, hole);
    push_tone (h, TONE_CLASSICAL, hole + 7, 24);
    push_eos (h);
    message = next_track (h, 3, "title");
    fail_unless_equals_string (get_string (message, "title"), "First");
    gst_message_unref (message);
    message = pop_answer (h, "genreclassify-track");
    fail_unless (message != NULL);
    fail_unless_equals_string (get_string (message, "title"), "Second");
    fail_unless_equals_uint64 (
        get_uint64 (message, "timestamp"), 9 * GST_SECOND);
    gst_message_unref (message);
    harness_free (h);
  }
}

GST_END_TEST;

/* The most segments that can be held back, of a title that has not stayed when the
 * stream ends, are not all in memory at once: 901 of 198 KB. */
static GstBusSyncReply
note_size (GstBus *bus, GstMessage *message, gpointer largest)
{
  (void) bus;
  (void) message;
  *(gsize *) largest = MAX (*(gsize *) largest, resident_size ());
  return GST_BUS_PASS;
}

GST_START_TEST (test_held_memory)
{
  GstHarness *h = harness_new_steered (
      30, "hop=100000000 title-starts-track=true min-track=100000000000");
  g_autoptr (GstBus) bus = gst_element_get_bus (h->element);
  gsize before, largest = 0;
  GstMessage *message;

  push_stream (h, "radio", 1, 0);
  push_tags (h, GST_TAG_SCOPE_STREAM, GST_TAG_TITLE, "First", NULL);
  push_tone (h, TONE_CLASSICAL, 0, 31);
  push_tags (h, GST_TAG_SCOPE_STREAM, GST_TAG_TITLE, "Second", NULL);
  push_tone (h, TONE_CLASSICAL, 31, 121);
  before = resident_size ();
  gst_bus_set_sync_handler (bus, note_size, &largest, NULL);
  push_eos (h);
  message = pop_answer (h, "genreclassify-track");
  fail_unless_equals_string (get_string (message, "title"), "First");
  gst_message_unref (message);
  fail_unless (largest > 0);
  if (!is_instrumented ())
    fail_unless (largest < before + 50000000,
        "%" G_GSIZE_FORMAT " bytes more in memory", largest - before);
  harness_free (h);
}

GST_END_TEST;

static Suite *
titles_suite (void)
{
  Suite *suite = suite_create ("titles");
  TCase *chain = tcase_create ("general");

  suite_add_tcase (suite, chain);
  tcase_set_timeout (chain, 120);
  tcase_add_test (chain, test_told_of_titles);
  tcase_add_test (chain, test_told_of_slogans);
  tcase_add_test (chain, test_titles);
  tcase_add_test (chain, test_slogans);
  tcase_add_test (chain, test_titles_and_seeks);
  tcase_add_test (chain, test_held_live);
  tcase_add_test (chain, test_titles_and_holes);
  tcase_add_test (chain, test_held_memory);
  return suite;
}

GST_CHECK_MAIN (titles);
