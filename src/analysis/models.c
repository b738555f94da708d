/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "models.h"

#include <string.h>

#include <gst/gst.h>

#include "plugin.h"
#include "sort.h"

#define SUFFIX ".safetensors"

char *
models_find_folder (void)
{
  const char *folder = g_getenv ("GENRECLASSIFY_MODELS");
  g_autoptr (GstPlugin) plugin = NULL;

  if (folder)
    return g_strdup (folder);
  /* without GStreamer there is no plugin */
  if (plugin_init (NULL))
    plugin = gst_registry_find_plugin (gst_registry_get (), "genreclassify");
  if (plugin && gst_plugin_get_filename (plugin)) {
    g_autofree char *directory = g_path_get_dirname (
        gst_plugin_get_filename (plugin));
    g_autofree char *beside = g_build_filename (
        directory, "..", "models", NULL);
    g_autofree char *model = g_build_filename (
        beside, MODELS_DEFAULT SUFFIX, NULL);

    if (g_file_test (model, G_FILE_TEST_EXISTS))
      return g_canonicalize_filename (beside, NULL);
  }
  return g_strdup (MODELS_DIR);
}

GPtrArray *
models_list (const char *folder, GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, error);
  GPtrArray *names;
  const char *entry;

  if (!dir)
    return NULL;
  names = g_ptr_array_new_with_free_func (g_free);
  while ((entry = g_dir_read_name (dir)))
    if (g_str_has_suffix (entry, SUFFIX) && *entry != '.')
      g_ptr_array_add (
          names, g_strndup (entry, strlen (entry) - strlen (SUFFIX)));
  g_ptr_array_sort (names, sort_compare_strings);
  return names;
}

static void
set_not_found (const char *name, const char *folder, GError **error)
{
  g_autoptr (GPtrArray) names = models_list (folder, NULL);
  GString *known = g_string_new (NULL);

  for (guint i = 0; names && i < names->len; i++)
    g_string_append_printf (known, "%s%s", i > 0 ? ", " : "",
        (const char *) g_ptr_array_index (names, i));
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
      "There is no model \"%s\": neither such a file nor one of those in %s "
      "(%s).",
      name, folder, known->len > 0 ? known->str : "there are none");
  g_string_free (known, TRUE);
}

char *
models_find (const char *name, GError **error)
{
  g_autofree char *folder = models_find_folder ();

  if (*name && !strchr (name, G_DIR_SEPARATOR)) {
    g_autofree char *file = g_strconcat (name, SUFFIX, NULL);
    g_autofree char *path = g_build_filename (folder, file, NULL);

    if (g_file_test (path, G_FILE_TEST_EXISTS))
      return g_steal_pointer (&path);
  }
  if (g_file_test (name, G_FILE_TEST_EXISTS))
    return g_strdup (name);
  set_not_found (name, folder, error);
  return NULL;
}
