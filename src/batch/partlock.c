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

/* how often a part that another process has is looked at */
#define INTERVAL (2 * G_TIME_SPAN_SECOND)
/* Who has a lock and has not told how it stands for so long does nothing: it may be a
 * machine that is gone, whose locks some servers keep.  Longer than a file may stand
 * still. */
#define MAX_SILENCE (15 * G_TIME_SPAN_MINUTE)

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

/* Changes with each state that the part's process writes; not compared with any clock. */
static guint64
get_sign_of_life (const Plan *plan, guint part)
{
  g_autofree char *path = plan_make_path (plan, "parts", part, PART_STATE);
  struct stat info;

  return stat (path, &info) == 0 ? (guint64) info.st_mtim.tv_sec * 1000000 +
          info.st_mtim.tv_nsec / 1000 + info.st_ino
                                 : 0;
}

/* TRUE once it has the lock, which @fd is to be of. */
static gboolean
wait_while_alive (const Plan *plan, guint part, int fd, GError **error)
{
  guint64 sign = get_sign_of_life (plan, part);
  gint64 seen = g_get_monotonic_time ();

  g_printerr (
      "genreclassify: Another process does part %u; waiting for it.\n", part);
  while (lock (fd, F_OFD_SETLK) < 0) {
    const guint64 now = get_sign_of_life (plan, part);

    if (now != sign) {
      sign = now;
      seen = g_get_monotonic_time ();
    }
    if (g_get_monotonic_time () - seen > MAX_SILENCE) {
      g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_AGAIN,
          "Another process has part %u, but does nothing.  If it is gone, "
          "remove %s/parts/%05u" PART_LOCK ".",
          part, plan->folder, part);
      return FALSE;
    }
    g_usleep (INTERVAL);
  }
  return TRUE;
}

int
part_lock (const Plan *plan, guint part, GError **error)
{
  g_autofree char *path = plan_make_path (plan, "parts", part, PART_LOCK);
  int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  gboolean ok = TRUE;

  if (fd < 0) {
    part_set_error (error, path, "written", errno);
    return -1;
  }
  if (lock (fd, F_OFD_SETLK) < 0) {
    if (errno == EAGAIN || errno == EACCES)
      ok = wait_while_alive (plan, part, fd, error);
    else
      /* that a file system has none is no reason to do nothing on it */
      g_printerr ("genreclassify: Part %u cannot be locked (%s): if it is done "
                  "twice at the same time, one of the two is done in vain.\n",
          part, g_strerror (errno));
  }
  if (ok && !part_is_whole (plan, part))
    return fd;
  close (fd);
  return ok ? PART_LOCK_NOT_NEEDED : -1;
}

gboolean
part_is_locked (const Plan *plan, guint part)
{
  g_autofree char *path = plan_make_path (plan, "parts", part, PART_LOCK);
  struct flock found = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  /* to ask for a lock one need not be allowed to take it */
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  gboolean is_locked = FALSE;

  if (fd >= 0) {
    is_locked = fcntl (fd, F_OFD_GETLK, &found) == 0 && found.l_type != F_UNLCK;
    close (fd);
  }
  return is_locked;
}

int
plan_lock (const Plan *plan)
{
  g_autofree char *path = g_build_filename (plan->folder, PLAN_FILE, NULL);
  int fd = open (path, O_RDWR | O_CLOEXEC);

  /* where there are no locks, who submits twice does a part twice, no more */
  if (fd >= 0)
    (void) lock (fd, F_OFD_SETLKW);
  return fd;
}
