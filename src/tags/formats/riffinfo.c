/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "riffinfo.h"

#include <string.h>

#include <gst/gst.h>

#include "chunks.h"

#define GENRE "IGNR"
#define HEADER 8

/* The bytes of the item at @offset, with its pad byte; 0 if there is none, and
 * with @problem set if it is longer than the list. */
static gsize
get_item_size (GBytes *data, gsize offset, char **problem)
{
  gsize size, length;
  const guint8 *bytes = g_bytes_get_data (data, &size);

  size -= offset;
  bytes += offset;
  if (size < HEADER || !chunk_id_is_valid (bytes))
    return 0;
  length = GST_READ_UINT32_LE (bytes + 4);
  if (length > size - HEADER) {
    *problem = g_strdup_printf (
        "Its INFO list is damaged: it ends within its item %.4s.",
        (const char *) bytes);
    return 0;
  }
  length += HEADER;
  /* Some programs write no pad bytes.  What cannot be read with them is no item;
   * but the last one may be without. */
  if ((length & 1) && size - length > HEADER && bytes[length] &&
      chunk_id_is_valid (bytes + length) &&
      !chunk_id_is_valid (bytes + length + 1))
    return 0;
  return MIN (length + (length & 1), size);
}

/* Takes @raw. */
static void
add_item (TagItems *items, GBytes *raw)
{
  const guint8 *data = g_bytes_get_data (raw, NULL);
  const char *text = (const char *) data + HEADER;
  gssize length = GST_READ_UINT32_LE (data + 4);

  if (memcmp (data, GENRE, 4)) {
    tag_items_add_kept (
        items, g_strdup_printf ("item %.4s", (const char *) data), raw);
  } else {
    tag_items_add_field (items, FALSE, raw);
    tag_items_add_genre (items, text, length);
  }
}

RiffInfo *
riff_info_parse (GBytes *data, char **problem)
{
  g_autoptr (RiffInfo) info = g_new0 (RiffInfo, 1);
  g_autoptr (GBytes) all = data ? g_bytes_ref (data) : g_bytes_new (NULL, 0);
  g_autofree char *what = NULL;
  gsize offset = 0, n;

  info->items = tag_items_new ();
  while ((n = get_item_size (all, offset, &what)) > 0) {
    g_autoptr (GBytes) raw = NULL;

    if (tag_items_is_full (info->items)) {
      what = g_strdup ("Its INFO list has too many items.");
      break;
    }
    raw = g_bytes_new_from_bytes (all, offset, n);
    /* behind one without its pad byte nothing can stand */
    if ((n & 1) && memcmp (g_bytes_get_data (raw, NULL), GENRE, 4))
      break;
    add_item (info->items, g_steal_pointer (&raw));
    offset += n;
  }
  info->rest = g_bytes_new_from_bytes (
      all, offset, g_bytes_get_size (all) - offset);
  if (!what)
    return g_steal_pointer (&info);
  *problem = g_steal_pointer (&what);
  return NULL;
}

void
riff_info_free (RiffInfo *info)
{
  tag_items_free (info->items);
  g_clear_pointer (&info->rest, g_bytes_unref);
  g_free (info);
}

gboolean
riff_info_is_empty (const RiffInfo *info)
{
  return info->items->kept->len == 0 && g_bytes_get_size (info->rest) == 0;
}

gboolean
riff_info_is_technical (const RiffInfo *info)
{
  for (guint i = 0; i < info->items->kept->len; i++) {
    const TagItem *item = info->items->kept->pdata[i];

    if (strcmp (item->name, "item ISFT"))
      return FALSE;
  }
  return g_bytes_get_size (info->rest) == 0;
}

/* There is no item for the classifier. */
static void
encode (const TagItems *items, char **genres, const char *classifier,
    GPtrArray *raws)
{
  (void) items;
  (void) classifier;
  for (; genres && *genres; genres++) {
    gsize length = strlen (*genres) + 1;
    GByteArray *data = g_byte_array_new ();
    guint8 size[4];

    GST_WRITE_UINT32_LE (size, length);
    g_byte_array_append (data, (const guint8 *) GENRE, 4);
    g_byte_array_append (data, size, sizeof size);
    g_byte_array_append (data, (const guint8 *) *genres, (guint) length);
    if (length & 1)
      g_byte_array_append (data, (const guint8 *) "", 1);
    g_ptr_array_add (raws, g_byte_array_free_to_bytes (data));
  }
}

GByteArray *
riff_info_render (const RiffInfo *info, const TagState *wanted)
{
  g_autoptr (GPtrArray)
      fields = tag_items_get_fields (info->items, TAG_INFO, wanted, encode);
  GByteArray *data = tag_items_join (info->items, fields);
  gsize size;
  const guint8 *rest = g_bytes_get_data (info->rest, &size);

  if (size > 0)
    g_byte_array_append (data, rest, (guint) size);
  return data;
}
