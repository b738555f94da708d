/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "genrebase.h"
#include "genre/kernels/kernels.h"

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

const char *
genre_get_kernels (GError **error)
{
  const GenreKernels *kernels = genre_kernels_get (error);

  return kernels ? kernels->name : NULL;
}
