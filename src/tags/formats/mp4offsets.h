/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Where an MP4 file says at which byte of it something is: the offsets of the
 * chunks, and those of fragments in an index.  They change when what they point to
 * moves. */

#pragma once

#include "layout.h"
#include "mp4atoms.h"
#include "mp4holes.h"

G_BEGIN_DECLS

typedef struct _Mp4Offsets Mp4Offsets;

Mp4Offsets *mp4_offsets_new (void);
void mp4_offsets_free (Mp4Offsets *offsets);

/* Finds the offsets in an atom of the file's top level.  Notes obstacles. */
void
mp4_offsets_scan (Mp4Offsets *offsets, Layout *layout, const Mp4Atom *atom);

/* Adds the places of the offsets to @holes. */
void mp4_offsets_add_holes (const Mp4Offsets *offsets, Mp4Holes *holes);
/* Adds pieces that say where the offsets point to in @atoms, those of the file's
 * top level. */
void mp4_offsets_add_pieces (
    const Mp4Offsets *offsets, Layout *layout, GArray *atoms);

/* Adds to @splices what makes the offsets point to where @splices move what they
 * point to now.  FALSE with @error set, in TAGS_ERROR, if there is something that
 * cannot be moved. */
gboolean mp4_offsets_edit (
    const Mp4Offsets *offsets, GArray *atoms, Splices *splices, GError **error);

G_END_DECLS
