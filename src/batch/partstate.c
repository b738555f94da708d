/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "partstate.h"

#include <stdio.h>
#include <unistd.h>

#include <json-glib/json-glib.h>

#include "analysis/jsontext.h"
#include "jsondepth.h"
#include "partfiles.h"

static const char *const counters[N_OUTCOMES] = {
  [OUTCOME_CLASSIFIED] = "classified",
  [OUTCOME_SILENT] = "silent",
  [OUTCOME_NOT_MUSIC] = "not_music",
  [OUTCOME_SKIPPED] = "skipped",
  [OUTCOME_FAILED] = "failed",
};

guint64
part_state_sum (const PartState *state)
{
  guint64 sum = 0;

  for (guint i = 0; i < N_OUTCOMES; i++)
    sum += state->n[i];
  return sum;
}

static char *
print (const PartState *state)
{
  GString *json = g_string_new ("{\"host\":");

  json_append_string (json, state->host);
  g_string_append (json, ",\"error\":");
  json_append_string (json, state->error);
  g_string_append_printf (json,
      ",\"started\":%" G_GINT64_FORMAT ",\"updated\":%" G_GINT64_FORMAT
      ",\"rate\":",
      state->started, state->updated);
  json_append_number (json, "%.6g", state->rate);
  g_string_append_printf (json, ",\"status\":%d", state->status);
  for (guint i = 0; i < N_OUTCOMES; i++)
    g_string_append_printf (
        json, ",\"%s\":%" G_GUINT64_FORMAT, counters[i], state->n[i]);
  g_string_append (json, "}\n");
  return g_string_free (json, FALSE);
}

/* Without waiting for the disk: a thousand parts do this all the time, and what a power
 * cut leaves of it is no matter. */
void
part_state_save (const PartState *state, const Plan *plan, guint part)
{
  g_autofree char *path = plan_make_path (plan, "parts", part, PART_STATE);
  g_autofree char *unfinished = part_make_unfinished (plan, part, PART_STATE);
  g_autofree char *json = print (state);
  FILE *file = fopen (unfinished, "we");
  gboolean ok;

  if (!file)
    return;
  ok = fputs (json, file) >= 0;
  ok = fclose (file) == 0 && ok;
  if (!ok || rename (unfinished, path) < 0)
    (void) unlink (unfinished);
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
  state->status = get_number (object, "status") > 0;
  for (guint i = 0; i < N_OUTCOMES; i++)
    state->n[i] = get_number (object, counters[i]);
  return TRUE;
}

void
part_state_clear (PartState *state)
{
  g_free (state->host);
  g_free (state->error);
}
