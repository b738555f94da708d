/* SPDX-License-Identifier: GPL-2.0-or-later */

/* RIFF's list of type INFO: "Multimedia Programming Interface and Data
 * Specifications 1.0", 1991, chapter 2:
 * https://www.mmsp.ece.mcgill.ca/Documents/AudioFormats/WAVE/Docs/riffmci.pdf */

#pragma once

#include "tagitems.h"

G_BEGIN_DECLS

typedef struct
{
  TagItems *items;
  GBytes *rest; /* what follows the items and is none */
} RiffInfo;

/* @data: (nullable): the list behind the word INFO; %NULL makes an empty one
 * @problem: (out) (transfer full): if it is damaged, a sentence says how
 * Returns: (transfer full) (nullable) */
RiffInfo *riff_info_parse (GBytes *data, char **problem);
void riff_info_free (RiffInfo *info);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RiffInfo, riff_info_free)

/* TRUE if it says nothing beside the genre. */
gboolean riff_info_is_empty (const RiffInfo *info);
/* TRUE if it says nothing of the music but the genre, such as when an encoder has
 * written its own name and no more. */
gboolean riff_info_is_technical (const RiffInfo *info);

/* The list behind the word INFO, with the fields of the genre that @wanted has. */
GByteArray *riff_info_render (const RiffInfo *info, const TagState *wanted);

G_END_DECLS
