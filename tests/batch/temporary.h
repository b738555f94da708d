/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Folders of tests. */

#pragma once

#include <glib.h>
#include <glib/gstdio.h>

/* Free with temporary_remove(). */
static inline char *
temporary_make (void)
{
  g_autoptr (GError) error = NULL;
  char *folder = g_dir_make_tmp ("batch-XXXXXX", &error);

  g_assert_no_error (error);
  return folder;
}

static inline void
temporary_clear (const char *path)
{
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  const char *name;

  while (folder && (name = g_dir_read_name (folder))) {
    g_autofree char *child = g_build_filename (path, name, NULL);

    if (g_file_test (child, G_FILE_TEST_IS_DIR) &&
        !g_file_test (child, G_FILE_TEST_IS_SYMLINK))
      temporary_clear (child);
    g_remove (child);
  }
}

static inline void
temporary_remove (char *path)
{
  temporary_clear (path);
  g_remove (path);
  g_free (path);
}

/* How many files are in @path, those that begin with "." as well. */
static inline guint
temporary_count (const char *path)
{
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  guint n = 0;

  while (folder && g_dir_read_name (folder))
    n++;
  return n;
}
