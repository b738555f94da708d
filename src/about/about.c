/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "about.h"

#include <string.h>

#include <gst/gst.h>

#include "analysis/provenance.h"
#include "libraries.h"

#define LICENCE "GPL-2.0-or-later"

/* what the page bundles (web/page/make-sbom.py); it is not there without the page */
#define SBOM "/org/genreclassify/page/sbom.spdx.json"

/* bytes of what a model says of itself, at most */
#define MAX_STATEMENT 300

/* Takes @object. */
static JsonNode *
make_node (JsonObject *object)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (node, object);
  return node;
}

static void
set_string (JsonObject *object, const char *member, const char *text)
{
  if (text)
    json_object_set_string_member (object, member, text);
  else
    json_object_set_null_member (object, member);
}

/* Models */

/* What the file says of itself; NULL if that is nothing, or nothing for a terminal. */
static const char *
get_statement (const GenreModel *model, const char *key)
{
  const char *text = genre_model_get_metadata (model, key);

  if (!text || !*text || strlen (text) > MAX_STATEMENT ||
      !g_utf8_validate (text, -1, NULL))
    return NULL;
  for (const char *i = text; *i; i = g_utf8_next_char (i))
    if (!g_unichar_isprint (g_utf8_get_char (i)))
      return NULL;
  return text;
}

/* What the file says of the data, in a line; NULL if that is nothing, or too long. */
static char *
describe_data (const GenreModel *model)
{
  g_autofree char *data = provenance_describe_data (model);

  if (data && strlen (data) <= MAX_STATEMENT)
    return g_steal_pointer (&data);
  /* those of other programs may have a line there */
  return data ? NULL : g_strdup (get_statement (model, "data"));
}

void
about_add_model (JsonArray *models, const char *name, const GenreModel *model)
{
  JsonObject *object = json_object_new ();
  g_autofree char *data = describe_data (model);
  g_autofree char *version = g_utf8_make_valid (
      genre_model_get_version (model), -1);
  g_autofree char *valid_name = g_utf8_make_valid (name, -1);

  set_string (object, "name", valid_name);
  set_string (object, "version", version);
  set_string (object, "license", get_statement (model, "license"));
  set_string (object, "data_summary", data);
  json_array_add_object_element (models, object);
}

/* The program */

static JsonObject *
describe_program (void)
{
  JsonObject *object = json_object_new ();
  JsonArray *features = json_array_new ();

#ifdef HAVE_WEB
  json_array_add_string_element (features, "service");
  if (g_resources_get_info (SBOM, 0, NULL, NULL, NULL))
    json_array_add_string_element (features, "page");
#endif
#ifdef HAVE_MONITOR
  json_array_add_string_element (features, "monitor");
#endif
  set_string (object, "name", "genreclassify");
  set_string (object, "version", VERSION);
  set_string (object, "license", LICENCE);
  json_object_set_array_member (object, "features", features);
  return object;
}

/* The element that files are played through, which may be another build's. */
static JsonNode *
describe_element (void)
{
  g_autoptr (GstPluginFeature) feature = gst_registry_lookup_feature (
      gst_registry_get (), "genreclassify");
  g_autoptr (GstPlugin)
      plugin = feature ? gst_plugin_feature_get_plugin (feature) : NULL;
  JsonObject *object;

  if (!plugin)
    return json_node_new (JSON_NODE_NULL);
  object = json_object_new ();
  set_string (object, "version", gst_plugin_get_version (plugin));
  set_string (object, "license", LICENCE);
  set_string (object, "package", gst_plugin_get_package (plugin));
  set_string (object, "origin", gst_plugin_get_origin (plugin));
  return make_node (object);
}

static JsonArray *
describe_libraries (void)
{
  JsonArray *array = json_array_new ();
  gsize n;
  const Library *libraries = libraries_get (&n);

  for (gsize i = 0; i < n; i++) {
    JsonObject *object = json_object_new ();
    g_autofree char *version = libraries[i].get_version ();

    set_string (object, "name", libraries[i].name);
    set_string (object, "version", version);
    set_string (
        object, "version_of", libraries[i].at_build ? "build" : "running");
    set_string (object, "license", libraries[i].licence);
    json_array_add_object_element (array, object);
  }
  return array;
}

/* The page */

/* The path of the licence's text, beside the page; NULL if the package names none. */
static const char *
find_notice (JsonObject *package)
{
  JsonArray *references = json_object_has_member (package, "externalRefs")
      ? json_object_get_array_member (package, "externalRefs")
      : NULL;

  for (guint i = 0; references && i < json_array_get_length (references); i++) {
    JsonObject *reference = json_array_get_object_element (references, i);

    if (g_str_equal (json_object_get_string_member_with_default (
                         reference, "referenceType", ""),
            "notice"))
      return json_object_get_string_member (reference, "referenceLocator");
  }
  return NULL;
}

/* What the SBOM lists beside the page itself, which is its first package. */
static JsonArray *
describe_page (void)
{
  JsonArray *array = json_array_new ();
  g_autoptr (GBytes) data = g_resources_lookup_data (SBOM, 0, NULL);
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonArray *packages;

  if (!data ||
      !json_parser_load_from_data (
          parser, g_bytes_get_data (data, NULL), g_bytes_get_size (data), NULL))
    return array;
  packages = json_object_get_array_member (
      json_node_get_object (json_parser_get_root (parser)), "packages");
  for (guint i = 1; i < json_array_get_length (packages); i++) {
    JsonObject *package = json_array_get_object_element (packages, i);
    JsonObject *object = json_object_new ();

    set_string (
        object, "name", json_object_get_string_member (package, "name"));
    set_string (object, "version",
        json_object_get_string_member (package, "versionInfo"));
    set_string (object, "license",
        json_object_get_string_member (package, "licenseDeclared"));
    set_string (object, "copyright",
        json_object_get_string_member (package, "copyrightText"));
    set_string (object, "notice", find_notice (package));
    json_array_add_object_element (array, object);
  }
  return array;
}

JsonNode *
about_new (JsonArray *models, GError **error)
{
  const char *kernels = genre_get_kernels (error);
  JsonObject *object;

  if (!kernels) {
    json_array_unref (models);
    return NULL;
  }
  object = json_object_new ();
  json_object_set_object_member (object, "program", describe_program ());
  set_string (object, "kernels", kernels);
  json_object_set_member (object, "element", describe_element ());
  json_object_set_array_member (object, "models", models);
  json_object_set_array_member (object, "libraries", describe_libraries ());
  json_object_set_array_member (object, "page", describe_page ());
  return make_node (object);
}
