/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "partlists.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "analysis/filename.h"
#include "io.h"
#include "scratchfile.h"

/* of all lists together, and of each */
#define ALL_BUFFERS 67108864
#define MIN_BUFFER 512
#define MAX_BUFFER 65536

/* a list is copied in blocks of it */
#define BLOCK 1048576

typedef struct
{
  guint64 at;   /* in the file: what has been written ends there */
  guint64 end;  /* and the list */
  guint filled; /* bytes of its buffer */
} Place;

struct _PartLists
{
  ScratchFile *file;
  Place *places;
  guint n_parts;
  gsize buffer_size;
  char *buffers; /* one after the other */
};

PartLists *
part_lists_new (
    const char *folder, const guint64 *sizes, guint n_parts, GError **error)
{
  ScratchFile *file = scratch_file_new (folder, error);
  PartLists *lists;
  guint64 end = 0;

  if (!file)
    return NULL;
  lists = g_new0 (PartLists, 1);
  lists->file = file;
  lists->n_parts = n_parts;
  lists->places = g_new0 (Place, n_parts);
  for (guint i = 0; i < n_parts; i++) {
    lists->places[i].at = end;
    lists->places[i].end = end += sizes[i];
  }
  lists->buffer_size = CLAMP (ALL_BUFFERS / n_parts, MIN_BUFFER, MAX_BUFFER);
  lists->buffers = g_malloc (n_parts * lists->buffer_size);
  return lists;
}

void
part_lists_free (PartLists *lists)
{
  if (!lists)
    return;
  scratch_file_free (lists->file);
  g_free (lists->places);
  g_free (lists->buffers);
  g_free (lists);
}

static gboolean
write_part (PartLists *lists, Place *place, const char *data, gsize size,
    GError **error)
{
  g_assert (size <= place->end - place->at);
  if (!scratch_file_write (lists->file, place->at, data, size, error))
    return FALSE;
  place->at += size;
  return TRUE;
}

static gboolean
flush (PartLists *lists, guint part, GError **error)
{
  Place *place = &lists->places[part];
  gsize size = place->filled;

  place->filled = 0;
  return write_part (
      lists, place, lists->buffers + part * lists->buffer_size, size, error);
}

gboolean
part_lists_add (PartLists *lists, guint part, const char *name, GError **error)
{
  Place *place = &lists->places[part];
  gsize size = strlen (name) + 1;

  if (size > lists->buffer_size - place->filled && !flush (lists, part, error))
    return FALSE;
  if (size > lists->buffer_size)
    return write_part (lists, place, name, size, error);
  memcpy (
      lists->buffers + part * lists->buffer_size + place->filled, name, size);
  place->filled += size;
  return TRUE;
}

/* Copies from @start to @end into a file of its own.  FALSE with errno or @error
 * set. */
static gboolean
copy (PartLists *lists, guint64 start, guint64 end, char *block, int fd,
    GError **error)
{
  while (start < end) {
    gsize size = MIN (BLOCK, end - start);

    if (!scratch_file_read (lists->file, start, block, size, error) ||
        !io_write_all (fd, block, size))
      return FALSE;
    start += size;
  }
  return TRUE;
}

static gboolean
write_list (PartLists *lists, const char *path, guint64 start, guint64 end,
    char *block, GError **error)
{
  g_autofree char *shown = filename_display (path);
  g_autoptr (GError) fault = NULL;
  int fd = g_open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  gboolean ok = fd >= 0 && copy (lists, start, end, block, fd, &fault);
  int number = errno;

  /* network file systems tell of a full disk here */
  if (fd >= 0 && close (fd) < 0 && ok) {
    ok = FALSE;
    number = errno;
  }
  if (fault)
    g_propagate_error (error, g_steal_pointer (&fault));
  else if (!ok)
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (number),
        "%s cannot be written: %s.", shown, g_strerror (number));
  return ok;
}

gboolean
part_lists_write (PartLists *lists, const Plan *plan, GError **error)
{
  g_autofree char *block = g_malloc (BLOCK);
  guint64 start = 0;

  for (guint i = 0; i < lists->n_parts; i++)
    if (!flush (lists, i, error))
      return FALSE;
  for (guint i = 0; i < lists->n_parts; i++) {
    g_autofree char *path = plan_make_path (plan, "lists", i, "");

    g_assert (lists->places[i].at == lists->places[i].end);
    if (!write_list (lists, path, start, lists->places[i].end, block, error))
      return FALSE;
    start = lists->places[i].end;
  }
  return TRUE;
}
