/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "provenance.h"

#include <string.h>

#include "jsondepth.h"

/* bytes of a text, and of the data, which has a number for each of up to 500 labels */
#define MAX_TEXT 4096
#define MAX_DATA (64 * 1024)
/* the list, a part of it, and its counts */
#define DATA_DEPTH 3

char *
provenance_clean (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString *cleaned = g_string_new (NULL);

  for (const char *p = valid; *p; p = g_utf8_next_char (p)) {
    const gunichar c = g_utf8_get_char (p);

    g_string_append_unichar (cleaned, g_unichar_isprint (c) ? c : ' ');
  }
  return g_string_free (cleaned, FALSE);
}

char *
provenance_get_text (const GenreModel *model, const char *key)
{
  const char *text = genre_model_get_metadata (model, key);

  return text && *text && strlen (text) <= MAX_TEXT ? provenance_clean (text)
                                                    : NULL;
}

/* Copies a member that is a string or null; FALSE if it is anything else. */
static gboolean
copy_text (JsonObject *to, JsonObject *from, const char *member)
{
  JsonNode *node = json_object_get_member (from, member);
  g_autofree char *text = NULL;

  if (node && JSON_NODE_HOLDS_NULL (node)) {
    json_object_set_null_member (to, member);
    return TRUE;
  }
  if (!node || json_node_get_value_type (node) != G_TYPE_STRING)
    return FALSE;
  text = provenance_clean (json_node_get_string (node));
  json_object_set_string_member (to, member, text);
  return TRUE;
}

static gboolean
is_count (JsonNode *node)
{
  return node && json_node_get_value_type (node) == G_TYPE_INT64 &&
      json_node_get_int (node) >= 0;
}

/* Copies "number" and "of", unless neither is there; FALSE if they are no such thing. */
static gboolean
copy_counts (JsonObject *to, JsonObject *from)
{
  JsonNode *number = json_object_get_member (from, "number");
  JsonNode *of = json_object_get_member (from, "of");
  JsonObject *counts;
  JsonObjectIter iter;
  const char *name;
  JsonNode *count;

  if (!number && !of)
    return TRUE;
  if (!is_count (number) || !of || !JSON_NODE_HOLDS_OBJECT (of))
    return FALSE;
  json_object_set_int_member (to, "number", json_node_get_int (number));
  counts = json_object_new ();
  json_object_set_object_member (to, "of", counts);
  json_object_iter_init_ordered (&iter, json_node_get_object (of));
  while (json_object_iter_next_ordered (&iter, &name, &count)) {
    g_autofree char *cleaned = provenance_clean (name);

    if (!is_count (count))
      return FALSE;
    json_object_set_int_member (counts, cleaned, json_node_get_int (count));
  }
  return TRUE;
}

/* A part of the data with what is known of such, or NULL if it is none. */
static JsonObject *
copy_part (JsonNode *node)
{
  g_autoptr (JsonObject) part = json_object_new ();
  JsonObject *from = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node)
                                                   : NULL;

  return from && copy_text (part, from, "what") &&
          !json_object_get_null_member (part, "what") &&
          copy_text (part, from, "file") && copy_text (part, from, "sha256") &&
          copy_counts (part, from)
      ? g_steal_pointer (&part)
      : NULL;
}

JsonNode *
provenance_get_data (const GenreModel *model)
{
  const char *text = genre_model_get_metadata (model, "data");
  g_autoptr (JsonNode) root = NULL;
  g_autoptr (JsonArray) parts = json_array_new ();
  JsonNode *data;

  if (!text || strlen (text) > MAX_DATA ||
      !json_has_bounded_depth (text, DATA_DEPTH))
    return NULL;
  root = json_from_string (text, NULL);
  if (!root || !JSON_NODE_HOLDS_ARRAY (root))
    return NULL;
  for (guint i = 0; i < json_array_get_length (json_node_get_array (root));
       i++) {
    JsonObject *part = copy_part (
        json_array_get_element (json_node_get_array (root), i));

    if (!part)
      return NULL;
    json_array_add_object_element (parts, part);
  }
  data = json_node_new (JSON_NODE_ARRAY);
  json_node_set_array (data, parts);
  return data;
}

char *
provenance_describe_data (const GenreModel *model)
{
  g_autoptr (JsonNode) data = provenance_get_data (model);
  JsonArray *parts = data ? json_node_get_array (data) : NULL;
  GString *line;

  if (!parts || json_array_get_length (parts) == 0)
    return NULL;
  line = g_string_new (NULL);
  for (guint i = 0; i < json_array_get_length (parts); i++) {
    JsonObject *part = json_array_get_object_element (parts, i);

    g_string_append (line, i > 0 ? "; " : "");
    if (json_object_has_member (part, "number"))
      g_string_append_printf (line, "%" G_GINT64_FORMAT " ",
          json_object_get_int_member (part, "number"));
    else
      g_string_append (line, "the ");
    g_string_append_printf (line, "%s of %s",
        json_object_get_string_member (part, "what"),
        json_object_get_string_member_with_default (
            part, "file", "unknown origin"));
  }
  return g_string_free (line, FALSE);
}

static void
add_text (JsonBuilder *builder, const GenreModel *model, const char *key)
{
  g_autofree char *text = provenance_get_text (model, key);

  json_builder_set_member_name (builder, key);
  if (text)
    json_builder_add_string_value (builder, text);
  else
    json_builder_add_null_value (builder);
}

void
provenance_add (JsonBuilder *builder, const GenreModel *model)
{
  JsonNode *data = provenance_get_data (model);

  add_text (builder, model, "sha256");
  add_text (builder, model, "command");
  json_builder_set_member_name (builder, "data");
  json_builder_add_value (
      builder, data ? data : json_node_new (JSON_NODE_NULL));
  add_text (builder, model, "license");
  add_text (builder, model, "created");
  add_text (builder, model, "program");
}
