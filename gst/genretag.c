/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "genretag.h"

#include <gst/tag/tag.h>

/* TRUE if the words are the same but for case and what is not a letter. */
static gboolean
same_letters (const char *a, const char *b)
{
  for (;; a++, b++) {
    while (*a && !g_ascii_isalnum (*a))
      a++;
    while (*b && !g_ascii_isalnum (*b))
      b++;
    if (g_ascii_tolower (*a) != g_ascii_tolower (*b))
      return FALSE;
    if (!*a)
      return TRUE;
  }
}

const char *
genre_tag_spelling (const char *label)
{
  guint n = gst_tag_id3_genre_count ();

  for (guint i = 0; i < n; i++) {
    const char *genre = gst_tag_id3_genre_get (i);

    if (genre && same_letters (genre, label))
      return genre;
  }
  return label;
}

GstTagList *
genre_tag_merge (
    const GstTagList *upstream, const char *label, GstTagMergeMode mode)
{
  GstTagList *merged = upstream ? gst_tag_list_copy (upstream)
                                : gst_tag_list_new_empty ();
  g_autoptr (GstTagList)
      ours = gst_tag_list_new (GST_TAG_GENRE, genre_tag_spelling (label), NULL);

  gst_tag_list_set_scope (merged, GST_TAG_SCOPE_STREAM);
  /* KEEP_ALL and REPLACE_ALL are about whole lists; one tag is ours to give.
   * UNDEFINED is what it says. */
  if (mode == GST_TAG_MERGE_REPLACE_ALL)
    mode = GST_TAG_MERGE_REPLACE;
  else if (mode == GST_TAG_MERGE_KEEP_ALL || !GST_TAG_MODE_IS_VALID (mode))
    mode = GST_TAG_MERGE_KEEP;
  gst_tag_list_insert (merged, ours, mode);
  return merged;
}
