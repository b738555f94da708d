/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The list of items that iTunes writes into MP4, the atom "ilst". */

#pragma once

#include "mp4atoms.h"
#include "tagitems.h"

G_BEGIN_DECLS

/* Takes the list apart.  @problem: (out) (transfer full): if an item is damaged, a
 * sentence says which
 * Returns: (transfer full) (nullable) */
TagItems *mp4_ilst_parse (MediaFile *file, const Mp4Atom *ilst, char **problem);

/* The contents of the list with the fields that @wanted has. */
GByteArray *mp4_ilst_render (const TagItems *items, const TagState *wanted);

G_END_DECLS
