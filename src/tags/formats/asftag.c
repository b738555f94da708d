/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "asftag.h"

#include <string.h>

#include <gst/gst.h>

#include "tagserror.h"

#define GENRE "WM/Genre"
#define UNICODE 0 /* the type of a value that is a text in UTF-16 */
#define RECORD 12 /* bytes of a record before its name */
#define MAX_VALUE 65534
#define MAX_FIELDS 65535

/* A descriptor or record, as far as it is looked into. */
typedef struct
{
  gsize size; /* of all of it */
  const guint8 *name, *value;
  gsize name_length, value_length; /* bytes */
  guint type;
  gboolean is_of_file; /* not of one of its streams, or in another language */
} Field;

AsfTag *
asf_tag_new (void)
{
  AsfTag *tag = g_new0 (AsfTag, 1);

  tag->all = tag_items_new ();
  return tag;
}

void
asf_tag_free (AsfTag *tag)
{
  tag_items_free (tag->all);
  g_clear_pointer (&tag->descriptors, tag_items_free);
  g_clear_pointer (&tag->records, tag_items_free);
  g_free (tag);
}

/* Both read what begins at @data.  FALSE if @size bytes are not enough. */
static gboolean
read_descriptor (const guint8 *data, gsize size, Field *field)
{
  gsize end;

  if (size < 2)
    return FALSE;
  field->name = data + 2;
  field->name_length = GST_READ_UINT16_LE (data);
  end = 2 + field->name_length;
  if (size < end + 4)
    return FALSE;
  field->type = GST_READ_UINT16_LE (data + end);
  field->value = data + end + 4;
  field->value_length = GST_READ_UINT16_LE (data + end + 2);
  field->is_of_file = TRUE;
  field->size = end + 4 + field->value_length;
  return field->size <= size;
}

static gboolean
read_record (const guint8 *data, gsize size, Field *field)
{
  if (size < RECORD)
    return FALSE;
  field->is_of_file = GST_READ_UINT32_LE (data) == 0;
  field->name = data + RECORD;
  field->name_length = GST_READ_UINT16_LE (data + 4);
  field->type = GST_READ_UINT16_LE (data + 6);
  field->value = field->name + field->name_length;
  field->value_length = GST_READ_UINT32_LE (data + 8);
  field->size = RECORD + field->name_length + field->value_length;
  return field->size <= size;
}

/* A record of the whole file begins with numbers that are 0; a descriptor with the
 * length of its name. */
static gboolean
is_record (const TagField *field)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (field->raw, &size);

  return size >= 2 && GST_READ_UINT16_LE (data) == 0;
}

/* UTF-8, or NULL. */
static char *
to_utf8 (const guint8 *text, gsize length)
{
  char *utf8 = g_convert ((const char *) text, (gssize) (length & ~1u), "UTF-8",
      "UTF-16LE", NULL, NULL, NULL);

  return utf8;
}

static void
add_field (AsfTag *tag, TagItems *items, const char *kind, const Field *field,
    GBytes *raw)
{
  g_autofree char *name = to_utf8 (field->name, field->name_length);
  g_autofree char *value = NULL;
  gboolean is_classifier = name && !g_ascii_strcasecmp (name, TAG_CLASSIFIER);

  if (!field->is_of_file || !name ||
      (!is_classifier && g_ascii_strcasecmp (name, GENRE))) {
    char *text = g_strdup_printf (
        "%s %s", kind, name && *name ? name : "without a name");

    tag_items_add_kept (items, g_strdup (text), g_bytes_ref (raw));
    tag_items_add_kept (tag->all, text, g_bytes_ref (raw));
    return;
  }
  tag_items_add_field (items, is_classifier, g_bytes_ref (raw));
  tag_items_add_field (tag->all, is_classifier, g_bytes_ref (raw));
  if (field->type == UNICODE)
    value = to_utf8 (field->value, field->value_length);
  if (value && is_classifier)
    tag_items_set_classifier (tag->all, value, -1);
  else if (value)
    tag_items_add_genre (tag->all, value, -1);
}

static gboolean
set_problem (char **problem, const char *kind, guint i, guint n)
{
  *problem = i < n
      ? g_strdup_printf ("Its ASF tag is damaged: it is to have %u %ss, and "
                         "%s %u is not whole.",
            n, kind, kind, i + 1)
      : g_strdup_printf ("Its ASF tag is damaged: there is more behind its %u "
                         "%ss.",
            n, kind);
  return FALSE;
}

static gboolean
add_fields (AsfTag *tag, TagItems *items, GBytes *data, const char *kind,
    gboolean (*read) (const guint8 *, gsize, Field *), char **problem)
{
  gsize size, offset = 2;
  const guint8 *bytes = g_bytes_get_data (data, &size);
  guint n = size < 2 ? 0 : GST_READ_UINT16_LE (bytes);
  Field field;

  if (size < 2)
    return set_problem (problem, kind, 0, 1);
  for (guint i = 0; i < n; i++) {
    g_autoptr (GBytes) raw = NULL;

    if (!read (bytes + offset, size - offset, &field))
      return set_problem (problem, kind, i, n);
    raw = g_bytes_new_from_bytes (data, offset, field.size);
    add_field (tag, items, kind, &field, raw);
    offset += field.size;
  }
  return offset == size || set_problem (problem, kind, n, n);
}

gboolean
asf_tag_add_descriptors (AsfTag *tag, GBytes *data, char **problem)
{
  tag->descriptors = tag_items_new ();
  return add_fields (
      tag, tag->descriptors, data, "descriptor", read_descriptor, problem);
}

gboolean
asf_tag_add_records (AsfTag *tag, GBytes *data, char **problem)
{
  tag->records = tag_items_new ();
  return add_fields (tag, tag->records, data, "record", read_record, problem);
}

/* With the 0 that ends it.  The texts are UTF-8. */
static GByteArray *
to_utf16 (const char *text)
{
  gsize length;
  char *utf16 = g_convert (text, (gssize) strlen (text) + 1, "UTF-16LE",
      "UTF-8", NULL, &length, NULL);

  return utf16 ? g_byte_array_new_take ((guint8 *) utf16, length)
               : g_byte_array_new ();
}

static void
append_uint16 (GByteArray *data, guint value)
{
  guint8 bytes[2];

  GST_WRITE_UINT16_LE (bytes, value);
  g_byte_array_append (data, bytes, sizeof bytes);
}

/* The descriptor is spelled as @old (nullable), which is one. */
static GBytes *
make_descriptor (const TagField *old, const char *name, const char *value)
{
  GByteArray *data = g_byte_array_new ();
  g_autoptr (GByteArray) text = to_utf16 (value), key = to_utf16 (name);
  const guint8 *bytes = key->data;
  guint length = key->len;

  if (old) {
    bytes = g_bytes_get_data (old->raw, NULL);
    length = GST_READ_UINT16_LE (bytes);
    bytes += 2;
  }
  append_uint16 (data, length);
  g_byte_array_append (data, bytes, length);
  append_uint16 (data, UNICODE);
  append_uint16 (data, text->len);
  g_byte_array_append (data, text->data, text->len);
  return g_byte_array_free_to_bytes (data);
}

/* The same as a record of the whole file in the place of @old, which is one. */
static GBytes *
make_record (const TagField *old, const char *value)
{
  GByteArray *data = g_byte_array_new ();
  g_autoptr (GByteArray) text = to_utf16 (value);
  const guint8 *bytes = g_bytes_get_data (old->raw, NULL);
  guint8 record[RECORD] = { 0 };
  guint length = GST_READ_UINT16_LE (bytes + 4);

  GST_WRITE_UINT16_LE (record + 4, length);
  GST_WRITE_UINT16_LE (record + 6, UNICODE);
  GST_WRITE_UINT32_LE (record + 8, text->len);
  g_byte_array_append (data, record, RECORD);
  g_byte_array_append (data, bytes + RECORD, length);
  g_byte_array_append (data, text->data, text->len);
  return g_byte_array_free_to_bytes (data);
}

static GBytes *
make_field (const TagField *old, const char *name, const char *value)
{
  return old && is_record (old) ? make_record (old, value)
                                : make_descriptor (old, name, value);
}

static void
encode (const TagItems *items, char **genres, const char *classifier,
    GPtrArray *raws)
{
  const TagField *old = tag_items_find_field (items, classifier != NULL);

  if (classifier)
    g_ptr_array_add (raws, make_field (old, TAG_CLASSIFIER, classifier));
  for (; genres && *genres; genres++)
    g_ptr_array_add (raws, make_field (old, GENRE, *genres));
}

static gboolean
is_too_long (const char *text)
{
  g_autoptr (GByteArray) utf16 = to_utf16 (text);

  return utf16->len == 0 || utf16->len > MAX_VALUE;
}

static gboolean
fits (const TagState *wanted)
{
  char **genres = wanted->genres[TAG_ASF];
  gboolean ok = !wanted->classifier[TAG_ASF] ||
      !is_too_long (wanted->classifier[TAG_ASF]);

  for (; ok && genres && *genres; genres++)
    ok = !is_too_long (*genres);
  return ok;
}

/* The number of the fields, and they. */
static GByteArray *
join (const TagItems *items, GPtrArray *fields)
{
  GByteArray *data = tag_items_join (items, fields);
  guint8 n[2];

  GST_WRITE_UINT16_LE (n, items->kept->len + fields->len);
  return g_byte_array_prepend (data, n, sizeof n);
}

gboolean
asf_tag_render (const AsfTag *tag, const TagState *wanted,
    GByteArray **descriptors, GByteArray **records, GError **error)
{
  g_autoptr (GPtrArray) fields = NULL, first = tag_fields_new (),
                        second = tag_fields_new ();
  g_autoptr (TagItems) none = tag_items_new ();
  const TagItems *items = tag->descriptors ? tag->descriptors : none;
  guint n = items->kept->len;

  if (!fits (wanted))
    return tags_error_set (error, REASON_UNWRITABLE_FORMAT,
        "The genre is longer than a descriptor of ASF can be.");
  fields = tag_items_get_fields (tag->all, TAG_ASF, wanted, encode);
  for (guint i = 0; i < fields->len; i++) {
    const TagField *field = fields->pdata[i];
    gboolean is_second = is_record (field) && tag->records;
    guint position = is_second ? field->position - MIN (n, field->position)
                               : MIN (n, field->position);

    g_ptr_array_add (is_second ? second : first,
        tag_field_new (
            position, field->is_classifier, g_bytes_ref (field->raw)));
  }
  if (n + first->len > MAX_FIELDS ||
      (tag->records && tag->records->kept->len + second->len > MAX_FIELDS))
    return tags_error_set (error, REASON_UNWRITABLE_FORMAT,
        "It would have more descriptors than ASF can count.");
  /* the object stands for the tag, unless the records do */
  *descriptors = n + first->len > 0 ||
          (wanted->genres[TAG_ASF] && second->len == 0)
      ? join (items, first)
      : NULL;
  *records = tag->records ? join (tag->records, second) : NULL;
  return TRUE;
}
