/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A Result as JSON, both ways. */

#include <math.h>
#include <string.h>

#include <json-glib/json-glib.h>

#include "filename.h"
#include "genre/genre.h"
#include "jsondepth.h"
#include "jsontext.h"
#include "result.h"

/* Levels of nested values that are read: a result has 3, but the JSON may be that of
 * a worker that its file has taken over. */
#define MAX_DEPTH 16

/* Writing */

/* An object of the @values of @labels; null if there are none. */
static void
append_map (
    GString *json, const char *key, char *const *labels, const double *values)
{
  g_string_append_printf (json, ",\"%s\":", key);
  if (!values || !labels || !*labels) {
    g_string_append (json, "null");
    return;
  }
  for (guint i = 0; labels[i]; i++) {
    g_string_append_c (json, i == 0 ? '{' : ',');
    json_append_string (json, labels[i]);
    g_string_append_c (json, ':');
    json_append_number (json, "%.6g", values[i]);
  }
  g_string_append_c (json, '}');
}

static void
append_probabilities (GString *json, char *const *labels,
    const double *probabilities, double music)
{
  guint n = labels ? g_strv_length ((char **) labels) : 0, best = 0;
  gboolean known = n > 0 && result_filter_music (probabilities, music);

  if (known)
    result_rank (probabilities, n, &best, 1);
  g_string_append (json, "\"genre\":");
  json_append_string (json, known ? labels[best] : NULL);
  g_string_append (json, ",\"confidence\":");
  json_append_number (json, "%.6g", known ? probabilities[best] : 0);
  append_map (json, "probabilities", labels, probabilities);
}

static void
append_boolean (GString *json, const char *key, gboolean value)
{
  g_string_append_printf (json, ",\"%s\":%s", key, value ? "true" : "false");
}

static void
append_music (GString *json, const double *probabilities, double music)
{
  g_string_append (json, ",\"music\":");
  json_append_number (json, "%.6g", probabilities ? music : 0);
}

static void
append_segment (GString *json, const Result *result, guint i)
{
  const ResultSegment *segment = &g_array_index (
      result->segments, ResultSegment, i);

  g_string_append (json, "{\"start\":");
  json_append_number (json, "%.15g", (double) segment->start / GENRE_SECOND);
  g_string_append (json, ",\"duration\":");
  json_append_number (json, "%.15g", (double) segment->duration / GENRE_SECOND);
  g_string_append_c (json, ',');
  append_probabilities (
      json, result->labels, segment->probabilities, segment->music);
  append_boolean (json, "silent", segment->silent);
  append_music (json, segment->probabilities, segment->music);
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
  json_append_string (json, result->model);
  g_string_append_c (json, ',');
  append_probabilities (
      json, result->labels, result->probabilities, result->music);
  append_boolean (json, "silent", !result->error && !result->probabilities);
  append_music (json, result->probabilities, result->music);
  g_string_append (json, ",\"duration\":");
  json_append_number (json, "%.15g", (double) result->duration / GENRE_SECOND);
  g_string_append (json, ",\"missing\":");
  json_append_number (json, "%.15g", (double) result->missing / GENRE_SECOND);
  append_boolean (json, "truncated", result->is_truncated);
  g_string_append (json, ",\"declared_duration\":");
  if (result->declared_duration)
    json_append_number (
        json, "%.3f", (double) result->declared_duration / GENRE_SECOND);
  else
    g_string_append (json, "null");
}

char *
result_answer_to_json (const Result *result)
{
  GString *json = g_string_new ("{");

  append_answer (json, result);
  append_segments (json, result);
  if (result->tags)
    append_map (json, "tags", result->tag_labels, result->tags);
  g_string_append_c (json, '}');
  return g_string_free (json, FALSE);
}

static void
append_group (GString *json, const Result *result)
{
  const ResultGroup *group = result->group;

  g_string_append (json, ",\"group\":{\"id\":");
  json_append_string (json, group->id);
  g_string_append (json, ",\"name\":");
  json_append_string (json, group->name);
  g_string_append (json, ",\"artist\":");
  json_append_string (json, group->artist);
  g_string_append_printf (json, ",\"tracks\":%u", group->n_tracks);
  append_boolean (json, "compilation", group->compilation);
  g_string_append_c (json, ',');
  append_probabilities (json, result->labels, group->probabilities, 1);
  g_string_append_c (json, '}');
}

static void
append_tags (GString *json, const Result *result)
{
  g_string_append (json, ",\"tag\":");
  json_append_string (json, result->old_genre);
  g_string_append (json, ",\"artist\":");
  json_append_string (json, result->artist);
  g_string_append (json, ",\"album\":");
  json_append_string (json, result->album);
  g_string_append (json, ",\"album_artist\":");
  json_append_string (json, result->album_artist);
  append_boolean (json, "compilation", result->compilation);
}

static void
append_embedding (GString *json, const Result *result)
{
  g_string_append (json, ",\"embedding\":");
  if (!result->embedding) {
    g_string_append (json, "null");
    return;
  }
  for (guint i = 0; i < result->n_embedding; i++) {
    g_string_append_c (json, i == 0 ? '[' : ',');
    json_append_number (json, "%.7g", result->embedding[i]);
  }
  g_string_append_c (json, ']');
}

char *
result_embedding_to_json (const Result *result)
{
  GString *json = g_string_new ("{\"model\":");

  json_append_string (json, result->model);
  g_string_append (json, ",\"duration\":");
  json_append_number (json, "%.15g", (double) result->duration / GENRE_SECOND);
  append_embedding (json, result);
  g_string_append_c (json, '}');
  return g_string_free (json, FALSE);
}

char *
result_to_json (const Result *result, ResultParts parts)
{
  GString *json = g_string_new ("{\"file\":");

  json_append_string (json, result->name);
  if (!g_utf8_validate (result->name, -1, NULL)) {
    g_autofree char *escaped = filename_escape (result->name);

    g_string_append (json, ",\"file_bytes\":");
    json_append_string (json, escaped);
  }
  g_string_append_c (json, ',');
  append_answer (json, result);
  append_tags (json, result);
  g_string_append (json, ",\"error\":");
  json_append_string (json, result->error);
  g_string_append (json, ",\"error_code\":");
  json_append_string (json, reason_to_code (result->reason));
  append_boolean (json, "retryable", reason_is_retryable (result->reason));
  append_boolean (json, "skipped", result_is_skipped (result));
  if (result->group)
    append_group (json, result);
  if (parts & RESULT_SEGMENTS)
    append_segments (json, result);
  if (parts & RESULT_EMBEDDING)
    append_embedding (json, result);
  if (parts & RESULT_TAGS)
    append_map (json, "tags", result->tag_labels, result->tags);
  g_string_append_c (json, '}');
  return g_string_free (json, FALSE);
}

/* Reading.  Each of the take_...() gives FALSE if the member is not what it should
 * be. */

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

/* @node may be NULL. */
static gboolean
get_number (JsonNode *node, double *number)
{
  if (!node ||
      (json_node_get_value_type (node) != G_TYPE_DOUBLE &&
          json_node_get_value_type (node) != G_TYPE_INT64))
    return FALSE;
  *number = json_node_get_double (node);
  return TRUE;
}

static gboolean
take_number (JsonObject *object, const char *key, double *number)
{
  return get_number (json_object_get_member (object, key), number);
}

static gboolean
take_time (JsonObject *object, const char *key, guint64 *time)
{
  double seconds;

  if (!take_number (object, key, &seconds) || !(seconds >= 0 && seconds < 1e9))
    return FALSE;
  *time = (guint64) (seconds * GENRE_SECOND + 0.5);
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

/* Earlier versions took everything for music. */
static gboolean
take_music (JsonObject *object, double *music)
{
  *music = 1;
  return !json_object_has_member (object, "music") ||
      (take_number (object, "music", music) && *music >= 0 && *music <= 1);
}

/* Reads the values of the object @key in the order of @labels; if these are NULL, they
 * become the names in it. */
static gboolean
take_map (JsonObject *object, const char *key, char ***labels, double **values)
{
  JsonNode *node = json_object_get_member (object, key);
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
    for (GList *l = keys; l; l = l->next)
      g_ptr_array_add (names, g_strdup (l->data));
    g_ptr_array_add (names, NULL);
    *labels = (char **) g_ptr_array_steal (names, NULL);
  }
  if (n == 0 || n != g_strv_length (*labels))
    return FALSE;
  *values = g_new (double, n);
  for (guint i = 0; i < n; i++)
    if (!take_number (map, (*labels)[i], *values + i) ||
        !((*values)[i] >= 0 && (*values)[i] <= 1.001))
      return FALSE;
  return TRUE;
}

static gboolean
take_probabilities (JsonObject *object, char ***labels, double **probabilities)
{
  return take_map (object, "probabilities", labels, probabilities);
}

static gboolean
take_model_tags (JsonObject *object, Result *result)
{
  return !json_object_has_member (object, "tags") ||
      take_map (object, "tags", &result->tag_labels, &result->tags);
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
        take_music (json_node_get_object (element), &segment.music) &&
        take_probabilities (json_node_get_object (element), &result->labels,
            &segment.probabilities);

    g_array_append_val (result->segments, segment);
    if (!ok || segment.silent != !segment.probabilities)
      return FALSE;
  }
  return TRUE;
}

static gboolean
take_embedding (JsonObject *object, Result *result)
{
  JsonNode *node = json_object_get_member (object, "embedding");
  JsonArray *array;
  guint n;

  if (!node || JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  if (!JSON_NODE_HOLDS_ARRAY (node))
    return FALSE;
  array = json_node_get_array (node);
  n = json_array_get_length (array);
  if (n == 0)
    return FALSE;
  result->n_embedding = n;
  result->embedding = g_new (float, n);
  for (guint i = 0; i < n; i++) {
    double value;

    if (!get_number (json_array_get_element (array, i), &value) ||
        !(fabs (value) <= 1.001))
      return FALSE;
    result->embedding[i] = value;
  }
  return TRUE;
}

static gboolean
take_tags (JsonObject *object, Result *result)
{
  result->has_tags = json_object_has_member (object, "album");
  return take_string (object, "tag", &result->old_genre) &&
      (!result->has_tags ||
          (take_string (object, "artist", &result->artist) &&
              take_string (object, "album", &result->album) &&
              take_string (object, "album_artist", &result->album_artist) &&
              take_boolean (object, "compilation", &result->compilation)));
}

static gboolean
take_group (JsonObject *object, Result *result)
{
  JsonNode *node = json_object_get_member (object, "group");
  ResultGroup *group;
  double n_tracks;

  if (!node)
    return TRUE;
  if (!JSON_NODE_HOLDS_OBJECT (node))
    return FALSE;
  object = json_node_get_object (node);
  group = result->group = g_new0 (ResultGroup, 1);
  if (!take_string (object, "id", &group->id) ||
      !take_string (object, "name", &group->name) ||
      !take_string (object, "artist", &group->artist) ||
      !take_number (object, "tracks", &n_tracks) ||
      !(n_tracks >= 0 && n_tracks <= G_MAXINT) ||
      !take_boolean (object, "compilation", &group->compilation) ||
      !take_probabilities (object, &result->labels, &group->probabilities))
    return FALSE;
  group->n_tracks = n_tracks;
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

/* Rows that a cache got from earlier versions do not have these. */
static gboolean
take_truncation (JsonObject *object, Result *result)
{
  if (!json_object_has_member (object, "truncated"))
    return TRUE;
  return take_boolean (object, "truncated", &result->is_truncated) &&
      (!json_object_has_member (object, "declared_duration") ||
          json_object_get_null_member (object, "declared_duration") ||
          take_time (object, "declared_duration", &result->declared_duration));
}

/* Rows that a cache got from earlier versions have no "error_code"; the only
 * failures among them are files that are no audio. */
static gboolean
take_error (JsonObject *object, Result *result)
{
  g_autofree char *code = NULL;

  if (!take_string (object, "error", &result->error) ||
      !take_boolean (object, "skipped", &result->may_skip) ||
      (json_object_has_member (object, "error_code") &&
          !take_string (object, "error_code", &code)))
    return FALSE;
  if (!result->error)
    return TRUE;
  result->reason = code  ? reason_from_code (code)
      : result->may_skip ? REASON_NOT_AUDIO
                         : REASON_INTERNAL;
  return TRUE;
}

static gboolean
set_invalid (GError **error)
{
  g_set_error (error, ANALYSIS_ERROR, REASON_INTERNAL,
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

#if JSON_CHECK_VERSION(1, 10, 0)
  json_parser_set_strict (parser, TRUE);
#endif
  if (!json_has_bounded_depth (json, MAX_DEPTH) ||
      !json_parser_load_from_data (parser, json, -1, NULL)) {
    set_invalid (error);
    return NULL;
  }
  root = json_parser_get_root (parser);
  object = root && JSON_NODE_HOLDS_OBJECT (root) ? json_node_get_object (root)
                                                 : NULL;
  if (!object || !take_name (object, result) ||
      !take_string (object, "model", &result->model) ||
      !take_probabilities (object, &result->labels, &result->probabilities) ||
      !take_music (object, &result->music) ||
      !take_time (object, "duration", &result->duration) ||
      (json_object_has_member (object, "missing") &&
          !take_time (object, "missing", &result->missing)) ||
      !take_truncation (object, result) || !take_tags (object, result) ||
      !take_error (object, result) || !take_group (object, result) ||
      !take_segments (object, result) || !take_embedding (object, result) ||
      !take_model_tags (object, result)) {
    set_invalid (error);
    return NULL;
  }
  return g_steal_pointer (&result);
}
