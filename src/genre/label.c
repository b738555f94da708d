/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "genremodel.h"

gboolean
genre_labels_match (const char *a, const char *b)
{
  for (;; a++, b++) {
    while (*a && !g_ascii_isalnum (*a))
      a++;
    while (*b && !g_ascii_isalnum (*b))
      b++;
    if (g_ascii_tolower (*a) != g_ascii_tolower (*b))
      return FALSE;
    if (!*a)
      return TRUE;
  }
}
