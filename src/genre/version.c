/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "genrebase.h"

void
genre_version (guint *major, guint *minor, guint *micro)
{
  if (major)
    *major = GENRE_MAJOR_VERSION;
  if (minor)
    *minor = GENRE_MINOR_VERSION;
  if (micro)
    *micro = GENRE_MICRO_VERSION;
}
