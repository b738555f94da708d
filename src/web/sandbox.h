/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a process that decodes a stranger's file is still able to do. */

#pragma once

#include <glib.h>

/* Moves this process, which has one thread, into namespaces of its own, and makes
 * @root, a folder, its root.  Not every system lets one do so; TRUE if @root is the
 * root now.  What sandbox_enter() does holds without either. */
gboolean sandbox_isolate (const char *root);

/* From here on, this process and the threads that it makes can only compute, and
 * read and write what is open already.  It gets @cpu_seconds of processor time and
 * @memory bytes of address space.  FALSE with @error set if the kernel refuses any
 * of it. */
gboolean sandbox_enter (guint64 cpu_seconds, guint64 memory, GError **error);

/* Tries, from inside, what must not be possible.  Returns: (transfer full): one line
 * for each attempt, "NAME: refused" or "NAME: POSSIBLE". */
char *sandbox_try (void);
