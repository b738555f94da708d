/* SPDX-License-Identifier: GPL-2.0-or-later */

/* ID3v2 tags: https://id3.org/id3v2-00 (2.2), https://id3.org/id3v2.3.0 and
 * https://id3.org/id3v2.4.0-structure
 *
 * All is kept as it is but the frame of the genre, TCON (TCO in 2.2), and the frame
 * TXXX (TXX) whose description is GENRECLASSIFY.  New ones have the encoding of the
 * old ones if it can hold the text and the version has it; or else the first that
 * can: Latin-1 and UTF-16 in 2.2 and 2.3, UTF-8 in 2.4.
 *
 * Several genres are separated by 0 in every version.  Only 2.4 has that, but it is
 * what nearly all programs read, also in 2.3, or else they see the first genre.
 * What others write in 2.3, "; " or "/", stands in names too ("Hip-Hop/Rap"), and is
 * not taken apart. */

#pragma once

#include "layout.h"

G_BEGIN_DECLS

#define ID3V2_HEADER 10 /* bytes of a tag's header */

typedef struct _Id3v2Tag Id3v2Tag;

/* The size of a whole tag, with its header and footer, from its @header of
 * ID3V2_HEADER bytes, or from that of the footer; 0 if it is none. */
guint64 id3v2_get_size (const guint8 *header);

/* @data: the whole tag
 * @problem: (out) (transfer full): if it cannot be taken apart, a sentence says why
 * Returns: (transfer full) (nullable) */
Id3v2Tag *id3v2_tag_parse (GBytes *data, char **problem);
/* An empty tag, of version 2.3 if @v23, else of 2.4. */
Id3v2Tag *id3v2_tag_new (gboolean v23);
void id3v2_tag_free (Id3v2Tag *tag);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Id3v2Tag, id3v2_tag_free)

/* The tag's bytes, which are the tag's. */
GBytes *id3v2_tag_get_data (const Id3v2Tag *tag);
/* TRUE if the tag says a genre. */
/* Its frames; they are the tag's. */
const TagItems *id3v2_tag_get_items (const Id3v2Tag *tag);
gboolean id3v2_tag_has_genre (const Id3v2Tag *tag);
/* TRUE if it has nothing beside the genre and the classifier, so that it can be
 * removed with them. */
gboolean id3v2_tag_is_empty (const Id3v2Tag *tag);

/* Adds its pieces to the layout, and what it says to the state. */
void id3v2_tag_add_to_layout (const Id3v2Tag *tag, Layout *layout);

/* The whole tag with the genre and the classifier that @wanted has.  NULL with
 * @error set if it would be too long. */
GBytes *
id3v2_tag_render (const Id3v2Tag *tag, const TagState *wanted, GError **error);

G_END_DECLS
