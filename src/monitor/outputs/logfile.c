/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>

/* lines that may wait: some hours of a thousand stations */
#define MAX_WAITING 100000

/* s until the file that could not be put aside is tried again */
#ifndef ROTATION_DELAY
#define ROTATION_DELAY 60
#endif

struct _LogFile
{
  char *path; /* NULL: stdout */
  LogRotation rotation;
  int fd;           /* -1: it could not be opened */
  dev_t device;     /* of the file, or of the last one, */
  ino_t inode;      /* as this is */
  guint64 size;     /* bytes of the file */
  gboolean is_torn; /* it ends with half a line, and not one that goes on */
  char *day;        /* that the file was begun on, "20261130" */
  gint64 failed;    /* when it could not be put aside; 0: it could */
  GQueue waiting;   /* char *, with the newline */
  gsize written;    /* bytes of the first that the file has already */
  guint64 n_lost;
  gboolean is_stuck; /* and it was said */
  gboolean is_cut_off;
};

/* Files */

static char *
get_day (void)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();

  return g_date_time_format (now, "%Y%m%d");
}

static void
set_day (LogFile *log, char *day)
{
  g_free (log->day);
  log->day = day;
}

/* Finds out about the file that was opened. */
static void
examine_file (LogFile *log)
{
  struct stat info = { 0 };
  gboolean is_same;
  char last = '\n';

  (void) !fstat (log->fd, &info);
  is_same = info.st_dev == log->device && info.st_ino == log->inode &&
      (guint64) info.st_size == log->size;
  /* the rest of a half-written line would begin another file */
  if (!is_same)
    log->written = 0;
  log->device = info.st_dev;
  log->inode = info.st_ino;
  log->size = info.st_size;
  if (log->size > 0)
    (void) !pread (log->fd, &last, 1, log->size - 1);
  /* a crash has left that, say */
  log->is_torn = last != '\n' && log->written == 0;
  if (log->size > 0 && log->rotation.is_daily) {
    g_autoptr (GDateTime)
        changed = g_date_time_new_from_unix_local (info.st_mtime);

    set_day (log, g_date_time_format (changed, "%Y%m%d"));
  }
}

static gboolean
open_file (LogFile *log, GError **error)
{
  if (!log->path) {
    log->fd = STDOUT_FILENO;
    return TRUE;
  }
  log->fd = open (log->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (log->fd < 0) {
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
        "The log %s cannot be opened: %s.", log->path, g_strerror (errno));
    return FALSE;
  }
  examine_file (log);
  return TRUE;
}

static void
close_file (LogFile *log)
{
  if (log->path && log->fd >= 0)
    close (log->fd);
  log->fd = -1;
}

LogFile *
log_file_new (const char *path, const LogRotation *rotation, GError **error)
{
  LogFile *log = g_new0 (LogFile, 1);

  log->path = g_strdup (path);
  log->rotation = *rotation;
  log->fd = -1;
  g_queue_init (&log->waiting);
  if (open_file (log, error))
    return log;
  log_file_free (log);
  return NULL;
}

void
log_file_free (LogFile *log)
{
  if (!log)
    return;
  log_file_flush (log);
  if (log->waiting.length > 0)
    g_printerr (
        "genreclassify: %u records are lost: the log cannot be written.\n",
        log->waiting.length);
  close_file (log);
  g_queue_clear_full (&log->waiting, g_free);
  g_free (log->path);
  g_free (log->day);
  g_free (log);
}

/* Rotation */

/* The name that the file is put aside as; free with g_free(). */
static char *
make_old_name (const LogFile *log)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *stamp = g_date_time_format (now, "%Y%m%d-%H%M%S");
  char *name = g_strdup_printf ("%s.%s", log->path, stamp);

  for (guint i = 1; g_file_test (name, G_FILE_TEST_EXISTS); i++) {
    g_free (name);
    name = g_strdup_printf ("%s.%s.%u", log->path, stamp, i);
  }
  return name;
}

/* Whether the file is not to have another line, of that length. */
static gboolean
is_due (LogFile *log, gsize length)
{
  g_autofree char *day = log->rotation.is_daily ? get_day () : NULL;

  /* one that is empty is begun with that line */
  if (log->size == 0) {
    set_day (log, g_steal_pointer (&day));
    return FALSE;
  }
  return (log->rotation.size && log->size + length > log->rotation.size) ||
      (day && g_strcmp0 (day, log->day) != 0);
}

/* Only between two lines. */
static void
rotate_if_due (LogFile *log, gsize length)
{
  const gint64 now = g_get_monotonic_time ();
  g_autofree char *name = NULL;

  if (!log->path || log->fd < 0 || log->written > 0 || !is_due (log, length) ||
      (log->failed && now - log->failed < ROTATION_DELAY * G_USEC_PER_SEC))
    return;
  name = make_old_name (log);
  /* if there is no such file, another program has put it aside */
  if (rename (log->path, name) < 0 && errno != ENOENT) {
    if (!log->failed)
      g_printerr ("genreclassify: The log %s cannot be put aside: %s.\n",
          log->path, g_strerror (errno));
    log->failed = now;
    return;
  }
  log->failed = 0;
  close_file (log);
  open_file (log, NULL);
}

/* Writing */

static void
set_stuck (LogFile *log, gboolean is_stuck, const char *why)
{
  const char *name = log->path ? log->path : "on stdout";

  if (is_stuck && !log->is_stuck)
    g_printerr (
        "genreclassify: The log %s cannot be written: %s. What is to be "
        "logged waits.\n",
        name, why);
  else if (!is_stuck && log->is_stuck)
    g_printerr ("genreclassify: The log %s can be written again.%s\n", name,
        log->n_lost > 0 ? " Some records are lost." : "");
  log->is_stuck = is_stuck;
}

/* Whether a pipe takes a line now, which a program that has stopped reading must not make
 * the monitor wait for. */
static gboolean
is_ready (const LogFile *log)
{
  struct pollfd polled = { .fd = log->fd, .events = POLLOUT };

  return log->path || (poll (&polled, 1, 0) == 1);
}

/* FALSE with errno set. */
static gboolean
end_torn_line (LogFile *log)
{
  if (write (log->fd, "\n", 1) != 1)
    return FALSE;
  log->size++;
  log->is_torn = FALSE;
  return TRUE;
}

/* Writes the first line that waits, or what is left of it; FALSE if that cannot be. */
static gboolean
write_line (LogFile *log)
{
  const char *line = g_queue_peek_head (&log->waiting);
  gsize length = strlen (line);
  gssize n;

  if (log->fd < 0 && !open_file (log, NULL))
    return FALSE;
  if (log->is_torn && !end_torn_line (log))
    return errno == EINTR;
  rotate_if_due (log, length);
  if (log->fd < 0 || !is_ready (log)) {
    errno = log->fd < 0 ? errno : EAGAIN;
    return FALSE;
  }
  /* a pipe that is ready takes so much without waiting */
  n = write (log->fd, line + log->written,
      MIN (length - log->written, log->path ? G_MAXINT : PIPE_BUF));
  if (n < 0)
    return errno == EINTR;
  log->size += n;
  log->written += n;
  if (log->written == length) {
    g_free (g_queue_pop_head (&log->waiting));
    log->written = 0;
  }
  return TRUE;
}

void
log_file_flush (LogFile *log)
{
  while (log->waiting.length > 0)
    if (!write_line (log)) {
      /* EIO: a terminal that is closed */
      log->is_cut_off = !log->path && (errno == EPIPE || errno == EIO);
      if (!log->is_cut_off)
        set_stuck (log, TRUE,
            errno == EAGAIN ? "nobody reads it" : g_strerror (errno));
      return;
    }
  set_stuck (log, FALSE, NULL);
}

void
log_file_add (LogFile *log, const char *line)
{
  g_queue_push_tail (&log->waiting, g_strconcat (line, "\n", NULL));
  if (log->waiting.length > MAX_WAITING) {
    /* the oldest but the first, which may be half written */
    g_free (g_queue_pop_nth (&log->waiting, 1));
    log->n_lost++;
  }
  /* while it is stuck, each line would try in vain */
  if (!log->is_stuck || !log->path)
    log_file_flush (log);
}

void
log_file_reopen (LogFile *log)
{
  if (!log->path)
    return;
  close_file (log);
  open_file (log, NULL);
  log_file_flush (log);
}

gboolean
log_file_is_cut_off (const LogFile *log)
{
  return log->is_cut_off;
}

guint
log_file_get_n_waiting (const LogFile *log)
{
  return log->waiting.length;
}

guint64
log_file_get_n_lost (const LogFile *log)
{
  return log->n_lost;
}
