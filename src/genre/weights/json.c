/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "json.h"

#include <string.h>

#include "error.h"

#define MAX_DEPTH 16

/* json-glib's parser takes more than JSON: comments, single quotes, octal
 * numbers, a second value after the first.  Two programs that read one file
 * must not disagree on what it says, and the parser is recursive, so the
 * tokens are checked before it starts.  It would also turn a number below
 * -2^63 into a positive one. */
static gboolean
check_json (const char *what, const char *text, gsize length, GError **error)
{
  g_autoptr (GRegex) token = g_regex_new (
      "[][{}:,]|\"(?:[^\"\\\\]|\\\\(?!u0000).)*+\"|true|false|null|"
      "-?(?:0|[1-9][0-9]*)(?![0-9])"
      "(?:\\.[0-9]+)?(?:[eE][-+]?[0-9]+)?(?![0-9A-Za-z.])",
      G_REGEX_OPTIMIZE | G_REGEX_RAW | G_REGEX_DOTALL, G_REGEX_MATCH_ANCHORED,
      NULL);
  gsize position = 0;
  guint n_values = 0, depth = 0;

  for (;;) {
    g_autoptr (GMatchInfo) match = NULL;
    gsize digits;
    int end;

    while (position < length && strchr (" \t\r\n", text[position]))
      position++;
    if (position == length)
      return TRUE;
    if (!text[position] ||
        !g_regex_match_full (token, text, length, position, 0, &match, NULL) ||
        (depth == 0 && n_values++ > 0))
      return genre_refuse (error, GENRE_ERROR_FORMAT,
          "%s is not JSON: unexpected character at byte %" G_GSIZE_FORMAT, what,
          position);
    g_match_info_fetch_pos (match, 0, NULL, &end);
    for (digits = 0; position + 1 + digits < (gsize) end &&
         g_ascii_isdigit (text[position + 1 + digits]);)
      digits++;
    if (text[position] == '-' && digits > 18)
      return genre_refuse (error, GENRE_ERROR_FORMAT,
          "%s has a number out of range at byte %" G_GSIZE_FORMAT, what,
          position);
    if ((text[position] == '{' || text[position] == '[') && ++depth > MAX_DEPTH)
      return genre_refuse (error, GENRE_ERROR_FORMAT,
          "%s is nested deeper than %d levels", what, MAX_DEPTH);
    if ((text[position] == '}' || text[position] == ']') && depth > 0)
      depth--;
    position = end;
  }
}

typedef struct
{
  GHashTable *seen; /* "object member" */
  char *duplicate;
} Members;

/* json-glib keeps the last of two equal keys, other programs may keep the
 * first. A file with two equal keys is refused, so that all agree which
 * tensor is meant. */
static void
on_object_member (JsonParser *parser, JsonObject *object, const char *name,
    gpointer user_data)
{
  Members *members = user_data;
  char *key = g_strdup_printf ("%p %s", (gpointer) object, name);

  (void) parser;
  if (!g_hash_table_add (members->seen, key) && !members->duplicate)
    members->duplicate = g_strdup (name);
}

JsonNode *
genre_json_parse (
    const char *what, const char *text, gsize length, GError **error)
{
  g_autoptr (JsonParser) parser = NULL;
  g_autoptr (GError) fault = NULL;
  Members members = { NULL, NULL };
  JsonNode *root = NULL;

  if (!g_utf8_validate_len (text, length, NULL)) {
    genre_refuse (error, GENRE_ERROR_FORMAT, "%s is not UTF-8 text", what);
    return NULL;
  }
  if (!check_json (what, text, length, error))
    return NULL;

  parser = json_parser_new ();
  members.seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_signal_connect (
      parser, "object-member", G_CALLBACK (on_object_member), &members);
  if (!json_parser_load_from_data (parser, text, length, &fault))
    genre_refuse (
        error, GENRE_ERROR_FORMAT, "%s is not JSON: %s", what, fault->message);
  else if (members.duplicate)
    genre_refuse (error, GENRE_ERROR_FORMAT, "%s has the key \"%s\" twice",
        what, members.duplicate);
  else if (!(root = json_parser_steal_root (parser)))
    genre_refuse (error, GENRE_ERROR_FORMAT, "%s is empty", what);

  g_hash_table_unref (members.seen);
  g_free (members.duplicate);
  return root;
}

JsonNode *
genre_json_parse_metadata (const char *key, const char *text, GError **error)
{
  g_autofree char *what = g_strdup_printf ("metadata \"%s\"", key);

  if (text)
    return genre_json_parse (what, text, strlen (text), error);
  genre_refuse (error, GENRE_ERROR_FORMAT, "%s is missing", what);
  return NULL;
}

const char *
genre_json_get_string (JsonObject *object, const char *member)
{
  JsonNode *node = json_object_get_member (object, member);

  if (!node || !JSON_NODE_HOLDS_VALUE (node) ||
      json_node_get_value_type (node) != G_TYPE_STRING)
    return NULL;
  return json_node_get_string (node);
}
