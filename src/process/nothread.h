/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Whether it was for want of a thread that something failed: the user, or the group of
 * processes, may have no more.  Libraries wait for one that could not be started, or
 * abort; few report it. */

#pragma once

#include <signal.h>

#include <glib.h>

/* Whether a message that was logged says so. */
gboolean no_thread_is_said (const char *message);
/* From now on this process exits with @status when a library that cannot go on says so,
 * having written @sentence, which may be NULL, to stderr, instead of the message.  But
 * not while @held, which may be NULL, is set.  May be called again, in a process that was
 * forked.  It takes GLib's log writer. */
void no_thread_catch (
    int status, const char *sentence, const volatile sig_atomic_t *held);
/* Whether this process could start no thread now. */
gboolean no_thread_is_left (void);
