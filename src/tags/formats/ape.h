/* SPDX-License-Identifier: GPL-2.0-or-later */

/* APE tags of version 1 and 2:
 * https://wiki.hydrogenaud.io/index.php?title=APEv2_specification */

#pragma once

#include "mediafile.h"
#include "tagitems.h"

G_BEGIN_DECLS

/* Finds the tag that ends at @end, with its header if it has one.  One whose size
 * cannot be right is given as its footer alone, of which ape_tag_parse() then says
 * what is wrong.  FALSE if there is none. */
gboolean
ape_tag_find (MediaFile *file, guint64 end, guint64 *offset, guint64 *length);

/* @tag: (nullable): with header and footer; %NULL makes the items of no tag
 * @problem: (out) (transfer full): if the tag is damaged, a sentence says how
 * Returns: (transfer full) (nullable) */
TagItems *ape_tag_parse (GBytes *tag, char **problem);

/* What the tag says beside its items, their number and size: versions, flags, and a
 * number of items that there are not, as some programs count.  They do not change,
 * so that a layout has them as a piece.
 * @tag: (nullable): one without a problem; %NULL gives those of a new tag
 * Returns: (transfer full) */
GBytes *ape_tag_get_flags (GBytes *tag);

/* The tag with the fields of the genre and the classifier that @wanted has.
 * @items: what ape_tag_parse() gave for @old_tag
 * @old_tag: (nullable): %NULL makes a new tag of version 2 with a header
 * Returns: (transfer full) (nullable): no bytes if there is to be no tag; %NULL with
 *     @error set, in TAGS_ERROR, if it would be too long */
GBytes *ape_tag_render (const TagItems *items, GBytes *old_tag,
    const TagState *wanted, GError **error);

G_END_DECLS
