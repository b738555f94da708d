/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The durations that playlists give, and names that are taken as they are.
 * test_lists.py has the rest. */

#include "cli/listreader.h"

#include <string.h>

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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/listreader/durations", test_durations);
  g_test_add_func ("/listreader/no-numbers", test_no_numbers);
  g_test_add_func ("/listreader/no-playlist", test_no_playlist);
  g_test_add_func ("/listreader/known-ends", test_known_ends);
  return g_test_run ();
}
