/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Where weights files are. */

#define _GNU_SOURCE /* dladdr */
#include <dlfcn.h>
#include <string.h>

#include "genre/weights/error.h"
#include "model.h"
#include "sort.h"

#define SUFFIX ".safetensors"
#define VARIABLE "GENRECLASSIFY_MODELS"
#define LIBRARY "libgenre." /* .so.0 */
/* the models' folder, from the folder of a library in its build directory */
#define FROM_LIBRARY "../../models"

/* The models of the build directory, if that is where this library was loaded
 * from; else NULL.  A program that the library is linked into may lie anywhere,
 * so what is found from there is not ours. */
static char *
find_build_folder (void)
{
  Dl_info info;
  g_autofree char *file = NULL;
  g_autofree char *directory = NULL;
  g_autofree char *folder = NULL;
  g_autofree char *model = NULL;

  if (!dladdr ((gpointer) genre_model_get_folder, &info) || !info.dli_fname)
    return NULL;
  file = g_path_get_basename (info.dli_fname);
  if (!g_str_has_prefix (file, LIBRARY))
    return NULL;
  directory = g_path_get_dirname (info.dli_fname);
  folder = g_build_filename (directory, FROM_LIBRARY, NULL);
  model = g_build_filename (folder, GENRE_DEFAULT_MODEL SUFFIX, NULL);
  return g_file_test (model, G_FILE_TEST_EXISTS)
      ? g_canonicalize_filename (folder, NULL)
      : NULL;
}

char *
genre_model_get_folder (void)
{
  const char *folder = g_getenv (VARIABLE);
  char *build = folder ? NULL : find_build_folder ();

  return build ? build : g_strdup (folder ? folder : MODELS_DIR);
}

/* The names of the models in @folder, or NULL with @error of GLib's. */
static char **
list_folder (const char *folder, GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, error);
  GPtrArray *names;
  const char *entry;

  if (!dir)
    return NULL;
  names = g_ptr_array_new ();
  while ((entry = g_dir_read_name (dir)))
    if (g_str_has_suffix (entry, SUFFIX) && *entry != '.')
      g_ptr_array_add (
          names, g_strndup (entry, strlen (entry) - strlen (SUFFIX)));
  g_ptr_array_sort (names, sort_compare_strings);
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (names, FALSE);
}

char **
genre_model_list (GError **error)
{
  g_autofree char *folder = genre_model_get_folder ();
  g_autoptr (GError) fault = NULL;
  char **names = list_folder (folder, &fault);

  if (!names)
    genre_refuse (error,
        g_error_matches (fault, G_FILE_ERROR, G_FILE_ERROR_NOENT)
            ? GENRE_ERROR_NOT_FOUND
            : GENRE_ERROR_READ,
        "%s", fault->message);
  return names;
}

/* Says that there is no model of that name, and which there are. */
static void
refuse_name (const char *name, const char *folder, GError **error)
{
  g_auto (GStrv) names = list_folder (folder, NULL);
  g_autofree char *known = names && *names ? g_strjoinv (", ", names)
                                           : g_strdup ("there are none");

  genre_refuse (error, GENRE_ERROR_NOT_FOUND,
      "There is no model \"%s\": neither such a file nor one of those in %s "
      "(%s).",
      name, folder, known);
}

char *
genre_model_find (const char *name, GError **error)
{
  g_autofree char *folder = genre_model_get_folder ();

  if (!name)
    name = GENRE_DEFAULT_MODEL;
  if (*name && !strchr (name, G_DIR_SEPARATOR)) {
    g_autofree char *file = g_strconcat (name, SUFFIX, NULL);
    g_autofree char *path = g_build_filename (folder, file, NULL);

    if (g_file_test (path, G_FILE_TEST_EXISTS))
      return g_steal_pointer (&path);
  }
  if (g_file_test (name, G_FILE_TEST_EXISTS))
    return g_strdup (name);
  refuse_name (name, folder, error);
  return NULL;
}
