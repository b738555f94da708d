/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The durations that playlists give, and names that are taken as they are.
 * test_lists.py has the rest. */

#include "cli/listreader.h"

#include <limits.h>
#include <string.h>

#include <glib/gstdio.h>

typedef struct
{
  const char *name; /* NULL: no more */
  double duration;
} Expected;

static void
check (const char *path, const char *text, const Expected *expected)
{
  g_autoptr (GInputStream)
      stream = g_memory_input_stream_new_from_data (text, strlen (text), NULL);
  g_autoptr (ListReader) reader = list_reader_new (stream, path, FALSE);
  g_autoptr (GError) error = NULL;

  g_assert_cmpfloat (list_reader_get_duration (reader), ==, 0);
  for (;; expected++) {
    g_autofree char *name = list_reader_next (reader, NULL, &error);

    g_assert_no_error (error);
    g_assert_cmpstr (name, ==, expected->name);
    if (!name)
      break;
    g_assert_cmpfloat (
        list_reader_get_duration (reader), ==, expected->duration);
  }
}

static void
test_durations (void)
{
  static const Expected expected[] = { { "/a", 215 }, { "/b", 0 },
    { "/c", 61.5 }, { "http://d/", 0 }, { "/e", 7 }, { "/f", 3 }, { NULL, 0 } };

  check (NULL,
      "#EXTM3U\n"
      "#EXTINF:215,Someone - a\n/a\n" /* the next one has none */
      "/b\n"
      "#EXTINF:61.5 tvg-id=\"x\",c\n#EXTGRP:other\n\n/c\n"
      "#EXTINF:-1,a station\nhttp://d/\n"
      "#EXTINF: 7\r\n/e\r\n"
      "#EXTINF:1,one\n#EXTINF:3,another\n/f\n"
      "#EXTINF:5,of nothing\n",
      expected);
}

static void
test_no_numbers (void)
{
  static const char *const words[] = { "", ",", "a", "nan", "inf", "+5", "-5",
    "5x", "5.5.5", "1e999", ".", "0", "\xff" };
  static const Expected expected[] = { { "/a", 0 }, { NULL, 0 } };

  for (guint i = 0; i < G_N_ELEMENTS (words); i++) {
    g_autofree char *list = g_strdup_printf ("#EXTINF:%s\n/a\n", words[i]);
    g_autofree char *titled = g_strdup_printf (
        "#EXTINF:%s,title\n/a", words[i]);

    check ("/lists/list.m3u", list, expected);
    check ("/lists/list.m3u", titled, expected);
  }
}

/* In any other list it is a name. */
static void
test_no_playlist (void)
{
  static const Expected expected[] = { { "#EXTINF:5,a", 0 }, { "/a", 0 },
    { NULL, 0 } };

  check (NULL, "#EXTINF:5,a\n/a\n", expected);
}

/* All names, each with "|" after it */
static char *
read_all (const char *path, const char *text, gsize length, gboolean null)
{
  g_autoptr (GInputStream) stream = g_memory_input_stream_new_from_data (
      text, (gssize) length, NULL);
  g_autoptr (ListReader) reader = list_reader_new (stream, path, null);
  g_autoptr (GError) error = NULL;
  GString *names = g_string_new (NULL);

  for (;;) {
    g_autofree char *name = list_reader_next (reader, NULL, &error);

    g_assert_no_error (error);
    if (!name)
      return g_string_free (names, FALSE);
    g_string_append_printf (names, "%s|", name);
  }
}

static void
assert_names (const char *path, const char *text, gsize length, gboolean null,
    const char *expected)
{
  g_autofree char *names = read_all (path, text, length, null);

  g_assert_cmpstr (names, ==, expected);
}

/* The first name in a part's list is any, and its file may be gone. */
static void
test_known_ends (void)
{
  const char header[] = "#EXTM3U x.flac\0#1.flac\0a\r\0\0b";
  const char mark[] = "\xef\xbb\xbfx.flac\0\xef\xbb\xbfy";
  const char utf16[] = "\xff\xfex\0y";

  assert_names ("/lists/00007", header, sizeof header, TRUE,
      "#EXTM3U x.flac|#1.flac|a\r|b|");
  assert_names ("/lists/00007", mark, sizeof mark, TRUE,
      "\xef\xbb\xbfx.flac|\xef\xbb\xbfy|");
  assert_names ("/lists/00007", utf16, sizeof utf16, TRUE, "\xff\xfex|y|");
  /* the ending is the user's word */
  assert_names (
      "/lists/x.m3u", header, sizeof header, TRUE, "/lists/a\r|/lists/b|");
  /* when nothing was said, the start decides */
  assert_names (
      "/lists/00007", header, sizeof header, FALSE, "/lists/a\r|/lists/b|");
  assert_names (
      "/lists/00007", mark, sizeof mark, FALSE, "x.flac|\xef\xbb\xbfy|");
}

/* Gives the number of names before the list was refused. */
static guint
assert_refused (
    const char *text, gsize length, gboolean null, const char *sentence)
{
  g_autoptr (GInputStream) stream = g_memory_input_stream_new_from_data (
      text, (gssize) length, NULL);
  g_autoptr (ListReader) reader = list_reader_new (stream, NULL, null);
  g_autoptr (GError) error = NULL;
  guint n = 0;

  for (;; n++) {
    g_autofree char *name = list_reader_next (reader, NULL, &error);

    if (!name)
      break;
  }
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_assert_nonnull (strstr (error->message, sentence));
  return n;
}

/* Music, or anything else that is binary: not a single name is taken, though samples of
 * sound are the names of the folders "/" and "." */
static void
test_no_list (void)
{
  static const struct
  {
    const char *start;
    gsize size;
    const char *sentence;
  } lists[] = {
    { "RIFF\x24\x80\x12\x02WAVEfmt \x10\0\0\0", 20, "as a file of music" },
    { "\xff\xfb\x90\x64\0\x0f", 6, "as a file of music" },
    { "/\0.\0\1\0", 6, "Its name 3, \"\\x01\", is none: it has control" },
    { "/\0.\0x\x7fy", 7, "Its name 3" },
    { "/a/b.ogg\n\x1b[1m.ogg", 17, "Its name 2" },
    { "be://\xff\x02\0.\0", 10, "Its name 1" },
    { "a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0b", 21, "NULs without names" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (lists); i++) {
    const gboolean lines = memchr (lists[i].start, '\n', lists[i].size) != NULL;

    for (int null = 0; null <= !lines; null++)
      g_assert_cmpint (assert_refused (lists[i].start, lists[i].size, null,
                           lists[i].sentence),
          ==, 0);
  }
}

/* Noise of several kinds, with other lengths and starts; silence, loud and soft. */
static void
test_samples (void)
{
  enum
  {
    N = 70000
  };
  g_autofree char *samples = g_malloc (N);
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);

  for (guint kind = 0; kind < 200; kind++) {
    const int loudness = 1 << kind % 8;

    for (guint i = 0; i < N; i++)
      samples[i] = kind % 3 == 0 ? (char) g_rand_int (rand)
          /* 16 bits */
          : i % 2 == 0 ? (char) g_rand_int_range (rand, -loudness, loudness)
          : samples[i - 1] < 0 ? -1
                               : 0;
    /* the two that lead to folders come first */
    if (kind % 5 == 0)
      memcpy (samples, "/\0.\0", 4);
    g_assert_cmpint (assert_refused (samples, kind % 2 ? N : 500, kind % 4 == 0,
                         "; expected "),
        ==, 0);
  }
  for (int level = 0; level < 256; level++) {
    memset (samples, level, N);
    /* a text of newlines only has no names, and is harmless */
    if (level != '\n')
      g_assert_cmpint (
          assert_refused (samples, N, FALSE, "expected are"), ==, 0);
  }
}

/* What comes too late to be looked at before the first name ends the list. */
static void
test_late (void)
{
  g_autoptr (GString) list = g_string_new (NULL);
  g_autofree char *name = g_strnfill (PATH_MAX, 'x');

  for (guint i = 0; i < 20000; i++)
    g_string_append (list, "/a.ogg\n");
  g_string_append (list, "\1\n/b.ogg\n");
  g_assert_cmpint (
      assert_refused (list->str, list->len, FALSE, "Its name 20001, "), ==,
      20000);
  g_string_truncate (list, 7 * 20000);
  g_string_append (list, name);
  g_assert_cmpint (
      assert_refused (list->str, list->len, FALSE, "it is too long"), ==,
      20000);
}

/* Odd names are names if there are such files, or if it is known that they are. */
static void
test_odd_names (void)
{
  g_autofree char *folder = g_dir_make_tmp (NULL, NULL);
  g_autofree char *path = g_build_filename (folder, "\x01\x1b.ogg", NULL);
  g_autofree char *once = g_strconcat (path, "\n", NULL);
  g_autofree char *expected = g_strconcat (path, "|", NULL);
  g_autofree char *uri = g_strnfill (PATH_MAX, 'x');
  g_autofree char *long_uri = g_strconcat ("http://", uri, NULL);
  g_autofree char *long_expected = g_strconcat (long_uri, "|", NULL);
  g_autoptr (GInputStream)
      stream = g_memory_input_stream_new_from_data ("ID3\4\0\1", 7, NULL);
  g_autoptr (ListReader) own = list_reader_new (stream, NULL, TRUE);
  g_autofree char *first = NULL, *second = NULL;

  g_assert_true (g_file_set_contents (path, "x", 1, NULL));
  assert_names (NULL, once, strlen (once), FALSE, expected);
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
  assert_refused (once, strlen (once), FALSE, "there is no such file");
  assert_names (NULL, long_uri, strlen (long_uri), FALSE, long_expected);
  list_reader_trust (own);
  first = list_reader_next (own, NULL, NULL);
  second = list_reader_next (own, NULL, NULL);
  g_assert_cmpstr (first, ==, "ID3\4");
  g_assert_cmpstr (second, ==, "\1");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/listreader/durations", test_durations);
  g_test_add_func ("/listreader/no-numbers", test_no_numbers);
  g_test_add_func ("/listreader/no-playlist", test_no_playlist);
  g_test_add_func ("/listreader/known-ends", test_known_ends);
  g_test_add_func ("/listreader/no-list", test_no_list);
  g_test_add_func ("/listreader/samples", test_samples);
  g_test_add_func ("/listreader/late", test_late);
  g_test_add_func ("/listreader/odd-names", test_odd_names);
  return g_test_run ();
}
