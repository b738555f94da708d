/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "genremodel.h"

/* Of other scripts everything counts, or all that is written in one would be the same. */
static gboolean
counts (char c)
{
  return g_ascii_isalnum (c) || (guchar) c >= 0x80;
}

gboolean
genre_labels_match (const char *a, const char *b)
{
  for (;; a++, b++) {
    while (*a && !counts (*a))
      a++;
    while (*b && !counts (*b))
      b++;
    if (g_ascii_tolower (*a) != g_ascii_tolower (*b))
      return FALSE;
    if (!*a)
      return TRUE;
  }
}
