/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "genretag.h"

#include <genre/genre.h>
#include <gst/tag/tag.h>

struct _GenreTags
{
  GstTagList *upstream;  /* its tags of stream scope, or NULL */
  gboolean global_genre; /* upstream has a genre of global scope */
  char *pushed;          /* label of the genre in the last event, or NULL */
  gboolean repeat;       /* the last event was of another stream */
};

const char *
genre_tag_spelling (const char *label)
{
  guint n = gst_tag_id3_genre_count ();

  for (guint i = 0; i < n; i++) {
    const char *genre = gst_tag_id3_genre_get (i);

    if (genre && genre_labels_match (genre, label))
      return genre;
  }
  return label;
}

GenreTags *
genre_tags_new (void)
{
  return g_new0 (GenreTags, 1);
}

void
genre_tags_free (GenreTags *tags)
{
  if (!tags)
    return;
  genre_tags_reset (tags);
  g_free (tags);
}

void
genre_tags_reset (GenreTags *tags)
{
  genre_tags_start_stream (tags);
  g_clear_pointer (&tags->pushed, g_free);
}

void
genre_tags_start_stream (GenreTags *tags)
{
  gst_clear_tag_list (&tags->upstream);
  tags->global_genre = FALSE;
  tags->repeat = TRUE;
}

static gboolean
has_genre (const GstTagList *list)
{
  return list && gst_tag_list_get_tag_size (list, GST_TAG_GENRE) > 0;
}

void
genre_tags_set_global (GenreTags *tags, const GstTagList *list)
{
  tags->global_genre = has_genre (list);
}

static void
set_pushed (GenreTags *tags, const char *label)
{
  g_free (tags->pushed);
  tags->pushed = g_strdup (label);
  tags->repeat = FALSE;
}

/* Upstream's tags with the genre of @label.  (transfer full) */
static GstTagList *
merge (const GenreTags *tags, const char *label, GstTagMergeMode mode)
{
  GstTagList *merged = tags->upstream ? gst_tag_list_copy (tags->upstream)
                                      : gst_tag_list_new_empty ();
  g_autoptr (GstTagList)
      ours = gst_tag_list_new (GST_TAG_GENRE, genre_tag_spelling (label), NULL);

  gst_tag_list_set_scope (merged, GST_TAG_SCOPE_STREAM);
  /* KEEP_ALL and REPLACE_ALL would drop all other tags of one of the lists;
   * only the genre is ours to change.  UNDEFINED is no mode to merge by. */
  if (mode == GST_TAG_MERGE_REPLACE_ALL)
    mode = GST_TAG_MERGE_REPLACE;
  else if (mode == GST_TAG_MERGE_KEEP_ALL || !GST_TAG_MODE_IS_VALID (mode))
    mode = GST_TAG_MERGE_KEEP;
  gst_tag_list_insert (merged, ours, mode);
  return merged;
}

/* The event with upstream's tags and the genre of @label, or NULL if that is
 * not to be among them.  (transfer full) */
static GstEvent *
make_event (
    const GenreTags *tags, const char *label, const GenreSettings *settings)
{
  gboolean keeps = settings->tag_mode == GST_TAG_MERGE_KEEP ||
      settings->tag_mode == GST_TAG_MERGE_KEEP_ALL;

  if (!settings->post_tags || !label)
    return NULL;
  if (keeps && (tags->global_genre || has_genre (tags->upstream)))
    return NULL;
  return gst_event_new_tag (merge (tags, label, settings->tag_mode));
}

GstEvent *
genre_tags_replace_event (GenreTags *tags, GstEvent *event, const char *label,
    const GenreSettings *settings)
{
  GstTagList *list;
  GstEvent *merged;

  gst_event_parse_tag (event, &list);
  gst_clear_tag_list (&tags->upstream);
  tags->upstream = gst_tag_list_ref (list);
  merged = make_event (tags, label, settings);
  /* what goes on now replaces the event that had our genre */
  set_pushed (tags, merged ? label : NULL);
  if (!merged)
    return event;
  gst_event_set_seqnum (merged, gst_event_get_seqnum (event));
  gst_event_unref (event);
  return merged;
}

gboolean
genre_tags_is_pushed (const GenreTags *tags, const char *label)
{
  return g_strcmp0 (label, tags->pushed) == 0 && !(tags->repeat && label);
}

GstEvent *
genre_tags_update (
    GenreTags *tags, const char *label, const GenreSettings *settings)
{
  GstEvent *event = make_event (tags, label, settings);

  if (event) {
    set_pushed (tags, label);
  } else if (tags->pushed) {
    set_pushed (tags, NULL);
    event = gst_event_new_tag (tags->upstream
            ? gst_tag_list_ref (tags->upstream)
            : gst_tag_list_new_empty ());
  }
  return event;
}
