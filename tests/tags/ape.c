/* SPDX-License-Identifier: GPL-2.0-or-later */

/* APE tags alone: of both versions, and odd ones. */

#include "tags/formats/ape.h"

#include <string.h>
#include <unistd.h>

#include <gst/gst.h>

#include "tags/formats/tagserror.h"
#include "try.h"

#define HEADER 0xa0000000
#define FOOTER 0x80000000

static char *two[] = { "Jazz", "Größe", NULL };

static void
add_uint32 (GByteArray *data, guint32 value)
{
  guint8 bytes[4];

  GST_WRITE_UINT32_LE (bytes, value);
  g_byte_array_append (data, bytes, sizeof bytes);
}

static void
add_frame (
    GByteArray *data, guint32 version, guint32 size, guint32 n, guint32 flags)
{
  g_byte_array_append (data, (const guint8 *) "APETAGEX", 8);
  add_uint32 (data, version);
  add_uint32 (data, size + 32);
  add_uint32 (data, n);
  add_uint32 (data, flags);
  add_uint32 (data, 0);
  add_uint32 (data, 0);
}

/* A tag of these items, with a header in version 2.  The footer says
 * @size_error and @n_error more than there is. */
static GBytes *
make_tag (guint32 version, const char *items, gsize size, guint n,
    guint32 size_error, guint32 n_error)
{
  GByteArray *data = g_byte_array_new ();

  if (version == 2000)
    add_frame (data, version, (guint32) size, n, HEADER);
  g_byte_array_append (data, (const guint8 *) items, (guint) size);
  add_frame (data, version, (guint32) size + size_error, n + n_error,
      version == 2000 ? FOOTER : 0);
  return g_byte_array_free_to_bytes (data);
}

/* Not sorted, in odd spelling, one of them twice, one read-only, one binary. */
#define ITEMS                                                                  \
  "\1\0\0\0\0\0\0\0title\0A"                                                   \
  "\4\0\0\0\1\0\0\0GENRE\0Rock"                                                \
  "\3\0\0\0\0\0\0\0Artist\0B\0C"                                               \
  "\7\0\0\0\0\0\0\0genre\0Pop\0Ska"                                            \
  "\1\0\0\0\0\0\0\0ARTIST\0D"                                                  \
  "\2\0\0\0\2\0\0\0Cover\0\0\377"

static void
set_wanted (TagState *wanted, char **genres)
{
  wanted->genres[TAG_APE] = g_strdupv (genres);
  wanted->classifier[TAG_APE] = g_strdup ("a test");
}

/* Writes and takes back; gives what was written. */
static GBytes *
write_tag (GBytes *tag)
{
  g_autoptr (TagItems) items = ape_tag_parse (tag, NULL), again = NULL;
  g_autoptr (GBytes) back = NULL, flags = ape_tag_get_flags (tag),
                     flags_again = NULL;
  TagState wanted = { 0 }, before = { 0 }, after = { 0 };
  GBytes *made;
  char *problem = NULL;

  set_wanted (&wanted, two);
  made = ape_tag_render (items, tag, &wanted, NULL);
  again = ape_tag_parse (made, &problem);
  g_assert_cmpstr (problem, ==, NULL);
  flags_again = ape_tag_get_flags (made);
  g_assert_true (g_bytes_equal (flags, flags_again));
  tag_items_to_state (again, TAG_APE, &after);
  g_assert_true (tag_state_equal (&after, &wanted));
  g_assert_cmpuint (again->kept->len, ==, items->kept->len);

  if (tag)
    tag_items_to_state (items, TAG_APE, &before);
  back = ape_tag_render (again, made, &before, NULL);
  if (tag)
    g_assert_true (g_bytes_equal (back, tag));
  else
    g_assert_cmpuint (g_bytes_get_size (back), ==, 0);
  tag_state_clear (&wanted);
  tag_state_clear (&before);
  tag_state_clear (&after);
  return made;
}

static void
test_write (void)
{
  static const char written[] = "\1\0\0\0\0\0\0\0title\0A"
                                "\14\0\0\0\1\0\0\0GENRE\0Jazz\0Größe"
                                "\3\0\0\0\0\0\0\0Artist\0B\0C";

  for (guint version = 1000; version <= 2000; version += 1000) {
    g_autoptr (GBytes)
        tag = make_tag (version, ITEMS, sizeof ITEMS - 1, 6, 0, 0);
    g_autoptr (GBytes) made = write_tag (tag);
    const char *data = g_bytes_get_data (made, NULL);

    g_assert_cmpmem (data + (version == 2000 ? 32 : 0), sizeof written - 1,
        written, sizeof written - 1);
  }
}

/* Some programs count more items than there are. */
static void
test_count (void)
{
  g_autoptr (GBytes) tag = make_tag (1000, ITEMS, sizeof ITEMS - 1, 6, 0, 2);
  g_autoptr (GBytes) made = write_tag (tag);
  gsize size;
  const guint8 *data = g_bytes_get_data (made, &size);

  /* one field instead of two, and the classifier */
  g_assert_cmpuint (GST_READ_UINT32_LE (data + size - 16), ==, 6 - 2 + 2 + 2);
}

static void
test_new (void)
{
  g_autoptr (GBytes) made = write_tag (NULL);
  const char *data = g_bytes_get_data (made, NULL);

  g_assert_cmpmem (data, 8, "APETAGEX", 8);
  g_assert_cmphex (GST_READ_UINT32_LE (data + 20), ==, HEADER);
}

static void
test_read (void)
{
  g_autoptr (GBytes) tag = make_tag (2000, ITEMS, sizeof ITEMS - 1, 6, 0, 0);
  g_autoptr (TagItems) items = ape_tag_parse (tag, NULL);

  g_assert_cmpuint (items->genres->len, ==, 3);
  g_assert_cmpstr (items->genres->pdata[2], ==, "Ska");
  g_assert_cmpstr (
      ((TagItem *) items->kept->pdata[2])->name, ==, "item ARTIST");
}

static void
test_problems (void)
{
  static const struct
  {
    guint32 version, size_error, n_error;
    gsize cut; /* bytes of the items */
    const char *words;
  } cases[] = {
    { 2000, 1, 0, 0, "size" },
    { 2000, (guint32) -1, 0, 0, "size" },
    { 2000, 0x70000000, 0, 0, "size" },
    { 1000, 0, (guint32) -1, 0, "more bytes behind its 5 items" },
    { 2000, 0, 1, 0, "header and its footer" },
    { 1000, 0, 0, 1, "ends within item 6" },
    { 1000, 0, 0, 5, "ends within item 6" },
    { 3000, 0, 0, 0, "unknown version" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GBytes) tag = make_tag (cases[i].version, ITEMS,
        sizeof ITEMS - 1 - cases[i].cut, 6, cases[i].size_error,
        cases[i].n_error);
    g_autofree char *problem = NULL;

    g_assert_null (ape_tag_parse (tag, &problem));
    if (!strstr (problem, cases[i].words))
      g_error ("\"%s\" has not \"%s\"", problem, cases[i].words);
  }
}

/* A tag is found at its end, with the header, whatever the footer says of it. */
static void
test_find (void)
{
  for (guint forgotten = 0; forgotten < 2; forgotten++) {
    g_autoptr (GBytes) tag = make_tag (2000, ITEMS, sizeof ITEMS - 1, 6, 0, 0);
    gsize size;
    guint8 *bytes = g_bytes_unref_to_data (g_steal_pointer (&tag), &size);
    g_autoptr (GBytes) all = NULL;
    g_autoptr (MediaFile) file = NULL;
    guint64 offset = 0, length = 0;
    int fd;

    if (forgotten)
      GST_WRITE_UINT32_LE (bytes + size - 12, 0);
    all = try_join ("audio", (gsize) 5, bytes, size, "TAG", (gsize) 3, NULL);
    fd = try_open (all);
    file = media_file_new (fd);
    g_assert_false (ape_tag_find (file, 5 + size + 3, &offset, &length));
    g_assert_false (ape_tag_find (file, 5 + 32, &offset, &length));
    g_assert_false (ape_tag_find (file, 3, &offset, &length));
    g_assert_true (ape_tag_find (file, 5 + size, &offset, &length));
    g_assert_cmpuint (offset, ==, 5);
    g_assert_cmpuint (length, ==, size);
    close (fd);
    g_free (bytes);
  }
}

static void
test_damaged (void)
{
  g_autoptr (GBytes) tag = make_tag (2000, ITEMS, sizeof ITEMS - 1, 6, 0, 0);
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  gsize size;
  const guint8 *bytes = g_bytes_get_data (tag, &size);

  for (guint i = 0; i < 3000; i++) {
    guint8 *damaged = g_memdup2 (bytes, size);
    gsize length = i % 2 ? size
                         : (gsize) g_rand_int_range (random, 1, (gint32) size);
    g_autoptr (GBytes) all = NULL;
    g_autofree char *problem = NULL;
    g_autoptr (TagItems) items = NULL;

    for (guint j = 0; j <= i % 3; j++)
      damaged[g_rand_int_range (random, 0, (gint32) size)] ^= 1u << i % 8;
    all = g_bytes_new_take (damaged, length);
    items = ape_tag_parse (all, &problem);
    g_assert_true (!items == !!problem);
    if (items) {
      g_autoptr (GBytes) made = write_tag (all);
    }
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ape/write", test_write);
  g_test_add_func ("/ape/count", test_count);
  g_test_add_func ("/ape/new", test_new);
  g_test_add_func ("/ape/read", test_read);
  g_test_add_func ("/ape/problems", test_problems);
  g_test_add_func ("/ape/find", test_find);
  g_test_add_func ("/ape/damaged", test_damaged);
  return g_test_run ();
}
