/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "modelname.h"

GenreModel *
model_name_load (const char *name, char **path, char **label, GError **error)
{
  GenreModel *model;

  *path = genre_model_find (name, error);
  if (!*path || !(model = genre_model_load (*path, error)))
    return NULL;
  *label = g_strdup_printf (
      "%s %s", genre_model_get_name (model), genre_model_get_version (model));
  return model;
}
