/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "id3v2.h"

#include <string.h>

#include <gst/gst.h>
#include <zlib.h>

#include "id3genres.h"
#include "id3v2frames.h"
#include "id3v2text.h"
#include "tagserror.h"

#define MAX_SIZE 0x0fffffff /* of what follows the header */

/* flags of a tag */
#define UNSYNCHRONISED 0x80
#define EXTENDED 0x40   /* in 2.2: compressed */
#define HAS_FOOTER 0x10 /* in 2.4 */

struct _Id3v2Tag
{
  GBytes *data;
  Id3v2Coding coding;
  gsize frames, padding, end; /* where the parts of @data begin; its footer */
  gsize crc;                  /* where the checksum is, if it is right; or 0 */
  gsize crc_end;              /* behind its bytes */
  TagItems *items;
  guint first_empty; /* how many kept frames stand before the first empty one */
  char *description; /* of the classifier's frame, as it is spelled; or NULL */
};

static const guint8 *
get_bytes (const Id3v2Tag *tag)
{
  return g_bytes_get_data (tag->data, NULL);
}

guint64
id3v2_get_size (const guint8 *header)
{
  gboolean has_footer = header[3] >= 4 && (header[5] & HAS_FOOTER);

  if ((memcmp (header, "ID3", 3) && memcmp (header, "3DI", 3)) ||
      header[3] == 0xff || header[4] == 0xff ||
      !id3v2_is_synchsafe (header + 6))
    return 0;
  return (guint64) id3v2_read_synchsafe (header + 6) +
      (has_footer ? 2 : 1) * ID3V2_HEADER;
}

/* The genre and the classifier */

static void
add_genre (Id3v2Tag *tag, const char *text, gsize length)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  id3_genre_parse (text, length, names);
  for (guint i = 0; i < names->len; i++)
    tag_items_add_genre (tag->items, names->pdata[i], -1);
}

/* Notes what a frame of the genre says.  FALSE if that cannot be read, or if it is
 * too much. */
static gboolean
read_genre (Id3v2Tag *tag, const Id3v2Frame *frame)
{
  g_autoptr (GByteArray)
      payload = id3v2_frame_get_payload (get_bytes (tag), frame, &tag->coding);
  g_autofree char *text = NULL;
  guint encoding;
  gsize length, skip;

  if (!payload)
    return FALSE;
  if (payload->len == 0)
    return TRUE;
  /* some programs leave out the byte of the encoding */
  encoding = payload->data[0] <= ID3V2_UTF8 ? payload->data[0] : ID3V2_LATIN1;
  skip = payload->data[0] <= ID3V2_UTF8;
  text = id3v2_text_decode (
      encoding, payload->data + skip, payload->len - skip, FALSE, &length);
  if (text)
    add_genre (tag, text, length);
  return !tag->items->has_more_genres;
}

/* Notes what a frame says if its description is that of the classifier. */
static gboolean
read_classifier (Id3v2Tag *tag, const Id3v2Frame *frame)
{
  g_autoptr (GByteArray)
      payload = id3v2_frame_get_payload (get_bytes (tag), frame, &tag->coding);
  g_autofree char *description = NULL, *value = NULL;
  gsize length, end, unit;
  guint encoding;

  if (!payload || payload->len == 0 || payload->data[0] > ID3V2_UTF8)
    return FALSE;
  encoding = payload->data[0];
  unit = id3v2_text_get_unit (encoding);
  end = 1 + id3v2_text_find_end (encoding, payload->data + 1, payload->len - 1);
  description = id3v2_text_decode (
      encoding, payload->data + 1, end - 1, TRUE, &length);
  if (!description || g_ascii_strcasecmp (description, TAG_CLASSIFIER))
    return FALSE;
  end = MIN (end + unit, payload->len);
  value = id3v2_text_decode (
      encoding, payload->data + end, payload->len - end, FALSE, &length);
  tag_items_set_classifier (tag->items, value ? value : "", -1);
  g_free (tag->description);
  tag->description = g_steal_pointer (&description);
  return TRUE;
}

/* The encoding of the first old frame of this sort; -1 if there is none. */
static int
get_old_encoding (const Id3v2Tag *tag, gboolean is_classifier)
{
  const TagField *field = tag_items_find_field (tag->items, is_classifier);
  g_autoptr (GByteArray) payload = NULL;
  const guint8 *raw;
  Id3v2Frame frame;
  gsize size;

  if (!field)
    return -1;
  raw = g_bytes_get_data (field->raw, &size);
  if (id3v2_frame_find (raw, 0, size, &tag->coding, &frame))
    payload = id3v2_frame_get_payload (raw, &frame, &tag->coding);
  return payload && payload->len > 0 ? payload->data[0] : -1;
}

static gboolean
can_use (const Id3v2Tag *tag, guint encoding)
{
  if (tag->coding.version < 4)
    return encoding <= ID3V2_UTF16;
  /* UTF-8 has no bytes that unsynchronisation would change */
  return encoding == ID3V2_UTF8 ||
      (encoding < ID3V2_UTF8 && !tag->coding.unsynchronised);
}

/* A frame's content: the encoding, the description with the 0 that ends it unless
 * it is NULL, and the text.  NULL if this encoding cannot hold them. */
static GByteArray *
make_payload (
    guint encoding, const char *description, const char *text, gsize length)
{
  g_autoptr (GByteArray) payload = g_byte_array_new ();
  guint8 first = (guint8) encoding;

  g_byte_array_append (payload, &first, 1);
  if (description) {
    if (!id3v2_text_encode (
            encoding, description, strlen (description), payload))
      return NULL;
    g_byte_array_append (
        payload, (const guint8 *) "\0", (guint) id3v2_text_get_unit (encoding));
  }
  return id3v2_text_encode (encoding, text, length, payload)
      ? g_steal_pointer (&payload)
      : NULL;
}

static void
encode_text (const Id3v2Tag *tag, const char *description, const char *text,
    gsize length, GPtrArray *raws)
{
  const gboolean is_old = tag->coding.version < 4;
  const int encodings[] = { get_old_encoding (tag, description != NULL),
    is_old ? ID3V2_LATIN1 : ID3V2_UTF8, ID3V2_UTF16 };
  g_autoptr (GByteArray) payload = NULL;

  for (guint i = 0; !payload && i < G_N_ELEMENTS (encodings); i++) {
    if (encodings[i] >= 0 && can_use (tag, (guint) encodings[i]))
      payload = make_payload ((guint) encodings[i], description, text, length);
  }
  if (payload)
    g_ptr_array_add (raws,
        id3v2_frame_new (description ? ID3V2_USER_TEXT : ID3V2_GENRE, payload,
            &tag->coding));
}

static void
encode (const TagItems *items, char **genres, const char *classifier,
    GPtrArray *raws)
{
  const Id3v2Tag *tag = items->tag;
  g_autoptr (GString) text = g_string_new (NULL);

  if (classifier) {
    encode_text (tag, tag->description ? tag->description : TAG_CLASSIFIER,
        classifier, strlen (classifier), raws);
    return;
  }
  for (guint i = 0; genres[i]; i++) {
    g_autofree char *value = id3_genre_format (genres[i]);

    if (i > 0)
      g_string_append_c (text, '\0');
    g_string_append (text, value);
  }
  encode_text (tag, NULL, text->str, text->len, raws);
}

/* Taking apart */

static Id3v2Tag *
set_problem (char **problem, const char *sentence)
{
  *problem = g_strdup (sentence);
  return NULL;
}

static guint32
compute_crc (const guint8 *data, gsize size)
{
  return (guint32) crc32 (0, data, (uInt) size);
}

static guint32
read_crc (const Id3v2Tag *tag)
{
  const guint8 *bytes = get_bytes (tag) + tag->crc;

  return tag->coding.version == 3
      ? GST_READ_UINT32_BE (bytes)
      : (guint32) (bytes[0] & 0x0f) << 28 | id3v2_read_synchsafe (bytes + 1);
}

/* In 2.3 its size is without the four bytes that say it.  One that unsynchronisation
 * may change is not taken apart, nor is a checksum of what it was before. */
static gboolean
parse_extended_v3 (Id3v2Tag *tag)
{
  const guint8 *header = get_bytes (tag) + ID3V2_HEADER;
  gsize size = GST_READ_UINT32_BE (header);
  gboolean has_crc = (header[4] & 0x80) != 0;

  if (size != (has_crc ? 10 : 6) || size + 4 > tag->end - ID3V2_HEADER ||
      (tag->coding.unsynchronised && (has_crc || memchr (header, 0xff, 10))))
    return FALSE;
  tag->frames = ID3V2_HEADER + 4 + size;
  if (has_crc) {
    tag->crc = ID3V2_HEADER + 10;
    tag->crc_end = tag->crc + 4;
  }
  return TRUE;
}

static gboolean
parse_extended_v4 (Id3v2Tag *tag)
{
  const guint8 *header = get_bytes (tag) + ID3V2_HEADER;
  gsize size = id3v2_read_synchsafe (header), i = 6;

  if (!id3v2_is_synchsafe (header) || size < 6 ||
      size > tag->end - ID3V2_HEADER || header[4] != 1)
    return FALSE;
  for (guint8 flag = 0x40; flag >= 0x10; flag >>= 1) {
    if (!(header[5] & flag))
      continue;
    if (i >= size || header[i] >= size - i)
      return FALSE;
    if (flag == 0x20) {
      if (header[i] != 5)
        return FALSE;
      tag->crc = ID3V2_HEADER + i + 1;
      tag->crc_end = tag->crc + 5;
    }
    i += 1 + header[i];
  }
  tag->frames = ID3V2_HEADER + size;
  return TRUE;
}

/* Skips the extended header.  FALSE if it is damaged. */
static gboolean
parse_extended (Id3v2Tag *tag)
{
  const guint8 *bytes = get_bytes (tag);
  Id3v2Frame frame;

  if (tag->coding.version == 2 || !(bytes[5] & EXTENDED))
    return TRUE;
  /* some programs set the flag where there is none */
  if (id3v2_frame_find (bytes, ID3V2_HEADER, tag->end, &tag->coding, &frame))
    return TRUE;
  if (tag->end - ID3V2_HEADER < 10)
    return FALSE;
  return tag->coding.version == 3 ? parse_extended_v3 (tag)
                                  : parse_extended_v4 (tag);
}

/* A way to read the sizes of frames, and how far it leads. */
typedef struct
{
  Id3v2Coding coding;
  guint rank, n_frames;
  gsize end; /* of the frames */
} Walk;

static gboolean
is_zero (const guint8 *data, gsize size)
{
  return size == 0 || (data[0] == 0 && !memcmp (data, data + 1, size - 1));
}

static void
walk (const Id3v2Tag *tag, Walk *way)
{
  const guint8 *bytes = get_bytes (tag);
  Id3v2Frame frame = { .end = tag->frames };

  while (way->n_frames <= TAG_MAX_ITEMS &&
      id3v2_frame_find (bytes, frame.end, tag->end, &way->coding, &frame)) {
    way->n_frames++;
    way->end = frame.end;
  }
  if (way->n_frames == 0)
    way->end = tag->frames;
  if (is_zero (bytes + way->end, tag->end - way->end))
    way->rank = 2;
  else if (bytes[way->end] == 0)
    way->rank = 1;
}

/* Some programs write the sizes of 2.4 as those of 2.3, and some count in 2.3 what
 * was put in by unsynchronisation.  The right way is taken unless the other one leads
 * further.  FALSE if neither leads to the end of the frames, and both equally far. */
static gboolean
choose_coding (Id3v2Tag *tag)
{
  Walk standard = { .coding = tag->coding }, other = { .coding = tag->coding };
  gboolean is_clear;

  walk (tag, &standard);
  if (tag->coding.version == 4)
    other.coding.plain_sizes = TRUE;
  else
    other.coding.sizes_as_stored = tag->coding.unsynchronised;
  walk (tag, &other);
  is_clear = standard.rank > 0 || other.rank > 0 ||
      standard.n_frames != other.n_frames || standard.end == other.end;
  if (other.rank > standard.rank ||
      (other.rank == standard.rank && other.n_frames > standard.n_frames))
    standard = other;
  tag->coding = standard.coding;
  tag->padding = standard.end;
  return is_clear;
}

/* Adds one frame.  FALSE if the genre cannot be read. */
static gboolean
add_frame (Id3v2Tag *tag, const Id3v2Frame *frame)
{
  TagItems *items = tag->items;
  GBytes *raw = g_bytes_new_from_bytes (
      tag->data, frame->start, frame->end - frame->start);

  if (frame->sort == ID3V2_GENRE) {
    tag_items_add_field (items, FALSE, raw);
    return read_genre (tag, frame);
  }
  if (frame->sort == ID3V2_USER_TEXT && read_classifier (tag, frame)) {
    tag_items_add_field (items, TRUE, raw);
    return TRUE;
  }
  if (frame->content == frame->end && tag->first_empty > items->kept->len)
    tag->first_empty = items->kept->len;
  tag_items_add_kept (items, g_strdup_printf ("frame %s", frame->id), raw);
  return TRUE;
}

/* NULL, and a problem, if that fails. */
static Id3v2Tag *
add_frames (Id3v2Tag *tag, char **problem)
{
  const guint8 *bytes = get_bytes (tag);
  Id3v2Frame frame = { .end = tag->frames };
  guint n = 0;

  while (
      id3v2_frame_find (bytes, frame.end, tag->padding, &tag->coding, &frame)) {
    if (n++ == TAG_MAX_ITEMS)
      return set_problem (problem, "Its ID3v2 tag has too many frames.");
    if (!add_frame (tag, &frame))
      return set_problem (problem,
          "The genre in its ID3v2 tag (frame TCON) cannot be read: it is "
          "encrypted, its compression is damaged, or it is far too long.");
  }
  if (id3v2_frame_has_id (
          bytes, tag->padding, tag->end, &tag->coding, frame.id)) {
    *problem = g_strdup_printf (
        "Its ID3v2 tag is damaged: the frame %s is said to be longer than the "
        "tag. Most programs that edit tags repair it when they save the file.",
        frame.id);
    return NULL;
  }
  return tag;
}

/* Forgets a checksum that is wrong: it stays as it is. */
static void
check_crc (Id3v2Tag *tag)
{
  gsize end = tag->coding.version == 3 ? tag->padding : tag->end;

  if (tag->crc > 0 &&
      read_crc (tag) !=
          compute_crc (get_bytes (tag) + tag->frames, end - tag->frames))
    tag->crc = 0;
}

static void
init (Id3v2Tag *tag, GBytes *data)
{
  const guint8 *bytes = g_bytes_get_data (data, NULL);
  gboolean has_footer = bytes[3] == 4 && (bytes[5] & HAS_FOOTER);

  tag->data = g_bytes_ref (data);
  tag->coding.version = bytes[3];
  tag->coding.unsynchronised = (bytes[5] & UNSYNCHRONISED) != 0;
  tag->frames = ID3V2_HEADER;
  tag->end = g_bytes_get_size (data) - (has_footer ? ID3V2_HEADER : 0);
  tag->items = tag_items_new ();
  tag->items->tag = tag;
  tag->first_empty = G_MAXUINT;
}

Id3v2Tag *
id3v2_tag_parse (GBytes *data, char **problem)
{
  g_autoptr (Id3v2Tag) tag = g_new0 (Id3v2Tag, 1);
  gsize size;
  const guint8 *bytes = g_bytes_get_data (data, &size);

  if (size < ID3V2_HEADER || memcmp (bytes, "ID3", 3) ||
      id3v2_get_size (bytes) != size) {
    g_free (g_steal_pointer (&tag));
    return set_problem (problem, "Its ID3v2 tag is cut off.");
  }
  init (tag, data);
  if (bytes[3] < 2 || bytes[3] > 4 ||
      (bytes[3] == 2 && (bytes[5] & EXTENDED))) {
    *problem = g_strdup_printf (
        "Its ID3v2 tag is of version 2.%u%s, which no program is known to "
        "read.",
        bytes[3], bytes[3] == 2 ? " and compressed" : "");
    return NULL;
  }
  if (tag->end < size && memcmp (bytes + tag->end, "3DI", 3))
    return set_problem (problem,
        "Its ID3v2 tag is damaged: it is to end in a footer, and has none.");
  if (!parse_extended (tag))
    return set_problem (problem,
        "The extended header of its ID3v2 tag is damaged, or its checksum is "
        "that of an unsynchronised tag.");
  if (!choose_coding (tag))
    return set_problem (problem,
        "Its ID3v2 tag is damaged: the sizes of its frames can be read in two ways, "
        "and neither leads to the end of the tag.");
  check_crc (tag);
  return add_frames (tag, problem) ? g_steal_pointer (&tag) : NULL;
}

Id3v2Tag *
id3v2_tag_new (gboolean v23)
{
  g_autoptr (GBytes) data = g_bytes_new_static (
      v23 ? "ID3\3\0\0\0\0\0\0" : "ID3\4\0\0\0\0\0\0", ID3V2_HEADER);
  Id3v2Tag *tag = g_new0 (Id3v2Tag, 1);

  init (tag, data);
  tag->padding = tag->end;
  return tag;
}

void
id3v2_tag_free (Id3v2Tag *tag)
{
  g_bytes_unref (tag->data);
  tag_items_free (tag->items);
  g_free (tag->description);
  g_free (tag);
}

GBytes *
id3v2_tag_get_data (const Id3v2Tag *tag)
{
  return tag->data;
}

const TagItems *
id3v2_tag_get_items (const Id3v2Tag *tag)
{
  return tag->items;
}

gboolean
id3v2_tag_has_genre (const Id3v2Tag *tag)
{
  return tag->items->genres->len > 0;
}

gboolean
id3v2_tag_is_empty (const Id3v2Tag *tag)
{
  const guint8 *bytes = get_bytes (tag);

  return tag->items->kept->len == 0 && tag->frames == ID3V2_HEADER &&
      tag->padding == g_bytes_get_size (tag->data) && !bytes[4] && !bytes[5];
}

static GBytes *
get_part (const Id3v2Tag *tag, gsize from, gsize to)
{
  return g_bytes_new_from_bytes (tag->data, from, to - from);
}

void
id3v2_tag_add_to_layout (const Id3v2Tag *tag, Layout *layout)
{
  gsize size = g_bytes_get_size (tag->data);
  gsize crc = tag->crc > 0 ? tag->crc : tag->frames;

  /* an empty tag says as much as none */
  if (!id3v2_tag_is_empty (tag)) {
    layout_add_piece (layout, "ID3v2 header");
    layout_extend_bytes (layout, get_part (tag, 0, 6));
    layout_extend_bytes (layout, get_part (tag, ID3V2_HEADER, crc));
    if (tag->crc > 0)
      layout_extend_bytes (layout, get_part (tag, tag->crc_end, tag->frames));
  }
  layout_add_items (layout, TAG_ID3V2, tag->items);
  if (tag->padding < tag->end) {
    layout_add_piece (layout, "ID3v2 padding");
    layout_extend_bytes (layout, get_part (tag, tag->padding, tag->end));
  }
  if (tag->end < size) {
    layout_add_piece (layout, "ID3v2 footer");
    layout_extend_bytes (layout, get_part (tag, tag->end, tag->end + 6));
  }
}

/* Putting together */

static void
append_part (GByteArray *data, const Id3v2Tag *tag, gsize from, gsize to)
{
  if (to > from)
    g_byte_array_append (data, get_bytes (tag) + from, (guint) (to - from));
}

/* Some readers stop at an empty frame: new ones come before it. */
static void
move_before_empty (const Id3v2Tag *tag, GPtrArray *fields)
{
  for (guint i = 0; i < fields->len; i++) {
    TagField *field = fields->pdata[i];

    if (field->position == tag->items->kept->len)
      field->position = MIN (field->position, tag->first_empty);
  }
}

static void
write_crc (const Id3v2Tag *tag, GByteArray *data, gsize frames_end)
{
  gsize end = tag->coding.version == 3 ? frames_end : data->len;
  guint32 crc = compute_crc (data->data + tag->frames, end - tag->frames);

  if (tag->coding.version == 3) {
    GST_WRITE_UINT32_BE (data->data + tag->crc, crc);
  } else {
    data->data[tag->crc] = (guint8) (crc >> 28);
    id3v2_write_synchsafe (data->data + tag->crc + 1, crc & MAX_SIZE);
  }
}

GBytes *
id3v2_tag_render (const Id3v2Tag *tag, const TagState *wanted, GError **error)
{
  g_autoptr (GPtrArray)
      fields = tag_items_get_fields (tag->items, TAG_ID3V2, wanted, encode);
  g_autoptr (GByteArray) frames = NULL, data = g_byte_array_new ();
  gsize frames_end;
  guint8 size[4];

  if (!wanted->fields[TAG_ID3V2])
    move_before_empty (tag, fields);
  frames = tag_items_join (tag->items, fields);
  if ((guint64) tag->frames + frames->len + (tag->end - tag->padding) >
      MAX_SIZE) {
    tags_error_set (error, REASON_UNWRITABLE_FORMAT,
        "Its ID3v2 tag would be longer than such a tag can be.");
    return NULL;
  }
  append_part (data, tag, 0, tag->frames);
  if (frames->len > 0)
    g_byte_array_append (data, frames->data, frames->len);
  frames_end = data->len;
  append_part (data, tag, tag->padding, tag->end);
  id3v2_write_synchsafe (size, data->len - ID3V2_HEADER);
  memcpy (data->data + 6, size, sizeof size);
  if (tag->crc > 0)
    write_crc (tag, data, frames_end);
  if (tag->end < g_bytes_get_size (tag->data)) {
    append_part (data, tag, tag->end, tag->end + 6);
    g_byte_array_append (data, size, sizeof size);
  }
  return g_bytes_new (data->data, data->len);
}
