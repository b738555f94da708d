/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Which status and code a client gets: both are part of the interface. */

#include "web/weberror.h"

#include <json-glib/json-glib.h>

#include "web/spoolfile.h"

static void
test_reasons (void)
{
  static const struct
  {
    Reason reason;
    guint status;
    const char *code;
    gboolean retryable;
  } cases[] = {
    { REASON_NOT_FOUND, 422, "not-found", FALSE },
    { REASON_UNREADABLE, 422, "unreadable", FALSE },
    { REASON_UNREACHABLE, 422, "unreachable", TRUE },
    { REASON_NOT_AUDIO, 415, "not-audio", FALSE },
    { REASON_NO_AUDIO_STREAM, 415, "no-audio-stream", FALSE },
    { REASON_TOO_SHORT, 422, "too-short", FALSE },
    { REASON_LOW_RATE, 422, "low-rate", FALSE },
    { REASON_NO_NUMBERS, 422, "no-numbers", FALSE },
    { REASON_TOO_MUCH_WORK, 422, "too-much-work", FALSE },
    { REASON_OUT_OF_MEMORY, 422, "out-of-memory", FALSE },
    { REASON_OVERTAKEN, 503, "overtaken", TRUE },
    { REASON_DECODER_MISSING, 415, "decoder-missing", FALSE },
    { REASON_DECODER_FAILED, 422, "decoder-failed", FALSE },
    { REASON_DECODER_CRASHED, 422, "decoder-crashed", FALSE },
    { REASON_TIMEOUT, 504, "timeout", TRUE },
    { REASON_BAD_MODEL, 500, "bad-model", FALSE },
    { REASON_PLUGIN_MISSING, 500, "plugin-missing", FALSE },
    { REASON_INTERNAL, 500, "internal", TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    WebError error = web_error_from_reason (cases[i].reason);

    g_assert_cmpuint (error.status, ==, cases[i].status);
    g_assert_cmpstr (error.code, ==, cases[i].code);
    g_assert_cmpint (error.retryable, ==, cases[i].retryable);
  }
}

static void
test_all_have_codes (void)
{
  for (Reason reason = REASON_NONE + 1; reason < N_REASONS; reason++)
    g_assert_nonnull (web_error_from_reason (reason).code);
  for (WebErrorKind kind = 0; kind < N_WEB_ERRORS; kind++) {
    WebError error = web_error_get (kind);

    g_assert_nonnull (error.code);
    g_assert_cmpuint (error.status, >=, 400);
    g_assert_cmpuint (error.status, <, 600);
    for (const char *p = error.code; *p; p++)
      g_assert_true (*p == '-' || g_ascii_islower (*p));
  }
}

static void
test_json (void)
{
  g_autofree char *json = web_error_to_json (
      web_error_get (WEB_ERROR_BUSY), "\"Later\",\nplease.", "12ab");
  g_autoptr (JsonNode) root = json_from_string (json, NULL);
  JsonObject *error;

  g_assert_nonnull (root);
  g_assert_null (strchr (json, '\n')); /* it may be an event */
  error = json_object_get_object_member (json_node_get_object (root), "error");
  g_assert_cmpstr (json_object_get_string_member (error, "code"), ==, "busy");
  g_assert_cmpstr (json_object_get_string_member (error, "message"), ==,
      "\"Later\",\nplease.");
  g_assert_cmpstr (
      json_object_get_string_member (error, "request_id"), ==, "12ab");
  g_assert_true (json_object_get_boolean_member (error, "retryable"));
}

/* A formatter of C could put spaces around its hyphens. */
static void
test_domain (void)
{
  g_assert_cmpstr (g_quark_to_string (SPOOL_FILE_ERROR), ==,
      "genreclassify-spool-file-error-quark");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/weberror/reasons", test_reasons);
  g_test_add_func ("/weberror/all-have-codes", test_all_have_codes);
  g_test_add_func ("/weberror/json", test_json);
  g_test_add_func ("/weberror/domain", test_domain);
  return g_test_run ();
}
