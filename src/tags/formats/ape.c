/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "ape.h"

#include <string.h>

#include <gst/gst.h>

#include "tagserror.h"

#define GENRE "Genre"
#define MAGIC "APETAGEX"
#define FRAME 32        /* bytes of the header, and of the footer */
#define ITEM 8          /* bytes of an item before its key */
#define MAX_SIZE (256u << 20)
#define VERSION_1 1000
#define VERSION_2 2000

#define HAS_HEADER (1u << 31)
#define IS_HEADER (1u << 29)

/* An item's flags */
#define TYPE (3u << 1) /* 0: text in UTF-8 */

/* The header or the footer. */
typedef struct
{
  guint32 version, size, n_items, flags;
} Frame;

/* FALSE if there is none. */
static gboolean
read_frame (const guint8 *data, Frame *frame)
{
  if (memcmp (data, MAGIC, 8))
    return FALSE;
  frame->version = GST_READ_UINT32_LE (data + 8);
  frame->size = GST_READ_UINT32_LE (data + 12);
  frame->n_items = GST_READ_UINT32_LE (data + 16);
  frame->flags = GST_READ_UINT32_LE (data + 20);
  return TRUE;
}

static gboolean
read_frame_at (MediaFile *file, guint64 offset, Frame *frame)
{
  guint8 data[FRAME];

  return media_file_read (file, offset, data, FRAME) == FRAME &&
      read_frame (data, frame);
}

gboolean
ape_tag_find (MediaFile *file, guint64 end, guint64 *offset, guint64 *length)
{
  Frame footer, header;

  if (end < FRAME || !read_frame_at (file, end - FRAME, &footer) ||
      (footer.flags & IS_HEADER))
    return FALSE;
  *offset = end - FRAME;
  if (footer.size >= FRAME && footer.size <= MIN (end, MAX_SIZE))
    *offset = end - footer.size;
  /* some programs forget to say that there is a header, others say it of none */
  if (footer.version != VERSION_1 && *offset >= FRAME &&
      read_frame_at (file, *offset - FRAME, &header) &&
      (header.flags & IS_HEADER))
    *offset -= FRAME;
  *length = end - *offset;
  return TRUE;
}

/* Without a NULL @tag. */
static gboolean
has_header (GBytes *tag)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (tag, &size);
  Frame header;

  return size >= 2 * FRAME && read_frame (data, &header) &&
      (header.flags & IS_HEADER);
}

/* TRUE if an item is of this name. */
static gboolean
has_key (const guint8 *raw, const char *key)
{
  return !g_ascii_strcasecmp ((const char *) raw + ITEM, key);
}

/* Adds what the item says, texts with 0 between them. */
static void
add_genres (TagItems *items, const char *text, gsize length)
{
  while (length > 0) {
    const char *end = memchr (text, '\0', length);
    gsize n = end ? (gsize) (end - text) : length;

    tag_items_add_genre (items, text, (gssize) n);
    n += end ? 1 : 0;
    text += n;
    length -= n;
  }
}

/* Takes @raw. */
static void
add_item (TagItems *items, GBytes *raw)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (raw, &size);
  gsize begin = ITEM + strlen ((const char *) data + ITEM) + 1;
  const char *value = (const char *) data + begin;
  gboolean is_text = !(GST_READ_UINT32_LE (data + 4) & TYPE);

  if (has_key (data, GENRE)) {
    tag_items_add_field (items, FALSE, raw);
    if (is_text)
      add_genres (items, value, size - begin);
  } else if (has_key (data, TAG_CLASSIFIER)) {
    tag_items_add_field (items, TRUE, raw);
    if (is_text)
      tag_items_set_classifier (items, value, (gssize) (size - begin));
  } else {
    g_autofree char *key = g_utf8_make_valid ((const char *) data + ITEM, -1);

    tag_items_add_kept (items, g_strdup_printf ("item %.40s", key), raw);
  }
}

/* The item at @offset, which ends before @end; NULL if it does not. */
static GBytes *
get_item (GBytes *tag, gsize offset, gsize end)
{
  const guint8 *data = g_bytes_get_data (tag, NULL);
  const guint8 *key_end;
  gsize value, size;

  if (end - offset < ITEM + 1)
    return NULL;
  size = GST_READ_UINT32_LE (data + offset);
  key_end = memchr (data + offset + ITEM, '\0', end - offset - ITEM);
  if (!key_end)
    return NULL;
  value = (gsize) (key_end - data) + 1;
  return size <= end - value
      ? g_bytes_new_from_bytes (tag, offset, value + size - offset)
      : NULL;
}

static TagItems *
set_problem (char **problem, const char *what)
{
  *problem = g_strdup_printf ("Its APE tag is damaged: %s.", what);
  return NULL;
}

static TagItems *
parse_items (GBytes *tag, gsize offset, gsize end, guint32 n, char **problem)
{
  g_autoptr (TagItems) items = tag_items_new ();
  g_autofree char *what = NULL;
  guint32 i = 0;

  while (i < n && offset < end && !what) {
    GBytes *raw = get_item (tag, offset, end);

    if (raw && i < TAG_MAX_ITEMS) {
      offset += g_bytes_get_size (raw);
      add_item (items, raw);
      i++;
      continue;
    }
    what = g_strdup_printf (
        "it is to have %u items, and ends within item %u", n, i + 1);
    g_clear_pointer (&raw, g_bytes_unref);
  }
  /* fewer items than it is to have are read by all programs */
  if (!what && offset < end)
    what = g_strdup_printf ("it has %" G_GSIZE_FORMAT
                            " more bytes behind its %u items",
        end - offset, n);
  return what ? set_problem (problem, what) : g_steal_pointer (&items);
}

TagItems *
ape_tag_parse (GBytes *tag, char **problem)
{
  gsize size, begin;
  const guint8 *data;
  Frame header, footer;

  if (!tag)
    return tag_items_new ();
  data = g_bytes_get_data (tag, &size);
  begin = has_header (tag) ? FRAME : 0;
  if (size < FRAME || !read_frame (data + size - FRAME, &footer))
    return set_problem (problem, "it has no footer");
  if (footer.version != VERSION_1 && footer.version != VERSION_2)
    return set_problem (problem, "it is of an unknown version");
  if (footer.size != size - begin)
    return set_problem (
        problem, "its footer says a size that is not that of the tag");
  if (begin > 0 && read_frame (data, &header) &&
      (header.size != footer.size || header.n_items < footer.n_items))
    return set_problem (
        problem, "its header and its footer say different sizes");
  return parse_items (tag, begin, size - FRAME, footer.n_items, problem);
}

static void
append_frame (GByteArray *data, guint32 flags)
{
  guint8 frame[FRAME] = MAGIC;

  GST_WRITE_UINT32_LE (frame + 8, VERSION_2);
  GST_WRITE_UINT32_LE (frame + 20, flags);
  g_byte_array_append (data, frame, FRAME);
}

static guint32
count_items (GBytes *tag)
{
  gsize offset = has_header (tag) ? FRAME : 0;
  gsize end = g_bytes_get_size (tag) - FRAME;
  guint32 n = 0;

  while (offset < end) {
    g_autoptr (GBytes) raw = get_item (tag, offset, end);

    if (!raw)
      break;
    offset += g_bytes_get_size (raw);
    n++;
  }
  return n;
}

/* The header, if there is one, and the footer; with no size, and the number of items
 * that there are not. */
static GByteArray *
get_frames (GBytes *tag)
{
  GByteArray *frames = g_byte_array_new ();
  guint32 n = tag ? count_items (tag) : 0;

  if (tag) {
    gsize size;
    const guint8 *data = g_bytes_get_data (tag, &size);

    if (has_header (tag))
      g_byte_array_append (frames, data, FRAME);
    g_byte_array_append (frames, data + size - FRAME, FRAME);
  } else {
    append_frame (frames, HAS_HEADER | IS_HEADER);
    append_frame (frames, HAS_HEADER);
  }
  for (guint i = 0; i < frames->len; i += FRAME) {
    guint8 *frame = frames->data + i;

    memset (frame + 12, 0, 4);
    GST_WRITE_UINT32_LE (frame + 16, GST_READ_UINT32_LE (frame + 16) - n);
  }
  return frames;
}

GBytes *
ape_tag_get_flags (GBytes *tag)
{
  return g_byte_array_free_to_bytes (get_frames (tag));
}

/* An item of these texts; @old is one that it is to be like, or NULL. */
static GBytes *
make_item (const TagField *old, const char *key, const char *const *texts)
{
  const guint8 *like = old ? g_bytes_get_data (old->raw, NULL) : NULL;
  GByteArray *data = g_byte_array_new ();
  guint8 head[ITEM] = { 0 };
  guint length = (guint) strlen (key) + 1;

  if (like) {
    GST_WRITE_UINT32_LE (head + 4, GST_READ_UINT32_LE (like + 4) & ~TYPE);
    key = (const char *) like + ITEM;
  }
  g_byte_array_append (data, head, ITEM);
  g_byte_array_append (data, (const guint8 *) key, length);
  for (guint i = 0; texts[i]; i++)
    g_byte_array_append (data, (const guint8 *) texts[i],
        (guint) strlen (texts[i]) + (texts[i + 1] ? 1 : 0));
  GST_WRITE_UINT32_LE (data->data, data->len - ITEM - length);
  return g_byte_array_free_to_bytes (data);
}

static void
encode (const TagItems *items, char **genres, const char *classifier,
    GPtrArray *raws)
{
  const char *texts[] = { classifier, NULL };
  const TagField *old = tag_items_find_field (items, classifier != NULL);

  g_ptr_array_add (raws,
      classifier ? make_item (old, TAG_CLASSIFIER, texts)
                 : make_item (old, GENRE, (const char *const *) genres));
}

GBytes *
ape_tag_render (const TagItems *items, GBytes *old_tag, const TagState *wanted,
    GError **error)
{
  g_autoptr (GPtrArray) fields = NULL;
  g_autoptr (GByteArray) frames = NULL, all = NULL;

  if (!wanted->genres[TAG_APE] && items->kept->len == 0)
    return g_bytes_new (NULL, 0);
  fields = tag_items_get_fields (items, TAG_APE, wanted, encode);
  all = tag_items_join (items, fields);
  if (all->len > MAX_SIZE - 2 * FRAME) {
    tags_error_set (
        error, REASON_UNWRITABLE_FORMAT, "Its APE tag would be too long.");
    return NULL;
  }
  frames = get_frames (old_tag);
  for (guint i = 0; i < frames->len; i += FRAME) {
    guint8 *frame = frames->data + i;
    guint32 n = GST_READ_UINT32_LE (frame + 16);

    GST_WRITE_UINT32_LE (frame + 12, all->len + FRAME);
    GST_WRITE_UINT32_LE (frame + 16, n + items->kept->len + fields->len);
  }
  g_byte_array_append (all, frames->data + frames->len - FRAME, FRAME);
  if (frames->len > FRAME)
    g_byte_array_prepend (all, frames->data, FRAME);
  return g_byte_array_free_to_bytes (g_steal_pointer (&all));
}
