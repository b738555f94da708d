/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "mp4ilst.h"

#include <string.h>

#include <gst/gst.h>
#include <gst/tag/tag.h>

#define GENRE MP4_TYPE (0xa9, 'g', 'e', 'n')
#define GENRE_NUMBER                                                           \
  MP4_TYPE ('g', 'n', 'r', 'e') /* of ID3v1's list, and one */
#define FREE_FORM MP4_TYPE ('-', '-', '-', '-')
#define DATA MP4_TYPE ('d', 'a', 't', 'a')
#define MEAN MP4_TYPE ('m', 'e', 'a', 'n')
#define NAME MP4_TYPE ('n', 'a', 'm', 'e')

#define APPLE "com.apple.iTunes"
#define MAX_LIST (256u << 20)
#define DATA_HEADER 8       /* bytes of the contents: type and locale */
#define UNDETERMINED 0x55c4 /* the language "und", whose texts are of Unicode */

/* What the contents of a "data" atom are. */
enum
{
  UTF8 = 1,
  UTF16 = 2
};

/* A part of an item, such as its value. */
typedef struct
{
  guint32 type;
  const guint8 *data; /* the contents */
  gsize length;
} Part;

/* Reads the part at *@offset of an item, and goes behind it.  FALSE at the end, or
 * if it is damaged. */
static gboolean
next_part (GBytes *raw, gsize *offset, Part *part)
{
  gsize size, length;
  const guint8 *bytes = g_bytes_get_data (raw, &size);

  if (size - *offset < MP4_HEADER)
    return FALSE;
  length = GST_READ_UINT32_BE (bytes + *offset);
  if (length < MP4_HEADER || length > size - *offset)
    return FALSE;
  part->type = GST_READ_UINT32_BE (bytes + *offset + 4);
  part->data = bytes + *offset + MP4_HEADER;
  part->length = length - MP4_HEADER;
  *offset += length;
  return TRUE;
}

/* The text of the item's part of a type, behind its version and flags, or NULL. */
static char *
get_text (GBytes *raw, guint32 type)
{
  gsize offset = MP4_HEADER;
  Part part;

  while (next_part (raw, &offset, &part)) {
    if (part.type == type && part.length >= 4)
      return g_strndup ((const char *) part.data + 4, part.length - 4);
  }
  return NULL;
}

static gboolean
is_classifier (GBytes *raw)
{
  g_autofree char *mean = get_text (raw, MEAN), *name = get_text (raw, NAME);

  return !g_strcmp0 (mean, APPLE) && name &&
      !g_ascii_strcasecmp (name, TAG_CLASSIFIER);
}

static gboolean
has_genre (const TagItems *items, const char *genre)
{
  for (guint i = 0; i < items->genres->len; i++) {
    if (!strcmp (items->genres->pdata[i], genre))
      return TRUE;
  }
  return FALSE;
}

/* Notes a genre by its number, unless it is there by its name. */
static void
add_number (TagItems *items, const guint8 *data, gsize length)
{
  guint number = length >= 2 ? GST_READ_UINT16_BE (data + length - 2) : 0;

  if (number > 0 && number <= gst_tag_id3_genre_count ()) {
    const char *genre = gst_tag_id3_genre_get (number - 1);

    if (!has_genre (items, genre))
      tag_items_add_genre (items, genre, -1);
  }
}

static void
add_text (TagItems *items, guint type, const guint8 *data, gsize length)
{
  if (type == UTF16) {
    g_autofree char *text = g_convert ((const char *) data, (gssize) length,
        "UTF-8", "UTF-16BE", NULL, NULL, NULL);

    /* what is not of the type that it is said to be is a genre all the same */
    if (text)
      tag_items_add_genre (items, text, -1);
    else
      tag_items_add_genre (items, (const char *) data, (gssize) length);
  } else {
    tag_items_add_genre (items, (const char *) data, (gssize) length);
  }
}

/* Notes what a field of ours says. */
static void
read_values (TagItems *items, guint32 type, GBytes *raw)
{
  gsize offset = MP4_HEADER;
  Part part;

  while (next_part (raw, &offset, &part)) {
    const guint8 *data = part.data + DATA_HEADER;
    gsize length = part.length - DATA_HEADER;

    if (part.type != DATA || part.length < DATA_HEADER)
      continue;
    if (type == GENRE)
      add_text (items, GST_READ_UINT32_BE (part.data), data, length);
    else if (type == GENRE_NUMBER)
      add_number (items, data, length);
    else
      tag_items_set_classifier (items, (const char *) data, (gssize) length);
  }
}

/* A text with its length and its language; the same in other languages may
 * follow. */
static void
read_quicktime (TagItems *items, GBytes *raw)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (raw, &size);

  data += MP4_HEADER;
  size -= MP4_HEADER;
  if (size >= 4)
    add_text (items, UTF8, data + 4,
        MIN (size - 4, (gsize) GST_READ_UINT16_BE (data)));
}

/* A version, flags, the language, and a text that is of UTF-8 or begins with the
 * mark of UTF-16. */
static void
read_3gp (TagItems *items, GBytes *raw)
{
  const gsize begin = MP4_HEADER + 6;
  gsize size;
  const guint8 *data = g_bytes_get_data (raw, &size);

  if (size >= begin + 2 && GST_READ_UINT16_BE (data + begin) == 0xfeff)
    add_text (items, UTF16, data + begin + 2, size - begin - 2);
  else if (size > begin)
    add_text (items, UTF8, data + begin, size - begin);
}

static char *
describe (guint32 type, GBytes *raw)
{
  g_autofree char *name = mp4_type_to_name (type);
  g_autofree char *free_name = type == FREE_FORM ? get_text (raw, NAME) : NULL;
  g_autofree char *valid = free_name ? g_utf8_make_valid (free_name, -1) : NULL;

  return g_strconcat ("item ", name, valid ? ":" : NULL, valid, NULL);
}

static gboolean
is_genre (guint32 type, Mp4Style style)
{
  return (type == GENRE && style != MP4_3GP) ||
      (type == GENRE_NUMBER && style != MP4_QUICKTIME);
}

/* Takes @raw. */
static void
add_item (TagItems *items, Mp4Style style, guint32 type, GBytes *raw)
{
  if (is_genre (type, style)) {
    tag_items_add_field (items, FALSE, raw);
    if (style == MP4_ITUNES)
      read_values (items, type, raw);
    else if (style == MP4_QUICKTIME)
      read_quicktime (items, raw);
    else
      read_3gp (items, raw);
  } else if (type == FREE_FORM && is_classifier (raw)) {
    tag_items_add_field (items, TRUE, raw);
    read_values (items, type, raw);
  } else {
    tag_items_add_kept (items, describe (type, raw), raw);
  }
}

TagItems *
mp4_ilst_parse (MediaFile *file, const Mp4Atom *list, Mp4Style style,
    guint64 *end, char **problem)
{
  g_autoptr (TagItems) items = tag_items_new ();
  Mp4Walk walk = mp4_enter (file, list, 0);
  Mp4Atom item;

  *end = walk.offset;
  if (list->size > MAX_LIST) {
    *problem = g_strdup_printf ("Its list of tags at byte %" G_GUINT64_FORMAT
                                " is longer than any.",
        list->offset);
    return NULL;
  }
  while (mp4_next (&walk, &item)) {
    GBytes *raw = item.header == MP4_HEADER
        ? media_file_get (file, item.offset, item.size)
        : NULL;

    if (tag_items_is_full (items)) {
      g_clear_pointer (&raw, g_bytes_unref);
      *problem = g_strdup ("Its list of tags has too many items.");
      return NULL;
    }
    if (!raw) {
      *problem = g_strdup_printf (
          "Its list of tags is damaged: the item at byte %" G_GUINT64_FORMAT
          " is too long.",
          item.offset);
      return NULL;
    }
    add_item (items, style, item.type, raw);
    *end = walk.offset;
  }
  return g_steal_pointer (&items);
}

static void
append_data (GByteArray *item, const char *text)
{
  g_autoptr (GByteArray) contents = g_byte_array_new ();
  static const guint8 header[DATA_HEADER] = { 0, 0, 0, UTF8 };

  g_byte_array_append (contents, header, sizeof header);
  g_byte_array_append (contents, (const guint8 *) text, (guint) strlen (text));
  mp4_append (item, DATA, contents->data, contents->len);
}

/* Adds a text behind a version and flags. */
static void
append_text (GByteArray *item, guint32 type, const char *text)
{
  g_autofree char *contents = g_strconcat ("....", text, NULL);

  memset (contents, 0, 4);
  mp4_append (item, type, contents, 4 + strlen (text));
}

static void
add_raw (GPtrArray *raws, guint32 type, const GByteArray *contents)
{
  g_autoptr (GByteArray) item = g_byte_array_new ();

  mp4_append (item, type, contents->data, contents->len);
  g_ptr_array_add (raws, g_bytes_new (item->data, item->len));
}

static void
encode_classifier (const char *classifier, GPtrArray *raws)
{
  g_autoptr (GByteArray) contents = g_byte_array_new ();

  append_text (contents, MEAN, APPLE);
  append_text (contents, NAME, TAG_CLASSIFIER);
  append_data (contents, classifier);
  add_raw (raws, FREE_FORM, contents);
}

static void
encode_itunes (const TagItems *items, char **genres, const char *classifier,
    GPtrArray *raws)
{
  g_autoptr (GByteArray) contents = g_byte_array_new ();

  (void) items;
  if (classifier) {
    encode_classifier (classifier, raws);
    return;
  }
  for (; *genres; genres++)
    append_data (contents, *genres);
  add_raw (raws, GENRE, contents);
}

/* For styles in which each genre is an atom of its own, which @add makes. */
static void
encode_texts (char **genres, const char *classifier, GPtrArray *raws,
    void (*add) (const char *genre, GPtrArray *raws))
{
  if (classifier) {
    encode_classifier (classifier, raws);
    return;
  }
  for (; *genres; genres++)
    add (*genres, raws);
}

static void
add_quicktime (const char *genre, GPtrArray *raws)
{
  g_autoptr (GByteArray) contents = g_byte_array_new ();
  /* more than that is found to be too long when the text is read again */
  guint length = (guint) MIN (strlen (genre), G_MAXUINT16);
  guint8 begin[4];

  GST_WRITE_UINT16_BE (begin, length);
  GST_WRITE_UINT16_BE (begin + 2, UNDETERMINED);
  g_byte_array_append (contents, begin, sizeof begin);
  g_byte_array_append (contents, (const guint8 *) genre, length);
  add_raw (raws, GENRE, contents);
}

static void
encode_quicktime (const TagItems *items, char **genres, const char *classifier,
    GPtrArray *raws)
{
  (void) items;
  encode_texts (genres, classifier, raws, add_quicktime);
}

static void
add_3gp (const char *genre, GPtrArray *raws)
{
  g_autoptr (GByteArray) contents = g_byte_array_new ();
  guint8 begin[6] = { 0 };

  GST_WRITE_UINT16_BE (begin + 4, UNDETERMINED);
  g_byte_array_append (contents, begin, sizeof begin);
  g_byte_array_append (
      contents, (const guint8 *) genre, (guint) strlen (genre) + 1);
  add_raw (raws, GENRE_NUMBER, contents);
}

static void
encode_3gp (const TagItems *items, char **genres, const char *classifier,
    GPtrArray *raws)
{
  (void) items;
  encode_texts (genres, classifier, raws, add_3gp);
}

GByteArray *
mp4_ilst_render (const TagItems *items, Mp4Style style, const TagState *wanted)
{
  static const TagEncode encodes[] = { encode_itunes, encode_quicktime,
    encode_3gp };
  g_autoptr (GPtrArray)
      fields = tag_items_get_fields (items, TAG_MP4, wanted, encodes[style]);

  return tag_items_join (items, fields);
}
