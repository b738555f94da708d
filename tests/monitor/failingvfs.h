/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A file system for SQLite that fails when it is told to. */

#pragma once

#include <glib.h>

/* From now on SQLite uses it. */
void failing_vfs_register (void);
/* Whether it has what the WAL mode needs: file systems of networks may not.  Counts for
 * files that are opened from now on. */
void failing_vfs_allow_wal (gboolean allow);
/* The operation that changes a file @n operations from now fails with @code, before it
 * is done, or after it was. */
void failing_vfs_arm (guint n, int code, gboolean after);
/* No operation fails any more; gives whether one did. */
gboolean failing_vfs_disarm (void);
