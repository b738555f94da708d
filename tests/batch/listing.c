/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a part's list has of a folder is the same as what is found on walking it:
 * whether it can be played, why not, and whether that may be skipped. */

#include "cli/listing.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/filename.h"
#include "temporary.h"

static char *folder; /* of all tests */

static gboolean
on_more (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

/* ListingItem, in their order */
static GPtrArray *
list_all (const ListingOptions *options)
{
  GPtrArray *items = g_ptr_array_new_with_free_func (
      (GDestroyNotify) listing_item_free);
  g_autoptr (GError) error = NULL;
  gboolean is_awake = FALSE;
  Listing *listing = listing_new (options, on_more, &is_awake, &error);
  ListingItem *item;
  ListingStatus status;

  g_assert_no_error (error);
  while ((status = listing_take (listing, &item)) != LISTING_END) {
    while (status == LISTING_LATER && !is_awake)
      g_main_context_iteration (NULL, TRUE);
    is_awake = FALSE;
    if (item)
      g_ptr_array_add (items, item);
  }
  listing_free (listing);
  while (g_idle_remove_by_data (&is_awake))
    ;
  return items;
}

static GPtrArray *
walk (const char *path)
{
  char *names[] = { (char *) path, NULL };

  return list_all (&(ListingOptions){ .names = names });
}

/* As a part has it. */
static GPtrArray *
read_list (const char *text, gsize length)
{
  g_autofree char *path = g_build_filename (folder, "list", NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, (gssize) length, &error);
  g_assert_no_error (error);
  return list_all (
      &(ListingOptions){ .files_from = path, .null = TRUE, .one_each = TRUE });
}

/* Files, links, and what is none of them */
static char *
make_library (void)
{
  static const char *const files[] = { "song.mp3", "._song.mp3", "cover.jpg",
    "\xef\xbb\xbf.ogg", "#EXTM3U.flac", "\r", "new\nline.wvc" };
  static const char *const links[][2] = { { "nothing", "dangling.jpg" },
    { "nothing", "dangling.mp3" }, { "loop.jpg", "loop.jpg" },
    { "loop.wav", "loop.wav" }, { "song.mp3/x", "no folder.txt" },
    { "song.mp3", "link.mp3" } };
  char *library = g_build_filename (folder, "library", NULL);
  g_autofree char *fifo = g_build_filename (library, "fifo.ogg", NULL);

  temporary_clear (folder);
  g_assert_cmpint (g_mkdir (library, 0700), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autofree char *path = g_build_filename (library, files[i], NULL);

    g_assert_true (
        g_file_set_contents (path, "wvpk", i % 3 == 2 ? 0 : 4, NULL));
  }
  for (guint i = 0; i < G_N_ELEMENTS (links); i++) {
    g_autofree char *path = g_build_filename (library, links[i][1], NULL);

    g_assert_cmpint (symlink (links[i][0], path), ==, 0);
  }
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  return library;
}

static void
test_same (void)
{
  g_autofree char *library = make_library ();
  g_autoptr (GPtrArray) walked = walk (library), listed = NULL;
  g_autoptr (GString) names = g_string_new (NULL);
  guint n_skipped = 0;

  g_assert_cmpuint (walked->len, ==, 14);
  for (guint i = 0; i < walked->len; i++) {
    const ListingItem *item = walked->pdata[i];

    g_string_append_len (names, item->name, (gssize) strlen (item->name) + 1);
    n_skipped += item->error && item->may_skip;
  }
  g_assert_cmpuint (n_skipped, >, 3);
  listed = read_list (names->str, names->len);
  g_assert_cmpuint (listed->len, ==, walked->len);
  for (guint i = 0; i < walked->len; i++) {
    const ListingItem *a = walked->pdata[i], *b = listed->pdata[i];

    g_test_message ("%s: %s", a->name, a->error);
    g_assert_cmpstr (a->name, ==, b->name);
    g_assert_cmpstr (a->error, ==, b->error);
    g_assert_cmpint (a->reason, ==, b->reason);
    g_assert_cmpint (a->may_skip, ==, b->may_skip);
  }
}

/* What is not there at all is a failure: it may have been music that is gone. */
static void
test_missing (void)
{
  const char names[] = "/missing/cover.jpg\0missing.txt\0file:///missing.txt";
  g_autoptr (GPtrArray) items = NULL;

  temporary_clear (folder);
  items = read_list (names, sizeof names);
  g_assert_cmpuint (items->len, ==, 3);
  for (guint i = 0; i < items->len; i++) {
    const ListingItem *item = items->pdata[i];

    g_assert_nonnull (item->error);
    g_assert_false (item->may_skip);
  }
}

static void
test_audio_names (void)
{
  g_assert_true (filename_is_audio ("/a/b.Mp3"));
  g_assert_true (filename_is_audio ("b.c.wv"));
  g_assert_false (filename_is_audio ("/a.mp3/list"));
  g_assert_false (filename_is_audio ("list.m3u"));
  g_assert_false (filename_is_audio ("film.mp4"));
  g_assert_false (filename_is_audio ("mp3"));
  g_assert_false (filename_is_audio ("/a/.mp3"));
  g_assert_false (filename_is_audio ("/a/._b.mp3"));
  g_assert_false (filename_is_audio (""));
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  folder = temporary_make ();
  g_test_add_func ("/listing/same", test_same);
  g_test_add_func ("/listing/missing", test_missing);
  g_test_add_func ("/listing/audio-names", test_audio_names);
  status = g_test_run ();
  temporary_remove (folder);
  return status;
}
