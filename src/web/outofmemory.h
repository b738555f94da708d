/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Tells a process that breaks down because it gets no more memory from one that
 * breaks down for another reason: libraries abort, or use what they did not get. */

#pragma once

#include <glib.h>

/* From now on this process exits with @status if an allocation is refused and it is
 * ended by a signal for that.  When a thread is refused it exits at once: with @status if
 * there is no memory for it, otherwise with @no_thread, as its user or its group of
 * processes may have no more.  It is a matter of its fate's name alone: a process that was
 * taken over may say so at any time.  To be called once. */
void out_of_memory_catch (int status, int no_thread);
/* Exits in the same way if this process could hardly get any more memory now, or no
 * thread: why something has failed that reports no reason of its own. */
void out_of_memory_check (void);
