/* SPDX-License-Identifier: GPL-2.0-or-later */

/* GST_TAG_GENRE beside the tags of upstream. */

#include "support.h"

#include <gst/tag/tag.h>

/* The stream-scope tag events that came out since the last call; each list of
 * them belongs to the caller. */
static GList *
pull_tags (GstHarness *h)
{
  GList *lists = NULL;
  GstEvent *event;

  while ((event = gst_harness_try_pull_event (h))) {
    if (GST_EVENT_TYPE (event) == GST_EVENT_TAG) {
      GstTagList *list;

      gst_event_parse_tag (event, &list);
      if (gst_tag_list_get_scope (list) == GST_TAG_SCOPE_STREAM)
        lists = g_list_append (lists, gst_tag_list_ref (list));
    }
    gst_event_unref (event);
  }
  return lists;
}

static void
free_tags (GList *lists)
{
  g_list_free_full (lists, (GDestroyNotify) gst_tag_list_unref);
}

/* The first value of a tag in the last of the lists; free with g_free(). */
static char *
last_value (GList *lists, const char *tag)
{
  const char *value = NULL;

  if (lists)
    gst_tag_list_peek_string_index (g_list_last (lists)->data, tag, 0, &value);
  return g_strdup (value);
}

/* The spelling of the genre that the element has found. */
static void
check_is_ours (GstHarness *h, const char *genre)
{
  g_autofree char *label = NULL;
  g_autofree char *letters = g_ascii_strdown (genre, -1);
  char *out = letters;
  gboolean in_id3 = FALSE;

  for (guint i = 0; i < gst_tag_id3_genre_count (); i++)
    in_id3 |= !g_strcmp0 (gst_tag_id3_genre_get (i), genre);
  fail_unless (in_id3, "%s is not a genre of ID3", genre);
  for (const char *c = letters; *c; c++)
    if (g_ascii_isalnum (*c))
      *out++ = *c;
  *out = 0;
  gst_harness_get (h, "genreclassify", "genre", &label, NULL);
  fail_unless_equals_string (letters, label);
}

/* Upstream's tags stay when ours comes, ours stays when upstream sends others,
 * and all of them are there at the end. */
GST_START_TEST (test_merge)
{
  GstHarness *h = harness_new (3, "min-confidence=0");

  push_tags (h, GST_TAG_SCOPE_STREAM, GST_TAG_TITLE, "A title", NULL);
  free_tags (pull_tags (h));
  for (guint step = 0; step < 3; step++) {
    g_autofree char *title = NULL;
    g_autofree char *genre = NULL;
    g_autofree char *artist = NULL;
    GList *lists = NULL;
    guint64 n = 0;

    if (step == 0)
      /* until the queue's thread has answered */
      while (!(lists = pull_tags (h))) {
        push_until (h, n * RATE, (n + 1) * RATE);
        n++;
      }
    else if (step == 1)
      push_tags (h, GST_TAG_SCOPE_STREAM, GST_TAG_TITLE, "A title",
          GST_TAG_ARTIST, "An artist", NULL);
    else
      gst_harness_push_event (h, gst_event_new_eos ());
    if (!lists)
      lists = pull_tags (h);
    title = last_value (lists, GST_TAG_TITLE);
    artist = last_value (lists, GST_TAG_ARTIST);
    genre = last_value (lists, GST_TAG_GENRE);
    fail_unless_equals_string (title, "A title");
    fail_unless_equals_string (artist, step > 0 ? "An artist" : NULL);
    fail_unless (genre != NULL, "no genre in step %u", step);
    check_is_ours (h, genre);
    free_tags (lists);
  }
  harness_free (h);
}

GST_END_TEST;

/* Without any tags of upstream: one when the answer is known, one at the end,
 * none for an answer that stays. */
GST_START_TEST (test_only_on_change)
{
  GstHarness *h = harness_new (3, "min-confidence=0");
  GList *lists;

  /* the answer may come a little later: push until it is there */
  for (guint64 n = 0; n < 60; n++)
    push_until (h, n * RATE, (n + 1) * RATE);
  gst_harness_push_event (h, gst_event_new_eos ());
  lists = pull_tags (h);
  fail_unless (g_list_length (lists) >= 1);
  for (GList *l = lists; l && l->next && l->next->next; l = l->next)
    fail_unless (
        !gst_tag_list_is_equal (l->data, l->next->data), "the same tag twice");
  free_tags (lists);
  harness_free (h);
}

GST_END_TEST;

static void
check_mode (const char *mode, GstTagScope scope, gboolean ours)
{
  g_autofree char *properties = g_strdup_printf ("min-confidence=0 "
                                                 "tag-mode=%s",
      mode);
  GstHarness *h = harness_new (3, properties);
  g_autofree char *genre = NULL;
  GList *lists;

  push_tags (h, scope, GST_TAG_GENRE, "Polka", NULL);
  push_until (h, 0, 4 * RATE);
  gst_harness_push_event (h, gst_event_new_eos ());
  lists = pull_tags (h);
  genre = last_value (lists, GST_TAG_GENRE);
  if (ours) {
    check_is_ours (h, genre);
  } else {
    /* what upstream said for all streams is not said again for this one */
    fail_unless_equals_string (
        genre, scope == GST_TAG_SCOPE_STREAM ? "Polka" : NULL);
  }
  free_tags (lists);
  harness_free (h);
}

/* A human's genre is never overwritten unless that was asked for. */
GST_START_TEST (test_modes)
{
  check_mode ("keep", GST_TAG_SCOPE_STREAM, FALSE);
  check_mode ("keep", GST_TAG_SCOPE_GLOBAL, FALSE);
  check_mode ("keep-all", GST_TAG_SCOPE_STREAM, FALSE);
  check_mode ("replace", GST_TAG_SCOPE_STREAM, TRUE);
  check_mode ("prepend", GST_TAG_SCOPE_STREAM, TRUE);
}

GST_END_TEST;

GST_START_TEST (test_min_confidence)
{
  GstHarness *h = harness_new (3, "min-confidence=1");
  GList *lists;

  push_until (h, 0, 4 * RATE);
  gst_harness_push_event (h, gst_event_new_eos ());
  lists = pull_tags (h);
  fail_unless (lists == NULL);
  harness_free (h);

  h = harness_new (3, "min-confidence=0 post-tags=false");
  push_until (h, 0, 4 * RATE);
  gst_harness_push_event (h, gst_event_new_eos ());
  lists = pull_tags (h);
  fail_unless (lists == NULL);
  harness_free (h);
}

GST_END_TEST;

/* The first tags that come while steered music is pushed on from @position, a tenth
 * of a second. */
static GList *
wait_tags (GstHarness *h, Tone tone, guint *position)
{
  GList *lists;

  while (!(lists = pull_tags (h))) {
    fail_unless (*position < 2000, "no tag");
    push_tone (h, tone, *position / 10.0, (*position + 1) / 10.0);
    ++*position;
  }
  return lists;
}

/* The genre that stands in the last list beside upstream's title. */
static void
check_last (GList *lists, const char *genre)
{
  g_autofree char *title = last_value (lists, GST_TAG_TITLE);
  g_autofree char *last = last_value (lists, GST_TAG_GENRE);

  fail_unless_equals_string (title, "A title");
  fail_unless_equals_string (last, genre);
  free_tags (lists);
}

/* With steered music, and a title of upstream's that has come out. */
static GstHarness *
start_titled (const char *properties)
{
  GstHarness *h = harness_new (3, properties);

  push_tags (h, GST_TAG_SCOPE_STREAM, GST_TAG_TITLE, "A title", NULL);
  free_tags (pull_tags (h));
  return h;
}

/* Another min-confidence takes the tag of the answer that stands back, and gives it
 * again, with the next buffer. */
GST_START_TEST (test_min_confidence_while_playing)
{
  GstHarness *h = start_titled ("model=steered min-confidence=0");
  guint position = 0;

  check_last (wait_tags (h, TONE_HIPHOP, &position), "Hip-Hop");
  for (guint i = 0; i < 3; i++) {
    GList *lists;

    gst_harness_set (h, "genreclassify", "min-confidence", 1.0, NULL);
    push_tone (h, TONE_HIPHOP, position / 10.0, (position + 1) / 10.0);
    lists = pull_tags (h);
    fail_unless (lists != NULL, "the tag was not taken back");
    check_last (lists, NULL);
    gst_harness_set (h, "genreclassify", "min-confidence", 0.1 * i, NULL);
    push_tone (h, TONE_HIPHOP, (position + 1) / 10.0, (position + 2) / 10.0);
    lists = pull_tags (h);
    fail_unless (lists != NULL, "the tag was not given again");
    check_last (lists, "Hip-Hop");
    position += 2;
  }
  harness_free (h);
}

GST_END_TEST;

/* A seek leaves the tag as it is, also for what upstream sends after it, until
 * another answer comes. */
GST_START_TEST (test_kept_over_seek)
{
  GstHarness *h = start_titled (
      "model=steered min-confidence=0 memory=3000000000");
  guint position = 0;
  GList *lists;

  check_last (wait_tags (h, TONE_HIPHOP, &position), "Hip-Hop");
  push_flush (h);
  push_segment (h, 0, 0);
  push_tone (h, TONE_CLASSICAL, 0, 1);
  lists = pull_tags (h);
  if (lists) /* said again, it is not another one */
    check_last (lists, "Hip-Hop");
  push_tags (h, GST_TAG_SCOPE_STREAM, GST_TAG_TITLE, "A title", NULL);
  lists = pull_tags (h);
  fail_unless (lists != NULL);
  check_last (lists, "Hip-Hop");
  position = 10;
  check_last (wait_tags (h, TONE_CLASSICAL, &position), "Classical");
  harness_free (h);
}

GST_END_TEST;

/* The tag follows memory: another genre, and none when nothing is remembered. */
GST_START_TEST (test_memory)
{
  GstHarness *h = start_titled (
      "model=steered min-confidence=0.5 memory=3000000000");
  guint position = 0;

  check_last (wait_tags (h, TONE_HIPHOP, &position), "Hip-Hop");
  position = 60; /* at the next window's begin */
  push_tone (h, TONE_HIPHOP, 3.1, 6);
  free_tags (pull_tags (h));
  check_last (wait_tags (h, TONE_CLASSICAL, &position), "Classical");
  check_last (wait_tags (h, TONE_NO_MUSIC, &position), NULL);
  harness_free (h);
}

GST_END_TEST;

/* Ours comes with upstream's next tags where it had to give way to a genre before, and
 * not once more with the answer after that. */
GST_START_TEST (test_after_keeping)
{
  GstHarness *h = harness_new (3, "model=steered min-confidence=0");
  GList *lists;

  push_tags (h, GST_TAG_SCOPE_STREAM, GST_TAG_GENRE, "Polka", NULL);
  free_tags (pull_tags (h));
  push_tone (h, TONE_HIPHOP, 0, 4);
  gst_message_unref (wait_answer (h, "genreclassify"));
  lists = pull_tags (h);
  fail_unless (lists == NULL);
  push_tags (h, GST_TAG_SCOPE_STREAM, GST_TAG_TITLE, "A title", NULL);
  check_last (pull_tags (h), "Hip-Hop");
  push_tone (h, TONE_HIPHOP, 4, 7);
  gst_message_unref (wait_answer (h, "genreclassify"));
  push_tone (h, TONE_HIPHOP, 7, 7.1);
  lists = pull_tags (h);
  fail_unless (lists == NULL, "the same tag twice");
  harness_free (h);
}

GST_END_TEST;

/* An interim answer has a tag, what is no music has none. */
GST_START_TEST (test_interim)
{
  GstHarness *h = start_titled ("model=steered min-confidence=0.5 "
                                "min-window=1000000000 "
                                "interim-interval=1000000000");
  guint position = 0;

  check_last (wait_tags (h, TONE_CLASSICAL, &position), "Classical");
  harness_free (h);

  h = start_titled ("model=steered min-confidence=0");
  push_tone (h, TONE_NO_MUSIC, 0, 6);
  push_eos (h);
  for (GList *lists = pull_tags (h), *l = lists; l; l = l->next) {
    fail_unless (gst_tag_list_get_tag_size (l->data, GST_TAG_GENRE) == 0);
    if (!l->next)
      free_tags (lists);
  }
  harness_free (h);
}

GST_END_TEST;

/* The last tag stands before EOS, and the first before the buffer after it. */
GST_START_TEST (test_before_eos)
{
  GstHarness *h = harness_new (3, "min-confidence=0");
  gboolean seen_tag = FALSE, seen_eos = FALSE;
  GstEvent *event;

  push_until (h, 0, 3 * RATE);
  gst_harness_push_event (h, gst_event_new_eos ());
  while ((event = gst_harness_try_pull_event (h))) {
    if (GST_EVENT_TYPE (event) == GST_EVENT_TAG) {
      fail_unless (!seen_eos, "a tag after EOS");
      seen_tag = TRUE;
    }
    seen_eos |= GST_EVENT_TYPE (event) == GST_EVENT_EOS;
    gst_event_unref (event);
  }
  fail_unless (seen_tag && seen_eos);
  harness_free (h);
}

GST_END_TEST;

static Suite *
tags_suite (void)
{
  Suite *suite = suite_create ("tags");
  TCase *chain = tcase_create ("general");

  suite_add_tcase (suite, chain);
  tcase_set_timeout (chain, 120);
  tcase_add_test (chain, test_merge);
  tcase_add_test (chain, test_only_on_change);
  tcase_add_test (chain, test_modes);
  tcase_add_test (chain, test_min_confidence);
  tcase_add_test (chain, test_min_confidence_while_playing);
  tcase_add_test (chain, test_kept_over_seek);
  tcase_add_test (chain, test_memory);
  tcase_add_test (chain, test_after_keeping);
  tcase_add_test (chain, test_interim);
  tcase_add_test (chain, test_before_eos);
  return suite;
}

GST_CHECK_MAIN (tags);
