/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "replacement.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "formats/tagserror.h"

#define PREFIX ".genreclassify-"
#define DIGITS 16
#define OLD 3600 /* s */

static const char busy[] = "Another process is writing it.";

/* The copy cannot be made, or not be as the file is: the text of errno
 * follows. */
static gboolean
set_copy_error (GError **error, const char *what)
{
  return tags_error_set_errno (error, REASON_WRITE_FAILED, what);
}

static gboolean
set_read_error (GError **error, const char *what)
{
  return tags_error_set_errno (error, REASON_UNREADABLE, what);
}

static char *
copy_path (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  g_autofree char *sum = g_compute_checksum_for_string (
      G_CHECKSUM_SHA256, name, -1);
  const char *dot = strrchr (name, '.');

  /* the extension helps GStreamer to recognise the format */
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

/* Opens the file and locks it.  Waits for another process that writes it, as it
 * may do if the library has the file under several names.  Where files cannot
 * be locked, the fixed name of the copy still keeps other processes out.  FALSE
 * with errno set if the file cannot be opened. */
static gboolean
open_locked (Replacement *replacement)
{
  struct stat now;

  for (;;) {
    /* O_NONBLOCK: opening a pipe would wait for its other end */
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
    /* another file has got this name while we waited */
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
    return set_read_error (error, "It cannot be opened");
  replacement->path = g_strdup (real);
  free (real);
  replacement->copy = copy_path (replacement->path);
  if (!open_locked (replacement)) {
    set_read_error (error, "It cannot be opened");
  } else if (!S_ISREG (replacement->st.st_mode)) {
    tags_error_set (error, REASON_NOT_A_FILE, "It is not a regular file.");
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

/* Locks a copy, which is still another process's at most for a moment. */
typedef enum
{
  LOCKED,
  HELD,      /* by another process */
  NO_LOCKING /* some network file systems have none */
} LockStatus;

static LockStatus
lock_copy (int fd)
{
  if (flock (fd, LOCK_EX | LOCK_NB) == 0)
    return LOCKED;
  return errno == EWOULDBLOCK ? HELD : NO_LOCKING;
}

/* Whether nobody has written to the copy for so long that no process can be at
 * work on it. */
static gboolean
is_old (int fd)
{
  struct stat st;

  return fstat (fd, &st) == 0 &&
      g_get_real_time () / G_USEC_PER_SEC - st.st_mtim.tv_sec > OLD;
}

void
replacement_remove_leftover (const Replacement *replacement)
{
  int fd = open (replacement->copy, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  LockStatus status;

  if (fd < 0)
    return;
  status = lock_copy (fd);
  if (status == LOCKED || (status == NO_LOCKING && is_old (fd)))
    unlink (replacement->copy);
  close (fd);
}

gboolean
replacement_check_writable (const Replacement *replacement, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (replacement->path);

  /* the mode is looked at as well, because root may write any file */
  if (!(replacement->st.st_mode & 0222) ||
      (faccessat (AT_FDCWD, replacement->path, W_OK, AT_EACCESS) < 0 &&
          errno != ENOENT))
    return tags_error_set (error, REASON_READ_ONLY, "The file is read-only.");
  return faccessat (AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) == 0 ||
      tags_error_set (error, REASON_READ_ONLY, "Its directory is read-only.");
}

/* Creates the copy's file and locks it. */
static gboolean
create_copy (Replacement *replacement, GError **error)
{
  struct stat here, there;

  replacement_remove_leftover (replacement);
  replacement->fd = open (replacement->copy,
      O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (replacement->fd < 0 && errno == EEXIST)
    return tags_error_set (error, REASON_BUSY, busy);
  if (replacement->fd < 0)
    return set_copy_error (error, "No copy of it can be made");
  /* another process may have removed it as a leftover before it was locked */
  if (lock_copy (replacement->fd) != HELD &&
      fstat (replacement->fd, &here) == 0 &&
      lstat (replacement->copy, &there) == 0 && here.st_ino == there.st_ino)
    return TRUE;
  close (replacement->fd);
  replacement->fd = -1;
  return tags_error_set (error, REASON_BUSY, busy);
}

/* TRUE if the copy has the attribute already, because the system has set it. */
static gboolean
has_attribute (int fd, const char *name, const char *value, ssize_t size)
{
  g_autofree char *present = g_malloc ((gsize) size + 1);

  return fgetxattr (fd, name, present, (gsize) size + 1) == size &&
      !memcmp (present, value, (gsize) size);
}

/* Access control lists are attributes too. */
static gboolean
copy_attributes (const Replacement *replacement, GError **error)
{
  ssize_t size = flistxattr (replacement->source, NULL, 0);
  g_autofree char *names = NULL;

  if (size < 0)
    return errno == ENOTSUP ||
        set_read_error (error, "Its extended attributes cannot be read");
  names = g_malloc0 ((gsize) size + 1);
  size = flistxattr (replacement->source, names, (gsize) size);
  if (size < 0)
    return set_read_error (error, "Its extended attributes cannot be read");
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

      return set_copy_error (error, what);
    }
  }
  return TRUE;
}

gboolean
replacement_create (Replacement *replacement, GError **error)
{
  const struct stat *st = &replacement->st;
  struct stat mine;

  if (!create_copy (replacement, error))
    return FALSE;
  if (fstat (replacement->fd, &mine) < 0)
    return set_copy_error (error, "No copy of it can be made");
  if ((mine.st_uid != st->st_uid || mine.st_gid != st->st_gid) &&
      fchown (replacement->fd, st->st_uid, st->st_gid) < 0)
    return set_copy_error (error, "Its owner cannot be kept");
  /* A directory may give new files an access control list, and fchmod() would
   * only set its mask. */
  if (fremovexattr (replacement->fd, "system.posix_acl_access") < 0 &&
      errno != ENODATA && errno != ENOTSUP)
    return set_copy_error (error, "Its mode cannot be kept");
  if (fchmod (replacement->fd, st->st_mode & 07777) < 0)
    return set_copy_error (error, "Its mode cannot be kept");
  return copy_attributes (replacement, error);
}

gboolean
replacement_sync (
    Replacement *replacement, gboolean preserve_times, GError **error)
{
  struct timespec times[2] = { replacement->st.st_atim,
    replacement->st.st_mtim };

  if (preserve_times && futimens (replacement->fd, times) < 0)
    return set_copy_error (error, "Its times cannot be kept");
  if (fsync (replacement->fd) < 0)
    return set_copy_error (error, "No copy of it can be made");
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
    return tags_error_set (error, REASON_CHANGED_MEANWHILE,
        "It has been changed meanwhile, and is left as it is now.");
  }
  if (rename (replacement->copy, replacement->path) < 0)
    return set_copy_error (error, "It cannot be replaced");
  close (replacement->fd);
  replacement->fd = -1;
  /* a failure does no harm: the name stands for a whole file in any case */
  fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0) {
    fsync (fd);
    close (fd);
  }
  return TRUE;
}
