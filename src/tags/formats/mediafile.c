/* SPDX-License-Identifier: GPL-2.0-or-later */

#define _GNU_SOURCE /* copy_file_range() */

#include "mediafile.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"
#include "tagserror.h"

#define BLOCK (1 << 20)
/* bytes after which news are given */
#define STRIDE (16 << 20)

typedef struct
{
  guint64 offset, length; /* what is replaced */
  GBytes *data;           /* by this, or NULL: by a part of the file itself */
  guint64 from, n;        /* that part */
} Splice;

struct _Splices
{
  GArray *array; /* Splice, sorted by the offset */
};

/* Bytes that follow each other in memory or in the file below. */
typedef struct
{
  guint64 start, length; /* of the MediaFile's bytes */
  guint64 offset;        /* in the file below, without data */
  GBytes *data;
} Extent;

struct _MediaFile
{
  int fd;
  guint64 size;
  GArray *extents;             /* Extent, without gaps */
  int failure;                 /* the first errno of reading, or 0 */
  void (*progress) (gpointer); /* or NULL */
  gpointer user_data;
  gsize n_silent; /* bytes since it was called */
};

static void
count_bytes (MediaFile *file, gsize n)
{
  file->n_silent += n;
  if (file->n_silent < STRIDE)
    return;
  file->n_silent = 0;
  if (file->progress)
    file->progress (file->user_data);
}

static guint64
splice_get_new_length (const Splice *splice)
{
  return splice->data ? g_bytes_get_size (splice->data) : splice->n;
}

static void
splice_clear (gpointer splice)
{
  g_clear_pointer (&((Splice *) splice)->data, g_bytes_unref);
}

Splices *
splices_new (void)
{
  Splices *splices = g_new0 (Splices, 1);

  splices->array = g_array_new (FALSE, FALSE, sizeof (Splice));
  g_array_set_clear_func (splices->array, splice_clear);
  return splices;
}

void
splices_free (Splices *splices)
{
  g_array_unref (splices->array);
  g_free (splices);
}

/* What is added later at the same place comes later, and what only inserts comes
 * before what replaces. */
static void
add_splice (Splices *splices, Splice splice)
{
  GArray *array = splices->array;
  guint i = array->len;

  while (i > 0) {
    const Splice *before = &g_array_index (array, Splice, i - 1);

    if (before->offset < splice.offset ||
        (before->offset == splice.offset &&
            (before->length == 0 || splice.length > 0)))
      break;
    i--;
  }
  g_array_insert_val (array, i, splice);
}

void
splices_replace (Splices *splices, guint64 offset, guint64 length, GBytes *data)
{
  add_splice (
      splices, (Splice){ .offset = offset, .length = length, .data = data });
}

void
splices_insert_range (
    Splices *splices, guint64 offset, guint64 from, guint64 length)
{
  add_splice (splices, (Splice){ .offset = offset, .from = from, .n = length });
}

gint64
splices_get_shift (const Splices *splices, guint64 offset)
{
  gint64 shift = 0;

  for (guint i = 0; i < splices->array->len; i++) {
    const Splice *splice = &g_array_index (splices->array, Splice, i);

    if (splice->offset + splice->length <= offset)
      shift += (gint64) splice_get_new_length (splice) -
          (gint64) splice->length;
  }
  return shift;
}

static void
extent_clear (gpointer extent)
{
  g_clear_pointer (&((Extent *) extent)->data, g_bytes_unref);
}

/* Takes @data. */
static void
add_extent (MediaFile *file, guint64 length, guint64 offset, GBytes *data)
{
  Extent extent = { file->size, length, offset, data };

  if (length == 0) {
    extent_clear (&extent);
    return;
  }
  g_array_append_val (file->extents, extent);
  file->size += length;
}

static MediaFile *
new_file (int fd)
{
  MediaFile *file = g_new0 (MediaFile, 1);

  file->fd = fd;
  file->extents = g_array_new (FALSE, FALSE, sizeof (Extent));
  g_array_set_clear_func (file->extents, extent_clear);
  return file;
}

MediaFile *
media_file_new (int fd)
{
  MediaFile *file = new_file (fd);
  struct stat st;

  if (fstat (fd, &st) < 0)
    file->failure = errno;
  else
    add_extent (file, (guint64) st.st_size, 0, NULL);
  return file;
}

/* The extent that has the byte at @offset, or NULL. */
static const Extent *
find_extent (const MediaFile *file, guint64 offset)
{
  guint low = 0, high = file->extents->len;

  if (offset >= file->size)
    return NULL;
  while (high - low > 1) {
    guint middle = (low + high) / 2;

    if (g_array_index (file->extents, Extent, middle).start <= offset)
      low = middle;
    else
      high = middle;
  }
  return &g_array_index (file->extents, Extent, low);
}

/* Adds to @changed @length bytes of @file at @offset. */
static void
add_part (
    MediaFile *changed, const MediaFile *file, guint64 offset, guint64 length)
{
  while (length > 0) {
    const Extent *extent = find_extent (file, offset);
    guint64 skip = offset - extent->start;
    guint64 n = MIN (length, extent->length - skip);

    add_extent (changed, n, extent->offset + skip,
        extent->data ? g_bytes_new_from_bytes (extent->data, skip, n) : NULL);
    offset += n;
    length -= n;
  }
}

MediaFile *
media_file_new_changed (const MediaFile *file, const Splices *splices)
{
  MediaFile *changed = new_file (file->fd);
  guint64 position = 0; /* in @file */

  media_file_share_watch (file, changed);
  for (guint i = 0; i < splices->array->len; i++) {
    const Splice *splice = &g_array_index (splices->array, Splice, i);

    g_assert (splice->offset >= position &&
        splice->offset + splice->length <= file->size);
    add_part (changed, file, position, splice->offset - position);
    if (splice->data)
      add_extent (changed, g_bytes_get_size (splice->data), 0,
          g_bytes_ref (splice->data));
    else
      add_part (changed, file, splice->from, splice->n);
    position = splice->offset + splice->length;
  }
  add_part (changed, file, position, file->size - position);
  return changed;
}

void
media_file_free (MediaFile *file)
{
  g_array_unref (file->extents);
  g_free (file);
}

void
media_file_set_watch (
    MediaFile *file, void (*progress) (gpointer), gpointer user_data)
{
  file->progress = progress;
  file->user_data = user_data;
}

void
media_file_share_watch (const MediaFile *from, MediaFile *to)
{
  media_file_set_watch (to, from->progress, from->user_data);
}

guint64
media_file_get_size (const MediaFile *file)
{
  return file->size;
}

static gsize
read_file (MediaFile *file, guint64 offset, guint8 *buffer, gsize length)
{
  gsize done = 0;

  while (done < length) {
    ssize_t n = pread (
        file->fd, buffer + done, length - done, (off_t) (offset + done));

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0 && !file->failure)
      file->failure = errno;
    if (n <= 0)
      break;
    done += (gsize) n;
    count_bytes (file, (gsize) n);
  }
  return done;
}

gsize
media_file_read (MediaFile *file, guint64 offset, gpointer buffer, gsize length)
{
  const Extent *extent;
  gsize done = 0;

  while (done < length && (extent = find_extent (file, offset + done))) {
    guint64 skip = offset + done - extent->start;
    gsize n = MIN (length - done, extent->length - skip);
    gsize got = n;

    if (extent->data)
      memcpy ((guint8 *) buffer + done,
          (const guint8 *) g_bytes_get_data (extent->data, NULL) + skip, n);
    else
      got = read_file (
          file, extent->offset + skip, (guint8 *) buffer + done, n);
    done += got;
    if (got < n)
      break;
  }
  return done;
}

GBytes *
media_file_get (MediaFile *file, guint64 offset, guint64 length)
{
  guint8 *buffer;

  if (offset > file->size || length > file->size - offset)
    return NULL;
  buffer = g_malloc (length);
  if (media_file_read (file, offset, buffer, length) == length)
    return g_bytes_new_take (buffer, length);
  g_free (buffer);
  return NULL;
}

gboolean
media_file_has (
    MediaFile *file, guint64 offset, const void *bytes, gsize length)
{
  g_autoptr (GBytes) found = media_file_get (file, offset, length);

  return found && !memcmp (g_bytes_get_data (found, NULL), bytes, length);
}

gboolean
media_file_check (const MediaFile *file, GError **error)
{
  if (!file->failure)
    return TRUE;
  errno = file->failure;
  return tags_error_set_errno (error, REASON_UNREADABLE, "It cannot be read");
}

static gboolean
set_write_error (GError **error)
{
  return tags_error_set_errno (
      error, REASON_WRITE_FAILED, "No copy of it can be made");
}

/* For file systems between which the kernel cannot copy. */
static gboolean
copy_blocks (
    MediaFile *file, guint64 offset, guint64 length, int fd, GError **error)
{
  g_autofree guint8 *buffer = g_malloc (MIN (length, BLOCK));

  while (length > 0) {
    gsize n = MIN (length, BLOCK);

    if (read_file (file, offset, buffer, n) < n)
      return media_file_check (file, error) &&
          tags_error_set (error, REASON_CHANGED_MEANWHILE,
              "It has become shorter while it was read.");
    if (!io_write_all (fd, buffer, n))
      return set_write_error (error);
    offset += n;
    length -= n;
  }
  return TRUE;
}

static gboolean
copy_range (
    MediaFile *file, guint64 offset, guint64 length, int fd, GError **error)
{
  off_t from = (off_t) offset;

  while (length > 0) {
    ssize_t n = copy_file_range (
        file->fd, &from, fd, NULL, MIN (length, STRIDE), 0);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EIO))
      return set_write_error (error);
    if (n <= 0)
      return copy_blocks (file, (guint64) from, length, fd, error);
    length -= (guint64) n;
    count_bytes (file, (gsize) n);
  }
  return TRUE;
}

gboolean
media_file_write (MediaFile *file, int fd, GError **error)
{
  for (guint i = 0; i < file->extents->len; i++) {
    const Extent *extent = &g_array_index (file->extents, Extent, i);

    if (!extent->data) {
      if (!copy_range (file, extent->offset, extent->length, fd, error))
        return FALSE;
    } else if (!io_write_all (
                   fd, g_bytes_get_data (extent->data, NULL), extent->length)) {
      return set_write_error (error);
    }
  }
  return TRUE;
}
