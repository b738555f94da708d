/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Writing a whole block of bytes, where one call of write() may write only a part or
 * be interrupted by a signal. */

#pragma once

#include <errno.h>
#include <unistd.h>

#include <glib.h>

G_BEGIN_DECLS

/* Writes all of @data to @fd, whose writes block; FALSE with errno set. */
static inline gboolean
io_write_all (int fd, gconstpointer data, gsize size)
{
  const char *rest = data;

  while (size > 0) {
    gssize n = write (fd, rest, size);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return FALSE;
    rest += n;
    size -= (gsize) n;
  }
  return TRUE;
}

G_END_DECLS
