/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What upstream tells of the music that plays: its stream, URI, title, artist and
 * organization (a radio station's name), and where one piece ends and the next
 * begins.  It has no lock; it belongs to the streaming thread. */

#pragma once

#include <gst/gst.h>

typedef struct _GenreSong GenreSong;

/* What a list of tags says of the title. */
typedef enum
{
  GENRE_TITLE_SAME,    /* nothing new */
  GENRE_TITLE_FIRST,   /* the song has a title now */
  GENRE_TITLE_ANOTHER, /* another song may begin, see genre_song_begin_next() */
  GENRE_TITLE_BACK     /* the song goes on: its title is there again */
} GenreTitle;

/* Nothing is known. */
GenreSong *genre_song_new (void);
/* @song may be NULL. */
void genre_song_free (GenreSong *song);
/* Makes it what a new one is. */
void genre_song_reset (GenreSong *song);

/* TRUE if the STREAM_START @event begins another track: its group is another one
 * than that of the last event, or, where one of the two has no group, its stream
 * is.  A group may have several streams: one that adapts to the network has
 * another id for each of its bitrates. */
gboolean genre_song_is_another (const GenreSong *song, GstEvent *event);
/* Remembers the stream and its group. */
void genre_song_set_stream (GenreSong *song, GstEvent *event);
/* Remembers the URI, once a song; NULL (transfer full) if nobody knows it. */
void genre_song_set_uri (GenreSong *song, char *uri);
/* FALSE if genre_song_set_uri() was called for this song. */
gboolean genre_song_needs_uri (const GenreSong *song);

/* Remembers the names in @list, tags of upstream.  If @titles_split, and a title was
 * known before, another one is the next song's, whose names are kept apart until it
 * is clear whether it is one. */
GenreTitle genre_song_take_tags (
    GenreSong *song, const GstTagList *list, gboolean titles_split);
/* The next song is the one that plays. */
void genre_song_begin_next (GenreSong *song);

/* Adds what is known to @structure: the fields "stream-id", "uri", "title",
 * "artist" and "organization". */
void genre_song_describe (const GenreSong *song, GstStructure *structure);
