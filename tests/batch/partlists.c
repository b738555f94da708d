/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The lists of parts, which are all made at once. */

#include "batch/partlists.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "temporary.h"

#define N_PARTS 5
#define N_NAMES 20000

/* for a name longer than what is held of a list */
#define LONG_NAME 100000

static char *folder;

/* What is to be in the lists. */
static GString *
make_lists (guint part)
{
  GString *list = g_string_new (NULL);

  for (guint i = part; i < N_NAMES; i += N_PARTS)
    g_string_append_printf (list, "/the name of a file/%u%c", i, '\0');
  return list;
}

/* NULL with @error set if they cannot be written. */
static PartLists *
fill (const Plan *plan, GString *const *expected, GError **error)
{
  g_autoptr (PartLists) lists = NULL;
  guint64 sizes[N_PARTS];
  gsize places[N_PARTS] = { 0 };
  gboolean ok = TRUE;

  for (guint i = 0; i < N_PARTS; i++)
    sizes[i] = expected[i]->len;
  lists = part_lists_new (plan->folder, sizes, N_PARTS, error);
  if (!lists)
    return NULL;
  for (guint left = N_PARTS; ok && left > 0;) {
    left = 0;
    for (guint i = 0; i < N_PARTS && ok; i++) {
      const char *name = expected[i]->str + places[i];

      if (places[i] == expected[i]->len)
        continue;
      left++;
      ok = part_lists_add (lists, i, name, error);
      places[i] += strlen (name) + 1;
    }
  }
  return ok ? g_steal_pointer (&lists) : NULL;
}

static void
test_lists (void)
{
  Plan plan = { .folder = folder, .n_parts = N_PARTS };
  g_autofree char *where = g_build_filename (folder, "lists", NULL);
  g_autofree char *long_name = g_strnfill (LONG_NAME, 'x');
  g_autoptr (PartLists) lists = NULL;
  g_autoptr (GError) error = NULL;
  GString *expected[N_PARTS];

  for (guint i = 0; i < N_PARTS; i++)
    expected[i] = make_lists (i);
  /* one that is a single name, one that has none, one that ends in a long one */
  g_string_truncate (expected[1], strlen (expected[1]->str) + 1);
  g_string_truncate (expected[2], 0);
  g_string_append_len (expected[3], long_name, LONG_NAME + 1);
  g_mkdir (where, 0700);
  lists = fill (&plan, expected, &error);
  g_assert_no_error (error);
  g_assert_true (part_lists_write (lists, &plan, &error));
  g_assert_no_error (error);
  for (guint i = 0; i < N_PARTS; i++) {
    g_autofree char *path = plan_make_path (&plan, "lists", i, "");
    g_autofree char *text = NULL;
    gsize length;

    g_file_get_contents (path, &text, &length, &error);
    g_assert_no_error (error);
    g_assert_cmpmem (text, length, expected[i]->str, expected[i]->len);
    g_string_free (expected[i], TRUE);
  }
  g_assert_cmpuint (temporary_count (folder), ==, 1);
  temporary_clear (folder);
}

static void
test_no_room (void)
{
  Plan plan = { .folder = folder, .n_parts = N_PARTS };
  g_autofree char *where = g_build_filename (folder, "lists", NULL);
  g_autoptr (PartLists) lists = NULL;
  g_autoptr (GError) error = NULL;
  GString *expected[N_PARTS];
  struct rlimit old, low;

  for (guint i = 0; i < N_PARTS; i++)
    expected[i] = make_lists (i);
  g_mkdir (where, 0700);
  signal (SIGXFSZ, SIG_IGN);
  getrlimit (RLIMIT_FSIZE, &old);
  low = old;
  low.rlim_cur = 100000;
  setrlimit (RLIMIT_FSIZE, &low);
  lists = fill (&plan, expected, &error);
  if (lists)
    g_assert_false (part_lists_write (lists, &plan, &error));
  setrlimit (RLIMIT_FSIZE, &old);
  g_assert_nonnull (error);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, folder));
  for (guint i = 0; i < N_PARTS; i++)
    g_string_free (expected[i], TRUE);
  temporary_clear (folder);
}

/* There is no folder for them. */
static void
test_no_folder (void)
{
  Plan plan = { .folder = folder, .n_parts = 1 };
  const guint64 size = 2;
  g_autoptr (GError) error = NULL;
  g_autoptr (PartLists) lists = part_lists_new (folder, &size, 1, &error);

  g_assert_true (part_lists_add (lists, 0, "a", &error));
  g_assert_false (part_lists_write (lists, &plan, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
  g_assert_nonnull (strstr (error->message, "lists/00000"));
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  folder = temporary_make ();
  g_test_add_func ("/partlists/lists", test_lists);
  g_test_add_func ("/partlists/no-room", test_no_room);
  g_test_add_func ("/partlists/no-folder", test_no_folder);
  status = g_test_run ();
  temporary_remove (folder);
  return status;
}
