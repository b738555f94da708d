/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The metadata of QuickTime whose items have numbers, of names in an atom "keys":
 * https://developer.apple.com/documentation/quicktime-file-format/metadata_atoms_and_types */

#pragma once

#include "mp4atoms.h"
#include "tagitems.h"

G_BEGIN_DECLS

/* Adds to @items the genres that a "meta" atom with such keys says. */
void
mp4_keys_read (MediaFile *file, const Mp4Atom *meta, TagItems *items);

G_END_DECLS
