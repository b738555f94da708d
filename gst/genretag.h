/* SPDX-License-Identifier: GPL-2.0-or-later */

/* GST_TAG_GENRE beside the tags that upstream sends.
 *
 * A tag event replaces the one before it, so ours must repeat what upstream
 * said of the stream.  GenreTags remembers that, and which genre was pushed
 * last.  It has no lock; it belongs to the streaming thread. */

#pragma once

#include <gst/gst.h>

#include "genresettings.h"

/* A genre as ID3 spells it ("hiphop": "Hip-Hop"), or @label itself if ID3 does
 * not know it; a static string or @label. */
const char *genre_tag_spelling (const char *label);

typedef struct _GenreTags GenreTags;

GenreTags *genre_tags_new (void);
/* @tags may be NULL. */
void genre_tags_free (GenreTags *tags);
/* Makes it what a new one is. */
void genre_tags_reset (GenreTags *tags);
/* Another stream begins: forgets what upstream said of the last one, and pushes the
 * genre again, if there is one. */
void genre_tags_start_stream (GenreTags *tags);

/* Remembers whether @list, upstream's tags of global scope, has a genre. */
void genre_tags_set_global (GenreTags *tags, const GstTagList *list);

/* In all functions below, @label is the label of the genre that is sure enough
 * for a tag, or NULL, and @settings say whether and how it is merged. */

/* Remembers the tags of @event, a tag event of upstream with stream scope.
 * Gives the event that is to go on in its place: one with the genre merged in,
 * or @event itself.  (transfer full for both) */
GstEvent *genre_tags_replace_event (GenreTags *tags, GstEvent *event,
    const char *label, const GenreSettings *settings);
/* TRUE if the last event had the genre of @label, or none if it is NULL. */
gboolean genre_tags_is_pushed (const GenreTags *tags, const char *label);
/* The event that is to be pushed so that downstream knows the genre of @label;
 * NULL if there is nothing to push.  If @label is NULL, the event takes the
 * pushed genre back.  (transfer full) */
GstEvent *genre_tags_update (
    GenreTags *tags, const char *label, const GenreSettings *settings);
