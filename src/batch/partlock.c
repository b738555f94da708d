/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Locks of open file descriptions: these end with the file, and a library that opens
 * and closes the same file does not end them. */
#define _GNU_SOURCE

#include "partlock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "partfiles.h"

static int
lock (int fd, int command)
{
  struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  int result;

  do
    result = fcntl (fd, command, &whole);
  while (result < 0 && errno == EINTR);
  return result;
}

/* Whether @path is still the file that @fd is: who had the lock before may have
 * renamed it. */
static gboolean
is_same (int fd, const char *path)
{
  struct stat ours, theirs;

  return fstat (fd, &ours) == 0 && stat (path, &theirs) == 0 &&
      ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
}

/* The lock, when it comes.  Without it the part is done nevertheless: that a file system
 * has none is no reason to do nothing on it. */
static void
wait_for_lock (int fd, guint part)
{
  if (lock (fd, F_OFD_SETLK) == 0)
    return;
  if (errno == EAGAIN || errno == EACCES) {
    g_printerr (
        "genreclassify: Another process does part %u; waiting for it.\n", part);
    if (lock (fd, F_OFD_SETLKW) == 0)
      return;
  }
  g_printerr (
      "genreclassify: Part %u cannot be locked (%s): if it is done twice "
      "at the same time, neither comes to an end.\n",
      part, g_strerror (errno));
}

int
part_lock (const Plan *plan, guint part, const char *path, GError **error)
{
  for (;;) {
    int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

    if (fd < 0) {
      g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno),
          "%s cannot be written: %s.", path, g_strerror (errno));
      return -1;
    }
    wait_for_lock (fd, part);
    if (is_same (fd, path))
      return fd;
    close (fd);
    if (part_is_whole (plan, part))
      return PART_LOCK_NOT_NEEDED;
  }
}

gboolean
part_is_locked (const Plan *plan, guint part)
{
  g_autofree char *path = plan_make_path (
      plan, "parts", part, PART_RESULTS PART_UNFINISHED);
  struct flock found = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  int fd = open (path, O_RDWR | O_CLOEXEC);
  gboolean is_locked = FALSE;

  if (fd >= 0) {
    is_locked = fcntl (fd, F_OFD_GETLK, &found) == 0 && found.l_type != F_UNLCK;
    close (fd);
  }
  return is_locked;
}

int
part_lock_submission (const Plan *plan)
{
  g_autofree char *path = g_build_filename (plan->folder, "plan.json", NULL);
  int fd = open (path, O_RDWR | O_CLOEXEC);

  /* where there are no locks, who submits twice does a part twice, no more */
  if (fd >= 0)
    (void) lock (fd, F_OFD_SETLKW);
  return fd;
}
