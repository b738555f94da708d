/* SPDX-License-Identifier: GPL-2.0-or-later */

#define _GNU_SOURCE /* copy_file_range() */

#include "replacement.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <gio/gio.h>

#include "io.h"

#define PREFIX ".genreclassify-"
#define DIGITS 16

static gboolean
fail (GError **error, const char *what)
{
  int failure = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (failure), "%s: %s.",
      what, g_strerror (failure));
  return FALSE;
}

static char *
copy_path (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  g_autofree char *sum = g_compute_checksum_for_string (
      G_CHECKSUM_SHA256, name, -1);
  const char *dot = strrchr (name, '.');

  /* the extension helps GStreamer to tell what it is */
  return g_strdup_printf ("%s/" PREFIX "%.*s%s", folder, DIGITS, sum,
      dot && dot != name && strlen (dot) < 16 ? dot : "");
}

gboolean
replacement_is_copy (const char *name)
{
  gsize n = strlen (PREFIX);

  if (strncmp (name, PREFIX, n))
    return FALSE;
  for (guint i = 0; i < DIGITS; i++) {
    if (!g_ascii_isxdigit (name[n + i]))
      return FALSE;
  }
  return name[n + DIGITS] == '.' || !name[n + DIGITS];
}

/* Opens the file when no other process is writing it: it may be in a library by
 * several names.  Where files cannot be locked, the copy's name still keeps others
 * out.  FALSE with errno set if it cannot be opened. */
static gboolean
open_locked (Replacement *replacement)
{
  struct stat now;

  for (;;) {
    /* not to wait for a pipe's other end */
    replacement->source = open (
        replacement->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (replacement->source < 0 ||
        fstat (replacement->source, &replacement->st) < 0)
      return FALSE;
    if (!S_ISREG (replacement->st.st_mode))
      return TRUE;
    while (flock (replacement->source, LOCK_EX) < 0 && errno == EINTR)
      ;
    if (fstat (replacement->source, &replacement->st) < 0 ||
        stat (replacement->path, &now) < 0)
      return FALSE;
    if (now.st_dev == replacement->st.st_dev &&
        now.st_ino == replacement->st.st_ino)
      return TRUE;
    /* another one has taken its place */
    close (replacement->source);
  }
}

gboolean
replacement_open (Replacement *replacement, const char *path, GError **error)
{
  char *real = realpath (path, NULL);

  memset (replacement, 0, sizeof *replacement);
  replacement->source = replacement->fd = -1;
  if (!real)
    return fail (error, "It cannot be opened");
  replacement->path = g_strdup (real);
  free (real);
  replacement->copy = copy_path (replacement->path);
  if (!open_locked (replacement)) {
    fail (error, "It cannot be opened");
  } else if (!S_ISREG (replacement->st.st_mode)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE,
        "It is not a regular file.");
  } else {
    return TRUE;
  }
  replacement_clear (replacement);
  return FALSE;
}

void
replacement_clear (Replacement *replacement)
{
  if (replacement->fd >= 0) {
    unlink (replacement->copy);
    close (replacement->fd);
  }
  if (replacement->source >= 0)
    close (replacement->source);
  replacement->fd = replacement->source = -1;
  g_clear_pointer (&replacement->path, g_free);
  g_clear_pointer (&replacement->copy, g_free);
}

void
replacement_clean (const Replacement *replacement)
{
  int fd = open (replacement->copy, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

  if (fd < 0)
    return;
  if (flock (fd, LOCK_EX | LOCK_NB) == 0)
    unlink (replacement->copy);
  close (fd);
}

gboolean
replacement_check_writable (const Replacement *replacement, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (replacement->path);

  /* the permissions themselves: to root, all is writable */
  if (!(replacement->st.st_mode & 0222) ||
      (faccessat (AT_FDCWD, replacement->path, W_OK, AT_EACCESS) < 0 &&
          errno != ENOENT)) {
    g_set_error (
        error, G_IO_ERROR, G_IO_ERROR_READ_ONLY, "The file is read-only.");
    return FALSE;
  }
  if (faccessat (AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) < 0) {
    g_set_error (
        error, G_IO_ERROR, G_IO_ERROR_READ_ONLY, "Its directory is read-only.");
    return FALSE;
  }
  return TRUE;
}

/* Creates the copy's file and locks it. */
static gboolean
create (Replacement *replacement, GError **error)
{
  struct stat here, there;
  gboolean locked;

  replacement_clean (replacement);
  replacement->fd = open (replacement->copy,
      O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (replacement->fd < 0 && errno == EEXIST) {
    g_set_error (
        error, G_IO_ERROR, G_IO_ERROR_BUSY, "Another process is writing it.");
    return FALSE;
  }
  if (replacement->fd < 0)
    return fail (error, "No copy of it can be made");
  locked = flock (replacement->fd, LOCK_EX | LOCK_NB) == 0;
  if (!locked && errno != EWOULDBLOCK) {
    fail (error, "No copy of it can be made");
    unlink (replacement->copy);
    close (replacement->fd);
    replacement->fd = -1;
    return FALSE;
  }
  /* in between, somebody else may have taken it for a leftover */
  if (locked && fstat (replacement->fd, &here) == 0 &&
      lstat (replacement->copy, &there) == 0 && here.st_ino == there.st_ino)
    return TRUE;
  close (replacement->fd);
  replacement->fd = -1;
  g_set_error (
      error, G_IO_ERROR, G_IO_ERROR_BUSY, "Another process is writing it.");
  return FALSE;
}

static gboolean
copy_by_hand (int from, int to, GError **error)
{
  const gsize size = 1 << 18;
  g_autofree char *buffer = g_malloc (size);

  for (;;) {
    ssize_t n = read (from, buffer, size);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return fail (error, "It cannot be read");
    if (n == 0)
      return TRUE;
    if (!io_write_all (to, buffer, (gsize) n))
      return fail (error, "No copy of it can be made");
  }
}

/* The blocks are shared where the file system can, or copied within it. */
static gboolean
copy_content (Replacement *replacement, GError **error)
{
  off_t left = replacement->st.st_size;

  if (ioctl (replacement->fd, FICLONE, replacement->source) == 0)
    return TRUE;
  lseek (replacement->source, 0, SEEK_SET);
  while (left > 0) {
    ssize_t n = copy_file_range (
        replacement->source, NULL, replacement->fd, NULL, (gsize) left, 0);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EIO))
      return fail (error, "No copy of it can be made");
    if (n <= 0)
      break;
    left -= n;
  }
  return left == 0 ||
      copy_by_hand (replacement->source, replacement->fd, error);
}

/* TRUE if the copy has the attribute already, as one that the system sets. */
static gboolean
has_attribute (int fd, const char *name, const char *value, ssize_t size)
{
  g_autofree char *present = g_malloc ((gsize) size + 1);

  return fgetxattr (fd, name, present, (gsize) size + 1) == size &&
      !memcmp (present, value, (gsize) size);
}

/* Access control lists are such attributes too. */
static gboolean
copy_attributes (const Replacement *replacement, GError **error)
{
  ssize_t size = flistxattr (replacement->source, NULL, 0);
  g_autofree char *names = NULL;

  if (size < 0)
    return errno == ENOTSUP ||
        fail (error, "Its extended attributes cannot be read");
  names = g_malloc0 ((gsize) size + 1);
  size = flistxattr (replacement->source, names, (gsize) size);
  if (size < 0)
    return fail (error, "Its extended attributes cannot be read");
  for (char *name = names; name < names + size; name += strlen (name) + 1) {
    ssize_t length = fgetxattr (replacement->source, name, NULL, 0);
    g_autofree char *value = g_malloc ((gsize) MAX (length, 0) + 1);

    if (length >= 0)
      length = fgetxattr (replacement->source, name, value, (gsize) length);
    if (length < 0 ||
        (fsetxattr (replacement->fd, name, value, (gsize) length, 0) < 0 &&
            !has_attribute (replacement->fd, name, value, length))) {
      g_autofree char *what = g_strdup_printf (
          "Its attribute %s cannot be kept", name);

      return fail (error, what);
    }
  }
  return TRUE;
}

gboolean
replacement_copy (Replacement *replacement, GError **error)
{
  const struct stat *st = &replacement->st;
  struct stat mine;

  if (!create (replacement, error) || !copy_content (replacement, error))
    return FALSE;
  if (fstat (replacement->fd, &mine) < 0)
    return fail (error, "No copy of it can be made");
  if ((mine.st_uid != st->st_uid || mine.st_gid != st->st_gid) &&
      fchown (replacement->fd, st->st_uid, st->st_gid) < 0)
    return fail (error, "Its owner cannot be kept");
  /* the directory may give a list to a new file, of which the mode would be the
   * mask */
  if (fremovexattr (replacement->fd, "system.posix_acl_access") < 0 &&
      errno != ENODATA && errno != ENOTSUP)
    return fail (error, "Its mode cannot be kept");
  if (fchmod (replacement->fd, st->st_mode & 07777) < 0)
    return fail (error, "Its mode cannot be kept");
  return copy_attributes (replacement, error);
}

gboolean
replacement_sync (
    Replacement *replacement, gboolean preserve_times, GError **error)
{
  struct timespec times[2] = { replacement->st.st_atim,
    replacement->st.st_mtim };

  if (preserve_times && futimens (replacement->fd, times) < 0)
    return fail (error, "Its times cannot be kept");
  if (fsync (replacement->fd) < 0)
    return fail (error, "No copy of it can be made");
  return TRUE;
}

static gboolean
same_time (const struct timespec *a, const struct timespec *b)
{
  return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

gboolean
replacement_commit (Replacement *replacement, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (replacement->path);
  const struct stat *st = &replacement->st;
  struct stat now;
  int fd;

  if (lstat (replacement->path, &now) < 0 || now.st_dev != st->st_dev ||
      now.st_ino != st->st_ino || now.st_size != st->st_size ||
      !same_time (&now.st_mtim, &st->st_mtim) ||
      !same_time (&now.st_ctim, &st->st_ctim)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
        "It has been changed meanwhile, and is left as it is now.");
    return FALSE;
  }
  if (rename (replacement->copy, replacement->path) < 0)
    return fail (error, "It cannot be replaced");
  close (replacement->fd);
  replacement->fd = -1;
  /* the file is whole with or without this: there is nothing to undo */
  fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0) {
    fsync (fd);
    close (fd);
  }
  return TRUE;
}
