/* SPDX-License-Identifier: GPL-2.0-or-later */

/* SeekHead and Cues, which say where in the Segment others of its elements are. */

#pragma once

#include "matroskasegment.h"

G_BEGIN_DECLS

/* TRUE if elements of this ID say places. */
gboolean matroska_has_places (guint32 id);

/* What such an element says, as bytes that are the same wherever the elements are:
 * a place is the number of the element there, and how far within it.
 *
 * @raw: the element
 * @skip: this element is not counted, nor are SeekHead's entries of it; -1 for none
 * @right: (out): whether its checksums, if it has any, are right
 *
 * Returns: (nullable): NULL if it is damaged */
GBytes *matroska_places_describe (
    const MatroskaSegment *segment, GBytes *raw, int skip, gboolean *right);

/* The element as it is to be when others have moved.
 *
 * @raw: the element, which is not damaged
 * @places: where each of the Segment's elements will be, and, one more, its end
 * @skip: SeekHead's entries of this element are left out; -1 for none
 * @added: (nullable): an entry that is added */
GBytes *matroska_places_render (const MatroskaSegment *segment, GBytes *raw,
    const guint64 *places, int skip, GBytes *added);

/* An entry of SeekHead. */
GBytes *matroska_make_seek (guint32 id, guint64 place);

G_END_DECLS
