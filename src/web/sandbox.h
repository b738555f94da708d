/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Restricts what a process can do that decodes the file of a stranger. */

#pragma once

#include <glib.h>

/* Moves this process, which must have one thread, into namespaces of its own, with an
 * empty folder as its root.  Many systems do not allow that; it is a second wall, and
 * sandbox_enter() is enough without it. */
void sandbox_isolate (void);

/* From now on this process and its threads can only compute, and read and write
 * what is open already, or comes over the socket @requests.  They have @cpu_seconds of
 * processor time and @memory bytes of address space.  FALSE with @error (G_IO_ERROR) set if the kernel
 * refuses any of these limits: the process must not go on then. */
gboolean sandbox_enter (
    guint64 cpu_seconds, guint64 memory, int requests, GError **error);

/* The type of what sandbox_try() has found: of each attempt its name, for people,
 * and whether it was possible. */
#define SANDBOX_ATTEMPTS_TYPE "a(sb)"

/* Tries what must not be possible in the sandbox.  Returns: (transfer full): the
 * attempts, of the type SANDBOX_ATTEMPTS_TYPE. */
GVariant *sandbox_try (void);
