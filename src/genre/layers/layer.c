/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "layer.h"

#include <math.h>

#include "genre/weights/error.h"

#define MAX_SIZE 65536
#define ALIGNMENT 64

float *
genre_alloc_floats (gsize n)
{
  return g_aligned_alloc0 (n, sizeof (float), ALIGNMENT);
}

void
genre_free_floats (float *floats)
{
  g_aligned_free (floats);
}

gboolean
genre_layer_spec_get_number (const GenreLayerSpec *spec, const char *member,
    double *value, GError **error)
{
  JsonNode *node = json_object_get_member (spec->entry, member);

  if (node && JSON_NODE_HOLDS_VALUE (node) &&
      (json_node_get_value_type (node) == G_TYPE_INT64 ||
          json_node_get_value_type (node) == G_TYPE_DOUBLE)) {
    *value = json_node_get_double (node);
    if (isfinite (*value))
      return TRUE;
  }
  return genre_refuse (
      error, GENRE_ERROR_FORMAT, "it needs \"%s\", a number", member);
}

gboolean
genre_layer_spec_get_size (const GenreLayerSpec *spec, const char *member,
    gsize *value, GError **error)
{
  JsonNode *node = json_object_get_member (spec->entry, member);

  if (node && JSON_NODE_HOLDS_VALUE (node) &&
      json_node_get_value_type (node) == G_TYPE_INT64) {
    gint64 number = json_node_get_int (node);

    if (number >= 1 && number <= MAX_SIZE) {
      *value = number;
      return TRUE;
    }
  }
  return genre_refuse (error, GENRE_ERROR_FORMAT,
      "it needs \"%s\", a whole number from 1 to %d", member, MAX_SIZE);
}

float *
genre_layer_spec_dup_tensor (const GenreLayerSpec *spec, const char *suffix,
    const gsize *shape, guint n_dims, GError **error)
{
  g_autofree char *name = g_strdup_printf ("%s.%s", spec->name, suffix);

  return genre_safetensors_dup_tensor (spec->file, name, shape, n_dims, error);
}
