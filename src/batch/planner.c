/* SPDX-License-Identifier: GPL-2.0-or-later */

#define _GNU_SOURCE /* syncfs() */

#include "planner.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "analysis/filename.h"
#include "balance.h"
#include "cli/albumfolder.h"
#include "costestimate.h"
#include "filefinder.h"
#include "namesorter.h"
#include "partlists.h"
#include "plan.h"

/* bytes of names that are sorted at once */
#define RUN_SIZE 67108864
/* s; no playlist is to be believed that says more */
#define MAX_SECONDS 1e8

/* Where names go that are found. */
typedef struct
{
  Plan *plan;
  const PlannerOptions *options;
  GMutex lock; /* of the sorter */
  NameSorter *sorter;
} Collection;

/* What is divided: files, or albums. */
typedef struct
{
  GArray *weights; /* guint32 */
  GArray *lengths; /* guint32: bytes that its names take in a list */
  guint64 n_files;
  char *digest;
} Units;

/* Goes through the sorted names. */
typedef struct
{
  NameSorter *sorter;
  GString *group; /* of the last name */
  gint64 unit;    /* that this belongs to */
} Walk;

static void
units_clear (Units *units)
{
  g_clear_pointer (&units->weights, g_array_unref);
  g_clear_pointer (&units->lengths, g_array_unref);
  g_clear_pointer (&units->digest, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Units, units_clear)

/* Names */

/* The seconds that are played of it; less than 0: unknown */
static double
get_seconds (const FoundFile *file, double max_duration)
{
  double seconds = file->duration;

  if (seconds <= 0) {
    if (file->bytes < 0)
      return -1;
    seconds = cost_estimate_seconds (file->name, file->bytes);
  }
  return MIN (seconds, max_duration > 0 ? max_duration : MAX_SECONDS);
}

/* A URI is asked for when it is played. */
static void
note_missing (Plan *plan, const char *name)
{
  g_autofree char *scheme = g_uri_parse_scheme (name);

  if (scheme)
    return;
  if (plan->n_missing++ == 0)
    plan->missing = g_strdup (name);
}

/* In a thread of the finder. */
static gboolean
collect (const FoundFile *files, gsize n, gpointer user_data, GError **error)
{
  Collection *collection = user_data;
  const PlannerOptions *options = collection->options;
  g_autoptr (GPtrArray) groups = g_ptr_array_new_with_free_func (g_free);
  gboolean ok = TRUE;

  /* the same albums as those of --group */
  for (gsize i = 0; i < n && options->by_album; i++) {
    g_autofree char *folder = album_track_folder_new (files[i].name);

    g_ptr_array_add (groups, album_folder_new (folder));
  }
  g_mutex_lock (&collection->lock);
  for (gsize i = 0; i < n && ok; i++) {
    SortedName name = { .group = options->by_album ? groups->pdata[i] : "",
      .name = files[i].name,
      .bytes = MAX (files[i].bytes, 0),
      .seconds = (float) get_seconds (&files[i], options->max_duration) };

    if (files[i].bytes < 0 || files[i].is_dangling)
      note_missing (collection->plan, files[i].name);
    ok = name_sorter_add (collection->sorter, &name, error);
  }
  g_mutex_unlock (&collection->lock);
  return ok;
}

static gboolean
collect_all (Plan *plan, NameSorter *sorter, const PlannerOptions *options,
    GError **error)
{
  Collection collection = {
    .plan = plan, .options = options, .sorter = sorter
  };
  gboolean ok;

  g_mutex_init (&collection.lock);
  ok = file_finder_run (
      options->names, options->null, collect, &collection, error);
  g_mutex_clear (&collection.lock);
  return ok;
}

/* Units */

static gboolean
walk_begin (Walk *walk, NameSorter *sorter, GError **error)
{
  *walk = (Walk){ .sorter = sorter, .unit = -1 };
  walk->group = g_string_new (NULL);
  return name_sorter_begin (sorter, error);
}

static gboolean
walk_next (Walk *walk, SortedName *name, GError **error)
{
  if (!name_sorter_next (walk->sorter, name, error))
    return FALSE;
  if (!*name->group || !g_str_equal (name->group, walk->group->str)) {
    walk->unit++;
    g_string_assign (walk->group, name->group);
  }
  return TRUE;
}

static void
walk_clear (Walk *walk)
{
  if (walk->group)
    g_string_free (walk->group, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Walk, walk_clear)

static void
add_up (GArray *array, gint64 unit, gsize addend)
{
  guint32 *sum;

  if (unit == array->len)
    g_array_set_size (array, array->len + 1);
  sum = &g_array_index (array, guint32, unit);
  *sum = MIN (*sum + (guint64) addend, G_MAXUINT32);
}

static gboolean
measure_units (Units *units, NameSorter *sorter, GError **error)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autoptr (GError) fault = NULL;
  g_auto (Walk) walk = { 0 };
  SortedName name;

  units->weights = g_array_new (FALSE, TRUE, sizeof (guint32));
  units->lengths = g_array_new (FALSE, TRUE, sizeof (guint32));
  if (!walk_begin (&walk, sorter, error))
    return FALSE;
  while (walk_next (&walk, &name, &fault)) {
    gsize length = strlen (name.name) + 1;

    if (walk.unit == G_MAXUINT32) {
      g_set_error (&fault, G_FILE_ERROR, G_FILE_ERROR_FAILED,
          "There are more than %u files.", G_MAXUINT32);
      break;
    }
    add_up (units->weights, walk.unit, cost_get_weight (name.seconds));
    add_up (units->lengths, walk.unit, length);
    if (g_array_index (units->lengths, guint32, walk.unit) == G_MAXUINT32) {
      g_autofree char *shown = filename_display (name.group);

      g_set_error (&fault, G_FILE_ERROR, G_FILE_ERROR_FAILED,
          "The album %s has too many tracks.", shown);
      break;
    }
    g_checksum_update (checksum, (const guchar *) name.name, length);
    units->n_files++;
  }
  if (fault) {
    g_propagate_error (error, g_steal_pointer (&fault));
    return FALSE;
  }
  units->digest = g_strdup (g_checksum_get_string (checksum));
  return TRUE;
}

static gboolean
check_number (const Units *units, const PlannerOptions *options, GError **error)
{
  guint n = units->weights->len;

  if (n == 0) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
        "There are no files to plan for: the folders and lists are empty.");
    return FALSE;
  }
  if (n < options->n_parts) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
        "There %s only %u %s%s, too few for %u parts.", n == 1 ? "is" : "are",
        n, options->by_album ? "album" : "file", n == 1 ? "" : "s",
        options->n_parts);
    return FALSE;
  }
  return TRUE;
}

/* Lists */

static void
add_file (PlanPart *part, const SortedName *name)
{
  part->n_files++;
  part->bytes = plan_add (part->bytes, name->bytes);
  part->seconds += MAX (name->seconds, 0);
}

/* With room for the names of each part. */
static PartLists *
make_lists (const Plan *plan, const Units *units, const guint32 *part_of,
    GError **error)
{
  g_autofree guint64 *sizes = g_new0 (guint64, plan->n_parts);

  for (guint i = 0; i < units->lengths->len; i++)
    sizes[part_of[i]] += g_array_index (units->lengths, guint32, i);
  return part_lists_new (plan->folder, sizes, plan->n_parts, error);
}

/* Writes the lists, and says in @plan what is in each part.  @part_of: of each unit */
static gboolean
write_lists (Plan *plan, PartLists *lists, const guint32 *part_of,
    NameSorter *sorter, GError **error)
{
  g_autoptr (GError) fault = NULL;
  g_auto (Walk) walk = { 0 };
  SortedName name;

  if (!walk_begin (&walk, sorter, error))
    return FALSE;
  while (!fault && walk_next (&walk, &name, &fault)) {
    guint32 part = part_of[walk.unit];

    add_file (&plan->parts[part], &name);
    part_lists_add (lists, part, name.name, &fault);
  }
  if (fault) {
    g_propagate_error (error, g_steal_pointer (&fault));
    return FALSE;
  }
  return part_lists_write (lists, plan, error);
}

/* Writes the lists, and completes @plan, which has its folder. */
static gboolean
make_plan (Plan *plan, const PlannerOptions *options, GError **error)
{
  g_autoptr (NameSorter)
      sorter = name_sorter_new (plan->folder, RUN_SIZE, error);
  g_autoptr (PartLists) lists = NULL;
  g_autofree guint32 *part_of = NULL;
  g_auto (Units) units = { 0 };

  if (!sorter || !collect_all (plan, sorter, options, error) ||
      !measure_units (&units, sorter, error) ||
      !check_number (&units, options, error))
    return FALSE;
  plan->directory = g_get_current_dir ();
  plan->options = options->options ? g_strdupv ((char **) options->options)
                                   : g_new0 (char *, 1);
  plan->digest = g_steal_pointer (&units.digest);
  plan->key = g_strdup (options->key);
  plan_make_id (plan);
  plan->n_repeated = name_sorter_get_n_repeated (sorter);
  plan->n_parts = options->n_parts;
  plan->parts = g_new0 (PlanPart, plan->n_parts);
  part_of = balance_units (
      (const guint32 *) units.weights->data, units.weights->len, plan->n_parts);
  lists = make_lists (plan, &units, part_of, error);
  /* the lists need room now */
  units_clear (&units);
  if (!lists || !write_lists (plan, lists, part_of, sorter, error))
    return FALSE;
  plan_sum_up (plan);
  return TRUE;
}

/* The folder */

static gboolean
set_errno (GError **error, const char *format, const char *path)
{
  int number = errno;
  g_autofree char *shown = filename_display (path);
  g_autofree char *what = g_strdup_printf ("%s %s", shown, format);

  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (number), "%s: %s.",
      what, g_strerror (number));
  return FALSE;
}

/* Removes the lists of an attempt that was killed: nobody should find more of them
 * than the plan has. */
static void
remove_lists (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "lists", NULL);
  g_autoptr (GDir) lists = g_dir_open (path, 0, NULL);
  const char *name;

  while (lists && (name = g_dir_read_name (lists))) {
    g_autofree char *list = g_build_filename (path, name, NULL);

    if (strlen (name) == 5 && strspn (name, "0123456789") == 5)
      g_unlink (list);
  }
}

/* The first is the plan's itself. */
static const char *const folders[] = { "", "lists", "parts", "logs" };

static gboolean
make_folders (const char *folder, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (folders); i++) {
    g_autofree char *path = g_build_filename (folder, folders[i], NULL);

    if (g_mkdir_with_parents (path, 0777) < 0)
      return set_errno (error, "cannot be made", path);
  }
  return TRUE;
}

/* Those that are empty. */
static void
remove_folders (const char *folder)
{
  for (guint i = G_N_ELEMENTS (folders); i-- > 0;) {
    g_autofree char *path = g_build_filename (folder, folders[i], NULL);

    g_rmdir (path);
  }
}

/* Opens the folder, and sees to it that nobody else makes a plan there at the same
 * time, if its file system can tell; -1 with @error set. */
static int
lock_folder (const char *folder, GError **error)
{
  g_autofree char *shown = filename_display (folder);
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd < 0) {
    set_errno (error, "cannot be opened", folder);
  } else if (flock (fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_AGAIN,
        "Another process is making a plan in %s.", shown);
    close (fd);
    fd = -1;
  }
  return fd;
}

static gboolean
has (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS | G_FILE_TEST_IS_SYMLINK);
}

/* What is in @folder of a plan that is gone, below the folder: it would be taken for
 * the new one's.  NULL if there is nothing, or with @error set if that cannot be told;
 * free with g_free(). */
static char *
find_remains (const char *folder, GError **error)
{
  static const char *const made[] = { PLAN_SCRIPT, "results.jsonl",
    "failed.jsonl", "cache.db", "report.txt" };
  g_autofree char *path = g_build_filename (folder, "parts", NULL);
  g_autoptr (GError) fault = NULL;
  g_autoptr (GDir) parts = NULL;
  const char *name;

  for (guint i = 0; i < G_N_ELEMENTS (made); i++)
    if (has (folder, made[i]))
      return g_strdup (made[i]);
  parts = g_dir_open (path, 0, &fault);
  if (!parts && !g_error_matches (fault, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    g_propagate_error (error, g_steal_pointer (&fault));
  name = parts ? g_dir_read_name (parts) : NULL;
  return name ? g_build_filename ("parts", name, NULL) : NULL;
}

static gboolean
check_folder (const char *folder, GError **error)
{
  g_autofree char *shown = filename_display (folder);
  g_autofree char *remains = NULL, *shown_remains = NULL;
  g_autoptr (GError) fault = NULL;

  if (has (folder, PLAN_FILE)) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_EXIST,
        "%s has a plan already; \"batch run\" does its parts, and \"batch slurm --resume\" submits them.",
        shown);
    return FALSE;
  }
  remains = find_remains (folder, &fault);
  if (fault) {
    g_propagate_error (error, g_steal_pointer (&fault));
    return FALSE;
  }
  if (!remains)
    return TRUE;
  shown_remains = filename_display (remains);
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_EXIST,
      "%s has what an earlier plan made: %s; expected is a folder of its own.",
      shown, shown_remains);
  return FALSE;
}

/* Whether @path is @folder or below it, by whatever names. */
static gboolean
is_inside (const char *path, const char *folder)
{
  g_autofree char *up = g_canonicalize_filename (path, NULL);
  struct stat wanted, info;

  if (stat (folder, &wanted) < 0 || !S_ISDIR (wanted.st_mode))
    return FALSE;
  for (;;) {
    char *parent;

    if (stat (up, &info) == 0 && info.st_dev == wanted.st_dev &&
        info.st_ino == wanted.st_ino)
      return TRUE;
    if (g_str_equal (up, "/"))
      return FALSE;
    parent = g_path_get_dirname (up);
    g_free (up);
    up = parent;
  }
}

/* Its files would be planned the next time, and disturb who listens to the music. */
static gboolean
check_place (const char *folder, const PlannerOptions *options, GError **error)
{
  g_autofree char *shown = filename_display (folder);

  if (g_file_test (folder, G_FILE_TEST_EXISTS) &&
      !g_file_test (folder, G_FILE_TEST_IS_DIR)) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_NOTDIR,
        "%s is a file; expected is a folder for the plan.", shown);
    return FALSE;
  }
  for (char **name = options->names; *name; name++) {
    if (is_inside (folder, *name)) {
      g_autofree char *shown_name = filename_display (*name);

      g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
          "The plan's folder, %s, is in %s, which is searched for music; expected "
          "is one outside of it.",
          shown, shown_name);
      return FALSE;
    }
  }
  return TRUE;
}

/* In the folder @fd, which is locked and has no plan. */
static gboolean
write_plan (Plan *plan, const PlannerOptions *options, int fd, GError **error)
{
  gboolean ok;

  remove_lists (plan->folder);
  ok = make_plan (plan, options, error) &&
      /* no plan.json without its lists, even if the power fails */
      (syncfs (fd) == 0 ||
          set_errno (error, "cannot be written to", plan->folder)) &&
      plan_save (plan, error);
  if (!ok)
    remove_lists (plan->folder);
  return ok;
}

Plan *
planner_run (const PlannerOptions *options, GError **error)
{
  g_autoptr (Plan) plan = g_new0 (Plan, 1);
  void (*on_limit) (int) = signal (SIGXFSZ, SIG_IGN);
  gboolean is_new = !g_file_test (options->folder, G_FILE_TEST_EXISTS);
  gboolean ok;
  int fd = -1;

  plan->folder = g_canonicalize_filename (options->folder, NULL);
  if (options->n_parts < 1 || options->n_parts > PLAN_MAX_PARTS) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "A plan has 1 to %d parts, not %u.", PLAN_MAX_PARTS, options->n_parts);
    ok = FALSE;
  } else {
    ok = check_place (plan->folder, options, error) &&
        check_folder (plan->folder, error) &&
        make_folders (plan->folder, error) &&
        (fd = lock_folder (plan->folder, error)) >= 0 &&
        /* the other process may have been faster */
        check_folder (plan->folder, error) &&
        write_plan (plan, options, fd, error);
    if (!ok && is_new)
      remove_folders (plan->folder);
  }
  if (fd >= 0)
    close (fd);
  signal (SIGXFSZ, on_limit);
  return ok ? g_steal_pointer (&plan) : NULL;
}
