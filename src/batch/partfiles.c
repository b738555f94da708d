/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "partfiles.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>

#include "analysis/filename.h"

#define UNFINISHED ".tmp"
/* behind the name of a cache: what is not in its file yet */
#define JOURNAL "-wal"

gboolean
part_is_whole (const Plan *plan, guint part)
{
  g_autofree char *path = plan_make_path (plan, "parts", part, PART_RESULTS);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

char *
part_make_unfinished (const Plan *plan, guint part, const char *ending)
{
  g_autofree char *own = g_strdup_printf (
      "%s.%s-%d" UNFINISHED, ending, g_get_host_name (), (int) getpid ());

  return plan_make_path (plan, "parts", part, own);
}

/* What earlier attempts have left of the file with @ending: paths. */
static GPtrArray *
find_left (const Plan *plan, guint part, const char *ending)
{
  g_autofree char *start = plan_make_path (plan, "parts", part, ending);
  g_autofree char *folder = g_path_get_dirname (start);
  g_autofree char *prefix = g_strconcat (start, ".", NULL);
  g_autoptr (GDir) names = g_dir_open (folder, 0, NULL);
  GPtrArray *found = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  while (names && (name = g_dir_read_name (names))) {
    g_autofree char *path = g_build_filename (folder, name, NULL);

    if (g_str_has_prefix (path, prefix) && g_str_has_suffix (path, UNFINISHED))
      g_ptr_array_add (found, g_steal_pointer (&path));
  }
  return found;
}

/* Bytes of a cache and its journal; 0 if there is none. */
static guint64
get_size (const char *path)
{
  g_autofree char *journal = g_strconcat (path, JOURNAL, NULL);
  struct stat info;
  guint64 size = 0;

  if (stat (path, &info) == 0)
    size += info.st_size;
  if (stat (journal, &info) == 0)
    size += info.st_size;
  return size;
}

static gboolean
copy (const char *from, const char *to)
{
  g_autoptr (GFile) source = g_file_new_for_path (from);
  g_autoptr (GFile) target = g_file_new_for_path (to);

  return g_file_copy (
      source, target, G_FILE_COPY_OVERWRITE, NULL, NULL, NULL, NULL);
}

/* A copy, as the process that has made it may still write to it.  If it cannot be made,
 * the part begins anew. */
static void
copy_cache (const char *from, const char *to)
{
  g_autofree char *journal = g_strconcat (from, JOURNAL, NULL);
  g_autofree char *own_journal = g_strconcat (to, JOURNAL, NULL);

  if (!copy (from, to) ||
      (g_file_test (journal, G_FILE_TEST_EXISTS) &&
          !copy (journal, own_journal))) {
    (void) unlink (to);
    (void) unlink (own_journal);
  }
}

static void
remove_all (GPtrArray *paths)
{
  for (guint i = 0; i < paths->len; i++) {
    g_autofree char *journal = g_strconcat (paths->pdata[i], JOURNAL, NULL);

    (void) unlink (paths->pdata[i]);
    (void) unlink (journal);
  }
}

void
part_take_over (const Plan *plan, guint part, const char *path)
{
  g_autofree char *whole = plan_make_path (plan, "parts", part, PART_CACHE);
  g_autoptr (GPtrArray) caches = find_left (plan, part, PART_CACHE);
  g_autoptr (GPtrArray) results = find_left (plan, part, PART_RESULTS);
  /* that of a part whose results were removed, or were not given their name */
  const char *best = whole;

  for (guint i = 0; i < caches->len; i++)
    if (get_size (caches->pdata[i]) > get_size (best))
      best = caches->pdata[i];
  if (get_size (best) > 0)
    copy_cache (best, path);
  remove_all (caches);
  remove_all (results);
}

gboolean
part_set_error (GError **error, const char *path, const char *what, int fault)
{
  g_autofree char *shown = filename_display (path);

  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (fault),
      "%s cannot be %s: %s.", shown, what, g_strerror (fault));
  return FALSE;
}
