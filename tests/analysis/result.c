/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A Result as JSON: what is read back, and what a worker that was taken over by its
 * file may not do to the process that reads it. */

#include <string.h>

#include "analysis/result.h"

static void
test_deep (void)
{
  static const char *const begins[] = { "", "{\"file\":", "/*\"*/", "'\"'" };

  for (guint i = 0; i < G_N_ELEMENTS (begins); i++) {
    g_autofree char *levels = g_strnfill (1000000, '[');
    g_autofree char *json = g_strconcat (begins[i], levels, NULL);
    g_autoptr (GError) error = NULL;

    g_assert_null (result_from_json (json, &error));
    g_assert_nonnull (error);
  }
}

/* A name may have any number of brackets. */
static void
test_brackets (void)
{
  g_autofree char *name = g_strnfill (1000, '[');
  g_autoptr (Result) result = result_new_error (name, REASON_INTERNAL, "\\\"{");
  g_autofree char *json = result_to_json (result, RESULT_ALL);
  g_autoptr (Result) same = result_from_json (json, NULL);

  g_assert_nonnull (same);
  g_assert_cmpstr (same->name, ==, name);
  g_assert_cmpstr (same->error, ==, "\\\"{");
}

/* One line stays one, whatever a program takes for the end of a line. */
static void
test_line_ends (void)
{
  const char *name = "a\nb\xc2\x85 \xe2\x80\xa8 \xe2\x80\xa9 \xc3\xa4";
  g_autoptr (Result) result = result_new_error (name, REASON_INTERNAL, "");
  g_autofree char *json = result_to_json (result, RESULT_ALL);
  g_autoptr (Result) same = result_from_json (json, NULL);

  g_assert_nonnull (strstr (json, "\"a\\nb\\u0085 \\u2028 \\u2029 \xc3\xa4\""));
  g_assert_cmpstr (same->name, ==, name);
}

/* The tags and the album are read back; what an earlier version has written has
 * neither. */
static void
test_album (void)
{
  static const char json[] =
      "{\"file\":\"x\",\"model\":\"m 1\",\"genre\":null,\"confidence\":0,"
      "\"probabilities\":null,\"silent\":true,\"duration\":1,\"tag\":null,"
      "%s\"error\":null,\"error_code\":null,\"retryable\":false,"
      "\"skipped\":false%s}";
  g_autofree char *new_json = g_strdup_printf (json,
      "\"artist\":\"A\",\"album\":null,\"album_artist\":\"B\","
      "\"compilation\":true,",
      ",\"group\":{\"id\":\"1\",\"name\":\"C\",\"artist\":null,\"tracks\":2,"
      "\"compilation\":false,\"genre\":\"b\",\"confidence\":0.75,"
      "\"probabilities\":{\"a\":0.25,\"b\":0.75}}");
  g_autofree char *old_json = g_strdup_printf (json, "", "");
  g_autoptr (Result) new_result = result_from_json (new_json, NULL);
  g_autoptr (Result) old_result = result_from_json (old_json, NULL);
  g_autofree char *written = NULL;

  g_assert_nonnull (new_result);
  g_assert_true (new_result->has_tags);
  g_assert_cmpfloat (result_get_confidence (new_result), ==, 0);
  g_assert_cmpfloat (result_get_answer_confidence (new_result), ==, 0.75);
  /* the order of the members is another one */
  written = result_to_json (new_result, 0);
  g_assert_nonnull (strstr (written, strstr (new_json, "\"group\"")));
  g_assert_nonnull (strstr (written, "\"album_artist\":\"B\""));
  g_assert_nonnull (old_result);
  g_assert_false (old_result->has_tags);
  g_assert_null (old_result->group);
}

/* What is not music has probabilities, but no genre; what an earlier version has
 * written is music. */
static void
test_music (void)
{
  static const char json[] =
      "{\"file\":\"x\",\"model\":\"m 1\","
      "\"probabilities\":{\"a\":0.25,\"b\":0.75},\"silent\":false,%s"
      "\"duration\":2,\"tag\":null,\"error\":null,\"skipped\":false,"
      "\"segments\":[{\"start\":0,\"duration\":2,"
      "\"probabilities\":{\"a\":0.25,\"b\":0.75},\"silent\":false%s}]}";
  static const struct
  {
    const char *music;
    double value; /* -1: refused */
    int best;
  } cases[] = { { "", 1, 1 }, { "\"music\":0.5", 0.5, 1 },
    { "\"music\":0.49", 0.49, -1 }, { "\"music\":0", 0, -1 },
    { "\"music\":1.5", -1, 0 }, { "\"music\":-0.5", -1, 0 },
    { "\"music\":null", -1, 0 } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *before = g_strconcat (
        *cases[i].music ? "," : "", cases[i].music, NULL);
    g_autofree char *after = g_strconcat (
        cases[i].music, *cases[i].music ? "," : "", NULL);
    g_autofree char *text = g_strdup_printf (json, after, before);
    g_autoptr (Result) result = result_from_json (text, NULL), same = NULL;
    g_autofree char *written = NULL;
    const ResultSegment *segment;

    if (cases[i].value < 0) {
      g_assert_null (result);
      continue;
    }
    written = result_to_json (result, RESULT_ALL);
    same = result_from_json (written, NULL);
    segment = &g_array_index (same->segments, ResultSegment, 0);
    g_assert_cmpfloat (same->music, ==, cases[i].value);
    g_assert_cmpfloat (segment->music, ==, cases[i].value);
    g_assert_cmpfloat (segment->probabilities[1], ==, 0.75);
    g_assert_cmpint (result_get_best (same), ==, cases[i].best);
    g_assert_cmpint (result_get_answer (same) != NULL, ==, cases[i].best >= 0);
    g_assert_cmpfloat (
        result_get_confidence (same), ==, cases[i].best < 0 ? 0 : 0.75);
    g_assert_cmpint (
        strstr (written, "\"genre\":\"b\",") == NULL, ==, cases[i].best < 0);
  }
}

/* An embedding is read back if it was asked for; what is none is refused. */
static void
test_embedding (void)
{
  static const struct
  {
    const char *text;
    guint n; /* G_MAXUINT: refused */
  } cases[] = { { "null", 0 }, { "[0.6,-0.8]", 2 }, { "[1]", 1 },
    { "[]", G_MAXUINT }, { "[0.6,null]", G_MAXUINT },
    { "[0.6,\"x\"]", G_MAXUINT }, { "[1e30]", G_MAXUINT },
    { "[1e999]", G_MAXUINT }, { "0.6", G_MAXUINT }, { "{}", G_MAXUINT } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *text = g_strdup_printf (
        "{\"file\":\"x\",\"model\":\"m 1\",\"probabilities\":null,"
        "\"silent\":true,\"duration\":2,\"tag\":null,\"error\":null,"
        "\"skipped\":false,\"embedding\":%s}",
        cases[i].text);
    g_autoptr (Result) result = result_from_json (text, NULL), same = NULL;
    g_autofree char *with = NULL, *without = NULL;

    g_assert_cmpint (result == NULL, ==, cases[i].n == G_MAXUINT);
    if (!result)
      continue;
    with = result_to_json (result, RESULT_EMBEDDING);
    without = result_to_json (result, RESULT_SEGMENTS);
    g_assert_null (strstr (without, "embedding"));
    same = result_from_json (with, NULL);
    g_assert_cmpuint (same->n_embedding, ==, cases[i].n);
    g_assert_cmpint (same->embedding != NULL, ==, cases[i].n > 0);
    if (cases[i].n == 2)
      g_assert_cmpfloat (same->embedding[1], ==, -0.8f);
  }
}

/* So are the model's tags. */
static void
test_tags (void)
{
  static const struct
  {
    const char *text;
    double second; /* -1: none; -2: refused */
  } cases[] = { { "null", -1 }, { "{\"a\":1,\"b\":0.25}", 0.25 }, { "{}", -2 },
    { "{\"a\":1,\"b\":1e999}", -2 }, { "{\"a\":1,\"b\":-0.5}", -2 },
    { "{\"a\":1,\"b\":\"x\"}", -2 }, { "\"a\"", -2 }, { "[1]", -2 } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *text = g_strdup_printf (
        "{\"file\":\"x\",\"model\":\"m 1\",\"probabilities\":null,"
        "\"silent\":true,\"duration\":2,\"tag\":null,\"error\":null,"
        "\"skipped\":false,\"tags\":%s}",
        cases[i].text);
    g_autoptr (Result) result = result_from_json (text, NULL), same = NULL;
    g_autofree char *with = NULL, *without = NULL;

    g_assert_cmpint (result == NULL, ==, cases[i].second == -2);
    if (!result)
      continue;
    with = result_to_json (result, RESULT_TAGS);
    without = result_to_json (result, RESULT_SEGMENTS);
    g_assert_null (strstr (without, "\"tags\""));
    same = result_from_json (with, NULL);
    g_assert_cmpint (same->tags == NULL, ==, cases[i].second < 0);
    if (same->tags) {
      g_assert_cmpstr (same->tag_labels[1], ==, "b");
      g_assert_cmpfloat (same->tags[1], ==, cases[i].second);
    }
  }
}

/* Each code is read back, and says whether another attempt may succeed. */
static void
test_reasons (void)
{
  for (Reason reason = REASON_NONE + 1; reason < N_REASONS; reason++) {
    g_autoptr (Result) result = result_new_error ("x", reason, "It is so.");
    g_autofree char *json = result_to_json (result, 0);
    g_autofree char *code = g_strdup_printf (
        "\"error_code\":\"%s\",\"retryable\":%s,", reason_to_code (reason),
        reason_is_retryable (reason) ? "true" : "false");
    g_autoptr (Result) same = result_from_json (json, NULL);

    g_assert_nonnull (strstr (json, code));
    g_assert_cmpint (same->reason, ==, reason);
    g_assert_false (result_is_skipped (same));
  }
}

/* The codes of other versions. */
static void
test_other_codes (void)
{
  static const struct
  {
    const char *members;
    Reason reason;
    gboolean skipped;
  } cases[] = {
    { "\"error\":null,\"skipped\":false", REASON_NONE, FALSE },
    { "\"error\":\"-\",\"skipped\":true", REASON_NOT_AUDIO, TRUE },
    { "\"error\":\"-\",\"skipped\":false", REASON_INTERNAL, FALSE },
    { "\"error\":\"-\",\"error_code\":\"of-tomorrow\",\"skipped\":false",
        REASON_INTERNAL, FALSE },
    { "\"error\":\"-\",\"error_code\":\"no-audio-stream\",\"skipped\":true",
        REASON_NO_AUDIO_STREAM, TRUE },
    { "\"error\":\"-\",\"error_code\":\"too-short\",\"skipped\":true",
        REASON_TOO_SHORT, TRUE },
    { "\"error\":\"-\",\"error_code\":\"too-short\",\"skipped\":false",
        REASON_TOO_SHORT, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *json = g_strdup_printf (
        "{\"file\":\"x\",\"model\":null,\"probabilities\":null,"
        "\"duration\":0,\"tag\":null,%s}",
        cases[i].members);
    g_autoptr (Result) result = result_from_json (json, NULL);

    g_assert_nonnull (result);
    g_assert_cmpint (result->reason, ==, cases[i].reason);
    g_assert_cmpint (result_is_skipped (result), ==, cases[i].skipped);
  }
}

static void
test_domain (void)
{
  g_autoptr (GError)
      error = g_error_new (ANALYSIS_ERROR, REASON_TOO_SHORT, "-");
  g_autoptr (GError) other = g_error_new (G_FILE_ERROR, 1, "-");

  g_assert_cmpstr (
      g_quark_to_string (ANALYSIS_ERROR), ==, "analysis-error-quark");
  g_assert_cmpint (
      reason_from_error (error, REASON_INTERNAL), ==, REASON_TOO_SHORT);
  g_assert_cmpint (
      reason_from_error (other, REASON_TIMEOUT), ==, REASON_TIMEOUT);
  g_assert_cmpint (reason_from_error (NULL, REASON_NONE), ==, REASON_NONE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/result/deep", test_deep);
  g_test_add_func ("/result/brackets", test_brackets);
  g_test_add_func ("/result/line-ends", test_line_ends);
  g_test_add_func ("/result/album", test_album);
  g_test_add_func ("/result/music", test_music);
  g_test_add_func ("/result/embedding", test_embedding);
  g_test_add_func ("/result/tags", test_tags);
  g_test_add_func ("/result/reasons", test_reasons);
  g_test_add_func ("/result/other-codes", test_other_codes);
  g_test_add_func ("/result/domain", test_domain);
  return g_test_run ();
}
