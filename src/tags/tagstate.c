/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tagstate.h"

#include <stdlib.h>

#include "sort.h"
#include "spelling.h"

void
tag_state_clear (TagState *state)
{
  for (guint kind = 0; kind < TAG_KINDS; kind++) {
    g_clear_pointer (&state->genres[kind], g_strfreev);
    g_clear_pointer (&state->classifier[kind], g_free);
    g_clear_pointer (&state->rest_digest[kind], g_free);
  }
}

const char *
tag_kind_name (TagKind kind)
{
  static const char *const names[TAG_KINDS] = { "ID3v2", "Vorbis comment",
    "MP4", "APE", "INFO", "ID3v1" };

  return names[kind];
}

char **
tag_kind_get_names (TagKind kind, char **genres)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();

  for (; genres && *genres; genres++) {
    char *end;
    guint64 number = g_ascii_strtoull (*genres, &end, 10);
    gboolean is_number = kind == TAG_ID3V2 && end > *genres && !*end;
    const char *name = is_number ? spelling_of_id3v1 (number) : NULL;

    g_strv_builder_add (names, name ? name : *genres);
  }
  return g_strv_builder_end (names);
}

/* The order does not matter: ID3v2.3 puts the names of ID3v1's list first. */
static gboolean
same_genres (TagKind kind, char **a, char **b)
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
    if (!same_genres ((TagKind) kind, a->genres[kind], b->genres[kind]) ||
        g_strcmp0 (a->classifier[kind], b->classifier[kind]))
      return FALSE;
  }
  return TRUE;
}
