/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "scratchfile.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "analysis/filename.h"

struct _ScratchFile
{
  char *folder;
  int fd;
  guint64 size;
};

static gboolean
set_error (const char *folder, int number, GError **error)
{
  g_autofree char *shown = filename_display (folder);

  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (number),
      "A temporary file in %s cannot be used: %s.", shown, g_strerror (number));
  return FALSE;
}

ScratchFile *
scratch_file_new (const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, ".scratch-XXXXXX", NULL);
  int fd = g_mkstemp_full (path, O_RDWR | O_CLOEXEC, 0600);
  ScratchFile *file;

  if (fd < 0) {
    set_error (folder, errno, error);
    return NULL;
  }
  g_unlink (path);
  file = g_new0 (ScratchFile, 1);
  file->folder = g_strdup (folder);
  file->fd = fd;
  return file;
}

void
scratch_file_free (ScratchFile *file)
{
  if (!file)
    return;
  close (file->fd);
  g_free (file->folder);
  g_free (file);
}

guint64
scratch_file_get_size (const ScratchFile *file)
{
  return file->size;
}

gboolean
scratch_file_append (
    ScratchFile *file, gconstpointer data, gsize size, GError **error)
{
  if (!scratch_file_write (file, file->size, data, size, error))
    return FALSE;
  file->size += size;
  return TRUE;
}

gboolean
scratch_file_write (ScratchFile *file, guint64 offset, gconstpointer data,
    gsize size, GError **error)
{
  const char *rest = data;

  while (size > 0) {
    gssize n = pwrite (file->fd, rest, size, (off_t) offset);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return set_error (file->folder, errno, error);
    rest += n;
    offset += (guint64) n;
    size -= (gsize) n;
  }
  return TRUE;
}

gboolean
scratch_file_read (ScratchFile *file, guint64 offset, gpointer data, gsize size,
    GError **error)
{
  char *rest = data;

  while (size > 0) {
    gssize n = pread (file->fd, rest, size, (off_t) offset);

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return set_error (file->folder, n < 0 ? errno : EIO, error);
    rest += n;
    offset += (guint64) n;
    size -= (gsize) n;
  }
  return TRUE;
}
