/* SPDX-License-Identifier: GPL-2.0-or-later */

/* GST_TAG_GENRE beside the tags that upstream sends. */

#pragma once

#include <gst/gst.h>

/* A genre as ID3 spells it ("hiphop": "Hip-Hop"), or @label itself if ID3 does
 * not know it; a static string or @label. */
const char *genre_tag_spelling (const char *label);

/* What is to be pushed downstream: @upstream (nullable) with the genre of
 * @label merged in as @mode says.  (transfer full) */
GstTagList *genre_tag_merge (
    const GstTagList *upstream, const char *label, GstTagMergeMode mode);
