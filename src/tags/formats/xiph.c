/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "xiph.h"

#include <string.h>

#include <gst/gst.h>

#define GENRE "GENRE"

/* The length of the name in a field "NAME=value", or -1 if it has none. */
static gssize
get_name_length (const char *text, gsize length)
{
  const char *end = memchr (text, '=', length);

  return end ? end - text : -1;
}

static gboolean
has_name (const char *text, gsize length, const char *name)
{
  gssize n = get_name_length (text, length);

  return n == (gssize) strlen (name) &&
      !g_ascii_strncasecmp (text, name, (gsize) n);
}

/* What a field is called in a sentence. */
static char *
describe (const char *text, gsize length)
{
  gssize n = get_name_length (text, length);
  g_autofree char *name = NULL;

  if (n <= 0)
    return g_strdup ("field without a name");
  name = g_utf8_make_valid (text, MIN (n, 40));
  return g_strconcat ("field ", name, NULL);
}

/* Takes @raw: a field with its length. */
static void
add_field (TagItems *items, GBytes *raw)
{
  gsize size;
  const char *text = (const char *) g_bytes_get_data (raw, &size) + 4;
  gsize length = size - 4;

  if (has_name (text, length, GENRE)) {
    tag_items_add_field (items, FALSE, raw);
    tag_items_add_genre (items, text + strlen (GENRE "="),
        (gssize) (length - strlen (GENRE "=")));
  } else if (has_name (text, length, TAG_CLASSIFIER)) {
    tag_items_add_field (items, TRUE, raw);
    tag_items_set_classifier (items, text + strlen (TAG_CLASSIFIER "="),
        (gssize) (length - strlen (TAG_CLASSIFIER "=")));
  } else {
    tag_items_add_kept (items, describe (text, length), raw);
  }
}

/* The bytes of a text with its length at @offset, or NULL. */
static GBytes *
get_text (GBytes *data, gsize offset)
{
  gsize size, length;
  const guint8 *bytes = g_bytes_get_data (data, &size);

  if (offset > size || size - offset < 4)
    return NULL;
  length = GST_READ_UINT32_LE (bytes + offset);
  return length <= size - offset - 4
      ? g_bytes_new_from_bytes (data, offset, 4 + length)
      : NULL;
}

static XiphComment *
new_comment (GBytes *vendor)
{
  XiphComment *comment = g_new0 (XiphComment, 1);

  comment->vendor = vendor;
  comment->items = tag_items_new ();
  comment->size = g_bytes_get_size (vendor) + 4;
  return comment;
}

static XiphComment *
set_problem (char **problem, const char *sentence)
{
  *problem = g_strdup (sentence);
  return NULL;
}

XiphComment *
xiph_comment_parse (GBytes *data, char **problem)
{
  g_autoptr (XiphComment) comment = NULL;
  g_autoptr (GBytes) vendor = NULL;
  gsize size;
  guint32 n;

  if (!data)
    return new_comment (g_bytes_new_static ("\0\0\0\0", 4));
  vendor = get_text (data, 0);
  size = g_bytes_get_size (data);
  if (!vendor || size - g_bytes_get_size (vendor) < 4)
    return set_problem (
        problem, "Its Vorbis comment ends within the vendor's name.");
  comment = new_comment (g_steal_pointer (&vendor));
  n = GST_READ_UINT32_LE (
      (const guint8 *) g_bytes_get_data (data, NULL) + comment->size - 4);
  for (guint32 i = 0; i < n; i++) {
    GBytes *raw = get_text (data, comment->size);

    if (raw && tag_items_is_full (comment->items)) {
      g_bytes_unref (raw);
      return set_problem (problem, "Its Vorbis comment has too many fields.");
    }
    if (!raw) {
      *problem = g_strdup_printf (
          "Its Vorbis comment is damaged: it is to have "
          "%u fields, and ends within field %u.",
          n, i + 1);
      return NULL;
    }
    comment->size += g_bytes_get_size (raw);
    add_field (comment->items, raw);
  }
  return g_steal_pointer (&comment);
}

void
xiph_comment_free (XiphComment *comment)
{
  g_bytes_unref (comment->vendor);
  tag_items_free (comment->items);
  g_free (comment);
}

gboolean
xiph_comment_is_empty (const XiphComment *comment)
{
  return comment->items->kept->len == 0 &&
      g_bytes_get_size (comment->vendor) == 4;
}

/* The name as the tag spells it, such as "Genre". */
static char *
get_spelling (const TagItems *items, gboolean is_classifier)
{
  const char *name = is_classifier ? TAG_CLASSIFIER : GENRE;
  const TagField *field = tag_items_find_field (items, is_classifier);

  if (field)
    name = (const char *) g_bytes_get_data (field->raw, NULL) + 4;
  return g_strndup (name, strlen (is_classifier ? TAG_CLASSIFIER : GENRE));
}

static void
add_raw (GPtrArray *raws, const char *name, const char *value)
{
  g_autofree char *text = g_strconcat ("....", name, "=", value, NULL);
  gsize length = strlen (text) - 4;

  GST_WRITE_UINT32_LE (text, length);
  g_ptr_array_add (raws, g_bytes_new (text, 4 + length));
}

static void
encode (const TagItems *items, char **genres, const char *classifier,
    GPtrArray *raws)
{
  g_autofree char *name = get_spelling (items, classifier != NULL);

  if (classifier)
    add_raw (raws, name, classifier);
  else
    for (; *genres; genres++)
      add_raw (raws, name, *genres);
}

GByteArray *
xiph_comment_render (const XiphComment *comment, const TagState *wanted)
{
  const TagItems *items = comment->items;
  g_autoptr (GPtrArray)
      fields = tag_items_get_fields (items, TAG_XIPH, wanted, encode);
  g_autoptr (GByteArray) all = tag_items_join (items, fields);
  GByteArray *data = g_byte_array_new ();
  gsize size;
  const guint8 *vendor = g_bytes_get_data (comment->vendor, &size);
  guint8 n[4];

  GST_WRITE_UINT32_LE (n, items->kept->len + fields->len);
  g_byte_array_append (data, vendor, (guint) size);
  g_byte_array_append (data, n, sizeof n);
  if (all->len > 0)
    g_byte_array_append (data, all->data, all->len);
  return data;
}
