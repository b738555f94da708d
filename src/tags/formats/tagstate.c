/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tagstate.h"

#include <stdlib.h>

#include "id3genres.h"
#include "sort.h"

static void
tag_field_free (gpointer data)
{
  TagField *field = data;

  g_bytes_unref (field->raw);
  g_free (field);
}

TagField *
tag_field_new (guint position, gboolean is_classifier, GBytes *raw)
{
  TagField *field = g_new (TagField, 1);

  *field = (TagField){ position, is_classifier, raw };
  return field;
}

GPtrArray *
tag_fields_new (void)
{
  return g_ptr_array_new_with_free_func (tag_field_free);
}

void
tag_state_clear (TagState *state)
{
  for (guint kind = 0; kind < TAG_KINDS; kind++) {
    g_clear_pointer (&state->genres[kind], g_strfreev);
    g_clear_pointer (&state->classifier[kind], g_free);
    g_clear_pointer (&state->fields[kind], g_ptr_array_unref);
  }
}

const char *
tag_kind_name (TagKind kind)
{
  static const char *const names[TAG_KINDS] = { "ID3v2", "Vorbis comment",
    "MP4", "APE", "INFO", "ID3v1", "ASF", "Matroska" };

  return names[kind];
}

/* The number of ID3v1's list that @text is, or -1. */
static int
get_number (const char *text)
{
  guint64 number;

  return g_ascii_string_to_unsigned (
             text, 10, 0, 255, &number, NULL) &&
          id3_genre_get ((guint) number)
      ? (int) number
      : -1;
}

char **
tag_kind_get_names (TagKind kind, char **genres)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();

  for (; genres && *genres; genres++) {
    int number = kind == TAG_ID3V2 ? get_number (*genres) : -1;

    g_strv_builder_add (
        names, number < 0 ? *genres : id3_genre_get ((guint) number));
  }
  return g_strv_builder_end (names);
}

char **
tag_kind_fit_genres (TagKind kind, gboolean is_primary, char **genres)
{
  char **fitting;
  int number;

  if (kind != TAG_INFO && kind != TAG_ID3V1)
    return g_strdupv (genres);
  fitting = g_new0 (char *, 2);
  if (kind == TAG_INFO) {
    fitting[0] = g_strjoinv ("; ", genres);
    return fitting;
  }
  number = id3_genre_find (*genres);
  if (number >= 0)
    fitting[0] = g_strdup (id3_genre_get ((guint) number));
  else if (is_primary)
    fitting[0] = g_strdup (*genres);
  return fitting;
}

/* The order does not matter: a log of an earlier version may have another. */
gboolean
tag_kind_same_genres (TagKind kind, char **a, char **b)
{
  g_auto (GStrv) first = tag_kind_get_names (kind, a);
  g_auto (GStrv) second = tag_kind_get_names (kind, b);

  qsort (first, g_strv_length (first), sizeof *first, sort_compare_strings);
  qsort (second, g_strv_length (second), sizeof *second, sort_compare_strings);
  return g_strv_equal (
      (const char *const *) first, (const char *const *) second);
}

gboolean
tag_state_equal (const TagState *a, const TagState *b)
{
  for (guint kind = 0; kind < TAG_KINDS; kind++) {
    if (!tag_kind_same_genres (
            (TagKind) kind, a->genres[kind], b->genres[kind]) ||
        g_strcmp0 (a->classifier[kind], b->classifier[kind]))
      return FALSE;
  }
  return TRUE;
}

static gboolean
same_fields (GPtrArray *a, GPtrArray *b)
{
  if (!a || a->len != b->len)
    return a == b || (!a && b->len == 0);
  for (guint i = 0; i < a->len; i++) {
    const TagField *first = a->pdata[i], *second = b->pdata[i];

    if (!g_bytes_equal (first->raw, second->raw))
      return FALSE;
  }
  return TRUE;
}

gboolean
tag_state_has_fields (const TagState *now, const TagState *wanted)
{
  for (guint kind = 0; kind < TAG_KINDS; kind++) {
    if (wanted->fields[kind] &&
        !same_fields (now->fields[kind], wanted->fields[kind]))
      return FALSE;
  }
  return TRUE;
}
