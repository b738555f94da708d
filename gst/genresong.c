/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "genresong.h"

typedef enum
{
  TITLE,
  ARTIST,
  ORGANIZATION,
  N_NAMES
} Name;

static const char *const tags[N_NAMES] = { GST_TAG_TITLE, GST_TAG_ARTIST,
  GST_TAG_ORGANIZATION };

typedef struct
{
  char *values[N_NAMES]; /* or NULL */
} Names;

struct _GenreSong
{
  char *stream_id; /* or NULL */
  guint group_id;
  char *uri; /* or NULL */
  gboolean has_uri;

  Names names;
  gboolean has_next;
  Names next;
  char *titles[2]; /* the last one of each GstTagScope, or NULL */
};

static void
clear_names (Names *names)
{
  for (guint i = 0; i < N_NAMES; i++)
    g_clear_pointer (&names->values[i], g_free);
}

GenreSong *
genre_song_new (void)
{
  GenreSong *song = g_new0 (GenreSong, 1);

  song->group_id = GST_GROUP_ID_INVALID;
  return song;
}

void
genre_song_free (GenreSong *song)
{
  if (!song)
    return;
  genre_song_reset (song);
  g_free (song);
}

void
genre_song_reset (GenreSong *song)
{
  clear_names (&song->names);
  clear_names (&song->next);
  song->has_next = FALSE;
  g_clear_pointer (&song->titles[GST_TAG_SCOPE_STREAM], g_free);
  g_clear_pointer (&song->titles[GST_TAG_SCOPE_GLOBAL], g_free);
  g_clear_pointer (&song->stream_id, g_free);
  song->group_id = GST_GROUP_ID_INVALID;
  g_clear_pointer (&song->uri, g_free);
  song->has_uri = FALSE;
}

gboolean
genre_song_is_another (const GenreSong *song, GstEvent *event)
{
  const char *stream_id;
  guint group_id = GST_GROUP_ID_INVALID;

  gst_event_parse_stream_start (event, &stream_id);
  gst_event_parse_group_id (event, &group_id);
  if (group_id != GST_GROUP_ID_INVALID &&
      song->group_id != GST_GROUP_ID_INVALID)
    return group_id != song->group_id;
  return g_strcmp0 (stream_id, song->stream_id) != 0;
}

void
genre_song_set_stream (GenreSong *song, GstEvent *event)
{
  const char *stream_id;

  song->group_id = GST_GROUP_ID_INVALID;
  gst_event_parse_stream_start (event, &stream_id);
  gst_event_parse_group_id (event, &song->group_id);
  g_free (song->stream_id);
  song->stream_id = g_strdup (stream_id);
}

void
genre_song_set_uri (GenreSong *song, char *uri)
{
  g_free (song->uri);
  song->uri = uri;
  song->has_uri = TRUE;
}

gboolean
genre_song_needs_uri (const GenreSong *song)
{
  return !song->has_uri;
}

/* Sets those names that @list has. */
static void
set_names (Names *names, const GstTagList *list)
{
  for (guint i = 0; i < N_NAMES; i++) {
    char *value;

    if (!gst_tag_list_get_string (list, tags[i], &value))
      continue;
    g_free (names->values[i]);
    names->values[i] = value;
  }
}

/* TRUE if the title in @list is another one than the last in its scope: upstream
 * may repeat one scope's tags between those of the other. */
static gboolean
is_news (GenreSong *song, const GstTagList *list, const char *title)
{
  char **last = &song->titles[gst_tag_list_get_scope (list)];

  if (!title || g_strcmp0 (title, *last) == 0)
    return FALSE;
  g_free (*last);
  *last = g_strdup (title);
  return TRUE;
}

GenreTitle
genre_song_take_tags (
    GenreSong *song, const GstTagList *list, gboolean titles_split)
{
  Names *latest = song->has_next ? &song->next : &song->names;
  g_autofree char *title = NULL;
  gboolean is_latest;

  gst_tag_list_get_string (list, GST_TAG_TITLE, &title);
  is_latest = g_strcmp0 (title, latest->values[TITLE]) == 0;
  /* the other scope's, once more: of its names none is new */
  if (!is_news (song, list, title) && title && !is_latest && !song->has_next)
    return GENRE_TITLE_SAME;
  if (!title || is_latest || !titles_split || !latest->values[TITLE]) {
    gboolean is_first = title && !latest->values[TITLE];

    set_names (latest, list);
    return is_first ? GENRE_TITLE_FIRST : GENRE_TITLE_SAME;
  }

  clear_names (&song->next);
  song->has_next = g_strcmp0 (title, song->names.values[TITLE]) != 0;
  if (!song->has_next) {
    set_names (&song->names, list);
    return GENRE_TITLE_BACK;
  }
  song->next.values[ORGANIZATION] = g_strdup (song->names.values[ORGANIZATION]);
  set_names (&song->next, list);
  return GENRE_TITLE_ANOTHER;
}

void
genre_song_begin_next (GenreSong *song)
{
  clear_names (&song->names);
  song->names = song->next;
  song->next = (Names){ { NULL } };
  song->has_next = FALSE;
  /* a playlist's source may have gone on, too */
  song->has_uri = FALSE;
}

static void
add_string (GstStructure *structure, const char *field, const char *value)
{
  if (value)
    gst_structure_set (structure, field, G_TYPE_STRING, value, NULL);
}

void
genre_song_describe (const GenreSong *song, GstStructure *structure)
{
  add_string (structure, "stream-id", song->stream_id);
  add_string (structure, "uri", song->uri);
  for (guint i = 0; i < N_NAMES; i++)
    add_string (structure, tags[i], song->names.values[i]);
}
