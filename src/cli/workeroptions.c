/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "workeroptions.h"

#define FIELD(name, type, member)                                              \
  {                                                                            \
    name, type, G_STRUCT_OFFSET (WorkerOptions, member)                        \
  }

/* Each option once: a new one needs a line here and a member of WorkerOptions. */
static const struct
{
  const char *name;
  const char *type; /* of GVariant; "ay" is a string, which may be any bytes */
  glong offset;
} fields[] = {
  FIELD ("model", "ay", analysis.model),
  FIELD ("window", "t", analysis.window),
  FIELD ("hop", "t", analysis.hop),
  FIELD ("max-duration", "t", analysis.max_duration),
  FIELD ("parts", "u", parts),
  FIELD ("plot", "ay", plot),
  FIELD ("write", "b", write),
  FIELD ("group", "b", group),
  FIELD ("force", "b", force),
  FIELD ("min-confidence", "d", min_confidence),
  FIELD ("mode", "u", tags.mode),
  FIELD ("id3v23", "b", tags.id3v23),
  FIELD ("preserve-times", "b", tags.preserve_times),
  FIELD ("write-confidence", "b", write_confidence),
  FIELD ("write-top", "u", write_top),
  FIELD ("write-tags", "b", write_tags),
  FIELD ("genre-map", "ay", genre_map),
  FIELD ("dry-run", "b", tags.dry_run),
  FIELD ("undo-log", "ay", tags.undo_log),
  FIELD ("placeholders", "ay", tags.placeholders),
};

/* NULL for a string that is not given. */
static GVariant *
get_field (const WorkerOptions *options, guint i)
{
  gconstpointer member = G_STRUCT_MEMBER_P (options, fields[i].offset);
  const char *path;

  switch (*fields[i].type) {
    case 'b':
      return g_variant_new_boolean (*(const gboolean *) member);
    case 'd':
      return g_variant_new_double (*(const double *) member);
    case 't':
      return g_variant_new_uint64 (*(const guint64 *) member);
    case 'u':
      return g_variant_new_uint32 (*(const guint *) member);
    default:
      path = *(const char *const *) member;
      return path ? g_variant_new_bytestring (path) : NULL;
  }
}

static void
set_field (WorkerOptions *options, guint i, GVariant *value)
{
  gpointer member = G_STRUCT_MEMBER_P (options, fields[i].offset);

  switch (*fields[i].type) {
    case 'b':
      *(gboolean *) member = g_variant_get_boolean (value);
      break;
    case 'd':
      *(double *) member = g_variant_get_double (value);
      break;
    case 't':
      *(guint64 *) member = g_variant_get_uint64 (value);
      break;
    case 'u':
      *(guint *) member = g_variant_get_uint32 (value);
      break;
    default:
      g_free (*(char **) member);
      *(char **) member = g_variant_dup_bytestring (value, NULL);
  }
}

char *
worker_options_to_text (const WorkerOptions *options)
{
  g_autoptr (GVariant) all = NULL;
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++) {
    GVariant *value = get_field (options, i);

    if (value)
      g_variant_builder_add (&builder, "{sv}", fields[i].name, value);
  }
  all = g_variant_ref_sink (g_variant_builder_end (&builder));
  return g_variant_print (all, TRUE);
}

static gboolean
parse_field (
    WorkerOptions *options, const char *name, GVariant *value, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    if (g_str_equal (name, fields[i].name)) {
      if (!g_variant_is_of_type (value, G_VARIANT_TYPE (fields[i].type))) {
        g_set_error (error, G_VARIANT_PARSE_ERROR,
            G_VARIANT_PARSE_ERROR_TYPE_ERROR,
            "The worker's option \"%s\" is of type %s, expected %s.", name,
            g_variant_get_type_string (value), fields[i].type);
        return FALSE;
      }
      set_field (options, i, value);
      return TRUE;
    }
  g_set_error (error, G_VARIANT_PARSE_ERROR, G_VARIANT_PARSE_ERROR_FAILED,
      "A worker has no option \"%s\".", name);
  return FALSE;
}

gboolean
worker_options_parse (WorkerOptions *options, const char *text, GError **error)
{
  g_autoptr (GVariant)
      all = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, error);
  GVariantIter iter;
  const char *name;
  GVariant *value;
  gboolean ok = TRUE;

  if (!all)
    return FALSE;
  g_variant_iter_init (&iter, all);
  while (ok && g_variant_iter_next (&iter, "{&sv}", &name, &value)) {
    ok = parse_field (options, name, value, error);
    g_variant_unref (value);
  }
  return ok;
}

void
worker_options_clear (WorkerOptions *options)
{
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    if (*fields[i].type == 'a')
      g_clear_pointer (
          (char **) G_STRUCT_MEMBER_P (options, fields[i].offset), g_free);
  g_clear_pointer (&options->map, vocabulary_free);
}
