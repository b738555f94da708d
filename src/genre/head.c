/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "head.h"

#include "genre/weights/error.h"

#define MAX_LABELS 1024
#define MAX_HEADS 8

static const char *
get_word (JsonNode *node)
{
  const char *word = NULL;

  if (node && JSON_NODE_HOLDS_VALUE (node) &&
      json_node_get_value_type (node) == G_TYPE_STRING)
    word = json_node_get_string (node);
  return word && *word ? word : NULL;
}

gboolean
genre_text_is_printable (const char *text)
{
  for (const char *p = text; *p; p = g_utf8_next_char (p))
    if (!g_unichar_isprint (g_utf8_get_char (p)))
      return FALSE;
  return TRUE;
}

static gboolean
add_labels (GenreHead *head, const char *what, JsonNode *labels, GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  JsonArray *array;
  guint n;

  if (!labels || !JSON_NODE_HOLDS_ARRAY (labels))
    return genre_refuse (error, GENRE_ERROR_FORMAT, "%s is not a list", what);
  array = json_node_get_array (labels);
  n = json_array_get_length (array);
  if (n < 1 || n > MAX_LABELS)
    return genre_refuse (error, GENRE_ERROR_FORMAT,
        "%u labels, expected 1 to %d", n, MAX_LABELS);
  for (guint i = 0; i < n; i++) {
    const char *label = get_word (json_array_get_element (array, i));

    if (!label || !genre_text_is_printable (label))
      return genre_refuse (
          error, GENRE_ERROR_FORMAT, "label %u is not a word", i + 1);
    g_ptr_array_add (head->labels, g_strdup (label));
    if (!g_hash_table_add (seen, g_ptr_array_index (head->labels, i)))
      return genre_refuse (error, GENRE_ERROR_FORMAT,
          "the label \"%s\" stands there twice", label);
  }
  g_ptr_array_add (head->labels, NULL);
  return TRUE;
}

GenreHead *
genre_head_new (
    const char *name, const char *what, JsonNode *labels, GError **error)
{
  GenreHead *head = g_new0 (GenreHead, 1);

  head->name = g_strdup (name);
  head->labels = g_ptr_array_new_with_free_func (g_free);
  if (!add_labels (head, what, labels, error)) {
    genre_head_free (head);
    return NULL;
  }
  return head;
}

void
genre_head_free (GenreHead *head)
{
  if (!head)
    return;
  g_free (head->name);
  g_ptr_array_unref (head->labels);
  g_free (head);
}

guint
genre_head_get_n_labels (const GenreHead *head)
{
  return head->labels->len - 1;
}

/* Reads the head that @node describes, which is to have another name than @heads. */
static GenreHead *
read_head (
    const GPtrArray *heads, JsonNode *node, JsonArray **layers, GError **error)
{
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (node)
      ? json_node_get_object (node)
      : NULL;
  JsonNode *list = object ? json_object_get_member (object, "layers") : NULL;
  const char *name = object ? genre_json_get_string (object, "name") : NULL;

  if (!name || !*name || !genre_text_is_printable (name)) {
    genre_refuse (error, GENRE_ERROR_FORMAT,
        "it is not an object with a \"name\", a word");
    return NULL;
  }
  for (guint i = 0; i < heads->len; i++)
    if (g_str_equal (((GenreHead *) heads->pdata[i])->name, name)) {
      genre_refuse (
          error, GENRE_ERROR_FORMAT, "another one is called \"%s\"", name);
      return NULL;
    }
  if (!list || !JSON_NODE_HOLDS_ARRAY (list)) {
    genre_refuse (error, GENRE_ERROR_FORMAT, "it has no list of \"layers\"");
    return NULL;
  }
  *layers = json_node_get_array (list);
  return genre_head_new (
      name, "\"labels\"", json_object_get_member (object, "labels"), error);
}

gboolean
genre_heads_read (
    GPtrArray *heads, GPtrArray *layers, JsonNode *root, GError **error)
{
  JsonArray *array;
  guint n;

  if (!JSON_NODE_HOLDS_ARRAY (root))
    return genre_refuse (
        error, GENRE_ERROR_FORMAT, "metadata \"heads\" is not a list");
  array = json_node_get_array (root);
  n = json_array_get_length (array);
  if (n > MAX_HEADS)
    return genre_refuse (error, GENRE_ERROR_FORMAT,
        "%u heads, expected at most %d", n, MAX_HEADS);
  for (guint i = 0; i < n; i++) {
    JsonArray *list = NULL;
    GenreHead *head = read_head (
        heads, json_array_get_element (array, i), &list, error);

    if (!head) {
      g_prefix_error (error, "metadata \"heads\", head %u: ", i + 1);
      return FALSE;
    }
    g_ptr_array_add (heads, head);
    g_ptr_array_add (layers, list);
  }
  return TRUE;
}
