/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Restricts what a process can do that decodes the file of a stranger. */

#pragma once

#include <glib.h>

/* Moves this process, which must have one thread, into namespaces of its own, with an
 * empty folder as its root.  Many systems do not allow that; it is a second wall, and
 * sandbox_enter() is enough without it. */
void sandbox_isolate (void);

/* What a process in the sandbox may still have. */
typedef struct
{
  guint64 cpu_seconds; /* of processor time; 0: no limit */
  guint64 memory;      /* bytes of address space */
  guint64 descriptors; /* the most that are open at a time */
  int receives_on;     /* the socket over which descriptors may come, or -1 */
  int sends_on;        /* the socket over which they may be sent, or -1 */
} SandboxLimits;

/* From now on this process and its threads can only compute, and read and write
 * what is open already, or comes over the socket.  FALSE with @error (G_IO_ERROR) set if
 * the kernel refuses any of the limits, or the process has more than one thread: it must
 * not go on then. */
gboolean sandbox_enter (const SandboxLimits *limits, GError **error);

/* For a process that needs the network: from now on it and its threads run no program,
 * start no process, reach no other one, neither by signals nor over local sockets,
 * write and remove no file and gain no privileges.  Reading files and sockets of IP are left
 * to it.  FALSE with @error (G_IO_ERROR) set, also if it has more than one thread. */
gboolean sandbox_enter_network (GError **error);

/* The type of what sandbox_try() has found: of each attempt its name, for people,
 * and whether it was possible. */
#define SANDBOX_ATTEMPTS_TYPE "a(sb)"

/* Tries what must not be possible in the sandbox.  Returns: (transfer full): the
 * attempts, of the type SANDBOX_ATTEMPTS_TYPE. */
GVariant *sandbox_try (void);
