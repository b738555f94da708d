/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "recipecommand.h"

#include <errno.h>
#include <unistd.h>

#include <glib.h>

/* Debian's, which has its PyTorch */
#define PYTHON "/usr/bin/python3"
#define VARIABLE "GENRECLASSIFY_RECIPE"
/* what the program calls itself, see models/command.py */
#define NAME_VARIABLE "GENRECLASSIFY_COMMAND"
/* the recipe's folder, from this program's in its build directory, and a file that is
 * nowhere else: an installed program executes nothing that lies about */
#define FROM_PROGRAM "../models"
#define BUILT "places.py.installed"

/* The program of the build directory, if this is there; else NULL. */
static char *
find_built (const char *script)
{
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *folder = program ? g_path_get_dirname (program) : NULL;
  g_autofree char *path = folder
      ? g_build_filename (folder, FROM_PROGRAM, script, NULL)
      : NULL;

  g_autofree char *built = folder
      ? g_build_filename (folder, FROM_PROGRAM, BUILT, NULL)
      : NULL;

  return path && g_file_test (path, G_FILE_TEST_IS_REGULAR) &&
          g_file_test (built, G_FILE_TEST_IS_REGULAR)
      ? g_canonicalize_filename (path, NULL)
      : NULL;
}

static char *
find_script (const char *command)
{
  const char *folder = g_getenv (VARIABLE);
  g_autofree char *script = g_strconcat (command, ".py", NULL);
  char *built;

  if (folder && *folder)
    return g_build_filename (folder, script, NULL);
  built = find_built (script);
  return built ? built : g_build_filename (RECIPE_DIR, script, NULL);
}

int
recipe_main (int argc, char **argv)
{
  g_autofree char *script = find_script (argv[0]);
  g_autofree char *name = g_strconcat ("genreclassify ", argv[0], NULL);
  g_autoptr (GPtrArray) words = g_ptr_array_new ();

  if (!g_file_test (script, G_FILE_TEST_IS_REGULAR)) {
    g_printerr (
        "%s: The training recipe is not there: no file %s.\n", name, script);
    return 2;
  }
  /* nothing is written beside the recipe, which a package may own */
  g_ptr_array_add (words, (char *) PYTHON);
  g_ptr_array_add (words, (char *) "-B");
  g_ptr_array_add (words, script);
  for (int i = 1; i < argc; i++)
    g_ptr_array_add (words, argv[i]);
  g_ptr_array_add (words, NULL);
  g_setenv (NAME_VARIABLE, name, TRUE);
  execv (PYTHON, (char **) words->pdata);
  g_printerr ("%s: needs Python, which Debian has as python3: %s: %s\n", name,
      PYTHON, g_strerror (errno));
  return 2;
}
