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

  if (!dladdr ((gpointer) genre_model_get_folders, &info) || !info.dli_fname)
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

char **
genre_model_get_folders (void)
{
  const char *folder = g_getenv (VARIABLE);
  g_autoptr (GPtrArray) folders = g_ptr_array_new ();
  char *shipped;

  if (folder) {
    g_ptr_array_add (folders, g_strdup (folder));
  } else {
    g_ptr_array_add (folders,
        g_build_filename (
            g_get_user_data_dir (), "genreclassify", "models", NULL));
    shipped = find_build_folder ();
    g_ptr_array_add (folders, shipped ? shipped : g_strdup (MODELS_DIR));
  }
  g_ptr_array_add (folders, NULL);
  return (char **) g_ptr_array_steal (folders, NULL);
}

/* Adds the models in @folder to @names, of which none is there twice.  FALSE with
 * @error of GLib's. */
static gboolean
list_folder (GPtrArray *names, const char *folder, GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, error);
  const char *entry;

  if (!dir)
    return FALSE;
  while ((entry = g_dir_read_name (dir))) {
    g_autofree char *name = NULL;

    if (!g_str_has_suffix (entry, SUFFIX) || *entry == '.')
      continue;
    name = g_strndup (entry, strlen (entry) - strlen (SUFFIX));
    if (!g_ptr_array_find_with_equal_func (names, name, g_str_equal, NULL))
      g_ptr_array_add (names, g_steal_pointer (&name));
  }
  return TRUE;
}

char **
genre_model_list (GError **error)
{
  g_auto (GStrv) folders = genre_model_get_folders ();
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  gboolean any = FALSE;

  for (char **folder = folders; *folder; folder++) {
    g_autoptr (GError) fault = NULL;
    gboolean is_missing;

    if (list_folder (names, *folder, &fault)) {
      any = TRUE;
      continue;
    }
    is_missing = g_error_matches (fault, G_FILE_ERROR, G_FILE_ERROR_NOENT);
    /* nobody needs both */
    if (is_missing && (any || folder[1]))
      continue;
    genre_refuse (error, is_missing ? GENRE_ERROR_NOT_FOUND : GENRE_ERROR_READ,
        "%s", fault->message);
    return NULL;
  }
  g_ptr_array_sort (names, sort_compare_strings);
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_steal (names, NULL);
}

/* Says that there is no model of that name, and which there are. */
static void
refuse_name (const char *name, GError **error)
{
  g_auto (GStrv) folders = genre_model_get_folders ();
  g_autofree char *places = g_strjoinv (" or ", folders);
  g_auto (GStrv) names = genre_model_list (NULL);
  g_autofree char *known = names && *names ? g_strjoinv (", ", names)
                                           : g_strdup ("there are none");

  genre_refuse (error, GENRE_ERROR_NOT_FOUND,
      "There is no model \"%s\": neither such a file nor one of those in %s "
      "(%s).",
      name, places, known);
}

char *
genre_model_find (const char *name, GError **error)
{
  g_auto (GStrv) folders = genre_model_get_folders ();

  if (!name)
    name = GENRE_DEFAULT_MODEL;
  for (char **folder = folders; *folder; folder++) {
    g_autofree char *file = g_strconcat (name, SUFFIX, NULL);
    g_autofree char *path = g_build_filename (*folder, file, NULL);

    if (*name && !strchr (name, G_DIR_SEPARATOR) &&
        g_file_test (path, G_FILE_TEST_EXISTS))
      return g_steal_pointer (&path);
  }
  if (g_file_test (name, G_FILE_TEST_EXISTS))
    return g_strdup (name);
  refuse_name (name, error);
  return NULL;
}
