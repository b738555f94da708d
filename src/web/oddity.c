/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "oddity.h"

#include <sys/resource.h>

/* kB in memory, at most, of a process that has played files as they should be: the
 * libraries and models take 60000, a song some 20000 more */
#define MUCH_MEMORY (256 << 10)

static gint has_warned; /* atomic */

void
oddity_note_log (GLogLevelFlags level)
{
  if (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING))
    g_atomic_int_set (&has_warned, TRUE);
}

gboolean
oddity_is_found (guint cpu_seconds)
{
  struct rusage usage;

  return g_atomic_int_get (&has_warned) ||
      getrusage (RUSAGE_SELF, &usage) < 0 || usage.ru_maxrss > MUCH_MEMORY ||
      usage.ru_utime.tv_sec + usage.ru_stime.tv_sec >= (time_t) cpu_seconds;
}
