/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "plan.h"

#include <math.h>
#include <string.h>

#include <json-glib/json-glib.h>

#include "analysis/filename.h"
#include "jsondepth.h"

#define VERSION_OF_FILE 1
/* of brackets: the object, the array of parts, a part */
#define MAX_DEPTH 3
#define DIGEST_LENGTH 64
#define ID_LENGTH 12

guint64
plan_add (guint64 a, guint64 b)
{
  return a > G_MAXINT64 - MIN (b, G_MAXINT64) ? G_MAXINT64 : a + b;
}

void
plan_sum_up (Plan *plan)
{
  plan->whole = (PlanPart){ 0 };
  for (guint i = 0; i < plan->n_parts; i++) {
    const PlanPart *part = &plan->parts[i];

    plan->whole.n_files = plan_add (plan->whole.n_files, part->n_files);
    plan->whole.bytes = plan_add (plan->whole.bytes, part->bytes);
    plan->whole.seconds += part->seconds;
  }
}

void
plan_make_id (Plan *plan)
{
  g_autofree char *uuid = g_uuid_string_random ();

  /* its last group has 12 digits, all by chance */
  g_free (plan->id);
  plan->id = g_strdup (strrchr (uuid, '-') + 1);
}

char *
plan_make_path (
    const Plan *plan, const char *kind, guint part, const char *ending)
{
  g_autofree char *name = g_strdup_printf ("%05u%s", part, ending);

  return g_build_filename (plan->folder, kind, name, NULL);
}

void
plan_free (Plan *plan)
{
  if (!plan)
    return;
  g_free (plan->folder);
  g_free (plan->directory);
  g_strfreev (plan->options);
  g_free (plan->digest);
  g_free (plan->key);
  g_free (plan->id);
  g_free (plan->parts);
  g_free (plan->missing);
  g_free (plan);
}

/* Reading */

/* What is wrong; FALSE so that it can be returned. */
static gboolean
set_invalid (GError **error, const char *what)
{
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
      "it is no plan of genreclassify: %s", what);
  return FALSE;
}

static gboolean
set_wrong (GError **error, const char *member, const char *expected)
{
  g_autofree char *what = g_strdup_printf (
      "\"%s\" is not %s", member, expected);

  return set_invalid (error, what);
}

static gboolean
is_value (JsonNode *node, GType type)
{
  return node && JSON_NODE_HOLDS_VALUE (node) &&
      json_node_get_value_type (node) == type;
}

static gboolean
read_count (
    JsonObject *object, const char *member, guint64 *count, GError **error)
{
  JsonNode *node = json_object_get_member (object, member);

  if (!is_value (node, G_TYPE_INT64) || json_node_get_int (node) < 0)
    return set_wrong (error, member, "a whole number of at least 0");
  *count = json_node_get_int (node);
  return TRUE;
}

static gboolean
read_part (JsonObject *object, PlanPart *part, GError **error)
{
  JsonNode *node = json_object_get_member (object, "seconds");

  if (!read_count (object, "files", &part->n_files, error) ||
      !read_count (object, "bytes", &part->bytes, error))
    return FALSE;
  part->seconds = is_value (node, G_TYPE_INT64) ||
          is_value (node, G_TYPE_DOUBLE)
      ? json_node_get_double (node)
      : -1;
  return (part->seconds >= 0 && isfinite (part->seconds)) ||
      set_wrong (error, "seconds", "a number of at least 0");
}

/* The bytes that filename_escape() has made text of; NULL if @node has none. */
static char *
read_bytes (JsonNode *node)
{
  return is_value (node, G_TYPE_STRING)
      ? g_uri_unescape_string (json_node_get_string (node), NULL)
      : NULL;
}

/* NULL with @error set */
static JsonArray *
get_array (JsonObject *object, const char *member, GError **error)
{
  JsonNode *node = json_object_get_member (object, member);

  if (node && JSON_NODE_HOLDS_ARRAY (node))
    return json_node_get_array (node);
  set_wrong (error, member, "an array");
  return NULL;
}

static gboolean
read_options (JsonObject *object, Plan *plan, GError **error)
{
  JsonArray *array = get_array (object, "options", error);
  guint n = array ? json_array_get_length (array) : 0;

  if (!array)
    return FALSE;
  plan->options = g_new0 (char *, n + 1);
  for (guint i = 0; i < n; i++) {
    plan->options[i] = read_bytes (json_array_get_element (array, i));
    if (!plan->options[i])
      return set_wrong (error, "options", "an array of strings");
  }
  return TRUE;
}

static gboolean
read_parts (JsonObject *object, Plan *plan, GError **error)
{
  JsonArray *array = get_array (object, "parts", error);
  guint n = array ? json_array_get_length (array) : 0;
  PlanPart stored;

  if (!array)
    return FALSE;
  if (n < 1 || n > PLAN_MAX_PARTS)
    return set_wrong (
        error, "parts", "of 1 to " G_STRINGIFY (PLAN_MAX_PARTS) " parts");
  plan->n_parts = n;
  plan->parts = g_new0 (PlanPart, n);
  for (guint i = 0; i < n; i++) {
    JsonNode *part = json_array_get_element (array, i);

    if (!JSON_NODE_HOLDS_OBJECT (part))
      return set_wrong (error, "parts", "an array of objects");
    if (!read_part (json_node_get_object (part), &plan->parts[i], error))
      return FALSE;
  }
  plan_sum_up (plan);
  if (!read_part (object, &stored, error))
    return FALSE;
  /* sums of seconds depend on the order */
  return (stored.n_files == plan->whole.n_files &&
             stored.bytes == plan->whole.bytes) ||
      set_invalid (error, "its parts do not make up the whole");
}

static gboolean
read_version (JsonObject *object, GError **error)
{
  JsonNode *node = json_object_get_member (object, "version");
  gint64 version = is_value (node, G_TYPE_INT64) ? json_node_get_int (node) : 0;

  if (version < 1)
    return set_wrong (error, "version", "a whole number of at least 1");
  if (version <= VERSION_OF_FILE)
    return TRUE;
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
      "it is a plan of a later version of genreclassify: format "
      "%" G_GINT64_FORMAT ", where this version knows %d",
      version, VERSION_OF_FILE);
  return FALSE;
}

/* It becomes a part of a job's name. */
static gboolean
is_id (const char *id)
{
  gsize length = strspn (id, "0123456789abcdefghijklmnopqrstuvwxyz");

  return length > 0 && length <= ID_LENGTH && !id[length];
}

static gboolean
read_plan (JsonObject *object, Plan *plan, GError **error)
{
  JsonNode *digest = json_object_get_member (object, "digest");
  JsonNode *key = json_object_get_member (object, "key");
  JsonNode *id = json_object_get_member (object, "id");

  if (!read_version (object, error))
    return FALSE;
  plan->directory = read_bytes (json_object_get_member (object, "directory"));
  if (!plan->directory || !g_path_is_absolute (plan->directory))
    return set_wrong (error, "directory", "an absolute path");
  if (is_value (digest, G_TYPE_STRING))
    plan->digest = json_node_dup_string (digest);
  if (!plan->digest || strlen (plan->digest) != DIGEST_LENGTH ||
      strspn (plan->digest, "0123456789abcdef") != DIGEST_LENGTH)
    return set_wrong (error, "digest", "a SHA-256");
  /* without one any results would be taken */
  if (json_object_has_member (object, "missing") &&
      !read_count (object, "missing", &plan->n_missing, error))
    return FALSE;
  if (id &&
      (!is_value (id, G_TYPE_STRING) || !is_id (json_node_get_string (id))))
    return set_wrong (error, "id", "some letters and digits");
  if (id)
    plan->id = json_node_dup_string (id);
  if (key && !is_value (key, G_TYPE_STRING))
    return set_wrong (error, "key", "a string");
  if (key)
    plan->key = json_node_dup_string (key);
  return read_options (object, plan, error) &&
      read_count (object, "repeated", &plan->n_repeated, error) &&
      read_parts (object, plan, error);
}

static gboolean
parse (const char *path, Plan *plan, GError **error)
{
  g_autofree char *text = NULL;
  g_autoptr (JsonNode) root = NULL;
  gsize length;

  if (!g_file_get_contents (path, &text, &length, error))
    return FALSE;
  if (!g_utf8_validate (text, length, NULL) ||
      !json_has_bounded_depth (text, MAX_DEPTH))
    return set_invalid (error, "it is not such JSON");
  root = json_from_string (text, NULL);
  if (!root || !JSON_NODE_HOLDS_OBJECT (root))
    return set_invalid (error, "it is not such JSON");
  return read_plan (json_node_get_object (root), plan, error);
}

Plan *
plan_load (const char *folder, GError **error)
{
  g_autoptr (Plan) plan = g_new0 (Plan, 1);
  g_autoptr (GError) fault = NULL;
  g_autofree char *path = NULL, *shown = NULL;

  plan->folder = g_canonicalize_filename (folder, NULL);
  path = g_build_filename (plan->folder, PLAN_FILE, NULL);
  shown = filename_display (path);
  /* a FIFO would be waited for */
  if (!g_file_test (path, G_FILE_TEST_IS_REGULAR)) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
        "There is no plan: %s is no file that is there.", shown);
    return NULL;
  }
  if (parse (path, plan, &fault))
    return g_steal_pointer (&plan);
  g_set_error (error, G_FILE_ERROR, fault->code, "%s cannot be read: %s.",
      shown, fault->message);
  return NULL;
}

/* Writing */

static void
write_bytes (JsonBuilder *builder, const char *bytes)
{
  g_autofree char *text = filename_escape (bytes);

  json_builder_add_string_value (builder, text);
}

static void
write_part (JsonBuilder *builder, const PlanPart *part)
{
  json_builder_set_member_name (builder, "files");
  json_builder_add_int_value (builder, part->n_files);
  json_builder_set_member_name (builder, "bytes");
  json_builder_add_int_value (builder, part->bytes);
  json_builder_set_member_name (builder, "seconds");
  json_builder_add_double_value (builder, part->seconds);
}

static JsonNode *
build (const Plan *plan)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "version");
  json_builder_add_int_value (builder, VERSION_OF_FILE);
  json_builder_set_member_name (builder, "directory");
  write_bytes (builder, plan->directory);
  json_builder_set_member_name (builder, "options");
  json_builder_begin_array (builder);
  for (char **option = plan->options; option && *option; option++)
    write_bytes (builder, *option);
  json_builder_end_array (builder);
  json_builder_set_member_name (builder, "digest");
  json_builder_add_string_value (builder, plan->digest);
  if (plan->id) {
    json_builder_set_member_name (builder, "id");
    json_builder_add_string_value (builder, plan->id);
  }
  if (plan->key) {
    json_builder_set_member_name (builder, "key");
    json_builder_add_string_value (builder, plan->key);
  }
  write_part (builder, &plan->whole);
  json_builder_set_member_name (builder, "repeated");
  json_builder_add_int_value (builder, plan->n_repeated);
  json_builder_set_member_name (builder, "missing");
  json_builder_add_int_value (builder, plan->n_missing);
  json_builder_set_member_name (builder, "parts");
  json_builder_begin_array (builder);
  for (guint i = 0; i < plan->n_parts; i++) {
    json_builder_begin_object (builder);
    write_part (builder, &plan->parts[i]);
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  return json_builder_get_root (builder);
}

gboolean
plan_save (const Plan *plan, GError **error)
{
  g_autofree char *path = g_build_filename (plan->folder, PLAN_FILE, NULL);
  g_autoptr (JsonNode) root = build (plan);
  g_autofree char *text = json_to_string (root, FALSE);
  g_autofree char *all = g_strconcat (text, "\n", NULL);
  g_autoptr (GError) fault = NULL;

  if (g_file_set_contents_full (path, all, -1,
          G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0666,
          &fault))
    return TRUE;
  g_set_error (error, G_FILE_ERROR, fault->code,
      "The plan cannot be written: %s.", fault->message);
  return FALSE;
}
