/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "weightsdigest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <glib/gstdio.h>

static gboolean
refuse (const char *path, const char *reason, GError **error)
{
  g_set_error (
      error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s: %s", path, reason);
  return FALSE;
}

/* Goes to the end of the header: 8 bytes, its length, come before it. */
static gboolean
skip_header (FILE *file, const char *path, GError **error)
{
  guint64 length;

  if (fread (&length, sizeof length, 1, file) != 1)
    return refuse (path, "it is too short", error);
  length = GUINT64_FROM_LE (length);
  if (length > G_MAXLONG || fseek (file, (long) length, SEEK_CUR) < 0)
    return refuse (path, "its header has no such length", error);
  return TRUE;
}

char *
weights_digest_make (const char *path, GError **error)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  FILE *file = g_fopen (path, "rb");
  gboolean ok;
  gsize n;

  if (!file) {
    refuse (path, g_strerror (errno), error);
    return NULL;
  }
  ok = skip_header (file, path, error);
  while (ok) {
    guchar block[64 * 1024];

    if ((n = fread (block, 1, sizeof block, file)) == 0)
      break;
    g_checksum_update (sum, block, (gssize) n);
  }
  if (ok && ferror (file))
    ok = refuse (path, g_strerror (errno), error);
  fclose (file);
  return ok ? g_strdup (g_checksum_get_string (sum)) : NULL;
}
