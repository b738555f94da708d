/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "error.h"

/* clang-format puts spaces into the name */
/* clang-format off */
G_DEFINE_QUARK (genre-error-quark, genre_error)
/* clang-format on */

gboolean
genre_refuse (GError **error, GenreError code, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  if (error && !*error)
    *error = g_error_new_valist (GENRE_ERROR, code, format, args);
  va_end (args);
  return FALSE;
}
