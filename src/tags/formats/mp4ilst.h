/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Tags of MP4 as a list of items: that of iTunes, the atom "ilst"; or the texts that
 * QuickTime and 3GP have in the atom "udta" itself:
 * https://www.etsi.org/deliver/etsi_ts/126200_126299/126244/ */

#pragma once

#include "mp4atoms.h"
#include "tagitems.h"

G_BEGIN_DECLS

typedef enum
{
  MP4_ITUNES,
  MP4_QUICKTIME,
  MP4_3GP
} Mp4Style;

/* Takes the list apart.
 * @end: (out): where its items end; what is behind them is for the caller
 * @problem: (out) (transfer full): if an item is damaged, a sentence says which
 * Returns: (transfer full) (nullable) */
TagItems *mp4_ilst_parse (MediaFile *file, const Mp4Atom *list, Mp4Style style,
    guint64 *end, char **problem);

/* The contents of the list with the fields that @wanted has. */
GByteArray *
mp4_ilst_render (const TagItems *items, Mp4Style style, const TagState *wanted);

G_END_DECLS
