/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "result.h"

#include <math.h>
#include <string.h>

#include <json-glib/json-glib.h>

#include "filename.h"

#define NS 1e9
/* of JSON; a result has 3 levels */
#define MAX_DEPTH 16

static void
clear_segment (gpointer data)
{
  g_free (((ResultSegment *) data)->probabilities);
}

Result *
result_new (const char *name)
{
  Result *result = g_new0 (Result, 1);

  result->name = g_strdup (name);
  result->segments = g_array_new (FALSE, TRUE, sizeof (ResultSegment));
  g_array_set_clear_func (result->segments, clear_segment);
  return result;
}

Result *
result_new_error (const char *name, const char *error)
{
  Result *result = result_new (name);

  result->error = g_strdup (error);
  return result;
}

void
result_free (Result *result)
{
  if (!result)
    return;
  g_free (result->name);
  g_free (result->model);
  g_strfreev (result->labels);
  g_free (result->probabilities);
  g_array_unref (result->segments);
  g_free (result->old_genre);
  g_free (result->error);
  g_free (result);
}

static guint
n_labels (const Result *result)
{
  return result->labels ? g_strv_length (result->labels) : 0;
}

void
result_rank (const double *probabilities, guint n_all, guint *order, guint n)
{
  guint n_ranked = 0;

  /* insertion into the n best so far; the first of equals stays first */
  for (guint i = 0; i < n_all; i++) {
    guint at = n_ranked;

    while (at > 0 && probabilities[i] > probabilities[order[at - 1]])
      at--;
    if (at == n)
      continue;
    n_ranked = MIN (n_ranked + 1, n);
    memmove (order + at + 1, order + at, (n_ranked - at - 1) * sizeof (guint));
    order[at] = i;
  }
}

static int
get_best (const double *probabilities, guint n)
{
  guint best;

  if (!probabilities || n == 0)
    return -1;
  result_rank (probabilities, n, &best, 1);
  return best;
}

int
result_get_best (const Result *result)
{
  return get_best (result->probabilities, n_labels (result));
}

double
result_get_confidence (const Result *result)
{
  int best = result_get_best (result);

  return best < 0 ? 0 : result->probabilities[best];
}

/* Writing */

static void
append_string (GString *json, const char *string)
{
  g_autofree char *valid = NULL;

  if (!string) {
    g_string_append (json, "null");
    return;
  }
  valid = g_utf8_make_valid (string, -1);
  g_string_append_c (json, '"');
  for (const char *p = valid; *p; p++) {
    guchar c = *p;

    if (c == '"' || c == '\\')
      g_string_append_printf (json, "\\%c", c);
    else if (c == '\n')
      g_string_append (json, "\\n");
    else if (c == '\t')
      g_string_append (json, "\\t");
    else if (c < 0x20 || c == 0x7f)
      g_string_append_printf (json, "\\u%04x", c);
    else
      g_string_append_c (json, c);
  }
  g_string_append_c (json, '"');
}

/* Six digits say all that a probability has to say; seconds have their ns. */
static void
append_number (GString *json, const char *format, double value)
{
  char digits[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append (
      json, g_ascii_formatd (digits, sizeof digits, format, value));
}

static void
append_probabilities (
    GString *json, char *const *labels, const double *probabilities)
{
  int best = get_best (
      probabilities, labels ? g_strv_length ((char **) labels) : 0);

  g_string_append (json, "\"genre\":");
  append_string (json, best < 0 ? NULL : labels[best]);
  g_string_append (json, ",\"confidence\":");
  append_number (json, "%.6g", best < 0 ? 0 : probabilities[best]);
  g_string_append (json, ",\"probabilities\":");
  if (best < 0) {
    g_string_append (json, "null");
    return;
  }
  for (guint i = 0; labels[i]; i++) {
    g_string_append_c (json, i == 0 ? '{' : ',');
    append_string (json, labels[i]);
    g_string_append_c (json, ':');
    append_number (json, "%.6g", probabilities[i]);
  }
  g_string_append_c (json, '}');
}

static void
append_boolean (GString *json, const char *key, gboolean value)
{
  g_string_append_printf (json, ",\"%s\":%s", key, value ? "true" : "false");
}

static void
append_segment (GString *json, const Result *result, guint i)
{
  const ResultSegment *segment = &g_array_index (
      result->segments, ResultSegment, i);

  g_string_append (json, "{\"start\":");
  append_number (json, "%.15g", segment->start / NS);
  g_string_append (json, ",\"duration\":");
  append_number (json, "%.15g", segment->duration / NS);
  g_string_append_c (json, ',');
  append_probabilities (json, result->labels, segment->probabilities);
  append_boolean (json, "silent", segment->silent);
  g_string_append_c (json, '}');
}

static void
append_segments (GString *json, const Result *result)
{
  g_string_append (json, ",\"segments\":[");
  for (guint i = 0; i < result->segments->len; i++) {
    if (i > 0)
      g_string_append_c (json, ',');
    append_segment (json, result, i);
  }
  g_string_append_c (json, ']');
}

char *
result_segment_to_json (const Result *result, guint index)
{
  GString *json = g_string_new (NULL);

  append_segment (json, result, index);
  return g_string_free (json, FALSE);
}

/* The model's answer, from "model" to "duration". */
static void
append_answer (GString *json, const Result *result)
{
  g_string_append (json, "\"model\":");
  append_string (json, result->model);
  g_string_append_c (json, ',');
  append_probabilities (json, result->labels, result->probabilities);
  append_boolean (json, "silent", !result->error && !result->probabilities);
  g_string_append (json, ",\"duration\":");
  append_number (json, "%.15g", result->duration / NS);
}

char *
result_answer_to_json (const Result *result)
{
  GString *json = g_string_new ("{");

  append_answer (json, result);
  append_segments (json, result);
  g_string_append_c (json, '}');
  return g_string_free (json, FALSE);
}

char *
result_to_json (const Result *result, gboolean with_segments)
{
  GString *json = g_string_new ("{\"file\":");

  append_string (json, result->name);
  if (!g_utf8_validate (result->name, -1, NULL)) {
    g_autofree char *escaped = filename_escape (result->name);

    g_string_append (json, ",\"file_bytes\":");
    append_string (json, escaped);
  }
  g_string_append_c (json, ',');
  append_answer (json, result);
  g_string_append (json, ",\"tag\":");
  append_string (json, result->old_genre);
  g_string_append (json, ",\"error\":");
  append_string (json, result->error);
  append_boolean (json, "skipped", result->skipped);
  if (with_segments)
    append_segments (json, result);
  g_string_append_c (json, '}');
  return g_string_free (json, FALSE);
}

/* Reading.  Each gives FALSE if the member is not what it should be. */

static gboolean
take_string (JsonObject *object, const char *key, char **string)
{
  JsonNode *node = json_object_get_member (object, key);

  if (!node || JSON_NODE_HOLDS_NULL (node))
    return node != NULL;
  if (json_node_get_value_type (node) != G_TYPE_STRING)
    return FALSE;
  *string = json_node_dup_string (node);
  return TRUE;
}

static gboolean
take_number (JsonObject *object, const char *key, double *number)
{
  JsonNode *node = json_object_get_member (object, key);

  if (!node ||
      (json_node_get_value_type (node) != G_TYPE_DOUBLE &&
          json_node_get_value_type (node) != G_TYPE_INT64))
    return FALSE;
  *number = json_node_get_double (node);
  return TRUE;
}

static gboolean
take_time (JsonObject *object, const char *key, guint64 *time)
{
  double seconds;

  if (!take_number (object, key, &seconds) || !(seconds >= 0 && seconds < 1e9))
    return FALSE;
  *time = (guint64) (seconds * NS + 0.5);
  return TRUE;
}

static gboolean
take_boolean (JsonObject *object, const char *key, gboolean *value)
{
  JsonNode *node = json_object_get_member (object, key);

  if (!node || json_node_get_value_type (node) != G_TYPE_BOOLEAN)
    return FALSE;
  *value = json_node_get_boolean (node);
  return TRUE;
}

/* The probabilities in the order of @labels, which are taken from them if NULL. */
static gboolean
take_probabilities (JsonObject *object, char ***labels, double **probabilities)
{
  JsonNode *node = json_object_get_member (object, "probabilities");
  JsonObject *map;
  g_autoptr (GList) keys = NULL;
  guint n;

  if (!node || JSON_NODE_HOLDS_NULL (node))
    return node != NULL;
  if (!JSON_NODE_HOLDS_OBJECT (node))
    return FALSE;
  map = json_node_get_object (node);
  n = json_object_get_size (map);
  if (!*labels) {
    g_autoptr (GPtrArray) names = g_ptr_array_new ();

    keys = json_object_get_members (map);
    for (GList *key = keys; key; key = key->next)
      g_ptr_array_add (names, g_strdup (key->data));
    g_ptr_array_add (names, NULL);
    *labels = (char **) g_ptr_array_steal (names, NULL);
  }
  if (n == 0 || n != g_strv_length (*labels))
    return FALSE;
  *probabilities = g_new (double, n);
  for (guint i = 0; i < n; i++)
    if (!take_number (map, (*labels)[i], *probabilities + i))
      return FALSE;
  return TRUE;
}

static gboolean
take_segments (JsonObject *object, Result *result)
{
  JsonNode *node = json_object_get_member (object, "segments");
  JsonArray *array;

  if (!node)
    return TRUE;
  if (!JSON_NODE_HOLDS_ARRAY (node))
    return FALSE;
  array = json_node_get_array (node);
  for (guint i = 0; i < json_array_get_length (array); i++) {
    JsonNode *element = json_array_get_element (array, i);
    ResultSegment segment = { 0 };
    gboolean ok = JSON_NODE_HOLDS_OBJECT (element) &&
        take_time (json_node_get_object (element), "start", &segment.start) &&
        take_time (
            json_node_get_object (element), "duration", &segment.duration) &&
        take_boolean (
            json_node_get_object (element), "silent", &segment.silent) &&
        take_probabilities (json_node_get_object (element), &result->labels,
            &segment.probabilities);

    g_array_append_val (result->segments, segment);
    if (!ok || segment.silent != !segment.probabilities)
      return FALSE;
  }
  return TRUE;
}

static gboolean
take_name (JsonObject *object, Result *result)
{
  g_autofree char *escaped = NULL;

  if (!take_string (object, "file", &result->name) || !result->name)
    return FALSE;
  if (!json_object_has_member (object, "file_bytes"))
    return TRUE;
  if (!take_string (object, "file_bytes", &escaped) || !escaped)
    return FALSE;
  g_free (result->name);
  result->name = g_uri_unescape_string (escaped, NULL);
  return result->name != NULL;
}

/* JSON-GLib's parser calls itself for each level, and so a process that was taken
 * over could have its reader run out of stack.  What else it takes for a quote or a
 * comment is none of ours. */
static gboolean
is_deep (const char *json)
{
  gboolean in_string = FALSE;
  guint depth = 0;

  for (const char *p = json; *p; p++)
    if (in_string && *p == '\\' && p[1])
      p++;
    else if (*p == '"')
      in_string = !in_string;
    else if (!in_string && strchr ("'/#", *p))
      return TRUE;
    else if (!in_string && (*p == '[' || *p == '{') && ++depth > MAX_DEPTH)
      return TRUE;
    else if (!in_string && (*p == ']' || *p == '}') && depth > 0)
      depth--;
  return FALSE;
}

static gboolean
set_invalid (GError **error)
{
  g_set_error (error, JSON_PARSER_ERROR, JSON_PARSER_ERROR_INVALID_DATA,
      "It is not a result of genreclassify.");
  return FALSE;
}

Result *
result_from_json (const char *json, GError **error)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (Result) result = result_new (NULL);
  JsonNode *root;
  JsonObject *object;

  if ((is_deep (json) && !set_invalid (error)) ||
      !json_parser_load_from_data (parser, json, -1, error))
    return NULL;
  root = json_parser_get_root (parser);
  object = root && JSON_NODE_HOLDS_OBJECT (root) ? json_node_get_object (root)
                                                 : NULL;
  if (!object || !take_name (object, result) ||
      !take_string (object, "model", &result->model) ||
      !take_probabilities (object, &result->labels, &result->probabilities) ||
      !take_time (object, "duration", &result->duration) ||
      !take_string (object, "tag", &result->old_genre) ||
      !take_string (object, "error", &result->error) ||
      !take_boolean (object, "skipped", &result->skipped) ||
      !take_segments (object, result)) {
    set_invalid (error);
    return NULL;
  }
  return g_steal_pointer (&result);
}
