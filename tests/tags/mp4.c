/* SPDX-License-Identifier: GPL-2.0-or-later */

/* MP4: the list of tags in many forms, and offsets that have to follow. */

#define _GNU_SOURCE /* memmem() */

#include <string.h>

#include <gst/gst.h>

#include "try.h"

static char *jazz[] = { "Jazz", NULL };
static char *two[] = { "Jazz", "Rock", NULL };

/* Bytes; of a string literal, without the 0 at its end. */
static GByteArray *
bytes (const void *data, gsize length)
{
  GByteArray *array = g_byte_array_new ();

  g_byte_array_append (array, data, (guint) length);
  return array;
}
#define TEXT(literal) bytes (literal, sizeof (literal) - 1)

/* An atom with the parts, GByteArray, which it takes. */
G_GNUC_NULL_TERMINATED static GByteArray *
atom (const char *type, ...)
{
  GByteArray *array = g_byte_array_new (), *part;
  guint8 header[8];
  va_list parts;

  memcpy (header + 4, type, 4);
  g_byte_array_append (array, header, sizeof header);
  va_start (parts, type);
  while ((part = va_arg (parts, GByteArray *))) {
    g_byte_array_append (array, part->data, part->len);
    g_byte_array_unref (part);
  }
  va_end (parts);
  GST_WRITE_UINT32_BE (array->data, array->len);
  return array;
}

static void
append (GByteArray *all, GByteArray *part)
{
  g_byte_array_append (all, part->data, part->len);
  g_byte_array_unref (part);
}

/* What the tags of a test are. */
typedef struct
{
  const char *name;
  GByteArray *(*make) (void); /* what moov has at its end; NULL: nothing */
  const char *genres;         /* as tagfile.h has them, or "none" */
  gboolean not_same; /* undo gives the same tags, but not the same bytes */
} Tags;

#define HANDLER(name) TEXT ("\0\0\0\0\0\0\0\0mdirappl\0\0\0\0\0\0\0\0" name)
#define VALUE(text) atom ("data", TEXT ("\0\0\0\1\0\0\0\0" text), NULL)
#define TITLE atom ("\251nam", VALUE ("Song"), NULL)
#define VERSION TEXT ("\0\0\0\0")

static GByteArray *
make_plain (void)
{
  return atom ("udta",
      atom ("meta", VERSION, atom ("hdlr", HANDLER ("\0"), NULL),
          atom ("ilst", TITLE, NULL), NULL),
      NULL);
}

/* iTunes' way: free space behind the list, and behind all. */
static GByteArray *
make_free (void)
{
  GByteArray *udta = atom ("udta",
      atom ("meta", VERSION, atom ("hdlr", HANDLER ("name\0"), NULL),
          atom ("ilst", TITLE, atom ("\251gen", VALUE ("Pop"), NULL),
              atom ("trkn", VALUE ("\0\0\0\1\0\0"), NULL), NULL),
          atom ("free", bytes (make_free, 50), NULL), NULL),
      NULL);

  append (udta, atom ("free", TEXT ("\0\0\0\0\0\0\0\0\0\0"), NULL));
  return udta;
}

/* QuickTime's: "meta" without a version, a list that ends with four zeros. */
static GByteArray *
make_quicktime (void)
{
  return atom ("udta", atom ("\251nam", TEXT ("\0\4\25\307Song"), NULL),
      atom ("meta", atom ("hdlr", HANDLER (""), NULL),
          atom ("ilst", TITLE, NULL), NULL),
      TEXT ("\0\0\0\0"), NULL);
}

static GByteArray *
make_no_meta (void)
{
  return atom ("udta", atom ("\251nam", TEXT ("\0\4\25\307Song"), NULL),
      TEXT ("\0\0\0\0"), NULL);
}

static GByteArray *
make_no_list (void)
{
  return atom ("udta",
      atom ("meta", VERSION, atom ("hdlr", HANDLER ("name\0"), NULL), NULL),
      NULL);
}

static GByteArray *
make_empty_list (void)
{
  return atom ("udta",
      atom ("meta", VERSION, atom ("hdlr", HANDLER ("\0"), NULL),
          atom ("ilst", NULL), NULL),
      NULL);
}

static GByteArray *
make_empty_udta (void)
{
  return atom ("udta", NULL);
}

static GByteArray *
make_list (GByteArray *first, GByteArray *second)
{
  return atom ("udta",
      atom ("meta", VERSION, atom ("hdlr", HANDLER ("\0"), NULL),
          atom ("ilst", first, second, TITLE, NULL), NULL),
      NULL);
}

static GByteArray *
make_number (void)
{
  return make_list (
      atom ("gnre", atom ("data", TEXT ("\0\0\0\0\0\0\0\0\0\22"), NULL), NULL),
      atom ("cpil", VALUE ("\1"), NULL));
}

static GByteArray *
make_number_and_name (void)
{
  return make_list (atom ("\251gen", VALUE ("Rock"), NULL),
      atom ("gnre", atom ("data", TEXT ("\0\0\0\0\0\0\0\0\0\22"), NULL), NULL));
}

static GByteArray *
make_two_values (void)
{
  return make_list (
      atom ("\251gen", VALUE ("Pop"), VALUE ("R&B\0"), VALUE (""), NULL),
      atom ("\251gen", atom ("data", TEXT ("\0\0\0\2\0\0\0\0\0S\0k\0a"), NULL),
          NULL));
}

/* A list that ends with zeros, too. */
static GByteArray *
make_zeros (void)
{
  return atom ("udta",
      atom ("meta", VERSION, atom ("hdlr", HANDLER ("\0"), NULL),
          atom ("ilst", TITLE, TEXT ("\0\0\0\0"), NULL), NULL),
      NULL);
}

/* Values that are none, and items of all kinds. */
static GByteArray *
make_odd (void)
{
  return make_list (atom ("\251gen", TEXT ("\0\0\0\7data"), NULL),
      atom ("----", atom ("mean", TEXT ("\0\0\0\0com.apple.iTunes"), NULL),
          atom ("name", TEXT ("\0\0\0\0genreclassify"), NULL), VALUE ("who"),
          NULL));
}

static GByteArray *
make_kept (void)
{
  return make_list (
      atom ("----", atom ("mean", TEXT ("\0\0\0\0org.else"), NULL),
          atom ("name", TEXT ("\0\0\0\0GENRECLASSIFY"), NULL), VALUE ("who"),
          NULL),
      atom ("\0\1\2\3", TEXT ("abc"), NULL));
}

static GByteArray *
make_quicktime_genre (void)
{
  return atom ("udta", atom ("\251gen", TEXT ("\0\4\25\307Folk"), NULL), NULL);
}

static GByteArray *
make_3gp_wide (void)
{
  return atom ("udta",
      atom ("gnre", TEXT ("\0\0\0\0\25\307\376\377\0S\0k\0a\0\0"), NULL),
      atom ("titl", TEXT ("\0\0\0\0\25\307Song\0"), NULL), NULL);
}

static GByteArray *
make_3gp_genre (void)
{
  return atom (
      "udta", atom ("gnre", TEXT ("\0\0\0\0\25\307Folk\0"), NULL), NULL);
}

/* Two of them, of which the second has the list; and keys elsewhere. */
static GByteArray *
make_second (void)
{
  GByteArray *all = atom ("udta", atom ("name", TEXT ("x"), NULL), NULL);

  append (all,
      atom ("meta", atom ("hdlr", TEXT ("\0\0\0\0\0\0\0\0mdta\0\0\0\0"), NULL),
          atom ("ilst", atom ("\0\0\0\1", VALUE ("x"), NULL), NULL), NULL));
  append (all, make_free ());
  return all;
}

#define GENRE(text) atom ("\251gen", VALUE (text), NULL)

static GByteArray *
make_lists (GByteArray *first, GByteArray *second)
{
  return atom ("udta",
      atom ("meta", VERSION, atom ("hdlr", HANDLER ("\0"), NULL),
          atom ("ilst", TITLE, first, NULL), atom ("ilst", second, NULL), NULL),
      NULL);
}

/* Its second list has the genre. */
static GByteArray *
make_second_list (void)
{
  return make_lists (TITLE, GENRE ("Pop"));
}

/* Texts have it, and not the list. */
static GByteArray *
make_texts_and_list (void)
{
  return atom ("udta", atom ("\251gen", TEXT ("\0\4\25\307Folk"), NULL),
      atom ("meta", VERSION, atom ("hdlr", HANDLER ("\0"), NULL),
          atom ("ilst", TITLE, NULL), NULL),
      NULL);
}

static const Tags tags[] = {
  { "none", NULL, "none", FALSE },
  { "plain", make_plain, "", FALSE },
  { "free", make_free, "Pop", FALSE },
  { "quicktime", make_quicktime, "", FALSE },
  { "no-meta", make_no_meta, "", FALSE },
  { "no-list", make_no_list, "none", FALSE },
  { "empty-list", make_empty_list, "", FALSE },
  { "empty-udta", make_empty_udta, "none", TRUE },
  { "number", make_number, "Rock", FALSE },
  { "number-and-name", make_number_and_name, "Rock", FALSE },
  { "two-values", make_two_values, "Pop;R&B;Ska", FALSE },
  { "zeros", make_zeros, "", FALSE },
  { "odd", make_odd, "", FALSE },
  { "kept", make_kept, "", FALSE },
  { "quicktime-genre", make_quicktime_genre, "Folk", FALSE },
  { "3gp-wide", make_3gp_wide, "Ska", FALSE },
  { "3gp-genre", make_3gp_genre, "Folk", FALSE },
  { "second", make_second, "Pop", FALSE },
  { "second-list", make_second_list, "Pop", FALSE },
  { "texts-and-list", make_texts_and_list, "Folk", FALSE },
};

/* Where the atom moov is, and of how many bits the offsets are. */
typedef enum
{
  IN_FRONT,
  IN_FRONT_64,
  AT_END,
  AT_END_OPEN, /* without a size */
} Place;
#define PLACES 4

#define CHUNK "CHUNK of audio"

/* A track with three chunks, at @offset and behind it. */
static GByteArray *
make_track (guint64 offset, gboolean is_64)
{
  GByteArray *table = TEXT ("\0\0\0\0\0\0\0\3");

  for (guint i = 0; i < 3; i++) {
    guint8 value[8];

    GST_WRITE_UINT64_BE (value, offset + i * strlen (CHUNK));
    g_byte_array_append (table, is_64 ? value : value + 4, is_64 ? 8 : 4);
  }
  return atom ("trak", atom ("tkhd", TEXT ("header"), NULL),
      atom ("mdia",
          atom ("minf", atom ("smhd", NULL),
              atom ("dinf",
                  atom ("dref", TEXT ("\0\0\0\0\0\0\0\1"),
                      atom ("url ", TEXT ("\0\0\0\1"), NULL), NULL),
                  NULL),
              atom ("stbl", atom ("stsd", TEXT ("description"), NULL),
                  atom (is_64 ? "co64" : "stco", table, NULL), NULL),
              NULL),
          NULL),
      NULL);
}

static GByteArray *
make_moov (const Tags *what, guint64 offset, gboolean is_64)
{
  GByteArray *contents = atom ("mvhd", TEXT ("movie header"), NULL);

  append (contents, make_track (offset, is_64));
  append (contents, make_track (offset + strlen (CHUNK), is_64));
  if (what->make)
    append (contents, what->make ());
  return atom ("moov", contents, NULL);
}

static GBytes *
make_file (const Tags *what, Place place)
{
  const gboolean is_64 = place == IN_FRONT_64;
  const gboolean in_front = place == IN_FRONT || is_64;
  GByteArray *all = atom ("ftyp", TEXT ("M4A \0\0\0\0"), NULL);
  GByteArray *moov = make_moov (what, 0, is_64);
  guint64 offset = all->len + 8 + (in_front ? moov->len : 0);

  g_byte_array_unref (moov);
  moov = make_moov (what, offset, is_64);
  if (in_front)
    append (all, g_byte_array_ref (moov));
  append (all, atom ("mdat", TEXT (CHUNK CHUNK CHUNK CHUNK), NULL));
  if (place == AT_END_OPEN)
    memset (moov->data, 0, 4);
  if (!in_front)
    append (all, g_byte_array_ref (moov));
  if (place != AT_END_OPEN)
    append (all, TEXT ("\0\0\0"));
  g_byte_array_unref (moov);
  return g_byte_array_free_to_bytes (all);
}

/* Checks that all offsets of tables of @type point to chunks. */
static void
check_offsets (GBytes *data, const char *type, guint n_tables)
{
  gsize size;
  const guint8 *all = g_bytes_get_data (data, &size), *found = all;
  guint width = type[0] == 'c' ? 8 : 4;

  while ((found = memmem (found, size - (gsize) (found - all), type, 4))) {
    for (guint i = 0; i < 3; i++) {
      const guint8 *entry = found + 12 + i * width;
      guint64 value = width == 8 ? GST_READ_UINT64_BE (entry)
                                 : GST_READ_UINT32_BE (entry);

      g_assert_cmpuint (value, <, size);
      g_assert_cmpint (memcmp (all + value, CHUNK, strlen (CHUNK)), ==, 0);
    }
    found += 4;
    n_tables--;
  }
  g_assert_cmpuint (n_tables, ==, 0);
}

static void
test_tags (gconstpointer data)
{
  const Tags *what = data;

  for (Place place = IN_FRONT; place < PLACES; place++) {
    g_autoptr (GBytes) file = make_file (what, place);
    g_autoptr (GBytes) first = try_write (file, two, !what->not_same);
    g_autoptr (GBytes) second = try_write (first, jazz, TRUE);

    try_assert_genres (file, TAG_MP4, what->genres);
    try_assert_genres (first, TAG_MP4, "Jazz;Rock");
    try_assert_genres (second, TAG_MP4, "Jazz");
    check_offsets (first, place == IN_FRONT_64 ? "co64" : "stco", 2);
  }
}

/* Fragments behind the header, with places that are counted from the file's begin:
 * the data of one, and an index of both. */
static GBytes *
make_fragments (gboolean index_in_front)
{
  GByteArray *all = atom ("ftyp", TEXT ("M4A \0\0\0\0"), NULL), *index;
  guint8 entries[2][11] = { { 0 }, { 0 } }, place[8];

  if (index_in_front)
    append (all, atom ("sidx", TEXT ("index"), NULL));
  append (all,
      atom ("moov", atom ("mvhd", TEXT ("movie header"), NULL),
          atom ("mvex", TEXT ("extends"), NULL), make_plain (), NULL));
  append (all, atom ("sidx", TEXT ("index"), NULL));
  for (guint i = 0; i < 2; i++) {
    GST_WRITE_UINT32_BE (entries[i] + 4, all->len);
    GST_WRITE_UINT64_BE (place, all->len);
    append (all,
        atom ("moof", atom ("mfhd", TEXT ("header"), NULL),
            atom ("traf",
                i == 0 ? atom ("tfhd", TEXT ("\0\2\0\0\0\0\0\1"), NULL)
                       : atom ("tfhd", TEXT ("\0\0\0\1\0\0\0\1"),
                             bytes (place, 8), NULL),
                atom ("trun", TEXT ("run"), NULL), NULL),
            NULL));
    append (all, atom ("mdat", TEXT (CHUNK), NULL));
  }
  index = TEXT ("\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\2");
  append (index, bytes (entries, sizeof entries));
  append (all,
      atom ("mfra", atom ("tfra", index, NULL),
          atom ("mfro", TEXT ("size"), NULL), NULL));
  return g_byte_array_free_to_bytes (all);
}

static void
test_fragments (void)
{
  g_autoptr (GBytes) data = make_fragments (FALSE);
  g_autoptr (GBytes) written = try_write (data, two, TRUE);
  g_autoptr (GBytes) in_front = make_fragments (TRUE);
  gsize size;
  const guint8 *all = g_bytes_get_data (written, &size);
  const guint8 *index = memmem (all, size, "tfra", 4);
  const guint8 *fragment = memmem (all, size, "tfhd\0\0\0\1", 8);

  for (guint i = 0; i < 2; i++) {
    guint32 place = GST_READ_UINT32_BE (index + 4 + 16 + i * 11 + 4);

    g_assert_cmpint (memcmp (all + place + 4, "moof", 4), ==, 0);
    if (i == 1)
      g_assert_cmpuint (GST_READ_UINT64_BE (fragment + 12), ==, place);
  }
  try_assert_refused (in_front, jazz, "atom sidx");
}

/* Where QuickTime or 3GP have texts, the genre is one of them. */
static void
test_texts (void)
{
  static const struct
  {
    const char *name, *bytes;
    gsize length;
  } cases[] = {
    { "no-meta", "\0\0\0\20\251gen\0\4\125\304Jazz", 16 },
    { "quicktime-genre", "\0\0\0\20\251gen\0\4\125\304Jazz", 16 },
    { "3gp-genre", "\0\0\0\23gnre\0\0\0\0\125\304Jazz", 19 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    for (guint j = 0; j < G_N_ELEMENTS (tags); j++) {
      g_autoptr (GBytes) data = NULL, written = NULL;
      gsize size;
      const void *all;

      if (strcmp (tags[j].name, cases[i].name))
        continue;
      data = make_file (&tags[j], IN_FRONT);
      written = try_write (data, jazz, TRUE);
      all = g_bytes_get_data (written, &size);
      g_assert_nonnull (memmem (all, size, cases[i].bytes, cases[i].length));
      g_assert_null (memmem (all, size, "ilst", 4));
      g_assert_null (memmem (all, size, "Folk", 4));
    }
  }
}

/* Puts @to in the place of @from, both of the same length, where it is first. */
static GBytes *
replace (GBytes *data, const void *from, const void *to, gsize length)
{
  gsize size;
  const guint8 *all = g_bytes_get_data (data, &size);
  guint8 *copy = g_memdup2 (all, size),
         *found = memmem (copy, size, from, length);

  g_assert_nonnull (found);
  memcpy (found, to, length);
  return g_bytes_new_take (copy, size);
}

static void
test_obstacles (void)
{
  static const struct
  {
    const char *from, *to;
    gsize length;
    Place place;
    const char *words;
  } cases[] = {
    { "moov", "moof", 4, IN_FRONT, "no atom moov" },
    { "mvhd", "cmov", 4, IN_FRONT, "compressed" },
    { "\16tkhd", "\17tkhd", 5, IN_FRONT, "atom trak at byte" },
    { "stco\0\0\0\0\0\0\0\3", "stco\0\0\0\0\0\0\0\4", 12, IN_FRONT,
        "atom stco" },
    { "\0\0\0\34\251nam", "\0\0\0\35\251nam", 8, IN_FRONT, "no whole atom" },
    { "\0\0\0\34\251nam", "\0\0\0\3\251nam", 8, AT_END, "no whole atom" },
    { "\0\0\0\44ilst", "\0\0\0\50ilst", 8, AT_END, "atom meta at byte" },
    { "mdirappl", "mdtaappl", 8, AT_END, "have keys" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GBytes) data = make_file (&tags[1], cases[i].place);
    g_autoptr (GBytes)
        changed = replace (data, cases[i].from, cases[i].to, cases[i].length);

    try_assert_obstacle (changed, cases[i].words);
  }
}

static void
test_cut (void)
{
  g_autoptr (GBytes) data = make_file (&tags[1], IN_FRONT);
  g_autoptr (GBytes)
      cut = g_bytes_new_from_bytes (data, 0, g_bytes_get_size (data) - 20);
  gsize size;
  const void *all = g_bytes_get_data (data, &size);
  g_autoptr (GBytes) twice = try_join (all, size - 3, all, size, NULL);

  try_assert_obstacle (cut, "cut off: its atom mdat at byte");
  try_assert_obstacle (twice, "two atoms moov");
}

/* Offsets that point nowhere stay; data elsewhere keeps the tags from growing. */
static void
test_offsets (void)
{
  static const char far[] = "\377\377\377\377";
  g_autoptr (GBytes) data = make_file (&tags[1], IN_FRONT);
  gsize size;
  const guint8 *all = g_bytes_get_data (data, &size);
  const guint8 *first = (const guint8 *) memmem (all, size, "stco", 4) + 12;
  g_autoptr (GBytes) nowhere = replace (data, first, far, 4);
  g_autoptr (GBytes) written = try_write (nowhere, jazz, TRUE);
  g_autoptr (GBytes)
      elsewhere = replace (data, "url \0\0\0\1", "url \0\0\0\0", 8);
  g_autoptr (GBytes) at_end = make_file (&tags[1], AT_END);
  g_autoptr (GBytes)
      end_elsewhere = replace (at_end, "url \0\0\0\1", "url \0\0\0\0", 8);
  /* nothing moves */
  g_autoptr (GBytes) grown = try_write (end_elsewhere, jazz, TRUE);
  const guint8 *now = memmem (
      g_bytes_get_data (written, NULL), g_bytes_get_size (written), "stco", 4);

  g_assert_cmpint (memcmp (now + 12, far, 4), ==, 0);
  try_assert_refused (elsewhere, jazz, "atom dref");
}

/* Sizes of 64 bits, and old QuickTime files, which begin with anything. */
static void
test_sizes (void)
{
  static const char wide[] = "\0\0\0\10wide\0\0\0\1mdat\0\0\0\0\0\0\0\24audi";
  static const char large[] = "\0\0\0\1moov\0\0\0\0\0\0\0\30\0\0\0\10mvhd";
  static const char last[] = "\0\0\0\0mdataudio";
  g_autoptr (GBytes) data = try_join (wide, sizeof wide - 1, large,
      sizeof large - 1, last, sizeof last - 1, NULL);
  g_autoptr (GBytes) written = try_write (data, two, TRUE);
  g_autoptr (GBytes) other = g_bytes_new_static (wide, sizeof wide - 1);

  try_assert_genres (written, TAG_MP4, "Jazz;Rock");
  try_assert_unknown (other);
}

static GByteArray *
make_same (void)
{
  return make_lists (GENRE ("Pop"), GENRE ("Pop"));
}

static GByteArray *
make_different (void)
{
  return make_lists (GENRE ("Pop"), GENRE ("Ska"));
}

/* QuickTime's items, which have the numbers of keys. */
static GByteArray *
make_keys_meta (void)
{
  return atom ("meta", atom ("hdlr", TEXT ("\0\0\0\0\0\0\0\0mdta\0\0\0\0"), NULL),
      atom ("keys", TEXT ("\0\0\0\0\0\0\0\2\0\0\0\11mdtax\0\0\0\41mdtacom.apple."
                          "quicktime.genre"),
          NULL),
      atom ("ilst", atom ("\0\0\0\1", VALUE ("x"), NULL),
          atom ("\0\0\0\2", VALUE ("Pop"), NULL), NULL),
      NULL);
}

static GByteArray *
make_keys_in_udta (void)
{
  return atom ("udta", make_keys_meta (), NULL);
}

static GByteArray *
make_list_in_moov (void)
{
  return atom ("meta", VERSION, atom ("hdlr", HANDLER ("\0"), NULL),
      atom ("ilst", GENRE ("Pop"), NULL), NULL);
}

/* A genre at a place that cannot be written is known, and stays the only one. */
static void
test_elsewhere (void)
{
  static const Tags same = { "same", make_same, "Pop", FALSE },
                    different = { "different", make_different, "Pop", FALSE },
                    keys = { "keys", make_keys_meta, "Pop", FALSE },
                    udta = { "keys-in-udta", make_keys_in_udta, "Pop", FALSE },
                    list = { "list", make_list_in_moov, "none", FALSE };
  g_autoptr (GBytes) first = make_file (&same, IN_FRONT),
                     second = make_file (&different, AT_END),
                     third = make_file (&keys, IN_FRONT),
                     fourth = make_file (&udta, IN_FRONT),
                     fifth = make_file (&list, IN_FRONT);

  try_assert_refused (first, jazz, "two lists of tags with a genre, at byte");
  try_assert_obstacle (second, "two lists of tags with a genre, at byte");
  try_assert_genres (third, TAG_MP4, "Pop");
  try_assert_obstacle (third, "keys of QuickTime");
  try_assert_genres (fourth, TAG_MP4, "Pop");
  try_assert_obstacle (fourth, "keys of QuickTime");
  try_assert_obstacle (fifth, "not in the atom udta");
}

static void
test_damaged (void)
{
  for (guint i = 1; i < G_N_ELEMENTS (tags); i++) {
    g_autoptr (GBytes)
        data = make_file (&tags[i], (Place) (i % (guint) PLACES));

    try_damage (data, 200, 2000);
  }
  {
    g_autoptr (GBytes) data = make_fragments (FALSE);

    try_damage (data, 400, 2000);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tags); i++) {
    g_autofree char *path = g_strconcat ("/mp4/tags/", tags[i].name, NULL);

    g_test_add_data_func (path, &tags[i], test_tags);
  }
  g_test_add_func ("/mp4/fragments", test_fragments);
  g_test_add_func ("/mp4/texts", test_texts);
  g_test_add_func ("/mp4/obstacles", test_obstacles);
  g_test_add_func ("/mp4/cut", test_cut);
  g_test_add_func ("/mp4/offsets", test_offsets);
  g_test_add_func ("/mp4/sizes", test_sizes);
  g_test_add_func ("/mp4/elsewhere", test_elsewhere);
  g_test_add_func ("/mp4/damaged", test_damaged);
  return g_test_run ();
}
