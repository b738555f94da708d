/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Names that are sorted in runs of a temporary file. */

#include "batch/namesorter.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "sort.h"
#include "temporary.h"

static NameSorter *
make_sorter (const char *folder, gsize run_size)
{
  g_autoptr (GError) error = NULL;
  NameSorter *sorter = name_sorter_new (folder, run_size, &error);

  g_assert_no_error (error);
  /* it has no name */
  g_assert_cmpuint (temporary_count (folder), ==, 0);
  return sorter;
}

static void
add_full (NameSorter *sorter, const char *group, const char *name,
    guint64 bytes, float seconds)
{
  g_autoptr (GError) error = NULL;
  SortedName sorted = {
    .group = group, .name = name, .bytes = bytes, .seconds = seconds
  };

  g_assert_true (name_sorter_add (sorter, &sorted, &error));
  g_assert_no_error (error);
}

static void
add (NameSorter *sorter, const char *name)
{
  add_full (sorter, "", name, strlen (name), 1);
}

static void
begin (NameSorter *sorter)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (name_sorter_begin (sorter, &error));
  g_assert_no_error (error);
}

/* The next one is @name, or none if that is NULL. */
static SortedName
expect (NameSorter *sorter, const char *name)
{
  g_autoptr (GError) error = NULL;
  SortedName sorted = { 0 };

  g_assert_cmpint (
      name_sorter_next (sorter, &sorted, &error), ==, name != NULL);
  g_assert_no_error (error);
  g_assert_cmpstr (sorted.name, ==, name);
  return sorted;
}

/* Any bytes but NUL, of few kinds, so that there are repeats and long beginnings that
 * are the same. */
static char *
make_name (GRand *random)
{
  static const char letters[] = "aab\n\xff\x01/";
  GString *name = g_string_new (
      g_rand_boolean (random) ? "/a/long/beginning/" : NULL);
  guint n = g_rand_int_range (random, 1, 9);

  for (guint i = 0; i < n; i++)
    g_string_append_c (
        name, letters[g_rand_int_range (random, 0, sizeof letters - 1)]);
  return g_string_free (name, FALSE);
}

/* Runs of @run_size bytes, beside a sort in memory. */
static void
check_sort (const char *folder, guint n, gsize run_size)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (n);
  g_autoptr (NameSorter) sorter = make_sorter (folder, run_size);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  guint n_repeated;

  for (guint i = 0; i < n; i++) {
    char *name = make_name (random);

    g_ptr_array_add (names, name);
    add (sorter, name);
  }
  g_ptr_array_sort (names, sort_compare_strings);
  /* twice, as the planner does it */
  for (guint turn = 0; turn < 2; turn++) {
    begin (sorter);
    n_repeated = 0;
    for (guint i = 0; i < n; i++) {
      const char *name = names->pdata[i];
      SortedName sorted;

      if (i > 0 && g_str_equal (name, names->pdata[i - 1])) {
        n_repeated++;
        continue;
      }
      sorted = expect (sorter, name);
      g_assert_cmpuint (sorted.bytes, ==, strlen (name));
    }
    expect (sorter, NULL);
    g_assert_cmpuint (name_sorter_get_n_repeated (sorter), ==, n_repeated);
  }
  if (n > 1000)
    g_assert_cmpuint (n_repeated, >, 0);
}

static void
test_runs (void)
{
  char *folder = temporary_make ();

  check_sort (folder, 0, 1000);
  check_sort (folder, 1, 1000);
  check_sort (folder, 2, 1); /* a run of each */
  check_sort (folder, 301, 1);
  check_sort (folder, 5000, 1000);
  check_sort (folder, 5000, 100000000); /* one run */
  temporary_remove (folder);
}

/* More than is read of a run at once. */
static void
test_long_runs (void)
{
  char *folder = temporary_make ();
  g_autoptr (NameSorter) sorter = make_sorter (folder, 8000000);
  const guint n = 400000, step = 7919;

  for (guint i = 0; i < n; i++) {
    char name[80];

    g_snprintf (name, sizeof name,
        "/srv/archive/of a long name that all files have/%09u.mp3",
        (guint) ((guint64) i * step % n));
    add_full (sorter, "", name, i, 0);
  }
  begin (sorter);
  for (guint i = 0; i < n; i++) {
    char name[80];

    g_snprintf (name, sizeof name,
        "/srv/archive/of a long name that all files have/%09u.mp3", i);
    expect (sorter, name);
  }
  expect (sorter, NULL);
  temporary_remove (folder);
}

static void
test_odd_names (void)
{
  char *folder = temporary_make ();
  g_autofree char *long_name = g_strnfill (NAME_SORTER_MAX_LENGTH, 'x');
  g_autofree char *longer = g_strconcat (long_name, "y", NULL);
  g_autofree char *too_long = g_strnfill (3 * NAME_SORTER_MAX_LENGTH, 'x');
  g_autoptr (NameSorter) sorter = make_sorter (folder, 100);
  g_autoptr (GError) error = NULL;
  SortedName name = { .group = "", .name = too_long };

  for (guint i = 0; i < 40; i++) {
    add (sorter, longer);
    add (sorter, "\xff\xfe");
    add (sorter, long_name);
    add (sorter, "new\nline");
    add (sorter, "new");
    add (sorter, "new\tline");
  }
  g_assert_false (name_sorter_add (sorter, &name, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NAMETOOLONG);
  begin (sorter);
  expect (sorter, "new");
  expect (sorter, "new\tline");
  expect (sorter, "new\nline");
  expect (sorter, long_name);
  expect (sorter, longer);
  expect (sorter, "\xff\xfe");
  expect (sorter, NULL);
  g_assert_cmpuint (name_sorter_get_n_repeated (sorter), ==, 39 * 6);
  temporary_remove (folder);
}

/* By groups first; and whichever of two came first, the same figures. */
static void
test_groups_and_figures (void)
{
  for (guint turn = 0; turn < 2; turn++) {
    char *folder = temporary_make ();
    g_autoptr (NameSorter) sorter = make_sorter (folder, 1);
    SortedName name;

    add_full (sorter, "B", "1", 0, 0);
    add_full (sorter, "A", "3", turn ? 5 : 8, turn ? 2.5F : -1);
    add_full (sorter, "A", "3", turn ? 8 : 5, turn ? -1 : 2.5F);
    add_full (sorter, "A\n", "2", 0, -1);
    begin (sorter);
    name = expect (sorter, "3");
    g_assert_cmpstr (name.group, ==, "A");
    g_assert_cmpuint (name.bytes, ==, 8);
    g_assert_cmpfloat (name.seconds, ==, 2.5);
    name = expect (sorter, "2");
    g_assert_cmpstr (name.group, ==, "A\n");
    g_assert_cmpfloat (name.seconds, <, 0);
    expect (sorter, "1");
    expect (sorter, NULL);
    temporary_remove (folder);
  }
}

static void
test_no_room (void)
{
  char *folder = temporary_make ();
  g_autoptr (NameSorter) sorter = make_sorter (folder, 10000);
  g_autoptr (GError) error = NULL;
  struct rlimit old, limit;
  gboolean ok = TRUE;

  signal (SIGXFSZ, SIG_IGN);
  getrlimit (RLIMIT_FSIZE, &old);
  limit = old;
  limit.rlim_cur = 25000;
  setrlimit (RLIMIT_FSIZE, &limit);
  for (guint i = 0; i < 1000 && ok; i++) {
    g_autofree char *text = g_strdup_printf ("a name of a file, %u", i);
    SortedName name = { .group = "", .name = text };

    ok = name_sorter_add (sorter, &name, &error);
  }
  setrlimit (RLIMIT_FSIZE, &old);
  g_assert_false (ok);
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, folder));
  temporary_remove (folder);
}

static void
test_no_folder (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (name_sorter_new ("/nowhere/at all", 1, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
  g_assert_nonnull (strstr (error->message, "/nowhere/at all"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/namesorter/runs", test_runs);
  g_test_add_func ("/namesorter/long-runs", test_long_runs);
  g_test_add_func ("/namesorter/odd-names", test_odd_names);
  g_test_add_func ("/namesorter/groups-and-figures", test_groups_and_figures);
  g_test_add_func ("/namesorter/no-room", test_no_room);
  g_test_add_func ("/namesorter/no-folder", test_no_folder);
  return g_test_run ();
}
