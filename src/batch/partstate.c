/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "partstate.h"

#include <math.h>

#include <json-glib/json-glib.h>

#include "analysis/jsontext.h"
#include "jsondepth.h"
#include "partfiles.h"

/* Each count of a state once. */
static const struct
{
  const char *name;
  glong offset;
} counters[] = {
  { "classified", G_STRUCT_OFFSET (PartCounts, classified) },
  { "silent", G_STRUCT_OFFSET (PartCounts, silent) },
  { "not_music", G_STRUCT_OFFSET (PartCounts, not_music) },
  { "skipped", G_STRUCT_OFFSET (PartCounts, skipped) },
  { "failed", G_STRUCT_OFFSET (PartCounts, failed) },
};

guint64
part_counts_sum (const PartCounts *counts)
{
  return counts->classified + counts->silent + counts->not_music +
      counts->skipped + counts->failed;
}

void
part_state_save (const PartState *state, const Plan *plan, guint part)
{
  g_autofree char *path = plan_make_path (plan, "parts", part, PART_STATE);
  g_autoptr (GString) json = g_string_new ("{\"host\":");

  json_append_string (json, state->host);
  g_string_append (json, ",\"error\":");
  json_append_string (json, state->error);
  g_string_append_printf (json,
      ",\"started\":%" G_GINT64_FORMAT ",\"updated\":%" G_GINT64_FORMAT
      ",\"rate\":",
      state->started, state->updated);
  json_append_number (json, "%.6g", state->rate);
  for (guint i = 0; i < G_N_ELEMENTS (counters); i++)
    g_string_append_printf (json, ",\"%s\":%" G_GUINT64_FORMAT,
        counters[i].name,
        *(const guint64 *) G_STRUCT_MEMBER_P (
            &state->counts, counters[i].offset));
  g_string_append (json, "}\n");
  (void) g_file_set_contents_full (
      path, json->str, json->len, G_FILE_SET_CONTENTS_CONSISTENT, 0666, NULL);
}

/* 0 for what is no number from 0. */
static double
get_number (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);
  double value = node && JSON_NODE_HOLDS_VALUE (node)
      ? json_node_get_double (node)
      : 0;

  return value >= 0 && value < 1e15 ? value : 0;
}

static char *
get_string (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node && JSON_NODE_HOLDS_VALUE (node) ? json_node_dup_string (node)
                                              : NULL;
}

gboolean
part_state_load (PartState *state, const Plan *plan, guint part)
{
  g_autofree char *path = plan_make_path (plan, "parts", part, PART_STATE);
  g_autofree char *json = NULL;
  g_autoptr (JsonNode) node = NULL;
  JsonObject *object;

  *state = (PartState){ 0 };
  if (!g_file_get_contents (path, &json, NULL, NULL) ||
      !json_has_bounded_depth (json, 1) ||
      !(node = json_from_string (json, NULL)) || !JSON_NODE_HOLDS_OBJECT (node))
    return FALSE;
  object = json_node_get_object (node);
  state->host = get_string (object, "host");
  state->error = get_string (object, "error");
  state->started = get_number (object, "started");
  state->updated = get_number (object, "updated");
  state->rate = get_number (object, "rate");
  for (guint i = 0; i < G_N_ELEMENTS (counters); i++)
    *(guint64 *) G_STRUCT_MEMBER_P (&state->counts,
        counters[i].offset) = get_number (object, counters[i].name);
  return TRUE;
}

void
part_state_clear (PartState *state)
{
  g_free (state->host);
  g_free (state->error);
}
