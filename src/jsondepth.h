/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A check of JSON text that comes from outside, before JSON-GLib reads it. */

#pragma once

#include <string.h>

#include <glib.h>

G_BEGIN_DECLS

/* TRUE if @json is one array or object, as far as its brackets tell, and none in
 * it lies deeper than @max_depth.  JSON-GLib's parser calls itself for each
 * level, so that deep text makes it run out of stack; and it takes a second
 * value after the first, whose memory it then loses.  Comments and strings in ''
 * are refused: JSON-GLib takes them, JSON does not, and brackets in them would
 * be counted. */
static inline gboolean
json_has_bounded_depth (const char *json, guint max_depth)
{
  const char space[] = " \t\r\n";
  gboolean in_string = FALSE;
  guint depth = 0;

  json += strspn (json, space);
  if (*json != '[' && *json != '{')
    return FALSE;
  for (const char *p = json; *p; p++) {
    if (in_string && *p == '\\' && p[1])
      p++;
    else if (*p == '"')
      in_string = !in_string;
    else if (!in_string && strchr ("'/#", *p))
      return FALSE;
    else if (!in_string && (*p == '[' || *p == '{') && ++depth > max_depth)
      return FALSE;
    else if (!in_string && (*p == ']' || *p == '}') && --depth == 0)
      return !p[1 + strspn (p + 1, space)];
  }
  return FALSE;
}

G_END_DECLS
