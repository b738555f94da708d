/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "listing.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gunixinputstream.h>

#include "albumfolder.h"
#include "analysis/filename.h"
#include "listreader.h"
#include "sort.h"
#include "tags/replacement.h"

/* items that wait to be taken: some MB at most */
#define MAX_WAITING 20000

struct _Listing
{
  const ListingOptions *options;
  GInputStream *list; /* of files_from */
  GSourceFunc wake;
  gpointer user_data;
  GThread *thread;
  GCancellable *cancellable; /* cancelled when the listing is freed */

  /* used by the thread only */
  GHashTable *walked; /* "device:inode" of folders */
  guint depth;        /* of the folder that is being walked; 0: none is */

  GMutex lock; /* protects what follows */
  GCond taken;
  GQueue items; /* ListingItem */
  gint64 n_items;
  gboolean ended, someone_waits;
  GError *error; /* a list that is none */
};

void
listing_item_free (ListingItem *item)
{
  g_free (item->name);
  g_free (item->error);
  g_free (item);
}

/* @key is the name whose checksum decides, or that of its album's folder. */
static gboolean
is_in_shard (const ListingOptions *options, const char *key)
{
  g_autofree char *folder = NULL, *album = NULL;
  g_autoptr (GChecksum) checksum = NULL;
  guint8 digest[16];
  gsize length = sizeof digest;
  guint64 number = 0;

  if (options->shard.count <= 1)
    return TRUE;
  if (options->by_album) {
    folder = g_path_get_dirname (key);
    key = album = album_folder_new (folder);
  }
  checksum = g_checksum_new (G_CHECKSUM_MD5);
  g_checksum_update (checksum, (const guchar *) key, strlen (key));
  g_checksum_get_digest (checksum, digest, &length);
  for (guint i = 0; i < sizeof number; i++)
    number = number << 8 | digest[i];
  return number % options->shard.count == options->shard.index;
}

static gboolean
is_left (Listing *listing)
{
  return g_cancellable_is_cancelled (listing->cancellable);
}

static void
push (Listing *listing, ListingItem *item)
{
  g_mutex_lock (&listing->lock);
  while (listing->items.length >= MAX_WAITING && !is_left (listing))
    g_cond_wait (&listing->taken, &listing->lock);
  if (item) {
    g_queue_push_tail (&listing->items, item);
    listing->n_items++;
  } else {
    listing->ended = TRUE;
  }
  if (listing->someone_waits && !is_left (listing))
    g_idle_add (listing->wake, listing->user_data);
  listing->someone_waits = FALSE;
  g_mutex_unlock (&listing->lock);
}

/* Why a file cannot be played: a sentence for people, NULL if it can be, and the
 * code of it. */
typedef struct
{
  Reason reason;
  char *sentence;
  gboolean counts; /* whatever its name says: it may well have been music */
} Failure;

static const Failure no_failure;

/* Takes @sentence. */
static Failure
make_failure (Reason reason, char *sentence)
{
  Failure failure = { .reason = reason, .sentence = sentence };

  return failure;
}

/* Takes the sentence of @failure.  @found: in a folder or a list. */
static void
add (Listing *listing, const char *name, const char *key, Failure failure,
    gboolean found)
{
  ListingItem *item;

  if (!is_in_shard (listing->options, key)) {
    g_free (failure.sentence);
    return;
  }
  item = g_new0 (ListingItem, 1);
  item->name = g_strdup (name);
  item->error = failure.sentence;
  item->reason = failure.reason;
  item->found = found;
  /* what is no music in spite of its name is a failure */
  item->may_skip = found && !failure.counts && !filename_is_audio (name);
  item->walked = listing->depth > 0;
  push (listing, item);
}

/* Single names */

static Failure
explain_missing (const char *path, int fault)
{
  g_autofree char *target = g_file_read_link (path, NULL);

  if (fault == ELOOP)
    return make_failure (REASON_NOT_FOUND,
        g_strdup ("It is a symbolic link that leads back to itself."));
  if (fault == ENOENT && target)
    return make_failure (REASON_NOT_FOUND,
        g_strdup_printf (
            "It is a symbolic link to %s, which does not exist.", target));
  if (!*path)
    return make_failure (REASON_NOT_FOUND, g_strdup ("The name is empty."));
  if (fault == ENOENT || fault == ENOTDIR)
    return make_failure (REASON_NOT_FOUND, g_strdup ("It does not exist."));
  return make_failure (REASON_UNREADABLE,
      g_strdup_printf ("It cannot be read: %s.", g_strerror (fault)));
}

static gboolean
has_magic (const char *path, const char *magic)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  char start[4] = "";
  gboolean ok = fd >= 0 && read (fd, start, sizeof start) == sizeof start &&
      !memcmp (start, magic, sizeof start);

  if (fd >= 0)
    close (fd);
  return ok;
}

/* WavPack's correction files, which make a lossy "song.wv" lossless: without that,
 * nothing can be played of "song.wvc". */
static Failure
explain_companion (const char *path)
{
  gsize length = strlen (path);
  g_autofree char *music = NULL, *name = NULL;

  if (length < 4 || g_ascii_strcasecmp (path + length - 4, ".wvc") != 0 ||
      !has_magic (path, "wvpk"))
    return no_failure;
  music = g_strndup (path, length - 1);
  name = g_path_get_basename (music);
  return make_failure (REASON_NOT_AUDIO,
      g_strdup_printf (g_file_test (music, G_FILE_TEST_EXISTS)
              ? "It is the correction file of %s, which has the music."
              : "It is a correction file, and %s, which has the music, is not "
                "there.",
          name));
}

/* Why the file or device at @path cannot be played, if so. */
static Failure
explain_kind (const char *path, const struct stat *info)
{
  const char *kind = S_ISFIFO (info->st_mode) ? "a FIFO"
      : S_ISSOCK (info->st_mode)              ? "a socket"
      : !S_ISREG (info->st_mode)              ? "a device"
                                              : NULL;

  if (kind)
    return make_failure (
        REASON_UNREADABLE, g_strdup_printf ("It is %s, not a file.", kind));
  if (access (path, R_OK) < 0)
    return make_failure (REASON_UNREADABLE,
        g_strdup_printf ("It cannot be read: %s.", g_strerror (errno)));
  if (info->st_size == 0)
    return make_failure (REASON_NOT_AUDIO, g_strdup ("It is empty."));
  return explain_companion (path);
}

gboolean
listing_is_root (const struct stat *folder)
{
  struct stat root;

  return stat ("/", &root) == 0 && root.st_dev == folder->st_dev &&
      root.st_ino == folder->st_ino;
}

/* Whether a folder that nobody has named is the root, and not to be searched: a name
 * that is too short, or a link, as Wine makes one, and every file would be written. */
static gboolean
is_spared (const Listing *listing, const struct stat *folder)
{
  return listing->options->spare_root && listing_is_root (folder);
}

static Failure
explain_spared (void)
{
  return make_failure (REASON_UNREADABLE,
      g_strdup (
          "It is the root of the file system, in which nothing is written "
          "unless it is named as an argument."));
}

static void walk (Listing *listing, const char *path, gsize root_length,
    const struct stat *info);

static void
look_at (Listing *listing, const char *name, gboolean found)
{
  g_autofree char *scheme = NULL, *local = NULL;
  const char *path = name;
  struct stat info;

  /* "Intro: Song.ogg" has the form of a URI, but is a file if there is one */
  if (lstat (name, &info) < 0) {
    scheme = g_uri_parse_scheme (name);
    if (!g_strcmp0 (scheme, "fd")) {
      add (listing, name, name,
          make_failure (REASON_UNREADABLE,
              g_strdup ("File descriptors are not shared with the processes "
                        "that decode.")),
          found);
      return;
    }
    local = scheme ? g_filename_from_uri (name, NULL, NULL) : NULL;
    if (scheme && !local) {
      add (listing, name, name, (Failure){ .counts = TRUE }, found);
      return;
    }
    path = local ? local : name;
  }
  if (stat (path, &info) < 0) {
    Failure failure = explain_missing (path, errno);

    /* a link that leads nowhere is something that lies there, as in a folder */
    failure.counts = lstat (path, &info) < 0;
    add (listing, name, name, failure, found);
  } else if (S_ISDIR (info.st_mode) && found && listing->options->one_each) {
    add (listing, name, name,
        (Failure){ .reason = REASON_UNREADABLE,
            .sentence = g_strdup (access (path, R_OK | X_OK) < 0
                    ? "This folder cannot be read."
                    : "It is a folder, not a file."),
            .counts = TRUE },
        found);
  } else if (S_ISDIR (info.st_mode) && found && is_spared (listing, &info)) {
    Failure failure = explain_spared ();

    failure.counts = TRUE;
    add (listing, name, name, failure, found);
  } else if (S_ISDIR (info.st_mode)) {
    walk (listing, path, strlen (path), &info);
  } else {
    add (listing, name, name, explain_kind (path, &info), found);
  }
}

/* Folders */

static GPtrArray *
read_folder (const char *path, GError **error)
{
  GDir *folder = g_dir_open (path, 0, error);
  GPtrArray *names;
  const char *name;

  if (!folder)
    return NULL;
  names = g_ptr_array_new_with_free_func (g_free);
  /* --write works on such copies, and leaves one if it is killed */
  while ((name = g_dir_read_name (folder)))
    if (!replacement_is_copy (name))
      g_ptr_array_add (names, g_strdup (name));
  g_dir_close (folder);
  g_ptr_array_sort (names, sort_compare_strings);
  return names;
}

/* What is in a folder, and when it has its turn if albums come together: first the
 * files, then the discs of the folder's own album, then other folders. */
typedef struct
{
  guint turn;
  char *album; /* of a folder: that of its album */
  char *name;
} Child;

static gint
compare_children (gconstpointer a, gconstpointer b)
{
  const Child *first = *(const Child *const *) a;
  const Child *second = *(const Child *const *) b;
  int order = (int) first->turn - (int) second->turn;

  if (order == 0)
    order = strcmp (first->album, second->album);
  return order ? order : strcmp (first->name, second->name);
}

static void
child_free (Child *child)
{
  g_free (child->album);
  g_free (child);
}

static void
sort_by_album (const char *path, GPtrArray *names)
{
  g_autofree char *album = album_folder_new (path);
  g_autoptr (GPtrArray)
      children = g_ptr_array_new_with_free_func ((GDestroyNotify) child_free);

  for (guint i = 0; i < names->len; i++) {
    g_autofree char *full = g_build_filename (path, names->pdata[i], NULL);
    gboolean is_folder = g_file_test (full, G_FILE_TEST_IS_DIR);
    Child *child = g_new (Child, 1);

    child->album = is_folder ? album_folder_new (full) : g_strdup ("");
    child->turn = !is_folder ? 0 : g_str_equal (child->album, album) ? 1 : 2;
    child->name = names->pdata[i];
    g_ptr_array_add (children, child);
  }
  g_ptr_array_sort (children, compare_children);
  for (guint i = 0; i < names->len; i++)
    names->pdata[i] = ((const Child *) children->pdata[i])->name;
}

/* Adds what is in the folder @path, to the bottom.  A file's key is its path without
 * the first @root_length bytes and the slashes after them. */
static void
walk (Listing *listing, const char *path, gsize root_length,
    const struct stat *folder)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) names = NULL;

  /* a link may lead to a folder that was walked already */
  if (!g_hash_table_add (listing->walked,
          g_strdup_printf ("%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT,
              (guint64) folder->st_dev, (guint64) folder->st_ino)))
    return;
  names = read_folder (path, &error);
  if (!names) {
    add (listing, path, path + root_length,
        (Failure){ .reason = REASON_UNREADABLE,
            .sentence = g_strdup ("This folder cannot be read."),
            .counts = TRUE },
        TRUE);
    return;
  }
  if (listing->options->by_album)
    sort_by_album (path, names);
  listing->depth++;
  for (guint i = 0; i < names->len && !is_left (listing); i++) {
    g_autofree char *child = g_build_filename (
        path, g_ptr_array_index (names, i), NULL);
    const char *key = child + root_length;
    struct stat info;

    while (*key == '/')
      key++;
    if (stat (child, &info) < 0)
      add (listing, child, key, explain_missing (child, errno), TRUE);
    else if (S_ISDIR (info.st_mode) && is_spared (listing, &info))
      add (listing, child, key, explain_spared (), TRUE);
    else if (S_ISDIR (info.st_mode))
      walk (listing, child, root_length, &info);
    else
      add (listing, child, key, explain_kind (child, &info), TRUE);
  }
  listing->depth--;
}

/* Lists */

/* @error says why what @path names is no list. */
static void
end_early (Listing *listing, const char *path, const GError *error)
{
  g_autofree char *shown = filename_display (path);

  g_mutex_lock (&listing->lock);
  g_set_error (&listing->error, error->domain, error->code,
      "The list %s cannot be read: %s.", shown, error->message);
  g_mutex_unlock (&listing->lock);
}

/* @path: the file that @stream reads, or "-".  FALSE if it is no list. */
static gboolean
read_list (Listing *listing, GInputStream *stream, const char *path)
{
  g_autoptr (ListReader) reader = list_reader_new (
      stream, g_str_equal (path, "-") ? NULL : path, listing->options->null);
  g_autoptr (GError) error = NULL;
  char *name;

  if (listing->options->one_each)
    list_reader_keep_empty (reader);
  if (listing->options->trusted)
    list_reader_trust (reader);
  while ((name = list_reader_next (reader, listing->cancellable, &error))) {
    look_at (listing, name, TRUE);
    g_free (name);
  }
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA)) {
    end_early (listing, path, error);
    return FALSE;
  }
  if (error)
    add (listing, path, path,
        make_failure (REASON_UNREADABLE,
            g_strdup_printf ("The list cannot be read: %s.", error->message)),
        FALSE);
  return TRUE;
}

static gpointer
run (gpointer data)
{
  Listing *listing = data;
  gboolean ok = TRUE;

  for (char **name = listing->options->names;
       name && *name && ok && !is_left (listing); name++) {
    if (g_str_equal (*name, "-")) {
      g_autoptr (GInputStream) list = g_unix_input_stream_new (0, FALSE);

      ok = read_list (listing, list, "-");
    } else {
      look_at (listing, *name, FALSE);
    }
  }
  if (listing->list && ok && !is_left (listing))
    read_list (listing, listing->list, listing->options->files_from);
  push (listing, NULL);
  return NULL;
}

Listing *
listing_new (const ListingOptions *options, GSourceFunc wake,
    gpointer user_data, GError **error)
{
  Listing *listing = g_new0 (Listing, 1);
  const char *from = options->files_from;

  if (from) {
    int fd = g_str_equal (from, "-") ? dup (0)
                                     : open (from, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
      g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno),
          "The list %s cannot be read: %s.", from, g_strerror (errno));
      g_free (listing);
      return NULL;
    }
    listing->list = g_unix_input_stream_new (fd, TRUE);
  }
  listing->options = options;
  listing->wake = wake;
  listing->user_data = user_data;
  listing->walked = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, NULL);
  g_mutex_init (&listing->lock);
  g_cond_init (&listing->taken);
  g_queue_init (&listing->items);
  listing->cancellable = g_cancellable_new ();
  listing->thread = g_thread_new ("listing", run, listing);
  return listing;
}

void
listing_free (Listing *listing)
{
  if (!listing)
    return;
  g_cancellable_cancel (listing->cancellable);
  g_mutex_lock (&listing->lock);
  g_cond_signal (&listing->taken);
  g_mutex_unlock (&listing->lock);
  g_thread_join (listing->thread);

  g_queue_clear_full (&listing->items, (GDestroyNotify) listing_item_free);
  g_hash_table_unref (listing->walked);
  g_clear_object (&listing->list);
  g_clear_error (&listing->error);
  g_object_unref (listing->cancellable);
  g_mutex_clear (&listing->lock);
  g_cond_clear (&listing->taken);
  g_free (listing);
}

ListingStatus
listing_take (Listing *listing, ListingItem **item)
{
  ListingStatus status;

  g_mutex_lock (&listing->lock);
  *item = g_queue_pop_head (&listing->items);
  status = *item ? LISTING_ITEM : listing->ended ? LISTING_END : LISTING_LATER;
  listing->someone_waits = status == LISTING_LATER;
  g_cond_signal (&listing->taken);
  g_mutex_unlock (&listing->lock);
  return status;
}

gboolean
listing_check (Listing *listing, GError **error)
{
  g_autoptr (GError) fault = NULL;

  g_mutex_lock (&listing->lock);
  fault = g_steal_pointer (&listing->error);
  g_mutex_unlock (&listing->lock);
  if (!fault)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&fault));
  return FALSE;
}

gint64
listing_get_total (Listing *listing)
{
  gint64 total;

  g_mutex_lock (&listing->lock);
  total = listing->ended ? listing->n_items : -1;
  g_mutex_unlock (&listing->lock);
  return total;
}
