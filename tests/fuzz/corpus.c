/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The main() of fuzz targets that are built without libFuzzer:
 *
 *     target FOLDER...
 *
 * calls the target with every file of the folders, once. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static void
run_file (const char *path)
{
  g_autofree char *contents = NULL;
  g_autoptr (GError) error = NULL;
  uint8_t *data;
  gsize size;

  g_file_get_contents (path, &contents, &size, &error);
  g_assert_no_error (error);
  /* without the NUL that GLib puts at the end, so that a sanitizer sees a read
   * behind it */
  data = malloc (MAX (size, 1));
  g_assert_nonnull (data);
  memcpy (data, contents, size);
  LLVMFuzzerTestOneInput (data, size);
  free (data);
}

static guint
run_folder (const char *folder)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &error);
  const char *name;
  guint n = 0;

  g_assert_no_error (error);
  while ((name = g_dir_read_name (dir))) {
    g_autofree char *path = g_build_filename (folder, name, NULL);

    /* the last line names the file that the program dies of */
    printf ("%s\n", path);
    fflush (stdout);
    run_file (path);
    n++;
  }
  return n;
}

int
main (int argc, char **argv)
{
  guint n = 0;

  LLVMFuzzerInitialize (&argc, &argv);
  for (int i = 1; i < argc; i++)
    n += run_folder (argv[i]);
  printf ("%u inputs\n", n);
  return n > 0 ? 0 : 1;
}
