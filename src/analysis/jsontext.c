/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "jsontext.h"

void
json_append_string (GString *json, const char *string)
{
  g_autofree char *valid = NULL;

  if (!string) {
    g_string_append (json, "null");
    return;
  }
  valid = g_utf8_make_valid (string, -1);
  g_string_append_c (json, '"');
  for (const char *p = valid; *p; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    if (c == '"' || c == '\\')
      g_string_append_printf (json, "\\%c", (char) c);
    else if (c == '\n')
      g_string_append (json, "\\n");
    else if (c == '\t')
      g_string_append (json, "\\t");
    /* and what some programs take for the end of a line */
    else if (c < 0x20 || c == 0x7f || c == 0x85 || c == 0x2028 || c == 0x2029)
      g_string_append_printf (json, "\\u%04x", c);
    else
      g_string_append_unichar (json, c);
  }
  g_string_append_c (json, '"');
}

void
json_append_number (GString *json, const char *format, double value)
{
  char digits[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append (
      json, g_ascii_formatd (digits, sizeof digits, format, value));
}
