/* SPDX-License-Identifier: GPL-2.0-or-later */

/* ASF, the container of WMA: "Advanced Systems Format (ASF) Specification", 2004:
 * https://learn.microsoft.com/windows/win32/medfound/asf-file-structure
 *
 * Nothing in it counts bytes from the file's beginning: what is behind the header
 * can move. */

#include <string.h>

#include <gst/gst.h>

#include "asftag.h"
#include "formats.h"
#include "tagserror.h"

#define GUID 16
#define OBJECT 24    /* bytes of an object's header: its GUID and its size */
#define FIRST 30     /* where the file header's first object is */
#define EXTENSION 46 /* the header extension's first one, in that */
#define FILE_SIZE 40 /* the file's size, in the file properties */
#define FLAGS 88     /* and the flags */
#define MAX_OBJECTS 65536
#define MAX_TAG (256u << 20)
#define BROADCAST 1u

typedef enum
{
  HEADER,
  DATA,
  PROPERTIES,
  HEADER_EXTENSION,
  DESCRIPTORS,
  RECORDS,
  SIGNATURE,
  OTHER
} Type;

static const struct
{
  const char *guid; /* as it is in a file */
  const char *name;
} types[] = {
  { "\x30\x26\xb2\x75\x8e\x66\xcf\x11"
    "\xa6\xd9\x00\xaa\x00\x62\xce\x6c",
      "Header" },
  { "\x36\x26\xb2\x75\x8e\x66\xcf\x11"
    "\xa6\xd9\x00\xaa\x00\x62\xce\x6c",
      "Data" },
  { "\xa1\xdc\xab\x8c\x47\xa9\xcf\x11"
    "\x8e\xe4\x00\xc0\x0c\x20\x53\x65",
      "File Properties" },
  { "\xb5\x03\xbf\x5f\x2e\xa9\xcf\x11"
    "\x8e\xe3\x00\xc0\x0c\x20\x53\x65",
      "Header Extension" },
  { "\x40\xa4\xd0\xd2\x07\xe3\xd2\x11"
    "\x97\xf0\x00\xa0\xc9\x5e\xa8\x50",
      "Extended Content Description" },
  { "\x94\x1c\x23\x44\x98\x94\xd1\x49"
    "\xa1\x41\x1d\x13\x4e\x45\x70\x54",
      "Metadata Library" },
  { "\xfc\xb3\x11\x22\x23\xbd\xd2\x11"
    "\xb4\xb7\x00\xa0\xc9\x55\xfc\x6e",
      "Digital Signature" },
  { NULL, "of another type" },
};

typedef struct
{
  Type type;
  guint64 offset, size; /* with its header */
} Object;

typedef struct
{
  guint64 end;       /* of the header */
  GArray *objects;   /* Object: those of the header */
  GArray *extension; /* those of its extension, or NULL: that is kept whole */
  AsfTag *tag;
  /* that are changed; NULL if they are not there */
  const Object *descriptors, *records, *properties, *header_extension;
  guint64 file_size; /* that the properties say */
  gboolean file_size_follows;
} Asf;

static void
asf_free (gpointer data)
{
  Asf *asf = data;

  g_clear_pointer (&asf->objects, g_array_unref);
  g_clear_pointer (&asf->extension, g_array_unref);
  asf_tag_free (asf->tag);
  g_free (asf);
}

static gboolean
recognises (MediaFile *file, guint64 start)
{
  return media_file_has (file, start, types[HEADER].guid, GUID);
}

static Type
get_type (const guint8 *guid)
{
  guint type = 0;

  while (types[type].guid && memcmp (types[type].guid, guid, GUID))
    type++;
  return (Type) type;
}

/* FALSE if there is no whole object before @end. */
static gboolean
read_object (MediaFile *file, guint64 offset, guint64 end, Object *object)
{
  guint8 header[OBJECT];

  if (offset > end || end - offset < OBJECT ||
      media_file_read (file, offset, header, OBJECT) < OBJECT)
    return FALSE;
  object->type = get_type (header);
  object->offset = offset;
  object->size = GST_READ_UINT64_LE (header + GUID);
  return object->size >= OBJECT && object->size <= end - offset;
}

/* The objects that fill this part of the file; NULL if something else does. */
static GArray *
find_objects (MediaFile *file, guint64 offset, guint64 end)
{
  GArray *objects = g_array_new (FALSE, FALSE, sizeof (Object));
  Object object;

  while (
      objects->len < MAX_OBJECTS && read_object (file, offset, end, &object)) {
    g_array_append_val (objects, object);
    offset += object.size;
  }
  if (offset == end)
    return objects;
  g_array_unref (objects);
  return NULL;
}

/* NULL if the header extension is odd: then it is kept whole. */
static GArray *
find_extension (MediaFile *file, const Object *extension)
{
  guint8 size[4];

  if (extension->size < EXTENSION ||
      media_file_read (file, extension->offset + EXTENSION - 4, size, 4) < 4 ||
      GST_READ_UINT32_LE (size) != extension->size - EXTENSION)
    return NULL;
  return find_objects (
      file, extension->offset + EXTENSION, extension->offset + extension->size);
}

/* Finds the objects of the header.  FALSE, and an obstacle, if it is damaged. */
static gboolean
find_header (Layout *layout, Asf *asf)
{
  guint8 data[FIRST];
  guint32 n;
  Object header;

  if (!read_object (
          layout->file, 0, media_file_get_size (layout->file), &header) ||
      media_file_read (layout->file, 0, data, FIRST) < FIRST) {
    layout_set_obstacle (
        layout, REASON_MALFORMED_TAGS, "It ends within its ASF header.");
    return FALSE;
  }
  n = GST_READ_UINT32_LE (data + OBJECT);
  asf->end = header.size;
  asf->objects = find_objects (layout->file, FIRST, asf->end);
  if (asf->objects && asf->objects->len == n)
    return TRUE;
  layout_set_obstacle (layout, REASON_MALFORMED_TAGS,
      "Its ASF header is damaged: it is to have %u objects, and has others.",
      n);
  return FALSE;
}

static void
read_properties (Layout *layout, Asf *asf)
{
  guint8 data[FLAGS + 4];
  gboolean is_broadcast;

  if (asf->properties->size < sizeof data ||
      media_file_read (layout->file, asf->properties->offset, data,
          sizeof data) < sizeof data)
    return;
  is_broadcast = GST_READ_UINT32_LE (data + FLAGS) & BROADCAST;
  asf->file_size = GST_READ_UINT64_LE (data + FILE_SIZE);
  asf->file_size_follows = !is_broadcast && asf->file_size >= asf->end;
}

/* The object's content; NULL and an obstacle if it is too long for a tag. */
static GBytes *
get_content (Layout *layout, const Object *object)
{
  if (object->size <= MAX_TAG)
    return media_file_get (
        layout->file, object->offset + OBJECT, object->size - OBJECT);
  layout_set_obstacle (layout, REASON_MALFORMED_TAGS,
      "Its object %s is longer than any tag.", types[object->type].name);
  return NULL;
}

/* The tag that these objects (nullable) are, or NULL and an obstacle. */
static AsfTag *
parse_tag (Layout *layout, const Object *descriptors, const Object *records)
{
  g_autoptr (AsfTag) tag = asf_tag_new ();
  g_autoptr (GBytes) first = NULL, second = NULL;
  g_autofree char *problem = NULL;

  first = descriptors ? get_content (layout, descriptors) : NULL;
  second = records ? get_content (layout, records) : NULL;
  if ((!first || asf_tag_add_descriptors (tag, first, &problem)) &&
      (!second || asf_tag_add_records (tag, second, &problem)))
    return g_steal_pointer (&tag);
  layout_set_obstacle (layout, REASON_MALFORMED_TAGS, "%s", problem);
  return NULL;
}

/* Of several objects that hold such fields, which a file should not have, the one
 * that has a genre; or else the first. */
static const Object *
choose_object (Layout *layout, GArray *objects, Type type)
{
  const Object *chosen = NULL;
  g_autoptr (AsfTag) best = NULL;

  for (guint i = 0; objects && i < objects->len; i++) {
    const Object *object = &g_array_index (objects, Object, i);
    gboolean is_descriptors = type == DESCRIPTORS;
    g_autoptr (AsfTag) tag = NULL;

    if (object->type != type)
      continue;
    tag = parse_tag (
        layout, is_descriptors ? object : NULL, is_descriptors ? NULL : object);
    if (tag && best)
      layout_add_rivals (layout, TAG_ASF, is_descriptors
              ? "objects Extended Content Description"
              : "objects Metadata Library",
          best->all, chosen->offset, tag->all, object->offset);
    if (!chosen ||
        (tag && tag->all->genres->len > 0 &&
            !(best && best->all->genres->len > 0))) {
      g_clear_pointer (&best, asf_tag_free);
      best = g_steal_pointer (&tag);
      chosen = object;
    }
  }
  return chosen;
}

static const Object *
find_first (const Asf *asf, Type type)
{
  for (guint i = 0; i < asf->objects->len; i++) {
    const Object *object = &g_array_index (asf->objects, Object, i);

    if (object->type == type)
      return object;
  }
  return NULL;
}

static void
find_tag (Layout *layout, Asf *asf)
{
  asf->properties = find_first (asf, PROPERTIES);
  if (asf->properties)
    read_properties (layout, asf);
  asf->header_extension = find_first (asf, HEADER_EXTENSION);
  if (asf->header_extension)
    asf->extension = find_extension (layout->file, asf->header_extension);
  asf->descriptors = choose_object (layout, asf->objects, DESCRIPTORS);
  asf->records = choose_object (layout, asf->extension, RECORDS);
  asf_tag_free (asf->tag);
  asf->tag = parse_tag (layout, asf->descriptors, asf->records);
  if (!asf->tag)
    asf->tag = asf_tag_new ();
}

/* What keeps a sound file from being written. */
static void
check_data (Layout *layout, const Asf *asf)
{
  guint64 size = media_file_get_size (layout->file);
  Object data = { OTHER, 0, 0 };
  gboolean is_whole = read_object (layout->file, asf->end, size, &data);

  if (data.type != DATA)
    layout_set_obstacle (layout, REASON_MALFORMED_TAGS,
        "Its ASF header is damaged: no object Data follows it.");
  else if (!is_whole && asf->file_size_follows)
    layout_set_obstacle (layout, REASON_MALFORMED_TAGS,
        "It is cut off, or damaged: its object Data is to have "
        "%" G_GUINT64_FORMAT " bytes, and the file has %" G_GUINT64_FORMAT
        " there.",
        data.size, size - asf->end);
  if (find_first (asf, SIGNATURE))
    layout_set_obstacle (layout, REASON_UNWRITABLE_FORMAT,
        "It has an object Digital Signature, which would not be right for "
        "another tag.");
}

/* Pieces */

static void
begin_object (Layout *layout, const Object *object)
{
  layout_add_piece (layout, "object %s", types[object->type].name);
  layout_extend (layout, object->offset, GUID);
}

static void
add_object (Layout *layout, const Asf *asf, const Object *object)
{
  if (object == asf->descriptors) {
    if (asf->tag->descriptors && asf->tag->descriptors->kept->len > 0)
      begin_object (layout, object);
    return;
  }
  begin_object (layout, object);
  if (object == asf->records)
    return;
  if (object == asf->properties && asf->file_size_follows) {
    guint64 beside = asf->file_size - media_file_get_size (layout->file);

    layout_extend (layout, object->offset + GUID, FILE_SIZE - GUID);
    layout_extend_bytes (layout, g_bytes_new (&beside, sizeof beside));
    layout_extend (
        layout, object->offset + FILE_SIZE + 8, object->size - FILE_SIZE - 8);
  } else if (object == asf->header_extension && asf->extension) {
    layout_extend (layout, object->offset + OBJECT, EXTENSION - OBJECT - 4);
    for (guint i = 0; i < asf->extension->len; i++)
      add_object (layout, asf, &g_array_index (asf->extension, Object, i));
  } else {
    layout_extend (layout, object->offset + GUID, object->size - GUID);
  }
}

static void
add_pieces (Layout *layout, const Asf *asf)
{
  layout_add_piece (layout, "header");
  layout_extend (layout, FIRST - 2, 2);
  for (guint i = 0; i < asf->objects->len; i++)
    add_object (layout, asf, &g_array_index (asf->objects, Object, i));
  layout_add_items (layout, TAG_ASF, asf->tag->all);
  if (!asf->descriptors && asf->tag->all->fields->len == 0) {
    g_clear_pointer (&layout->state.genres[TAG_ASF], g_strfreev);
    g_clear_pointer (&layout->state.fields[TAG_ASF], g_ptr_array_unref);
  }
  layout_add_piece (layout, "data");
  layout_extend (
      layout, asf->end, media_file_get_size (layout->file) - asf->end);
}

static void
scan (Layout *layout, guint64 start)
{
  Asf *asf;

  layout->state.is_primary[TAG_ASF] = TRUE;
  if (start > 0) {
    layout_set_obstacle (layout, REASON_MALFORMED_TAGS,
        "It has an ID3v2 tag in front of its header, where an ASF file has "
        "none; it can be written when that is taken away.");
    return;
  }
  asf = g_new0 (Asf, 1);
  asf->tag = asf_tag_new ();
  layout->found = asf;
  layout->found_free = asf_free;
  if (!find_header (layout, asf))
    return;
  find_tag (layout, asf);
  check_data (layout, asf);
  add_pieces (layout, asf);
}

/* Writing */

static void
put_uint32 (Splices *splices, guint64 offset, guint32 value)
{
  guint8 bytes[4];

  GST_WRITE_UINT32_LE (bytes, value);
  splices_replace (splices, offset, 4, g_bytes_new (bytes, 4));
}

static void
put_uint64 (Splices *splices, guint64 offset, guint64 value)
{
  guint8 bytes[8];

  GST_WRITE_UINT64_LE (bytes, value);
  splices_replace (splices, offset, 8, g_bytes_new (bytes, 8));
}

/* Gives the object, or one that is made at @end, this content.  Takes @data.  Gives
 * by how much it becomes longer. */
static gint64
put_object (const Object *old, Type type, guint64 end, GByteArray *data,
    Splices *splices)
{
  guint64 length = old ? old->size : 0;
  guint64 size = OBJECT + data->len;
  guint8 header[OBJECT];

  memcpy (header, types[type].guid, GUID);
  GST_WRITE_UINT64_LE (header + GUID, size);
  g_byte_array_prepend (data, header, OBJECT);
  splices_replace (splices, old ? old->offset : end, length,
      g_byte_array_free_to_bytes (data));
  return (gint64) size - (gint64) length;
}

/* The records, and the sizes of what is around them. */
static gboolean
edit_records (
    const Asf *asf, GByteArray *data, Splices *splices, GError **error)
{
  const Object *extension = asf->header_extension;
  gint64 longer = put_object (asf->records, RECORDS, 0, data, splices);
  guint64 size = extension->size + (guint64) longer;

  if (size > G_MAXUINT32)
    return tags_error_set (error, REASON_UNWRITABLE_FORMAT,
        "Its ASF header extension would be too long.");
  put_uint64 (splices, extension->offset + GUID, size);
  put_uint32 (
      splices, extension->offset + EXTENSION - 4, (guint32) (size - EXTENSION));
  return TRUE;
}

/* The sizes that say how long the file and its header are. */
static void
follow (const Asf *asf, guint n_objects, Splices *splices)
{
  guint64 shift = (guint64) splices_get_shift (splices, asf->end);

  put_uint64 (splices, GUID, asf->end + shift);
  put_uint32 (splices, OBJECT, n_objects);
  if (asf->properties && asf->file_size_follows)
    put_uint64 (
        splices, asf->properties->offset + FILE_SIZE, asf->file_size + shift);
}

static gboolean
edit (const Layout *layout, const TagState *wanted, const EditOptions *options,
    Splices *splices, GError **error)
{
  const Asf *asf = layout->found;
  GByteArray *descriptors, *records;
  guint n_objects = asf->objects->len;

  (void) options;
  if (!asf_tag_render (asf->tag, wanted, &descriptors, &records, error))
    return FALSE;
  if (descriptors) {
    n_objects += asf->descriptors ? 0 : 1;
    put_object (asf->descriptors, DESCRIPTORS, asf->end, descriptors, splices);
  } else if (asf->descriptors) {
    n_objects--;
    splices_replace (
        splices, asf->descriptors->offset, asf->descriptors->size, NULL);
  }
  if (records && !edit_records (asf, records, splices, error))
    return FALSE;
  follow (asf, n_objects, splices);
  return TRUE;
}

const TagFormat tag_format_asf = { "ASF", recognises, scan, edit };
