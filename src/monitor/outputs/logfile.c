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

struct _LogFile
{
  char *path; /* NULL: stdout */
  LogRotation rotation;
  int fd;         /* -1: it could not be opened */
  guint64 size;   /* bytes of the file */
  char *day;      /* that the file was begun on, "20261130" */
  GQueue waiting; /* char *, with the newline */
  gsize written;  /* bytes of the first that the file has already */
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

/* Ends a line that a crash has left half written. */
static void
end_last_line (LogFile *log)
{
  char last;

  if (log->size > 0 && pread (log->fd, &last, 1, log->size - 1) == 1 &&
      last != '\n' && write (log->fd, "\n", 1) == 1)
    log->size++;
}

static gboolean
open_file (LogFile *log, GError **error)
{
  struct stat info;

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
  log->size = fstat (log->fd, &info) == 0 ? info.st_size : 0;
  g_free (log->day);
  log->day = get_day ();
  if (log->size > 0 && log->rotation.is_daily) {
    g_autoptr (GDateTime)
        changed = g_date_time_new_from_unix_local (info.st_mtime);

    g_free (log->day);
    log->day = g_date_time_format (changed, "%Y%m%d");
  }
  /* what waits may begin with the rest of that line */
  if (log->written == 0)
    end_last_line (log);
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

static gboolean
is_due (const LogFile *log, gsize more)
{
  g_autofree char *day = NULL;

  if (!log->path || log->fd < 0 || log->size == 0)
    return FALSE;
  if (log->rotation.size && log->size + more > log->rotation.size)
    return TRUE;
  if (!log->rotation.is_daily)
    return FALSE;
  day = get_day ();
  return !g_str_equal (day, log->day);
}

/* Only between two lines. */
static void
rotate_if_due (LogFile *log, gsize more)
{
  g_autofree char *name = NULL;

  if (log->written > 0 || !is_due (log, more))
    return;
  name = make_old_name (log);
  if (rename (log->path, name) < 0) {
    g_printerr ("genreclassify: The log %s cannot be put aside: %s.\n",
        log->path, g_strerror (errno));
    /* not again with each line */
    log->rotation = (LogRotation){ 0 };
    return;
  }
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

/* Writes the first line that waits, or what is left of it; FALSE if that cannot be. */
static gboolean
write_line (LogFile *log)
{
  const char *line = g_queue_peek_head (&log->waiting);
  gsize length = strlen (line);
  gssize n;

  rotate_if_due (log, length);
  if (log->fd < 0)
    open_file (log, NULL);
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
      log->is_cut_off = !log->path && errno == EPIPE;
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
  /* the rest of a half-written line would begin the other file */
  log->written = 0;
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
