/* SPDX-License-Identifier: GPL-2.0-or-later */

#define _GNU_SOURCE

#include "upload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "io.h"
#include "multipart.h"

#define FIELD "file"

struct _Upload
{
  int fd;      /* to write */
  int read_fd; /* the same file */
  guint64 size, max_size;
  Multipart *multipart; /* NULL: the body is the file */
};

G_DEFINE_QUARK (genreclassify - upload - error - quark, upload_error)

static gboolean
fail (GError **error, const char *what, int code)
{
  g_set_error (error, UPLOAD_ERROR, UPLOAD_ERROR_SPACE, "%s: %s.", what,
      g_strerror (code));
  return FALSE;
}

/* A file without a name is gone with its last descriptor, whatever happens. */
static gboolean
open_file (Upload *upload, GError **error)
{
  /* /tmp may be memory */
  const char *folder = g_getenv ("TMPDIR") ? g_getenv ("TMPDIR") : "/var/tmp";
  g_autofree char *path = NULL;

  upload->fd = open (folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (upload->fd >= 0) {
    /* workers are given one that cannot write */
    path = g_strdup_printf ("/proc/self/fd/%d", upload->fd);
    upload->read_fd = open (path, O_RDONLY | O_CLOEXEC);
  } else {
    /* a file system without such files */
    path = g_build_filename (folder, "genreclassify-XXXXXX", NULL);
    upload->fd = g_mkstemp_full (path, O_RDWR | O_CLOEXEC, 0600);
    upload->read_fd = upload->fd < 0 ? -1 : open (path, O_RDONLY | O_CLOEXEC);
    if (upload->fd >= 0)
      unlink (path);
  }
  return upload->read_fd >= 0 ||
      fail (error, "No temporary file can be opened", errno);
}

static gboolean
write_file (gconstpointer data, gsize size, gpointer user_data, GError **error)
{
  Upload *upload = user_data;

  upload->size += size;
  if (upload->size > upload->max_size) {
    g_set_error (error, UPLOAD_ERROR, UPLOAD_ERROR_SIZE,
        "The file is larger than %" G_GUINT64_FORMAT " bytes.",
        upload->max_size);
    return FALSE;
  }
  return io_write_all (upload->fd, data, size) ||
      fail (error, "The temporary file cannot be written", errno);
}

Upload *
upload_new (const char *boundary, guint64 max_size, GError **error)
{
  Upload *upload = g_new0 (Upload, 1);

  upload->fd = upload->read_fd = -1;
  upload->max_size = max_size;
  if (boundary) {
    upload->multipart = multipart_new (boundary, FIELD, write_file, upload);
    if (!upload->multipart)
      g_set_error (error, UPLOAD_ERROR, UPLOAD_ERROR_BODY,
          "A multipart body's boundary has 1 to 70 characters.");
  }
  if ((boundary && !upload->multipart) || !open_file (upload, error))
    g_clear_pointer (&upload, upload_free);
  return upload;
}

void
upload_free (Upload *upload)
{
  if (!upload)
    return;
  if (upload->fd >= 0)
    close (upload->fd);
  if (upload->read_fd >= 0)
    close (upload->read_fd);
  multipart_free (upload->multipart);
  g_free (upload);
}

/* The faults of the form are those of the body.  Takes @fault. */
static void
propagate (GError *fault, GError **error)
{
  if (fault->domain != UPLOAD_ERROR) {
    fault->domain = UPLOAD_ERROR;
    fault->code = UPLOAD_ERROR_BODY;
  }
  g_propagate_error (error, fault);
}

gboolean
upload_push (Upload *upload, gconstpointer data, gsize size, GError **error)
{
  GError *fault = NULL;

  if (!upload->multipart)
    return write_file (data, size, upload, error);
  if (multipart_push (upload->multipart, data, size, &fault))
    return TRUE;
  propagate (fault, error);
  return FALSE;
}

int
upload_finish (Upload *upload, GError **error)
{
  GError *fault = NULL;
  int fd;

  if (upload->multipart && !multipart_finish (upload->multipart, &fault)) {
    propagate (fault, error);
    return -1;
  }
  if (upload->size == 0) {
    g_set_error (error, UPLOAD_ERROR, UPLOAD_ERROR_BODY,
        "The file is empty: its bytes are the body, or the field \"" FIELD
        "\" of a form (multipart/form-data).");
    return -1;
  }
  fd = upload->read_fd;
  upload->read_fd = -1;
  return fd;
}
