/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The places of an MP4 file that change with the tags: sizes, offsets, and the tags
 * themselves.  What is around them stays. */

#pragma once

#include "layout.h"

G_BEGIN_DECLS

typedef struct _Mp4Holes Mp4Holes;

Mp4Holes *mp4_holes_new (void);
void mp4_holes_free (Mp4Holes *holes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Mp4Holes, mp4_holes_free)

/* Adds a place, which overlaps no other. */
void mp4_holes_add (Mp4Holes *holes, guint64 offset, guint64 length);

/* Adds to the piece that was begun last the bytes from @offset to @end that are in
 * no hole.  To be called for places one behind the other, after all holes were
 * added. */
void
mp4_holes_extend (Mp4Holes *holes, Layout *layout, guint64 offset, guint64 end);

G_END_DECLS
