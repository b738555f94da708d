/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "mp4keys.h"

#include <string.h>

#define KEYS MP4_TYPE ('k', 'e', 'y', 's')
#define ILST MP4_TYPE ('i', 'l', 's', 't')
#define DATA MP4_TYPE ('d', 'a', 't', 'a')
#define DATA_HEADER 8 /* bytes of the contents: type and locale */
#define MAX_TEXT 4096

/* As Apple names it, and as FFmpeg writes it. */
static const char *const names[] = { "com.apple.quicktime.genre", "genre" };

/* The number of the first of the keys that is of this name, from 1 on; 0 if there is
 * none. */
static guint32
find_key (MediaFile *file, const Mp4Atom *keys, const char *name)
{
  Mp4Walk walk = mp4_enter (file, keys, 8);
  guint32 number = 0;
  Mp4Atom key;

  while (mp4_next (&walk, &key)) {
    number++;
    if (key.size - key.header == strlen (name) &&
        media_file_has (file, key.offset + key.header, name, strlen (name)))
      return number;
  }
  return 0;
}

static void
read_item (MediaFile *file, const Mp4Atom *item, TagItems *items)
{
  Mp4Walk walk = mp4_enter (file, item, 0);
  Mp4Atom data;

  while (mp4_next (&walk, &data)) {
    guint64 size = data.size - data.header;
    g_autoptr (GBytes) text = NULL;

    if (data.type == DATA && size > DATA_HEADER && size <= MAX_TEXT)
      text = media_file_get (file, data.offset + data.header + DATA_HEADER,
          size - DATA_HEADER);
    if (text)
      tag_items_add_genre (items, g_bytes_get_data (text, NULL),
          (gssize) g_bytes_get_size (text));
  }
}

void
mp4_keys_read (MediaFile *file, const Mp4Atom *meta, TagItems *items)
{
  guint64 skip = mp4_get_meta_skip (file, meta);
  guint32 numbers[G_N_ELEMENTS (names)];
  Mp4Atom keys, ilst, item;
  Mp4Walk walk;

  if (!mp4_find (file, meta, skip, KEYS, &keys) ||
      !mp4_find (file, meta, skip, ILST, &ilst))
    return;
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    numbers[i] = find_key (file, &keys, names[i]);
  walk = mp4_enter (file, &ilst, 0);
  while (mp4_next (&walk, &item)) {
    if (item.type > 0 && (item.type == numbers[0] || item.type == numbers[1]))
      read_item (file, &item, items);
  }
}
