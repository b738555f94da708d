/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What processes in their sandboxes can no longer do, tried by children of this one. */

#include "process/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <glib/gstdio.h>

static char *folder, *file;

/* Support */

/* Writes the names of the attempts with another outcome than there must be. */
typedef void (*Attempts) (int output);

static void
report (int output, gboolean is_right, const char *name)
{
  if (!is_right)
    dprintf (output, "%s (%s)\n", name, g_strerror (errno));
}

/* by the filter, and for no other reason */
#define REFUSED(call)                                                          \
  report (output, (errno = 0, (call) < 0) && errno == EPERM, #call)
#define POSSIBLE(call) report (output, (errno = 0, (call) >= 0), #call)

static void
check (Attempts attempts, gboolean is_nobody)
{
  int ends[2], status;
  char text[8192];
  gsize size = 0;
  gssize n;
  pid_t child;

  g_assert_cmpint (pipe (ends), ==, 0);
  child = fork ();
  if (child == 0) {
    struct passwd *nobody = is_nobody ? getpwnam ("nobody") : NULL;

    if (nobody && (setgid (nobody->pw_gid) < 0 || setuid (nobody->pw_uid) < 0))
      _exit (2);
    attempts (ends[1]);
    _exit (0);
  }
  close (ends[1]);
  while ((n = read (ends[0], text + size, sizeof text - 1 - size)) > 0)
    size += n;
  close (ends[0]);
  text[size] = '\0';
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_cmpint (status, ==, 0);
  g_assert_cmpstr (text, ==, "");
}

static void
check_both (Attempts attempts)
{
  check (attempts, FALSE);
  if (getuid () == 0)
    check (attempts, TRUE);
}

/* Threads */

static gpointer
rest (gpointer data)
{
  (void) data;
  for (;;)
    pause ();
  return NULL;
}

static const SandboxLimits limits = {
  .memory = G_GUINT64_CONSTANT (1) << 46,
  .descriptors = 100,
  .receives_on = -1,
  .sends_on = -1,
};

/* Limits are of one thread each. */
static void
enter_with_threads (int output)
{
  g_thread_new ("other", rest, NULL);
  report (output, !sandbox_enter_network (NULL), "network");
  report (output, !sandbox_enter (&limits, NULL), "computing");
  sandbox_isolate ();
  report (output, !sandbox_enter (&limits, NULL), "in an empty root");
}

static void
test_threads (void)
{
  check_both (enter_with_threads);
}

/* Computing */

static void
compute (int output)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) attempts = NULL;
  GVariantIter iter;
  const char *name;
  gboolean possible;

  sandbox_isolate ();
  if (!sandbox_enter (&limits, &error)) {
    dprintf (output, "%s\n", error->message);
    return;
  }
  attempts = sandbox_try ();
  g_variant_iter_init (&iter, attempts);
  while (g_variant_iter_next (&iter, "(&sb)", &name, &possible))
    if (possible)
      dprintf (output, "%s\n", name);
}

static void
test_computing (void)
{
  check_both (compute);
}

/* The network */

static void
try_files (int output)
{
  g_autofree char *other = g_build_filename (folder, "other", NULL);
  struct stat info;

  POSSIBLE (open (file, O_RDONLY | O_CLOEXEC));
  POSSIBLE (open (folder, O_RDONLY | O_DIRECTORY));
  REFUSED (open (file, O_WRONLY));
  REFUSED (open (file, O_RDWR));
  REFUSED (open (file, O_ACCMODE));
  REFUSED (open (file, O_RDONLY | O_TRUNC));
  REFUSED (open (other, O_RDONLY | O_CREAT, 0600));
  REFUSED (open (folder, O_TMPFILE | O_RDWR, 0600));
  REFUSED (syscall (SYS_openat2, AT_FDCWD, file, NULL, 0));
  REFUSED (rename (file, other));
  REFUSED (link (file, other));
  REFUSED (symlink (file, other));
  REFUSED (unlink (file));
  REFUSED (mkdir (other, 0700));
  REFUSED (truncate (file, 0));
  REFUSED (chmod (file, 0600));
  REFUSED (syscall (452, AT_FDCWD, file, 0600, 0));
  REFUSED (chown (file, getuid (), getgid ()));
  REFUSED (lchown (file, getuid (), getgid ()));
  REFUSED (utimensat (AT_FDCWD, file, NULL, 0));
  REFUSED (setxattr (file, "user.x", "", 0, 0));
  REFUSED (lsetxattr (file, "user.x", "", 0, 0));
  REFUSED (fsetxattr (-1, "user.x", "", 0, 0));
  REFUSED (removexattr (file, "user.x"));
  REFUSED (lremovexattr (file, "user.x"));
  REFUSED (fremovexattr (-1, "user.x"));
  report (output, stat (file, &info) == 0 && info.st_size == 4, "it is whole");
  report (output, stat (other, &info) < 0, "there is no other");
}

static void
try_sockets (int output)
{
  int pair[2];
  struct addrinfo *found = NULL;

  POSSIBLE (socket (AF_INET, SOCK_STREAM, 0));
  POSSIBLE (socket (AF_INET6, SOCK_DGRAM, 0));
  POSSIBLE (socketpair (AF_UNIX, SOCK_STREAM, 0, pair));
  report (output, getaddrinfo ("localhost", "80", NULL, &found) == 0, "names");
  REFUSED (socket (AF_UNIX, SOCK_STREAM, 0));
  REFUSED (socket (AF_UNSPEC, SOCK_STREAM, 0));
  REFUSED (socket (AF_AX25, SOCK_STREAM, 0));
  REFUSED (socket (AF_NETLINK, SOCK_RAW, 0));
  REFUSED (socket (AF_PACKET, SOCK_RAW, 0));
  REFUSED (syscall (
      SYS_socket, (G_GUINT64_CONSTANT (1) << 32) | AF_UNIX, SOCK_STREAM, 0));
  REFUSED (listen (socket (AF_INET, SOCK_STREAM, 0), 1));
}

static void
try_processes (int output)
{
  const pid_t parent = getppid ();
  struct rlimit limit;
  siginfo_t info = { .si_code = SI_QUEUE };
  char *const argv[] = { (char *) "/bin/true", NULL };
  const guint64 high = G_GUINT64_CONSTANT (1) << 32;

  POSSIBLE (syscall (SYS_tgkill, getpid (), syscall (SYS_gettid), 0));
  POSSIBLE (getrlimit (RLIMIT_NOFILE, &limit));
  REFUSED (kill (parent, 0));
  REFUSED (kill (getpid (), 0));
  REFUSED (syscall (SYS_tkill, parent, 0));
  REFUSED (syscall (SYS_tgkill, parent, parent, 0));
  REFUSED (syscall (SYS_rt_sigqueueinfo, parent, SIGCONT, &info));
  REFUSED (syscall (SYS_rt_tgsigqueueinfo, parent, parent, SIGCONT, &info));
  REFUSED (syscall (SYS_pidfd_open, parent, 0));
  REFUSED (syscall (SYS_pidfd_send_signal, -1, SIGCONT, NULL, 0));
  REFUSED (prlimit (parent, RLIMIT_NOFILE, NULL, &limit));
  REFUSED (prctl (PR_SET_DUMPABLE, 1, 0, 0, 0));
  REFUSED (syscall (SYS_prctl, high | PR_SET_DUMPABLE, 1, 0, 0, 0));
  REFUSED (shmget (IPC_PRIVATE, 4096, 0600));
  /* not ENOTTY */
  REFUSED (ioctl (output, TIOCSTI, "x"));
  REFUSED (syscall (SYS_ioctl, output, high | TIOCSTI, "x"));
  REFUSED (ioctl (output, TIOCLINUX, "\3"));
  REFUSED (unshare (CLONE_NEWUSER));
  REFUSED (syscall (SYS_io_uring_setup, 4, NULL));
  REFUSED (syscall (SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL));
  REFUSED (fork ());
  REFUSED (execv (argv[0], argv));
  report (output, prctl (PR_GET_DUMPABLE) == 0, "hidden memory");
}

static gpointer
get_one (gpointer data)
{
  (void) data;
  return GINT_TO_POINTER (1);
}

static void
use_network (int output)
{
  g_autoptr (GError) error = NULL;

  if (!sandbox_enter_network (&error)) {
    dprintf (output, "%s\n", error->message);
    return;
  }
  try_files (output);
  try_sockets (output);
  try_processes (output);
  /* threads look up names */
  report (output, g_thread_join (g_thread_new ("other", get_one, NULL)) != NULL,
      "threads");
}

static void
test_network (void)
{
  check_both (use_network);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
#ifdef __SANITIZE_THREAD__
  /* it has a thread of its own */
  return 77;
#endif
  if (prctl (PR_GET_SECCOMP) < 0) {
    /* so it is in QEMU, which runs programs of other processors */
    g_print ("1..0 # SKIP there is no seccomp here (%s)\n", g_strerror (errno));
    return 0;
  }
  folder = g_dir_make_tmp ("sandbox-XXXXXX", NULL);
  file = g_build_filename (folder, "file", NULL);
  g_assert_true (g_file_set_contents (file, "text", -1, NULL));
  /* nobody is to fail for the sandbox alone */
  g_assert_cmpint (chmod (folder, 0777), ==, 0);
  g_assert_cmpint (chmod (file, 0666), ==, 0);
  g_test_add_func ("/sandbox/threads", test_threads);
  g_test_add_func ("/sandbox/computing", test_computing);
  g_test_add_func ("/sandbox/network", test_network);
  status = g_test_run ();
  g_remove (file);
  g_rmdir (folder);
  return status;
}
