/* SPDX-License-Identifier: GPL-2.0-or-later */

#define _GNU_SOURCE

#include "spoolfile.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "io.h"
#include "multipart.h"

#define FIELD "file"

struct _SpoolFile
{
  int fd;      /* for writing */
  int read_fd; /* the same file, for reading */
  guint64 size, max_size;
  Multipart *multipart; /* NULL: the body is the file */
};

/* clang-format off */
G_DEFINE_QUARK (genreclassify-spool-file-error-quark, spool_file_error)
/* clang-format on */

/* @code is errno. */
static gboolean
set_space_error (GError **error, const char *what, int code)
{
  /* other requests have the descriptors, and give them back */
  g_set_error (error, SPOOL_FILE_ERROR,
      code == EMFILE || code == ENFILE ? SPOOL_FILE_ERROR_BUSY
                                       : SPOOL_FILE_ERROR_SPACE,
      "%s: %s.", what, g_strerror (code));
  return FALSE;
}

/* The file has no name: it is gone when its last descriptor is closed, even if
 * this process is killed. */
static gboolean
open_file (SpoolFile *file, GError **error)
{
  /* not /tmp, which may be in memory */
  const char *folder = g_getenv ("TMPDIR") ? g_getenv ("TMPDIR") : "/var/tmp";
  g_autofree char *path = NULL;

  file->fd = open (folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file->fd >= 0) {
    /* workers get a descriptor that cannot write */
    path = g_strdup_printf ("/proc/self/fd/%d", file->fd);
    file->read_fd = open (path, O_RDONLY | O_CLOEXEC);
  } else {
    /* this file system has no O_TMPFILE */
    path = g_build_filename (folder, "genreclassify-XXXXXX", NULL);
    file->fd = g_mkstemp_full (path, O_RDWR | O_CLOEXEC, 0600);
    file->read_fd = file->fd < 0 ? -1 : open (path, O_RDONLY | O_CLOEXEC);
    if (file->fd >= 0)
      unlink (path);
  }
  return file->read_fd >= 0 ||
      set_space_error (error, "No temporary file can be opened", errno);
}

static gboolean
write_file (gconstpointer data, gsize size, gpointer user_data, GError **error)
{
  SpoolFile *file = user_data;

  file->size += size;
  if (file->size > file->max_size) {
    g_set_error (error, SPOOL_FILE_ERROR, SPOOL_FILE_ERROR_SIZE,
        "The file is larger than %" G_GUINT64_FORMAT " bytes.", file->max_size);
    return FALSE;
  }
  return io_write_all (file->fd, data, size) ||
      set_space_error (error, "The temporary file cannot be written", errno);
}

SpoolFile *
spool_file_new (const char *boundary, guint64 max_size, GError **error)
{
  SpoolFile *file = g_new0 (SpoolFile, 1);

  file->fd = file->read_fd = -1;
  file->max_size = max_size;
  if (boundary) {
    file->multipart = multipart_new (boundary, FIELD, write_file, file);
    if (!file->multipart)
      g_set_error (error, SPOOL_FILE_ERROR, SPOOL_FILE_ERROR_BODY,
          "A multipart body's boundary has 1 to 70 characters.");
  }
  if ((boundary && !file->multipart) || !open_file (file, error))
    g_clear_pointer (&file, spool_file_free);
  return file;
}

void
spool_file_free (SpoolFile *file)
{
  if (!file)
    return;
  if (file->fd >= 0)
    close (file->fd);
  if (file->read_fd >= 0)
    close (file->read_fd);
  multipart_free (file->multipart);
  g_free (file);
}

/* The parser's errors are faults of the body.  Takes @fault. */
static void
propagate (GError *fault, GError **error)
{
  if (fault->domain != SPOOL_FILE_ERROR) {
    fault->domain = SPOOL_FILE_ERROR;
    fault->code = SPOOL_FILE_ERROR_BODY;
  }
  g_propagate_error (error, fault);
}

gboolean
spool_file_push (
    SpoolFile *file, gconstpointer data, gsize size, GError **error)
{
  GError *fault = NULL;

  if (!file->multipart)
    return write_file (data, size, file, error);
  if (multipart_push (file->multipart, data, size, &fault))
    return TRUE;
  propagate (fault, error);
  return FALSE;
}

guint64
spool_file_get_size (const SpoolFile *file)
{
  return file->size;
}

int
spool_file_finish (SpoolFile *file, GError **error)
{
  GError *fault = NULL;
  int fd;

  if (file->multipart && !multipart_finish (file->multipart, &fault)) {
    propagate (fault, error);
    return -1;
  }
  if (file->size == 0) {
    g_set_error (error, SPOOL_FILE_ERROR, SPOOL_FILE_ERROR_BODY,
        "The file is empty: its bytes are the body, or the field \"" FIELD
        "\" of a form (multipart/form-data).");
    return -1;
  }
  fd = file->read_fd;
  file->read_fd = -1;
  return fd;
}

const char *
spool_file_get_name (const SpoolFile *file)
{
  return file->multipart ? multipart_get_file_name (file->multipart) : NULL;
}
