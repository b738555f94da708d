/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "spelling.h"

#include <gst/tag/tag.h>

#include "genre/genre.h"

const char *
spelling_of_label (const char *label)
{
  for (guint i = 0; i < gst_tag_id3_genre_count (); i++) {
    const char *name = gst_tag_id3_genre_get (i);

    if (genre_labels_match (name, label))
      return name;
  }
  return label;
}

char *
spelling_of_tag (const char *tag)
{
  const char *name = spelling_of_label (tag);
  gboolean begins_word = TRUE;
  GString *spelled;

  if (name != tag)
    return g_strdup (name);
  spelled = g_string_new (NULL);
  for (const char *p = tag; *p; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    g_string_append_unichar (spelled, begins_word ? g_unichar_totitle (c) : c);
    begins_word = c == ' ';
  }
  return g_string_free (spelled, FALSE);
}
