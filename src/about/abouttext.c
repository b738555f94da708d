/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "about.h"

/* columns of a name and of a version */
#define NAME_WIDTH 26
#define VERSION_WIDTH 10

static const char *
get_string (JsonObject *object, const char *member, const char *otherwise)
{
  return json_object_get_string_member_with_default (object, member, otherwise);
}

static void
add_line (GString *text, JsonObject *part)
{
  gboolean at_build = g_str_equal (
      get_string (part, "version_of", "running"), "build");

  g_string_append_printf (text, "  %-*s%-*s%s%s\n", NAME_WIDTH,
      get_string (part, "name", ""), VERSION_WIDTH,
      get_string (part, "version", ""),
      get_string (part, "license", "(it states no licence)"),
      at_build ? " (version at build)" : "");
}

/* What there is to say of a part: a line of each piece between semicolons. */
static void
add_words (GString *text, const char *words)
{
  g_auto (GStrv) lines = g_strsplit (words, "; ", -1);

  for (char **line = lines; *line; line++)
    g_string_append_printf (text, "    %s\n", *line);
}

/* @further: NULL, or a member that is told below the line. */
static void
add_parts (GString *text, JsonObject *about, const char *member,
    const char *title, const char *further)
{
  JsonArray *parts = json_object_get_array_member (about, member);

  if (json_array_get_length (parts) == 0)
    return;
  g_string_append_printf (text, "\n%s:\n", title);
  for (guint i = 0; i < json_array_get_length (parts); i++) {
    JsonObject *part = json_array_get_object_element (parts, i);

    add_line (text, part);
    if (further && get_string (part, further, NULL))
      add_words (text, get_string (part, further, ""));
  }
}

static void
add_program (GString *text, JsonObject *about)
{
  JsonObject *program = json_object_get_object_member (about, "program");
  JsonArray *features = json_object_get_array_member (program, "features");

  g_string_append_printf (
      text, "licence    %s\n", get_string (program, "license", ""));
  g_string_append (text, "built with ");
  for (guint i = 0; i < json_array_get_length (features); i++)
    g_string_append_printf (text, "%s%s", i > 0 ? ", " : "",
        json_array_get_string_element (features, i));
  if (json_array_get_length (features) == 0)
    g_string_append (text, "neither service nor monitor");
  g_string_append_printf (
      text, "\nkernels    %s\n", get_string (about, "kernels", ""));
}

static void
add_element (GString *text, JsonObject *about)
{
  JsonObject *element = json_object_get_null_member (about, "element")
      ? NULL
      : json_object_get_object_member (about, "element");

  if (element)
    g_string_append_printf (text, "element    %s, %s, %s\n",
        get_string (element, "version", ""),
        get_string (element, "package", ""),
        get_string (element, "origin", ""));
  else
    g_string_append (text, "element    GStreamer does not find it\n");
}

char *
about_to_text (JsonNode *node)
{
  JsonObject *about = json_node_get_object (node);
  GString *text = g_string_new (NULL);

  add_program (text, about);
  add_element (text, about);
  add_parts (text, about, "models", "models", "data_summary");
  add_parts (text, about, "libraries", "libraries", NULL);
  add_parts (text, about, "page", "in the page", "copyright");
  return g_string_free (text, FALSE);
}
