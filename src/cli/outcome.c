/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "outcome.h"

#include <string.h>

#include <json-glib/json-glib.h>

#include "jsondepth.h"

void
outcome_clear (Outcome *outcome)
{
  g_clear_pointer (&outcome->result, result_free);
  tag_change_clear (&outcome->change);
  g_clear_pointer (&outcome->write_error, g_free);
}

OutcomeKind
outcome_get_kind (const Outcome *outcome)
{
  const Result *result = outcome->result;

  if (result_is_skipped (result))
    return OUTCOME_SKIPPED;
  if (result->error || (outcome->write_error && !outcome->write_skipped))
    return OUTCOME_FAILED;
  if (!result->probabilities)
    return OUTCOME_SILENT;
  return result_get_best (result) < 0 ? OUTCOME_NOT_MUSIC : OUTCOME_CLASSIFIED;
}

static void
set_string (JsonObject *object, const char *key, const char *string)
{
  g_autofree char *valid = string ? g_utf8_make_valid (string, -1) : NULL;

  if (valid)
    json_object_set_string_member (object, key, valid);
  else
    json_object_set_null_member (object, key);
}

char *
outcome_change_to_json (const Outcome *outcome)
{
  g_autoptr (JsonObject) object = json_object_new ();
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);

  json_object_set_boolean_member (object, "written", outcome->change.written);
  set_string (object, "old", outcome->change.old_genre);
  set_string (object, "new", outcome->change.new_genre);
  set_string (object, "note", outcome->change.note);
  set_string (object, "error", outcome->write_error);
  set_string (object, "error_code", reason_to_code (outcome->write_reason));
  json_object_set_boolean_member (
      object, "retryable", reason_is_retryable (outcome->write_reason));
  json_object_set_boolean_member (object, "skipped", outcome->write_skipped);
  json_node_set_object (node, object);
  return json_to_string (node, FALSE);
}

static char *
take_string (JsonObject *object, const char *key)
{
  return g_strdup (
      json_object_get_string_member_with_default (object, key, NULL));
}

gboolean
outcome_take_change (Outcome *outcome, const char *json)
{
  /* it may come from a worker that its file has taken over */
  g_autoptr (JsonNode) node = json_has_bounded_depth (json, 1)
      ? json_from_string (json, NULL)
      : NULL;
  JsonObject *object;

  if (!node || !JSON_NODE_HOLDS_OBJECT (node))
    return FALSE;
  object = json_node_get_object (node);
  outcome->has_change = TRUE;
  outcome->change.written = json_object_get_boolean_member_with_default (
      object, "written", FALSE);
  outcome->change.old_genre = take_string (object, "old");
  outcome->change.new_genre = take_string (object, "new");
  outcome->change.note = take_string (object, "note");
  outcome->write_error = take_string (object, "error");
  outcome->write_reason = reason_from_code (
      json_object_get_string_member_with_default (object, "error_code", NULL));
  return TRUE;
}

char *
outcome_to_json (const Outcome *outcome, ResultParts parts)
{
  g_autofree char *result = result_to_json (outcome->result, parts);
  g_autofree char *change = NULL;

  if (!outcome->has_change)
    return g_steal_pointer (&result);
  change = outcome_change_to_json (outcome);
  result[strlen (result) - 1] = '\0';
  return g_strconcat (result, ",\"write\":", change, "}", NULL);
}
