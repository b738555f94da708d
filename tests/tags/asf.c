/* SPDX-License-Identifier: GPL-2.0-or-later */

/* ASF: descriptors and records, and the sizes around them. */

#define _GNU_SOURCE /* memmem() */

#include <string.h>
#include <unistd.h>

#include <gst/gst.h>

#include "try.h"

static char *two[] = { "Jazz", "Größe", NULL };
#define WRITTEN "Jazz;Größe"

#define GUID(name, bytes) static const char name[] = bytes
GUID (header_guid,
    "\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c");
GUID (
    data_guid, "\x36\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c");
GUID (properties_guid,
    "\xa1\xdc\xab\x8c\x47\xa9\xcf\x11\x8e\xe4\0\xc0\x0c\x20\x53\x65");
GUID (extension_guid,
    "\xb5\x03\xbf\x5f\x2e\xa9\xcf\x11\x8e\xe3\0\xc0\x0c\x20\x53\x65");
GUID (descriptors_guid,
    "\x40\xa4\xd0\xd2\x07\xe3\xd2\x11\x97\xf0\0\xa0\xc9\x5e\xa8\x50");
GUID (records_guid,
    "\x94\x1c\x23\x44\x98\x94\xd1\x49\xa1\x41\x1d\x13\x4e\x45\x70\x54");
GUID (signature_guid,
    "\xfc\xb3\x11\x22\x23\xbd\xd2\x11\xb4\xb7\0\xa0\xc9\x55\xfc\x6e");
GUID (padding_guid,
    "\x74\xd4\x06\x18\xdf\xca\x09\x45\xa4\xba\x9a\xab\xcb\x96\xaa\xe8");

/* A file that is being made. */
typedef struct
{
  GByteArray *data;
  guint n_objects, n_fields;
  guint fields; /* where their number is */
} File;

static void
add (File *file, const void *bytes, gsize length)
{
  g_byte_array_append (file->data, bytes, (guint) length);
}

static void
add_uint16 (File *file, gsize value)
{
  guint8 bytes[2];

  GST_WRITE_UINT16_LE (bytes, value);
  add (file, bytes, sizeof bytes);
}

static guint
begin_object (File *file, const char *guid)
{
  guint start = file->data->len;

  add (file, guid, 16);
  add (file, "\0\0\0\0\0\0\0", 8);
  file->n_objects++;
  return start;
}

static void
end_object (File *file, guint start)
{
  GST_WRITE_UINT64_LE (file->data->data + start + 16, file->data->len - start);
}

static GByteArray *
to_utf16 (const char *text)
{
  gsize length;
  char *utf16 = g_convert (text, (gssize) strlen (text) + 1, "UTF-16LE",
      "UTF-8", NULL, &length, NULL);

  return g_byte_array_new_take ((guint8 *) utf16, length);
}

static void
begin_fields (File *file)
{
  file->fields = file->data->len;
  file->n_fields = 0;
  add_uint16 (file, 0);
}

static void
count_field (File *file)
{
  file->n_fields++;
  GST_WRITE_UINT16_LE (file->data->data + file->fields, file->n_fields);
}

static void
add_descriptor (File *file, const char *name, guint type, const char *value)
{
  g_autoptr (GByteArray) key = to_utf16 (name), text = to_utf16 (value);

  add_uint16 (file, key->len);
  add (file, key->data, key->len);
  add_uint16 (file, type);
  add_uint16 (file, text->len);
  add (file, text->data, text->len);
  count_field (file);
}

static void
add_record (File *file, guint stream, const char *name, const char *value)
{
  g_autoptr (GByteArray) key = to_utf16 (name), text = to_utf16 (value);

  add_uint16 (file, 0);
  add_uint16 (file, stream);
  add_uint16 (file, key->len);
  add_uint16 (file, 0);
  add_uint16 (file, text->len);
  add_uint16 (file, 0);
  add (file, key->data, key->len);
  add (file, text->data, text->len);
  count_field (file);
}

/* The header and the file properties. */
static void
begin (File *file, guint32 flags)
{
  guint8 properties[80] = { 0 };
  guint start;

  file->data = g_byte_array_new ();
  begin_object (file, header_guid);
  add (file, "....\1\2", 6);
  file->n_objects = 0;
  start = begin_object (file, properties_guid);
  GST_WRITE_UINT32_LE (properties + 64, flags);
  add (file, properties, sizeof properties);
  end_object (file, start);
}

/* A library of records that @records adds; in a header extension. */
static void
add_extension (File *file, void (*records) (File *file))
{
  guint start = begin_object (file, extension_guid), n = file->n_objects;
  guint inner;

  add (file, "0123456789abcdef\6\0....", 22);
  inner = begin_object (file, padding_guid);
  add (file, "\0\0\0", 3);
  end_object (file, inner);
  inner = begin_object (file, records_guid);
  begin_fields (file);
  records (file);
  end_object (file, inner);
  end_object (file, start);
  GST_WRITE_UINT32_LE (
      file->data->data + start + 42, file->data->len - start - 46);
  file->n_objects = n;
}

static GBytes *
end (File *file)
{
  guint start;

  end_object (file, 0);
  GST_WRITE_UINT32_LE (file->data->data + 24, file->n_objects);
  start = begin_object (file, data_guid);
  add (file, "some packets of audio", 22);
  end_object (file, start);
  start = begin_object (file, "an index, itself");
  end_object (file, start);
  GST_WRITE_UINT64_LE (file->data->data + 70, file->data->len);
  return g_byte_array_free_to_bytes (file->data);
}

static guint64
get_uint64 (GBytes *data, guint offset)
{
  return GST_READ_UINT64_LE (
      (const guint8 *) g_bytes_get_data (data, NULL) + offset);
}

static GBytes *
write_both (GBytes *data)
{
  GBytes *made = try_write (data, two, TRUE);

  try_assert_genres (made, TAG_ASF, WRITTEN);
  return made;
}

/* Where the text is in the file, as UTF-16; -1 if it is not there. */
static gssize
find_text (GBytes *data, const char *text)
{
  g_autoptr (GByteArray) utf16 = to_utf16 (text);
  gsize size;
  const char *bytes = g_bytes_get_data (data, &size);
  const char *found = memmem (bytes, size, utf16->data, utf16->len);

  return found ? found - bytes : -1;
}

static gboolean
has_text (GBytes *data, const char *text)
{
  return find_text (data, text) >= 0;
}

static void
add_genres (File *file)
{
  guint start = begin_object (file, descriptors_guid);

  begin_fields (file);
  add_descriptor (file, "WM/Year", 0, "1999");
  add_descriptor (file, "wm/genre", 0, "Rock");
  add_descriptor (file, "WM/GenreID", 0, "Pop");
  add_descriptor (file, "WM/Genre", 0, "Ska");
  add_descriptor (file, "WM/Odd", 7, "x");
  end_object (file, start);
}

static void
add_two_records (File *file)
{
  add_record (file, 1, "WM/Genre", "Stream");
  add_record (file, 0, "WM/Genre", "Record");
  add_record (file, 0, "WM/Other", "other");
}

static GBytes *
make_full (void)
{
  File file;

  begin (&file, 0);
  add_extension (&file, add_two_records);
  add_genres (&file);
  return end (&file);
}

static void
test_new (void)
{
  File file;
  g_autoptr (GBytes) data = NULL, made = NULL;

  begin (&file, 0);
  data = end (&file);
  try_assert_genres (data, TAG_ASF, "none");
  made = write_both (data);
  g_assert_cmpuint (get_uint64 (made, 70), ==, g_bytes_get_size (made));
  g_assert_cmpuint (get_uint64 (made, 24) & 0xffffffff, ==, 2);
}

/* All descriptors, and the records of the file, are the genre; not those of a
 * stream. */
static void
test_full (void)
{
  g_autoptr (GBytes) data = make_full ();
  g_autoptr (GBytes) made = write_both (data);

  try_assert_genres (data, TAG_ASF, "Rock;Ska;Record");
  g_assert_true (has_text (made, "Stream"));
  g_assert_false (has_text (made, "Record"));
  g_assert_true (has_text (made, "wm/genre"));
  g_assert_false (has_text (made, "WM/Year0"));
}

/* A genre that is in a record alone stays there; the classifier is new. */
static void
test_record (void)
{
  File file;
  g_autoptr (GBytes) data = NULL, made = NULL;

  begin (&file, 0);
  add_extension (&file, add_two_records);
  data = end (&file);
  try_assert_genres (data, TAG_ASF, "Record");
  made = write_both (data);
  g_assert_cmpuint (get_uint64 (made, 24) & 0xffffffff, ==, 3);
  g_assert_cmpint (find_text (made, "Jazz"), >, find_text (made, "Stream"));
  g_assert_cmpint (find_text (made, "Jazz"), <, find_text (made, "WM/Other"));
}

static void
add_pop (File *file, const char *genre)
{
  guint start = begin_object (file, descriptors_guid);

  begin_fields (file);
  add_descriptor (file, "WM/Genre", 0, genre);
  end_object (file, start);
}

/* Two objects with a genre. */
static void
test_rivals (void)
{
  File file;
  g_autoptr (GBytes) same = NULL, different = NULL;

  begin (&file, 0);
  add_pop (&file, "Pop");
  add_pop (&file, "Pop");
  same = end (&file);
  try_assert_refused (same, two, "two objects Extended Content Description");
  begin (&file, 0);
  add_pop (&file, "Pop");
  add_pop (&file, "Ska");
  different = end (&file);
  try_assert_obstacle (
      different, "two objects Extended Content Description");
}

static void
test_several (void)
{
  File file;
  guint start;
  g_autoptr (GBytes) data = NULL, made = NULL;

  begin (&file, 0);
  start = begin_object (&file, descriptors_guid);
  begin_fields (&file);
  end_object (&file, start);
  add_genres (&file);
  add_extension (&file, add_two_records);
  data = end (&file);
  try_assert_genres (data, TAG_ASF, "Rock;Ska;Record");
  made = write_both (data);
}

/* The size of what is sent while it is made stays what it says. */
static void
test_broadcast (void)
{
  File file;
  g_autoptr (GBytes) data = NULL, made = NULL;

  begin (&file, 1);
  data = end (&file);
  made = write_both (data);
  g_assert_cmpuint (get_uint64 (made, 70), ==, g_bytes_get_size (data));
}

static void
test_too_long (void)
{
  g_autoptr (GBytes) data = make_full ();
  g_autofree char *genre = g_strnfill (40000, 'x');
  TagState wanted = { 0 };
  EditOptions options = { FALSE };
  int fd = try_open (data);
  g_autoptr (TagFile) file = tag_file_open (fd, NULL);
  g_autoptr (GError) error = NULL;
  char *genres[] = { genre, NULL };

  wanted.genres[TAG_ASF] = genres;
  g_assert_null (tag_file_change (file, &wanted, &options, &error));
  g_assert_nonnull (strstr (error->message, "longer than a descriptor"));
  close (fd);
}

static void
change_byte (GBytes *data, gsize offset, guint8 value, const char *words)
{
  gsize size;
  const guint8 *old = g_bytes_get_data (data, &size);
  guint8 *bytes = g_memdup2 (old, size);
  g_autoptr (GBytes) changed = NULL;

  bytes[offset] = value;
  changed = g_bytes_new_take (bytes, size);
  try_assert_obstacle (changed, words);
}

static void
test_obstacles (void)
{
  File file;
  guint start;
  gsize header;
  g_autoptr (GBytes) data = make_full (), signed_data = NULL, front = NULL,
                     cut = NULL;

  header = get_uint64 (data, 16);
  change_byte (data, 24, 9, "is to have 9 objects");
  change_byte (data, 46, 0, "is to have 3 objects");
  change_byte (data, header, 'x', "no object Data follows");
  cut = g_bytes_new_from_bytes (data, 0, header + 40);
  try_assert_obstacle (cut, "object Data is to have 46 bytes");
  g_bytes_unref (cut);
  cut = g_bytes_new_from_bytes (data, 0, 100);
  try_assert_obstacle (cut, "within its ASF header");

  begin (&file, 0);
  start = begin_object (&file, signature_guid);
  end_object (&file, start);
  signed_data = end (&file);
  try_assert_obstacle (signed_data, "Digital Signature");

  begin (&file, 0);
  add_genres (&file);
  file.data->data[file.fields] = 6;
  g_bytes_unref (cut);
  cut = end (&file);
  try_assert_obstacle (cut, "6 descriptors, and descriptor 6 is not whole");
  change_byte (cut, file.fields, 4, "more behind its 4 descriptors");

  front = try_join ("ID3\4\0\0\0\0\0\0", (gsize) 10,
      g_bytes_get_data (data, NULL), g_bytes_get_size (data), NULL);
  try_assert_obstacle (front, "in front of its header");
}

static void
test_damaged (void)
{
  g_autoptr (GBytes) data = make_full ();

  try_damage (data, 2000, 700);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/asf/new", test_new);
  g_test_add_func ("/asf/full", test_full);
  g_test_add_func ("/asf/record", test_record);
  g_test_add_func ("/asf/rivals", test_rivals);
  g_test_add_func ("/asf/several", test_several);
  g_test_add_func ("/asf/broadcast", test_broadcast);
  g_test_add_func ("/asf/too-long", test_too_long);
  g_test_add_func ("/asf/obstacles", test_obstacles);
  g_test_add_func ("/asf/damaged", test_damaged);
  return g_test_run ();
}
