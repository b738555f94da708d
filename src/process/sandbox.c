/* SPDX-License-Identifier: GPL-2.0-or-later */

#define _GNU_SOURCE

#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <gio/gio.h>
#include <seccomp.h>

/* The system calls that decoders, GLib, malloc and threads need.  None of them
 * opens anything. */
static const int allowed[] = {
  SCMP_SYS (brk),
  SCMP_SYS (clock_getres),
  SCMP_SYS (clock_gettime),
  SCMP_SYS (clock_nanosleep),
  SCMP_SYS (close),
  SCMP_SYS (eventfd2),
  SCMP_SYS (exit),
  SCMP_SYS (exit_group),
  SCMP_SYS (fstat),
  SCMP_SYS (futex),
  SCMP_SYS (getcpu),
  SCMP_SYS (getpid),
  SCMP_SYS (getrandom),
  SCMP_SYS (getrusage),
  SCMP_SYS (gettid),
  SCMP_SYS (gettimeofday),
  SCMP_SYS (lseek),
  SCMP_SYS (madvise),
  SCMP_SYS (membarrier),
  SCMP_SYS (mmap),
  SCMP_SYS (mprotect),
  SCMP_SYS (mremap),
  SCMP_SYS (munmap),
  SCMP_SYS (nanosleep),
  SCMP_SYS (pipe2),
  SCMP_SYS (poll),
  SCMP_SYS (ppoll),
  SCMP_SYS (pread64),
  SCMP_SYS (read),
  SCMP_SYS (readv),
  SCMP_SYS (restart_syscall),
  SCMP_SYS (rseq),
  SCMP_SYS (rt_sigaction),
  SCMP_SYS (rt_sigprocmask),
  SCMP_SYS (rt_sigreturn),
  SCMP_SYS (sched_getaffinity),
  SCMP_SYS (sched_yield),
  SCMP_SYS (set_robust_list),
  SCMP_SYS (sigaltstack),
  SCMP_SYS (time),
  SCMP_SYS (uname),
  SCMP_SYS (write),
  SCMP_SYS (writev),
  /* these tell that a file exists, not what is in it: libraries look for theirs */
  SCMP_SYS (newfstatat),
  SCMP_SYS (stat),
};

static gboolean
set_limit (int resource, guint64 value)
{
  struct rlimit limit;

  /* a limit can only be lowered */
  if (getrlimit (resource, &limit) < 0)
    return FALSE;
  limit.rlim_max = MIN (limit.rlim_max, value);
  limit.rlim_cur = limit.rlim_max;
  return setrlimit (resource, &limit) == 0;
}

static gboolean
limit_memory (guint64 size)
{
#ifdef __SANITIZE_ADDRESS__
  /* its shadow alone is beyond any limit */
  return TRUE;
#else
  return set_limit (RLIMIT_AS, size);
#endif
}

/* The process, if it had more than one thread before its root was changed; else 0. */
static pid_t crowded;

static gboolean
has_one_thread (void)
{
  g_autoptr (GDir) threads = NULL;
  guint n = 0;

  /* this changes nothing, and only a process with one thread may do it */
  if (unshare (CLONE_THREAD) == 0)
    return TRUE;
  if (errno == EINVAL)
    return FALSE;
  /* some containers allow no call of that name */
  threads = g_dir_open ("/proc/self/task", 0, NULL);
  if (!threads)
    return getpid () != crowded;
  while (g_dir_read_name (threads))
    n++;
  return n == 1;
}

static gboolean
drop_capabilities (void)
{
  struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
  struct __user_cap_data_struct none[2];

  memset (none, 0, sizeof none);
  return syscall (SYS_capset, &header, none) == 0;
}

/* Loads @filter, unless @status is that of an error, and frees it.  All threads get it, or
 * none. */
static int
load_filter (scmp_filter_ctx filter, int status)
{
  if (status == 0)
    status = seccomp_attr_set (filter, SCMP_FLTATR_CTL_TSYNC, 1);
  if (status == 0)
    status = seccomp_load (filter);
  if (filter)
    seccomp_release (filter);
  return status;
}

/* Every other system call fails with EPERM, which libraries take for a plain
 * failure. */
static int
filter_system_calls (const SandboxLimits *limits)
{
  scmp_filter_ctx filter = seccomp_init (SCMP_ACT_ERRNO (EPERM));
  const guint64 thread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
      CLONE_THREAD;
  int status = filter ? 0 : -ENOMEM;

  for (guint i = 0; status == 0 && i < G_N_ELEMENTS (allowed); i++) {
    status = seccomp_rule_add (filter, SCMP_ACT_ALLOW, allowed[i], 0);
    if (status == -EDOM) /* this architecture has no such call */
      status = 0;
  }
  /* clone may make threads, but no processes.  The filter cannot see the flags
   * of clone3: it is "not implemented", and libc then uses clone */
  if (status == 0)
    status = seccomp_rule_add (filter, SCMP_ACT_ALLOW, SCMP_SYS (clone), 1,
        SCMP_A0 (SCMP_CMP_MASKED_EQ, thread, thread));
  if (status == 0)
    status = seccomp_rule_add (
        filter, SCMP_ACT_ERRNO (ENOSYS), SCMP_SYS (clone3), 0);
  /* abort() sends a signal to its own process */
  if (status == 0)
    status = seccomp_rule_add (filter, SCMP_ACT_ALLOW, SCMP_SYS (tgkill), 1,
        SCMP_A0 (SCMP_CMP_EQ, (scmp_datum_t) getpid ()));
  if (status == 0)
    status = seccomp_rule_add (filter, SCMP_ACT_ALLOW, SCMP_SYS (prctl), 1,
        SCMP_A0 (SCMP_CMP_EQ, PR_SET_NAME));
  /* GstPoll uses a pair of connected sockets; they lead nowhere else */
  if (status == 0)
    status = seccomp_rule_add (filter, SCMP_ACT_ALLOW, SCMP_SYS (socketpair), 1,
        SCMP_A0 (SCMP_CMP_EQ, AF_UNIX));
  /* whoever takes that number for another socket has one of such a pair */
  if (status == 0 && limits->receives_on >= 0)
    status = seccomp_rule_add (filter, SCMP_ACT_ALLOW, SCMP_SYS (recvmsg), 1,
        SCMP_A0 (SCMP_CMP_EQ, (scmp_datum_t) limits->receives_on));
  if (status == 0 && limits->sends_on >= 0)
    status = seccomp_rule_add (filter, SCMP_ACT_ALLOW, SCMP_SYS (sendmsg), 1,
        SCMP_A0 (SCMP_CMP_EQ, (scmp_datum_t) limits->sends_on));
  for (guint i = 0; status == 0 && i < 4; i++)
    status = seccomp_rule_add (filter, SCMP_ACT_ALLOW, SCMP_SYS (fcntl), 1,
        SCMP_A1 (SCMP_CMP_EQ,
            ((const int[]){ F_GETFD, F_SETFD, F_GETFL, F_SETFL })[i]));
  return load_filter (filter, status);
}

void
sandbox_isolate (void)
{
  g_autofree char *root = g_dir_make_tmp ("genreclassify-XXXXXX", NULL);

  crowded = has_one_thread () ? 0 : getpid ();
  /* with a user namespace, a user who is not root may have the others too */
  if (unshare (CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC) < 0)
    (void) !unshare (CLONE_NEWNET | CLONE_NEWIPC);
  if (root && chdir (root) == 0) {
    /* without a name it stays empty */
    (void) !rmdir (root);
    (void) !chroot (".");
    (void) !chdir ("/");
  }
}

/* @code is errno. */
static gboolean
set_system_error (GError **error, const char *what, int code)
{
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "%s: %s.", what,
      g_strerror (code));
  return FALSE;
}

/* What another thread would keep; the filter takes no privileges from it. */
static gboolean
drop_privileges (GError **error)
{
  if (!has_one_thread ()) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED,
        "The process has more than one thread, and only one can be limited.");
    return FALSE;
  }
  if (!drop_capabilities ())
    return set_system_error (error, "Capabilities cannot be dropped", errno);
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
    return set_system_error (error, "New privileges cannot be given up", errno);
  return TRUE;
}

gboolean
sandbox_enter (const SandboxLimits *limits, GError **error)
{
  int status;

  if (!set_limit (RLIMIT_CORE, 0) || !set_limit (RLIMIT_FSIZE, 0) ||
      !set_limit (RLIMIT_NOFILE, limits->descriptors) ||
      !limit_memory (limits->memory) ||
      (limits->cpu_seconds && !set_limit (RLIMIT_CPU, limits->cpu_seconds)))
    return set_system_error (error, "A limit cannot be set", errno);
  if (!drop_privileges (error))
    return FALSE;
  status = filter_system_calls (limits);
  if (status < 0)
    return set_system_error (error, "System calls cannot be filtered", -status);
  return TRUE;
}

/* What a process with network has no use for. */
static const int forbidden[] = {
  SCMP_SYS (acct), SCMP_SYS (add_key), SCMP_SYS (bpf), SCMP_SYS (chmod),
  SCMP_SYS (chown), SCMP_SYS (chroot), SCMP_SYS (creat), SCMP_SYS (execve),
  SCMP_SYS (execveat), SCMP_SYS (fchmod), SCMP_SYS (fchmodat),
  SCMP_SYS (fchown), SCMP_SYS (fchownat), SCMP_SYS (fork),
  SCMP_SYS (fremovexattr), SCMP_SYS (fsetxattr), SCMP_SYS (futimesat),
  SCMP_SYS (init_module), SCMP_SYS (io_uring_setup), SCMP_SYS (kcmp),
  SCMP_SYS (keyctl), SCMP_SYS (kill), SCMP_SYS (lchown), SCMP_SYS (link),
  SCMP_SYS (linkat), SCMP_SYS (listen), SCMP_SYS (lremovexattr),
  SCMP_SYS (lsetxattr), SCMP_SYS (migrate_pages), SCMP_SYS (mkdir),
  SCMP_SYS (mkdirat), SCMP_SYS (mknod), SCMP_SYS (mknodat), SCMP_SYS (mount),
  SCMP_SYS (move_pages), SCMP_SYS (mq_open), SCMP_SYS (mq_unlink),
  SCMP_SYS (msgctl), SCMP_SYS (msgget), SCMP_SYS (msgrcv), SCMP_SYS (msgsnd),
  SCMP_SYS (open_by_handle_at), SCMP_SYS (openat2), SCMP_SYS (perf_event_open),
  SCMP_SYS (pidfd_getfd), SCMP_SYS (pidfd_open), SCMP_SYS (pidfd_send_signal),
  SCMP_SYS (process_madvise), SCMP_SYS (process_vm_readv),
  SCMP_SYS (process_vm_writev), SCMP_SYS (ptrace), SCMP_SYS (removexattr),
  SCMP_SYS (rename), SCMP_SYS (renameat), SCMP_SYS (renameat2),
  SCMP_SYS (request_key), SCMP_SYS (rmdir), SCMP_SYS (rt_sigqueueinfo),
  SCMP_SYS (rt_tgsigqueueinfo), SCMP_SYS (semctl), SCMP_SYS (semget),
  SCMP_SYS (semop), SCMP_SYS (semtimedop), SCMP_SYS (setns),
  SCMP_SYS (setxattr), SCMP_SYS (shmat), SCMP_SYS (shmctl), SCMP_SYS (shmget),
  SCMP_SYS (symlink), SCMP_SYS (symlinkat), SCMP_SYS (tkill),
  SCMP_SYS (truncate), SCMP_SYS (unlink), SCMP_SYS (unlinkat),
  SCMP_SYS (unshare), SCMP_SYS (userfaultfd), SCMP_SYS (utime),
  SCMP_SYS (utimensat), SCMP_SYS (utimes), SCMP_SYS (vfork),
  /* newer than the library; their numbers are the same everywhere */
  452, /* fchmodat2 */
  463, /* setxattrat */
  466, /* removexattrat */
  469, /* file_setattr */
};

/* Forbids a call with an argument, which this architecture may not have. */
static int
forbid (scmp_filter_ctx filter, int call, struct scmp_arg_cmp argument)
{
  int status = seccomp_rule_add_array (
      filter, SCMP_ACT_ERRNO (EPERM), call, 1, &argument);

  return status == -EDOM ? 0 : status;
}

/* Forbids to open files but for reading what there is. */
static int
forbid_writing (scmp_filter_ctx filter)
{
  static const int flags[][2] = { { O_ACCMODE, O_WRONLY },
    { O_ACCMODE, O_RDWR }, { O_ACCMODE, O_ACCMODE }, { O_CREAT, O_CREAT },
    { O_TRUNC, O_TRUNC } };
  int status = 0;

  for (guint i = 0; status == 0 && i < G_N_ELEMENTS (flags); i++) {
    status = forbid (filter, SCMP_SYS (open),
        SCMP_A1 (SCMP_CMP_MASKED_EQ, flags[i][0], flags[i][1]));
    if (status == 0)
      status = forbid (filter, SCMP_SYS (openat),
          SCMP_A2 (SCMP_CMP_MASKED_EQ, flags[i][0], flags[i][1]));
  }
  return status;
}

/* Forbids all sockets but those of IP.  A service of this machine would do what is asked
 * of it, such as running a program. */
static int
forbid_local_sockets (scmp_filter_ctx filter)
{
  int status = forbid (
      filter, SCMP_SYS (socket), SCMP_A0 (SCMP_CMP_LT, AF_INET));

  for (int i = AF_INET + 1; status == 0 && i < AF_INET6; i++)
    status = forbid (filter, SCMP_SYS (socket), SCMP_A0 (SCMP_CMP_EQ, i));
  return status
      ? status
      : forbid (filter, SCMP_SYS (socket), SCMP_A0 (SCMP_CMP_GT, AF_INET6));
}

/* Forbids what reaches another process, or lets one reach this. */
static int
forbid_others (scmp_filter_ctx filter)
{
  /* the kernel looks at no more of it */
  const guint64 command = G_MAXUINT32;
  /* threads, but no processes */
  int status = forbid (
      filter, SCMP_SYS (clone), SCMP_A0 (SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));

  /* abort() sends a signal to its own process */
  if (status == 0)
    status = forbid (filter, SCMP_SYS (tgkill),
        SCMP_A0 (SCMP_CMP_NE, (scmp_datum_t) getpid ()));
  if (status == 0)
    status = forbid (filter, SCMP_SYS (prlimit64), SCMP_A0 (SCMP_CMP_NE, 0));
  if (status == 0)
    status = forbid (filter, SCMP_SYS (prctl),
        SCMP_A0 (SCMP_CMP_MASKED_EQ, command, PR_SET_DUMPABLE));
  if (status == 0)
    status = forbid (filter, SCMP_SYS (prctl),
        SCMP_A0 (SCMP_CMP_MASKED_EQ, command, PR_SET_PTRACER));
  /* a terminal takes that for what was typed */
  if (status == 0)
    status = forbid (filter, SCMP_SYS (ioctl),
        SCMP_A1 (SCMP_CMP_MASKED_EQ, command, TIOCSTI));
  if (status == 0)
    status = forbid (filter, SCMP_SYS (ioctl),
        SCMP_A1 (SCMP_CMP_MASKED_EQ, command, TIOCLINUX));
  return status;
}

static int
filter_network_calls (void)
{
  scmp_filter_ctx filter = seccomp_init (SCMP_ACT_ALLOW);
  int status = filter ? 0 : -ENOMEM;

  for (guint i = 0; status == 0 && i < G_N_ELEMENTS (forbidden); i++) {
    status = seccomp_rule_add (filter, SCMP_ACT_ERRNO (EPERM), forbidden[i], 0);
    if (status == -EDOM) /* this architecture has no such call */
      status = 0;
  }
  if (status == 0)
    status = forbid_writing (filter);
  if (status == 0)
    status = forbid_local_sockets (filter);
  if (status == 0)
    status = forbid_others (filter);
  /* the filter cannot see the flags of that: libc uses clone instead */
  if (status == 0)
    status = seccomp_rule_add (
        filter, SCMP_ACT_ERRNO (ENOSYS), SCMP_SYS (clone3), 0);
  return load_filter (filter, status);
}

gboolean
sandbox_enter_network (GError **error)
{
  int status;

  if (!set_limit (RLIMIT_CORE, 0) || !set_limit (RLIMIT_FSIZE, 0))
    return set_system_error (error, "A limit cannot be set", errno);
  if (!drop_privileges (error))
    return FALSE;
  /* no other process of the same user reads its memory, another one of this kind, say */
  if (prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
    return set_system_error (error, "The memory cannot be hidden", errno);
  status = filter_network_calls ();
  if (status < 0)
    return set_system_error (error, "System calls cannot be filtered", -status);
  return TRUE;
}

static void
add_attempt (GVariantBuilder *attempts, const char *name, gboolean possible)
{
  g_variant_builder_add (attempts, "(sb)", name, possible);
}

/* Whether a descriptor can be sent, or received from another socket than that of the
 * requests. */
static gboolean
try_descriptors (void)
{
  int sockets[2];
  char byte = 0;
  struct iovec part = { &byte, 1 };
  struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

  return socketpair (AF_UNIX, SOCK_SEQPACKET, 0, sockets) < 0 ||
      sendmsg (sockets[0], &message, MSG_DONTWAIT) >= 0 || errno != EPERM ||
      recvmsg (sockets[1], &message, MSG_DONTWAIT) >= 0 || errno != EPERM;
}

GVariant *
sandbox_try (void)
{
  GVariantBuilder attempts;
  char *const argv[] = { (char *) "/bin/true", NULL };
  struct rlimit limit;
  pid_t child;

  g_variant_builder_init (&attempts, G_VARIANT_TYPE (SANDBOX_ATTEMPTS_TYPE));
  add_attempt (&attempts, "read /etc/passwd",
      open ("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0 ||
          openat (AT_FDCWD, "etc/passwd", O_RDONLY | O_CLOEXEC) >= 0 ||
          syscall (SYS_openat2, AT_FDCWD, "/etc/passwd", NULL, 0) >= 0);
  add_attempt (&attempts, "read its own memory's file",
      open ("/proc/self/maps", O_RDONLY | O_CLOEXEC) >= 0);
  add_attempt (&attempts, "write a file",
      open ("/tmp/genreclassify-was-here", O_WRONLY | O_CREAT, 0600) >= 0 ||
          open ("here", O_WRONLY | O_CREAT, 0600) >= 0);
  add_attempt (
      &attempts, "list a folder", open ("/", O_RDONLY | O_DIRECTORY) >= 0);
  add_attempt (
      &attempts, "remove a file", unlink ("/tmp/x") == 0 || errno != EPERM);
  add_attempt (&attempts, "open a socket",
      socket (AF_INET, SOCK_STREAM, 0) >= 0 ||
          socket (AF_INET6, SOCK_DGRAM, 0) >= 0 ||
          socket (AF_UNIX, SOCK_STREAM, 0) >= 0 ||
          socket (AF_NETLINK, SOCK_RAW, 0) >= 0);
  add_attempt (&attempts, "pass a descriptor on", try_descriptors ());
  child = fork ();
  if (child == 0)
    _exit (0);
  add_attempt (&attempts, "start a process", child > 0);
  add_attempt (&attempts, "signal another process",
      kill (getppid (), 0) == 0 || kill (1, 0) == 0);
  add_attempt (&attempts, "trace a process",
      ptrace (PTRACE_TRACEME, 0, NULL, NULL) == 0);
  add_attempt (&attempts, "raise a limit",
      getrlimit (RLIMIT_AS, &limit) == 0 || setrlimit (RLIMIT_AS, &limit) == 0);
  add_attempt (&attempts, "io_uring",
      syscall (SYS_io_uring_setup, 4, NULL) >= 0 || errno != EPERM);
  execv (argv[0], argv);
  /* still here: execv() has failed */
  add_attempt (&attempts, "run a program", FALSE);
  return g_variant_ref_sink (g_variant_builder_end (&attempts));
}
