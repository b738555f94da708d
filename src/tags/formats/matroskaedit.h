/* SPDX-License-Identifier: GPL-2.0-or-later */

/* How a Matroska file changes when its Tags do.
 *
 * Tags change where they are, and new ones are put before the first Cluster, where
 * also those find them who do not look behind the audio.  What comes behind
 * moves.  SeekHead, Cues and Clusters say where in the Segment elements are, and are
 * changed accordingly; nothing else knows that, as all other references are made by
 * UID.  Neither is padding used up, so that the file is the same again when the genre
 * is taken away. */

#pragma once

#include "matroskasegment.h"
#include "matroskatags.h"

G_BEGIN_DECLS

/* SeekHead or Cues. */
typedef struct
{
  guint i; /* the element */
  GBytes *raw;
  gboolean right; /* its checksums are */
} Places;

typedef struct
{
  MatroskaSegment *segment;
  GArray *places; /* Places */
  MatroskaTags *tags;
  int chosen;      /* the element of these tags, or -1 */
  GBytes *raw;     /* that element */
  guint new_index; /* new tags come before this element */
} Matroska;

/* The edit() of the format, whose layout->found is a Matroska. */
gboolean matroska_edit (const Layout *layout, const TagState *wanted,
    const EditOptions *options, Splices *splices, GError **error);

G_END_DECLS
