/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tagserror.h"

#include <errno.h>

/* clang-format would put spaces around the hyphens of the name */
/* clang-format off */
G_DEFINE_QUARK (tags-error-quark, tags_error)
/* clang-format on */

static Reason
reason_from_errno (int number, Reason otherwise)
{
  switch (number) {
    case ENOSPC:
    case EDQUOT:
      return REASON_NO_SPACE;
    case ENOENT:
      return REASON_NOT_FOUND;
    case EROFS:
      return REASON_READ_ONLY;
    default:
      return otherwise;
  }
}

gboolean
tags_error_set (GError **error, Reason reason, const char *message)
{
  g_set_error_literal (error, TAGS_ERROR, (int) reason, message);
  return FALSE;
}

gboolean
tags_error_set_errno (GError **error, Reason reason, const char *what)
{
  int number = errno;

  g_set_error (error, TAGS_ERROR, (int) reason_from_errno (number, reason),
      "%s: %s.", what, g_strerror (number));
  return FALSE;
}

Reason
tags_error_get_reason (const GError *error)
{
  return error->domain == TAGS_ERROR ? (Reason) error->code : REASON_INTERNAL;
}
