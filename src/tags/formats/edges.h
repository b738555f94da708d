/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The tags before and behind the audio of files that are no containers, or beside a
 * format's own tags: ID3v2 in front; APE, ID3v2.4, Lyrics3
 * (https://id3.org/Lyrics3v2) and ID3v1 at the end. */

#pragma once

#include "layout.h"

G_BEGIN_DECLS

typedef struct _Edges Edges;

/* Where the file begins behind the ID3v2 tags in front, of which there may be
 * several; 0 without. */
guint64 edges_skip_id3v2 (MediaFile *file);

/* Finds the tags before @start, which edges_skip_id3v2() gave, and those at the
 * file's end.  Of several of a kind one is chosen of those that can be read: the first
 * that has a genre, or else the first; the others stay as they are.  Adds nothing to
 * @layout but that several have a genre. */
Edges *edges_scan (Layout *layout, guint64 start);
void edges_free (Edges *edges);

/* Where the tags at the end begin; the file's size without any. */
guint64 edges_get_end (const Edges *edges);
/* TRUE if there is a tag in which a genre can be. */
gboolean edges_has_tag (const Edges *edges);

/* Add the pieces of the tags in front, and of those at the end, and what they say
 * to the state of the layout.  In between come the format's own. */
void edges_add_front (const Edges *edges, Layout *layout);
void edges_add_back (const Edges *edges, Layout *layout);

/* For formats without tags of their own: makes one of the kinds primary, the first of
 * ID3v2, APE and ID3v1 of which there is a tag, or else @otherwise, ID3v2 or APE.
 * That a tag cannot be read is an obstacle then.
 *
 * Readers that find a new ID3v2 tag with nothing but a genre would not look at the
 * titles of an APE or ID3v1 tag any more; and ID3v1 cuts titles off, so that no full
 * ID3v2 tag can be made of it. */
void
edges_choose_primary (const Edges *edges, Layout *layout, TagKind otherwise);

/* The part of TagFormat's edit() that belongs to these tags. */
gboolean edges_edit (const Edges *edges, const TagState *wanted,
    const EditOptions *options, Splices *splices, GError **error);

G_END_DECLS
