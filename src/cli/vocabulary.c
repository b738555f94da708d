/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "vocabulary.h"

#include <string.h>

#include "genre/genre.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

typedef struct
{
  char *label;
  char **names;
  guint line;
} Entry;

struct _Vocabulary
{
  char *name;
  GPtrArray *entries; /* Entry */
};

static void
entry_free (Entry *entry)
{
  g_free (entry->label);
  g_strfreev (entry->names);
  g_free (entry);
}

void
vocabulary_free (Vocabulary *map)
{
  if (!map)
    return;
  g_ptr_array_unref (map->entries);
  g_free (map->name);
  g_free (map);
}

/* Labels without a letter or digit of ASCII are all the same to
 * genre_labels_match(). */
static gboolean
match (const char *a, const char *b)
{
  gboolean has_letters = FALSE;

  for (const char *p = a; *p && !has_letters; p++)
    has_letters = g_ascii_isalnum (*p);
  return has_letters ? genre_labels_match (a, b) : g_str_equal (a, b);
}

static const Entry *
find (const Vocabulary *map, const char *label)
{
  for (guint i = 0; map && i < map->entries->len; i++) {
    const Entry *entry = map->entries->pdata[i];

    if (match (entry->label, label))
      return entry;
  }
  return NULL;
}

/* Gives FALSE. */
static gboolean
set_error (
    GError **error, const Vocabulary *map, guint line, const char *sentence)
{
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
      "%s, line %u: %s", map->name, line, sentence);
  return FALSE;
}

static gboolean
has_control_characters (const char *text)
{
  for (; *text; text = g_utf8_next_char (text))
    if (g_unichar_iscntrl (g_utf8_get_char (text)))
      return TRUE;
  return FALSE;
}

static char **
split_names (const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, ";", -1);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  for (char **part = parts; *part; part++)
    if (*g_strstrip (*part))
      g_ptr_array_add (names, g_strdup (*part));
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_steal (names, NULL);
}

/* @text: changed; without what surrounds it */
static gboolean
parse_line (Vocabulary *map, char *text, guint line, GError **error)
{
  char *equals = strchr (text, '=');
  const Entry *other;
  Entry *entry;

  if (has_control_characters (text))
    return set_error (error, map, line,
        "It has a control character; a line of text was expected.");
  if (!equals)
    return set_error (error, map, line,
        "There is no \"=\"; expected was a genre of the model, \"=\" and the "
        "names to write, such as \"hiphop = Hip-Hop/Rap\".");
  *equals = '\0';
  g_strchomp (text);
  if (!*text)
    return set_error (error, map, line,
        "A genre of the model was expected before the \"=\".");
  if ((other = find (map, text))) {
    g_autofree char *sentence = g_strdup_printf (
        "Line %u is for the genre \"%s\" already; one line for each was "
        "expected.",
        other->line, other->label);

    return set_error (error, map, line, sentence);
  }
  entry = g_new (Entry, 1);
  entry->label = g_strdup (text);
  entry->names = split_names (equals + 1);
  entry->line = line;
  g_ptr_array_add (map->entries, entry);
  return TRUE;
}

Vocabulary *
vocabulary_parse (
    const char *text, gssize length, const char *name, GError **error)
{
  g_autoptr (Vocabulary) map = g_new0 (Vocabulary, 1);
  const char *end = text + (length < 0 ? (gssize) strlen (text) : length);

  map->name = g_strdup (name);
  map->entries = g_ptr_array_new_with_free_func ((GDestroyNotify) entry_free);
  if (g_str_has_prefix (text, BYTE_ORDER_MARK))
    text += strlen (BYTE_ORDER_MARK);
  for (guint line = 1; text < end; line++) {
    const char *newline = memchr (text, '\n', end - text);
    const char *line_end = newline ? newline : end;
    g_autofree char *copy = g_strndup (text, line_end - text);

    /* NUL is no valid text, so that UTF-16 is refused here */
    if (!g_utf8_validate (text, line_end - text, NULL)) {
      set_error (error, map, line, "UTF-8 text was expected.");
      return NULL;
    }
    g_strstrip (copy);
    if (*copy && *copy != '#' && !parse_line (map, copy, line, error))
      return NULL;
    text = line_end + 1;
  }
  return g_steal_pointer (&map);
}

const char *const *
vocabulary_lookup (const Vocabulary *map, const char *label)
{
  const Entry *entry = find (map, label);

  return entry ? (const char *const *) entry->names : NULL;
}

static gboolean
is_known (const char *label, const char *const *labels)
{
  for (; *labels; labels++)
    if (match (label, *labels))
      return TRUE;
  return FALSE;
}

char *
vocabulary_find_unknown (const Vocabulary *map, const char *const *labels)
{
  g_autoptr (GString) unknown = g_string_new (NULL);
  g_autofree char *known = g_strjoinv (", ", (char **) labels);

  for (guint i = 0; i < map->entries->len; i++) {
    const Entry *entry = map->entries->pdata[i];

    if (!is_known (entry->label, labels))
      g_string_append_printf (unknown, "%sline %u, \"%s\"",
          unknown->len > 0 ? "; " : "", entry->line, entry->label);
  }
  if (unknown->len == 0)
    return NULL;
  return g_strdup_printf ("%s has no effect where it names no genre of the "
                          "model: %s.  Those are %s.",
      map->name, unknown->str, known);
}
