/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "id3v1.h"

#include <string.h>

#include "id3genres.h"
#include "tagserror.h"

#define NO_GENRE 255

static TagItems *
parse (GBytes *data)
{
  TagItems *items = tag_items_new ();
  guint8 number = ((const guint8 *) g_bytes_get_data (
      data, NULL))[ID3V1_SIZE - 1];

  tag_items_add_field (
      items, FALSE, g_bytes_new_from_bytes (data, ID3V1_SIZE - 1, 1));
  if (id3_genre_get (number))
    tag_items_add_genre (items, id3_genre_get (number), -1);
  tag_items_add_kept (items, g_strdup ("title and others"),
      g_bytes_new_from_bytes (data, 0, ID3V1_SIZE - 1));
  return items;
}

void
id3v1_add_to_layout (GBytes *data, Layout *layout)
{
  g_autoptr (TagItems) items = parse (data);

  layout_add_items (layout, TAG_ID3V1, items);
}

static void
encode (const TagItems *items, char **genres, const char *classifier,
    GPtrArray *raws)
{
  int number = classifier ? -1 : id3_genre_find (*genres);
  guint8 byte = (guint8) number;

  (void) items;
  if (number >= 0)
    g_ptr_array_add (raws, g_bytes_new (&byte, 1));
}

GBytes *
id3v1_render (GBytes *data, const TagState *wanted, GError **error)
{
  g_autoptr (TagItems) items = parse (data);
  g_autoptr (GPtrArray)
      fields = tag_items_get_fields (items, TAG_ID3V1, wanted, encode);
  char **genres = wanted->genres[TAG_ID3V1];
  guint8 tag[ID3V1_SIZE];

  if (fields->len == 0 && genres && *genres) {
    g_set_error (error, TAGS_ERROR, REASON_UNWRITABLE_FORMAT,
        "Its only tag is ID3v1, which has the number of a genre from a list, and "
        "\"%s\" is not in that list. Add an ID3v2 tag with a tag editor, and the "
        "genre can be written.",
        *genres);
    return NULL;
  }
  memcpy (tag, g_bytes_get_data (data, NULL), ID3V1_SIZE);
  tag[ID3V1_SIZE - 1] = NO_GENRE;
  if (fields->len > 0) {
    const TagField *field = fields->pdata[0];
    gsize size;
    const guint8 *raw = g_bytes_get_data (field->raw, &size);

    if (size == 1)
      tag[ID3V1_SIZE - 1] = *raw;
  }
  return g_bytes_new (tag, ID3V1_SIZE);
}
