/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The element Tags of Matroska: https://www.rfc-editor.org/rfc/rfc9559 and
 * https://www.matroska.org/technical/tagging.html
 *
 * It has Tags in it, and these SimpleTags, which have a name and a value.  A Tag says
 * what it is about: a level (50 is an album or a film, 30 a song), or a track, a
 * chapter, an edition or an attachment.  Without, it is about the whole file.
 *
 * The file's genre are the SimpleTags GENRE of those Tags, whatever their level,
 * that are about none of these, or about the first audio track alone: this is what
 * FFmpeg and GStreamer show of a song.  A file without any gets it in the Tag of level
 * 30, or else in one without a level, or else in a new one without a level, as FFmpeg
 * makes it: TagLib would not take for the song's what is said of level 50. */

#pragma once

#include "ebml.h"
#include "layout.h"

G_BEGIN_DECLS

typedef struct _MatroskaTags MatroskaTags;

/* @raw: (nullable): the element, %NULL for a file that has none
 * @audio_uid: the UID of the first audio track
 * @problem: (out) (transfer full): if it cannot be written, a sentence says why
 * Returns: (transfer full) (nullable) */
MatroskaTags *
matroska_tags_parse (GBytes *raw, guint64 audio_uid, char **problem);
void matroska_tags_free (MatroskaTags *tags);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MatroskaTags, matroska_tags_free)

/* What is in it; it is theirs. */
const TagItems *matroska_tags_get_items (const MatroskaTags *tags);

/* How good it is, of several, to have the file's genre: the greater, the better. */
guint matroska_tags_get_rank (const MatroskaTags *tags);
/* TRUE if nothing else is in it, so that it may have been made for the genre. */
gboolean matroska_tags_is_optional (const MatroskaTags *tags);

/* Adds its pieces, and what it says of the genre to the state. */
void matroska_tags_add_pieces (const MatroskaTags *tags, Layout *layout);

/* The element with the fields that @wanted has; NULL if it is not to be there. */
GBytes *matroska_tags_render (const MatroskaTags *tags, const TagState *wanted);

G_END_DECLS
