/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Whether it was for want of a thread that something failed: the user, or the group of
 * processes, may have no more.  Libraries wait for one that could not be started, or
 * abort; few report it. */

#pragma once

#include <glib.h>

/* Whether a message that was logged says so. */
gboolean no_thread_is_said (const char *message);
/* Whether this process could start no thread now. */
gboolean no_thread_is_left (void);
