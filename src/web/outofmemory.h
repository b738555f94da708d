/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Tells a process that breaks down because it gets no more memory from one that
 * breaks down for another reason: libraries abort, or use what they did not get. */

#pragma once

#include <glib.h>

/* From now on this process exits with @status if an allocation or a thread is refused
 * and it is ended by a signal for that.  It is a matter of its fate's name alone: a
 * process that was taken over may say so at any time.  To be called once. */
void out_of_memory_catch (int status);
/* Whether this process could hardly get any more memory now: why something has failed
 * that reports no reason of its own. */
gboolean out_of_memory_is_near (void);
