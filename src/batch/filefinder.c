/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "filefinder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gunixinputstream.h>

#include "analysis/filename.h"
#include "analysis/magic.h"
#include "cli/listing.h"
#include "cli/listreader.h"
#include "sort.h"

/* they wait for a server more than they work */
#define N_THREADS 8
/* names that a thread takes at once, and how many of these wait at most */
#define BATCH_SIZE 256
#define MAX_WAITING 64

/* values of FoundFile.bytes on the way */
enum
{
  IS_UNKNOWN = -1,
  IS_FOLDER = -2,
  IS_TO_BE_MEASURED = -3,
  IS_DANGLING = -4
};

typedef struct
{
  FoundFile files[BATCH_SIZE];
  guint n; /* 0: the thread is to end */
} Batch;

typedef struct
{
  FoundFunc func;
  gpointer user_data;
  GAsyncQueue *queue; /* Batch: for the threads */
  GThread *threads[N_THREADS];
  guint n_threads;
  Batch *batch;      /* that is being filled */
  gboolean is_awake; /* the listing has more */

  GMutex lock; /* protects what follows */
  GCond done;
  guint n_waiting; /* batches that were not given to @func yet */
  GPtrArray *folders;
  GError *error; /* the first one */
} Finder;

static void
batch_free (Batch *batch)
{
  for (guint i = 0; i < batch->n; i++)
    g_free (batch->files[i].name);
  g_free (batch);
}

/* The size of a file, or one of the values above. */
static gint64
measure (const char *name)
{
  struct stat info;
  gboolean is_there = stat (name, &info) == 0;

  if (!is_there) {
    g_autofree char *scheme = g_uri_parse_scheme (name);
    g_autofree char *path = scheme ? g_filename_from_uri (name, NULL, NULL)
                                   : NULL;

    is_there = path && stat (path, &info) == 0;
  }
  if (!is_there)
    return IS_UNKNOWN;
  if (S_ISDIR (info.st_mode))
    return IS_FOLDER;
  return S_ISREG (info.st_mode) ? info.st_size : 0;
}

static void
add_folder (Finder *finder, const char *name)
{
  g_mutex_lock (&finder->lock);
  /* "-" would be stdin */
  g_ptr_array_add (
      finder->folders, g_strdup (g_str_equal (name, "-") ? "./-" : name));
  g_mutex_unlock (&finder->lock);
}

/* FALSE with @error set if a list has the whole file system, which is hardly meant. */
static gboolean
check_listed_folder (const char *name, GError **error)
{
  g_autofree char *scheme = g_uri_parse_scheme (name);
  g_autofree char *local = scheme ? g_filename_from_uri (name, NULL, NULL)
                                  : NULL;
  g_autofree char *shown = filename_display (name);
  struct stat info;

  if (stat (local ? local : name, &info) < 0 || !listing_is_root (&info))
    return TRUE;
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
      "A list has %s, the root of the file system, which is searched only if it is "
      "named as an argument.",
      shown);
  return FALSE;
}

static void
finish_batch (Finder *finder, Batch *batch)
{
  g_autofree FoundFile *files = g_new (FoundFile, batch->n);
  g_autoptr (GError) error = NULL;
  gsize n = 0;

  for (guint i = 0; i < batch->n; i++) {
    FoundFile file = batch->files[i];

    if (file.bytes == IS_TO_BE_MEASURED)
      file.bytes = measure (file.name);
    if (file.bytes == IS_DANGLING) {
      file.is_dangling = TRUE;
      file.bytes = 0;
    }
    if (file.bytes == IS_FOLDER && !error &&
        check_listed_folder (file.name, &error))
      add_folder (finder, file.name);
    else if (file.bytes != IS_FOLDER)
      files[n++] = file;
  }
  if (n > 0 && !error)
    finder->func (files, n, finder->user_data, &error);
  g_mutex_lock (&finder->lock);
  if (!finder->error)
    finder->error = g_steal_pointer (&error);
  finder->n_waiting--;
  g_cond_signal (&finder->done);
  g_mutex_unlock (&finder->lock);
}

static gpointer
run_thread (gpointer data)
{
  Finder *finder = data;
  gboolean goes_on;

  do {
    Batch *batch = g_async_queue_pop (finder->queue);

    goes_on = batch->n > 0;
    if (goes_on)
      finish_batch (finder, batch);
    batch_free (batch);
  } while (goes_on);
  return NULL;
}

static gboolean
start_threads (Finder *finder, GError **error)
{
  while (finder->n_threads < N_THREADS) {
    GThread *thread = g_thread_try_new (
        "filefinder", run_thread, finder, error);

    if (!thread)
      return FALSE;
    finder->threads[finder->n_threads++] = thread;
  }
  return TRUE;
}

/* They finish what waits. */
static void
end_threads (Finder *finder)
{
  for (guint i = 0; i < finder->n_threads; i++)
    g_async_queue_push (finder->queue, g_new0 (Batch, 1));
  for (guint i = 0; i < finder->n_threads; i++)
    g_thread_join (finder->threads[i]);
}

/* Waits until there are at most @n batches that are not done; FALSE if one of those
 * before has failed. */
static gboolean
wait_for_batches (Finder *finder, guint n)
{
  gboolean ok;

  g_mutex_lock (&finder->lock);
  while (finder->n_waiting > n)
    g_cond_wait (&finder->done, &finder->lock);
  ok = finder->error == NULL;
  g_mutex_unlock (&finder->lock);
  return ok;
}

static gboolean
send_batch (Finder *finder)
{
  if (!finder->batch)
    return TRUE;
  if (!wait_for_batches (finder, MAX_WAITING))
    return FALSE;
  g_mutex_lock (&finder->lock);
  finder->n_waiting++;
  g_mutex_unlock (&finder->lock);
  g_async_queue_push (finder->queue, g_steal_pointer (&finder->batch));
  return TRUE;
}

/* Takes @name.  FALSE if something has failed. */
static gboolean
add_name (Finder *finder, char *name, double duration, gint64 bytes)
{
  Batch *batch = finder->batch;

  if (!batch)
    batch = finder->batch = g_new0 (Batch, 1);
  batch->files[batch->n++] =
      (FoundFile){ .name = name, .duration = duration, .bytes = bytes };
  return batch->n < BATCH_SIZE || send_batch (finder);
}

/* Lists */

/* @path: of the list, or "-".  FALSE with @error or the finder's own set. */
static gboolean
read_list (
    Finder *finder, int fd, const char *path, gboolean null, GError **error)
{
  gboolean is_stdin = g_str_equal (path, "-");
  g_autoptr (GInputStream) stream = g_unix_input_stream_new (fd, !is_stdin);
  g_autoptr (ListReader)
      reader = list_reader_new (stream, is_stdin ? NULL : path, null);
  g_autoptr (GError) fault = NULL;
  char *name;

  while ((name = list_reader_next (reader, NULL, &fault)))
    if (!add_name (
            finder, name, list_reader_get_duration (reader), IS_TO_BE_MEASURED))
      return FALSE; /* the error is known */
  if (fault) {
    g_autofree char *shown = filename_display (path);

    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
        "The list %s cannot be read: %s.", shown, fault->message);
    return FALSE;
  }
  return TRUE;
}

/* Whether the file @fd begins as files of music do; what cannot be read does not. */
static gboolean
has_music (int fd)
{
  guint8 start[MAGIC_SIZE];
  gssize n = pread (fd, start, sizeof start, 0);

  return n > 0 && magic_is_music (start, (gsize) n);
}

/* What the user has named. */
static gboolean
look_at (Finder *finder, const char *name, gboolean null, GError **error)
{
  g_autofree char *shown = filename_display (name);
  struct stat info;
  int fd;

  if (g_str_equal (name, "-"))
    return read_list (finder, STDIN_FILENO, name, null, error);
  fd = open (name, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fstat (fd, &info) < 0) {
    int number = errno;

    if (fd >= 0)
      close (fd);
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (number),
        "%s cannot be read: %s; expected is a folder or a list of names.",
        shown, g_strerror (number));
    return FALSE;
  }
  if (S_ISDIR (info.st_mode)) {
    close (fd);
    add_folder (finder, name);
    return TRUE;
  }
  if (S_ISREG (info.st_mode) && (filename_is_audio (name) || has_music (fd))) {
    close (fd);
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
        "%s is music; expected is a folder or a list of names.", shown);
    return FALSE;
  }
  return read_list (finder, fd, name, null, error);
}

/* Folders */

static gboolean
on_more (gpointer data)
{
  Finder *finder = data;

  finder->is_awake = TRUE;
  return G_SOURCE_REMOVE;
}

/* All together, as only one listing knows what it has walked already. */
static gboolean
walk_folders (Finder *finder, GError **error)
{
  ListingOptions options = { .spare_root = TRUE };
  ListingItem *item = NULL;
  Listing *listing;
  ListingStatus status;
  gboolean ok = TRUE;

  if (finder->folders->len == 0)
    return TRUE;
  g_ptr_array_add (finder->folders, NULL);
  options.names = (char **) finder->folders->pdata;
  listing = listing_new (&options, on_more, finder, error);
  if (!listing)
    return FALSE;
  while (ok && (status = listing_take (listing, &item)) != LISTING_END) {
    while (status == LISTING_LATER && !finder->is_awake)
      g_main_context_iteration (NULL, TRUE);
    finder->is_awake = FALSE;
    if (item) {
      /* a link that leads nowhere is not there when its part is done either */
      const gint64 bytes = !item->error      ? IS_TO_BE_MEASURED
          : item->reason == REASON_NOT_FOUND ? IS_DANGLING
                                             : 0;

      ok = add_name (finder, g_steal_pointer (&item->name), 0, bytes);
      listing_item_free (item);
    }
  }
  listing_free (listing);
  /* it may have said so once more */
  while (g_idle_remove_by_data (finder))
    ;
  return ok;
}

static gboolean
find_all (Finder *finder, char **names, gboolean null, GError **error)
{
  gboolean ok = TRUE;

  for (; *names && ok; names++)
    ok = look_at (finder, *names, null, error);
  if (!ok || !send_batch (finder) || !wait_for_batches (finder, 0))
    return FALSE;
  /* by how many names a folder is found, its files have always the same ones */
  g_ptr_array_sort (finder->folders, sort_compare_strings);
  return walk_folders (finder, error) && send_batch (finder);
}

gboolean
file_finder_run (char **names, gboolean null, FoundFunc func,
    gpointer user_data, GError **error)
{
  Finder finder = { .func = func, .user_data = user_data };
  GError *fault = NULL;
  gboolean ok;

  g_mutex_init (&finder.lock);
  g_cond_init (&finder.done);
  finder.folders = g_ptr_array_new_with_free_func (g_free);
  finder.queue = g_async_queue_new ();
  ok = start_threads (&finder, &fault) &&
      find_all (&finder, names, null, &fault);
  end_threads (&finder);
  /* a thread may fail when something else has failed already */
  if (fault)
    g_clear_error (&finder.error);
  else
    fault = finder.error;
  if (fault)
    g_propagate_error (error, fault);
  g_clear_pointer (&finder.batch, batch_free);
  g_async_queue_unref (finder.queue);
  g_ptr_array_unref (finder.folders);
  g_cond_clear (&finder.done);
  g_mutex_clear (&finder.lock);
  return ok && !fault;
}
