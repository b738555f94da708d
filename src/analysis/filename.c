/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "filename.h"

#include <string.h>

gboolean
filename_is_audio (const char *name)
{
  static const char *const endings[] = { "aac", "ac3", "aif", "aifc", "aiff",
    "alac", "amr", "ape", "au", "caf", "dff", "dsf", "flac", "m4a", "m4b",
    "mka", "mp2", "mp3", "mpc", "oga", "ogg", "opus", "shn", "spx", "tta",
    "wav", "wma", "wv", NULL };
  const char *slash = strrchr (name, '/');
  const char *base = slash ? slash + 1 : name;
  const char *dot = strrchr (base, '.');
  g_autofree char *ending = dot ? g_ascii_strdown (dot + 1, -1) : NULL;

  return ending && *base != '.' && g_strv_contains (endings, ending);
}

char *
filename_display (const char *text)
{
  g_autofree char *valid = g_filename_display_name (text);
  GString *shown = g_string_new (NULL);

  for (const char *p = valid; *p; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    if (c == '\n')
      g_string_append (shown, "\\n");
    else if (g_unichar_iscntrl (c))
      g_string_append_printf (shown, "\\x%02x", c);
    else
      g_string_append_unichar (shown, c);
  }
  return g_string_free (shown, FALSE);
}

char *
filename_escape (const char *name)
{
  GString *escaped = g_string_new (NULL);

  while (*name) {
    gunichar c = g_utf8_get_char_validated (name, -1);

    if (c == (gunichar) -1 || c == (gunichar) -2 || *name == '%') {
      g_string_append_printf (escaped, "%%%02X", (guchar) *name++);
    } else {
      g_string_append_unichar (escaped, c);
      name = g_utf8_next_char (name);
    }
  }
  return g_string_free (escaped, FALSE);
}
