/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "spelling.h"

#include <gst/tag/tag.h>

#include "genre/genre.h"

const char *
spelling_of_label (const char *label)
{
  for (guint i = 0; i < gst_tag_id3_genre_count (); i++) {
    const char *name = gst_tag_id3_genre_get (i);

    if (genre_labels_match (name, label))
      return name;
  }
  return label;
}
