/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "workerchild.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib-unix.h>

#include "worker.h"

static void
close_pipe (const int ends[2])
{
  close (ends[0]);
  close (ends[1]);
}

/* FALSE if there is none, or if it would be in the way of stdin, stdout or stderr, which
 * are closed. */
static gboolean
open_pipe (int ends[2])
{
  if (!g_unix_open_pipe (ends, FD_CLOEXEC, NULL))
    return FALSE;
  if (MIN (ends[0], ends[1]) > STDERR_FILENO)
    return TRUE;
  close_pipe (ends);
  return FALSE;
}

/* Plugins that GStreamer had to load itself may have started some. */
static gboolean
has_threads (void)
{
  struct stat info;

  /* a folder's links: two, and one for each folder in it, which are the threads */
  return stat ("/proc/self/task", &info) < 0 || info.st_nlink != 3;
}

/* Closes what exec() would: locks of files, above all, which would outlive this
 * process. */
static void
close_on_exec (void)
{
  DIR *folder = opendir ("/proc/self/fd");
  struct dirent *entry;

  while (folder && (entry = readdir (folder))) {
    const int fd = atoi (entry->d_name);

    if (fd > STDERR_FILENO && fd != dirfd (folder) &&
        fcntl (fd, F_GETFD) == FD_CLOEXEC)
      close (fd);
  }
  if (folder)
    closedir (folder);
}

/* The copy: its stdin and stdout become the pipes. */
G_NORETURN static void
run_copy (pid_t parent, const int requests[2], const int answers[2])
{
  if (dup2 (requests[0], STDIN_FILENO) < 0 ||
      dup2 (answers[1], STDOUT_FILENO) < 0)
    _exit (1);
  close_on_exec ();
  exit (worker_run (parent));
}

void
worker_child_fork (WorkerChild *child)
{
  const pid_t parent = getpid ();
  int requests[2], answers[2];
  pid_t pid;

  *child = (WorkerChild){ 0 };
  if (has_threads () || !open_pipe (requests))
    return;
  if (!open_pipe (answers)) {
    close_pipe (requests);
    return;
  }
  pid = fork ();
  if (pid == 0)
    run_copy (parent, requests, answers);
  if (pid < 0) {
    close_pipe (requests);
    close_pipe (answers);
    return;
  }
  close (requests[0]);
  close (answers[1]);
  *child = (WorkerChild){ pid, requests[1], answers[0] };
}

gboolean
worker_child_spawn (WorkerChild *child, GError **error)
{
  g_auto (GStrv) argv = worker_get_argv ();

  return g_spawn_async_with_pipes (NULL, argv, NULL,
      G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_CLOEXEC_PIPES, NULL, NULL,
      &child->pid, &child->in, &child->out, NULL, error);
}

WorkerChild
worker_child_steal (WorkerChild *child)
{
  WorkerChild stolen = { 0 };

  if (child) {
    stolen = *child;
    *child = (WorkerChild){ 0 };
  }
  return stolen;
}

void
worker_child_end (WorkerChild *child)
{
  if (!child->pid)
    return;
  kill (child->pid, SIGKILL);
  close (child->in);
  close (child->out);
  while (waitpid (child->pid, NULL, 0) < 0 && errno == EINTR)
    ;
  *child = (WorkerChild){ 0 };
}
