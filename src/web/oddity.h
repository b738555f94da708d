/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Whether this process is still as it was when it started, so that it may get another
 * file. */

#pragma once

#include <glib.h>

/* A library has logged something of this level; in any thread. */
void oddity_note_log (GLogLevelFlags level);
/* Whether a library has warned of something, or this process has used much memory, or
 * more than @cpu_seconds of processor time. */
gboolean oddity_is_found (guint cpu_seconds);
