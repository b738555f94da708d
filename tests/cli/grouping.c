/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Which tracks are an album, and how many of them are held. */

#include <glib.h>

#include "cli/albumfolder.h"
#include "cli/grouping.h"

static void
test_discs (void)
{
  static const struct
  {
    const char *folder, *album;
  } cases[] = {
    { "/m/Album/CD1", "/m/Album" },
    { "/m/Album/cd 02", "/m/Album" },
    { "/m/Album/Disc 1 - The Beginning", "/m/Album" },
    { "/m/Album/Disk_1", "/m/Album" },
    { "/m/Album/CD1/Extras", "/m/Album/CD1/Extras" },
    { "/m/Album (Disc 2)", "/m/Album" },
    { "/m/Album - [CD 3 of 4]", "/m/Album" },
    { "/m/Alb\xff CD1", "/m/Alb\xff" },
    { "/m/Disco 2000", "/m/Disco 2000" },
    { "/m/CD", "/m/CD" },
    { "/m/CD 1999", "/m/CD 1999" },
    { "/m/ABCD 1", "/m/ABCD 1" },
    { "/m/Album 1", "/m/Album 1" },
    { "CD1", "." },
    { ".", "." },
    { "/", "/" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *album = album_folder_new (cases[i].folder);

    g_assert_cmpstr (album, ==, cases[i].album);
    g_assert_true (album_folder_has (album, cases[i].folder));
  }
  g_assert_true (album_folder_has ("/m/Album", "/m/Album/CD1/Extras"));
  g_assert_true (album_folder_has ("/m/Album", "/m/Album CD1/Extras"));
  g_assert_false (album_folder_has ("/m/Album", "/m/Album/Extras"));
  g_assert_false (album_folder_has ("/m/Album", "/m/Album 2"));
  g_assert_false (album_folder_has ("/m/Album", "/m"));
  g_assert_false (album_folder_has ("/", "/m"));
  g_assert_false (album_folder_has ("a", "."));
}

/* A track is its tags, "album|album artist|artist|compilation", of which the last
 * ones may be missing. */
static Result *
make_track (const char *text, guint number)
{
  const char *const labels[] = { "a", "b", NULL };
  g_auto (GStrv) tags = g_strsplit (text, "|", -1);
  guint n = g_strv_length (tags);
  Result *result = result_new ("x");

  result->labels = g_strdupv ((char **) labels);
  result->probabilities = g_new (double, 2);
  result->probabilities[0] = number % 2;
  result->probabilities[1] = 1 - number % 2;
  result->duration = 1 + number;
  result->album = n > 0 ? g_strdup (tags[0]) : NULL;
  result->album_artist = n > 1 ? g_strdup (tags[1]) : NULL;
  result->artist = n > 2 ? g_strdup (tags[2]) : NULL;
  result->compilation = n > 3;
  return result;
}

/* Checks how many albums the tracks are, and how many of the tracks have the answer
 * of an album. */
static void
check_albums (guint n_albums, guint n_answered, const char *const *tracks)
{
  g_autoptr (GPtrArray)
      results = g_ptr_array_new_with_free_func ((GDestroyNotify) result_free);
  g_autoptr (GHashTable) ids = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; tracks[i]; i++)
    g_ptr_array_add (results, make_track (tracks[i], i));
  grouping_answer ("/m", (Result *const *) results->pdata, results->len);
  for (guint i = 0; i < results->len; i++) {
    const ResultGroup *group = ((Result *) results->pdata[i])->group;

    g_assert_nonnull (group);
    g_hash_table_add (ids, group->id);
    n_answered -= group->probabilities ? 1 : 0;
    g_assert_cmpint (group->compilation, ==, !group->probabilities);
  }
  g_assert_cmpuint (g_hash_table_size (ids), ==, n_albums);
  g_assert_cmpuint (n_answered, ==, 0);
}
#define CHECK(n_albums, n_answered, ...)                                       \
  check_albums (                                                               \
      n_albums, n_answered, (const char *const[]){ __VA_ARGS__, NULL })

static void
test_albums (void)
{
  /* without tags, the folder */
  CHECK (1, 2, "", "");
  CHECK (1, 2, "A|X|X", "a |x|Y");
  /* the album artist is missing in some */
  CHECK (1, 3, "A|X|X", "A", "A||Y");
  CHECK (2, 3, "A|X", "A|Y", "A|Y");
  CHECK (2, 3, "A", "B", "B");
  CHECK (2, 3, "A", "", "");
  CHECK (1, 2, "A (Disc 1)", "A [CD2]");
  /* guests are no other artists */
  CHECK (1, 3, "A||X", "A||X feat. Y", "A||X (ft. Z)");
  CHECK (1, 2, "A||X", "A||X; Y");
  CHECK (1, 3, "A||X", "A||X", "A||Y");
}

static void
test_compilations (void)
{
  CHECK (1, 0, "A||X", "A||Y");
  CHECK (1, 0, "||X", "||Y", "");
  CHECK (1, 0, "A|Various Artists|X", "A|various artists");
  CHECK (1, 0, "A|X|X", "A|X|Y|1");
  CHECK (1, 0, "A||X", "A||X", "A||Y|1");
  /* one artist's best */
  CHECK (1, 2, "A|X|X|1", "A|X|X|1");
  /* one album artist with many others */
  CHECK (1, 3, "A|X|P", "A|X|Q", "A|X|R");
}

/* Tracks that do nothing but count themselves. */
typedef struct
{
  Result *result;
  guint *n_held;
} Track;

static Result *
get_result (gpointer track)
{
  return ((Track *) track)->result;
}

static void
done (gpointer track, gpointer user_data)
{
  (void) user_data;
  *((Track *) track)->n_held -= 1;
  result_free (((Track *) track)->result);
  g_free (track);
}

/* Adds a track whose result is known. */
static void
add (Grouping *grouping, const char *name, gboolean walked, guint *n_held)
{
  Track *track = g_new (Track, 1);
  Group *group;

  *n_held += 1;
  *track = (Track){ result_new (name), n_held };
  group = grouping_add (grouping, name, walked, track);
  grouping_note_result (grouping, group);
}

static void
test_memory (gconstpointer walked)
{
  static const GroupingFuncs funcs = { get_result, done };
  Grouping *grouping = grouping_new (&funcs, NULL);
  guint n_held = 0, most = 0;

  add (grouping, "/m/loose", walked != NULL, &n_held);
  for (guint i = 0; i < 50000; i++) {
    g_autofree char *name = g_strdup_printf (
        "/m/%u/CD%u/%u", i / 20, 1 + i % 20 / 10, i % 10);

    add (grouping, name, walked != NULL, &n_held);
    most = MAX (most, n_held);
  }
  g_assert_cmpuint (most, <=, walked ? 20 : GROUPING_PATIENCE + 20);
  g_assert_false (grouping_was_torn (grouping));
  grouping_end (grouping);
  g_assert_cmpuint (n_held, ==, 0);
  add (grouping, "/m/late", walked != NULL, &n_held);
  g_assert_cmpint (grouping_was_torn (grouping), ==, !walked);
  grouping_end (grouping);
  grouping_free (grouping);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/grouping/discs", test_discs);
  g_test_add_func ("/grouping/albums", test_albums);
  g_test_add_func ("/grouping/compilations", test_compilations);
  g_test_add_data_func ("/grouping/memory/folder", "walked", test_memory);
  g_test_add_data_func ("/grouping/memory/list", NULL, test_memory);
  return g_test_run ();
}
